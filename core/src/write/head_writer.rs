//! The writer of a head: start line, fields and end, in this order.

use super::body_encoder::Data;
use super::message::{Body, Message, Response};
use super::wire_buf::Draft;
use super::{BodyEncoder, Detached};
use crate::error::{WriteError, position};
use crate::framing::Framing;
use crate::grammar::{check_tokens, members};
use crate::head::Options;
use crate::octets::trimmed_end;
use crate::scan::{div_ten, is_name};
use crate::value::{ControlField, FieldName, FieldValue, Version};
use core::fmt;

/// A writer of one head: first fields, then one of the calls that end the head and frame the body.
///
/// Each call takes the writer and returns it, so that calls out of order do not compile. Nothing
/// counts until the call that ends the head succeeds. A writer that fails, or is dropped or
/// forgotten, leaves the buffer as it was.
///
/// ```
/// use bareline_core::write::{MessageWriter, RequestContext};
/// use bareline_core::{FieldName, FieldValue, Status, WireBuf};
///
/// let (mut out, mut writer) = (WireBuf::<128>::new(), MessageWriter::new());
/// let text = FieldValue::new("text/plain")?;
/// let head = writer.response(RequestContext::UNREAD, Status::NOT_FOUND, &mut out)?;
/// head.field(FieldName::CONTENT_TYPE, text)?.body(b"no such page")?;
/// let head =
///     "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n";
/// assert_eq!(out.as_bytes(), [head.as_bytes(), b"no such page"].concat());
/// # Ok::<(), bareline_core::error::WriteError>(())
/// ```
#[must_use = "a head counts when it has been ended"]
pub struct HeadWriter<'w, S: HeadSink = Detached<'w>> {
    draft: Draft<'w>,
    sink: S,
    message: S::Message,
    version: Version,
    persistence: Persistence,
    /// True once the start line is written: with the reason phrase, the first field or the end.
    is_begun: bool,
    seen: Options,
}

/// The destination of a head: a connection, a stream of messages or a datagram. This trait is
/// sealed.
///
/// A program does not name or implement it, except in a function that takes each kind of head:
///
/// ```
/// use bareline_core::error::WriteError;
/// use bareline_core::write::{HeadSink, HeadWriter, MessageWriter, RequestContext};
/// use bareline_core::{FieldName, FieldValue, Status, WireBuf};
///
/// fn named<S: HeadSink>(head: HeadWriter<'_, S>) -> Result<HeadWriter<'_, S>, WriteError> {
///     head.field(FieldName::SERVER, FieldValue::from_static("board/1"))
/// }
/// let (mut out, mut writer) = (WireBuf::<128>::new(), MessageWriter::new());
/// named(writer.response(RequestContext::UNREAD, Status::OK, &mut out)?)?.body(b"hi")?;
/// # Ok::<(), WriteError>(())
/// ```
pub trait HeadSink: sealed::Sink {}

impl<S: sealed::Sink> HeadSink for S {}

/// A destination that takes a body in parts after its head: all but a datagram. This trait is
/// sealed.
///
/// A program names it only in a function that ends each head whose body follows in parts:
///
/// ```
/// use bareline_core::error::WriteError;
/// use bareline_core::write::{HeadWriter, MessageWriter, RequestContext, StreamSink};
/// use bareline_core::{Status, WireBuf};
///
/// fn framed<S: StreamSink>(head: HeadWriter<'_, S>, len: Option<u64>) -> Result<(), WriteError> {
///     match len {
///         Some(len) => head.length(len),
///         None => head.chunked(),
///     }
/// }
/// let (mut out, mut writer) = (WireBuf::<128>::new(), MessageWriter::new());
/// framed(writer.response(RequestContext::UNREAD, Status::OK, &mut out)?, Some(2))?;
/// # Ok::<(), WriteError>(())
/// ```
pub trait StreamSink: HeadSink {}

/// The destination of a response's head. This trait is sealed.
///
/// A program names it only in a function that takes each head of a response:
///
/// ```
/// use bareline_core::error::WriteError;
/// use bareline_core::write::{HeadWriter, MessageWriter, RequestContext, ResponseHeadSink};
/// use bareline_core::{FieldValue, Status, WireBuf};
///
/// fn found<S: ResponseHeadSink>(head: HeadWriter<'_, S>) -> Result<(), WriteError> {
///     head.reason(FieldValue::from_static("Found It"))?.without_body()
/// }
/// let (mut out, mut writer) = (WireBuf::<128>::new(), MessageWriter::new());
/// found(writer.response(RequestContext::UNREAD, Status::OK, &mut out)?)?;
/// assert!(out.as_bytes().starts_with(b"HTTP/1.1 200 Found It\r\n"));
/// # Ok::<(), WriteError>(())
/// ```
pub trait ResponseHeadSink: sealed::Sink<Message = Response> {}

impl<S: sealed::Sink<Message = Response>> ResponseHeadSink for S {}

pub(crate) mod sealed {
    use super::{HeadWritten, Message};

    /// The receiver of a written head.
    pub trait Sink {
        /// The message whose head it is.
        type Message: Message;

        /// True for a connection: its HTTP/1.0 responses without `keep-alive` declare `close`.
        const IS_CONNECTION: bool;

        /// True for a datagram: its message has the buffer to itself.
        const IS_DATAGRAM: bool = false;

        fn head_written(self, message: &Self::Message, written: HeadWritten);
    }
}

/// The properties of a written head that its connection needs.
#[derive(Debug)]
pub struct HeadWritten {
    pub(crate) body: BodyEncoder,
    /// True if the message ends the connection.
    pub(crate) closes: bool,
    pub(crate) offers_upgrade: bool,
    pub(crate) expects_continue: bool,
}

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

/// Checks a field of either message, and returns the options with it.
///
/// Takes these parameters instead of the writer: a writer whose address is passed has to be in
/// memory, not in registers.
#[inline(never)]
fn checked(
    mut seen: Options,
    name: FieldName<'_>,
    value: FieldValue<'_>,
) -> Result<Options, WriteError> {
    let Some(field) = ControlField::of(name.as_bytes()) else { return Ok(seen) };
    let value = value.as_bytes();
    match field {
        ControlField::ContentLength | ControlField::TransferEncoding => {
            return Err(WriteError::FramingField);
        }
        ControlField::Connection => {
            check_tokens(value).map_err(|at| WriteError::InvalidConnection { at: position(at) })?
        }
        _ => {}
    }
    for member in members(value) {
        if field == ControlField::Te && names_chunked(member) {
            return Err(WriteError::FramingField);
        }
        seen.see_member(field, member);
    }
    Ok(seen)
}

/// Returns whether a member of `TE` names `chunked`, with or without parameters.
fn names_chunked(member: &[u8]) -> bool {
    let end = member.iter().position(|&octet| octet == b';').unwrap_or(member.len());
    let name = member.get(..trimmed_end(member, 0, end)).unwrap_or(member);
    is_name(name, b"chunked")
}

impl<'w, S: HeadSink> HeadWriter<'w, S> {
    pub(crate) fn new(draft: Draft<'w>, sink: S, message: S::Message) -> Self {
        let (version, persistence) = (Version::Http11, Persistence::Unsaid);
        Self { draft, sink, message, version, persistence, is_begun: false, seen: Options::new() }
    }

    /// Sets the connection option to write, unless the caller writes one.
    pub(crate) fn persistence(mut self, persistence: Persistence) -> Self {
        self.persistence = persistence;
        self
    }

    /// Sets the version of the message, HTTP/1.1 by default.
    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
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
        self.put_start_line()?;
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
        self.put_start_line()?;
        for (name, value) in fields {
            self.put_field(*name, *value)?;
        }
        Ok(self)
    }

    /// Writes the start line, if it is not written yet.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn put_start_line(&mut self) -> Result<(), WriteError> {
        if !self.is_begun {
            self.message.put_start_line(&mut self.draft)?;
            self.is_begun = true;
        }
        Ok(())
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn put_field(&mut self, name: FieldName<'_>, value: FieldValue<'_>) -> Result<(), WriteError> {
        if name.may_be_control() {
            self.see(name, value)?;
        }
        self.draft.field(name, value)
    }

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn see(&mut self, name: FieldName<'_>, value: FieldValue<'_>) -> Result<(), WriteError> {
        if S::Message::IS_REQUEST && name == FieldName::HOST {
            if self.seen.has(Options::HOST) {
                return Err(WriteError::RepeatedHost);
            }
            self.message.check_host(value.as_bytes())?;
            self.seen.add(Options::HOST);
        } else {
            self.seen = checked(self.seen, name, value)?;
        }
        Ok(())
    }

    /// Ends the head of a message without a body. Declares a length of zero where a body is
    /// expected.
    ///
    /// Fails with
    /// - [`WriteError::ExpectWithoutBody`] after `Expect: 100-continue` [RFC 9110 section 10.1.1],
    /// - [`WriteError::MissingHost`] for a request without `Host` [RFC 9112 section 3.2],
    /// - [`WriteError::MissingConnectionOption`] for an `Upgrade` or `TE` that is not in
    ///   `Connection` [RFC 9110 section 7.6.1],
    /// - [`WriteError::BufferFull`] if the head does not fit.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn without_body(self) -> Result<(), WriteError> {
        let framing = self.empty_framing(self.message.body())?;
        self.end(framing, b"", BodyEncoder::ended())
    }

    /// Ends the head and writes the complete body, with its length. A response to HEAD omits the
    /// body.
    ///
    /// Fails with [`WriteError::BodyForbidden`] where a message has no body. An empty body equals
    /// [`without_body`](Self::without_body), except in a response to HEAD.
    pub fn body(self, body: &[u8]) -> Result<(), WriteError> {
        let rule = self.message.body();
        let (framing, sent) = if body.is_empty() && rule != Body::Withheld {
            (self.empty_framing(rule)?, body)
        } else {
            (self.length_framing(rule, body.len() as u64)?, rule.data()?.sent(body))
        };
        self.end(framing, sent, BodyEncoder::ended())
    }

    /// Returns the framing without a body.
    fn empty_framing(&self, rule: Body) -> Result<Framing, WriteError> {
        match rule {
            _ if self.seen.has(Options::EXPECT_CONTINUE) => Err(WriteError::ExpectWithoutBody),
            Body::Expected | Body::Empty => Ok(Framing::Length(0)),
            _ => Ok(Framing::None),
        }
    }

    /// Ends the head as [`body`](Self::body) does. If the body does not fit into the buffer,
    /// returns it: the caller sends it after the buffer, which nothing else may follow.
    #[cfg(feature = "embedded-io-07")]
    pub(crate) fn body_or_rest(mut self, body: &[u8]) -> Result<&[u8], WriteError> {
        let rule = self.message.body();
        if body.is_empty() && rule != Body::Withheld {
            return self.without_body().map(|()| body);
        }
        let framing = self.length_framing(rule, body.len() as u64)?;
        let sent = rule.data()?.sent(body);
        let encoder = BodyEncoder::ended();
        self.put_rest(framing, &encoder)?;
        let rest = if self.draft.put(sent).is_ok() { &[] } else { sent };
        self.commit(encoder);
        Ok(rest)
    }

    /// Returns the framing by a declared length.
    fn length_framing(&self, rule: Body, length: u64) -> Result<Framing, WriteError> {
        match rule {
            Body::Absent => Err(WriteError::BodyForbidden),
            Body::Empty if length != 0 => Err(WriteError::BodyForbidden),
            _ if length == 0 && self.seen.has(Options::EXPECT_CONTINUE) => {
                Err(WriteError::ExpectWithoutBody)
            }
            _ => Ok(Framing::Length(length)),
        }
    }

    /// Returns whether one of the two sides speaks HTTP/1.0.
    fn is_http10(&self) -> bool {
        self.version == Version::Http10 || self.message.peer_version() == Version::Http10
    }

    /// Checks the complete head, writes its rest and `body`, and commits the draft.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn end(
        mut self,
        framing: Framing,
        body: &[u8],
        encoder: BodyEncoder,
    ) -> Result<(), WriteError> {
        self.put_rest(framing, &encoder)?;
        self.draft.put(body)?;
        self.commit(encoder);
        Ok(())
    }

    /// Checks the complete head and writes its rest.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn put_rest(&mut self, framing: Framing, encoder: &BodyEncoder) -> Result<(), WriteError> {
        self.message.check(self.seen, self.version, self.is_http10())?;
        if !self.seen.names_own_fields() {
            return Err(WriteError::MissingConnectionOption);
        }
        self.put_start_line()?;
        if self.version == Version::Http10 {
            // The caller may have set the version after the first field.
            self.draft.replace(self.message.minor_at(), b'0');
        }
        self.draft.framing_field(framing)?;
        self.put_option(encoder)?;
        self.draft.put(b"\r\n")
    }

    /// Writes the connection option that is due, unless the caller has written it.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn put_option(&mut self, encoder: &BodyEncoder) -> Result<(), WriteError> {
        // A response in HTTP/1.0 ends a connection unless it says otherwise [RFC 9112 section 9.3].
        let is_closing_version = S::IS_CONNECTION
            && !S::Message::IS_REQUEST
            && self.version == Version::Http10
            && !self.seen.has(Options::KEEP_ALIVE);
        let closes = match self.persistence {
            Persistence::Close => true,
            Persistence::CloseIfWhole => is_closing_version || encoder.is_whole_after(0),
            Persistence::Unsaid => is_closing_version,
            Persistence::KeepAlive => false,
        };
        if self.seen.has(Options::CLOSE) {
            return Ok(());
        }
        if closes {
            self.seen.add(Options::CLOSE);
            return self.draft.put(b"Connection: close\r\n");
        }
        if self.persistence == Persistence::KeepAlive && !self.seen.has(Options::KEEP_ALIVE) {
            self.seen.add(Options::KEEP_ALIVE);
            return self.draft.put(b"Connection: keep-alive\r\n");
        }
        Ok(())
    }

    /// Makes the octets count, and passes the head to its destination.
    #[inline(always)]
    fn commit(self, encoder: BodyEncoder) {
        let Self { draft, sink, message, seen, .. } = self;
        let is_http11 = self.version == Version::Http11;
        let closes = seen.has(Options::CLOSE) || !(is_http11 || seen.has(Options::KEEP_ALIVE));
        let mut body = encoder.last(S::IS_DATAGRAM || message.is_last(closes));
        draft.commit(body.begin());
        let written = HeadWritten {
            body,
            closes,
            offers_upgrade: is_http11 && seen.has(Options::UPGRADE),
            expects_continue: is_http11 && seen.has(Options::EXPECT_CONTINUE),
        };
        sink.head_written(&message, written);
    }
}

impl<S: StreamSink> HeadWriter<'_, S> {
    /// Ends the head of a message whose body has this length in octets. The body follows in parts,
    /// and its octets are counted.
    ///
    /// With status 304, the head only declares the length. Fails with [`WriteError::BodyForbidden`]
    /// where a message has no body.
    pub fn length(self, length: u64) -> Result<(), WriteError> {
        let rule = self.message.body();
        let framing = self.length_framing(rule, length)?;
        let encoder = match rule.data() {
            Ok(data) => BodyEncoder::new(framing, data),
            Err(_) => BodyEncoder::new(Framing::Length(0), Data::Forbidden),
        };
        self.end(framing, b"", encoder)
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
    pub fn chunked(self) -> Result<(), WriteError> {
        let data = self.message.body().data()?;
        if self.is_http10() {
            return Err(WriteError::NeedsHttp11);
        }
        self.end(Framing::Chunked, b"", BodyEncoder::new(Framing::Chunked, data))
    }
}

impl<S: ResponseHeadSink> HeadWriter<'_, S> {
    /// Replaces the registered reason phrase; recipients ignore it [RFC 9112 section 4].
    ///
    /// Fails with [`WriteError::ReasonTooLate`] after a field.
    pub fn reason(mut self, reason: FieldValue<'_>) -> Result<Self, WriteError> {
        if self.is_begun {
            return Err(WriteError::ReasonTooLate);
        }
        self.message.put_status_line(reason.as_bytes(), &mut self.draft)?;
        self.is_begun = true;
        Ok(self)
    }
}

impl<S: ResponseHeadSink + StreamSink> HeadWriter<'_, S> {
    /// Ends the head of a response whose body ends when the connection closes; adds a missing
    /// `Connection: close`.
    ///
    /// Fails with [`WriteError::BodyForbidden`] where a response has no body. A request has no such
    /// call: after the close, no response could arrive [RFC 9112 section 6.3].
    ///
    /// ```compile_fail,E0599
    /// use bareline_core::write::MessageWriter;
    /// use bareline_core::{Method, Target, WireBuf};
    ///
    /// let mut out = WireBuf::<64>::new();
    /// MessageWriter::new().request(Method::PUT, Target::ROOT, &mut out).unwrap().until_close();
    /// ```
    pub fn until_close(self) -> Result<(), WriteError> {
        let data = self.message.body().data()?;
        self.end_until_close(b"", BodyEncoder::new(Framing::UntilClose, data))
    }

    /// Ends the head as [`until_close`](Self::until_close) does, and writes the complete body.
    ///
    /// Fails as that call does, or with [`WriteError::BufferFull`] if the body does not fit.
    pub fn body_until_close(self, body: &[u8]) -> Result<(), WriteError> {
        let data = self.message.body().data()?;
        self.end_until_close(data.sent(body), BodyEncoder::ended())
    }

    fn end_until_close(mut self, body: &[u8], encoder: BodyEncoder) -> Result<(), WriteError> {
        self.persistence = Persistence::Close;
        self.end(Framing::UntilClose, body, encoder)
    }
}

impl<S: HeadSink> fmt::Debug for HeadWriter<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeadWriter")
    }
}

impl Draft<'_> {
    /// Writes the field that frames a body, if there is one.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn framing_field(&mut self, framing: Framing) -> Result<(), WriteError> {
        match framing {
            Framing::Length(length) => {
                let mut digits = [0; 20];
                self.put(b"Content-Length: ")?;
                self.put(decimal(length, &mut digits))?;
                self.put(b"\r\n")
            }
            Framing::Chunked => self.put(b"Transfer-Encoding: chunked\r\n"),
            Framing::None | Framing::UntilClose | Framing::Tunnel => Ok(()),
        }
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
