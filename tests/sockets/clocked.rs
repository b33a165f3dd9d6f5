//! Connections in memory, whose clock the tests move: an hour takes a millisecond.

use bareline_fuzz::{Clock, MemoryPeer, MemoryTransport, PeerAction};
use bareline_net::{Control, Transport};
use std::fmt::Write as _;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::ops::Range;
use std::time::{Duration, Instant};

pub(crate) const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(crate) fn send(octets: impl AsRef<[u8]>) -> PeerAction {
    PeerAction::Send(octets.as_ref().to_vec())
}

/// Lets the peer do this action at these multiples of the period.
pub(crate) fn repeat(peer: &MemoryPeer, action: &PeerAction, period: Duration, times: Range<u32>) {
    times.for_each(|number| peer.at(number * period, action.clone()));
}

/// Returns the time in seconds, rounded down to a hundredth: a wait ends some milliseconds late,
/// and never early.
pub(crate) fn shown(time: Duration) -> String {
    format!("{}.{:02} s", time.as_secs(), time.subsec_millis() / 10)
}

/// Returns the status and the time of each response that the peer has seen, then the time of the
/// end of the output and of the close.
pub(crate) fn seen(peer: &MemoryPeer) -> String {
    const MARK: &[u8] = b"HTTP/1.1 ";
    let (mut seen, mut written) = (String::new(), peer.written());
    let mut times = peer.writes().into_iter().flat_map(|(at, octets)| vec![at; octets.len()]);
    while let Some(at) = written.windows(MARK.len()).position(|octets| octets == MARK) {
        let time = times.by_ref().skip(at).take(MARK.len()).collect::<Vec<_>>()[0];
        written.drain(..at + MARK.len());
        write!(seen, "{} at {}, ", String::from_utf8_lossy(&written[..3]), shown(time)).unwrap();
    }
    if let Some(end) = peer.half_closed() {
        write!(seen, "end at {}, ", shown(end)).unwrap();
    }
    seen + "close at " + &peer.dropped().map_or_else(|| "no time".to_owned(), shown)
}

/// The signals that interrupt the waits of a process.
#[derive(Clone, Copy)]
pub(crate) struct Signals {
    /// The time of the next signal.
    pub(crate) next: Duration,
    /// The time between two signals.
    pub(crate) every: Duration,
    /// The time for which each signal stops the process.
    pub(crate) stop: Duration,
}

pub(crate) const NO_SIGNALS: Signals = stop_at(Duration::MAX);
pub(crate) const MANY_SIGNALS: Signals = Signals { next: ms(180), every: ms(180), stop: ms(0) };

/// Returns a signal at this time that stops the process for 1,000 s.
pub(crate) const fn stop_at(next: Duration) -> Signals {
    Signals { next, every: Duration::MAX, stop: s(1000) }
}

/// A transport in memory of a process that gets signals.
pub(crate) struct Signalled {
    transport: MemoryTransport,
    clock: Clock,
    signals: Signals,
    timeouts: [Option<Duration>; 2],
    is_nonblocking: bool,
    /// The number of reads at the end of input.
    ends: u32,
}

/// The directions of the waits, as indices of the timeouts.
const READ: usize = 0;
const WRITE: usize = 1;

impl Signalled {
    pub(crate) fn new(transport: MemoryTransport, clock: &Clock, signals: Signals) -> Self {
        let (clock, timeouts) = (clock.clone(), [None; 2]);
        Self { transport, clock, signals, timeouts, is_nonblocking: false, ends: 0 }
    }

    /// Makes a call that waits until the next signal at most.
    fn wait<T>(
        &mut self,
        direction: usize,
        call: impl FnOnce(&mut MemoryTransport) -> io::Result<T>,
    ) -> io::Result<T> {
        let Signals { next, every, stop } = self.signals;
        let left = next.saturating_sub(self.clock.elapsed()).max(Duration::from_nanos(1));
        let timeout = self.timeouts[direction];
        let until_signal = timeout.map(|timeout| timeout.min(left));
        self.transport.set_read_timeout(until_signal)?;
        self.transport.set_write_timeout(until_signal)?;
        let called = call(&mut self.transport);
        let is_timeout = called.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        if is_timeout && !self.is_nonblocking && self.clock.elapsed() >= next {
            self.signals.next = next.saturating_add(every);
            assert!(self.clock.elapsed() < s(3600), "a wait without an end");
            self.clock.advance(stop);
            return Err(ErrorKind::Interrupted.into());
        }
        called
    }
}

impl Read for Signalled {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.wait(READ, |transport| transport.read(buffer));
        self.ends += u32::from(matches!(read, Ok(0)));
        if self.ends > 3 {
            // A loop of such reads would take no time, and not end.
            self.clock.advance(s(1));
        }
        read
    }
}

impl Write for Signalled {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.wait(WRITE, |transport| transport.write(octets))
    }

    fn write_vectored(&mut self, octets: &[IoSlice<'_>]) -> io::Result<usize> {
        self.wait(WRITE, |transport| transport.write_vectored(octets))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Signalled {
    fn control(&mut self) -> &mut dyn Control {
        self
    }
}

impl Control for Signalled {
    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.timeouts[READ] = timeout;
        self.transport.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.timeouts[WRITE] = timeout;
        self.transport.set_write_timeout(timeout)
    }

    fn set_blocking(&mut self) -> io::Result<()> {
        self.is_nonblocking = false;
        self.transport.set_blocking()
    }

    fn set_nonblocking(&mut self) -> io::Result<()> {
        self.is_nonblocking = true;
        self.transport.set_nonblocking()
    }

    fn close_write(&mut self) -> io::Result<()> {
        self.transport.close_write()
    }
}
