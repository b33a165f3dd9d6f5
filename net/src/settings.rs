//! How long to wait and how much to take.

use bareline_core::Limits;
use std::time::Duration;

/// Deadlines and limits of a connection.
///
/// Every wait has a deadline, and a peer that sends one octet now and then does not extend it. Only
/// the waiting counts, not what the caller does between two reads; and octets of a body, and those
/// that are sent, earn time at [`minimum_rate`](Self::minimum_rate), so that a long body
/// may take long, and a trickle may not.
///
/// ```
/// use bareline_net::Settings;
/// use std::time::Duration;
///
/// let patient = Settings { body_timeout: Duration::from_secs(600), ..Settings::default() };
/// assert_eq!(patient.body_limit, 1_048_576);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How long connecting to one address may take: 10 s by default.
    pub connect_timeout: Duration,
    /// How long a server keeps a connection on which no request has begun: 60 s by default.
    pub idle_timeout: Duration,
    /// How long a head may take to arrive: 10 s by default. A server counts from its first octet,
    /// a client from the end of its request.
    pub head_timeout: Duration,
    /// How long a client that expects a 100 holds the body back for it: 1 s by default. Servers
    /// that know nothing of it send none [RFC 9110 section 10.1.1].
    pub continue_timeout: Duration,
    /// How long may be waited for a body, besides what its octets earn: 60 s by default.
    pub body_timeout: Duration,
    /// How many octets earn a second of waiting, up to the deadline in all, in a body that comes
    /// and in all that is sent: 512 by default.
    pub minimum_rate: u32,
    /// How long may be waited for the peer to take what is sent, besides what its octets earn: 30
    /// s by default.
    pub write_timeout: Duration,
    /// How long an exchange may take as a whole, with all that happens in it, up to the end of the
    /// response's body: without end by default, since the other deadlines see to one that does
    /// not get on. It is a client's: a [`Client`](crate::Client) counts from when it connects, a
    /// [`ClientStream`](crate::ClientStream) from when the request begins, and a server does not
    /// ask for it. The system's search for the address of a name has no deadline, and counts.
    pub exchange_timeout: Duration,
    /// Total time of a server's lingering close: 30 s by default. When a connection ends, the
    /// server reads and discards what the client still sends. Otherwise a client that sends all of
    /// its body before it reads would lose the response to a reset [RFC 9112 section 9.6].
    pub linger_timeout: Duration,
    /// Time without octets after which the lingering close ends: 5 s by default.
    pub linger_silence_timeout: Duration,
    /// Largest number of octets that the lingering close reads: 67,108,864 by default.
    pub linger_limit: u64,
    /// The largest body that is accepted, in octets: 1,048,576 by default, for bodies that are
    /// kept in memory. Whoever streams them sets `u64::MAX`.
    pub body_limit: u64,
    /// The largest elements of a head that are accepted: [`Limits::DEFAULT`] by default.
    pub limits: Limits,
}

impl Settings {
    /// The limits, with that of the body in them.
    pub(crate) fn limits_of_a_message(&self) -> Limits {
        Limits { body: self.limits.body.min(self.body_limit), ..self.limits }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            head_timeout: Duration::from_secs(10),
            continue_timeout: Duration::from_secs(1),
            body_timeout: Duration::from_secs(60),
            minimum_rate: 512,
            write_timeout: Duration::from_secs(30),
            exchange_timeout: Duration::MAX,
            linger_timeout: Duration::from_secs(30),
            linger_silence_timeout: Duration::from_secs(5),
            linger_limit: 64 << 20,
            body_limit: 1 << 20,
            limits: Limits::DEFAULT,
        }
    }
}
