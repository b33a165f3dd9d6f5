//! A message in parts, so that a mutator can break one of them.

use crate::message::{Message, Role};

/// A line: its octets, and its end.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) octets: Vec<u8>,
    pub(crate) end: Vec<u8>,
}

impl Line {
    pub(crate) fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self { octets: octets.into(), end: b"\r\n".to_vec() }
    }
}

/// A chunk: its line, its data, and the end of the data.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    pub(crate) line: Line,
    pub(crate) data: Vec<u8>,
    pub(crate) end: Vec<u8>,
}

/// A message that has not been written yet.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) role: Role,
    /// The octets before the start line.
    pub(crate) before: Vec<u8>,
    pub(crate) start: [Vec<u8>; 3],
    pub(crate) gaps: [Vec<u8>; 2],
    pub(crate) start_end: Vec<u8>,
    pub(crate) fields: Vec<(Vec<u8>, Line)>,
    pub(crate) blank: Vec<u8>,
    pub(crate) content: Vec<u8>,
    /// The chunks; the last one has no data.
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) trailers: Vec<Line>,
    pub(crate) trailers_end: Vec<u8>,
    /// The octets after the message.
    pub(crate) rest: Vec<u8>,
}

impl Draft {
    /// Appends a field line with one space after the colon.
    pub(crate) fn field(&mut self, name: &[u8], value: &[u8]) {
        self.fields.push((name.to_vec(), Line::new([b": ", value].concat())));
    }

    /// Returns the index of the first field of this name.
    pub(crate) fn position(&self, name: &[u8]) -> Option<usize> {
        self.fields.iter().position(|(other, _)| other.eq_ignore_ascii_case(name))
    }

    /// Sets the value of the first field of this name, or inserts the field at the front.
    pub(crate) fn set(&mut self, name: &[u8], value: &[u8]) {
        let line = Line::new([b": ", value].concat());
        match self.position(name) {
            Some(place) => self.fields[place].1 = line,
            None => self.fields.insert(0, (name.to_vec(), line)),
        }
    }

    /// Writes the message.
    pub(crate) fn write(&self) -> Message {
        let mut octets = self.before.clone();
        let [first, second, third] = &self.start;
        for part in [first, &self.gaps[0], second, &self.gaps[1], third, &self.start_end] {
            octets.extend_from_slice(part);
        }
        for (name, line) in &self.fields {
            octets.extend_from_slice(name);
            octets.extend_from_slice(&line.octets);
            octets.extend_from_slice(&line.end);
        }
        octets.extend_from_slice(&self.blank);
        octets.extend_from_slice(&self.content);
        for Chunk { line, data, end } in &self.chunks {
            for part in [&line.octets, &line.end, data, end] {
                octets.extend_from_slice(part);
            }
        }
        for line in &self.trailers {
            octets.extend_from_slice(&line.octets);
            octets.extend_from_slice(&line.end);
        }
        octets.extend_from_slice(&self.trailers_end);
        octets.extend_from_slice(&self.rest);
        Message { role: self.role, octets }
    }
}
