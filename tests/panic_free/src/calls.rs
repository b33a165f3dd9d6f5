//! Calls of all functions of bareline-core that a firmware may call.

use bareline_core::body::{
    BodyDecoder, BodyPart, ChunkExtension, ChunkExtensions, ChunkExtensionsIter, Decoded, Framing,
};
use bareline_core::connection::{
    ClientEvent, ClientSendHalf, ClientState, Received, RecvBuf, RecvHalf, RecvView,
    RequestHeadWriter, ResponseHeadWriter, ServerEvent, ServerSendHalf, ServerState,
};
use bareline_core::embedded_io_07::{
    ClientStream, Exchange, RequestWriter, Response, ServerStream, StreamError, StreamMemory,
    Upgraded,
};
use bareline_core::error::{InvalidValue, ParseError, ParseErrorKind, WriteError};
use bareline_core::head::{
    Fields, FieldsIter, FieldsNamed, LentSpans, Limits, OwnedRequestHead, OwnedResponseHead,
    Parsed, RepeatedField,
};
use bareline_core::hint::{Hint, OtherProtocol};
use bareline_core::value::{Dump, FormPairs, FormText, TargetForm, dump};
use bareline_core::write::{Detached, HeadWriter, MessageWriter, RequestContext, WireView};
use bareline_core::{
    ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method, RequestHead, ResponseHead,
    ServerConnection, Status, Target, Version, WireBuf, datagram,
};
use core::convert::Infallible;
use core::fmt::{self, Write};
use core::hash::{Hash, Hasher};
use core::hint::black_box;
use core::str::FromStr;
use embedded_io::{Error, Read};

/// A writer that the optimizer knows nothing about.
struct Sink;

impl Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        black_box(text);
        Ok(())
    }
}

/// Links `{:?}` or `{}` of any value of these types.
macro_rules! formatted {
    ($pattern:literal: $($type:ty,)*) => {$({
        fn format(value: &$type) {
            black_box(write!(Sink, $pattern, value).is_ok());
        }
        // The address escapes: any code may call the function, with any value.
        black_box(format as fn(&$type));
    })*};
}

/// Calls every method of a head on this sink. The optimizer cannot know which one ends the head.
macro_rules! head {
    ($head:expr, $octets:expr $(, $way:literal => $end:ident($($argument:expr)?))*) => {{
        let (head, value) = ($head.version(black_box(Version::Http10)), FieldValue::new($octets)?);
        let head = head
            .field(black_box(FieldName::HOST), value)?
            .fields(black_box(&[(FieldName::UPGRADE, value)]))?;
        match black_box(0) {
            $($way => head.$end($($argument)?)?,)*
            1 => head.body($octets)?,
            _ => head.without_body()?,
        }
    }};
}

/// Calls the methods of a request's head that a datagram does not have, too.
macro_rules! request_head {
    ($head:expr, $octets:expr) => {
        head!($head, $octets, 2 => length(black_box(7)), 3 => chunked())
    };
}

/// Calls the methods of a response's head that a datagram does not have, too.
macro_rules! response_head {
    ($head:expr, $octets:expr) => {
        head!(
            $head.reason(FieldValue::new($octets)?)?, $octets,
            2 => length(black_box(7)), 3 => chunked(), 4 => until_close(),
            5 => body_until_close($octets)
        )
    };
}

/// Calls every public function on these octets; `uncalled` finds missing ones.
///
/// Derived functions (`Clone`, `PartialEq`, `Eq`, `Hash` and their like) are left out: they cannot
/// panic.
pub fn all(received: &[u8]) {
    formatted_values();
    if let Err(error) = request(received) {
        black_box(StreamError::<Infallible>::from(error));
        black_box((error.kind(), error.offset(), error.len(), error.status(), error.hint()));
        black_box((
            error.kind().section(),
            error.kind().status(),
            error.kind().hint(),
            error.offset_by(received.len()),
        ));
        black_box((error.hint_in(received), error.other_protocol(received)));
    }
    black_box(OtherProtocol::of(received));
    forms(received);
    black_box(response(received).is_ok());
    black_box(values(received).is_ok());
    conversions(received);
    black_box(written(received).is_ok());
    black_box(dump(received).on_one_line());
    black_box(body(received).is_ok());
    black_box(served(received).is_ok());
    black_box(asked(received).is_ok());
    black_box(datagrams(received).is_ok());
    black_box(streamed(received).is_ok());
}

#[inline(never)]
fn forms(received: &[u8]) {
    for (name, value) in FormPairs::new(received) {
        black_box((name == "name", value == *"value"));
        black_box(value.decode(black_box(&mut [0; 8])).is_some());
        value.octets().for_each(|octet| _ = black_box(octet));
    }
}

fn formatted_values() {
    formatted!("{:?}":
        ResponseHeadWriter<'_>, BodyDecoder, BodyPart<'_>, ChunkExtension<'_>, ChunkExtensions<'_>,
        ChunkExtensionsIter<'_>, Decoded<'_>, FieldsIter<'_>, InvalidValue,
        Received<'_, RequestHead<'_>>,
        ClientConnection, ClientEvent<'_>, ClientSendHalf<'_>, ClientState, Detached<'_>, Dump<'_>,
        ParseErrorKind, Exchange<'_, '_, Line<'_>>, FieldName<'_>, FieldSpans<16>,
        FieldValue<'_>, Fields<'_>, FieldsNamed<'_, '_>, FormPairs<'_>, FormText<'_>, Framing,
        HeadWriter<'_>, Hint<'_>,
        LentSpans<'_>, Limits, MessageWriter, Method<'_>, OtherProtocol, ParseError,
        Parsed<RequestHead<'_>>, RecvHalf<'_>, RecvBuf<512>, RecvView, RepeatedField,
        RequestContext, RequestHeadWriter<'_>,
        RequestHead<'_>, ResponseHead<'_>, OwnedRequestHead<[u8; 64], 4>,
        OwnedResponseHead<[u8; 64], 4>, ServerConnection,
        ServerEvent<'_>, ServerSendHalf<'_>, ServerState, ServerStream<'_, Line<'_>>,
        Status, StreamError<Infallible>, Target<'_>, TargetForm, Version, WireBuf<256>, WireView,
        WriteError, StreamMemory<16, 512, 256>, Upgraded<'_, Line<'_>>,
        ClientStream<'_, Line<'_>>, RequestWriter<'_, '_, Line<'_>>,
        Response<'_, '_, Line<'_>>, datagram::Whole,
    );
    formatted!("{}":
        Dump<'_>, ParseErrorKind, FieldName<'_>, FieldValue<'_>, Hint<'_>, InvalidValue, Method<'_>,
        OtherProtocol, ParseError, RepeatedField, Status, StreamError<Infallible>, Target<'_>,
        Version, WriteError,
    );
}

#[inline(never)]
fn request(received: &[u8]) -> Result<(), ParseError> {
    let mut spans = FieldSpans::<16>::new();
    let [limit, length] = black_box([64, 1024]);
    let _ = black_box(Limits::default());
    let limits = Limits::new().method(limit).target(length).head(length).trailers(limit);
    let limits = limits.chunk_line(limit).chunk_extensions(length).body(u64::from(length));
    let limits = black_box(limits.drain(u32::from(length)).interim(limit));
    black_box(RequestHead::parse(received, spans.lend()).is_ok());
    let parsed = RequestHead::parse_within(received, spans.lend(), &limits)?;
    black_box(parsed.map(|head| head.as_bytes()));
    let Parsed::Complete { message: head, len } = parsed else { return Ok(()) };
    black_box((head.method().as_str(), head.version(), head.framing(), head.as_bytes(), len));
    let target = head.target();
    black_box((
        target.as_str(),
        target.form(),
        target.path(),
        target.path_as_bytes(),
        target.query(),
        target.query_pairs().next(),
        target.has_path(black_box("/led")),
        target.authority(),
    ));
    black_box(target.encoded(&mut black_box([0; 64])).is_ok());
    for (name, value) in head.fields().iter() {
        black_box((name.as_str(), name.as_bytes(), name == black_box(FieldName::HOST)));
        black_box((value.as_bytes(), value.as_str().is_ok()));
    }
    black_box((head.fields().only(black_box(FieldName::EXPECT)).is_ok(), head.fields().is_empty()));
    let mut named = head.fields().all(black_box(FieldName::CONNECTION));
    black_box((named.size_hint(), named.next(), head.fields().get(black_box(FieldName::TE))));
    let mut fields = head.fields().into_iter();
    black_box((fields.next_back(), fields.size_hint()));
    black_box((head.dump(), head.context()));
    let owned = head.to_owned_in::<_, 4>(black_box([0; 64]));
    black_box(owned.as_ref().map(|owned| owned.head().target().path()));
    black_box(owned.map(|mut owned| (owned.replace(&head), owned.capacity())));
    Ok(())
}

#[inline(never)]
fn response(received: &[u8]) -> Result<(), ParseError> {
    let mut spans = FieldSpans::<16>::new();
    black_box(
        ResponseHead::parse_within(received, spans.lend(), &black_box(Limits::new())).is_ok(),
    );
    if let Parsed::Complete { message: head, .. } = ResponseHead::parse(received, spans.lend())? {
        black_box((head.status().code(), head.reason(), head.version(), head.fields().len()));
        black_box((
            head.status().is_informational(),
            head.status().is_successful(),
            head.status().is_redirection(),
        ));
        black_box((head.status().is_client_error(), head.status().is_server_error()));
        black_box((head.as_bytes(), head.persists(), head.dump()));
        black_box(head.framing(black_box(Method::GET))? == Framing::Chunked);
        let owned = head.to_owned_in::<_, 4>(black_box([0; 64]));
        black_box(owned.as_ref().map(|owned| owned.head().reason()));
    }
    Ok(())
}

/// Converts these octets to each value, and compares it.
fn conversions(received: &[u8]) {
    let text = core::str::from_utf8(received).unwrap_or_default();
    macro_rules! compared {
        ($($value:ident)*) => {$(
            black_box($value::try_from(text).is_ok());
            if let Ok(value) = $value::try_from(received) {
                black_box((value == *text, value == text, AsRef::<[u8]>::as_ref(&value).len()));
            }
        )*};
    }
    compared!(FieldName FieldValue Method Target);
    macro_rules! shown {
        ($($value:ident)*) => {$(
            if let Ok(value) = $value::try_from(received) {
                black_box(AsRef::<str>::as_ref(&value).len());
            }
        )*};
    }
    shown!(FieldName Method Target);
    let name = black_box(FieldName::HOST);
    black_box((name.cmp(&FieldName::VIA), name.partial_cmp(&FieldName::VIA)));
    name.hash(&mut Fnv(0));
    let code = black_box(7);
    black_box((Status::try_from(text).is_ok(), Status::try_from(received).is_ok()));
    black_box((Status::try_from(code).is_ok(), Status::from_str(text).is_ok()));
    black_box((black_box(Status::OK) == code, u16::from(black_box(Status::OK))));
    black_box((Version::try_from(text).is_ok(), Version::try_from(received).is_ok()));
    black_box(Version::from_str(text).is_ok());
    if let Err(error) = Status::try_from(text) {
        black_box((error.offset(), WriteError::from(error)));
        black_box(StreamError::<Infallible>::from(error));
    }
}

/// A hasher without a panic path.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = (self.0 ^ u64::from(*octet)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

#[inline(never)]
fn values(received: &[u8]) -> Result<(), WriteError> {
    let text = core::str::from_utf8(received).unwrap_or_default();
    black_box((
        Method::new(text)?,
        Target::new(text)?,
        FieldName::new(text)?,
        FieldValue::new(text)?,
    ));
    black_box((Method::new(text)?.as_bytes(), black_box(FieldName::from_static("x"))));
    black_box(Status::new(black_box(200))?.reason());
    Ok(())
}

#[inline(never)]
fn written(received: &[u8]) -> Result<(), WriteError> {
    let (mut out, mut writer) = black_box((WireBuf::<256>::default(), MessageWriter::default()));
    black_box(MessageWriter::new());
    let value = FieldValue::new(received)?;
    let method = black_box(Method::PUT);
    request_head!(writer.request(method, black_box(Target::ROOT), &mut out)?, received);
    out.clear();
    let context = RequestContext::new(method, black_box(Version::Http10));
    let status = Status::new(black_box(200))?;
    response_head!(writer.response(context, status, &mut out)?, received);
    writer.send_data(received, &mut out)?;
    black_box(writer.frame_data(received, &mut out)?);
    writer.end_body(&[(FieldName::CONNECTION, value)], &mut out)?;
    black_box(out.as_bytes());
    out.clear();
    head!(datagram::write_request(method, black_box(Target::ASTERISK), &mut out)?, received);
    black_box(out.as_bytes());
    out.clear();
    let response = datagram::write_response(black_box(RequestContext::UNREAD), status, &mut out)?;
    head!(response.reason(value)?, received);
    black_box(out.as_bytes());
    Ok(())
}

#[inline(never)]
fn body(received: &[u8]) -> Result<(), ParseError> {
    let mut decoder = BodyDecoder::new(black_box(Framing::Chunked), &black_box(Limits::new()));
    let mut rest = received;
    while !rest.is_empty() {
        black_box(decoder.clone().read(rest, black_box(&mut [0; 8])).is_ok());
        let content = decoder.clone().content(rest)?;
        let _ = black_box(content);
        let Decoded { used, part } = decoder.decode(rest)?;
        if let BodyPart::Chunk { extensions, .. } = &part {
            black_box(extensions.into_iter().next());
            for one in extensions.iter() {
                black_box((one.name(), one.value().map(Iterator::count)));
            }
            black_box(extensions.as_bytes());
        }
        black_box(decoder.is_end());
        black_box(Event::<()>::from(part));
        rest = rest.get(used..).unwrap_or(&[]);
    }
    decoder.on_eof()
}

/// Runs a server's connection, as a device would.
#[inline(never)]
fn served(received: &[u8]) -> Result<(), WriteError> {
    black_box((ServerConnection::new(), ServerConnection::default()));
    let mut connection = ServerConnection::with_limits(black_box(Limits::new()));
    black_box(RecvBuf::<512>::default());
    let (mut buffer, mut spans, mut out) =
        (RecvBuf::<512>::new(), FieldSpans::<16>::new(), WireBuf::<256>::new());
    loop {
        let fill = |room: &mut [u8]| {
            room.iter_mut().zip(received).for_each(|(to, from)| *to = *from);
            Ok::<_, ()>(black_box(received.len()))
        };
        black_box(buffer.fill_from(fill).is_ok());
        black_box(fill(buffer.spare_mut()).is_ok());
        buffer.commit(black_box(received.len()));
        black_box(buffer.filled_mut());
        match connection.state() {
            ServerState::Reject => {
                connection.reject(black_box(Status::OK), &mut out)?.without_body()?
            }
            ServerState::Close | ServerState::Upgraded => return Ok(()),
            _ => {}
        }
        let received_head = match connection.receive(buffer.filled_mut(), spans.lend()) {
            Ok(Received { used, event: Event::Head(head) }) => {
                (used, head.to_owned_in::<_, 4>(black_box([0; 64])))
            }
            Ok(Received { used, event }) => {
                black_box(event);
                (used, None)
            }
            Err(error) => {
                connection.reject(error.status(), &mut out)?.body(error.hint().as_bytes())?;
                (0, None)
            }
        };
        if let (used, Some(owned)) = received_head {
            buffer.pin(used);
            let head = owned.head();
            black_box((
                connection.receive_body(buffer.filled()).is_ok(),
                connection.expects_continue(),
                connection.error(),
            ));
            black_box((head.persists(), head.expects_continue(), head.offers_upgrade()));
            let (mut receiving, mut sending) = connection.split();
            black_box(receiving.read_body(received, black_box(&mut [0; 8])).is_ok());
            let body = receiving.receive_body(buffer.filled());
            let used = body.map_or(0, |received| black_box(received).used);
            buffer.consume(used);
            black_box(buffer.is_full());
            black_box(buffer.fill_from(fill).is_ok());
            let writer = sending
                .respond(black_box(Status::OK), &mut out)?
                .reason(black_box(FieldValue::from_static("x")))?;
            writer
                .fields(&[(FieldName::HOST, black_box(FieldValue::from_static("x")))])?
                .chunked()?;
            sending.send_data(head.target().as_bytes(), &mut out)?;
            black_box(sending.frame_data(received, &mut out)?);
            sending.end_body(&[], &mut out)?;
            sending.respond_while_receiving(black_box(Status::OK), &mut out)?.chunked()?;
            sending.reject(black_box(Status::OK), &mut out)?.chunked()?;
            response_head!(connection.respond(black_box(Status::OK), &mut out)?, received);
            connection.send_data(received, &mut out)?;
            black_box(connection.frame_data(received, &mut out)?);
            connection.end_body(&[], &mut out)?;
            connection.respond_while_receiving(black_box(Status::OK), &mut out)?.chunked()?;
            black_box((
                connection.write_continue(&mut out).is_ok(),
                connection.read_body(received, black_box(&mut [0; 8])).is_ok(),
                connection.may_discard_body(),
                connection.content_ahead(),
                connection.is_body_owed(),
                connection.discard_body(received),
            ));
            black_box(buffer.pinned());
            buffer.unpin();
        } else {
            buffer.consume(received_head.0);
        }
        if buffer.is_full() {
            buffer.clear();
            black_box(connection.on_overflow());
        }
        connection.close_after_response();
        black_box(connection.will_close());
        black_box(connection.on_eof().is_ok());
        black_box(out.as_bytes());
        out.clear();
    }
}

#[inline(never)]
fn asked(received: &[u8]) -> Result<(), WriteError> {
    black_box((ClientConnection::new(), ClientConnection::default()));
    let mut connection = ClientConnection::with_limits(black_box(Limits::new()));
    connection.set_limits(black_box(Limits::new()));
    let (mut spans, mut out) = (FieldSpans::<16>::new(), WireBuf::<256>::new());
    let mut octets = [0u8; 512];
    octets.iter_mut().zip(received).for_each(|(to, from)| *to = *from);
    request_head!(
        connection.request(black_box(Method::PUT), black_box(Target::ROOT), &mut out)?,
        received
    );
    connection.send_data(received, &mut out)?;
    black_box(connection.frame_data(received, &mut out)?);
    connection.end_body(&[], &mut out)?;
    let (receiving, mut sending) = connection.split();
    black_box(receiving);
    sending.send_data(received, &mut out)?;
    black_box(sending.frame_data(received, &mut out)?);
    sending.end_body(&[], &mut out)?;
    black_box(connection.state());
    while let Ok(Received { used, event }) =
        connection.receive(black_box(&mut octets), spans.lend())
    {
        black_box((event, used));
        black_box(connection.receive_body(received).is_ok());
        black_box(connection.read_body(received, black_box(&mut [0; 8])).is_ok());
        black_box((connection.may_discard_body(), connection.discard_body(received)));
        black_box(connection.content_ahead());
        if connection.state() == ClientState::Close {
            black_box(connection.error());
            break;
        }
    }
    black_box(connection.on_overflow());
    black_box(connection.on_eof().is_ok());
    black_box(out.as_bytes());
    Ok(())
}

#[inline(never)]
fn datagrams(received: &[u8]) -> Result<(), ParseError> {
    let mut spans = FieldSpans::<16>::new();
    black_box(datagram::parse_request(received, spans.lend())?.1);
    black_box(datagram::parse_response(received, black_box(Method::GET), spans.lend())?.1);
    Ok(())
}

/// A transport that the optimizer knows nothing about.
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

/// Runs a client's connection over embedded-io.
#[inline(never)]
fn client_streamed(received: &[u8]) -> Result<(), StreamError<Infallible>> {
    let mut memory = StreamMemory::<16, 512, 256>::new();
    black_box(ClientStream::new(Line(received), &mut memory));
    let limits = black_box(Limits::new());
    let mut stream = ClientStream::with_limits(Line(received), &mut memory, limits);
    let (method, fields) = (black_box(Method::PUT), [(FieldName::HOST, FieldValue::new("a")?)]);
    while stream.is_open() {
        let mut writer = match black_box(0) {
            0 => stream.begin(method, Target::ROOT, &fields)?,
            _ => stream.begin_sized(method, Target::ROOT, &fields, black_box(9))?,
        };
        black_box(embedded_io::Write::write(&mut writer, received)?);
        embedded_io::Write::write_all(&mut writer, received)?;
        embedded_io::Write::flush(&mut writer)?;
        let mut response = writer.finish()?;
        black_box(response.read(&mut [0; 64])?);
        let response = stream.request(method, Target::ROOT, &fields, received)?;
        black_box(response.head().status());
    }
    black_box(stream.into_transport().0);
    Ok(())
}

/// Runs a connection over embedded-io.
///
/// Its asynchronous twin is the same text; a future has the compiler's panic paths for a poll after
/// completion.
#[inline(never)]
fn streamed(received: &[u8]) -> Result<(), StreamError<Infallible>> {
    let mut memory = StreamMemory::<16, 512, 256>::new();
    black_box(StreamMemory::<16, 512, 256>::default());
    black_box(ServerStream::new(Line(received), &mut memory));
    let mut stream =
        ServerStream::with_limits(Line(received), &mut memory, black_box(Limits::new()));
    stream.allow_tunnels();
    while let Some(mut exchange) = stream.next_request()? {
        let mut piece = [0; 64];
        let count = exchange.read(&mut piece)?;
        if black_box(exchange.head().target().path().is_empty()) {
            exchange.respond(black_box(Status::OK), &[], received)?;
        } else {
            match black_box(count) {
                0 => exchange.begin(black_box(Status::OK), &[])?,
                1 => exchange.begin_sized(black_box(Status::OK), &[], black_box(9))?,
                2 => {
                    let upgraded = exchange.upgrade(&[])?;
                    black_box((upgraded.received, &mut upgraded.transport.0));
                    continue;
                }
                _ => exchange.begin_while_reading(black_box(Status::OK), &[])?,
            }
            black_box(embedded_io::Write::write(&mut exchange, piece.get(..count).unwrap_or(&[]))?);
            embedded_io::Write::write_all(&mut exchange, received)?;
            embedded_io::Write::flush(&mut exchange)?;
            exchange.finish()?;
        }
    }
    black_box(stream.into_transport().0);
    client_streamed(received)?;
    black_box(Error::kind(&StreamError::<Infallible>::from(black_box(WriteError::BufferFull))));
    Ok(())
}
