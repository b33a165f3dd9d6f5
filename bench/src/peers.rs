//! The peers, with their versions from the lockfile.
//!
//! The instructions of httparse are counted too; the peers of the feature `peers` are only timed.

#[cfg(feature = "peers")]
mod bodies;
#[cfg(feature = "peers")]
mod connection;
#[cfg(feature = "peers")]
mod heads;
#[cfg(feature = "peers")]
pub use {
    bodies::decoders,
    connection::server,
    heads::{requests, responses},
};

#[cfg(not(feature = "peers"))]
mod none {
    use crate::{chunked::Decode, connection::Serve, heads::Contender};

    pub fn requests() -> Vec<Contender> {
        Vec::new()
    }

    pub fn responses() -> Vec<Contender> {
        Vec::new()
    }

    pub fn decoders() -> Vec<(&'static str, String, Decode)> {
        Vec::new()
    }

    pub fn server() -> Option<(&'static str, String, Serve)> {
        None
    }
}
#[cfg(not(feature = "peers"))]
pub use none::*;

const LOCK: &str = include_str!("../Cargo.lock");

/// Returns the name of a crate with its version.
pub fn with_version(name: &str) -> String {
    let entry = LOCK.split_once(&format!("name = \"{name}\"\nversion = \""));
    let version =
        entry.and_then(|(_, rest)| rest.split_once('"')).map_or("?", |(version, _)| version);
    format!("{name} {version}")
}
