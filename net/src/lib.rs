#![doc = include_str!("../README.md")]

mod body;
mod client_stream;
mod deadline;
mod error;
mod received;
mod reply;
mod server_stream;
mod settings;
mod trailers;
mod transport;
mod udp;
mod wire;

pub use body::{RequestBody, ResponseBody};
pub use client_stream::{ClientStream, RequestWriter, Response};
pub use error::{Error, PeerFault, Wait};
pub use reply::{Reply, ResponseWriter};
pub use server_stream::{Exchange, ServerStream};
pub use settings::Settings;
pub use trailers::Trailers;
pub use transport::{Transport, Untimed};
pub use udp::{Datagram, UdpPeer};
