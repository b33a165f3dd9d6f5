#![doc = include_str!("../README.md")]

mod body;
mod client;
mod client_request;
mod client_response;
mod client_stream;
mod deadline;
mod error;
mod pool;
mod received;
mod reply;
mod server_stream;
mod settings;
mod trailers;
mod transport;
mod udp;
mod url;
mod wire;

pub use body::{RequestBody, ResponseBody};
pub use client::{Client, ClientSettings};
pub use client_request::ClientRequest;
pub use client_response::ClientResponse;
pub use client_stream::{ClientStream, RequestWriter, Response};
pub use error::{Error, PeerFault, UrlFault, Wait};
pub use reply::{Reply, ResponseWriter};
pub use server_stream::{Exchange, ServerStream};
pub use settings::Settings;
pub use trailers::Trailers;
pub use transport::{Transport, Untimed};
pub use udp::{Datagram, UdpPeer};
