//! The rate of lines in the log that a peer can cause again and again.

use crate::server::panics::lock;
use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The most lines of a kind in a second.
const LINES: u32 = 10;

/// The lines of one kind: at most ten in a second. The first line of a later second says how many
/// were left out.
#[derive(Default)]
pub(crate) struct LogRate(Mutex<State>);

#[derive(Default)]
struct State {
    /// The beginning of the present second.
    since: Option<Instant>,
    lines: u32,
    left_out: u64,
}

/// The number of lines that were left out before this one.
#[derive(PartialEq, Debug)]
pub(crate) struct LeftOut(u64);

impl LogRate {
    /// Returns what ends the line, or `None` if the line is left out.
    pub(crate) fn admit(&self, now: Instant) -> Option<LeftOut> {
        let mut state = lock(&self.0);
        let is_over = |since| now.saturating_duration_since(since) >= Duration::from_secs(1);
        if state.since.is_none_or(is_over) {
            (state.since, state.lines) = (Some(now), 0);
        }
        if state.lines == LINES {
            state.left_out = state.left_out.saturating_add(1);
            return None;
        }
        state.lines += 1;
        Some(LeftOut(std::mem::take(&mut state.left_out)))
    }
}

impl LeftOut {
    /// No line was left out.
    pub(crate) const NONE: Self = Self(0);
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            count => write!(f, " (and {count} more before)"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{LINES, LeftOut, LogRate};
    use std::time::{Duration, Instant};

    #[test]
    fn lines_beyond_ten_in_a_second_are_counted() {
        let (rate, start) = (LogRate::default(), Instant::now());
        for milliseconds in 0..u64::from(LINES) {
            let now = start + Duration::from_millis(milliseconds);
            assert_eq!(rate.admit(now), Some(LeftOut(0)));
        }
        let late = start + Duration::from_millis(999);
        assert_eq!((rate.admit(late), rate.admit(late)), (None, None));
        let next = rate.admit(start + Duration::from_secs(1)).unwrap();
        assert_eq!(next.to_string(), " (and 2 more before)");
        assert_eq!(rate.admit(start + Duration::from_secs(1)).unwrap().to_string(), "");
    }
}
