//! The servers: each responds to `GET /` with the same content, and has the settings that its
//! documentation recommends for speed. Some respond to [`/bulk`](crate::bulk) too, or to
//! `/sleep/MICROSECONDS` after that time.

use std::time::Duration;

mod bareline;
mod hyper;
mod khttp;
mod may_minihttp;
mod raw;
mod raw_bulk;
mod raw_epoll;
mod raw_thread;
mod rouille;
mod tiny_http;

pub const ALL: &[(&str, crate::Serve)] = &[
    ("raw_epoll", raw_epoll::serve),
    ("raw_thread", raw_thread::serve),
    ("raw_bulk", raw_bulk::serve),
    ("bareline", bareline::serve),
    ("hyper", hyper::serve),
    ("hyper_bulk", hyper::serve_bulk),
    ("khttp_pool", khttp::serve_pool),
    ("khttp_epoll", khttp::serve_epoll),
    ("may_minihttp", may_minihttp::serve),
    ("tiny_http", tiny_http::serve),
    ("rouille", rouille::serve),
];

/// Returns how long the handler of this path blocks; `None` for another path.
fn pause(path: &str) -> Option<Duration> {
    path.strip_prefix("/sleep/")?.parse().ok().map(Duration::from_micros)
}
