//! Errors: of the peer a [`ParseError`], of the caller an [`InvalidValue`] or a [`WriteError`].

use core::fmt;

/// An invalid message from the peer: the broken rule and its position.
///
/// ```
/// use bareline_core::error::ParseErrorKind;
/// use bareline_core::{FieldSpans, RequestHead, Status};
///
/// let mut spans = FieldSpans::<8>::new();
/// let error =
///     RequestHead::parse(b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n", spans.lend()).unwrap_err();
/// assert_eq!((error.kind(), error.offset(), error.len()), (ParseErrorKind::FieldName, 18, 1));
/// assert_eq!(error.status(), Status::BAD_REQUEST);
/// assert_eq!(error.to_string(), "invalid field name at octet 18 (RFC 9110 section 5.1)");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParseError {
    kind: ParseErrorKind,
    offset: usize,
    /// In a head, a chunk line or a datagram; each has at most 65,535 octets.
    len: u16,
}

#[allow(clippy::len_without_is_empty, reason = "a length in octets, not a collection")]
impl ParseError {
    pub(crate) const fn new(kind: ParseErrorKind, offset: usize, len: usize) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "see the field")]
        Self { kind, offset, len: len as u16 }
    }

    /// Adds `count` to the offset, for a caller that counts from the beginning of the connection.
    pub const fn offset_by(self, count: usize) -> Self {
        Self { offset: self.offset.saturating_add(count), ..self }
    }

    /// Extends the error up to `end`, where it was detected.
    pub(crate) const fn known_at(self, end: usize) -> Self {
        Self::new(self.kind, self.offset, end.saturating_sub(self.offset))
    }

    /// Returns the broken rule.
    pub const fn kind(&self) -> ParseErrorKind {
        self.kind
    }

    /// Returns the position of the first wrong octet, from the beginning of the parsed input.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the number of octets from the first wrong one to the one that reveals the error.
    ///
    /// The number is 0 if something is missing, and 65,535 at most. A contradiction between fields
    /// is revealed at the end of the head.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Returns advice for the sender of the octets. A client that receives an invalid response can
    /// report the hint to the operator of the server.
    pub const fn hint(&self) -> &'static str {
        self.kind.hint()
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, offset, .. } = self;
        write!(f, "{kind} at octet {offset} ({})", kind.section())
    }
}

impl core::error::Error for ParseError {}

/// The rule that a message breaks, displayed as a short text: `invalid field name`.
#[doc = include_str!("ERRORS.md")]
///
/// ```
/// use bareline_core::error::ParseErrorKind;
///
/// let kind = ParseErrorKind::MissingHost;
/// assert_eq!(kind.to_string(), "no Host field");
/// assert_eq!(kind.section(), "RFC 9112 section 3.2");
/// assert_eq!(kind.hint(), "send the target's host and port as Host");
/// assert!(ParseErrorKind::ALL.contains(&kind));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// A line ends with LF alone.
    BareLf,
    /// A CR is not followed by LF.
    BareCr,
    /// The method is not a token followed by one SP.
    Method,
    /// The method is longer than [`Limits::method`](crate::head::Limits::method).
    MethodTooLong,
    /// The request target has an invalid octet, or none of the four forms.
    Target,
    /// The request target is longer than [`Limits::target`](crate::head::Limits::target).
    TargetTooLong,
    /// The form of the request target does not suit the method.
    TargetForm,
    /// The request line ends before the version.
    RequestLine,
    /// The version is not `HTTP/` digit `.` digit, or is followed by more octets.
    Version,
    /// The major version is not 1.
    VersionNotSupported,
    /// The status code is not three digits, 100 or more, followed by SP or the line end.
    StatusCode,
    /// The reason phrase contains a control octet.
    Reason,
    /// A field name is empty or not a token.
    FieldName,
    /// A field name is followed by whitespace before the colon.
    WhitespaceBeforeColon,
    /// A field line has no colon.
    MissingColon,
    /// A line of the field section begins with whitespace.
    LineFolding,
    /// A field value contains a control octet.
    FieldValue,
    /// A head has more field lines than [`FieldSpans`](crate::FieldSpans) can hold, or a trailer
    /// section more than [`Limits::trailers`](crate::head::Limits::trailers).
    TooManyFields,
    /// The head is longer than [`Limits::head`](crate::head::Limits::head).
    HeadTooLong,
    /// An HTTP/1.1 request has no `Host`.
    MissingHost,
    /// A request has a second `Host`.
    RepeatedHost,
    /// The value of `Host` is not a host with an optional port.
    InvalidHost,
    /// The value of `Content-Length` is not a number.
    ContentLength,
    /// A message has a second `Content-Length`.
    RepeatedContentLength,
    /// The value of `Content-Length` does not fit into 64 bits.
    ContentLengthTooLarge,
    /// A message has both `Content-Length` and `Transfer-Encoding`.
    LengthAndCoding,
    /// `Transfer-Encoding` is not a list of codings, or `chunked` has parameters.
    TransferCoding,
    /// `Transfer-Encoding` does not end in `chunked`.
    NotChunkedLast,
    /// `Transfer-Encoding` names `chunked` twice.
    ChunkedTwice,
    /// `Transfer-Encoding` names a coding besides `chunked`.
    UnsupportedCoding,
    /// An HTTP/1.0 message has `Transfer-Encoding`.
    CodingInHttp10,
    /// A CONNECT request has content.
    ContentInConnect,
    /// The size of a chunk is not a hexadecimal number.
    ChunkSize,
    /// The size of a chunk does not fit into 64 bits.
    ChunkSizeTooLarge,
    /// A chunk line ends with whitespace.
    ChunkLineWhitespace,
    /// The size of a chunk is followed by an invalid chunk extension.
    ChunkExtension,
    /// A chunk line is longer than [`Limits::chunk_line`](crate::head::Limits::chunk_line), or the
    /// extensions of the body than
    /// [`Limits::chunk_extensions`](crate::head::Limits::chunk_extensions).
    ChunkLineTooLong,
    /// The data of a chunk is not followed by CR LF.
    ChunkEnd,
    /// The trailer section has a field that affects framing, routing or the connection.
    ForbiddenTrailer,
    /// The trailer section is longer than [`Limits::head`](crate::head::Limits::head).
    TrailersTooLong,
    /// The body is longer than [`Limits::body`](crate::head::Limits::body).
    BodyTooLarge,
    /// The message ends before it is complete.
    Truncated,
    /// A datagram has no octets.
    EmptyDatagram,
    /// A datagram ends before the empty line after the head.
    HeadNotEnded,
    /// A response arrived without a request.
    Unsolicited,
    /// A datagram has octets after the message.
    Surplus,
    /// More interim responses arrived than [`Limits::interim`](crate::head::Limits::interim).
    TooManyInterim,
    /// A 101 response arrived for a request that did not offer an upgrade.
    UnexpectedUpgrade,
}

macro_rules! rules {
    ($($kind:ident $section:literal $status:literal $text:literal $hint:literal)*) => {
        impl ParseErrorKind {
            /// All kinds.
            pub const ALL: &'static [ParseErrorKind] = &[$(Self::$kind),*];

            /// Returns the section of the RFC that defines the rule.
            pub const fn section(self) -> &'static str {
                match self {
                    $(Self::$kind => $section,)*
                }
            }

            /// Returns the status code that a server should respond with.
            pub(crate) const fn status_code(self) -> u16 {
                match self {
                    $(Self::$kind => $status,)*
                }
            }

            /// Returns advice for the sender of the octets.
            pub const fn hint(self) -> &'static str {
                match self {
                    $(Self::$kind => $hint,)*
                }
            }
        }

        impl fmt::Display for ParseErrorKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$kind => $text,)*
                })
            }
        }
    };
}

rules! {
    BareLf "RFC 9112 section 2.2" 400 "line ended by LF alone" "end each line with CR LF"
    BareCr "RFC 9112 section 2.2" 400 "CR without LF" "remove the CR, or end the line with CR LF"
    Method "RFC 9112 section 3.1" 400 "invalid method"
        "begin with a method and one space; \
         a peer that speaks TLS or another protocol is at the wrong port"
    MethodTooLong "RFC 9112 section 3" 501 "method too long"
        "use a shorter method"
    Target "RFC 9112 section 3.2" 400 "invalid request target"
        "write one space, then / or a scheme; percent-encode other octets; \
         leave out fragment and userinfo"
    TargetTooLong "RFC 9112 section 3" 414 "request target too long" "send long data as content"
    TargetForm "RFC 9112 section 3.2" 400 "form of the request target does not suit the method"
        "host:port is only for CONNECT, * only for OPTIONS, in a datagram also for M-SEARCH and \
         NOTIFY; methods are case-sensitive"
    RequestLine "RFC 9112 section 3" 400 "request line without version"
        "write method, target and version, one space each"
    Version "RFC 9112 section 2.3" 400 "invalid HTTP version"
        "write HTTP/1.1 in capitals, and nothing after it"
    VersionNotSupported "RFC 9110 section 15.6.6" 505 "HTTP version not supported" "speak HTTP/1.1"
    StatusCode "RFC 9112 section 4" 502 "invalid status code"
        "write three digits, 100 or more, and one space"
    Reason "RFC 9112 section 4" 502 "control octet in the reason phrase" "remove the control octet"
    FieldName "RFC 9110 section 5.1" 400 "invalid field name"
        "a name is letters, digits and !#$%&'*+-.^_`|~ and ends at the colon"
    WhitespaceBeforeColon "RFC 9112 section 5.1" 400 "whitespace before the colon"
        "put the colon right after the field name"
    MissingColon "RFC 9112 section 5" 400 "field line without a colon"
        "write name, colon and value on one line"
    LineFolding "RFC 9112 section 5.2" 400 "folded line"
        "write the field on one line; begin no line with whitespace"
    FieldValue "RFC 9110 section 5.5" 400 "control octet in a field value"
        "remove or encode the control octet"
    TooManyFields "RFC 9110 section 5.4" 431 "too many fields" "send fewer field lines"
    HeadTooLong "RFC 9110 section 5.4" 431 "head too long" "send fewer or shorter fields"
    MissingHost "RFC 9112 section 3.2" 400 "no Host field" "send the target's host and port as Host"
    RepeatedHost "RFC 9112 section 3.2" 400 "second Host field" "send one Host field"
    InvalidHost "RFC 9112 section 3.2" 400 "invalid Host"
        "send host or host:port, without scheme, userinfo or path"
    ContentLength "RFC 9112 section 6.3" 400 "invalid Content-Length" "send one decimal number"
    RepeatedContentLength "RFC 9112 section 6.3" 400 "second Content-Length field"
        "send one Content-Length"
    ContentLengthTooLarge "RFC 9110 section 8.6" 413 "Content-Length too large"
        "send a length below 2 to the 64th"
    LengthAndCoding "RFC 9112 section 6.1" 400 "both Content-Length and Transfer-Encoding"
        "send only one of the two"
    TransferCoding "RFC 9112 section 7" 400 "invalid transfer coding"
        "separate codings with commas, and write chunked without parameters"
    NotChunkedLast "RFC 9112 section 6.3" 400 "chunked is not the last transfer coding"
        "end Transfer-Encoding in chunked"
    ChunkedTwice "RFC 9112 section 6.1" 400 "chunked applied twice" "name chunked once, last"
    UnsupportedCoding "RFC 9112 section 6.1" 501 "transfer coding not supported"
        "send chunked alone; in a datagram, send no coding"
    CodingInHttp10 "RFC 9112 section 6.1" 400 "Transfer-Encoding in HTTP/1.0"
        "send Content-Length, or speak HTTP/1.1"
    ChunkSize "RFC 9112 section 7.1" 400 "invalid chunk size"
        "write hexadecimal digits, and CR LF after them"
    ChunkSizeTooLarge "RFC 9112 section 7.1" 413 "chunk size too large" "send smaller chunks"
    ChunkLineWhitespace "RFC 9112 section 7.1" 400 "whitespace before the end of a chunk line"
        "write CR LF right after the chunk size or the last extension"
    ChunkExtension "RFC 9112 section 7.1.1" 400 "invalid chunk extension"
        "write ;name or ;name=value, or send no extension"
    ChunkLineTooLong "RFC 9112 section 7.1.1" 400 "chunk line or extensions too long"
        "write short chunk sizes, and no chunk extensions"
    ChunkEnd "RFC 9112 section 7.1" 400 "chunk data without CR LF after it"
        "set the chunk size to the length of the data"
    ForbiddenTrailer "RFC 9110 section 6.5.1" 400 "field not allowed in trailers"
        "send the field in the head"
    TrailersTooLong "RFC 9110 section 5.4" 431 "trailer section too long"
        "send fewer or shorter trailer fields"
    BodyTooLarge "RFC 9110 section 15.5.14" 413 "body too large" "send a smaller body"
    Truncated "RFC 9112 section 8" 400 "message cut short" "send the complete message"
    EmptyDatagram "RFC 9112 section 2.1" 400 "empty datagram" "send one message in each datagram"
    HeadNotEnded "RFC 9112 section 2.1" 400 "missing empty line after the head"
        "end the head with an empty line: CR LF CR LF"
    Unsolicited "RFC 9112 section 9.2" 502 "response without a request"
        "send one response for each request; the client has to close the connection"
    Surplus "RFC 9112 section 6.3" 400 "octets after the message"
        "send one message in each datagram, with the correct length"
    TooManyInterim "RFC 9110 section 15.2" 502 "too many interim responses"
        "send the final response"
    UnexpectedUpgrade "RFC 9110 section 7.8" 502 "upgrade that was not offered"
        "switch only to a protocol that the request offers"
    ContentInConnect "RFC 9110 section 9.3.6" 400 "CONNECT with content"
        "send the data through the tunnel, after the 2xx response"
}

/// A value that breaks its grammar: the kind of value, and the offset of the first invalid octet.
///
/// Offsets are in octets, and 65,535 at most. Where the end is missing, the offset is the length.
///
/// ```
/// use bareline_core::FieldValue;
/// use bareline_core::error::InvalidValue;
///
/// let error = FieldValue::new("a\r\nSet-Cookie: b").unwrap_err();
/// assert_eq!(error, InvalidValue::FieldValue { at: 1 });
/// assert_eq!(
///     error.to_string(),
///     "control octet in a field value at octet 1 (RFC 9110 section 5.5)"
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidValue {
    /// A method that is not a token.
    Method {
        /// The offset.
        at: u16,
    },
    /// A target with an octet outside the grammar, or with none of the four forms. Encode a
    /// received target with [`Target::encoded`](crate::Target::encoded).
    Target {
        /// The offset.
        at: u16,
    },
    /// A version other than `HTTP/1.0` and `HTTP/1.1`.
    Version {
        /// The offset.
        at: u16,
    },
    /// A status code outside 100 to 599.
    Status {
        /// The code.
        code: u16,
    },
    /// A status code that is not three digits.
    StatusDigits {
        /// The offset.
        at: u16,
    },
    /// A field name that is not a token.
    FieldName {
        /// The offset.
        at: u16,
    },
    /// A field value with a control octet other than HTAB.
    FieldValue {
        /// The offset.
        at: u16,
    },
}

impl InvalidValue {
    /// Returns the offset of the first invalid octet; `None` for a status that is a number.
    pub const fn offset(&self) -> Option<usize> {
        match *self {
            Self::Method { at }
            | Self::Target { at }
            | Self::Version { at }
            | Self::StatusDigits { at }
            | Self::FieldName { at }
            | Self::FieldValue { at } => Some(at as usize),
            Self::Status { .. } => None,
        }
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, at, section) = match *self {
            Self::Method { at } => ("invalid method", at, "RFC 9110 section 9.1"),
            Self::Target { at } => ("invalid request target", at, "RFC 9112 section 3.2"),
            Self::Version { at } => ("not HTTP/1.0 or HTTP/1.1", at, "RFC 9112 section 2.3"),
            Self::Status { code } => {
                return write!(f, "status code {code} outside 100 to 599 (RFC 9110 section 15)");
            }
            Self::StatusDigits { at } => {
                ("status code is not three digits", at, "RFC 9110 section 15")
            }
            Self::FieldName { at } => ("invalid field name", at, "RFC 9110 section 5.1"),
            Self::FieldValue { at } => {
                ("control octet in a field value", at, "RFC 9110 section 5.5")
            }
        };
        write!(f, "{text} at octet {at} ({section})")
    }
}

impl core::error::Error for InvalidValue {}

/// A message or part that cannot be written. The failed call has written nothing.
///
/// ```
/// use bareline_core::error::WriteError;
/// use bareline_core::write::{MessageWriter, RequestContext};
/// use bareline_core::{Status, WireBuf};
///
/// let (mut out, mut writer) = (WireBuf::<128>::new(), MessageWriter::new());
/// writer.response(RequestContext::UNREAD, Status::OK, &mut out)?.length(5)?;
/// let error = writer.send_data(b"too long", &mut out).unwrap_err();
/// assert_eq!(error, WriteError::BodyLength);
/// # Ok::<(), WriteError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum WriteError {
    /// The buffer is full: the octets to be written do not fit.
    BufferFull,
    /// The buffer holds octets after which these cannot follow. Send them, and call
    /// [`clear`](crate::write::WireView::clear).
    BufferInUse,
    /// A value that is invalid, or that was received and must not be written.
    Value(InvalidValue),
    /// The form of the target does not suit the method.
    TargetForm,
    /// The value of `Host` is not a host with an optional port.
    InvalidHost {
        /// The offset of the first invalid octet, or the length where the end is missing.
        at: u16,
    },
    /// The value of `Connection` is not a list of tokens.
    InvalidConnection {
        /// The offset of the first invalid octet, or the length where the end is missing.
        at: u16,
    },
    /// `Content-Length` and `Transfer-Encoding` are not set as fields: the call that ends the head
    /// writes them.
    FramingField,
    /// An HTTP/1.1 request has no `Host`.
    MissingHost,
    /// A request has a second `Host`.
    RepeatedHost,
    /// `Host` differs from the authority of the target.
    HostDiffers,
    /// A 101 or 426 response has no `Upgrade`.
    MissingUpgrade,
    /// The request did not offer an upgrade, or the client waits for a 100 first.
    UpgradeNotOffered,
    /// `Upgrade` or `TE` is not named in `Connection`.
    MissingConnectionOption,
    /// A reason phrase after a field: set it first.
    ReasonTooLate,
    /// An interim status where the final response is due.
    InterimStatus,
    /// A final status where an interim response is due.
    FinalStatus,
    /// A head that was begun and not ended: `without_body`, `body`, `length` or `chunked` is due.
    HeadNotEnded,
    /// This message may not have a body.
    BodyForbidden,
    /// A request without a body has `Expect: 100-continue`.
    ExpectWithoutBody,
    /// No body is being written: a head that declares a body is due.
    NoBody,
    /// The body of the previous message has not ended: `end_body` is due.
    BodyNotEnded,
    /// A message with trailer fields has no chunked body.
    TrailersNeedChunked,
    /// The field is not allowed in trailers.
    ForbiddenTrailer,
    /// The body is longer or shorter than its declared length.
    BodyLength,
    /// An HTTP/1.0 peer does not support this.
    NeedsHttp11,
    /// No request waits for a response: the next head is due from `receive`.
    NoRequest,
    /// The previous request has no response: `respond` is due.
    ResponseDue,
    /// The response to the previous request is not complete: its end is due from `receive`.
    ResponseNotEnded,
    /// The response, or the other protocol after a 101, would begin before the request's body has
    /// been read; or it has begun, and the body can no longer be read.
    RequestUnread,
    /// The peer broke a rule: a server can only `reject`, and a client can only close.
    AfterParseError,
    /// The connection carries no more messages.
    Closed,
}

/// Returns a position as an error holds it. In 16 bits, so that an error takes one register.
#[cold]
pub(crate) const fn position(at: usize) -> u16 {
    #[allow(clippy::cast_possible_truncation, reason = "compared before")]
    if at < u16::MAX as usize { at as u16 } else { u16::MAX }
}

impl From<InvalidValue> for WriteError {
    fn from(error: InvalidValue) -> Self {
        Self::Value(error)
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::Value(error) => return error.fmt(f),
            Self::InvalidHost { at } => {
                return write!(f, "invalid Host at octet {at} (RFC 9110 section 7.2)");
            }
            Self::InvalidConnection { at } => {
                return write!(f, "invalid Connection at octet {at} (RFC 9110 section 7.6.1)");
            }
            Self::BufferFull => "buffer is full (use a larger buffer, or send what it holds first)",
            Self::BufferInUse => {
                "buffer holds octets of another message (send what it holds, then clear it)"
            }
            Self::TargetForm => {
                "form of the target does not suit the method (RFC 9112 section 3.2: methods are \
                 case-sensitive)"
            }
            Self::FramingField => {
                "Content-Length and Transfer-Encoding are written automatically (RFC 9112 section \
                 6)"
            }
            Self::MissingHost => "request without Host (RFC 9112 section 3.2)",
            Self::RepeatedHost => "second Host (RFC 9112 section 3.2)",
            Self::HostDiffers => "Host is not the authority of the target (RFC 9112 section 3.2)",
            Self::MissingUpgrade => "101 or 426 response without Upgrade (RFC 9110 section 7.8)",
            Self::UpgradeNotOffered => "upgrade that was not offered (RFC 9110 section 7.8)",
            Self::MissingConnectionOption => {
                "Upgrade or TE not named in Connection (RFC 9110 section 7.6.1)"
            }
            Self::ReasonTooLate => "reason after a field (RFC 9112 section 4: set it first)",
            Self::InterimStatus => {
                "interim status in a final response (RFC 9110 section 15.2: write 200 or more)"
            }
            Self::FinalStatus => {
                "final status in an interim response (RFC 9110 section 15.2: write 1xx, not 101)"
            }
            Self::HeadNotEnded => {
                "head not ended (end it by without_body, body, length or chunked)"
            }
            Self::BodyForbidden => "body not allowed in this message (RFC 9110 section 6.4)",
            Self::ExpectWithoutBody => {
                "Expect: 100-continue without a body (RFC 9110 section 10.1.1)"
            }
            Self::NoBody => "no body is being written (begin a message by length or chunked first)",
            Self::BodyNotEnded => {
                "body of the message before not ended (RFC 9112 section 9.3: end it, or close)"
            }
            Self::TrailersNeedChunked => "trailers without a chunked body (RFC 9112 section 7.1.2)",
            Self::ForbiddenTrailer => "field not allowed in trailers (RFC 9110 section 6.5.1)",
            Self::BodyLength => "body does not have the declared length (RFC 9110 section 8.6)",
            Self::NeedsHttp11 => "not supported by an HTTP/1.0 peer (RFC 9112 section 6.1)",
            Self::NoRequest => {
                "no request waits for a response (RFC 9112 section 9.2: receive one first)"
            }
            Self::ResponseDue => "the previous request has no response (respond to it first)",
            Self::ResponseNotEnded => {
                "response to the previous request not complete (receive it to its end first)"
            }
            Self::RequestUnread => {
                "response before the end of the request's body (RFC 9112 section 9.3: read the \
                 body first, or begin the response while reading it)"
            }
            Self::AfterParseError => {
                "the peer broke a rule (a server responds by reject; a client closes)"
            }
            Self::Closed => {
                "the connection carries no more messages (RFC 9112 section 9.6: open another one)"
            }
        })
    }
}

impl core::error::Error for WriteError {}
