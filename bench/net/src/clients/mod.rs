//! The clients: each sends GETs, one after the other, and reads every response completely.

mod attohttpc;
mod bareline;
mod minreq;
mod raw;
mod ureq;

use std::error::Error;
use std::net::SocketAddr;
use std::time::Instant;

/// A function that sends a number of GETs.
type Get = fn(SocketAddr, u32) -> Result<(), Box<dyn Error>>;

/// The clients on one connection; minreq and attohttpc close each connection.
pub const KEEP_ALIVE: &[(&str, Get)] =
    &[("raw", raw::keep_alive), ("bareline", bareline::keep_alive), ("ureq", ureq::keep_alive)];

/// The clients on a new connection for each GET, with `Connection: close`.
pub const CONNECT: &[(&str, Get)] = &[
    ("raw", raw::connect),
    ("bareline", bareline::connect),
    ("ureq", ureq::connect),
    ("minreq", minreq::connect),
    ("attohttpc", attohttpc::connect),
];

pub fn nanoseconds(get: Get, server: SocketAddr, count: u32) -> u128 {
    let start = Instant::now();
    get(server, count).expect("the server responds");
    start.elapsed().as_nanos()
}

/// Checks the body, so that every client has to read it.
fn check(body: &[u8]) -> Result<(), Box<dyn Error>> {
    if body == crate::BODY.as_bytes() { Ok(()) } else { Err("unexpected body".into()) }
}
