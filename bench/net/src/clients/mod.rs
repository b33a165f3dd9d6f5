//! The clients: each sends GETs, one after the other, and reads every answer whole.

mod attohttpc;
mod bareline;
mod minreq;
mod raw;
mod ureq;

use std::error::Error;
use std::net::SocketAddr;
use std::time::Instant;

/// Sends so many GETs.
type Get = fn(SocketAddr, u32) -> Result<(), Box<dyn Error>>;

/// On one connection; minreq and attohttpc do not keep one.
pub const KEEP_ALIVE: &[(&str, Get)] =
    &[("raw", raw::keep_alive), ("bareline", bareline::keep_alive), ("ureq", ureq::keep_alive)];

/// On a connection each, which the request says is the only one on it.
pub const CONNECT: &[(&str, Get)] = &[
    ("raw", raw::connect),
    ("bareline", bareline::connect),
    ("ureq", ureq::connect),
    ("minreq", minreq::connect),
    ("attohttpc", attohttpc::connect),
];

pub fn nanoseconds(get: Get, server: SocketAddr, count: u32) -> u128 {
    let start = Instant::now();
    get(server, count).expect("the server answers");
    start.elapsed().as_nanos()
}

/// What everybody checks, so that nobody spares the reading.
fn check(body: &[u8]) -> Result<(), Box<dyn Error>> {
    if body == crate::BODY.as_bytes() { Ok(()) } else { Err("not what the server sends".into()) }
}
