//! Limits on the size of received messages.

use crate::record::debug_record;

/// Limits on the elements of a received message. Larger elements are rejected.
///
/// [`new`](Self::new) returns the defaults, and each setter changes one limit. A limit is the
/// largest value that is accepted, so 0 accepts no such element. The largest value of a limit's
/// type is its maximum. Only for [`body`](Self::body) does it mean no limit.
///
/// The number of field lines in a head is limited by the `N` of [`FieldSpans`](crate::FieldSpans).
/// A receive buffer smaller than [`head`](Self::head) is a limit too; its owner enforces it.
///
/// ```
/// use bareline_core::error::ParseErrorKind;
/// use bareline_core::head::Limits;
/// use bareline_core::{FieldSpans, RequestHead};
///
/// const LIMITS: Limits = Limits::new().head(8_192).target(8);
/// let mut spans = FieldSpans::<8>::new();
/// let error =
///     RequestHead::parse_within(b"GET /a/long/path HTTP/1.1\r\n", spans.lend(), &LIMITS)
///         .unwrap_err();
/// assert_eq!((error.kind(), error.offset()), (ParseErrorKind::TargetTooLong, 12));
/// ```
#[must_use = "a setter returns the changed limits"]
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Limits {
    pub(crate) method: u16,
    pub(crate) target: u16,
    pub(crate) head: u16,
    pub(crate) trailers: u16,
    pub(crate) chunk_line: u16,
    pub(crate) chunk_extensions: u16,
    pub(crate) body: u64,
    pub(crate) drain: u32,
    pub(crate) interim: u16,
}

debug_record!(Limits {
    method,
    target,
    head,
    trailers,
    chunk_line,
    chunk_extensions,
    body,
    drain,
    interim
});

impl Limits {
    /// Returns the defaults.
    pub const fn new() -> Self {
        Self {
            method: 64,
            target: 16_384,
            head: u16::MAX,
            trailers: 128,
            chunk_line: 4_096,
            chunk_extensions: 16_384,
            body: u64::MAX,
            drain: 65_536,
            interim: 32,
        }
    }

    /// Sets the maximum length of a method in octets: 64 by default. A longer one is rejected as
    /// [`MethodTooLong`](crate::error::ParseErrorKind::MethodTooLong), status 501 [RFC 9112 section
    /// 3].
    pub const fn method(mut self, octets: u16) -> Self {
        self.method = octets;
        self
    }

    /// Sets the maximum length of a request target in octets: 16,384 by default. A longer one is
    /// rejected as [`TargetTooLong`](crate::error::ParseErrorKind::TargetTooLong), status 414 [RFC
    /// 9112 section 3].
    pub const fn target(mut self, octets: u16) -> Self {
        self.target = octets;
        self
    }

    /// Sets the maximum length in octets of a head, start line included, and of a trailer section:
    /// 65,535 by default and at most. Longer ones are rejected as
    /// [`HeadTooLong`](crate::error::ParseErrorKind::HeadTooLong) and
    /// [`TrailersTooLong`](crate::error::ParseErrorKind::TrailersTooLong), status 431 [RFC 9110
    /// section 5.4].
    #[doc(alias = "header")]
    pub const fn head(mut self, octets: u16) -> Self {
        self.head = octets;
        self
    }

    /// Sets the maximum number of field lines in a trailer section: 128 by default. More are
    /// rejected as [`TooManyFields`](crate::error::ParseErrorKind::TooManyFields), status 431 [RFC
    /// 9110 section 5.4].
    pub const fn trailers(mut self, lines: u16) -> Self {
        self.trailers = lines;
        self
    }

    /// Sets the maximum length in octets of the line before the data of a chunk: 4,096 by default.
    /// A longer one is rejected as
    /// [`ChunkLineTooLong`](crate::error::ParseErrorKind::ChunkLineTooLong), status 400 [RFC 9112
    /// section 7.1.1].
    pub const fn chunk_line(mut self, octets: u16) -> Self {
        self.chunk_line = octets;
        self
    }

    /// Sets the maximum length in octets of all chunk extensions of a body: 16,384 by default.
    /// Longer ones are rejected as
    /// [`ChunkLineTooLong`](crate::error::ParseErrorKind::ChunkLineTooLong), status 400 [RFC 9112
    /// section 7.1.1].
    pub const fn chunk_extensions(mut self, octets: u16) -> Self {
        self.chunk_extensions = octets;
        self
    }

    /// Sets the maximum length of a body in octets, counted across chunks: `u64::MAX` by default,
    /// which means no limit, since bodies are not stored. A longer one is rejected as
    /// [`BodyTooLarge`](crate::error::ParseErrorKind::BodyTooLarge), status 413 [RFC 9110 section
    /// 15.5.14]. A `Content-Length` beyond the limit is rejected with the head.
    #[doc(alias = "content")]
    pub const fn body(mut self, octets: u64) -> Self {
        self.body = octets;
        self
    }

    /// Sets the maximum number of octets of an unread body that are discarded, chunk lines and
    /// trailers included: 65,536 by default. With a longer rest, even one that has arrived, the
    /// connection closes after the message. A server's response then has `Connection: close` [RFC
    /// 9112 section 9.3].
    pub const fn drain(mut self, octets: u32) -> Self {
        self.drain = octets;
        self
    }

    /// Sets the maximum number of interim responses that a client accepts before the final one: 32
    /// by default. One more is rejected as
    /// [`TooManyInterim`](crate::error::ParseErrorKind::TooManyInterim) [RFC 9110 section 15.2].
    pub const fn interim(mut self, responses: u16) -> Self {
        self.interim = responses;
        self
    }

    /// Returns the length of the longest request line within the limits, line end included.
    pub(crate) fn request_line(&self) -> usize {
        usize::from(self.method)
            .saturating_add(usize::from(self.target))
            .saturating_add("  HTTP/1.1\r\n".len())
    }

    /// Returns the part of the input that can belong to a head.
    pub(crate) fn head_of<'b>(&self, input: &'b [u8]) -> &'b [u8] {
        input.get(..usize::from(self.head)).unwrap_or(input)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
