//! The position where a rule stopped, and the choice of the RFC rule that is broken there.

use crate::error::{ParseError, ParseErrorKind};
use crate::octets::is_ows;
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
    pub(crate) fn error(self, octets: &[u8], line_start: usize) -> ParseError {
        let Self { part, position } = self;
        #[allow(clippy::indexing_slicing, reason = "each part has an entry")]
        let (at_line_end, elsewhere) = BROKEN[part as usize];
        let kind = match octets.get(position..).unwrap_or(&[]) {
            [b'\n', ..] => ParseErrorKind::BareLf,
            [b'\r', next, ..] if *next != b'\n' => ParseErrorKind::BareCr,
            [b'\r', ..] => at_line_end,
            [octet, after @ ..] if part == Part::FieldName && is_ows(*octet) => {
                if position == line_start {
                    ParseErrorKind::LineFolding
                } else if after.iter().find(|octet| !is_ows(**octet)) == Some(&b':') {
                    ParseErrorKind::WhitespaceBeforeColon
                } else {
                    elsewhere
                }
            }
            _ => elsewhere,
        };
        ParseError::new(kind, position, 1)
    }
}

/// The rule that the end of the line breaks in each part, and the one that other octets break.
const BROKEN: [(ParseErrorKind, ParseErrorKind); 10] = [
    (ParseErrorKind::RequestLine, ParseErrorKind::Method),
    (ParseErrorKind::RequestLine, ParseErrorKind::Target),
    (ParseErrorKind::Version, ParseErrorKind::Version),
    (ParseErrorKind::StatusCode, ParseErrorKind::StatusCode),
    (ParseErrorKind::Reason, ParseErrorKind::Reason),
    (ParseErrorKind::MissingColon, ParseErrorKind::FieldName),
    (ParseErrorKind::FieldValue, ParseErrorKind::FieldValue),
    (ParseErrorKind::ChunkSize, ParseErrorKind::ChunkSize),
    (ParseErrorKind::ChunkLineWhitespace, ParseErrorKind::ChunkExtension),
    (ParseErrorKind::ChunkExtension, ParseErrorKind::ChunkExtension),
];

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
