//! The connections that are idle for more requests.

use crate::client::ClientSettings;
use crate::client_stream::ClientStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Connections on which nothing is under way: those that were used last stand last.
pub(crate) struct Pool {
    idle: Mutex<Vec<Idle>>,
    idle_timeout: Duration,
    max_idle: usize,
    max_idle_per_host: usize,
}

struct Idle {
    stream: Box<ClientStream>,
    since: Instant,
}

impl Pool {
    pub(crate) const fn new(settings: &ClientSettings) -> Self {
        let ClientSettings { idle_timeout, max_idle, max_idle_per_host, .. } = *settings;
        Self { idle: Mutex::new(Vec::new()), idle_timeout, max_idle, max_idle_per_host }
    }

    /// The connection to this authority that was used last: the one of which it is most likely that
    /// the server keeps it too.
    pub(crate) fn take(&self, authority: &str) -> Option<Box<ClientStream>> {
        self.locked(|idle| {
            let position = idle.iter().rposition(|idle| idle.stream.authority() == authority)?;
            Some(idle.remove(position).stream)
        })
    }

    /// Keeps a connection; those that were used longest ago make room for it.
    pub(crate) fn keep(&self, stream: Box<ClientStream>) {
        self.locked(|idle| {
            let alike =
                idle.iter().filter(|idle| idle.stream.authority() == stream.authority()).count();
            let oldest = idle.iter().position(|idle| idle.stream.authority() == stream.authority());
            match oldest {
                _ if self.max_idle_per_host == 0 => return,
                Some(oldest) if alike == self.max_idle_per_host => _ = idle.remove(oldest),
                _ => {}
            }
            idle.push(Idle { stream, since: Instant::now() });
            let surplus = idle.len().saturating_sub(self.max_idle);
            idle.drain(..surplus);
        });
    }

    /// Closes what has been idle for too long, then does this.
    fn locked<T>(&self, change: impl FnOnce(&mut Vec<Idle>) -> T) -> T {
        // Nothing in here leaves the connections half changed.
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|idle| idle.since.elapsed() < self.idle_timeout);
        change(&mut idle)
    }

    /// Returns how many connections are idle.
    pub(crate) fn count(&self) -> usize {
        self.locked(|idle| idle.len())
    }
}
