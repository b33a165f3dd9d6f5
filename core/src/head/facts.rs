//! Facts about the message and the connection, collected from the field lines of a head one by one.

use super::Options;
use crate::framing::FramingFacts;
use crate::grammar::{FieldLine, members};
use crate::scan::{fast_path, is_name};
use crate::value::{ControlField, may_be_control};

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
        lines.iter().for_each(|line| _ = facts.see(octets, *line));
        facts
    }

    /// Adds one field line, and returns whether the facts may have changed.
    #[inline(always)]
    pub(crate) fn see(&mut self, octets: &[u8], line: FieldLine) -> bool {
        let first = octets.get(line.name.start());
        let may_change = first.is_some_and(|first| may_be_control(*first, line.name.len()));
        if may_change {
            // Almost every request has a Host.
            match fast_path(line.value) {
                Some(value) if is_name(line.name.of(octets), b"host") => {
                    self.framing.see_host(octets, value)
                }
                _ => self.see_slow(octets, line),
            }
        }
        may_change
    }

    #[inline(never)]
    pub(crate) fn see_slow(&mut self, octets: &[u8], FieldLine { name, value: place }: FieldLine) {
        let Some(field) = ControlField::of(name.of(octets)) else { return };
        let value = place.of(octets);
        match field {
            ControlField::Host => self.framing.see_host(octets, place),
            ControlField::ContentLength => self.framing.see_content_length(value, place),
            ControlField::TransferEncoding => {
                members(value).for_each(|member| self.framing.see_coding(member, place));
            }
            ControlField::Connection | ControlField::Upgrade | ControlField::Expect => {
                self.options.see(field, value);
            }
            ControlField::Te => {}
        }
    }
}
