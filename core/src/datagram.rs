//! HTTP over UDP, as in SSDP: one message per datagram.
//!
//! ```
//! use bareline_core::{FieldName, FieldSpans, FieldValue, Method, Target, WireBuf, datagram};
//!
//! let mut out = WireBuf::<256>::new();
//! let head = datagram::write_request(Method::new("M-SEARCH")?, Target::ASTERISK, &mut out)?;
//! head.field(FieldName::HOST, FieldValue::new("239.255.255.250:1900")?)?.without_body()?;
//! let mut spans = FieldSpans::<8>::new();
//! let (head, body) = datagram::parse_request(out.as_bytes(), spans.lend())?;
//! assert_eq!((head.target().as_str(), body), ("*", &b""[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::error::{ParseError, ParseErrorKind, WriteError};
use crate::framing::Framing;
use crate::head::{Facts, LentSpans, Limits, Parsed, RequestHead, RequestProgress, ResponseHead};
use crate::octets::empty_lines_end;
use crate::value::{AllowedForms, Medium, Method, Status, Target, Version};
use crate::write::{
    HeadWriter, HeadWritten, Message, Request, RequestContext, Response, Sink, WireView,
};
use core::marker::PhantomData;

/// Parses a datagram as one request, and returns its head and body.
///
/// `M-SEARCH` and `NOTIFY` may have the target `*`, as OPTIONS does. A datagram holds a complete
/// message:
///
/// - A datagram without octets is [`ParseErrorKind::EmptyDatagram`].
/// - A head without the empty line after it is [`ParseErrorKind::HeadNotEnded`].
/// - A body that is shorter than its length is [`ParseErrorKind::Truncated`].
/// - Octets after the message are [`ParseErrorKind::Surplus`].
/// - A chunked message is [`ParseErrorKind::UnsupportedCoding`].
///
/// Skips any number of empty lines before the request, and after a request without content [RFC
/// 9112 section 2.2].
pub fn parse_request<'b>(
    octets: &'b [u8],
    spans: LentSpans<'b>,
) -> Result<(RequestHead<'b>, &'b [u8]), ParseError> {
    let (mut progress, mut facts) = (RequestProgress::new(), Facts::new());
    let limits = const { &Limits::new() };
    match RequestHead::resume(&mut progress, &mut facts, octets, spans, limits, Medium::Datagram)? {
        Parsed::Incomplete => Err(not_ended(octets)),
        Parsed::Complete { message: head, len } => {
            let start = match head.framing() {
                Framing::None | Framing::Length(0) => empty_lines_end(octets, len),
                _ => len,
            };
            Ok((head, body(octets, start, head.framing())?))
        }
    }
}

/// Parses a datagram as one response to a request with `method`, and returns its head and body.
///
/// Without a length, the body is the rest of the datagram. No empty lines are skipped.
///
/// Fails as [`parse_request`] does for a datagram that holds no complete message or more than one.
pub fn parse_response<'b>(
    octets: &'b [u8],
    method: Method<'_>,
    spans: LentSpans<'b>,
) -> Result<(ResponseHead<'b>, &'b [u8]), ParseError> {
    match ResponseHead::parse(octets, spans)? {
        Parsed::Incomplete => Err(not_ended(octets)),
        Parsed::Complete { message: head, len } => {
            Ok((head, body(octets, len, head.framing(method)?)?))
        }
    }
}

/// Begins a request in a datagram. `M-SEARCH` and `NOTIFY` may have the target `*`.
///
/// Fails with [`WriteError::TargetForm`] when the target's form does not suit the method, and with
/// [`WriteError::BufferInUse`] when the buffer is not empty.
#[inline]
pub fn write_request<'w>(
    method: Method<'w>,
    target: Target<'w>,
    out: &'w mut WireView,
) -> Result<RequestHeadWriter<'w>, WriteError> {
    if !AllowedForms::of(method, Medium::Datagram).has(target.form()) {
        return Err(WriteError::TargetForm);
    }
    let draft = out.message_draft()?;
    let request = Request::new(method, target, Version::Http11)?;
    Ok(HeadWriter::new(draft, Whole(PhantomData), request))
}

/// Begins a response in a datagram.
///
/// Fails with [`WriteError::Value`] for a code over 599, and with
/// [`WriteError::BufferInUse`] when the buffer is not empty.
#[inline]
pub fn write_response(
    context: RequestContext,
    status: Status,
    out: &mut WireView,
) -> Result<ResponseHeadWriter<'_>, WriteError> {
    let draft = out.message_draft()?;
    Ok(HeadWriter::new(draft, Whole(PhantomData), Response::new(context, status)?))
}

/// A [`HeadWriter`] of a request in a datagram.
///
/// ```
/// use bareline_core::datagram::{self, RequestHeadWriter};
/// use bareline_core::error::WriteError;
/// use bareline_core::{FieldName, FieldValue, Method, Target, WireBuf};
///
/// /// Writes the rest of a search.
/// fn search(head: RequestHeadWriter<'_>, host: &str) -> Result<(), WriteError> {
///     head.field(FieldName::HOST, FieldValue::new(host)?)?.without_body()
/// }
/// let mut out = WireBuf::<128>::new();
/// let head = datagram::write_request(Method::new("M-SEARCH")?, Target::ASTERISK, &mut out)?;
/// search(head, "239.255.255.250:1900")?;
/// # Ok::<(), WriteError>(())
/// ```
pub type RequestHeadWriter<'w> = HeadWriter<'w, Whole<Request<'w>>>;

/// A [`HeadWriter`] of a response in a datagram.
///
/// ```
/// use bareline_core::datagram::{self, ResponseHeadWriter};
/// use bareline_core::error::WriteError;
/// use bareline_core::write::RequestContext;
/// use bareline_core::{FieldName, FieldValue, Status, WireBuf};
///
/// /// Writes the rest of a device's response.
/// fn found(head: ResponseHeadWriter<'_>, at: &str) -> Result<(), WriteError> {
///     head.field(FieldName::LOCATION, FieldValue::new(at)?)?.without_body()
/// }
/// let mut out = WireBuf::<128>::new();
/// let head = datagram::write_response(RequestContext::UNREAD, Status::OK, &mut out)?;
/// found(head, "http://192.0.2.1/")?;
/// # Ok::<(), WriteError>(())
/// ```
pub type ResponseHeadWriter<'w> = HeadWriter<'w, Whole<Response>>;

/// A marker of a message in one datagram: its body is written with its head.
///
/// A program does not name it: the types [`RequestHeadWriter`] and [`ResponseHeadWriter`] do, or a
/// function for each destination of a head.
///
/// ```
/// use bareline_core::datagram;
/// use bareline_core::error::WriteError;
/// use bareline_core::write::{HeadSink, HeadWriter, RequestContext};
/// use bareline_core::{FieldName, FieldValue, Status, WireBuf};
///
/// fn named<S: HeadSink>(head: HeadWriter<'_, S>) -> Result<HeadWriter<'_, S>, WriteError> {
///     head.field(FieldName::SERVER, FieldValue::from_static("board/1"))
/// }
/// let mut out = WireBuf::<128>::new();
/// named(datagram::write_response(RequestContext::UNREAD, Status::OK, &mut out)?)?.body(b"hi")?;
/// # Ok::<(), WriteError>(())
/// ```
#[derive(Debug)]
pub struct Whole<M = Response>(PhantomData<M>);

impl<M: Message> Sink for Whole<M> {
    type Message = M;

    const IS_CONNECTION: bool = false;
    const IS_DATAGRAM: bool = true;

    fn head_written(self, _: &M, _: HeadWritten) {}
}

/// Returns the error of a datagram whose head is incomplete.
fn not_ended(octets: &[u8]) -> ParseError {
    let kind = if octets.is_empty() {
        ParseErrorKind::EmptyDatagram
    } else {
        ParseErrorKind::HeadNotEnded
    };
    ParseError::new(kind, octets.len(), 0)
}

/// Returns the body, from `start` to the end of the datagram.
fn body(octets: &[u8], start: usize, framing: Framing) -> Result<&[u8], ParseError> {
    let rest = octets.get(start..).unwrap_or(&[]);
    // An error counts no more octets than a datagram has.
    let error =
        |kind, at, len: usize| Err(ParseError::new(kind, at, len.min(usize::from(u16::MAX))));
    let length = match framing {
        Framing::UntilClose => return Ok(rest),
        Framing::Chunked => return error(ParseErrorKind::UnsupportedCoding, start, rest.len()),
        Framing::None | Framing::Tunnel => 0,
        Framing::Length(length) => usize::try_from(length).unwrap_or(usize::MAX),
    };
    match rest.get(..length) {
        None => error(ParseErrorKind::Truncated, octets.len(), 0),
        Some(body) => match rest.len().saturating_sub(length) {
            0 => Ok(body),
            surplus => error(ParseErrorKind::Surplus, start.saturating_add(length), surplus),
        },
    }
}
