#![doc = include_str!("../README.md")]
#![cfg_attr(
    any(doc, doctest),
    doc = "The [guide] has pages on [exchanges](guide::exchanges), [failure \
           modes](guide::failure_modes), [TLS](guide::tls) and [servers with invalid \
           responses](guide::servers)."
)]
#![deny(clippy::exhaustive_enums, clippy::exhaustive_structs)]
#![deny(missing_debug_implementations)]
#![cfg_attr(not(unix), allow(dead_code, reason = "what event loops need"))]

mod client;
mod error;
#[cfg(feature = "http")]
pub mod http;
mod server;
mod settings;
mod udp;
mod wire;

/// The library that this one builds on: values, heads, connections without I/O.
pub use bareline_core as core;
pub use bareline_core::{
    FieldName, FieldValue, Method, RequestHead, ResponseHead, Status, Target, Version,
};

/// The TLS library, of whose types the configurations are. Needs the feature `rustls`.
#[cfg(feature = "rustls")]
pub use rustls;

pub use client::Client;
pub use client::body::ResponseBody;
pub use client::origin::Origin;
pub use client::request::ClientRequest;
pub use client::response::ClientResponse;
pub use client::stream::{ClientStream, RequestWriter, Response};
#[cfg(feature = "rustls")]
pub use error::tls::TlsError;
pub use error::{Error, FirstOctets, PeerError, RedirectError, UrlError, Wait};
pub use server::body::RequestBody;
pub use server::counts::ServerCounts;
pub use server::date::Date;
pub use server::listener::Listener;
pub use server::rejection::Rejection;
pub use server::responder::{Responder, ResponseWriter};
pub use server::stream::{Exchange, ServerStream};
#[cfg(feature = "rustls")]
pub use server::tls::TlsListener;
pub use server::{Server, ServerHandle};
pub use settings::Settings;
pub use udp::{Datagram, UdpPeer};
#[cfg(feature = "rustls")]
pub use wire::tls::TlsStream;
pub use wire::trailers::{Trailers, TrailersIter};
pub use wire::transport::{Control, Transport, Untimed};
pub use wire::upgraded::Upgraded;

/// Pages of the repository. They are in the documentation only.
#[cfg(any(doc, doctest))]
pub mod guide {
    #[doc = include_str!("../EXCHANGES.md")]
    pub mod exchanges {}

    #[doc = include_str!("../FAILURE_MODES.md")]
    pub mod failure_modes {}

    #[doc = include_str!("../SERVERS.md")]
    pub mod servers {}

    #[doc = include_str!("../TLS.md")]
    pub mod tls {}
}
