//! What to do about an error, with what stands in the input.

use crate::dump::dump;
use crate::error::{ErrorKind, ParseError};
use crate::octets::trim_ows;
use core::fmt;

/// What to do about an error, with what stands in the input.
#[derive(Clone, Copy, Debug)]
pub struct Hint<'i> {
    error: ParseError,
    input: &'i [u8],
}

/// How many octets of the input are shown.
const SHOWN: usize = 40;

impl ParseError {
    /// What to do about it, as [`hint`](Self::hint), with what stands in the input that was parsed.
    ///
    /// ```
    /// use bareline_core::{FieldSpans, RequestHead};
    ///
    /// let input = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n";
    /// let error = RequestHead::parse(input, FieldSpans::<8>::new().lend()).unwrap_err();
    /// assert_eq!(error.hint_in(input).to_string(), "two lengths disagree, 5 and 7: send one Content-Length");
    /// ```
    pub const fn hint_in<'i>(&self, input: &'i [u8]) -> Hint<'i> {
        Hint { error: *self, input }
    }
}

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { error, input } = self;
        let (kind, hint) = (error.kind(), error.hint());
        let rest = input.get(error.offset()..).unwrap_or(&[]);
        let line = rest.split(|&octet| octet == b'\n').next().unwrap_or(rest);
        // The lines before this one, and those with it.
        let before = input.get(..error.offset()).unwrap_or(&[]).iter().rposition(|&octet| octet == b'\n').unwrap_or(0);
        let with = error.offset().saturating_add(line.len());
        let wrong = Shown(trim_ows(line.strip_suffix(b"\r").unwrap_or(line)));
        match (kind, wrong.0) {
            (ErrorKind::RepeatedContentLength, second) => match self.field(b"content-length", before) {
                Some(first) if first == second => write!(f, "the length {wrong} stands twice: {hint}"),
                Some(first) => write!(f, "two lengths disagree, {} and {wrong}: {hint}", Shown(first)),
                None => f.write_str(hint),
            },
            (ErrorKind::LengthAndCoding, _) => {
                match (self.field(b"content-length", with), self.field(b"transfer-encoding", with)) {
                    (Some(length), Some(coding)) => {
                        write!(f, "one says {}, the other {}: {hint}", Shown(length), Shown(coding))
                    }
                    _ => f.write_str(hint),
                }
            }
            (ErrorKind::ContentLength | ErrorKind::InvalidHost | ErrorKind::ContentLengthTooLarge, [_, ..])
            | (
                ErrorKind::TransferCoding | ErrorKind::NotChunkedLast | ErrorKind::ChunkedTwice | ErrorKind::UnsupportedCoding,
                [_, ..],
            ) => {
                write!(f, "not {wrong}: {hint}")
            }
            (
                ErrorKind::Method
                | ErrorKind::Target
                | ErrorKind::Version
                | ErrorKind::StatusCode
                | ErrorKind::Reason
                | ErrorKind::FieldName
                | ErrorKind::FieldValue
                | ErrorKind::ChunkSize
                | ErrorKind::ChunkExtension
                | ErrorKind::ChunkEnd,
                _,
            ) => match rest.first() {
                Some(octet) => write!(f, "octet 0x{octet:02x} may not stand here: {hint}"),
                None => f.write_str(hint),
            },
            _ => f.write_str(hint),
        }
    }
}

impl<'i> Hint<'i> {
    /// The value of the last field before `end` with this name in lower case.
    fn field(&self, name: &[u8], end: usize) -> Option<&'i [u8]> {
        let input = self.input.get(..end).unwrap_or(self.input);
        input.rsplit(|&octet| octet == b'\n').find_map(|line| {
            let (found, rest) = line.split_at_checked(name.len())?;
            let value = rest.strip_prefix(b":").filter(|_| found.eq_ignore_ascii_case(name))?;
            Some(trim_ows(value.strip_suffix(b"\r").unwrap_or(value)))
        })
    }
}

/// Octets of the peer's, made fit to be shown, and not too many.
struct Shown<'i>(&'i [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.get(..SHOWN) {
            Some(start) if self.0.len() > SHOWN => write!(f, "{}...", dump(start).on_one_line()),
            _ => write!(f, "{}", dump(self.0).on_one_line()),
        }
    }
}
