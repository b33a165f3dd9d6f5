//! The pool of a client's idle connections.

use crate::client::stream::ClientStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

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
    stream: Box<ClientStream>,
    since: Instant,
}

impl Pool {
    pub(crate) const fn new(bounds: PoolBounds) -> Self {
        Self { idle: Mutex::new(Vec::new()), bounds }
    }

    pub(crate) const fn bounds(&self) -> PoolBounds {
        self.bounds
    }

    /// Removes the connection to this authority that was used last, which the server is most likely
    /// to have kept open.
    pub(crate) fn take(&self, authority: &str, now: Instant) -> Option<Box<ClientStream>> {
        self.locked(now, |idle| {
            let position = idle.iter().rposition(|idle| idle.stream.authority() == authority)?;
            Some(idle.remove(position).stream)
        })
    }

    /// Adds a connection, and closes the least recently used ones beyond the limits.
    pub(crate) fn keep(&self, stream: Box<ClientStream>, now: Instant) {
        self.locked(now, |idle| {
            let alike =
                idle.iter().filter(|idle| idle.stream.authority() == stream.authority()).count();
            let oldest = idle.iter().position(|idle| idle.stream.authority() == stream.authority());
            match oldest {
                _ if self.bounds.max_idle_per_host == 0 => return,
                Some(oldest) if alike == self.bounds.max_idle_per_host => _ = idle.remove(oldest),
                _ => {}
            }
            idle.push(Idle { stream, since: now });
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

    use super::{Pool, PoolBounds};
    use crate::client::stream::ClientStream;
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    #[test]
    fn a_connection_is_kept_for_its_idle_timeout_and_no_longer() {
        let idle_timeout = Duration::from_secs(10);
        let pool = Pool::new(PoolBounds { idle_timeout, max_idle: 2, max_idle_per_host: 2 });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = || TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let start = Instant::now();
        let at = |seconds| start.checked_add(Duration::from_secs(seconds)).unwrap();
        pool.keep(Box::new(ClientStream::new(stream(), "a")), at(0));
        pool.keep(Box::new(ClientStream::new(stream(), "a")), at(5));
        assert_eq!([9, 10, 14].map(|seconds| pool.count(at(seconds))), [2, 1, 1]);
        assert!(pool.take("b", at(14)).is_none());
        let stream = pool.take("a", at(14)).unwrap();
        pool.keep(stream, at(14));
        assert_eq!(pool.count(at(23)), 1);
        assert!(pool.take("a", at(24)).is_none());
    }
}
