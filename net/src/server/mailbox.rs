//! The mailbox of a loop: what other threads send to it.

use crate::server::sync::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A mailbox, which says when to wake the loop.
///
/// The loop takes its mail after each wait for events. So it need not be woken for mail that only
/// matters at the next event.
pub(crate) struct Mailbox<T>(Mutex<State<T>>);

struct State<T> {
    mail: Vec<T>,
    /// The loop waits for events, and takes its mail afterwards.
    is_asleep: bool,
    /// The time at which it takes its mail at the latest; `None` is no limit.
    wakes_at: Option<Instant>,
    /// An event came for a connection that is away: its return has to wake the loop.
    has_missed: bool,
    /// The loop has ended.
    is_closed: bool,
}

impl<T> Mailbox<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(State {
            mail: Vec::new(),
            is_asleep: false,
            wakes_at: None,
            has_missed: false,
            is_closed: false,
        }))
    }

    /// Posts an item. Returns whether to wake the loop, or the item if the loop has ended.
    ///
    /// An item can wait for the next event if that is its own; `by` is the end of its wait. It
    /// cannot if an event has been missed, or if the loop sleeps for longer.
    pub(crate) fn post(&self, item: T, can_wait: Option<Option<Instant>>) -> Result<bool, T> {
        let mut state = self.state();
        if state.is_closed {
            return Err(item);
        }
        let can_wait = can_wait.is_some_and(|by| {
            let is_later = |by| state.wakes_at.is_some_and(|wakes_at| by >= wakes_at);
            !state.has_missed && by.is_none_or(is_later)
        });
        state.mail.push(item);
        Ok(state.is_asleep && !can_wait)
    }

    /// Records that the loop waits for events until this time. Returns false if there is mail.
    pub(crate) fn sleep(&self, until: Option<Instant>, has_missed: bool) -> bool {
        let mut state = self.state();
        (state.wakes_at, state.has_missed) = (until, has_missed);
        state.is_asleep = state.mail.is_empty();
        state.is_asleep
    }

    /// Takes the mail. The loop is awake.
    pub(crate) fn take(&self) -> Vec<T> {
        let mut state = self.state();
        state.is_asleep = false;
        std::mem::take(&mut state.mail)
    }

    /// Accepts no more mail. Returns false if there is some.
    pub(crate) fn close(&self) -> bool {
        let mut state = self.state();
        state.is_closed = state.mail.is_empty();
        state.is_closed
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
