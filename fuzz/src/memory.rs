//! A transport in memory, whose peer follows a script and whose clock a test moves.

use bareline_net::{Control, Transport};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A clock that stands still until a test or a [`MemoryTransport`] moves it. A clone is a handle to
/// the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Instant,
    /// Nanoseconds since the start.
    passed: Arc<AtomicU64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { start: Instant::now(), passed: Arc::default() }
    }
}

impl Clock {
    /// Creates a clock.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the time.
    pub fn now(&self) -> Instant {
        self.start + self.elapsed()
    }

    /// Returns the time since the creation of the clock.
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.passed.load(Relaxed))
    }

    /// Moves the clock forward by this time.
    pub fn advance(&self, time: Duration) {
        self.passed.fetch_add(nanoseconds(time), Relaxed);
    }

    /// Moves the clock forward to this time since its creation, if that is ahead.
    fn advance_to(&self, elapsed: Duration) {
        self.passed.fetch_max(nanoseconds(elapsed), Relaxed);
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("a time below 500 years")
}

/// An action of the peer of a [`MemoryTransport`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PeerAction {
    /// Sends octets.
    Send(Vec<u8>),
    /// Closes its sending direction: the transport reads the end of input after the sent octets.
    Eof,
    /// Resets the connection: octets that are not read yet are lost, and each later read and write
    /// fails with [`io::ErrorKind::ConnectionReset`].
    Reset,
    /// Makes room for this many octets more, as a peer does that reads slowly. It has no effect
    /// unless [`MemoryPeer::set_room`] was called.
    Room(usize),
}

impl PeerAction {
    /// Returns whether a waiting read ends with this action.
    fn ends_read(&self) -> bool {
        match self {
            Self::Send(octets) => !octets.is_empty(),
            Self::Eof | Self::Reset => true,
            Self::Room(_) => false,
        }
    }

    /// Returns whether a waiting write ends with this action.
    const fn ends_write(&self) -> bool {
        matches!(self, Self::Room(1..) | Self::Reset)
    }
}

/// A transport in memory. Its peer follows a script, and its clock moves with each wait.
///
/// A read without octets, or a write without room, moves the clock to the next action of the peer
/// that ends the wait, or by the timeout. It panics if there is neither: "a wait without an end".
/// So does a busy loop, and a write after a half-close. [`MemoryPeer::fault`] returns the reason of
/// such a panic, which a caller may catch.
///
/// ```
/// use bareline_fuzz::{Clock, MemoryTransport, PeerAction};
/// use bareline_net::{ServerStream, Status};
/// use std::time::Duration;
///
/// let (clock, request) = (Clock::new(), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
/// let (transport, peer) = MemoryTransport::new(&clock);
/// peer.at(Duration::from_secs(2), PeerAction::Send(request.to_vec()));
/// peer.after(b"hello", Duration::from_secs(1), PeerAction::Eof);
/// let mut stream = ServerStream::new(transport);
/// while let Some(exchange) = stream.next_request()? {
///     exchange.responder.send(Status::OK, &[], b"hello")?;
/// }
/// assert_eq!(clock.elapsed(), Duration::from_secs(3));
/// # Ok::<(), bareline_net::Error>(())
/// ```
#[derive(Debug)]
pub struct MemoryTransport {
    peer: MemoryPeer,
    is_nonblocking: bool,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    /// The number of calls in succession that found nothing and did not move the clock.
    futile: u32,
}

/// The peer of a [`MemoryTransport`]: its script, and what it has noticed. A clone is a handle to
/// the same peer. All times are since the creation of the transport.
#[derive(Clone, Debug)]
pub struct MemoryPeer {
    clock: Clock,
    /// The time of the clock when the transport was created.
    start: Duration,
    state: Arc<Mutex<PeerState>>,
}

#[derive(Debug)]
struct PeerState {
    /// The actions to come and their times, in order.
    script: VecDeque<(Duration, PeerAction)>,
    /// The actions that wait for octets, in order.
    reactions: VecDeque<Reaction>,
    /// The number of written octets before which no reaction finds its octets.
    reacted: usize,
    /// The number of written octets that have been searched for those of the next reaction.
    searched: usize,
    arrived: VecDeque<u8>,
    /// All octets that have arrived.
    all: Vec<u8>,
    fault: Option<String>,
    is_eof: bool,
    is_reset: bool,
    room: Option<usize>,
    most_per_read: usize,
    most_per_write: usize,
    has_no_half_close: bool,
    written: Vec<u8>,
    writes: Vec<(Duration, usize)>,
    half_closed: Option<Duration>,
    dropped: Option<Duration>,
    reads: usize,
    longest_read: usize,
}

/// An action that begins some time after these octets were written.
#[derive(Debug)]
struct Reaction {
    octets: Vec<u8>,
    delay: Duration,
    action: PeerAction,
}

/// The most time that may pass. No test waits longer, unless it waits without an end.
const ALL_TIME: Duration = Duration::from_secs(24 * 60 * 60);
/// The most calls in succession that find nothing and do not move the clock.
const FUTILE: u32 = 10_000;

impl MemoryTransport {
    /// Creates a transport on this clock, and its peer, which does nothing until it has a script.
    pub fn new(clock: &Clock) -> (Self, MemoryPeer) {
        let state = PeerState {
            script: VecDeque::new(),
            reactions: VecDeque::new(),
            reacted: 0,
            searched: 0,
            arrived: VecDeque::new(),
            all: Vec::new(),
            fault: None,
            is_eof: false,
            is_reset: false,
            room: None,
            most_per_read: usize::MAX,
            most_per_write: usize::MAX,
            has_no_half_close: false,
            written: Vec::new(),
            writes: Vec::new(),
            half_closed: None,
            dropped: None,
            reads: 0,
            longest_read: 0,
        };
        let peer = MemoryPeer {
            clock: clock.clone(),
            start: clock.elapsed(),
            state: Arc::new(Mutex::new(state)),
        };
        let transport = Self {
            peer: peer.clone(),
            is_nonblocking: false,
            read_timeout: None,
            write_timeout: None,
            futile: 0,
        };
        (transport, peer)
    }

    /// Waits for an action that `ends` the wait, or fails when the wait times out.
    fn wait(&mut self, timeout: Option<Duration>, ends: fn(&PeerAction) -> bool) -> io::Result<()> {
        if self.is_nonblocking {
            self.futile += 1;
            if self.futile >= FUTILE {
                self.peer.fail("a wait without an end: a busy loop");
            }
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.futile = 0;
        let now = self.peer.now();
        let next = {
            let state = self.peer.state();
            state.script.iter().find(|(_, action)| ends(action)).map(|(at, _)| *at)
        };
        let end = match (next, timeout.map(|timeout| now.saturating_add(timeout))) {
            (Some(next), Some(end)) => next.min(end),
            (Some(next), None) => next,
            (None, Some(end)) => end,
            (None, None) => {
                self.peer.fail("a wait without an end: no timeout, and the peer does nothing")
            }
        };
        if end >= ALL_TIME {
            self.peer.fail("a wait without an end: a day has passed");
        }
        self.peer.clock.advance_to(self.peer.start + end);
        if next.is_some_and(|next| next <= end) {
            Ok(())
        } else {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }
}

impl Read for MemoryTransport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        {
            let mut state = self.peer.state();
            state.reads += 1;
            state.longest_read = state.longest_read.max(buffer.len());
        }
        loop {
            {
                let mut state = self.peer.act();
                if state.is_reset {
                    return Err(io::ErrorKind::ConnectionReset.into());
                }
                let most = buffer.len().min(state.most_per_read);
                if let (Some(room), false) = (buffer.get_mut(..most), state.arrived.is_empty()) {
                    self.futile = 0;
                    return state.arrived.read(room);
                }
                if state.is_eof || buffer.is_empty() {
                    return Ok(0);
                }
            }
            self.wait(self.read_timeout, PeerAction::ends_read)?;
        }
    }
}

impl Write for MemoryTransport {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        loop {
            {
                let mut state = self.peer.act();
                if state.half_closed.is_some() {
                    drop(state);
                    self.peer.fail("octets are written after a half-close");
                }
                if state.is_reset {
                    return Err(io::ErrorKind::ConnectionReset.into());
                }
                let room = state.room.unwrap_or(usize::MAX).min(state.most_per_write);
                let octets = octets.get(..room).unwrap_or(octets);
                if !octets.is_empty() || room > 0 {
                    self.futile = 0;
                    state.write(self.peer.now(), octets);
                    return Ok(octets.len());
                }
            }
            self.wait(self.write_timeout, PeerAction::ends_write)?;
        }
    }

    fn write_vectored(&mut self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.write(&pieces.iter().flat_map(|piece| piece.iter().copied()).collect::<Vec<_>>())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for MemoryTransport {
    fn control(&mut self) -> &mut dyn Control {
        self
    }
}

impl Control for MemoryTransport {
    fn now(&self) -> Instant {
        self.peer.clock.now()
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.read_timeout = checked(timeout)?;
        Ok(())
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.write_timeout = checked(timeout)?;
        Ok(())
    }

    fn set_blocking(&mut self) -> io::Result<()> {
        self.is_nonblocking = false;
        Ok(())
    }

    fn set_nonblocking(&mut self) -> io::Result<()> {
        self.is_nonblocking = true;
        Ok(())
    }

    fn close_write(&mut self) -> io::Result<()> {
        let now = self.peer.now();
        let mut state = self.peer.act();
        if state.has_no_half_close {
            return Err(io::ErrorKind::Unsupported.into());
        }
        if state.is_reset {
            return Err(io::ErrorKind::NotConnected.into());
        }
        state.half_closed.get_or_insert(now);
        Ok(())
    }
}

/// Fails for a timeout of zero, as a socket does.
fn checked(timeout: Option<Duration>) -> io::Result<Option<Duration>> {
    match timeout {
        Some(Duration::ZERO) => Err(io::ErrorKind::InvalidInput.into()),
        timeout => Ok(timeout),
    }
}

impl Drop for MemoryTransport {
    fn drop(&mut self) {
        let now = self.peer.now();
        self.peer.state().dropped = Some(now);
    }
}

impl MemoryPeer {
    /// Adds an action at this time, after the actions that were added for the same time.
    pub fn at(&self, time: Duration, action: PeerAction) {
        self.state().insert(time, action);
    }

    /// Adds an action at `delay` after `octets` are written, which may be now.
    ///
    /// These octets follow those of the previous call: calls with the same octets are for the
    /// first, the second time that they are written, and so on. No octets are written at once.
    pub fn after(&self, octets: &[u8], delay: Duration, action: PeerAction) {
        let now = self.now();
        let mut state = self.state();
        state.reactions.push_back(Reaction { octets: octets.to_vec(), delay, action });
        state.react(now);
    }

    /// Limits what can be written to this many octets, until the peer makes [`PeerAction::Room`].
    /// By default there is room for any number of octets.
    pub fn set_room(&self, octets: usize) {
        self.state().room = Some(octets);
    }

    /// Sets the most octets that one read returns and that one write takes. At least one is
    /// assumed. By default there is no limit.
    pub fn set_pieces(&self, read: usize, write: usize) {
        let mut state = self.state();
        (state.most_per_read, state.most_per_write) = (read.max(1), write.max(1));
    }

    /// Makes [`Control::close_write`] fail with [`io::ErrorKind::Unsupported`].
    pub fn forbid_half_close(&self) {
        self.state().has_no_half_close = true;
    }

    /// Returns all octets of the peer that have arrived, whether they are read or not.
    pub fn arrived(&self) -> Vec<u8> {
        self.act().all.clone()
    }

    /// Returns the number of octets of the peer that have arrived, and of those that were written.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.act();
        (state.all.len(), state.written.len())
    }

    /// Returns the number of octets that have arrived and are not read.
    pub fn unread(&self) -> usize {
        self.act().arrived.len()
    }

    /// Returns whether the peer has closed its sending direction.
    pub fn is_eof(&self) -> bool {
        self.act().is_eof
    }

    /// Returns the reason for which the transport has panicked.
    pub fn fault(&self) -> Option<String> {
        self.state().fault.clone()
    }

    /// Returns all octets that were written.
    pub fn written(&self) -> Vec<u8> {
        self.state().written.clone()
    }

    /// Returns the time and the octets of each write.
    pub fn writes(&self) -> Vec<(Duration, Vec<u8>)> {
        let state = self.state();
        let mut rest = &state.written[..];
        let pieces = state.writes.iter().map(|&(at, count)| {
            let (piece, after) = rest.split_at(count);
            rest = after;
            (at, piece.to_vec())
        });
        pieces.collect()
    }

    /// Returns the time of the half-close, if the transport did one.
    pub fn half_closed(&self) -> Option<Duration> {
        self.state().half_closed
    }

    /// Returns the time when the transport was dropped, which closes it.
    pub fn dropped(&self) -> Option<Duration> {
        self.state().dropped
    }

    /// Returns the number of calls of [`Read::read`].
    pub fn reads(&self) -> usize {
        self.state().reads
    }

    /// Returns the length of the longest buffer that a read was to fill.
    pub fn longest_read(&self) -> usize {
        self.state().longest_read
    }

    /// Notes the fault, and panics.
    fn fail(&self, fault: &str) -> ! {
        self.state().fault = Some(fault.to_owned());
        panic!("{fault}");
    }

    fn now(&self) -> Duration {
        self.clock.elapsed().saturating_sub(self.start)
    }

    fn state(&self) -> MutexGuard<'_, PeerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does the actions whose time has come, and returns the state.
    fn act(&self) -> MutexGuard<'_, PeerState> {
        let (now, mut state) = (self.now(), self.state());
        while state.script.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, action)) = state.script.pop_front() {
                state.act(action);
            }
        }
        state
    }
}

impl PeerState {
    fn act(&mut self, action: PeerAction) {
        match action {
            PeerAction::Send(octets) if !self.is_eof && !self.is_reset => {
                self.all.extend_from_slice(&octets);
                self.arrived.extend(octets);
            }
            PeerAction::Send(_) => {}
            PeerAction::Eof => self.is_eof |= !self.is_reset,
            PeerAction::Reset => self.is_reset = true,
            PeerAction::Room(octets) => {
                self.room = self.room.map(|room| room.saturating_add(octets));
            }
        }
    }

    fn insert(&mut self, time: Duration, action: PeerAction) {
        let at = self.script.partition_point(|(at, _)| *at <= time);
        self.script.insert(at, (time, action));
    }

    fn write(&mut self, now: Duration, octets: &[u8]) {
        self.room = self.room.map(|room| room.saturating_sub(octets.len()));
        self.written.extend_from_slice(octets);
        self.writes.push((now, octets.len()));
        self.react(now);
    }

    /// Plans the actions whose octets have been written.
    fn react(&mut self, now: Duration) {
        while let Some(Reaction { octets, .. }) = self.reactions.front() {
            let start = self.searched.saturating_sub(octets.len()).max(self.reacted);
            let fresh = self.written.get(start..).unwrap_or_default();
            let found = match octets.len() {
                0 => Some(0),
                len => fresh.windows(len).position(|part| part == octets),
            };
            let Some(at) = found else {
                self.searched = self.written.len();
                return;
            };
            self.reacted = start + at + octets.len();
            self.searched = self.reacted;
            if let Some(Reaction { delay, action, .. }) = self.reactions.pop_front() {
                self.insert(now.saturating_add(delay), action);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{Clock, MemoryPeer, MemoryTransport, PeerAction};
    use bareline_net::Control;
    use std::io::{ErrorKind, Read, Write};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn new() -> (Clock, MemoryTransport, MemoryPeer) {
        let clock = Clock::new();
        clock.advance(ms(5000));
        let (transport, peer) = MemoryTransport::new(&clock);
        (clock, transport, peer)
    }

    fn read(transport: &mut MemoryTransport) -> Result<Vec<u8>, ErrorKind> {
        let mut buffer = [0; 8];
        let count = transport.read(&mut buffer).map_err(|error| error.kind())?;
        Ok(buffer.get(..count).unwrap().to_vec())
    }

    #[test]
    fn a_read_waits_for_octets_or_its_timeout() {
        let (clock, mut transport, peer) = new();
        peer.at(ms(70), PeerAction::Send(b"ef".to_vec()));
        peer.at(ms(30), PeerAction::Send(b"abcd".to_vec()));
        peer.at(ms(70), PeerAction::Eof);
        peer.set_pieces(3, usize::MAX);
        transport.set_nonblocking().unwrap();
        assert_eq!(read(&mut transport), Err(ErrorKind::WouldBlock));
        transport.set_blocking().unwrap();
        transport.set_read_timeout(Some(ms(20))).unwrap();
        let mut next = || (read(&mut transport), (clock.elapsed() - ms(5000)).as_millis());
        assert_eq!(next(), (Err(ErrorKind::WouldBlock), 20));
        assert_eq!(next(), (Ok(b"abc".to_vec()), 30));
        assert_eq!(peer.unread(), 1);
        assert_eq!(next(), (Ok(b"d".to_vec()), 30));
        assert_eq!(next(), (Err(ErrorKind::WouldBlock), 50));
        assert_eq!(next(), (Ok(b"ef".to_vec()), 70));
        assert_eq!(next(), (Ok(vec![]), 70));
        assert_eq!(next(), (Ok(vec![]), 70));
        assert_eq!((peer.reads(), peer.longest_read()), (8, 8));
    }

    #[test]
    fn a_write_waits_for_room() {
        let (_clock, mut transport, peer) = new();
        peer.set_room(4);
        peer.set_pieces(usize::MAX, 3);
        peer.at(ms(30), PeerAction::Room(1));
        peer.at(ms(90), PeerAction::Reset);
        transport.set_write_timeout(Some(ms(40))).unwrap();
        let mut write = || transport.write(b"hello").map_err(|error| error.kind());
        let written = [write(), write(), write(), write(), write()];
        let late = ErrorKind::WouldBlock;
        assert_eq!(written, [Ok(3), Ok(1), Ok(1), Err(late), Err(ErrorKind::ConnectionReset)]);
        let writes = [(ms(0), b"hel".to_vec()), (ms(0), b"h".to_vec()), (ms(30), b"h".to_vec())];
        assert_eq!(peer.writes(), writes);
        assert_eq!(read(&mut transport), Err(ErrorKind::ConnectionReset));
        drop(transport);
        assert_eq!((peer.half_closed(), peer.dropped()), (None, Some(ms(90))));
    }

    #[test]
    fn the_peer_reacts_to_octets_in_order() {
        let (clock, mut transport, peer) = new();
        for (octets, action) in [(&b"ab"[..], "1"), (b"ab", "2"), (b"", "3"), (b"c", "4")] {
            peer.after(octets, ms(10), PeerAction::Send(action.into()));
        }
        transport.write_all(b"cab").unwrap();
        assert_eq!(read(&mut transport).unwrap(), b"1");
        transport.write_all(b"a").unwrap();
        clock.advance(ms(50));
        transport.write_all(b"b").unwrap();
        assert_eq!((read(&mut transport).unwrap(), clock.elapsed()), (b"23".to_vec(), ms(5070)));
        assert_eq!((peer.arrived(), peer.is_eof()), (b"123".to_vec(), false));
        transport.close_write().unwrap();
        assert_eq!(peer.half_closed(), Some(ms(70)));
    }

    #[test]
    #[should_panic = "a wait without an end"]
    fn a_wait_without_an_end_panics() {
        let (_clock, mut transport, peer) = new();
        peer.at(ms(30), PeerAction::Room(1));
        let _ = read(&mut transport);
    }

    #[test]
    fn a_write_after_a_half_close_is_a_fault() {
        let (_clock, mut transport, peer) = new();
        transport.close_write().unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| transport.write(b"x"))).is_err());
        assert_eq!(peer.fault().unwrap(), "octets are written after a half-close");
    }

    #[test]
    #[should_panic = "a busy loop"]
    fn a_busy_loop_panics() {
        let (_clock, mut transport, _peer) = new();
        transport.set_nonblocking().unwrap();
        while read(&mut transport).is_err() {}
    }
}
