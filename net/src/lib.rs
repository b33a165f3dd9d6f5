#![doc = include_str!("../README.md")]
#![deny(clippy::exhaustive_enums, clippy::exhaustive_structs)]
#![deny(missing_debug_implementations)]

mod acceptor;
mod body;
mod client;
mod client_request;
mod client_response;
mod client_stream;
mod counts;
mod date;
mod error;
#[cfg(feature = "http")]
pub mod http;
mod listener;
mod notice;
mod overload;
mod panics;
mod pool;
mod received;
mod responder;
mod server;
mod server_stream;
mod settings;
mod stack;
mod threads;
mod time_budget;
mod trailers;
mod transport;
mod udp;
mod unread;
mod upgraded;
mod url;
mod wire;

/// The library that this one builds on: values, heads, connections without I/O.
pub use bareline_core as core;
pub use bareline_core::{
    FieldName, FieldValue, Method, RequestHead, ResponseHead, Status, Target, Version,
};

pub use body::{RequestBody, ResponseBody};
pub use client::Client;
pub use client_request::ClientRequest;
pub use client_response::ClientResponse;
pub use client_stream::{ClientStream, RequestWriter, Response};
pub use counts::ServerCounts;
pub use date::Date;
pub use error::{Error, FirstOctets, PeerError, UrlError, Wait};
pub use listener::Listener;
pub use responder::{Responder, ResponseWriter};
pub use server::{Server, ServerHandle};
pub use server_stream::{Exchange, ServerStream};
pub use settings::Settings;
pub use trailers::{Trailers, TrailersIter};
pub use transport::{Control, Transport, Untimed};
pub use udp::{Datagram, UdpPeer};
pub use upgraded::Upgraded;

/// The example of SERVERS.md, as a test.
#[cfg(doctest)]
#[doc = include_str!("../SERVERS.md")]
struct Servers;
