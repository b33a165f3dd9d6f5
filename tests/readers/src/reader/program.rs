//! A reader in another language, which is a program with pipes.
//!
//! The program first writes its version, after its length. It reads batches: a length, a count, and
//! the messages. A message is its role (one octet, the index in `Role::ALL`), its length (four
//! octets, little-endian) and its octets.
//!
//! For each message the program writes a length and as many octets of parts. A part is a length and
//! octets. The first part is the verdict:
//!
//! - `R`: rejected, followed by a reason.
//! - `I`: incomplete.
//! - `A`: accepted, followed by the parts of the message.
//! - `H`: incomplete after the head, followed by the same parts.
//!
//! The parts of a message are the framing (`none`, `chunked`, `close`, `tunnel`, a length, or `?`)
//! and the three parts of the start line. The end (a number, or `?`) and the content follow, then
//! the number of fields, and their alternating names and values. The remaining parts are the names
//! and values of the trailers.
//!
//! A part `?` is one that the reader does not show.

use crate::message::{Framing, Message, Outcome, Reading, Role};
use std::io::{self, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub(super) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    pub(super) fn start(command: &[String]) -> io::Result<Self> {
        let (name, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut child = Command::new(name)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take();
        let output = BufReader::with_capacity(
            1 << 16,
            child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?,
        );
        Ok(Self { child, input, output })
    }

    pub(super) fn read(&mut self, batch: &[&Message]) -> io::Result<Vec<Outcome>> {
        let mut octets = Vec::new();
        octets.extend_from_slice(&length(batch.len())?);
        for message in batch {
            octets.extend(
                Role::ALL
                    .iter()
                    .zip(0u8..)
                    .find(|(role, _)| **role == message.role)
                    .map(|(_, place)| place),
            );
            octets.extend_from_slice(&length(message.octets.len())?);
            octets.extend_from_slice(&message.octets);
        }
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        // The program responds after it has read the complete batch, which avoids a deadlock.
        input.write_all(&length(octets.len())?)?;
        input.write_all(&octets)?;
        input.flush()?;
        batch.iter().map(|_| self.outcome()).collect()
    }

    /// Returns the version that the program writes first.
    pub(super) fn version(&mut self) -> io::Result<String> {
        String::from_utf8(self.record()?).map_err(io::Error::other)
    }

    fn record(&mut self) -> io::Result<Vec<u8>> {
        let mut size = [0; 4];
        self.output.read_exact(&mut size)?;
        let mut record = vec![0; u32::from_le_bytes(size) as usize];
        self.output.read_exact(&mut record)?;
        Ok(record)
    }

    fn outcome(&mut self) -> io::Result<Outcome> {
        let record = self.record()?;
        parse(&record).ok_or_else(|| {
            io::Error::other(format!("a malformed record: {}", record.escape_ascii()))
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

fn length(count: usize) -> io::Result<[u8; 4]> {
    u32::try_from(count).map(u32::to_le_bytes).map_err(io::Error::other)
}

fn parse(mut record: &[u8]) -> Option<Outcome> {
    let mut part = || {
        let (size, rest) = record.split_first_chunk()?;
        let (part, rest) = rest.split_at_checked(u32::from_le_bytes(*size) as usize)?;
        record = rest;
        Some(part)
    };
    let verdict = part()?;
    match verdict {
        b"R" => return Some(Outcome::Rejected(String::from_utf8_lossy(part()?).into_owned())),
        b"I" => return Some(Outcome::Incomplete(None)),
        _ => {}
    }
    let shown = |part: &[u8]| (part != b"?").then(|| part.to_vec());
    let number = |part: &[u8]| std::str::from_utf8(part).ok()?.parse::<u64>().ok();
    let framing = match part()? {
        b"?" => None,
        b"none" | b"0" => Some(Framing::None),
        b"chunked" => Some(Framing::Chunked),
        b"close" => Some(Framing::UntilClose),
        b"tunnel" => Some(Framing::Tunnel),
        length => Some(Framing::Length(number(length)?)),
    };
    let start = [shown(part()?), shown(part()?), shown(part()?)];
    let end = number(part()?).and_then(|end| usize::try_from(end).ok());
    let content = shown(part()?);
    let count = number(part()?)?;
    let mut fields = Vec::new();
    for _ in 0..count {
        fields.push((part()?.to_vec(), part()?.to_vec()));
    }
    let mut trailers = Vec::new();
    while let Some(name) = part() {
        trailers.push((name.to_vec(), part()?.to_vec()));
    }
    // A reader that does not show the content does not show trailers.
    let trailers = content.is_some().then_some(trailers);
    let reading = Reading { framing, start, fields, content, trailers, end };
    Some(if verdict == b"A" {
        Outcome::Accepted(reading)
    } else {
        Outcome::Incomplete(Some(reading))
    })
}
