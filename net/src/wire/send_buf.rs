//! The octets that are ready to be sent.

use crate::error::Wait;
use crate::settings::Settings;
use crate::wire::deadline::Deadline;
use bareline_core::WireBuf;
use std::time::{Duration, Instant};

/// The size of the output buffer, in octets.
pub(crate) const OUT: usize = 8 * 1024;
/// The longest head that is sent, in octets: a peer of this crate accepts it.
pub(crate) const LONGEST: usize = 65_535;

/// The output buffer that a connection writes to.
pub(crate) enum Out<'o> {
    Usual(&'o mut WireBuf<OUT>),
    Long(&'o mut WireBuf<LONGEST>),
}

/// Runs the expression with either output buffer.
macro_rules! to {
    ($out:expr, |$buffer:ident| $write:expr) => {
        match $out {
            $crate::wire::send_buf::Out::Usual($buffer) => $write,
            $crate::wire::send_buf::Out::Long($buffer) => $write,
        }
    };
}
pub(crate) use to;

/// The octets that are ready to be sent, and the octets of a body that are not framed yet.
pub(crate) struct SendBuf {
    timeout: Duration,
    minimum_rate: u32,
    /// A long head, sent before `out`; its memory is freed then.
    pub(super) long: Option<Box<WireBuf<LONGEST>>>,
    /// `None` before the first octet.
    out: Option<Box<WireBuf<OUT>>>,
    pub(super) gathered: Vec<u8>,
    /// The number of octets of `long` and `out` that are sent.
    start: usize,
    /// The end of the wait for the peer to accept the octets.
    until: Option<Deadline>,
    /// The time left for all such waits of a message.
    left: Duration,
    /// The number of octets sent on the connection.
    sent: u64,
}

/// The memory that a thread lends to one connection after the other.
#[derive(Default)]
pub(crate) struct Memory {
    pub(super) received: Vec<u8>,
    out: Option<Box<WireBuf<OUT>>>,
    gathered: Vec<u8>,
}

impl SendBuf {
    pub(super) const fn new(settings: &Settings) -> Self {
        Self {
            timeout: settings.write_timeout,
            minimum_rate: settings.minimum_rate,
            long: None,
            out: None,
            gathered: Vec::new(),
            start: 0,
            until: None,
            left: settings.write_timeout,
            sent: 0,
        }
    }

    /// Sets the time for which the peer is awaited.
    pub(super) const fn set_timeout(&mut self, settings: &Settings) {
        (self.timeout, self.minimum_rate) = (settings.write_timeout, settings.minimum_rate);
        self.left = settings.write_timeout;
    }

    /// Returns the output buffer.
    pub(super) fn out(&mut self) -> Out<'_> {
        Out::Usual(self.out.get_or_insert_default())
    }

    /// Returns the octets that are sent next, in two pieces.
    fn ready(&self) -> [&[u8]; 2] {
        let long = self.long.as_deref().map_or(&[][..], |out| out.as_bytes());
        let out = self.out.as_deref().map_or(&[][..], |out| out.as_bytes());
        let skip = self.start.saturating_sub(long.len());
        [long.get(self.start..).unwrap_or_default(), out.get(skip..).unwrap_or_default()]
    }

    /// Returns the octets that are sent first: a long head, or else the output buffer.
    pub(super) fn first(&self) -> &[u8] {
        match self.ready() {
            [[], out] => out,
            [long, _] => long,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first().is_empty()
    }

    /// Returns these octets behind those that are ready.
    pub(super) fn pieces<'p>(&'p self, octets: &'p [u8]) -> [&'p [u8]; 3] {
        let [long, out] = self.ready();
        [long, out, octets]
    }

    /// Returns the end of the wait for the peer, which begins now unless it has begun.
    pub(super) fn until(&mut self, now: Instant) -> Deadline {
        *self
            .until
            .get_or_insert_with(|| Deadline::with_left(Wait::Write, self.timeout, self.left, now))
    }

    /// Records that `count` octets are sent, of those that were ready and then of `octets`. Returns
    /// the rest of `octets`.
    pub(super) fn advance<'o>(&mut self, count: usize, octets: &'o [u8], now: Instant) -> &'o [u8] {
        self.sent = self.sent.saturating_add(count as u64);
        if let Some(until) = self.until.take() {
            self.left = until.earned(count, self.minimum_rate, now);
        }
        let [long, out] = self.ready();
        let ready = long.len().saturating_add(out.len());
        if count < ready {
            self.start = self.start.saturating_add(count);
            return octets;
        }
        self.empty();
        octets.get(count.saturating_sub(ready)..).unwrap_or_default()
    }

    /// Takes this memory, unless octets wait to be sent.
    pub(super) fn borrow(&mut self, memory: &mut Memory) {
        if self.out.is_none() {
            (self.out, self.gathered) = (memory.out.take(), std::mem::take(&mut memory.gathered));
        }
    }

    /// Returns the memory, unless octets wait to be sent.
    pub(super) fn release(&mut self, memory: &mut Memory) {
        if self.is_empty() && self.gathered.is_empty() {
            (memory.out, memory.gathered) = (self.out.take(), std::mem::take(&mut self.gathered));
        }
    }

    /// Returns the size of the memory that octets keep until they are sent.
    pub(super) fn kept(&self) -> usize {
        let long = self.long.as_ref().map_or(0, |_| LONGEST);
        long.saturating_add(self.out.as_ref().map_or(0, |_| OUT))
    }

    fn empty(&mut self) {
        self.out.iter_mut().for_each(|out| out.clear());
        (self.long, self.start) = (None, 0);
    }

    /// Prepares for the next message.
    pub(super) fn next_message(&mut self) {
        self.gathered.clear();
        self.left = self.timeout;
    }

    /// Ends the wait for the peer: it has accepted all, or is sending.
    pub(super) const fn end_wait(&mut self) {
        self.until = None;
    }

    /// Drops what is ready, and ends the wait for the peer.
    pub(super) fn clear(&mut self) {
        self.empty();
        self.until = None;
    }

    /// Returns whether all octets sent fit into one buffer. So few reach the peer before a reset
    /// could.
    pub(super) const fn has_sent_little(&self) -> bool {
        self.sent <= OUT as u64
    }

    /// Returns the number of octets that are sent or ready to be sent.
    pub(super) fn produced(&self) -> u64 {
        let ready: usize = self.ready().iter().map(|piece| piece.len()).sum();
        self.sent.saturating_add(ready as u64)
    }
}
