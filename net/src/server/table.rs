//! The table on which a loop lies while its thread runs a user's code.

use crate::server::sync::sync::{Mutex, MutexGuard, PoisonError};

/// The place of one loop. The thread that owns the loop lends it, and takes it back. A watchdog
/// gives it to another thread if it lies there for too long.
///
/// Taking back needs the ticket of this loan, so that no thread takes what another one has lent.
pub(crate) struct Table<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    lent: Option<Box<T>>,
    /// The number of loans so far.
    ticket: u64,
    /// The watchdog looks at this table again. It is in the same mutex as the loan: a watchdog that
    /// is about to sleep either sees the loan, or is woken by the lender.
    is_watched: bool,
}

/// The right to take a loop back.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Ticket(u64);

/// The find of the watchdog.
pub(crate) enum Found<T> {
    /// Nothing is lent, and nothing was since the last look. The next lender wakes the watchdog.
    Quiet,
    /// A loop was lent since the last look.
    Busy,
    /// This loop has been lent since before the last look.
    Stuck(Box<T>),
}

impl<T> Table<T> {
    pub(crate) const fn new() -> Self {
        Self { state: Mutex::new(State { lent: None, ticket: 0, is_watched: false }) }
    }

    /// Puts the loop on the table. Returns the ticket, and whether to wake the watchdog.
    pub(crate) fn lend(&self, item: Box<T>) -> (Ticket, bool) {
        let mut state = self.state();
        state.ticket = state.ticket.wrapping_add(1);
        state.lent = Some(item);
        let wakes = !std::mem::replace(&mut state.is_watched, true);
        (Ticket(state.ticket), wakes)
    }

    /// Takes back the loop of this ticket; `None` if another thread has it.
    pub(crate) fn take_back(&self, Ticket(ticket): Ticket) -> Option<Box<T>> {
        let mut state = self.state();
        if state.ticket == ticket { state.lent.take() } else { None }
    }

    /// Takes the loop that is lent, whoever lent it: the server is over.
    pub(crate) fn take(&self) -> Option<Box<T>> {
        self.state().lent.take()
    }

    /// Looks at the table. Takes a loop that was lent when the watchdog saw this ticket.
    pub(crate) fn watch(&self, seen: &mut Option<Ticket>) -> Found<T> {
        let mut state = self.state();
        let ticket = Some(Ticket(state.ticket));
        if std::mem::replace(seen, ticket) != ticket {
            return Found::Busy;
        }
        match state.lent.take() {
            Some(stuck) => Found::Stuck(stuck),
            None => {
                state.is_watched = false;
                Found::Quiet
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, not(bareline_shuttle)))]
mod tests {
    use super::{Found, Table};

    #[test]
    fn a_ticket_takes_back_its_own_loan_alone() {
        let table = Table::new();
        let (first, wakes) = table.lend(Box::new(1));
        assert!(wakes);
        let mut seen = None;
        assert!(matches!(table.watch(&mut seen), Found::Busy));
        assert!(matches!(table.watch(&mut seen), Found::Stuck(item) if *item == 1));
        // The thread that has the loop now lends it again, before the first one returns.
        let (second, wakes) = table.lend(Box::new(1));
        assert!(!wakes, "the watchdog is still awake");
        assert_eq!(table.take_back(first), None);
        assert_eq!(table.take_back(second), Some(Box::new(1)));
        assert_eq!(table.take_back(second), None);
        assert!(matches!(table.watch(&mut seen), Found::Busy));
        assert!(matches!(table.watch(&mut seen), Found::Quiet));
        assert!(table.lend(Box::new(1)).1, "the watchdog sleeps");
    }
}
