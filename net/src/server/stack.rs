//! The stack size of a server's threads.

use crate::server::sync::thread::Builder;

/// The stack size of a thread.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stack {
    /// The default of std.
    Usual,
    /// A size in octets.
    Octets(usize),
}

impl Stack {
    /// Returns a builder of threads with this stack size.
    pub(crate) fn builder(self) -> Builder {
        match self {
            Self::Usual => Builder::new(),
            Self::Octets(octets) => Builder::new().stack_size(octets),
        }
    }
}
