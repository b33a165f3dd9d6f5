//! Several streams of messages, and the buffers that they are written to.

use arbitrary::Arbitrary;
use bareline_core::{
    BodyDecoder, BodyPart, FieldName, FieldSpans, FieldValue, Framing, Limits, MessageWriter, Method, Parsed, ReplyTo,
    ResponseHead, Status, Version, WireBuf, WriteError,
};

/// A call on one of two streams, with one of two buffers.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub struct StreamCall {
    /// The second stream, not the first.
    pub stream: bool,
    /// The second buffer, not the first.
    pub buffer: bool,
    /// What is done.
    pub step: StreamStep,
}

/// What is done with a stream and a buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum StreamStep {
    /// Writes the head of a response to a request with this method.
    Head(HeadOf, HeadEnd),
    /// Writes octets of a body.
    Data(Content),
    /// Frames octets of a body, and sends the buffer and them.
    Frame(Content),
    /// Ends a body.
    End,
    /// Sends the buffer.
    Clear,
}

/// The request that a response answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum HeadOf {
    /// GET
    Get,
    /// GET, and the response says `Connection: close`.
    GetAndClose,
    /// HEAD
    Head,
    /// CONNECT
    Connect,
}

/// How a head ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum HeadEnd {
    /// `without_body`, with status 100
    Interim,
    /// `without_body`
    Empty,
    /// `body`
    Whole(Content),
    /// `length`, of these octets
    Length(Content),
    /// `chunked`
    Chunked,
    /// `until_close`
    UntilClose,
}

/// Octets of a body: some that a reader takes for a head where it looks for one, for example.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum Content {
    /// None.
    None,
    /// Two octets.
    Short,
    /// A head.
    AHead,
    /// What ends a chunked body.
    LastChunk,
}

impl Content {
    fn octets(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::Short => b"hi",
            Self::AHead => b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            Self::LastChunk => b"\r\n0\r\n\r\n",
        }
    }
}

/// A buffer, and what has been written to it since it was empty.
#[derive(Default)]
struct Buffer {
    out: WireBuf<512>,
    /// The requests whose responses have begun there, unless something else came first.
    heads: Option<Vec<Method<'static>>>,
}

impl Buffer {
    fn clear(&mut self) {
        self.out.clear();
        self.heads = None;
    }
}

/// Whatever is called on two streams with two buffers: a buffer's octets hold the heads that were
/// written to it and no others, each behind the end of the message before.
pub fn any_streams_share_their_buffers(calls: &[StreamCall]) {
    let (mut first_stream, mut second_stream) = (MessageWriter::new(), MessageWriter::new());
    let (mut first, mut second) = (Buffer::default(), Buffer::default());
    for call in calls {
        let stream = if call.stream { &mut second_stream } else { &mut first_stream };
        let buffer = if call.buffer { &mut second } else { &mut first };
        let is_empty = buffer.out.as_bytes().is_empty();
        let before = buffer.out.as_bytes().to_vec();
        let done = match call.step {
            StreamStep::Head(of, end) => match write(stream, of, end, &mut buffer.out) {
                Ok(method) => {
                    if is_empty {
                        buffer.heads = Some(Vec::new());
                    }
                    buffer.heads.iter_mut().for_each(|heads| heads.push(method));
                    Ok(())
                }
                Err(error) => Err(error),
            },
            StreamStep::Data(content) => stream.send_data(content.octets(), &mut buffer.out),
            StreamStep::End => stream.end_body(&[], &mut buffer.out),
            StreamStep::Frame(content) => stream.frame_data(content.octets(), &mut buffer.out).map(|framed| {
                if !framed.is_empty() {
                    check(buffer, framed);
                    buffer.clear();
                }
            }),
            StreamStep::Clear => {
                buffer.clear();
                Ok(())
            }
        };
        if done.is_err() {
            assert_eq!(buffer.out.as_bytes(), before, "{call:?} failed and left octets behind");
        }
        check(buffer, b"");
    }
}

fn write(stream: &mut MessageWriter, of: HeadOf, end: HeadEnd, out: &mut WireBuf<512>) -> Result<Method<'static>, WriteError> {
    let method = match of {
        HeadOf::Get | HeadOf::GetAndClose => Method::GET,
        HeadOf::Head => Method::HEAD,
        HeadOf::Connect => Method::CONNECT,
    };
    let status = if end == HeadEnd::Interim { Status::CONTINUE } else { Status::OK };
    let mut head = stream.response(ReplyTo::new(method, Version::Http11), status, out)?;
    if of == HeadOf::GetAndClose {
        head = head.field(FieldName::CONNECTION, FieldValue::from_static("close"))?;
    }
    match end {
        HeadEnd::Interim | HeadEnd::Empty => head.without_body()?,
        HeadEnd::Whole(content) => head.body(content.octets())?,
        HeadEnd::Length(content) => head.length(content.octets().len() as u64)?,
        HeadEnd::Chunked => head.chunked()?,
        HeadEnd::UntilClose => head.until_close()?,
    }
    Ok(method)
}

/// Reads a buffer that begins with a head, and the octets that its caller sends behind it.
fn check(buffer: &Buffer, behind: &[u8]) {
    let Some(methods) = &buffer.heads else { return };
    let octets = [buffer.out.as_bytes(), behind].concat();
    let shown = || octets.escape_ascii().to_string();
    let (mut rest, mut spans) = (&octets[..], FieldSpans::<4>::new());
    for (at, method) in methods.iter().enumerate() {
        let parsed = ResponseHead::parse(rest, spans.lend());
        let Ok(Parsed::Complete { message: head, len }) = parsed else { panic!("head {at} in {}: {parsed:?}", shown()) };
        let framing = head.framing(*method).expect("a framing of our own");
        let is_last = framing == Framing::Tunnel || !(head.persists() || head.status().is_informational());
        rest = rest.get(len..).unwrap_or_default();
        let mut decoder = BodyDecoder::new(framing, &Limits::DEFAULT);
        let is_whole = framing == Framing::Tunnel
            || loop {
                let (used, part) = decoder.decode(rest).expect("a body of our own");
                rest = rest.get(used..).unwrap_or_default();
                match part {
                    BodyPart::End => break true,
                    BodyPart::NeedMore => break false,
                    BodyPart::Data(_) | BodyPart::Chunk { .. } | BodyPart::Trailer { .. } => {}
                }
            };
        let is_followed = at + 1 < methods.len();
        assert!(!is_followed || (is_whole && !is_last), "a head stands in a body or behind the last one: {}", shown());
    }
    assert!(rest.is_empty(), "octets that belong to no message: {}", shown());
}
