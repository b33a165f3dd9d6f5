//! The instants at which waits expire.

use crate::error::{PeerError, Wait};
use std::time::{Duration, Instant};

/// The time after a deadline in which octets that have arrived are still read. A process that was
/// stopped needs it; a peer that sends without a pause gains no more.
const LATE: Duration = Duration::from_millis(100);

/// The instant at which a wait expires.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    /// `None` if the instant is beyond the range of the clock.
    at: Option<Instant>,
    wait: Wait,
    after: Duration,
}

impl Deadline {
    /// The end of an exchange without a timeout.
    pub(crate) const NEVER: Self = Self { at: None, wait: Wait::Exchange, after: Duration::MAX };

    /// Returns the end of a wait that begins now and may last for this time.
    pub(crate) fn new(wait: Wait, after: Duration, now: Instant) -> Self {
        Self::with_left(wait, after, after, now)
    }

    /// Returns the deadline in `place` if it is that of this wait, which has then begun. Otherwise
    /// puts this one there.
    pub(crate) fn begin(self, place: &mut Option<Self>) -> Self {
        match place {
            Some(until) if until.wait == self.wait => *until,
            _ => *place.insert(self),
        }
    }

    /// Takes the end of this wait from `place`, if that is it.
    pub(crate) fn take(place: &mut Option<Self>, wait: Wait) -> Option<Self> {
        place.take_if(|until| until.wait == wait)
    }

    /// Returns the end of such a wait, which begins now with this time left.
    pub(crate) fn with_left(wait: Wait, after: Duration, left: Duration, now: Instant) -> Self {
        Self { at: now.checked_add(left), wait, after }
    }

    /// Returns the earlier one.
    pub(crate) fn min(self, other: Self) -> Self {
        match (self.at, other.at) {
            (Some(one), Some(another)) if another < one => other,
            (None, Some(_)) => other,
            _ => self,
        }
    }

    /// Returns the instant; `None` if it is beyond the range of the clock.
    pub(crate) const fn at(&self) -> Option<Instant> {
        self.at
    }

    /// Returns the time left.
    pub(crate) fn left(&self, now: Instant) -> Duration {
        self.at.map_or(Duration::MAX, |at| at.saturating_duration_since(now))
    }

    /// Fails if no time is left.
    pub(crate) fn check(&self, now: Instant) -> Result<(), PeerError> {
        let Self { wait, after, .. } = *self;
        match self.left(now) {
            Duration::ZERO => Err(PeerError::TimedOut { wait, after }),
            _ => Ok(()),
        }
    }

    /// Returns the time left. Fails from [`LATE`] after the first call behind the deadline, whose
    /// time is kept in `late`.
    pub(crate) fn check_late(
        &self,
        late: &mut Option<Instant>,
        now: Instant,
    ) -> Result<Duration, PeerError> {
        let left = self.left(now);
        if left.is_zero() {
            // An earlier time is that of another deadline.
            let since = late.filter(|since| Some(*since) >= self.at).unwrap_or(now);
            *late = Some(since);
            if now.saturating_duration_since(since) >= LATE {
                self.check(now)?;
            }
        }
        Ok(left)
    }

    /// Returns the time left with what these octets earn, up to the initial time.
    pub(crate) fn earned(&self, octets: usize, rate: u32, now: Instant) -> Duration {
        let nanoseconds = (octets as u64).saturating_mul(1_000_000_000) / u64::from(rate.max(1));
        self.left(now).saturating_add(Duration::from_nanos(nanoseconds)).min(self.after)
    }
}
