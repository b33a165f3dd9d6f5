//! Progress of a head that is parsed line by line. Each octet is inspected a bounded number of
//! times, however the octets arrive.

use super::facts::Facts;
use super::{LentSpans, Limits};
use crate::error::{ParseError, ParseErrorKind};
use crate::grammar::{HttpVersion, Stop, field_line_or_end};
use crate::scan::{Input, has_line_feed};
use crate::value::Version;

/// The parse progress of a head with a start line `L`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress<L> {
    /// The start line, once it is parsed.
    pub(super) start_line: Option<L>,
    /// The position of the next line.
    pub(super) next: usize,
    /// The number of octets inspected so far.
    searched: usize,
    /// The number of field lines parsed so far.
    lines: usize,
    /// The end of the last fold that was replaced by SP, or 0. The facts predate the replacement.
    pub(super) mended: usize,
}

impl<L: Copy> Progress<L> {
    /// Creates the progress before the first octet.
    pub(crate) const fn new() -> Self {
        Self { start_line: None, next: 0, searched: 0, lines: 0, mended: 0 }
    }

    /// Returns whether a head has begun; empty lines before it do not count.
    pub(crate) const fn is_begun(&self) -> bool {
        self.start_line.is_some() || self.searched > self.next
    }

    /// Returns the number of octets inspected so far.
    pub(crate) const fn searched(&self) -> usize {
        self.searched
    }

    /// Returns whether the start line is parsed.
    pub(crate) const fn is_start_line_read(&self) -> bool {
        self.start_line.is_some()
    }

    /// Continues with the line that begins at `next`, none of which counts as inspected.
    pub(super) fn go_on_from(&mut self, next: usize) {
        self.next = next;
        self.searched = next;
    }

    /// Starts again, unless the octets begin with those of the last call: a caller that presents
    /// another message has fewer octets, or other spans.
    #[inline(always)]
    pub(super) fn restart_for_others(
        &mut self,
        facts: &mut Facts,
        octets: &[u8],
        spans: &mut LentSpans<'_>,
    ) {
        if self.searched > octets.len() || self.lines != spans.len() {
            *self = Self::new();
            *facts = Facts::new();
            spans.clear();
        }
    }

    /// Records that these octets are inspected, and returns whether a line can be parsed: it has
    /// just begun, or its end or its limit is among the new octets.
    #[inline(always)]
    pub(super) fn inspect(&mut self, octets: &[u8], limit: usize) -> bool {
        let inspected = core::mem::replace(&mut self.searched, octets.len());
        inspected <= self.next || octets.len() >= limit || has_line_feed(octets, inspected)
    }

    /// Parses field lines up to the empty line. Returns the position after it, or `None` when more
    /// octets are needed.
    ///
    /// Fails at once when `check` returns an error for the lines so far.
    #[inline(always)]
    pub(super) fn field_section<I: Input>(
        &mut self,
        facts: &mut Facts,
        input: I,
        limits: &Limits,
        spans: &mut LentSpans<'_>,
        check: impl Fn(&Facts) -> Option<ParseError>,
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
            if facts.see(input.octets(), line)
                && let Some(error) = check(facts)
            {
                return Err(error);
            }
            self.next = after.position();
        }
    }
}

/// Returns the error of a line that failed to parse, once the line is complete or at its limit.
///
/// Before that, the result is `Ok`: the same error results however the octets are split into reads.
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
        // The parsed part of the line has no LF.
        false if is_cut || has_line_feed(octets, stop.position) => {
            Err(stop.error(octets, line_start))
        }
        _ => Ok(()),
    }
}

/// Returns the version that the one at `start` is handled as [RFC 9110 section 6.2].
#[inline(always)]
pub(super) fn known_version(version: HttpVersion, start: usize) -> Result<Version, ParseError> {
    match (version.major, version.minor) {
        (1, 0) => Ok(Version::Http10),
        (1, _) => Ok(Version::Http11),
        _ => Err(ParseError::new(ParseErrorKind::VersionNotSupported, start, HttpVersion::LEN)),
    }
}
