//! The connections that are kept for more requests.

use crate::client::ClientSettings;
use crate::client_stream::ClientStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Connections on which nothing is under way: those that were used last stand last.
pub(crate) struct Pool {
    kept: Mutex<Vec<Kept>>,
    idle: Duration,
    most: usize,
    most_per_authority: usize,
}

struct Kept {
    stream: Box<ClientStream>,
    since: Instant,
}

impl Pool {
    pub(crate) const fn new(settings: &ClientSettings) -> Self {
        let ClientSettings { idle, kept, kept_per_authority, .. } = *settings;
        Self {
            kept: Mutex::new(Vec::new()),
            idle,
            most: kept,
            most_per_authority: kept_per_authority,
        }
    }

    /// The connection to this authority that was used last: the one of which it is most likely that
    /// the server keeps it too.
    pub(crate) fn take(&self, authority: &str) -> Option<Box<ClientStream>> {
        self.locked(|kept| {
            let position = kept.iter().rposition(|kept| kept.stream.authority() == authority)?;
            Some(kept.remove(position).stream)
        })
    }

    /// Keeps a connection; those that were used longest ago make room for it.
    pub(crate) fn keep(&self, stream: Box<ClientStream>) {
        self.locked(|kept| {
            let alike =
                kept.iter().filter(|kept| kept.stream.authority() == stream.authority()).count();
            let oldest = kept.iter().position(|kept| kept.stream.authority() == stream.authority());
            match oldest {
                _ if self.most_per_authority == 0 => return,
                Some(oldest) if alike == self.most_per_authority => _ = kept.remove(oldest),
                _ => {}
            }
            kept.push(Kept { stream, since: Instant::now() });
            let surplus = kept.len().saturating_sub(self.most);
            kept.drain(..surplus);
        });
    }

    /// Closes what has been idle for too long, then does this.
    fn locked<T>(&self, change: impl FnOnce(&mut Vec<Kept>) -> T) -> T {
        // Nothing in here leaves the connections half changed.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| kept.since.elapsed() < self.idle);
        change(&mut kept)
    }

    /// How many connections are kept.
    pub(crate) fn count(&self) -> usize {
        self.locked(|kept| kept.len())
    }
}
