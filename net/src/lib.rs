#![doc = include_str!("../README.md")]

mod body;
mod client_stream;
mod date;
mod deadline;
mod error;
mod listener;
mod notice;
mod received;
mod reply;
mod server;
mod server_stream;
mod settings;
mod threads;
mod trailers;
mod transport;
mod turned_away;
mod udp;
mod wire;

pub use body::{RequestBody, ResponseBody};
pub use client_stream::{ClientStream, RequestWriter, Response};
pub use date::Date;
pub use error::{Error, PeerFault, Wait};
pub use listener::Listener;
pub use reply::{Reply, ResponseWriter};
pub use server::{Server, ServerHandle};
pub use server_stream::{Exchange, ServerStream};
pub use settings::Settings;
pub use trailers::Trailers;
pub use transport::{Transport, Untimed};
pub use udp::{Datagram, UdpPeer};
