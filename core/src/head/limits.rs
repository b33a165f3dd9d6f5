//! How large what is received may be.

use crate::record::debug_record;

/// The largest elements that are accepted. What is larger is refused with the fitting status.
///
/// How many field lines a head may have is the `N` of [`FieldSpans`](crate::FieldSpans). A receive
/// buffer that is smaller than [`head`](Self::head) is a limit too, and its owner's to enforce.
///
/// ```
/// use bareline_core::{FieldSpans, Limits, ParseErrorKind, RequestHead};
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
    /// The longest method, in octets: 64 by default. Longer is 501 [RFC 9112 section 3].
    pub method: u16,
    /// The longest request target, in octets: 16,384 by default. Longer is 414 [RFC 9112 section
    /// 3].
    pub target: u16,
    /// The longest head, start line and field section together, and the longest trailer section,
    /// in octets: 65,535 by default and at the most. Longer is 431 [RFC 9110 section 5.4].
    pub head: u16,
    /// The most field lines of a trailer section: 128 by default. More is 431 [RFC 9110 section
    /// 5.4].
    pub trailers: u16,
    /// The longest line before the data of a chunk, in octets: 4,096 by default. Longer is 400.
    pub chunk_line: u16,
    /// All chunk extensions of a body together, in octets: 16,384 by default. Longer is 400 [RFC
    /// 9112 section 7.1.1].
    pub chunk_extensions: u16,
    /// The longest body, in octets, counted across chunks: not limited by default, since none is
    /// kept. Longer is 413 [RFC 9110 section 15.5.14].
    pub body: u64,
    /// The most octets that are discarded of a body that nobody reads: 65,536 by default, chunk
    /// lines and trailers included. A response to a request with a longer rest says `Connection:
    /// close`, even if that has arrived [RFC 9112 section 9.3].
    pub drain: u32,
    /// How many interim responses a client takes before the final one: 32 by default.
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

    /// The longest request line that can be within the limits, with its line end.
    pub(crate) fn request_line(&self) -> usize {
        usize::from(self.method)
            .saturating_add(usize::from(self.target))
            .saturating_add("  HTTP/1.1\r\n".len())
    }

    /// The part of the input that can belong to a head.
    pub(crate) fn head_of<'b>(&self, input: &'b [u8]) -> &'b [u8] {
        input.get(..usize::from(self.head)).unwrap_or(input)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
