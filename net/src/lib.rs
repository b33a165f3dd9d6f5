#![doc = include_str!("../README.md")]

mod client;
mod error;
mod server;
mod settings;
mod transport;
mod udp;

pub use client::{ClientStream, Response};
pub use error::{Error, PeerFault, Wait};
pub use server::{Request, ServerStream};
pub use settings::Settings;
pub use udp::{Datagram, UdpPeer};
