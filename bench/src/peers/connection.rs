//! Serving of a request by a peer.

use super::with_version;
use crate::connection::{BODY, Serve};
use std::hint::black_box;

pub fn server() -> Option<(&'static str, String, Serve)> {
    Some(("http-net", format!("{}, ServerConn", with_version("http-net")), net()))
}

/// Serves with http-net, which copies the octets into its own buffer.
fn net() -> Serve {
    use http_net::{OutgoingBody, ResponseHeadRef, ServerConn, ServerEvent};
    let (mut connection, mut out) = (ServerConn::new(), Vec::with_capacity(512));
    Box::new(move |input| {
        assert_eq!(connection.feed(input), input.len());
        loop {
            match black_box(&connection.poll()) {
                Ok(ServerEvent::RequestEnd) => break,
                Ok(ServerEvent::Request(_)) => {}
                _ => return 0,
            }
        }
        out.clear();
        let head = ResponseHeadRef::new(
            black_box(200),
            &[],
            OutgoingBody::Full(black_box(BODY).len() as u64),
        );
        black_box(connection.write_head(&head, None, &mut out).is_ok());
        out.extend_from_slice(black_box(BODY));
        black_box(connection.poll().is_ok());
        black_box(out.as_slice()).len()
    })
}
