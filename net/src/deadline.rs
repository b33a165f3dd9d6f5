//! The end of a wait.

use crate::error::{PeerError, Wait};
use crate::notice::TURN;
use std::io;
use std::time::{Duration, Instant};

/// How long may still be waited for something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    wait: Wait,
    after: Duration,
    left: Duration,
}

impl Deadline {
    pub(crate) const fn new(wait: Wait, after: Duration) -> Self {
        Self { wait, after, left: after }
    }

    /// The timeout that the socket should get in place of the one it has, if there is a reason: any
    /// that is not longer than what is left, of this wait and of the whole exchange, or than a
    /// [`TURN`], and not much shorter, will do, so that it is seldom set.
    pub(crate) fn timeout(
        &self,
        present: Duration,
        whole: &Whole,
    ) -> Result<Option<Duration>, PeerError> {
        if self.left.is_zero() {
            return Err(PeerError::TooSlow { wait: self.wait, after: self.after });
        }
        let left = self.left.min(whole.left()?);
        let most = left.min(TURN);
        let will_do = present <= most && present >= most / 4;
        Ok(if will_do { None } else { Some((left / 2).clamp(Duration::from_millis(1), TURN)) })
    }

    /// What is waited for.
    pub(crate) const fn wait(&self) -> Wait {
        self.wait
    }

    /// Takes off what has been waited since then, up to now.
    pub(crate) fn spend(&mut self, since: &mut Instant) {
        let now = Instant::now();
        self.left = self.left.saturating_sub(now.saturating_duration_since(*since));
        *since = now;
    }

    /// Adds what these octets have earned.
    pub(crate) fn earn(&mut self, octets: usize, rate: u32) {
        let nanoseconds = (octets as u64).saturating_mul(1_000_000_000) / u64::from(rate.max(1));
        self.left = self.left.saturating_add(Duration::from_nanos(nanoseconds)).min(self.after);
    }
}

/// The end of an exchange as a whole: every wait in it ends there at the latest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole {
    /// None, when it is so far away that the clock does not reach it.
    end: Option<Instant>,
    after: Duration,
}

impl Whole {
    pub(crate) const ENDLESS: Self = Self { end: None, after: Duration::MAX };

    pub(crate) fn from_now(after: Duration) -> Self {
        Self { end: Instant::now().checked_add(after), after }
    }

    /// How much time is left.
    pub(crate) fn left(&self) -> Result<Duration, PeerError> {
        match self.end.map(|end| end.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => {
                Err(PeerError::TooSlow { wait: Wait::Exchange, after: self.after })
            }
            left => Ok(left.unwrap_or(Duration::MAX)),
        }
    }
}

/// Whether to try again, while time is left. Systems do not agree on what a timeout of a socket is
/// called.
pub(crate) fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}
