//! Counts of outcomes, so that a failed test reports the number of failures.

use std::fmt;

/// The number of outcomes, and the reason of each failure.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) count: usize,
    pub(crate) wrong: Vec<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, outcome: Result<(), String>) {
        self.count += 1;
        self.wrong.extend(outcome.err());
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.count += other.count;
        self.wrong.extend(other.wrong);
    }

    /// Panics if there is a failure.
    pub(crate) fn check(&self) {
        assert!(self.wrong.is_empty(), "{self}");
    }
}

impl fmt::Display for Tally {
    /// Writes the numbers, and the first few distinct reasons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reasons: Vec<&str> = Vec::new();
        for reason in &self.wrong {
            if !reasons.contains(&reason.as_str()) && reasons.len() < 6 {
                reasons.push(reason);
            }
        }
        write!(f, "{} of {} went wrong: {reasons:?}", self.wrong.len(), self.count)
    }
}
