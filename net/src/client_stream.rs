//! The client's end of a connection.

use crate::body::ResponseBody;
use crate::deadline::{Deadline, Whole};
use crate::error::{Error, PeerError, Wait};
use crate::received::HeadOctets;
use crate::settings::Settings;
use crate::trailers::Trailers;
use crate::transport::Transport;
use crate::wire::{Wire, to};
use bareline_core::{
    ClientConnection, ClientState, Event, FieldName, FieldSpans, FieldValue, Method,
    RequestHeadWriter, ResponseHead, ResponseParts, Status, Target, TrailerField, WriteError,
};
use std::fmt;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// The client's end of a connection: sends requests, one after the other, and reads their
/// responses.
///
/// ```no_run
/// use bareline_core::{Method, Target};
/// use bareline_net::ClientStream;
/// use std::io;
///
/// let mut client = ClientStream::connect("localhost:8080")?;
/// for path in ["/", "/echo"] {
///     let response = client.request(Method::GET, Target::new(path)?, &[], b"")?;
///     println!("{}: {}", path, response.head.status());
///     print!("{}", io::read_to_string(response.body)?);
/// }
/// # Ok::<(), bareline_net::Error>(())
/// ```
pub struct ClientStream<S: Transport = TcpStream> {
    wire: ClientWire<S>,
    authority: String,
    received: Box<ReceivedHead>,
    /// An interim response has come to the present request.
    has_interim: bool,
}

pub(crate) type ClientWire<S> = Wire<S, ClientConnection>;

const FIELDS: usize = 128;

/// The octets of the head of a response, and where its fields stand in them.
#[derive(Default)]
pub(crate) struct ReceivedHead {
    octets: HeadOctets,
    spans: FieldSpans<FIELDS>,
}

impl ReceivedHead {
    /// The head that has these parts.
    pub(crate) fn head(&self, parts: ResponseParts) -> ResponseHead<'_> {
        parts.over(self.octets.filled(), &self.spans)
    }
}

/// A response: its head can be read while the body comes.
///
/// What is left of the body when the next request is sent is read and thrown away, within
/// [`Limits::drain`](bareline_core::Limits); after a longer one the connection has ended.
#[derive(Debug)]
pub struct Response<'c, S: Transport = TcpStream> {
    /// The head of the response: a final one, or a 101.
    pub head: ResponseHead<'c>,
    /// Its body.
    pub body: ResponseBody<'c, S>,
}

impl ClientStream {
    /// Connects to `host:port`, with the default [`Settings`]: to each of its addresses in turn,
    /// until one answers.
    pub fn connect(authority: &str) -> Result<Self, Error> {
        Self::connect_with_settings(authority, Settings::default())
    }

    /// Connects to `host:port`, with these settings.
    pub fn connect_with_settings(authority: &str, settings: Settings) -> Result<Self, Error> {
        let stream = connect_to_one(
            authority.to_socket_addrs().map_err(Error::of_address)?,
            settings.connect_timeout,
            &Whole::ENDLESS,
        )?;
        Ok(Self::with_settings(stream, authority, settings))
    }
}

/// Connects to the first of these addresses that answers in time.
pub(crate) fn connect_to_one(
    addresses: impl Iterator<Item = SocketAddr>,
    deadline: Duration,
    whole: &Whole,
) -> Result<TcpStream, Error> {
    let mut tried = Vec::new();
    for address in addresses {
        match TcpStream::connect_timeout(&address, deadline.min(whole.left()?)) {
            Ok(stream) => return Ok(stream),
            Err(error) => tried.push((address, error)),
        }
    }
    whole.left()?;
    Err(Error::Connect { tried })
}

impl<S: Transport> ClientStream<S> {
    /// On a connection that has been made, to the server with this authority, `host` or
    /// `host:port`, with the default [`Settings`].
    pub fn new(transport: S, authority: &str) -> Self {
        Self::with_settings(transport, authority, Settings::default())
    }

    /// The same, with these settings.
    pub fn with_settings(transport: S, authority: &str, settings: Settings) -> Self {
        let connection = ClientConnection::new(settings.limits_of_a_message());
        Self {
            wire: Wire::new(transport, connection, settings),
            authority: authority.to_owned(),
            received: Box::default(),
            has_interim: false,
        }
    }

    /// Sends a request with these fields and this body, and reads the head of the response.
    ///
    /// `Host` is written first, and a length where there is a body or the method expects one. A
    /// body that is cut short is never a whole one, and interim responses are skipped. A
    /// response that comes before the whole request is sent is read all the same
    /// [RFC 9112 section 9.5].
    pub fn request(
        &mut self,
        method: Method<'_>,
        target: Target<'_>,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
        body: &[u8],
    ) -> Result<Response<'_, S>, Error> {
        let mut writer = self.begin(method, target, |head| match head.fields(fields)? {
            head if body.is_empty() => head.without_body(),
            head => head.length(body.len() as u64),
        })?;
        writer.write_all(body)?;
        writer.finish()
    }

    /// Begins a request, whose head `write` makes behind `Host`, which is the authority that the
    /// stream was made for: with any fields, framing and version. `write` may be called several
    /// times, until there is room for the head. The head, and a body that is written with it, are
    /// at most 65,535 octets.
    ///
    /// Fails with [`Error::Closed`] when the connection carries no more requests; nothing has been
    /// sent then, so that it can be sent on another.
    pub fn begin(
        &mut self,
        method: Method<'_>,
        target: Target<'_>,
        write: impl Fn(RequestHeadWriter<'_>) -> Result<(), WriteError>,
    ) -> Result<RequestWriter<'_, S>, Error> {
        self.begin_within(
            Whole::from_now(self.wire.settings.exchange_timeout),
            method,
            target,
            write,
        )
    }

    /// The same, with the exchange to be over by then.
    pub(crate) fn begin_within(
        &mut self,
        whole: Whole,
        method: Method<'_>,
        target: Target<'_>,
        write: impl Fn(RequestHeadWriter<'_>) -> Result<(), WriteError>,
    ) -> Result<RequestWriter<'_, S>, Error> {
        self.wire.whole = whole;
        self.has_interim = false;
        self.finish_exchange()?;
        let host = FieldValue::new(&self.authority)?;
        self.wire.write(|connection, out| {
            to!(out, |out| write(
                connection.request(method, target, out)?.field(FieldName::HOST, host)?
            ))
        })?;
        match self.wire.connection.state() {
            // What was to write the head has not ended it.
            ClientState::Idle => Err(WriteError::OutOfTurn.into()),
            ClientState::Head => Ok(RequestWriter { client: self, progress: Progress::Whole }),
            ClientState::Continue => {
                Ok(RequestWriter { client: self, progress: Progress::Expecting })
            }
            _ => Ok(RequestWriter { client: self, progress: Progress::Body }),
        }
    }

    /// Whether the connection carries another request, for all that is known: what is left of the
    /// response before may turn out to be too long, and the server may have closed, which the
    /// next request finds out.
    pub fn is_open(&self) -> bool {
        let is_next = matches!(
            self.wire.connection.state(),
            ClientState::Idle | ClientState::Body | ClientState::Done
        );
        self.wire.is_open() && is_next
    }

    /// Gives the transport back, with the octets that have come and are not the response's, when it
    /// belongs to another protocol: after a 101, or a 2xx to CONNECT [RFC 9110 sections 7.8 and
    /// 9.3.6]. Fails with [`Error::Closed`] when it does not.
    pub fn into_upgraded(mut self) -> Result<(S, Vec<u8>), Error> {
        match self.wire.connection.state() {
            ClientState::Upgraded => self.wire.take_upgraded(),
            _ => Err(Error::Closed),
        }
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether this error of the present request is that the server has closed, without an octet of
    /// a response: it may not have seen the request, as when it closed an idle connection
    /// meanwhile [RFC 9112 section 9.3.1].
    pub(crate) fn has_no_response(&self, error: &Error) -> bool {
        let is_closed = match error {
            Error::Peer(PeerError::NoResponse) | Error::Closed => true,
            Error::Io(error) => matches!(
                error.kind(),
                io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
            ),
            _ => false,
        };
        is_closed && !self.has_interim && self.wire.received.filled().is_empty()
    }

    /// The head that has been received, for the response to keep.
    pub(crate) fn take_head(&mut self) -> Box<ReceivedHead> {
        std::mem::take(&mut self.received)
    }

    /// Takes octets of the response's body, as [`ResponseBody`] does.
    pub(crate) fn read_body(
        &mut self,
        buffer: &mut [u8],
        trailers: &mut Trailers,
    ) -> Result<usize, Error> {
        self.wire.read_body(buffer, trailers)
    }

    /// Whether nothing more comes of the response, and the request has been sent.
    pub(crate) fn is_over(&self) -> bool {
        self.wire.connection.state() == ClientState::Done
    }

    /// Discards what has come of the response's body; returns whether another request can follow at
    /// once, which needs a whole exchange with nothing behind it.
    pub(crate) fn settle(&mut self) -> bool {
        self.wire.next_message();
        let mut left = self.wire.settings.limits.drain as usize;
        let is_over = matches!(self.skip(&mut left), Ok(true)) && self.is_over();
        is_over && self.wire.is_open() && !self.wire.has_more()
    }

    /// Ends the exchange before.
    fn finish_exchange(&mut self) -> Result<(), Error> {
        self.wire.next_message();
        self.received.octets.forget();
        if self.wire.connection.state() == ClientState::Body {
            self.drain().inspect_err(|_| _ = self.wire.connection.on_overflow())?;
        }
        let is_reused = self.wire.connection.state() == ClientState::Done;
        match self.wire.connection.next_request() {
            ClientState::Idle if self.wire.is_open() => {
                if is_reused {
                    self.wire.look()?;
                }
                // Octets that have come now answer nothing: the connection refuses them.
                let received = self
                    .wire
                    .connection
                    .receive(self.wire.received.filled_mut(), self.received.spans.lend());
                received.map(|_| ()).map_err(|error| Error::of_response(error, &[]))
            }
            _ => Err(Error::Closed),
        }
    }

    /// Reads what is left of the response before, within a limit.
    fn drain(&mut self) -> Result<(), Error> {
        let mut deadline = Deadline::new(Wait::Body, self.wire.settings.body_timeout);
        let mut left = self.wire.settings.limits.drain as usize;
        while !self.skip(&mut left)? {
            self.wire.fill(&mut deadline)?;
        }
        Ok(())
    }

    /// Uses what has come of the response before up; tells whether that was all of it.
    fn skip(&mut self, left: &mut usize) -> Result<bool, Error> {
        while self.wire.connection.state() == ClientState::Body {
            let received = self.wire.connection.receive_body(self.wire.received.filled());
            let (used, event) = received.map_err(|error| Error::of_response(error, &[]))?;
            let is_starved = matches!(event, Event::NeedMore);
            self.wire.received.consume(used);
            *left = left.checked_sub(used).ok_or(Error::Closed)?;
            if is_starved {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes one step: an event, or more octets. Gives the final response, or a 101.
    fn receive(&mut self, deadline: &mut Deadline) -> Result<Option<ResponseParts>, Error> {
        let received = self
            .wire
            .connection
            .receive(self.wire.received.filled_mut(), self.received.spans.lend());
        let (used, event) = match received {
            Ok(received) => received,
            Err(error) => return Err(Error::of_response(error, self.wire.received.filled())),
        };
        let (mut parts, mut is_starved) = (None, false);
        match event {
            Event::Head(head) if !is_interim(head.status()) => {
                self.received.octets.set(head.as_bytes());
                parts = Some(head.parts());
            }
            Event::Head(_) => self.has_interim = true,
            Event::Closed => return Err(Error::Closed),
            event => is_starved = matches!(event, Event::NeedMore),
        }
        self.wire.received.consume(used);
        if is_starved {
            let is_unbegun = !self.has_interim && self.wire.received.filled().is_empty();
            self.wire.fill(deadline).map_err(|error| match error {
                Error::Peer(PeerError::TruncatedResponse) if is_unbegun => {
                    PeerError::NoResponse.into()
                }
                error => error,
            })?;
        }
        Ok(parts)
    }

    fn receive_head(&mut self) -> Result<ResponseParts, Error> {
        let mut deadline = Deadline::new(Wait::Head, self.wire.settings.head_timeout);
        loop {
            if let Some(parts) = self.receive(&mut deadline)? {
                return Ok(parts);
            }
        }
    }

    /// Waits for the 100 that the request expects, for a while; gives what comes in its place.
    fn await_continue(&mut self) -> Result<Option<ResponseParts>, Error> {
        let mut deadline = Deadline::new(Wait::Head, self.wire.settings.continue_timeout);
        while self.wire.connection.state() == ClientState::Continue {
            match self.receive(&mut deadline) {
                Ok(None) => {}
                Err(Error::Peer(PeerError::TooSlow { wait: Wait::Head, .. })) => break,
                received => return received,
            }
        }
        Ok(None)
    }
}

fn is_interim(status: Status) -> bool {
    status.is_informational() && status != Status::SWITCHING_PROTOCOLS
}

impl<S: Transport> fmt::Debug for ClientStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientStream({})", self.authority)
    }
}

/// The body of a request, framed and sent as it is written: little pieces together, large ones
/// without a copy.
///
/// With `Expect: 100-continue` the first octets wait for the 100, but no longer than
/// [`Settings::continue_timeout`]. Once the server has answered, or has closed, what is written is
/// thrown away, and [`finish`](Self::finish) tells what it said.
///
/// ```
/// use bareline_core::{Method, Target};
/// use bareline_net::ClientStream;
/// use std::io::{self, Write};
/// # use bareline_core::Status;
/// # use bareline_net::Server;
/// # let server = Server::bind("127.0.0.1:0")?;
/// # let address = server.local_addr()?.to_string();
/// # std::thread::spawn(|| server.serve(|mut exchange| {
/// #     let body = io::read_to_string(&mut exchange.body)?;
/// #     exchange.responder.send(Status::OK, &[], body.as_bytes())
/// # }));
///
/// let mut client = ClientStream::connect(&address)?;
/// let mut request =
///     client.begin(Method::PUT, Target::new("/echo")?, |head| head.chunked())?;
/// for number in 0..3 {
///     write!(request, "{number}, ")?;
/// }
/// let response = request.finish()?;
/// assert_eq!(io::read_to_string(response.body)?, "0, 1, 2, ");
/// # Ok::<(), bareline_net::Error>(())
/// ```
#[must_use = "a request is whole when it is finished"]
pub struct RequestWriter<'c, S: Transport = TcpStream> {
    client: &'c mut ClientStream<S>,
    progress: Progress,
}

/// How a request goes on.
enum Progress {
    /// Its head was all of it.
    Whole,
    /// Its body waits for a 100.
    Expecting,
    /// Its body is being written.
    Body,
    /// The server has answered.
    Responded(ResponseParts),
    /// It could not be sent; the server may have answered.
    Failed(Error),
}

impl<'c, S: Transport> RequestWriter<'c, S> {
    /// Whether the server has answered, or closed, before the request was whole, so that there is
    /// no use in writing more.
    pub const fn has_response(&self) -> bool {
        matches!(self.progress, Progress::Responded(_) | Progress::Failed(_))
    }

    /// What goes out with the next write: before a body is written, the head.
    pub(crate) fn ready(&self) -> &[u8] {
        self.client.wire.ready()
    }

    /// Ends the request, and reads the head of the response. Fails with [`WriteError::BodyLength`]
    /// when octets are missing.
    pub fn finish(self) -> Result<Response<'c, S>, Error> {
        self.finish_with(&[])
    }

    /// Ends the request with these trailers, which a chunked body can have, and reads the head of
    /// the response.
    pub fn finish_with(self, trailers: &[TrailerField<'_>]) -> Result<Response<'c, S>, Error> {
        let (ClientStream { wire, received, .. }, parts) = self.finish_into_parts(trailers)?;
        Ok(Response { head: received.head(parts), body: ResponseBody::new(wire) })
    }

    /// The same; gives the response as its connection, which has the octets of the head, and the
    /// parts of that.
    pub(crate) fn finish_into_parts(
        mut self,
        trailers: &[TrailerField<'_>],
    ) -> Result<(&'c mut ClientStream<S>, ResponseParts), Error> {
        self.send(|wire, progress| {
            match (progress, trailers) {
                (Progress::Whole, []) => {}
                (Progress::Whole, _) => return Err(WriteError::TrailersNeedChunked.into()),
                _ => wire.end_body(trailers)?,
            }
            wire.flush()
        })?;
        let Self { client, progress } = self;
        let parts = match progress {
            Progress::Responded(parts) => parts,
            // Octets that are no response say more than that none could be sent.
            Progress::Failed(error) => client.receive_head().map_err(|found| match found {
                Error::Peer(PeerError::Response(_) | PeerError::NotHttp { .. })
                | Error::Limit(_) => found,
                _ => error,
            })?,
            _ => client.receive_head()?,
        };
        Ok((client, parts))
    }

    /// Has something sent, if the server still wants it. What hinders that may be the server's
    /// answer, which comes later.
    fn send(
        &mut self,
        send: impl FnOnce(&mut ClientWire<S>, &Progress) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if matches!(self.progress, Progress::Expecting) {
            self.progress = match self.client.await_continue() {
                Ok(response) => response.map_or(Progress::Body, Progress::Responded),
                Err(error) => Progress::Failed(error),
            };
        }
        if !self.has_response() {
            match send(&mut self.client.wire, &self.progress) {
                Err(error @ Error::Usage(_)) => return Err(error),
                Err(error) => self.progress = Progress::Failed(error),
                Ok(()) => {}
            }
        }
        Ok(())
    }
}

impl<S: Transport> Write for RequestWriter<'_, S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.send(|wire, progress| match progress {
            Progress::Whole if !octets.is_empty() => Err(WriteError::BodyLength.into()),
            _ => wire.write_body(octets),
        })?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(self.send(|wire, progress| match progress {
            Progress::Whole => wire.flush(),
            _ => wire.flush_body(),
        })?)
    }
}

impl<S: Transport> fmt::Debug for RequestWriter<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestWriter")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

    use super::{ClientStream, connect_to_one};
    use crate::deadline::Whole;
    use crate::error::{Error, PeerError, Wait};
    use crate::transport::Untimed;
    use crate::wire::LONGEST;
    use bareline_core::{
        FieldName, FieldSpans, FieldValue, Method, Parsed, RequestHead, Status, Target, WriteError,
    };
    use std::io::{self, Cursor, Read, Write};
    use std::net::TcpListener;
    use std::time::Duration;

    /// A server that has sent its responses before the requests come.
    #[derive(Debug)]
    struct Canned(Cursor<Vec<u8>>);

    impl Read for Canned {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Canned {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_connection_at_rest_keeps_no_large_response() {
        let large =
            format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(58_000));
        let len = large.len();
        let mut stream = ClientStream::new(Untimed(Canned(Cursor::new(large.into_bytes()))), "a");
        let response = stream.request(Method::GET, Target::ROOT, &[], b"").unwrap();
        assert_eq!(response.head.as_bytes().len(), len);
        // The response of a `Client` has the head, and the pool the rest.
        let head = stream.take_head();
        assert!(head.octets.memory() >= len);
        assert!(stream.wire.received.memory() > 64 * 1024);
        assert!(stream.settle());
        assert_eq!((stream.wire.received.memory(), stream.received.octets.memory()), (8 * 1024, 0));
        // One that is used again itself forgets the head with the next request.
        stream.received = head;
        let next = stream.request(Method::GET, Target::ROOT, &[], b"");
        assert!(matches!(next, Err(Error::Peer(PeerError::NoResponse))), "{next:?}");
        assert_eq!(stream.received.octets.memory(), 0);
    }

    #[test]
    fn a_long_request_head_leaves_no_memory_behind() {
        let ok = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
        let mut stream = ClientStream::new(Untimed(Canned(Cursor::new(ok))), "a");
        let others = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len();
        let value = vec![b'x'; 65_535 - others + 1];
        let mut request = |len| {
            let fields = [(FieldName::from_static("X"), FieldValue::new(&value[..len]).unwrap())];
            let status = stream
                .request(Method::GET, Target::ROOT, &fields, b"")
                .map(|response| response.head.status());
            (status, stream.wire.has_long())
        };
        let (status, has_long) = request(value.len());
        assert!(matches!(status, Err(Error::TooLong { most: 65_535 })) && !has_long, "{status:?}");
        // Nothing has been sent then.
        let (status, has_long) = request(value.len() - 1);
        assert!(matches!(status, Ok(Status::NO_CONTENT)) && !has_long, "{status:?}");
    }

    #[test]
    fn the_longest_head_that_is_written_can_be_read() {
        let mut stream = ClientStream::new(Untimed(Canned(Cursor::new(Vec::new()))), "a");
        let value = vec![b'x'; LONGEST - "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len()];
        let field = (FieldName::from_static("X"), FieldValue::new(&value).unwrap());
        let writer = stream
            .begin(Method::GET, Target::ROOT, |head| head.fields(&[field])?.without_body())
            .unwrap();
        assert_eq!(writer.ready().len(), LONGEST);
        let mut spans = FieldSpans::<2>::new();
        let parsed = RequestHead::parse(writer.ready(), spans.lend());
        assert!(matches!(parsed, Ok(Parsed::Complete { .. })), "{parsed:?}");
    }

    #[test]
    fn a_long_head_that_cannot_be_written_leaves_no_memory_behind() {
        let ok = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
        let mut stream = ClientStream::new(Untimed(Canned(Cursor::new(ok))), "a");
        let long = (FieldName::from_static("X"), FieldValue::new(&[b'x'; 20_000]).unwrap());
        let length = (FieldName::from_static("Content-Length"), FieldValue::from_static("1"));
        let error = stream.request(Method::GET, Target::ROOT, &[long, length], b"").unwrap_err();
        assert!(matches!(error, Error::Usage(WriteError::FramingField)), "{error:?}");
        assert!(!stream.wire.has_long());
        // Nothing has been sent, and the stream goes on.
        let response = stream.request(Method::GET, Target::ROOT, &[long], b"").unwrap();
        assert_eq!(response.head.status(), Status::NO_CONTENT);
    }

    /// A server that has sent these octets and takes none.
    #[derive(Debug)]
    struct Deaf(&'static [u8]);

    impl Read for Deaf {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Deaf {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn octets_that_arrived_are_reported_before_a_failed_send() {
        for (sent, told) in [
            (&b"SSH-2.0-OpenSSH_9.6\r\n"[..], "an SSH banner arrived in place of HTTP"),
            (b"220 mail.example ESMTP\r\n", "220 mail.example ESMTP"),
            (b"HTTP/1.1 200 OK\nA: b\n\n", "line ended by LF alone"),
            (b"", "broken pipe"),
            (b"HTTP/1.1 103 Early Hints\r\n\r\n", "broken pipe"),
        ] {
            let mut stream = ClientStream::new(Untimed(Deaf(sent)), "a");
            let error = stream.request(Method::GET, Target::ROOT, &[], b"").unwrap_err();
            assert!(error.to_string().contains(told), "{told}: {error}");
        }
        let mut stream = ClientStream::new(Untimed(Deaf(b"HTTP/1.1 204 No Content\r\n\r\n")), "a");
        assert_eq!(
            stream.request(Method::GET, Target::ROOT, &[], b"").unwrap().head.status(),
            Status::NO_CONTENT
        );
    }

    #[test]
    fn each_address_is_tried_until_one_connects() {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (deadline, addresses) =
            (Duration::from_secs(20), [free(), listener.local_addr().unwrap(), free()]);
        let stream = connect_to_one(addresses.into_iter(), deadline, &Whole::ENDLESS).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addresses[1]);

        let rejected = [free(), free()];
        let error = connect_to_one(rejected.into_iter(), deadline, &Whole::ENDLESS).unwrap_err();
        assert!(
            matches!(
                &error,
                Error::Connect { tried } if tried.len() == 2 && tried[1].0 == rejected[1]
            ),
            "{error:?}"
        );

        // Over at once, and behind an address that has been tried.
        for (after, addresses) in [(0, &addresses[..]), (100, &rejected[..])] {
            let over = Whole::from_now(Duration::from_millis(after));
            let slow = std::iter::from_fn(|| {
                while let Ok(left) = over.left() {
                    std::thread::park_timeout(left);
                }
                None
            });
            let error =
                connect_to_one(addresses.iter().copied().chain(slow), deadline, &over).unwrap_err();
            assert!(
                matches!(error, Error::Peer(PeerError::TooSlow { wait: Wait::Exchange, .. })),
                "{error:?}"
            );
        }
    }
}
