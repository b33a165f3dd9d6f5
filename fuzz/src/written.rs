//! Notes what the properties have the library write, for a judge that is none of its own parsers.

use std::cell::RefCell;

/// Octets that the library has written, as they went to a peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Written {
    /// Requests; the last one may be cut short.
    Requests(Vec<u8>),
    /// Responses, and the methods of their requests; the last one may be cut short.
    Responses(Vec<String>, Vec<u8>),
    /// A chunked body.
    ChunkedBody(Vec<u8>),
}

thread_local! {
    static WRITTEN: RefCell<Option<Vec<Written>>> = const { RefCell::new(None) };
}

/// Runs a property; returns what it has had written.
pub fn written_by(property: impl FnOnce()) -> Vec<Written> {
    WRITTEN.with_borrow_mut(|written| *written = Some(Vec::new()));
    property();
    WRITTEN.take().unwrap_or_default()
}

/// Notes octets, when somebody asked for them.
pub(crate) fn note(octets: impl FnOnce() -> Written) {
    WRITTEN.with_borrow_mut(|written| {
        if let Some(written) = written {
            written.push(octets());
        }
    });
}
