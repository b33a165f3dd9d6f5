//! The servers: each responds to `GET /` with the same content, and has the settings that its
//! documentation recommends for speed.

mod bareline;
mod hyper;
mod may_minihttp;
mod raw;
mod raw_epoll;
mod raw_thread;
mod rouille;
mod tiny_http;

pub const ALL: &[(&str, fn(u16))] = &[
    ("raw_epoll", raw_epoll::serve),
    ("raw_thread", raw_thread::serve),
    ("bareline", bareline::serve),
    ("hyper", hyper::serve),
    ("may_minihttp", may_minihttp::serve),
    ("tiny_http", tiny_http::serve),
    ("rouille", rouille::serve),
];
