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
        if let (ErrorKind::Target | ErrorKind::Version, Some(mended)) = (kind, self.mended_request_line()) {
            return write!(f, "{mended}");
        }
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
            // Something is missing, whatever stands there.
            (ErrorKind::Target, _) if error.len() == 0 => f.write_str(hint),
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
    /// Returns what to write in a request line, where that is a space fewer, or octets of path or
    /// query in another way.
    fn mended_request_line(&self) -> Option<Mended<'i>> {
        let (before, rest) = self.input.split_at_checked(self.error.offset())?;
        let before = before.rsplit(|&octet| octet == b'\n').next()?;
        let rest = rest.split(|&octet| octet == b'\r').next()?;
        if before.ends_with(b" ") && rest.starts_with(b" ") {
            return Some(Mended::OneSpace);
        }
        let (_, target) = before.split_at_checked(before.iter().position(|&octet| octet == b' ')?)?;
        match self.error.kind() {
            ErrorKind::Target if is_behind_authority(trim_ows(target)) => {
                let character = rest.get(..4).unwrap_or(rest).utf8_chunks().next()?.valid().chars().next();
                rest.get(..character.map_or(1, char::len_utf8)).map(Mended::Octets)
            }
            // The version stands behind what came in its place.
            ErrorKind::Version => match rest.split_last_chunk()? {
                ([_, ..], b" HTTP/1.0" | b" HTTP/1.1") => Some(Mended::SpaceInTarget),
                _ => None,
            },
            _ => None,
        }
    }

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

/// Whether these first octets of a target end in its path or query.
fn is_behind_authority(target: &[u8]) -> bool {
    let is_scheme_end = |at: &usize| target.get(*at..).is_some_and(|rest| rest.starts_with(b"://"));
    let authority = (0..target.len()).find(is_scheme_end).and_then(|at| target.get(at.saturating_add(3)..));
    target.starts_with(b"/") || authority.is_some_and(|rest| rest.iter().any(|octet| matches!(octet, b'/' | b'?')))
}

/// What to write in a request line.
enum Mended<'i> {
    OneSpace,
    SpaceInTarget,
    /// These octets as triplets: one, or a character in UTF-8.
    Octets(&'i [u8]),
}

impl fmt::Display for Mended<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = match *self {
            Self::OneSpace => return f.write_str("write one space between method, target and version"),
            Self::SpaceInTarget => return f.write_str("write a space in the target as %20"),
            Self::Octets(octets) => octets,
        };
        match octets {
            [octet] if octet.is_ascii_graphic() => write!(f, "write {}", char::from(*octet))?,
            [octet] if octet.is_ascii() => write!(f, "write octet 0x{octet:02x}")?,
            [octet] => write!(f, "not ASCII: write octet 0x{octet:02x}")?,
            character => write!(f, "raw UTF-8: write {}", Shown(character))?,
        }
        f.write_str(" as ")?;
        octets.iter().try_for_each(|octet| write!(f, "%{octet:02X}"))?;
        f.write_str(if octets == b"#" { ", or leave out the fragment" } else { "" })
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
