//! How long to wait and how much to take.

use bareline_core::Limits;
use std::time::Duration;

/// Deadlines and limits of a connection. Every wait has a deadline, counted from the beginning of the wait: a peer that sends
/// one octet now and then does not extend it.
///
/// ```
/// use bareline_net::Settings;
/// use std::time::Duration;
///
/// let patient = Settings { body_deadline: Duration::from_secs(600), ..Settings::default() };
/// assert_eq!(patient.body_limit, 1_048_576);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How long connecting to one address may take: 10 s by default.
    pub connect_deadline: Duration,
    /// How long a head may take to arrive: 10 s by default.
    pub head_deadline: Duration,
    /// How long a body may take to arrive: 60 s by default.
    pub body_deadline: Duration,
    /// How long a message may take to be sent: 30 s by default.
    pub write_deadline: Duration,
    /// The largest body that is accepted, in octets: 1,048,576 by default.
    pub body_limit: usize,
    /// The largest elements of a head that are accepted.
    pub limits: Limits,
}

impl Settings {
    /// The limits, with that of the body in them.
    pub(crate) fn limits_of_a_message(&self) -> Limits {
        Limits { body: self.limits.body.min(self.body_limit as u64), ..self.limits }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_deadline: Duration::from_secs(10),
            head_deadline: Duration::from_secs(10),
            body_deadline: Duration::from_secs(60),
            write_deadline: Duration::from_secs(30),
            body_limit: 1 << 20,
            limits: Limits::DEFAULT,
        }
    }
}
