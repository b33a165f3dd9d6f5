//! The stack of a server's threads.

use std::thread::Builder;

/// How much stack a thread has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stack {
    /// As much as std gives each thread.
    Usual,
    /// So many octets.
    Octets(usize),
}

impl Stack {
    /// Returns the builder of a thread that has it.
    pub(crate) fn builder(self) -> Builder {
        match self {
            Self::Usual => Builder::new(),
            Self::Octets(octets) => Builder::new().stack_size(octets),
        }
    }
}
