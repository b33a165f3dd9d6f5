//! The pool of a client's idle connections.

use crate::client::origin::{Origin, Scheme};
use crate::client::stream::ClientStream;
use crate::settings::Settings;
use crate::wire::transport::Transport;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A transport of any type. Another thread may use the connection next, so it is `Send`.
pub(crate) type BoxedTransport = Box<dyn Transport + Send>;

/// A connection to an origin.
pub(crate) struct Connection {
    pub(crate) stream: ClientStream<BoxedTransport>,
    scheme: Scheme,
    authority: String,
}

impl Connection {
    pub(crate) fn new(origin: Origin<'_>, transport: BoxedTransport, settings: Settings) -> Self {
        let stream = ClientStream::with_settings(transport, &origin.host_field(), settings);
        let authority = origin.authority().to_owned();
        Self { stream, scheme: origin.own_scheme(), authority }
    }

    fn origin(&self) -> Origin<'_> {
        Origin::new(self.scheme, &self.authority)
    }
}

/// Idle connections, the most recently used last.
pub(crate) struct Pool {
    idle: Mutex<Vec<Idle>>,
    bounds: PoolBounds,
}

/// The limits of a pool.
#[derive(Clone, Copy)]
pub(crate) struct PoolBounds {
    pub(crate) idle_timeout: Duration,
    pub(crate) max_idle: usize,
    pub(crate) max_idle_per_host: usize,
}

struct Idle {
    connection: Box<Connection>,
    since: Instant,
}

impl Pool {
    pub(crate) const fn new(bounds: PoolBounds) -> Self {
        Self { idle: Mutex::new(Vec::new()), bounds }
    }

    pub(crate) const fn bounds(&self) -> PoolBounds {
        self.bounds
    }

    /// Removes the connection to this origin that was used last, which the server is most likely to
    /// have kept open.
    pub(crate) fn take(&self, origin: Origin<'_>, now: Instant) -> Option<Box<Connection>> {
        self.locked(now, |idle| {
            let position = idle.iter().rposition(|idle| idle.connection.origin() == origin)?;
            Some(idle.remove(position).connection)
        })
    }

    /// Adds a connection, and closes the least recently used ones beyond the limits.
    pub(crate) fn keep(&self, connection: Box<Connection>, now: Instant) {
        self.locked(now, |idle| {
            let is_alike = |idle: &Idle| idle.connection.origin() == connection.origin();
            let alike = idle.iter().filter(|idle| is_alike(idle)).count();
            match idle.iter().position(is_alike) {
                _ if self.bounds.max_idle_per_host == 0 => return,
                Some(oldest) if alike == self.bounds.max_idle_per_host => _ = idle.remove(oldest),
                _ => {}
            }
            idle.push(Idle { connection, since: now });
            let surplus = idle.len().saturating_sub(self.bounds.max_idle);
            idle.drain(..surplus);
        });
    }

    /// Closes the connections that have been idle for too long, then calls `change`.
    fn locked<T>(&self, now: Instant, change: impl FnOnce(&mut Vec<Idle>) -> T) -> T {
        // No panic leaves the list in an inconsistent state, so poisoning is ignored.
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let timeout = self.bounds.idle_timeout;
        idle.retain(|idle| now.saturating_duration_since(idle.since) < timeout);
        change(&mut idle)
    }

    /// Returns the number of idle connections.
    pub(crate) fn count(&self, now: Instant) -> usize {
        self.locked(now, |idle| idle.len())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{Connection, Pool, PoolBounds};
    use crate::client::origin::{Origin, Scheme};
    use crate::settings::Settings;
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    #[test]
    fn a_connection_is_kept_for_its_idle_timeout_and_no_longer() {
        let idle_timeout = Duration::from_secs(10);
        let pool = Pool::new(PoolBounds { idle_timeout, max_idle: 2, max_idle_per_host: 2 });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let [a, b, tls] = [(Scheme::Http, "a"), (Scheme::Http, "b"), (Scheme::Https, "a")]
            .map(|(scheme, authority)| Origin::new(scheme, authority));
        let connection = || {
            let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            Box::new(Connection::new(a, Box::new(stream), Settings::new()))
        };
        let start = Instant::now();
        let at = |seconds| start.checked_add(Duration::from_secs(seconds)).unwrap();
        pool.keep(connection(), at(0));
        pool.keep(connection(), at(5));
        assert_eq!([9, 10, 14].map(|seconds| pool.count(at(seconds))), [2, 1, 1]);
        assert!(pool.take(b, at(14)).is_none() && pool.take(tls, at(14)).is_none());
        let connection = pool.take(a, at(14)).unwrap();
        pool.keep(connection, at(14));
        assert_eq!(pool.count(at(23)), 1);
        assert!(pool.take(a, at(24)).is_none());
    }
}
