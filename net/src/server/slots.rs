//! The connections of a loop, with their timers.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Instant;

/// Connections by number, without I/O. A connection is here while it waits, and away while a thread
/// serves it. Its number is used again only when it is removed.
pub(crate) struct Slots<C> {
    slots: Vec<Slot<C>>,
    free: Vec<usize>,
    /// The instants at which to look at a slot. A slot has one timer that counts, its `timer`; a
    /// timer that is earlier than the end of the wait is set again when it fires.
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    /// The slots that became idle, the longest idle first, with the number of their wait. A slot
    /// that waits no longer, or anew, stays in the queue until it is found.
    idle: VecDeque<(usize, u32)>,
    idle_count: usize,
    used: usize,
}

struct Slot<C> {
    /// `None` while the connection is away.
    connection: Option<C>,
    /// The number of waits so far.
    wait: u32,
    is_idle: bool,
    /// The end of the wait.
    until: Option<Instant>,
    /// The timer that counts.
    timer: Option<Instant>,
}

impl<C> Slots<C> {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            timers: BinaryHeap::new(),
            idle: VecDeque::new(),
            idle_count: 0,
            used: 0,
        }
    }

    /// Returns a number for a connection that is away.
    pub(crate) fn add(&mut self) -> usize {
        self.used = self.used.saturating_add(1);
        self.free.pop().unwrap_or_else(|| {
            let slot = Slot { connection: None, wait: 0, is_idle: false, until: None, timer: None };
            self.slots.push(slot);
            self.slots.len().saturating_sub(1)
        })
    }

    /// Frees the number of a connection that is away.
    pub(crate) fn remove(&mut self, number: usize) {
        self.used = self.used.saturating_sub(1);
        self.free.push(number);
    }

    /// Puts back a connection that is away. It waits until this instant.
    pub(crate) fn put(&mut self, number: usize, connection: C, until: Option<Instant>, idle: bool) {
        let Some(slot) = self.slots.get_mut(number) else { return };
        slot.connection = Some(connection);
        (slot.wait, slot.is_idle, slot.until) = (slot.wait.wrapping_add(1), idle, until);
        if idle {
            self.idle_count = self.idle_count.saturating_add(1);
            self.idle.push_back((number, slot.wait));
        }
        match (until, slot.timer) {
            (Some(until), Some(timer)) if timer <= until => {}
            (Some(until), _) => {
                slot.timer = Some(until);
                self.timers.push(Reverse((until, number)));
            }
            (None, _) => {}
        }
        self.forget_old_waits();
    }

    /// Keeps the queue shorter than twice the number of slots.
    fn forget_old_waits(&mut self) {
        if self.idle.len() > self.slots.len().saturating_mul(2).saturating_add(64) {
            let slots = &self.slots;
            self.idle.retain(|&(number, wait)| {
                slots.get(number).is_some_and(|slot| slot.is_idle && slot.wait == wait)
            });
        }
    }

    /// Takes a connection away, if it is here.
    pub(crate) fn take(&mut self, number: usize) -> Option<C> {
        let slot = self.slots.get_mut(number)?;
        let connection = slot.connection.take();
        slot.until = None;
        if std::mem::take(&mut slot.is_idle) {
            self.idle_count = self.idle_count.saturating_sub(1);
        }
        connection
    }

    /// Returns the connection if it is here.
    pub(crate) fn get(&self, number: usize) -> Option<&C> {
        self.slots.get(number)?.connection.as_ref()
    }

    /// Returns the time to call [`expired`](Self::expired) next.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        self.timers.peek().map(|Reverse((at, _))| *at)
    }

    /// Returns the number of a connection whose wait has expired; `None` after the last one.
    pub(crate) fn expired(&mut self, now: Instant) -> Option<usize> {
        while let Some(&Reverse((at, number))) = self.timers.peek()
            && at <= now
        {
            self.timers.pop();
            let Some(slot) = self.slots.get_mut(number).filter(|slot| slot.timer == Some(at))
            else {
                continue;
            };
            slot.timer = None;
            match slot.until {
                Some(until) if until <= now => return Some(number),
                Some(until) => {
                    slot.timer = Some(until);
                    self.timers.push(Reverse((until, number)));
                }
                None => {}
            }
        }
        None
    }

    /// Returns the number of the connection that has been idle for longest, and forgets that it is.
    pub(crate) fn longest_idle(&mut self) -> Option<usize> {
        while let Some((number, wait)) = self.idle.pop_front() {
            if let Some(slot) = self.slots.get_mut(number)
                && slot.wait == wait
                && std::mem::take(&mut slot.is_idle)
            {
                self.idle_count = self.idle_count.saturating_sub(1);
                return Some(number);
            }
        }
        None
    }

    /// Returns the number of idle connections.
    pub(crate) const fn idle(&self) -> usize {
        self.idle_count
    }

    /// Returns the number of connections, here and away.
    pub(crate) const fn len(&self) -> usize {
        self.used
    }

    /// Returns the numbers of all connections that are here.
    pub(crate) fn all_here(&self) -> impl Iterator<Item = usize> {
        self.slots
            .iter()
            .enumerate()
            .filter_map(|(number, slot)| slot.connection.is_some().then_some(number))
    }
}

#[cfg(test)]
mod tests {
    use super::Slots;
    use std::time::{Duration, Instant};

    #[test]
    fn a_wait_expires_at_its_end_and_no_earlier_one_does() {
        let (start, mut slots) = (Instant::now(), Slots::new());
        let at = |seconds| start + Duration::from_secs(seconds);
        let (one, two) = (slots.add(), slots.add());
        slots.put(one, 'a', Some(at(10)), false);
        slots.put(two, 'b', Some(at(20)), false);
        assert_eq!((slots.next_timer(), slots.expired(at(9))), (Some(at(10)), None));
        // A connection that is away, or waits anew, has no wait that expires.
        assert_eq!(slots.take(one), Some('a'));
        assert_eq!(slots.expired(at(10)), None);
        slots.put(one, 'a', Some(at(30)), false);
        assert_eq!((slots.expired(at(20)), slots.expired(at(20))), (Some(two), None));
        assert_eq!((slots.expired(at(29)), slots.expired(at(30))), (None, Some(one)));
        // A shorter wait than the one before expires first.
        slots.take(one);
        slots.take(two);
        slots.put(one, 'a', Some(at(75)), false);
        slots.take(one);
        slots.put(one, 'a', Some(at(40)), false);
        assert_eq!((slots.expired(at(39)), slots.expired(at(40))), (None, Some(one)));
        // The timer of a shorter wait before ends no longer one.
        slots.take(one);
        slots.put(one, 'a', Some(at(50)), false);
        slots.take(one);
        slots.put(one, 'a', Some(at(70)), false);
        assert_eq!((slots.next_timer(), slots.expired(at(50))), (Some(at(50)), None));
        assert_eq!((slots.expired(at(69)), slots.expired(at(70))), (None, Some(one)));
        // A number that is used again knows nothing of the connection before.
        slots.take(one);
        slots.remove(one);
        assert_eq!(slots.add(), one);
        slots.put(one, 'c', None, false);
        assert_eq!(slots.expired(at(1000)), None);
        assert_eq!(slots.next_timer(), None);
    }

    #[test]
    fn the_longest_idle_connection_is_found() {
        let mut slots = Slots::new();
        let numbers: Vec<_> = (0..3).map(|_| slots.add()).collect();
        numbers.iter().for_each(|&number| slots.put(number, number, None, number != 1));
        assert_eq!((slots.idle(), slots.len()), (2, 3));
        // The first one has a request in between.
        for _ in 0..1000 {
            slots.take(0);
            slots.put(0, 0, None, true);
        }
        assert!(slots.idle.len() < 200, "{}", slots.idle.len());
        assert_eq!((slots.longest_idle(), slots.longest_idle()), (Some(2), Some(0)));
        assert_eq!((slots.longest_idle(), slots.idle()), (None, 0));
    }
}
