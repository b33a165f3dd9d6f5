//! Calls what a firmware would call of bareline-core.

use bareline_core::{
    BodyDecoder, BodyPart, ClientConnection, ClientState, Event, FieldName, FieldSpans, FieldValue, Framing, Limits, MessageWriter, Method, OtherProtocol, ParseError, Parsed, RecvBuf, ReplyTo, RequestHead, ResponseHead, ServerConnection, ServerState, Status, StreamError, Target,
    Version, WireBuf, WriteError, datagram, dump, embedded_io_07::ServerStream,
};
use core::convert::Infallible;
use core::fmt::{self, Write};
use core::hint::black_box;
use embedded_io::Read;

/// Where text goes: the optimizer must not know.
struct Sink;

impl Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        black_box(text);
        Ok(())
    }
}

/// Every public function, on these octets.
pub fn all(received: &[u8]) {
    if let Err(error) = request(received) {
        black_box((error.kind(), error.offset(), error.len(), error.status(), error.hint(), error.kind().section()));
        black_box(write!(Sink, "{error} {}", error.hint_in(received)).is_ok());
    }
    black_box(OtherProtocol::of(received));
    black_box(response(received).is_ok());
    black_box(values(received).is_ok());
    if let Err(error) = written(received) {
        black_box(write!(Sink, "{error}").is_ok());
    }
    black_box(write!(Sink, "{} {}", dump(received), dump(received).on_one_line()).is_ok());
    black_box(body(received).is_ok());
    black_box(served(received).is_ok());
    black_box(asked(received).is_ok());
    black_box(datagrams(received).is_ok());
    black_box(streamed(received).is_ok());
}

#[inline(never)]
fn request(received: &[u8]) -> Result<(), ParseError> {
    let mut spans = FieldSpans::<16>::new();
    let limits = black_box(Limits::default());
    let Parsed::Complete { message: head, len } = RequestHead::parse_within(received, spans.lend(), &limits)? else {
        return Ok(());
    };
    black_box((head.method().as_str(), head.version(), head.framing(), head.as_bytes(), len));
    let target = head.target();
    black_box((target.as_str(), target.form(), target.path(), target.path_as_bytes(), target.query(), target.authority()));
    black_box(target.encoded(&mut black_box([0; 64])).is_ok());
    for (name, value) in head.fields().iter() {
        black_box((name.as_str(), value.as_bytes(), value.as_str().is_ok()));
    }
    if let Err(error) = head.fields().only(black_box(FieldName::EXPECT)) {
        black_box(write!(Sink, "{error} {error:?}").is_ok());
    }
    black_box(write!(Sink, "{head:?} {:?} {:?}", head.fields(), head.parts()).is_ok());
    black_box(head.fields().all(black_box(FieldName::CONNECTION)).count());
    black_box(write!(Sink, "{}", head.dump()).is_ok());
    let parts = head.parts();
    black_box(parts.over(black_box(received), &spans).target().path());
    Ok(())
}

#[inline(never)]
fn response(received: &[u8]) -> Result<(), ParseError> {
    let mut spans = FieldSpans::<16>::new();
    if let Parsed::Complete { message: head, .. } = ResponseHead::parse(received, spans.lend())? {
        black_box((head.status().code(), head.reason(), head.version(), head.fields().len()));
        black_box(write!(Sink, "{} {} {head:?}", head.dump(), head.status()).is_ok());
        black_box(head.framing(black_box(Method::GET))? == Framing::Chunked);
        let parts = head.parts();
        black_box(parts.over(black_box(received), &spans).reason());
    }
    Ok(())
}

#[inline(never)]
fn values(received: &[u8]) -> Result<(), WriteError> {
    let text = core::str::from_utf8(received).unwrap_or_default();
    black_box((Method::new(text)?, Target::new(text)?, FieldName::new(text)?, FieldValue::new(text)?));
    black_box(Status::new(black_box(200))?.reason());
    Ok(())
}

#[inline(never)]
fn written(received: &[u8]) -> Result<(), WriteError> {
    let (mut out, mut writer) = (WireBuf::<256>::new(), MessageWriter::new());
    let value = FieldValue::new(received)?;
    let method = black_box(Method::PUT);
    writer.request(method, black_box(Target::ROOT), &mut out)?.field(FieldName::HOST, value)?.body(received)?;
    out.clear();
    let head = writer.request(method, black_box(Target::ASTERISK), &mut out)?.field(FieldName::HOST, value)?;
    head.version(Version::Http10).without_body()?;
    black_box(out.as_bytes());
    let reply_to = ReplyTo::new(method, black_box(Version::Http10));
    let head = || black_box(Status::new(black_box(200)));
    writer.response(reply_to, head()?, &mut out)?.field(black_box(FieldName::UPGRADE), value)?.length(black_box(7))?;
    writer.send_data(received, &mut out)?;
    black_box(writer.frame_data(received, &mut out)?);
    writer.end_body(&[(FieldName::CONNECTION, value)], &mut out)?;
    writer.response(reply_to, head()?, &mut out)?.until_close()?;
    writer.response(reply_to, head()?, &mut out)?.body_until_close(received)?;
    black_box(out.as_bytes());
    Ok(())
}

#[inline(never)]
fn body(received: &[u8]) -> Result<(), ParseError> {
    let mut decoder = BodyDecoder::new(black_box(Framing::Chunked), &black_box(Limits::DEFAULT));
    let mut rest = received;
    while !rest.is_empty() {
        let content = decoder.clone().content(rest)?;
        black_box(content);
        let (used, part) = decoder.decode(rest)?;
        if let BodyPart::Chunk { extensions, .. } = &part {
            for one in extensions.iter() {
                black_box((one.name(), one.value().map(Iterator::count)));
            }
        }
        black_box(write!(Sink, "{part:?}").is_ok());
        rest = rest.get(used..).unwrap_or(&[]);
    }
    decoder.end_of_input()
}

/// A server's connection, as a device would run it.
#[inline(never)]
fn served(received: &[u8]) -> Result<(), WriteError> {
    let mut connection = ServerConnection::new(black_box(Limits::DEFAULT));
    let (mut buffer, mut spans, mut out) = (RecvBuf::<512>::new(), FieldSpans::<16>::new(), WireBuf::<256>::new());
    loop {
        let fill = |room: &mut [u8]| {
            room.iter_mut().zip(received).for_each(|(to, from)| *to = *from);
            Ok::<_, ()>(black_box(received.len()))
        };
        black_box(buffer.fill_from(fill).is_ok());
        match connection.state() {
            ServerState::Refusal => connection.reject(black_box(Status::OK), &mut out)?.without_body()?,
            ServerState::Close | ServerState::Handover => return Ok(()),
            ServerState::Next => drop(black_box(connection.next_request())),
            _ => {}
        }
        let parts = match connection.receive(buffer.bytes(), spans.lend()) {
            Ok((used, Event::Head(head))) => (used, Some(head.parts())),
            Ok((used, event)) => {
                black_box(write!(Sink, "{event:?}").is_ok());
                (used, None)
            }
            Err(error) => {
                connection.reject(error.status(), &mut out)?.body(error.hint().as_bytes())?;
                (0, None)
            }
        };
        if let (used, Some(parts)) = parts {
            let (octets, mut rest) = buffer.pin(used);
            let head = parts.over(octets, &spans);
            black_box((connection.receive_body(rest.bytes()).is_ok(), connection.expects_continue(), connection.fault()));
            black_box((head.persists(), head.expects_continue(), head.offers_upgrade()));
            let (mut receiving, mut sending) = connection.split();
            let (used, event) = receiving.receive_body::<RequestHead<'_>>(rest.bytes()).unwrap_or((0, Event::Closed));
            black_box(write!(Sink, "{event:?}").is_ok());
            rest.consume(used);
            black_box(rest.fill_from(fill).is_ok());
            let writer = sending.respond(black_box(Status::OK), &mut out)?.reason(black_box(FieldValue::from_static("x")))?;
            writer.fields(&[(FieldName::HOST, black_box(FieldValue::from_static("x")))])?.chunked()?;
            sending.send_data(head.target().as_bytes(), &mut out)?;
            black_box(sending.frame_data(received, &mut out)?);
            sending.end_body(&[], &mut out)?;
            sending.respond_while_receiving(black_box(Status::OK), &mut out)?.chunked()?;
            connection.respond_while_receiving(black_box(Status::OK), &mut out)?.chunked()?;
            black_box((connection.may_discard_body(), connection.is_body_owed(), connection.discard_body(received)));
            buffer.unpin();
        } else {
            buffer.consume(parts.0);
        }
        if buffer.is_full() {
            black_box(connection.overflow());
        }
        connection.close_after_answer();
        black_box(connection.closes_after_answer());
        black_box(connection.peer_closed().is_ok());
        black_box(out.as_bytes());
        out.clear();
    }
}

#[inline(never)]
fn asked(received: &[u8]) -> Result<(), WriteError> {
    let mut connection = ClientConnection::new(black_box(Limits::DEFAULT));
    let (mut spans, mut out) = (FieldSpans::<16>::new(), WireBuf::<256>::new());
    let mut octets = [0u8; 512];
    octets.iter_mut().zip(received).for_each(|(to, from)| *to = *from);
    let head = connection.request(black_box(Method::PUT), black_box(Target::ROOT), &mut out)?;
    head.field(FieldName::HOST, FieldValue::new(received)?)?.chunked()?;
    connection.send_data(received, &mut out)?;
    connection.end_body(&[], &mut out)?;
    while let Ok((used, event)) = connection.receive(black_box(&mut octets), spans.lend()) {
        black_box(write!(Sink, "{event:?} {used}").is_ok());
        black_box(connection.receive_body(received).is_ok());
        if connection.next_request() == ClientState::Close {
            break;
        }
    }
    black_box(connection.overflow());
    black_box(connection.peer_closed().is_ok());
    black_box(out.as_bytes());
    Ok(())
}

#[inline(never)]
fn datagrams(received: &[u8]) -> Result<(), ParseError> {
    let (mut spans, mut out) = (FieldSpans::<16>::new(), WireBuf::<256>::new());
    black_box(datagram::write_request(&mut out, black_box(Method::GET), black_box(Target::ASTERISK)).is_ok());
    black_box(datagram::write_response(&mut out, black_box(ReplyTo::UNREAD), black_box(Status::OK)).is_ok());
    black_box(datagram::request(received, spans.lend())?.1);
    black_box(datagram::response(received, black_box(Method::GET), spans.lend())?.1);
    Ok(())
}

/// A transport of which the optimizer does not know what it does.
struct Line<'r>(&'r [u8]);

impl embedded_io::ErrorType for Line<'_> {
    type Error = Infallible;
}

impl Read for Line<'_> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Infallible> {
        room.iter_mut().zip(self.0).for_each(|(to, from)| *to = *from);
        Ok(black_box(room.len()))
    }
}

impl embedded_io::Write for Line<'_> {
    fn write(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        Ok(black_box(octets).len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A connection over embedded-io. (Its asynchronous twin is the same text; a future has panic paths of the compiler's, for whoever polls it
/// once more when it is done.)
#[inline(never)]
fn streamed(received: &[u8]) -> Result<(), StreamError<Infallible>> {
    let mut stream = ServerStream::<_, 16, 512, 256>::new(Line(received), black_box(Limits::DEFAULT));
    while let Some(mut exchange) = stream.next_request()? {
        let mut piece = [0; 64];
        let count = exchange.read(&mut piece)?;
        if black_box(exchange.head().target().path().is_empty()) {
            exchange.respond(black_box(Status::OK), &[], received)?;
        } else {
            match black_box(count) {
                0 => exchange.begin(black_box(Status::OK), &[])?,
                _ => exchange.begin_while_reading(black_box(Status::OK), &[])?,
            }
            black_box(embedded_io::Write::write(&mut exchange, piece.get(..count).unwrap_or(&[]))?);
            embedded_io::Write::flush(&mut exchange)?;
            exchange.finish()?;
        }
    }
    Ok(())
}
