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
    pub(crate) fn take(&self, authority: &str) -> Option<Box<ClientStream>> {
        self.locked(|idle| {
            let position = idle.iter().rposition(|idle| idle.stream.authority() == authority)?;
            Some(idle.remove(position).stream)
        })
    }

    /// Adds a connection, and closes the least recently used ones beyond the limits.
    pub(crate) fn keep(&self, stream: Box<ClientStream>) {
        self.locked(|idle| {
            let alike =
                idle.iter().filter(|idle| idle.stream.authority() == stream.authority()).count();
            let oldest = idle.iter().position(|idle| idle.stream.authority() == stream.authority());
            match oldest {
                _ if self.bounds.max_idle_per_host == 0 => return,
                Some(oldest) if alike == self.bounds.max_idle_per_host => _ = idle.remove(oldest),
                _ => {}
            }
            idle.push(Idle { stream, since: Instant::now() });
            let surplus = idle.len().saturating_sub(self.bounds.max_idle);
            idle.drain(..surplus);
        });
    }

    /// Closes the connections that have been idle for too long, then calls `change`.
    fn locked<T>(&self, change: impl FnOnce(&mut Vec<Idle>) -> T) -> T {
        // No panic leaves the list in an inconsistent state, so poisoning is ignored.
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|idle| idle.since.elapsed() < self.bounds.idle_timeout);
        change(&mut idle)
    }

    /// Returns the number of idle connections.
    pub(crate) fn count(&self) -> usize {
        self.locked(|idle| idle.len())
    }
}
