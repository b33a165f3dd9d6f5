//! Facts about the message and the connection, collected from the field lines of a head one by one.

use super::Options;
use crate::framing::FramingFacts;
use crate::grammar::FieldLine;
use crate::scan::{fast_path, is_name};
use crate::value::may_be_control;

/// The facts of the field lines so far.
///
/// Apart from the progress: a copy of fields that were written one by one waits for these writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Facts {
    pub(crate) framing: FramingFacts,
    pub(crate) options: Options,
}

impl Facts {
    /// Creates the facts of no field lines.
    pub(crate) const fn new() -> Self {
        Self { framing: FramingFacts::new(), options: Options::new() }
    }

    /// Collects the facts of these lines.
    pub(super) fn of(octets: &[u8], lines: &[FieldLine]) -> Self {
        let mut facts = Self::new();
        lines.iter().for_each(|line| facts.see(octets, *line));
        facts
    }

    /// Adds one field line.
    #[inline(always)]
    pub(crate) fn see(&mut self, octets: &[u8], line: FieldLine) {
        let first = octets.get(line.name.start());
        if first.is_some_and(|first| may_be_control(*first, line.name.len())) {
            // Almost every request has a Host.
            match fast_path(line.value) {
                Some(value) if is_name(line.name.of(octets), b"host") => {
                    self.framing.see_host(octets, value)
                }
                _ => self.see_slow(octets, line),
            }
        }
    }

    #[inline(never)]
    pub(crate) fn see_slow(&mut self, octets: &[u8], FieldLine { name, value: place }: FieldLine) {
        let (name, value) = (name.of(octets), place.of(octets));
        if is_name(name, b"host") {
            self.framing.see_host(octets, place);
        } else if is_name(name, b"connection") {
            self.options.see_connection(value);
        } else if is_name(name, b"content-length") {
            self.framing.see_content_length(value, place);
        } else if is_name(name, b"transfer-encoding") {
            self.framing.see_transfer_encoding(value, place);
        } else if is_name(name, b"upgrade") {
            self.options.see_upgrade(value);
        } else if is_name(name, b"expect") {
            self.options.see_expect(value);
        }
    }
}
