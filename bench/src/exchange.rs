//! One exchange on a transport in memory: a request is read, and a response of 13 octets is sent.
//!
//! The floor is core's work on the exchange, with the copies that any transport and a kept head
//! need. What `ServerStream` takes above it is the price of timeouts, limits and the head's reuse.

use crate::connection::{BODY, RESPONSE};
use crate::inputs;
use crate::measure::{Group, Lane, Wanted};
use bareline_core::connection::{Received, RecvBuf, ServerEvent, ServerState};
use bareline_core::{FieldSpans, ServerConnection, Status, WireBuf};
use bareline_net::{Control, Exchange, ServerStream, Transport};
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::time::Duration;

pub fn groups(wanted: Wanted<'_>) -> Vec<Group> {
    [("b", inputs::B), ("d", inputs::D)]
        .into_iter()
        .map(|(name, request)| (format!("exchange/{name}"), request))
        .filter(|(name, _)| wanted.group(name))
        .map(|(name, request)| group(name, request))
        .collect()
}

fn group(name: String, request: &'static [u8]) -> Group {
    let (mut floor, mut stream) = (Floor::new(), ServerStream::new(Memory::new(request)));
    let lanes = vec![
        Lane::new("floor", "bareline, ServerConnection and copies", move |times| {
            (0..times).for_each(|_| floor.serve(request))
        }),
        Lane::new("ours", "bareline, ServerStream", move |times| {
            (0..times).for_each(|_| serve(&mut stream))
        }),
    ];
    Group { name, lanes, before_round: Box::new(|| {}) }
}

fn serve(stream: &mut ServerStream<Memory>) {
    let exchange = stream.next_request().expect("the request is valid");
    let Exchange { head, responder, .. } = exchange.expect("the connection is kept alive");
    black_box(head.target());
    responder.send(Status::OK, &[], BODY).expect("the transport takes all octets");
}

/// A server of core alone.
struct Floor {
    connection: ServerConnection,
    spans: FieldSpans<128>,
    received: Box<RecvBuf<8192>>,
    out: Box<WireBuf<8192>>,
    head: Vec<u8>,
    sent: Vec<u8>,
}

impl Floor {
    fn new() -> Self {
        Self {
            connection: ServerConnection::new(),
            spans: FieldSpans::new(),
            received: Box::new(RecvBuf::new()),
            out: Box::new(WireBuf::new()),
            head: Vec::with_capacity(4096),
            sent: Vec::with_capacity(4096),
        }
    }

    fn serve(&mut self, mut request: &[u8]) {
        let Self { connection, spans, received, out, head, sent } = self;
        received.fill_from(|room| black_box(&mut request).read(room)).expect("memory is readable");
        let Received { used, event } =
            connection.receive(received.filled_mut(), spans.lend()).expect("the request is valid");
        let ServerEvent::Head(of_request) = event else { panic!("the request is complete") };
        head.clear();
        head.extend_from_slice(of_request.as_bytes());
        black_box((of_request.target(), &head));
        received.consume(used);
        connection
            .respond(Status::OK, out)
            .and_then(|head| head.body(BODY))
            .expect("the response fits");
        sent.clear();
        sent.extend_from_slice(out.as_bytes());
        assert_eq!(black_box(&sent).len(), RESPONSE.len());
        out.clear();
        assert_eq!(connection.state(), ServerState::Idle);
    }
}

/// A transport in memory: each read returns a request, and writes are copied.
struct Memory {
    request: &'static [u8],
    sent: Vec<u8>,
}

impl Memory {
    fn new(request: &'static [u8]) -> Self {
        Self { request, sent: Vec::with_capacity(4096) }
    }
}

impl Read for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        black_box(self.request).read(buffer)
    }
}

impl Write for Memory {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.sent.clear();
        self.sent.extend_from_slice(octets);
        assert_eq!(black_box(&self.sent).len(), RESPONSE.len());
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Memory {
    fn control(&mut self) -> &mut dyn Control {
        self
    }
}

impl Control for Memory {
    fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_blocking(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn set_nonblocking(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Fails, so that the stream does not linger: this peer never closes.
    fn close_write(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
