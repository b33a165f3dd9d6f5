//! Internals for fuzzing and benchmarks. Unstable: exempt from semver.

use crate::body::{BodyDecoder, Decoded};
use crate::error::ParseError;
use crate::grammar::{
    FieldLine, HttpVersion, Read, Stop, field_line_or_end, http_version_fast, http_version_slow,
    is_host_fast, is_host_slow, request_line, status_line,
};
use crate::head::{Facts, Options, check_target, check_target_slow};
use crate::octets::{REG_NAME, run_end};
use crate::scan::bitmaps::classes::Classes;
use crate::scan::bitmaps::{self, Bitmaps};
use crate::scan::{HeadSource, Input, Words};
use crate::value::{ControlField, Medium, TargetForm, Version};
use core::hint::black_box;
use heapless::Vec;

/// The ends of the runs of each octet class from one position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_structs, reason = "semver does not cover this module")]
pub struct Ends {
    /// Of `tchar` [RFC 9110 section 5.6.2].
    pub token: usize,
    /// Of `tchar`, found at the beginning of a line of text.
    pub token_in_text: usize,
    /// Of the octets of a request target [RFC 9112 section 3.2].
    pub target: usize,
    /// Of HTAB, SP, VCHAR and obs-text [RFC 9110 section 5.5].
    pub text: usize,
    /// Of text, found after a token in text, which has already found that end.
    pub text_behind_token: usize,
    /// Of `reg-name` without percent-encoded octets [RFC 3986 section 3.2.2].
    pub name: usize,
}

/// Calls `show` with the name and the scan function of each scanner that the target can compile.
/// A scan function caches its results from call to call, as a parse does.
pub fn every_scan(octets: &[u8], mut show: impl FnMut(&str, &dyn Fn(usize) -> Ends)) {
    show("words", &|at| ends(&Words::new(octets).at(at), run_end(octets, at, REG_NAME)));
    show("portable", &by_bitmaps::<bitmaps::portable::Portable>(octets));
    #[cfg(target_feature = "sse2")]
    show("SSE2", &by_bitmaps::<bitmaps::sse2::Sse2>(octets));
    #[cfg(target_feature = "avx2")]
    show("AVX2", &by_bitmaps::<bitmaps::avx2::Avx2>(octets));
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    show("NEON", &by_bitmaps::<bitmaps::neon::Neon>(octets));
}

fn by_bitmaps<C: Classes>(octets: &[u8]) -> impl Fn(usize) -> Ends {
    let bitmaps = Bitmaps::<C>::new(octets);
    move |at| ends(&bitmaps.at(at), bitmaps::name_end::<C>(octets, at))
}

fn ends(input: &impl Input, name: usize) -> Ends {
    Ends {
        text: input.text_end(),
        token: input.token_end(),
        target: input.target_end(),
        token_in_text: input.token_end_in_text(),
        text_behind_token: input.text_end(),
        name,
    }
}

/// Calls `show` with the name of each fast path, and whether it returns what its rule does: for the
/// octets up to `position`, or for those from there on.
pub fn every_fast_path(octets: &[u8], position: usize, mut show: impl FnMut(&str, bool)) {
    let (source, words) = (HeadSource::new(octets), Words::new(octets).at(position));
    let input = source.at(position);
    show("Host", !is_host_fast(octets, 0, position) || is_host_slow(octets, 0, position));
    let end_of_line = words.text_end();
    let is_host = is_host_fast(octets, position, end_of_line);
    show("Host in a line", !is_host || is_host_slow(octets, position, end_of_line));
    let version = http_version_fast(words).map(|(after, version)| (after.position(), version));
    show("HTTP-version", version.is_err() || version == http_version_slow(octets, position));
    show("request-line", end(request_line(input)) == end(request_line(words)));
    show("status-line", end(status_line(input)) == end(status_line(words)));
    show("field-line", end(field_line_or_end(input)) == end(field_line_or_end(words)));
    if let Ok((_, line)) = request_line(words) {
        let (fast, slow) = (check_target, check_target_slow);
        let medium = Medium::Stream;
        let is_valid = fast(&line, octets, medium) == slow(&line, octets, medium);
        show("request-target", is_valid);
    }
    if let Ok((_, Some(line))) = field_line_or_end(words) {
        let (mut fast, mut slow) = (Options::new(), Options::new());
        fast.see(ControlField::Connection, line.value.of(octets));
        slow.see_slow(ControlField::Connection, line.value.of(octets));
        show("Connection", fast == slow);
        let (mut fast, mut slow) = (Facts::new(), Facts::new());
        fast.see(octets, line);
        slow.see_slow(octets, line);
        show("facts of a field", fast == slow);
    }
    framing(facts_of_lines(words), position, show);
}

/// Returns the facts of the field lines at the beginning of the input.
fn facts_of_lines(mut input: Words<'_>) -> Facts {
    let mut facts = Facts::new();
    while let Ok((after, Some(line))) = field_line_or_end(input) {
        facts.see_slow(input.octets(), line);
        input = after;
    }
    facts
}

fn end<I: Input, O>(read: Read<I, O, Stop>) -> Result<(usize, O), Stop> {
    read.map(|(after, value)| (after.position(), value))
}

fn framing(facts: Facts, end: usize, mut show: impl FnMut(&str, bool)) {
    let framing = facts.framing;
    for version in [Version::Http10, Version::Http11] {
        let slow = framing.of_response_body_slow(version).map_err(|error| error.known_at(end));
        show("framing of a response", framing.of_response_body(version, end) == slow);
        let form = TargetForm::Authority;
        let slow = framing.of_request_slow(form, version, end);
        show("framing of a request", framing.of_request(form, version, end) == slow);
    }
}

/// Decodes as [`BodyDecoder::decode`] does, without its fast path.
pub fn decode_slow<'b>(body: &mut BodyDecoder, input: &'b [u8]) -> Result<Decoded<'b>, ParseError> {
    body.decode_slow(input)
}

/// The positions of up to 64 field lines.
#[derive(Default, Debug)]
pub struct Lines(Vec<FieldLine, 64>);

impl Lines {
    /// Returns the number of parsed lines.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Parses a request head by the grammar only, as a lax parser does: without framing, Host,
    /// limits or target forms. Returns the length of the head, or `None` for an incomplete or
    /// invalid one.
    pub fn of_request(&mut self, octets: &[u8]) -> Option<usize> {
        let source = HeadSource::new(octets);
        let (input, line) = request_line(source.at(0)).ok()?;
        black_box(&line);
        self.field_section(known(line.version).then_some(input)?)
    }

    /// Parses a response head as [`of_request`](Self::of_request) parses a request head.
    pub fn of_response(&mut self, octets: &[u8]) -> Option<usize> {
        let source = HeadSource::new(octets);
        let (input, line) = status_line(source.at(0)).ok()?;
        black_box(&line);
        self.field_section(known(line.version).then_some(input)?)
    }

    #[inline(always)]
    fn field_section<I: Input>(&mut self, mut input: I) -> Option<usize> {
        self.0.clear();
        loop {
            let (after, line) = field_line_or_end(input).ok()?;
            let Some(line) = line else { return Some(after.position()) };
            self.0.push(line).ok()?;
            input = after;
        }
    }
}

#[inline(always)]
fn known(version: HttpVersion) -> bool {
    version.major == 1
}
