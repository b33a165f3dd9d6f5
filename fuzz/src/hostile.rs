//! A hostile peer: its script, and the settings that bound each wait for it.

use crate::memory::{Clock, MemoryPeer, PeerAction};
use crate::shown::Octets;
use arbitrary::{Arbitrary, Result, Unstructured};
use bareline_net::{Error, PeerError, Settings, Wait};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// The kinds of events in a run. A test checks that there are runs of every kind.
pub type Seen = BTreeSet<&'static str>;

/// The field with the number of a message.
pub(crate) const NUMBER: &str = "X-Number";

/// A length of time, chosen from a table that has the neighbours of the timeouts.
#[derive(Clone, Copy, PartialEq, Eq, Default, Arbitrary)]
pub struct Pause(pub u8);

const PAUSES: &[u64] = &[
    0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 20, 50, 99, 100, 101, 500, 999, 1000, 1001, 3000, 5000, 10_000,
    10_001, 30_000, 30_001, 75_000, 200_000,
];

impl Pause {
    /// Returns the time.
    pub fn time(self) -> Duration {
        Duration::from_millis(chosen(PAUSES, self.0))
    }
}

impl fmt::Debug for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.time().fmt(f)
    }
}

/// Returns the entry of the table that this octet chooses.
pub(crate) fn chosen<T: Copy>(table: &[T], index: u8) -> T {
    *table.get(usize::from(index) % table.len()).expect("an index below the length")
}

/// Generates up to `most` items.
pub(crate) fn several<'a, T: Arbitrary<'a>>(
    u: &mut Unstructured<'a>,
    most: usize,
) -> Result<Vec<T>> {
    let count = u.int_in_range(0..=most)?;
    (0..count).map(|_| u.arbitrary()).collect()
}

/// Generates settings and a line: the defaults in half of the cases.
pub(crate) fn conditions(u: &mut Unstructured<'_>) -> Result<(StreamSettings, Line)> {
    if u.arbitrary()? { Ok(<(StreamSettings, Line)>::default()) } else { u.arbitrary() }
}

/// Timeouts and limits, each chosen from a table.
#[derive(Clone, Copy, PartialEq, Eq, Default, Arbitrary)]
pub struct StreamSettings {
    /// The idle timeout.
    pub idle: u8,
    /// The timeout of the first octet of a response.
    pub response: u8,
    /// The timeout of a head.
    pub head: u8,
    /// The timeout of a wait for a 100.
    pub continues: u8,
    /// The timeout of a body.
    pub body: u8,
    /// The timeout of a write.
    pub write: u8,
    /// The timeout of an exchange.
    pub exchange: u8,
    /// The timeout of the lingering close.
    pub linger: u8,
    /// The timeout of silence in the lingering close.
    pub silence: u8,
    /// The minimum rate.
    pub rate: u8,
    /// The limits of a body, of what is drained, and of the lingering close.
    pub sizes: (u8, u8, u8),
}

const TIMEOUTS: &[u64] = &[5000, 10_000, 75_000, 30_000, 1000, 100, 1, 0];

impl StreamSettings {
    pub(crate) fn idle(self) -> Duration {
        Duration::from_millis(chosen(TIMEOUTS, self.idle))
    }

    pub(crate) fn response(self) -> Duration {
        Duration::from_millis(chosen(TIMEOUTS, self.response))
    }

    pub(crate) fn head(self) -> Duration {
        Duration::from_millis(chosen(TIMEOUTS, self.head))
    }

    pub(crate) fn continues(self) -> Duration {
        Duration::from_millis(chosen(TIMEOUTS, self.continues))
    }

    pub(crate) fn body(self) -> Duration {
        Duration::from_millis(chosen(TIMEOUTS, self.body))
    }

    pub(crate) fn write(self) -> Duration {
        Duration::from_millis(chosen(TIMEOUTS, self.write))
    }

    /// Returns the timeout of an exchange, `None` for no limit.
    pub(crate) fn exchange(self) -> Option<Duration> {
        let chosen = chosen(&[None, None, None, None, Some(60_000), Some(1000)], self.exchange);
        chosen.map(Duration::from_millis)
    }

    pub(crate) fn linger(self) -> Duration {
        Duration::from_millis(chosen(TIMEOUTS, self.linger))
    }

    pub(crate) fn rate(self) -> u32 {
        chosen(&[512, 10, 100_000, 0], self.rate)
    }

    /// Returns the settings.
    pub fn settings(self) -> Settings {
        let (body, drain, linger) = self.sizes;
        Settings::new()
            .idle_timeout(self.idle())
            .response_timeout(self.response())
            .head_timeout(self.head())
            .continue_timeout(self.continues())
            .body_timeout(self.body())
            .write_timeout(self.write())
            .exchange_timeout(self.exchange().unwrap_or(Duration::MAX))
            .linger_timeout(self.linger())
            .linger_silence_timeout(Duration::from_millis(chosen(TIMEOUTS, self.silence)))
            .minimum_rate(self.rate())
            .linger_limit(chosen(&[64 << 20, 1000, 1, 0], linger))
            .body_limit(chosen(&[1 << 20, u64::MAX, 1000, 0], body))
            .limits(|limits| limits.drain(chosen(&[65_536, 100, 0, 1_000_000], drain)))
    }
}

impl fmt::Debug for StreamSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings().fmt(f)
    }
}

/// The way in which a transport takes and gives octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Arbitrary)]
pub struct Line {
    /// The most octets of a read, any number if 0.
    pub read: u8,
    /// The most octets of a write, any number if 0.
    pub write: u8,
    /// The room for octets at first, if it is limited.
    pub room: Option<u16>,
    /// The transport has no half-close.
    pub has_no_half_close: bool,
}

impl Line {
    pub(crate) fn set(self, peer: &MemoryPeer) {
        let most = |count: u8| if count == 0 { usize::MAX } else { usize::from(count) };
        peer.set_pieces(most(self.read), most(self.write));
        if let Some(room) = self.room {
            peer.set_room(usize::from(room));
        }
        if self.has_no_half_close {
            peer.forbid_half_close();
        }
    }
}

/// A message that a peer sends.
pub trait Message {
    /// Returns the octets of the message with this number. A request may wait for a 100 (Continue)
    /// before its second part.
    fn octets(&self, number: usize) -> (Vec<u8>, Vec<u8>);

    /// Returns the octets that a peer awaits before a step that awaits some, after this number of
    /// its messages and of earlier waits.
    fn awaited(messages: usize, waits: usize) -> Option<Vec<u8>>;
}

/// A step of a peer's script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerMove<M> {
    /// The step waits for the response to the last request, or for the next request.
    pub awaits: bool,
    /// The time before the step.
    pub pause: Pause,
    /// The step.
    pub step: PeerStep<M>,
    /// The octets are cut into pieces of this length, with this time between two.
    pub cut: Option<(u16, Pause)>,
    /// A change of one octet of the message.
    pub mutation: Option<Mutation>,
}

/// The action in a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PeerStep<M> {
    /// Sends the next message.
    Message(M),
    /// Sends octets.
    Octets(Octets),
    /// Sends octets of a table that tell much.
    Telling(u8),
    /// Reads some octets, 32 times if octets are cut into pieces.
    Room(u16),
    /// Closes its sending direction.
    Eof,
    /// Resets the connection.
    Reset,
}

/// A change of one octet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum Mutation {
    /// Replaces the octet at this position.
    Replace(u16, u8),
    /// Inserts an octet at this position.
    Insert(u16, u8),
    /// Removes the octet at this position.
    Remove(u16),
}

const TELLING: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b" ",
    b"\0",
    b"x",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HT",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
    b"HTTP/1.1 100 \r\n\r\n",
    b"HTTP/1.1 101 \r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    b"HTTP/1.1 408 \r\nConnection: close\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
];

impl Mutation {
    fn change(self, octets: &mut Vec<u8>) {
        let last = octets.len().saturating_sub(1);
        let at = |at: u16| usize::from(at) % (last + 1);
        match self {
            Self::Replace(position, octet) => {
                if let Some(place) = octets.get_mut(at(position)) {
                    *place = octet;
                }
            }
            Self::Insert(position, octet) => octets.insert(at(position), octet),
            Self::Remove(_) if octets.is_empty() => {}
            Self::Remove(position) => _ = octets.remove(at(position)),
        }
    }
}

impl<'a, M: Arbitrary<'a>> Arbitrary<'a> for PeerMove<M> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (kind, flags) = u.arbitrary::<(u8, u8)>()?;
        let step = match kind % 16 {
            0..=9 => PeerStep::Message(u.arbitrary()?),
            10 => PeerStep::Octets(Octets(several(u, 40)?)),
            11 | 12 => PeerStep::Telling(u.arbitrary()?),
            13 => PeerStep::Room(u.arbitrary()?),
            14 => PeerStep::Eof,
            _ => PeerStep::Reset,
        };
        let pause = u.arbitrary()?;
        let cut = if flags & 2 == 0 { None } else { Some(u.arbitrary()?) };
        let mutation = if flags & 12 == 12 { Some(u.arbitrary()?) } else { None };
        Ok(Self { awaits: flags & 1 == 1, pause, step, cut, mutation })
    }
}

/// Gives the peer its script.
pub(crate) fn play<M: Message>(moves: &[PeerMove<M>], peer: &MemoryPeer) {
    let mut script = Script { peer, at: Duration::ZERO, has_waited: false };
    let (mut messages, mut waits) = (0, 0);
    for PeerMove { awaits, pause, step, cut, mutation } in moves {
        if *awaits {
            if let Some(octets) = M::awaited(messages, waits) {
                script.wait_for(&octets);
            }
            waits += 1;
        }
        script.at += pause.time();
        match step {
            PeerStep::Message(message) => {
                let (mut first, second) = message.octets(messages);
                messages += 1;
                if let Some(mutation) = mutation {
                    mutation.change(&mut first);
                }
                script.send(&first, *cut);
                if !second.is_empty() {
                    script.wait_for(b"HTTP/1.1 100 ");
                    script.send(&second, *cut);
                }
            }
            PeerStep::Octets(octets) => script.send(octets, *cut),
            PeerStep::Telling(index) => script.send(chosen(TELLING, *index), *cut),
            PeerStep::Room(octets) => {
                let (pieces, pause) = cut.map_or((1, Pause(0)), |(_, pause)| (32, pause));
                for _ in 0..pieces {
                    script.add(PeerAction::Room(usize::from(*octets)));
                    script.at += pause.time();
                }
            }
            PeerStep::Eof => script.add(PeerAction::Eof),
            PeerStep::Reset => script.add(PeerAction::Reset),
        }
    }
}

struct Script<'p> {
    peer: &'p MemoryPeer,
    /// The time since the start, or since the octets that were awaited last.
    at: Duration,
    has_waited: bool,
}

impl Script<'_> {
    fn add(&mut self, action: PeerAction) {
        if self.has_waited {
            self.peer.after(b"", self.at, action);
        } else {
            self.peer.at(self.at, action);
        }
    }

    fn wait_for(&mut self, octets: &[u8]) {
        self.peer.after(octets, Duration::ZERO, PeerAction::Room(0));
        (self.at, self.has_waited) = (Duration::ZERO, true);
    }

    fn send(&mut self, octets: &[u8], cut: Option<(u16, Pause)>) {
        let Some((length, pause)) = cut else {
            return self.add(PeerAction::Send(octets.to_vec()));
        };
        let length = usize::from(length) % octets.len().max(1);
        for (number, piece) in octets.chunks(length.max(octets.len() / 32).max(1)).enumerate() {
            if number > 0 {
                self.at += pause.time();
            }
            self.add(PeerAction::Send(piece.to_vec()));
        }
    }
}

/// A check of the time of each call.
pub(crate) struct Watch<'w> {
    pub(crate) clock: &'w Clock,
    pub(crate) peer: &'w MemoryPeer,
    pub(crate) settings: StreamSettings,
    /// A write may wait for room.
    pub(crate) has_tight_room: bool,
    /// The time of all calls for the present message, whose writes have one timeout.
    pub(crate) spent: Cell<Duration>,
    /// The end of the exchange.
    pub(crate) exchange_end: Option<Duration>,
}

/// The most time that a timeout is exceeded by: a socket's timeout is a millisecond at least, and
/// the last wait begins before the end.
pub(crate) const SLACK: Duration = Duration::from_millis(200);

impl Watch<'_> {
    /// Runs a call that may send, and beyond that wait for the time that `waits` then returns.
    /// Returns its result and its time.
    pub(crate) fn time<T>(
        &self,
        name: &str,
        call: impl FnOnce() -> T,
        waits: impl FnOnce() -> Duration,
    ) -> (T, Duration) {
        let (start, (_, before)) = (self.clock.elapsed(), self.peer.counts());
        let (result, waits) = (call(), waits());
        let time = self.clock.elapsed().saturating_sub(start);
        self.spent.set(self.spent.get() + time);
        let written = self.peer.counts().1.saturating_sub(before);
        // A call may end one message, and begin another.
        let writes = self.settings.write() * 2 + self.earned(written);
        assert!(
            time <= waits + writes + SLACK,
            "{name} takes {time:?}, more than {waits:?} and {writes:?} for writes"
        );
        if let Some(end) = self.exchange_end {
            let end = end.max(start) + SLACK;
            assert!(start + time <= end, "{name} ends at {:?}, not by {end:?}", start + time);
        }
        (result, time)
    }

    /// Returns the time that these octets earn.
    pub(crate) fn earned(&self, octets: usize) -> Duration {
        Duration::from_secs(octets as u64) / self.settings.rate().max(1)
    }

    /// Checks that an error is no timeout while octets have arrived. The timeout of an exchange
    /// counts the caller's work, too.
    pub(crate) fn check_unread(&self, error: &Error) {
        if let Error::Peer(PeerError::TimedOut { wait, .. }) = error {
            let may_have_sent = matches!(wait, Wait::Write | Wait::Exchange) || self.has_tight_room;
            assert!(may_have_sent || self.peer.unread() == 0, "octets have arrived: {error}");
        }
    }

    /// Checks that an error of a timeout comes no earlier than its timeout. `spent` is the time of
    /// the call, `body` that of all waits for the body.
    pub(crate) fn check(&self, error: &Error, spent: Duration, body: Duration) {
        if let Error::Peer(PeerError::TimedOut { wait, after }) = error {
            let waited = match wait {
                Wait::Body => body,
                Wait::Write => self.spent.get(),
                Wait::Exchange => {
                    let end = self.exchange_end.expect("an exchange with a timeout");
                    assert!(self.clock.elapsed() >= end, "{error} at {:?}", self.clock.elapsed());
                    return;
                }
                _ => spent,
            };
            assert!(waited >= *after, "{error}, but {waited:?} were waited");
        }
    }
}

/// Returns `length` octets of the body of the message with this number, which no other message has.
pub(crate) fn content(number: usize, length: usize) -> Vec<u8> {
    format!("<{number}>").bytes().cycle().take(length).collect()
}

/// Returns the chunks of these octets.
pub(crate) fn chunks(octets: &[u8], size: usize, trailers: &str) -> Vec<u8> {
    let mut chunked = Vec::new();
    for chunk in octets.chunks(size.max(1)) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(format!("0\r\n{trailers}\r\n").as_bytes());
    chunked
}

/// A length of a body, from none to 40,000 octets.
#[derive(Clone, Copy, PartialEq, Eq, Default, Arbitrary)]
pub struct Length(pub u8);

impl Length {
    /// Returns the length in octets.
    pub fn octets(self) -> usize {
        match self.0 {
            0..200 => usize::from(self.0 / 2),
            200..240 => usize::from(self.0 - 199) * 100,
            _ => usize::from(self.0 - 239) * 2500,
        }
    }
}

impl fmt::Debug for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.octets().fmt(f)
    }
}
