//! How far a head has been read: line by line, so that each octet is looked at a bounded number of
//! times however it arrives.

use super::facts::Facts;
use super::{LentSpans, Limits};
use crate::error::{ParseError, ParseErrorKind};
use crate::grammar::{FieldLine, HttpVersion, Stop, field_line_or_end};
use crate::octets::{TEXT, check_token, has_line_feed, is, trim_ows};
use crate::scan::Input;
use crate::value::Version;

/// How far a head has been read whose start line is an `L`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress<L> {
    /// The start line, once it is read.
    pub(super) start_line: Option<L>,
    /// Where the next line begins.
    pub(super) next: usize,
    /// How many octets have been looked at.
    searched: usize,
    /// How many field lines have been read.
    lines: usize,
    /// The end of the last fold that has been mended, after the facts of its line were seen; 0
    /// without one.
    pub(super) mended: usize,
}

impl<L: Copy> Progress<L> {
    /// Before the first octet.
    pub(crate) const fn new() -> Self {
        Self { start_line: None, next: 0, searched: 0, lines: 0, mended: 0 }
    }

    /// Whether an octet of a head has come; empty lines before it are none.
    pub(crate) const fn is_begun(&self) -> bool {
        self.start_line.is_some() || self.searched > self.next
    }

    /// How many octets have been looked at.
    pub(crate) const fn searched(&self) -> usize {
        self.searched
    }

    /// Whether the start line is read.
    pub(crate) const fn is_start_line_read(&self) -> bool {
        self.start_line.is_some()
    }

    /// Goes on with the line that begins at `next`, as if nothing of it had been looked at.
    pub(super) fn go_on_from(&mut self, next: usize) {
        self.next = next;
        self.searched = next;
    }

    /// Notes that these octets have been searched; returns whether a line can be read on: its first
    /// octet, its end or its limit is new. The octets begin with those of the last call; when they
    /// or the spans cannot be the same, the reading begins anew.
    #[inline(always)]
    pub(super) fn search_on(
        &mut self,
        facts: &mut Facts,
        octets: &[u8],
        spans: &mut LentSpans<'_>,
        limit: usize,
    ) -> bool {
        if self.searched > octets.len() || self.lines != spans.len() {
            *self = Self::new();
            *facts = Facts::new();
            spans.clear();
        }
        let searched = core::mem::replace(&mut self.searched, octets.len());
        searched <= self.next || octets.len() >= limit || has_line_feed(octets, searched)
    }

    /// Reads field lines up to the empty line; gives the position behind it, or `None` when more
    /// octets are needed.
    ///
    /// The `fault` that the lines so far amount to ends the reading.
    #[inline(always)]
    pub(super) fn field_section<I: Input>(
        &mut self,
        facts: &mut Facts,
        input: I,
        limits: &Limits,
        spans: &mut LentSpans<'_>,
        fault: impl Fn(&Facts) -> Option<ParseError>,
    ) -> Result<Option<usize>, ParseError> {
        loop {
            let input = input.at(self.next);
            let (after, line) = match field_line_or_end(input) {
                Ok((after, Some(line))) => (after, line),
                Ok((after, None)) => return Ok(Some(after.position())),
                Err(stop) => {
                    return check_unread(stop, input.octets(), self.next, usize::from(limits.head))
                        .map(|()| None);
                }
            };
            if spans.push(line).is_err() {
                let len = after.position().wrapping_sub(self.next);
                return Err(ParseError::new(ParseErrorKind::TooManyFields, self.next, len));
            }
            self.lines = spans.len();
            facts.see(input.octets(), line);
            if let Some(fault) = fault(facts) {
                return Err(fault);
            }
            self.next = after.position();
        }
    }
}

/// Whether field names and values stand where these lines say.
pub(super) fn are_fields(octets: &[u8], lines: &[FieldLine]) -> bool {
    let is_text = |value: &[u8]| {
        value.iter().all(|&octet| is(octet, TEXT)) && trim_ows(value).len() == value.len()
    };
    lines
        .iter()
        .all(|line| check_token(line.name.of(octets)).is_ok() && is_text(line.value.of(octets)))
}

/// The fault of a line that could not be read. There is none yet while its end may still come; it
/// is known once the line is whole or has reached its limit. So the verdict is the same however the
/// octets were cut into reads.
#[cold]
#[inline(never)]
pub(super) fn check_unread(
    stop: Stop,
    octets: &[u8],
    line_start: usize,
    limit: usize,
) -> Result<(), ParseError> {
    let is_cut = octets.len() >= limit;
    match stop.is_at_end(octets) {
        true if is_cut => Err(ParseError::new(ParseErrorKind::HeadTooLong, octets.len(), 0)),
        // What was read of the line is none of its end.
        false if is_cut || has_line_feed(octets, stop.position) => {
            Err(stop.error(octets, line_start))
        }
        _ => Ok(()),
    }
}

/// The version that this one, which stands at `start`, is handled as [RFC 9110 section 6.2].
#[inline(always)]
pub(super) fn known_version(version: HttpVersion, start: usize) -> Result<Version, ParseError> {
    match (version.major, version.minor) {
        (1, 0) => Ok(Version::Http10),
        (1, _) => Ok(Version::Http11),
        _ => Err(ParseError::new(ParseErrorKind::VersionNotSupported, start, HttpVersion::LEN)),
    }
}
