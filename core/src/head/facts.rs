//! What the fields of a head say of the message and the connection, taken into account line by
//! line.

use super::Options;
use crate::framing::FramingFacts;
use crate::grammar::FieldLine;
use crate::octets::{IS_WIDE, is_name};
use crate::value::may_be_control;

/// What the field lines so far say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(super) framing: FramingFacts,
    pub(super) options: Options,
}

impl Facts {
    /// Before the first field line.
    pub(crate) const fn new() -> Self {
        Self { framing: FramingFacts::new(), options: Options::new() }
    }

    /// What all of these lines say.
    pub(super) fn of(octets: &[u8], lines: &[FieldLine]) -> Self {
        let mut facts = Self::new();
        lines.iter().for_each(|line| facts.see(octets, *line));
        facts
    }

    /// Takes one field line into account.
    #[inline(always)]
    pub(super) fn see(&mut self, octets: &[u8], line: FieldLine) {
        let first = octets.get(line.name.start());
        if first.is_some_and(|first| may_be_control(*first, line.name.len())) {
            // Every request has it.
            match IS_WIDE && is_name(line.name.of(octets), b"host") {
                true => self.framing.see_host(octets, line.value),
                false => self.see_named(octets, line),
            }
        }
    }

    #[inline(never)]
    fn see_named(&mut self, octets: &[u8], FieldLine { name, value: place }: FieldLine) {
        let (name, value) = (name.of(octets), place.of(octets));
        if !IS_WIDE && is_name(name, b"host") {
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
