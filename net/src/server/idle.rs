//! The number of idle connections of a loop, for the other loops.

use std::sync::atomic::{AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

/// The number of idle connections of a loop, those on their way back to it included. A server that
/// is full closes one of them.
#[derive(Default)]
pub(crate) struct Idle {
    /// The number of those in the loop, as it last saw it.
    here: AtomicUsize,
    /// The number of those in its mail.
    mailed: AtomicUsize,
}

impl Idle {
    /// Sets the number of those in the loop.
    pub(crate) fn set_here(&self, count: usize) {
        self.here.store(count, Relaxed);
    }

    /// Adds one to those in the mail.
    pub(crate) fn add_mailed(&self) {
        self.mailed.fetch_add(1, Relaxed);
    }

    /// Removes one from those in the mail. It is counted in the loop already, so that it is in one
    /// number at any time.
    pub(crate) fn remove_mailed(&self) {
        self.mailed.fetch_sub(1, Release);
    }

    /// Returns whether one is in the loop.
    pub(crate) fn is_here(&self) -> bool {
        self.here.load(Relaxed) > 0
    }

    /// Returns whether one is in the loop or in its mail.
    pub(crate) fn is_any(&self) -> bool {
        self.mailed.load(Acquire) > 0 || self.is_here()
    }
}

#[cfg(test)]
mod tests {
    use super::Idle;

    #[test]
    fn a_connection_in_the_mail_is_counted_until_it_is_here() {
        let idle = Idle::default();
        idle.add_mailed();
        // The loop ends other work first.
        idle.set_here(0);
        assert_eq!((idle.is_any(), idle.is_here()), (true, false));
        idle.set_here(1);
        idle.remove_mailed();
        assert_eq!((idle.is_any(), idle.is_here()), (true, true));
        idle.set_here(0);
        assert!(!idle.is_any());
    }
}
