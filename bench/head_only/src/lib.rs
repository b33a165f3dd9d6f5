//! The start line and the field lines, and nothing that bareline makes of them: no framing, no Host, no limits, no forms of a target.
//!
//! It is core's own grammar, taken by path since it is private there, so that what is timed is what core runs. It stands in a crate of
//! its own since the modules name each other from the root.

#[path = "../../../core/src/error.rs"]
#[allow(dead_code, rustdoc::broken_intra_doc_links)]
mod error;
#[path = "../../../core/src/grammar/mod.rs"]
#[allow(dead_code, unused_imports)]
mod grammar;
#[path = "../../../core/src/octets.rs"]
#[allow(dead_code)]
mod octets;
#[path = "../../../core/src/scan/mod.rs"]
#[allow(dead_code, unused_imports)]
mod scan;

use core::hint::black_box;
use grammar::{FieldLine, HttpVersion, field_line_or_end, request_line, status_line};
use heapless::Vec;
use scan::HeadSource;

/// Where up to 64 field lines stand.
#[derive(Default)]
pub struct Spans(Vec<FieldLine, 64>);

impl Spans {
    /// How many lines have been read.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none has been read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads a request head; gives its length, or `None` when it is none or not whole.
pub fn request(octets: &[u8], spans: &mut Spans) -> Option<usize> {
    let source = HeadSource::new(octets);
    let (input, line) = request_line(source.at(0)).ok()?;
    black_box(&line);
    field_section(known(line.version).then_some(input)?, spans)
}

/// Reads a response head; gives its length, or `None` when it is none or not whole.
pub fn response(octets: &[u8], spans: &mut Spans) -> Option<usize> {
    let source = HeadSource::new(octets);
    let (input, line) = status_line(source.at(0)).ok()?;
    black_box(&line);
    field_section(known(line.version).then_some(input)?, spans)
}

#[inline(always)]
fn field_section<I: scan::Input>(mut input: I, spans: &mut Spans) -> Option<usize> {
    spans.0.clear();
    loop {
        let (after, line) = field_line_or_end(input).ok()?;
        let Some(line) = line else { return Some(after.position()) };
        spans.0.push(line).ok()?;
        input = after;
    }
}

#[inline(always)]
fn known(version: HttpVersion) -> bool {
    version.major == 1
}
