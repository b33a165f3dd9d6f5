//! The time left for a wait, and for an exchange.

use crate::error::{PeerError, Wait};
use crate::wire::control::CHECK_INTERVAL;
use std::io;
use std::time::{Duration, Instant};

/// The time left for a wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeBudget {
    wait: Wait,
    after: Duration,
    left: Duration,
}

impl TimeBudget {
    pub(crate) const fn new(wait: Wait, after: Duration) -> Self {
        Self { wait, after, left: after }
    }

    /// Returns the timeout to set on the socket, or `None` if the present one will do. Fails when
    /// no time is left.
    ///
    /// The upper bound is the time left of the wait and the exchange, and one [`CHECK_INTERVAL`].
    /// The present timeout will do if it is between a quarter of that bound and the bound. So the
    /// timeout is seldom set.
    pub(crate) fn timeout(
        &self,
        present: Duration,
        exchange_end: &ExchangeEnd,
    ) -> Result<Option<Duration>, PeerError> {
        if self.left.is_zero() {
            return Err(PeerError::TimedOut { wait: self.wait, after: self.after });
        }
        let left = self.left.min(exchange_end.left()?);
        let most = left.min(CHECK_INTERVAL);
        let will_do = present <= most && present >= most / 4;
        Ok(if will_do {
            None
        } else {
            Some((left / 2).clamp(Duration::from_millis(1), CHECK_INTERVAL))
        })
    }

    /// Returns the kind of the wait.
    pub(crate) const fn wait(&self) -> Wait {
        self.wait
    }

    /// Subtracts the time since `since`, and sets `since` to now.
    pub(crate) fn spend(&mut self, since: &mut Instant) {
        let now = Instant::now();
        self.left = self.left.saturating_sub(now.saturating_duration_since(*since));
        *since = now;
    }

    /// Adds the time that these octets earn, up to the initial time.
    pub(crate) fn earn(&mut self, octets: usize, rate: u32) {
        let nanoseconds = (octets as u64).saturating_mul(1_000_000_000) / u64::from(rate.max(1));
        self.left = self.left.saturating_add(Duration::from_nanos(nanoseconds)).min(self.after);
    }
}

/// The end of an exchange. Every wait in the exchange ends there at the latest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExchangeEnd {
    /// `None` if the end is beyond the range of the clock.
    end: Option<Instant>,
    after: Duration,
}

impl ExchangeEnd {
    pub(crate) const ENDLESS: Self = Self { end: None, after: Duration::MAX };

    pub(crate) fn from_now(after: Duration) -> Self {
        Self { end: Instant::now().checked_add(after), after }
    }

    /// Returns the time left. Fails when no time is left.
    pub(crate) fn left(&self) -> Result<Duration, PeerError> {
        match self.end.map(|end| end.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => {
                Err(PeerError::TimedOut { wait: Wait::Exchange, after: self.after })
            }
            left => Ok(left.unwrap_or(Duration::MAX)),
        }
    }
}

/// Returns whether to retry after this error while time is left. Systems report a socket's timeout
/// by different kinds.
pub(crate) fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}
