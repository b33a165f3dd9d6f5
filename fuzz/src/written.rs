//! A record of what the properties have the library write.
//!
//! A judge that shares nothing with the library's parsers reads this record.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Octets that the library has written, as they went to a peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// The kind of messages.
    pub messages: Sent,
    /// The octets.
    pub octets: Vec<u8>,
    /// The position at which the octets may be cut short.
    pub cut: Cut,
}

/// The kind of messages that were written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// Requests.
    Requests,
    /// Responses, and the methods of their requests.
    Responses(Vec<String>),
    /// A chunked body.
    ChunkedBody,
}

/// The position at which written octets may be cut short.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// Nowhere: the octets end after a complete message.
    Never,
    /// In the last body: the caller may have stopped there.
    InLastBody,
}

impl Written {
    /// Returns octets that end after a complete message.
    pub(crate) fn whole(messages: Sent, octets: Vec<u8>) -> Self {
        Self { messages, octets, cut: Cut::Never }
    }

    /// Returns octets whose last body may be cut short.
    pub(crate) fn cut(messages: Sent, octets: Vec<u8>) -> Self {
        Self { messages, octets, cut: Cut::InLastBody }
    }
}

thread_local! {
    static WRITTEN: RefCell<Option<Vec<Written>>> = const { RefCell::new(None) };
}

/// Runs a property; returns what it has written, and its panic if the property does not hold.
pub fn written_by(property: impl FnOnce()) -> (Vec<Written>, std::thread::Result<()>) {
    WRITTEN.with_borrow_mut(|written| *written = Some(Vec::new()));
    let outcome = catch_unwind(AssertUnwindSafe(property));
    (WRITTEN.take().unwrap_or_default(), outcome)
}

/// Notes octets, inside [`written_by`].
pub(crate) fn note(octets: impl FnOnce() -> Written) {
    WRITTEN.with_borrow_mut(|written| {
        if let Some(written) = written {
            written.push(octets());
        }
    });
}
