//! The writer of a head: start line, fields and end, in this order.

use super::body_encoder::Data;
use super::wire_buf::Draft;
use super::{BodyEncoder, Detached, RequestContext};
use crate::error::WriteError;
use crate::octets::{IS_WIDE, check_tokens, has_member, is_alike, members, trim_ows};
use crate::record::debug_record;
use crate::value::{FieldName, FieldValue, Method, Status, Target, Version, check_authority};
use core::fmt;

/// A writer of one head: first fields, then one of the calls that end the head and frame the body.
///
/// Each call takes the writer and returns it, so that calls out of order do not compile. Nothing
/// counts until the call that ends the head succeeds. A writer that fails, or is dropped or
/// forgotten, leaves the buffer as it was.
///
/// ```
/// use bareline_core::{
///     FieldName, FieldValue, MessageWriter, RequestContext, Status, WireBuf,
/// };
///
/// let (mut out, mut writer) = (WireBuf::<128>::new(), MessageWriter::new());
/// let text = FieldValue::new("text/plain")?;
/// let head = writer.response(RequestContext::UNREAD, Status::NOT_FOUND, &mut out)?;
/// head.field(FieldName::CONTENT_TYPE, text)?.body(b"no such page")?;
/// let head =
///     "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n";
/// assert_eq!(out.as_bytes(), [head.as_bytes(), b"no such page"].concat());
/// # Ok::<(), bareline_core::WriteError>(())
/// ```
#[must_use = "a head counts when it has been ended"]
pub struct HeadWriter<'w, S = Detached<'w>> {
    draft: Draft<'w>,
    sink: S,
    message: Message,
    version: Version,
    persistence: Persistence,
    /// The range of the target's authority, which `Host` has to repeat.
    authority: Option<(usize, usize)>,
    /// The position of the version's minor digit.
    minor_at: usize,
    seen: Seen,
}

/// The destination of a head: a connection, a stream of messages or a datagram. This trait is
/// sealed.
pub trait HeadSink: sealed::Sink {}

impl<S: sealed::Sink> HeadSink for S {}

/// A destination that takes a body in parts after its head: all but a datagram.
pub trait StreamSink: HeadSink {}

pub(crate) mod sealed {
    use super::HeadWritten;

    /// The receiver of a written head.
    pub trait Sink {
        /// True for a connection: its HTTP/1.0 responses without `keep-alive` declare `close`.
        const IS_CONNECTION: bool;

        /// True for a datagram: its message has the buffer to itself.
        const IS_DATAGRAM: bool = false;

        /// False if the head is always a response: then the checks of requests take no flash.
        const MAY_BE_REQUEST: bool = true;

        fn head_written(self, written: HeadWritten);
    }
}

/// The properties of a written head that its connection needs.
pub struct HeadWritten {
    pub(crate) body: BodyEncoder,
    pub(crate) says_close: bool,
    pub(crate) says_keep_alive: bool,
    pub(crate) offers_upgrade: bool,
    pub(crate) expects_continue: bool,
    pub(crate) version: Version,
}

debug_record!(HeadWritten {
    body,
    says_close,
    says_keep_alive,
    offers_upgrade,
    expects_continue,
    version
});

/// The connection option to write, unless the caller writes one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Persistence {
    /// None.
    Unsaid,
    /// `Connection: close`.
    Close,
    /// `Connection: close` if the message is complete with its head.
    CloseIfWhole,
    /// `Connection: keep-alive`, for an HTTP/1.0 peer that requested it.
    KeepAlive,
}

#[derive(Clone, Copy)]
enum Message {
    /// The content that the method allows, and the version of the server, if known.
    Request(Content, Version),
    Response(RequestContext, Status),
}

/// The content that a method allows.
#[derive(Clone, Copy, PartialEq)]
enum Content {
    /// None: TRACE [RFC 9110 section 9.3.8].
    Forbidden,
    /// None: the octets after a CONNECT go through the tunnel [RFC 9110 section 9.3.6].
    Tunnel,
    /// POST, PUT and PATCH: a request without content declares a length of zero [RFC 9110 section
    /// 8.6].
    Expected,
    /// All other methods.
    Possible,
}

/// The body that may follow a head.
#[derive(Clone, Copy, PartialEq)]
enum Body {
    /// Any octets.
    Sent,
    /// Any octets, counted but not sent, since the request was HEAD.
    Withheld,
    /// None, though the head may declare a length: 304 [RFC 9110 section 15.4.5].
    SaidOnly,
    /// None, and the head declares a length of zero: 205 [RFC 9110 section 15.3.6].
    Empty,
    /// None, and no length: 1xx, 204, 2xx to CONNECT, and requests with CONNECT or TRACE [RFC 9110
    /// section 8.6].
    Absent,
}

/// The fields so far on which other rules depend: a bit for each.
#[derive(Clone, Copy)]
struct Seen(u8);

impl Seen {
    const HOST: u8 = 1;
    const UPGRADE: u8 = 1 << 1;
    const TE: u8 = 1 << 2;
    const EXPECT_CONTINUE: u8 = 1 << 3;
    const OPTION_CLOSE: u8 = 1 << 4;
    const OPTION_KEEP_ALIVE: u8 = 1 << 5;
    const OPTION_UPGRADE: u8 = 1 << 6;
    const OPTION_TE: u8 = 1 << 7;

    const fn has(self, one: u8) -> bool {
        self.0 & one != 0
    }

    /// Checks a field and returns the set with it; `Host` has to repeat the `authority` of the
    /// target.
    ///
    /// Takes these parameters instead of the writer: a writer whose address is passed has to be in
    /// memory, not in registers.
    #[inline(never)]
    fn with(
        self,
        name: FieldName<'_>,
        value: FieldValue<'_>,
        is_request: bool,
        authority: Option<&[u8]>,
    ) -> Result<Self, WriteError> {
        let has = |member: &str| has_member(value.as_bytes(), member.as_bytes());
        let mut more = 0;
        if name == FieldName::CONTENT_LENGTH || name == FieldName::TRANSFER_ENCODING {
            return Err(WriteError::FramingField);
        } else if name == FieldName::HOST && is_request {
            if self.has(Self::HOST) {
                return Err(WriteError::RepeatedHost);
            }
            more = Self::HOST;
            let host = value.as_bytes();
            if !host.is_empty() {
                check_authority(host).map_err(|at| WriteError::InvalidHost { at })?;
            }
            if authority.is_some_and(|authority| !is_alike(authority, host)) {
                return Err(WriteError::HostDiffers);
            }
        } else if name == FieldName::CONNECTION {
            check_tokens(value.as_bytes()).map_err(|at| WriteError::InvalidConnection { at })?;
            let options = [
                ("close", Self::OPTION_CLOSE),
                ("keep-alive", Self::OPTION_KEEP_ALIVE),
                ("upgrade", Self::OPTION_UPGRADE),
                ("te", Self::OPTION_TE),
            ];
            for (option, bit) in options {
                if has(option) {
                    more |= bit;
                }
            }
        } else if name == FieldName::UPGRADE {
            if members(value.as_bytes()).any(|protocol| !protocol.is_empty()) {
                more = Self::UPGRADE;
            }
        } else if name == FieldName::EXPECT {
            if has("100-continue") {
                more = Self::EXPECT_CONTINUE;
            }
        } else if name == FieldName::TE {
            more = Self::TE;
            let coding = |member: &[u8]| {
                trim_ows(member.split(|&octet| octet == b';').next().unwrap_or(member))
                    .eq_ignore_ascii_case(b"chunked")
            };
            if members(value.as_bytes()).any(coding) {
                return Err(WriteError::FramingField);
            }
        }
        Ok(Self(self.0 | more))
    }
}

impl<'w, S: HeadSink> HeadWriter<'w, S> {
    pub(crate) fn request(
        mut draft: Draft<'w>,
        sink: S,
        method: Method<'_>,
        target: Target<'_>,
    ) -> Result<Self, WriteError> {
        // A received target may hold octets that must not be written.
        let target = target.check()?;
        draft.put(method.as_bytes())?;
        draft.put(b" ")?;
        let target_start = draft.position();
        draft.put(target.as_bytes())?;
        draft.put(b" HTTP/1.1\r\n")?;
        let content = match method {
            Method::CONNECT => Content::Tunnel,
            Method::TRACE => Content::Forbidden,
            Method::POST | Method::PUT | Method::PATCH => Content::Expected,
            _ => Content::Possible,
        };
        let minor_at = draft.position().wrapping_sub("1\r\n".len());
        let mut writer =
            Self::new(draft, sink, Message::Request(content, Version::Http11), minor_at);
        writer.authority = target.authority_range().map(|(start, end)| {
            (target_start.saturating_add(start), target_start.saturating_add(end))
        });
        Ok(writer)
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn response(
        mut draft: Draft<'w>,
        sink: S,
        context: RequestContext,
        status: Status,
    ) -> Result<Self, WriteError> {
        let status = Status::new(status.code())?;
        let minor_at = draft.position().wrapping_add("HTTP/1.".len());
        draft.status_line(status)?;
        Ok(Self::new(draft, sink, Message::Response(context, status), minor_at))
    }

    fn new(draft: Draft<'w>, sink: S, message: Message, minor_at: usize) -> Self {
        let (version, seen) = (Version::Http11, Seen(0));
        let (persistence, authority) = (Persistence::Unsaid, None);
        Self { draft, sink, message, version, persistence, authority, minor_at, seen }
    }

    /// Sets the connection option to write, unless the caller writes one.
    pub(crate) fn persistence(mut self, persistence: Persistence) -> Self {
        self.persistence = persistence;
        self
    }

    /// Sets the version that the server speaks, if the head is a request's.
    pub(crate) fn server_version(mut self, version: Version) -> Self {
        if let Message::Request(_, server) = &mut self.message {
            *server = version;
        }
        self
    }

    /// Sets the version of the message, HTTP/1.1 by default.
    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Replaces the registered reason phrase; recipients ignore it [RFC 9112 section 4].
    ///
    /// Fails with [`WriteError::OutOfTurn`] in a request, or after a field.
    pub fn reason(mut self, reason: FieldValue<'_>) -> Result<Self, WriteError> {
        let Message::Response(_, status) = self.message else { return Err(WriteError::OutOfTurn) };
        let reason_at = self.minor_at.saturating_add("1 200 ".len());
        if self.draft.position()
            != reason_at.saturating_add(status.reason().len()).saturating_add("\r\n".len())
        {
            return Err(WriteError::OutOfTurn);
        }
        self.draft.truncate(reason_at);
        self.draft.put(reason.as_bytes())?;
        self.draft.put(b"\r\n")?;
        Ok(self)
    }

    /// Writes a field line.
    ///
    /// Fails with
    /// - [`WriteError::FramingField`] for `Content-Length`, `Transfer-Encoding` and `TE: chunked`,
    /// - [`WriteError::RepeatedHost`] for a second `Host` in a request,
    /// - [`WriteError::InvalidHost`] for a `Host` that is not an authority,
    /// - [`WriteError::HostDiffers`] for a `Host` that differs from the authority of the target,
    /// - [`WriteError::InvalidConnection`] for a `Connection` that is not a list of tokens.
    #[doc(alias = "header")]
    pub fn field(mut self, name: FieldName<'_>, value: FieldValue<'_>) -> Result<Self, WriteError> {
        self.put_field(name, value)?;
        Ok(self)
    }

    /// Writes field lines in order, each as [`field`](Self::field) does.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[doc(alias = "headers")]
    pub fn fields(
        mut self,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
    ) -> Result<Self, WriteError> {
        for (name, value) in fields {
            self.put_field(*name, *value)?;
        }
        Ok(self)
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn put_field(&mut self, name: FieldName<'_>, value: FieldValue<'_>) -> Result<(), WriteError> {
        if name.may_be_control() {
            self.see(name, value)?;
        }
        self.draft.field(name, value)
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn see(&mut self, name: FieldName<'_>, value: FieldValue<'_>) -> Result<(), WriteError> {
        let authority = self.authority.map(|(start, end)| self.draft.between(start, end));
        let is_request = S::MAY_BE_REQUEST && matches!(self.message, Message::Request(..));
        self.seen = self.seen.with(name, value, is_request, authority)?;
        Ok(())
    }

    /// Ends the head of a message without a body. Declares a length of zero where a body is
    /// expected.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn without_body(mut self) -> Result<(), WriteError> {
        let says_zero = match (self.message, self.body_rule()) {
            (Message::Request(content, _), _) => content == Content::Expected,
            (Message::Response(..), body) => matches!(body, Body::Sent | Body::Empty),
        };
        if self.seen.has(Seen::EXPECT_CONTINUE) {
            return Err(WriteError::ExpectWithoutBody);
        }
        if says_zero {
            self.draft.put(b"Content-Length: 0\r\n")?;
        }
        self.end_head(b"", BodyEncoder::ended())
    }

    /// Ends the head and writes the complete body, with its length. A response to HEAD omits the
    /// body.
    ///
    /// Fails with [`WriteError::BodyForbidden`] where a message has no body. An empty body equals
    /// [`without_body`](Self::without_body), except in a response to HEAD.
    pub fn body(mut self, body: &[u8]) -> Result<(), WriteError> {
        let rule = self.body_rule();
        if body.is_empty() && rule != Body::Withheld {
            return self.without_body();
        }
        self.put_length(rule, body.len() as u64)?;
        let sent = match rule {
            Body::Sent => body,
            Body::Withheld => &[],
            _ => return Err(WriteError::BodyForbidden),
        };
        self.end_head(sent, BodyEncoder::ended())
    }

    /// Returns the treatment of a body of any length.
    fn data_rule(&self) -> Result<Data, WriteError> {
        match self.body_rule() {
            Body::Sent => Ok(Data::Sent),
            Body::Withheld => Ok(Data::Withheld),
            _ => Err(WriteError::BodyForbidden),
        }
    }

    /// Returns whether one of the two sides speaks HTTP/1.0.
    fn is_http10(&self) -> bool {
        let asked = match self.message {
            Message::Request(_, server) => server,
            Message::Response(context, _) => context.version(),
        };
        self.version == Version::Http10 || asked == Version::Http10
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn body_rule(&self) -> Body {
        match self.message {
            Message::Request(Content::Forbidden | Content::Tunnel, _) => Body::Absent,
            Message::Request(..) => Body::Sent,
            Message::Response(context, status) => match status.code() {
                200..=299 if context.is_connect() => Body::Absent,
                100..=199 | 204 => Body::Absent,
                205 => Body::Empty,
                304 => Body::SaidOnly,
                _ if context.is_head() => Body::Withheld,
                _ => Body::Sent,
            },
        }
    }

    fn put_length(&mut self, rule: Body, length: u64) -> Result<(), WriteError> {
        if rule == Body::Absent || (rule == Body::Empty && length != 0) {
            return Err(WriteError::BodyForbidden);
        }
        if self.seen.has(Seen::EXPECT_CONTINUE) && length == 0 {
            return Err(WriteError::ExpectWithoutBody);
        }
        self.draft.put(b"Content-Length: ")?;
        let mut digits = [0; 20];
        self.draft.put(decimal(length, &mut digits))?;
        self.draft.put(b"\r\n")
    }

    /// Checks the complete head, writes its rest and `body`, and commits the draft.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn end_head(mut self, body: &[u8], encoder: BodyEncoder) -> Result<(), WriteError> {
        let Self { seen, version, .. } = self;
        match self.message {
            Message::Request(..)
                if S::MAY_BE_REQUEST && version == Version::Http11 && !seen.has(Seen::HOST) =>
            {
                return Err(WriteError::MissingHost);
            }
            Message::Response(_, status) => {
                if status.is_informational() && self.is_http10() {
                    return Err(WriteError::NeedsHttp11);
                }
                if matches!(status.code(), 101 | 426) && !seen.has(Seen::UPGRADE) {
                    return Err(WriteError::MissingUpgrade);
                }
            }
            Message::Request(..) => {}
        }
        if (seen.has(Seen::UPGRADE) && !seen.has(Seen::OPTION_UPGRADE))
            || (seen.has(Seen::TE) && !seen.has(Seen::OPTION_TE))
        {
            return Err(WriteError::MissingConnectionOption);
        }
        if version == Version::Http10 {
            self.draft.replace(self.minor_at, b'0');
        }
        // A response in HTTP/1.0 ends a connection unless it says otherwise [RFC 9112 section 9.3].
        let is_http10_response =
            version == Version::Http10 && matches!(self.message, Message::Response(..));
        let is_open = matches!(self.persistence, Persistence::Unsaid | Persistence::CloseIfWhole);
        if S::IS_CONNECTION && is_http10_response && is_open && !seen.has(Seen::OPTION_KEEP_ALIVE) {
            self.persistence = Persistence::Close;
        }
        if self.persistence == Persistence::CloseIfWhole && encoder.is_whole_after(0) {
            self.persistence = Persistence::Close;
        }
        match self.persistence {
            Persistence::Close if !seen.has(Seen::OPTION_CLOSE) => {
                self.draft.put(b"Connection: close\r\n")?
            }
            Persistence::KeepAlive
                if !seen.has(Seen::OPTION_CLOSE) && !seen.has(Seen::OPTION_KEEP_ALIVE) =>
            {
                self.draft.put(b"Connection: keep-alive\r\n")?;
            }
            _ => {}
        }
        self.draft.put(b"\r\n")?;
        self.draft.put(body)?;
        let says_close = seen.has(Seen::OPTION_CLOSE) || self.persistence == Persistence::Close;
        let says_keep_alive =
            seen.has(Seen::OPTION_KEEP_ALIVE) || self.persistence == Persistence::KeepAlive;
        let mut encoder = encoder.last(match self.message {
            _ if S::IS_DATAGRAM => true,
            Message::Request(Content::Tunnel, _) => true,
            Message::Response(context, status)
                if status.is_successful() && context.is_connect() =>
            {
                true
            }
            Message::Response(_, status) if status.is_informational() => {
                status == Status::SWITCHING_PROTOCOLS
            }
            _ => says_close || (version == Version::Http10 && !says_keep_alive),
        });
        self.draft.commit(encoder.begin());
        self.sink.head_written(HeadWritten {
            body: encoder,
            says_close,
            says_keep_alive,
            offers_upgrade: seen.has(Seen::UPGRADE),
            expects_continue: seen.has(Seen::EXPECT_CONTINUE),
            version,
        });
        Ok(())
    }
}

impl<S: StreamSink> HeadWriter<'_, S> {
    /// Ends the head of a message whose body has this length in octets. The body follows in parts,
    /// and its octets are counted.
    ///
    /// With status 304, the head only declares the length. Fails with [`WriteError::BodyForbidden`]
    /// where a message has no body.
    pub fn length(mut self, length: u64) -> Result<(), WriteError> {
        let rule = self.body_rule();
        self.put_length(rule, length)?;
        let encoder = match rule {
            Body::Sent => BodyEncoder::length(length, Data::Sent),
            Body::Withheld => BodyEncoder::length(length, Data::Withheld),
            _ => BodyEncoder::length(0, Data::Forbidden),
        };
        self.end_head(b"", encoder)
    }

    /// Ends the head of a message whose body is sent in chunks [RFC 9112 section 7.1].
    ///
    /// Fails with [`WriteError::NeedsHttp11`] to or from HTTP/1.0, and with
    /// [`WriteError::BodyForbidden`] where a message has no body.
    ///
    /// A [`ClientConnection`](crate::ClientConnection) knows the version of its server from the
    /// previous response. For the first request, the caller has to know that the server speaks
    /// HTTP/1.1 [RFC 9112 section 6.1].
    #[doc(alias = "chunked transfer encoding")]
    pub fn chunked(mut self) -> Result<(), WriteError> {
        let encoder = BodyEncoder::chunked(self.data_rule()?);
        if self.is_http10() {
            return Err(WriteError::NeedsHttp11);
        }
        self.draft.put(b"Transfer-Encoding: chunked\r\n")?;
        self.end_head(b"", encoder)
    }

    /// Ends the head of a response whose body ends when the connection closes; adds a missing
    /// `Connection: close`.
    ///
    /// Fails with [`WriteError::CloseDelimitedRequest`] for a request [RFC 9112 section 6.3], and
    /// with [`WriteError::BodyForbidden`] where a response has no body.
    pub fn until_close(self) -> Result<(), WriteError> {
        let encoder = BodyEncoder::until_close(self.data_rule()?);
        self.end_until_close(b"", encoder)
    }

    /// Ends the head as [`until_close`](Self::until_close) does, and writes the complete body.
    pub fn body_until_close(self, body: &[u8]) -> Result<(), WriteError> {
        let sent = if self.data_rule()? == Data::Sent { body } else { &[] };
        self.end_until_close(sent, BodyEncoder::ended())
    }

    fn end_until_close(mut self, body: &[u8], encoder: BodyEncoder) -> Result<(), WriteError> {
        if matches!(self.message, Message::Request(..)) {
            return Err(WriteError::CloseDelimitedRequest);
        }
        self.persistence = Persistence::Close;
        self.end_head(body, encoder)
    }
}

impl<S> fmt::Debug for HeadWriter<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeadWriter")
    }
}

/// Returns the decimal digits of a number.
fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut from = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        let rest;
        (number, rest) = div_ten(number);
        *digit = b'0' | rest;
        from = at;
        if number == 0 {
            break;
        }
    }
    digits.get(from..).unwrap_or(&[])
}

/// Returns the quotient and the remainder by ten, octet by octet where the CPU has no 64-bit
/// division.
#[inline(always)]
fn div_ten(number: u64) -> (u64, u8) {
    if IS_WIDE {
        return (number / 10, (number % 10).to_le_bytes()[0]);
    }
    let mut rest = 0;
    let quotient = number.to_be_bytes().map(|octet| {
        let part = u16::from_be_bytes([rest, octet]);
        rest = (part % 10).to_le_bytes()[0];
        (part / 10).to_le_bytes()[0]
    });
    (u64::from_be_bytes(quotient), rest)
}
