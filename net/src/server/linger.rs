//! The lingering close of a connection.

use crate::error::Wait;
use crate::settings::Settings;
use crate::wire::deadline::Deadline;
use std::time::Instant;

/// A lingering close [RFC 9112 section 9.6]: discards what the peer still sends, within limits.
/// Otherwise a reset could destroy the last response.
#[derive(Clone, Copy)]
pub(crate) struct Linger {
    since: Instant,
    /// The time of the latest octets.
    heard: Instant,
    /// The number of octets that may still be read.
    left: u64,
}

impl Linger {
    pub(crate) const fn new(settings: &Settings, now: Instant) -> Self {
        Self { since: now, heard: now, left: settings.linger_limit }
    }

    /// Returns the instant at which the lingering began.
    pub(crate) const fn since(&self) -> Instant {
        self.since
    }

    /// Records that these octets have arrived.
    pub(crate) const fn on_octets(&mut self, count: usize, now: Instant) {
        self.left = self.left.saturating_sub(count as u64);
        self.heard = now;
    }

    /// Records that the peer has closed.
    pub(crate) const fn on_eof(&mut self) {
        self.left = 0;
    }

    /// Returns the end of the wait for more octets; `None` if no more are read.
    pub(crate) fn until(&self, settings: &Settings, now: Instant) -> Option<Deadline> {
        let silence = Deadline::new(Wait::Idle, settings.linger_silence_timeout, self.heard);
        let whole = Deadline::new(Wait::Idle, settings.linger_timeout, self.since);
        (self.left > 0 && whole.check(now).is_ok()).then(|| silence.min(whole))
    }
}
