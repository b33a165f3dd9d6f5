//! The position where a rule stopped, and the choice of the RFC rule that is broken there.

use crate::error::{ParseError, ParseErrorKind};
use crate::octets::trim_ows_start;
use crate::scan::Input;

/// The part of a line in which an octet does not fit.
///
/// `repr(usize)`: a smaller part would share a register with half of the position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(crate) enum Part {
    Method,
    Target,
    Version,
    StatusCode,
    Reason,
    FieldName,
    FieldValue,
    ChunkSize,
    /// The `;` of an extension, and the whitespace before it.
    ChunkSemicolon,
    ChunkExtension,
}

/// The position of an octet that does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Position(pub(crate) usize);

impl From<Stop> for Position {
    fn from(stop: Stop) -> Self {
        Self(stop.position)
    }
}

/// A rule's stop at an octet that does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stop {
    pub(crate) part: Part,
    pub(crate) position: usize,
}

impl Stop {
    /// Returns whether every octet so far fits, so that more octets are needed to decide. nom's
    /// `Incomplete` would be a third result of each rule, and cost flash in each.
    pub(crate) const fn is_at_end(self, octets: &[u8]) -> bool {
        self.position >= octets.len()
    }

    /// Returns the error at this stop; `octets` hold at least the complete line.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), cold, inline(never))]
    pub(crate) fn error(self, octets: &[u8], line_start: usize) -> ParseError {
        let Self { part, position } = self;
        let rest = octets.get(position..).unwrap_or(&[]);
        let at_line_start = position == line_start;
        let kind = match (rest, part) {
            ([b'\n', ..], _) => ParseErrorKind::BareLf,
            ([b'\r', next, ..], _) if *next != b'\n' => ParseErrorKind::BareCr,
            ([b'\r', ..], Part::Method | Part::Target) => ParseErrorKind::RequestLine,
            ([b'\r', ..], Part::FieldName) => ParseErrorKind::MissingColon,
            ([b' ' | b'\t', ..], Part::FieldName) if at_line_start => ParseErrorKind::LineFolding,
            ([b' ' | b'\t', after @ ..], Part::FieldName) if begins_with_colon(after) => {
                ParseErrorKind::WhitespaceBeforeColon
            }
            (_, Part::FieldName) => ParseErrorKind::FieldName,
            (_, Part::FieldValue) => ParseErrorKind::FieldValue,
            (_, Part::Method) => ParseErrorKind::Method,
            (_, Part::Target) => ParseErrorKind::Target,
            (_, Part::Version) => ParseErrorKind::Version,
            (_, Part::StatusCode) => ParseErrorKind::StatusCode,
            (_, Part::Reason) => ParseErrorKind::Reason,
            (_, Part::ChunkSize) => ParseErrorKind::ChunkSize,
            ([b'\r', ..], Part::ChunkSemicolon) => ParseErrorKind::ChunkLineWhitespace,
            (_, Part::ChunkSemicolon | Part::ChunkExtension) => ParseErrorKind::ChunkExtension,
        };
        let len = match rest.first_chunk() {
            // Three digits that are not a status code are wrong together.
            Some(digits @ [_, _, _])
                if kind == ParseErrorKind::StatusCode && digits.iter().all(u8::is_ascii_digit) =>
            {
                3
            }
            _ => 1,
        };
        ParseError::new(kind, position, len)
    }
}

fn begins_with_colon(octets: &[u8]) -> bool {
    trim_ows_start(octets).first() == Some(&b':')
}

/// nom requires this of an error; the rules build their errors themselves.
impl<I: Input> nom::error::ParseError<I> for Position {
    fn from_error_kind(input: I, _: nom::error::ErrorKind) -> Self {
        Self(input.position())
    }

    fn append(_: I, _: nom::error::ErrorKind, other: Self) -> Self {
        other
    }
}

impl<I: Input> nom::error::ParseError<I> for Stop {
    fn from_error_kind(input: I, _: nom::error::ErrorKind) -> Self {
        Self { part: Part::FieldValue, position: input.position() }
    }

    fn append(_: I, _: nom::error::ErrorKind, other: Self) -> Self {
        other
    }
}
