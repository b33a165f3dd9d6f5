//! Limits on the size of received messages.

use crate::record::debug_record;

/// Limits on the elements of a received message. Larger elements are rejected.
///
/// The number of field lines in a head is limited by the `N` of [`FieldSpans`](crate::FieldSpans).
/// A receive buffer smaller than [`head`](Self::head) is a limit too; its owner enforces it.
///
/// ```
/// use bareline_core::error::ParseErrorKind;
/// use bareline_core::head::Limits;
/// use bareline_core::{FieldSpans, RequestHead};
///
/// let limits = Limits { target: 8, ..Limits::default() };
/// let mut spans = FieldSpans::<8>::new();
/// let error =
///     RequestHead::parse_within(b"GET /a/long/path HTTP/1.1\r\n", spans.lend(), &limits)
///         .unwrap_err();
/// assert_eq!((error.kind(), error.offset()), (ParseErrorKind::TargetTooLong, 12));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Limits {
    /// The maximum length of a method in octets: 64 by default. Longer is 501 [RFC 9112 section
    /// 3].
    pub method: u16,
    /// The maximum length of a request target in octets: 16,384 by default. Longer is 414 [RFC
    /// 9112 section 3].
    pub target: u16,
    /// The maximum length in octets of a head, start line included, and of a trailer section:
    /// 65,535 by default and at most. Longer is 431 [RFC 9110 section 5.4].
    pub head: u16,
    /// The maximum number of field lines in a trailer section: 128 by default. More is 431 [RFC
    /// 9110 section 5.4].
    pub trailers: u16,
    /// The maximum length in octets of the line before the data of a chunk: 4,096 by default.
    /// Longer is 400.
    pub chunk_line: u16,
    /// The maximum length in octets of all chunk extensions of a body: 16,384 by default. Longer
    /// is 400 [RFC 9112 section 7.1.1].
    pub chunk_extensions: u16,
    /// The maximum length in octets of a body, counted across chunks. Longer is 413 [RFC 9110
    /// section 15.5.14]. Unlimited by default, since bodies are not stored. With `bareline-net` set
    /// its `Settings::body_limit` instead.
    #[doc(alias = "content")]
    pub body: u64,
    /// The maximum number of octets of an unread body that are discarded, chunk lines and trailers
    /// included: 65,536 by default. With a longer rest, even one that has arrived, the response
    /// has `Connection: close` [RFC 9112 section 9.3].
    pub drain: u32,
    /// The maximum number of interim responses that a client accepts before the final one: 32 by
    /// default.
    pub interim: u16,
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
    /// The defaults.
    pub const DEFAULT: Self = Self {
        method: 64,
        target: 16_384,
        head: u16::MAX,
        trailers: 128,
        chunk_line: 4_096,
        chunk_extensions: 16_384,
        body: u64::MAX,
        drain: 65_536,
        interim: 32,
    };

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
        Self::DEFAULT
    }
}
