//! The reader hyper, in memory and without a runtime: its server reads requests, its client
//! responses.

use crate::message::{Field, Framing, Message, Outcome, Reading, Role};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Bytes, Incoming};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::{HeaderMap, Request, Response};
use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

pub(super) fn read(message: &Message) -> Outcome {
    if message.role == Role::Request { request(&message.octets) } else { response(message) }
}

/// The limit of polls of a future that is pending.
///
/// Every octet is in memory, so that the future is ready soon or never.
const POLLS: usize = 64;

/// A connection whose peer sends some octets; if `waits`, only after a write.
struct Memory {
    octets: Vec<u8>,
    position: usize,
    waits: bool,
}

impl Read for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.waits {
            return Poll::Pending;
        }
        let rest = &self.octets[self.position..];
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        self.position += count;
        Poll::Ready(Ok(()))
    }
}

impl Write for Memory {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.waits = false;
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn request(octets: &[u8]) -> Outcome {
    let seen = Rc::new(RefCell::new(None));
    let service = hyper::service::service_fn(|request: Request<Incoming>| {
        let seen = Rc::clone(&seen);
        async move {
            let (head, body) = request.into_parts();
            let target = head.uri.to_string().into_bytes();
            let reading = Reading {
                framing: framing(&body),
                start: [
                    Some(head.method.as_str().into()),
                    Some(target),
                    Some(format!("{:?}", head.version).into_bytes()),
                ],
                fields: fields(&head.headers),
                ..Reading::default()
            };
            if seen.borrow().is_none() {
                *seen.borrow_mut() = Some(Outcome::Incomplete(Some(reading.clone())));
                let outcome = with_body(reading, body).await;
                *seen.borrow_mut() = Some(outcome);
            }
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let io = Memory { octets: octets.to_vec(), position: 0, waits: false };
    let mut connection = pin!(
        hyper::server::conn::http1::Builder::new().half_close(true).serve_connection(io, service)
    );
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..POLLS {
        let polled = connection.as_mut().poll(&mut context);
        // Only the first request counts.
        if let Some(outcome @ (Outcome::Accepted(_) | Outcome::Rejected(_))) = &*seen.borrow() {
            return outcome.clone();
        }
        match polled {
            Poll::Pending => {}
            Poll::Ready(Err(error)) => return seen.take().unwrap_or_else(|| failed(&error, None)),
            Poll::Ready(Ok(())) => break,
        }
    }
    seen.take().unwrap_or(Outcome::Incomplete(None))
}

fn response(message: &Message) -> Outcome {
    let mut context = Context::from_waker(Waker::noop());
    let io = Memory { octets: message.octets.clone(), position: 0, waits: true };
    let mut handshake = pin!(hyper::client::conn::http1::handshake(io));
    let Poll::Ready(Ok((mut sender, connection))) = handshake.as_mut().poll(&mut context) else {
        return Outcome::Rejected("handshake".to_owned());
    };
    let target = if message.role == Role::Connect { "a:1" } else { "/" };
    let request = Request::builder()
        .method(message.role.method())
        .uri(target)
        .header("host", "a")
        .body(Empty::<Bytes>::new());
    let Ok(request) = request else { return Outcome::Rejected("request".to_owned()) };
    let head_seen = RefCell::new(None);
    let mut connection = pin!(connection.with_upgrades());
    let mut exchange = pin!(async {
        let (head, body) = match sender.send_request(request).await {
            Ok(response) => response.into_parts(),
            Err(error) => return failed(&error, None),
        };
        let reading = Reading {
            framing: framing(&body),
            start: [
                Some(format!("{:?}", head.version).into_bytes()),
                Some(head.status.as_str().into()),
                None,
            ],
            fields: fields(&head.headers),
            ..Reading::default()
        };
        *head_seen.borrow_mut() = Some(reading.clone());
        with_body(reading, body).await
    });
    let mut is_done = false;
    for _ in 0..POLLS {
        if let Poll::Ready(outcome) = exchange.as_mut().poll(&mut context) {
            return outcome;
        }
        is_done = is_done || connection.as_mut().poll(&mut context).is_ready();
    }
    Outcome::Incomplete(head_seen.take())
}

async fn with_body(mut reading: Reading, body: Incoming) -> Outcome {
    match body.collect().await {
        Ok(collected) => {
            reading.trailers = Some(collected.trailers().map(fields).unwrap_or_default());
            reading.content = Some(collected.to_bytes().to_vec());
            Outcome::Accepted(reading)
        }
        Err(error) => failed(&error, Some(reading)),
    }
}

/// Returns the outcome of an error: the end of the connection, or an invalid message.
fn failed(error: &hyper::Error, reading: Option<Reading>) -> Outcome {
    let source = std::error::Error::source(error);
    let is_end = source
        .and_then(|source| source.downcast_ref::<io::Error>())
        .is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof);
    if error.is_incomplete_message() || is_end {
        return Outcome::Incomplete(reading);
    }
    Outcome::Rejected(match source {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    })
}

fn framing(body: &Incoming) -> Option<Framing> {
    // Otherwise the body is chunked or ends with the connection; hyper does not show which.
    body.size_hint()
        .exact()
        .map(|length| if length == 0 { Framing::None } else { Framing::Length(length) })
}

fn fields(map: &HeaderMap) -> Vec<Field> {
    map.iter().map(|(name, value)| (name.as_str().into(), value.as_bytes().to_vec())).collect()
}
