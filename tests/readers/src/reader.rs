//! The other readers.

mod httparse_reader;
mod hyper_reader;
mod program;

use crate::message::{Message, Outcome, Role};
use crate::ours::Ours;
use std::io;

/// A reader that is compared with bareline.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Peer {
    Httparse,
    Hyper,
    Llhttp,
    H11,
    Go,
}

impl Peer {
    pub(crate) const ALL: [Peer; 5] =
        [Peer::Httparse, Peer::Hyper, Peer::Llhttp, Peer::H11, Peer::Go];

    /// Returns the name of the reader's project.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Peer::Httparse => "httparse",
            Peer::Hyper => "hyper",
            Peer::Llhttp => "llhttp",
            Peer::H11 => "h11",
            Peer::Go => "net/http",
        }
    }

    /// Returns the source of the reader.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Peer::Httparse | Peer::Hyper => "crate",
            Peer::Llhttp => "npm",
            Peer::H11 => "PyPI",
            Peer::Go => "Go's library",
        }
    }

    /// Returns the stride of the messages that the reader gets, by its speed.
    pub(crate) fn stride(self) -> usize {
        match self {
            Peer::Httparse | Peer::Hyper | Peer::Llhttp | Peer::Go => 1,
            Peer::H11 => 20,
        }
    }

    /// Returns whether the reader is a separate program.
    pub(crate) fn is_program(self) -> bool {
        !matches!(self, Peer::Httparse | Peer::Hyper)
    }

    /// Returns whether the reader gets this message.
    pub(crate) fn gets(self, number: usize, message: &Message, ours: &Ours) -> bool {
        let is_interim = || {
            message.role != Role::Request
                && ours.outcome.status().is_some_and(|status| status.starts_with(b"1"))
        };
        // hyper's client shows no interim responses [RFC 9110 section 15.2].
        number.is_multiple_of(self.stride()) && !(self == Peer::Hyper && is_interim())
    }

    /// Starts the reader and returns its version.
    ///
    /// It runs in this process, or as a program that reads messages from a pipe.
    pub(crate) fn start(self, command: &[String]) -> io::Result<(String, Reader)> {
        Ok(match self {
            Peer::Httparse => {
                let reader: Reader = Box::new(|batch| {
                    Ok(batch.iter().map(|message| httparse_reader::read(message)).collect())
                });
                (locked("httparse")?, reader)
            }
            Peer::Hyper => {
                let reader: Reader = Box::new(|batch| {
                    Ok(batch.iter().map(|message| hyper_reader::read(message)).collect())
                });
                (locked("hyper")?, reader)
            }
            _ => {
                let mut program = program::Program::start(command)?;
                (program.version()?, Box::new(move |batch| program.read(batch)))
            }
        })
    }
}

/// Reads each message of a batch.
pub(crate) type Reader = Box<dyn FnMut(&[&Message]) -> io::Result<Vec<Outcome>> + Send>;

/// Returns the version of a crate in the lockfile.
fn locked(name: &str) -> io::Result<String> {
    let lockfile = include_str!("../Cargo.lock");
    let version = lockfile.split("[[package]]").find_map(|package| {
        let version = package.strip_prefix(&format!("\nname = \"{name}\"\nversion = \""))?;
        version.split('"').next()
    });
    version
        .map(str::to_owned)
        .ok_or_else(|| io::Error::other(format!("{name} is not in the lockfile")))
}
