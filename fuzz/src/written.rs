//! Notes what the properties have the library write, for a judge that shares nothing with its
//! parsers.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Octets that the library has written, as they went to a peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// What the octets are.
    pub messages: Sent,
    /// The octets.
    pub octets: Vec<u8>,
    /// Where the octets may be cut short.
    pub cut: Cut,
}

/// What was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// Requests.
    Requests,
    /// Responses, and the methods of their requests.
    Responses(Vec<String>),
    /// A chunked body.
    ChunkedBody,
}

/// Where written octets may be cut short.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// Nowhere: they end behind a whole message.
    Never,
    /// In the last body: the caller may have stopped there.
    InLastBody,
}

impl Written {
    /// Returns octets that end behind a whole message.
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

/// Runs a property; returns what it has had written, and its panic if it does not hold.
pub fn written_by(property: impl FnOnce()) -> (Vec<Written>, std::thread::Result<()>) {
    WRITTEN.with_borrow_mut(|written| *written = Some(Vec::new()));
    let outcome = catch_unwind(AssertUnwindSafe(property));
    (WRITTEN.take().unwrap_or_default(), outcome)
}

/// Notes octets, when somebody asked for them.
pub(crate) fn note(octets: impl FnOnce() -> Written) {
    WRITTEN.with_borrow_mut(|written| {
        if let Some(written) = written {
            written.push(octets());
        }
    });
}
