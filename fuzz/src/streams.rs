//! Properties of several streams of messages and the buffers that they are written to.

use arbitrary::Arbitrary;
use bareline_core::body::{BodyDecoder, BodyPart, Decoded, Framing};
use bareline_core::error::WriteError;
use bareline_core::head::{Limits, Parsed};
use bareline_core::write::{MessageWriter, RequestContext};
use bareline_core::{
    FieldName, FieldSpans, FieldValue, Method, ResponseHead, Status, Version, WireBuf,
};
use std::fmt;

/// A call on one of two streams, with one of two buffers.
#[derive(Clone, Copy, Arbitrary)]
pub struct StreamCall {
    /// `true` for the second stream.
    pub stream: bool,
    /// `true` for the second buffer.
    pub buffer: bool,
    /// The call.
    pub step: StreamStep,
}

impl fmt::Debug for StreamCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |is_second| if is_second { "second" } else { "first" };
        let (stream, buffer) = (name(self.stream), name(self.buffer));
        write!(f, "{stream} stream, {buffer} buffer: {:?}", self.step)
    }
}

/// A call on a stream and a buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum StreamStep {
    /// Writes the head of a response to a request with this method.
    Head(HeadOf, HeadEnd),
    /// Writes octets of a body.
    Data(Content),
    /// Frames octets of a body, which the caller sends after the buffer.
    Frame(Content),
    /// Ends a body.
    End,
    /// Sends and clears the buffer.
    Clear,
}

/// The request that a response responds to.
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

/// The call that ends a head.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum HeadEnd {
    /// `without_body`, with status 100
    Interim,
    /// `without_body`
    Empty,
    /// `body`
    Whole(Content),
    /// `length` of these octets
    Length(Content),
    /// `chunked`
    Chunked,
    /// `until_close`
    UntilClose,
}

/// Octets of a body, some of which look like other parts of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum Content {
    /// No octets.
    None,
    /// Two octets.
    Short,
    /// The octets of a head.
    AHead,
    /// The octets that end a chunked body.
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

/// A stream, and the number of pieces of its messages that have been written.
#[derive(Default)]
struct Stream {
    writer: MessageWriter,
    pieces: usize,
}

/// A buffer, and the pieces that have been written to it since it was empty.
#[derive(Default)]
struct Buffer {
    out: WireBuf<512>,
    /// The requests whose responses begin in the buffer; `None` if another piece came first.
    heads: Option<Vec<Method<'static>>>,
    /// The stream of the last piece, and the number of that piece.
    last: (bool, usize),
    /// `true` if the caller has octets to send after the buffer.
    is_framed: bool,
}

/// Checks that streams share buffers correctly, for any calls on two streams with two buffers.
///
/// - A buffer holds exactly the heads that were written to it, each after the end of the previous
///   message.
/// - A piece of a body follows the previous piece, or is in an empty buffer.
/// - Nothing is written to a buffer after which octets are to be sent.
pub fn any_streams_share_their_buffers(calls: &[StreamCall]) {
    let (mut first_stream, mut second_stream) = (Stream::default(), Stream::default());
    let (mut first, mut second) = (Buffer::default(), Buffer::default());
    for call in calls {
        let stream = if call.stream { &mut second_stream } else { &mut first_stream };
        let buffer = if call.buffer { &mut second } else { &mut first };
        let before = buffer.out.as_bytes().to_vec();
        let is_body = !matches!(call.step, StreamStep::Head(..));
        let framed = match call.step {
            StreamStep::Head(of, end) => {
                write(&mut stream.writer, of, end, &mut buffer.out).map(|method| {
                    if before.is_empty() {
                        buffer.heads = Some(Vec::new());
                    }
                    buffer.heads.iter_mut().for_each(|heads| heads.push(method));
                    &b""[..]
                })
            }
            StreamStep::Data(content) => {
                stream.writer.send_data(content.octets(), &mut buffer.out).map(|()| &b""[..])
            }
            StreamStep::End => stream.writer.end_body(&[], &mut buffer.out).map(|()| &b""[..]),
            StreamStep::Frame(content) => {
                stream.writer.frame_data(content.octets(), &mut buffer.out)
            }
            StreamStep::Clear => {
                *buffer = Buffer::default();
                continue;
            }
        };
        let (octets, shown) =
            (buffer.out.as_bytes(), || format!("{call:?} behind {}", before.escape_ascii()));
        let Ok(framed) = framed else {
            assert_eq!(octets, before, "{call:?} failed and left octets behind");
            continue;
        };
        if octets == before && framed.is_empty() {
            continue;
        }
        assert!(!buffer.is_framed, "overtakes octets that are not sent: {}", shown());
        let is_next = before.is_empty() || buffer.last == (call.stream, stream.pieces);
        assert!(!is_body || is_next, "not behind its own last octets: {}", shown());
        stream.pieces += 1;
        (buffer.last, buffer.is_framed) = ((call.stream, stream.pieces), !framed.is_empty());
        check(buffer, framed);
    }
}

fn write(
    stream: &mut MessageWriter,
    of: HeadOf,
    end: HeadEnd,
    out: &mut WireBuf<512>,
) -> Result<Method<'static>, WriteError> {
    let method = match of {
        HeadOf::Get | HeadOf::GetAndClose => Method::GET,
        HeadOf::Head => Method::HEAD,
        HeadOf::Connect => Method::CONNECT,
    };
    let status = if end == HeadEnd::Interim { Status::CONTINUE } else { Status::OK };
    let mut head = stream.response(RequestContext::new(method, Version::Http11), status, out)?;
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

/// Reads a buffer that begins with a head, and the octets that its caller sends after it.
fn check(buffer: &Buffer, behind: &[u8]) {
    let Some(methods) = &buffer.heads else { return };
    let octets = [buffer.out.as_bytes(), behind].concat();
    let shown = || octets.escape_ascii().to_string();
    let (mut rest, mut spans) = (&octets[..], FieldSpans::<4>::new());
    for (at, method) in methods.iter().enumerate() {
        let parsed = ResponseHead::parse(rest, spans.lend());
        let Ok(Parsed::Complete { message: head, len }) = parsed else {
            panic!("head {at} in {}: {parsed:?}", shown())
        };
        let framing = head.framing(*method).expect("a framing of our own");
        let is_last =
            framing == Framing::Tunnel || !(head.persists() || head.status().is_informational());
        rest = rest.get(len..).unwrap_or_default();
        let mut decoder = BodyDecoder::new(framing, &Limits::new());
        let is_whole = framing == Framing::Tunnel
            || loop {
                let Decoded { used, part } = decoder.decode(rest).expect("a body of our own");
                rest = rest.get(used..).unwrap_or_default();
                match part {
                    BodyPart::End => break true,
                    BodyPart::NeedMore => break false,
                    BodyPart::Data(_) | BodyPart::Chunk { .. } | BodyPart::Trailer { .. } => {}
                }
            };
        let is_followed = at + 1 < methods.len();
        assert!(
            !is_followed || (is_whole && !is_last),
            "a head stands in a body or behind the last one: {}",
            shown()
        );
    }
    assert!(rest.is_empty(), "octets that belong to no message: {}", shown());
}
