//! A connection on its transport: the input and output that both roles share.
//!
//! A role is a state machine without I/O. Its steps say what the connection needs next, and a
//! [`Wire`] does that on the transport.

pub(crate) mod deadline;
pub(crate) mod link;
pub(crate) mod recv_buf;
pub(crate) mod send_buf;
#[cfg(feature = "rustls")]
pub(crate) mod tls;
pub(crate) mod trailers;
pub(crate) mod transport;
pub(crate) mod upgraded;

use crate::error::{Error, PeerError};
use crate::settings::Settings;
use crate::wire::deadline::Deadline;
use crate::wire::link::{Arrived, Link, Polling};
use crate::wire::recv_buf::{DIRECT, RecvBuf};
use crate::wire::send_buf::{LONGEST, Memory, Out, SendBuf};
use crate::wire::trailers::Trailers;
use crate::wire::transport::Transport;
use crate::wire::upgraded::Upgraded;
use bareline_core::connection::Received;
use bareline_core::error::{ParseError, WriteError};
use bareline_core::write::TrailerField;
use bareline_core::{Event, WireBuf};
use std::convert::Infallible;
use std::io;
use std::time::{Duration, Instant};

/// The most octets of small body writes that are gathered into one chunk.
pub(crate) const GATHERED: usize = 4 * 1024;

/// The most steps in a row of a connection that is polled.
const POLLED: usize = 64;

/// The result of the steps of a connection that is polled.
pub(crate) enum Polled<T> {
    /// The step is complete.
    Ready(T),
    /// The peer has to send or to accept octets first.
    Pending(Deadline),
    /// The peer has sent much: others have their turn.
    More,
}

/// The next need of a connection. A wait that expires is an error of its [`Deadline`].
pub(crate) enum Step<T> {
    /// The step is complete.
    Ready(T),
    /// Octets from the peer.
    WantRead { until: Deadline },
    /// The peer has to accept what is ready to be sent.
    WantWrite { until: Deadline },
    /// The end of the output has to be sent. Then octets from the peer are discarded.
    Linger { until: Deadline },
}

/// The result of sending and receiving by turns.
pub(crate) enum Moved {
    /// This number of the caller's octets is sent.
    Sent(usize),
    /// Octets have been received.
    Received,
}

/// The time by the clock of the transport, which costs a look at the clock.
pub(crate) type Now<'n> = &'n mut dyn FnMut() -> Instant;

/// The state of a server's or a client's connection, without I/O.
pub(crate) trait Role {
    fn read_body<'b>(
        &mut self,
        input: &'b [u8],
        buffer: &mut [u8],
    ) -> Result<Received<'b, Infallible>, ParseError>;
    fn receive_body<'b>(&mut self, input: &'b [u8])
    -> Result<Received<'b, Infallible>, ParseError>;
    fn content_ahead(&self) -> u64;
    fn send_data(&mut self, data: &[u8], out: Out<'_>) -> Result<(), WriteError>;
    fn frame_data<'d>(&mut self, data: &'d [u8], out: Out<'_>) -> Result<&'d [u8], WriteError>;
    fn end_body(&mut self, trailers: &[TrailerField<'_>], out: Out<'_>) -> Result<(), WriteError>;
    fn on_eof(&mut self) -> Result<(), ParseError>;
    fn on_overflow(&mut self) -> ParseError;

    /// Returns the error for invalid octets from the peer.
    fn error_of(error: ParseError, octets: &[u8]) -> Error;

    /// Writes the 100 that the peer waits for.
    fn write_continue(&mut self, out: Out<'_>) -> Result<(), WriteError>;

    /// Prepares for the next message.
    fn next_message(&mut self);

    /// Returns the end of the wait for more of the body, which begins now unless it has begun.
    fn body_until(&mut self, now: Instant) -> Deadline;

    /// Records that octets have arrived, which ends the wait for them.
    fn on_octets(&mut self, count: usize, now: Now<'_>);

    /// Returns the place of the peer's error, after which no more of the body can be read.
    fn peer_error(&mut self) -> &mut Option<PeerError>;

    /// Returns whether a response began without the rest of the body, which then cannot be read.
    fn is_given_up(&self) -> bool {
        false
    }

    /// Returns whether the peer may wait for the octets of a body that are gathered, before it
    /// sends more of its own.
    fn sends_while_reading(&self) -> bool {
        false
    }

    /// Returns the end of a wait that ends at `until` by its own timeout.
    fn limit(&self, until: Deadline) -> Deadline {
        until
    }

    /// Returns whether the connection has to end at once.
    fn is_cut(&self) -> bool {
        false
    }
}

/// Implements the calls that a role passes to its `connection`.
macro_rules! connection_calls {
    () => {
        fn read_body<'b>(
            &mut self,
            input: &'b [u8],
            buffer: &mut [u8],
        ) -> Result<Received<'b, Infallible>, ParseError> {
            self.connection.read_body(input, buffer)
        }

        fn receive_body<'b>(
            &mut self,
            input: &'b [u8],
        ) -> Result<Received<'b, Infallible>, ParseError> {
            self.connection.receive_body(input)
        }

        fn content_ahead(&self) -> u64 {
            self.connection.content_ahead()
        }

        fn send_data(&mut self, data: &[u8], out: Out<'_>) -> Result<(), WriteError> {
            to!(out, |out| self.connection.send_data(data, out))
        }

        fn frame_data<'d>(&mut self, data: &'d [u8], out: Out<'_>) -> Result<&'d [u8], WriteError> {
            to!(out, |out| self.connection.frame_data(data, out))
        }

        fn end_body(
            &mut self,
            trailers: &[TrailerField<'_>],
            out: Out<'_>,
        ) -> Result<(), WriteError> {
            to!(out, |out| self.connection.end_body(trailers, out))
        }

        fn on_overflow(&mut self) -> ParseError {
            self.connection.on_overflow()
        }

        fn peer_error(&mut self) -> &mut Option<PeerError> {
            &mut self.peer_error
        }
    };
}
pub(crate) use connection_calls;

/// The buffers that a step reads from and writes to.
pub(crate) struct Buffers {
    pub(crate) received: RecvBuf,
    out: SendBuf,
}

impl Buffers {
    pub(crate) const fn new(settings: &Settings) -> Self {
        Self { received: RecvBuf::new(), out: SendBuf::new(settings) }
    }

    /// Asks to send what is ready, if there is any. No wait for octets begins before that.
    pub(crate) fn want_write<T>(&mut self, now: Now<'_>) -> Option<Step<T>> {
        (!self.out.is_empty()).then(|| Step::WantWrite { until: self.out.until(now()) })
    }

    /// Reads octets of the received body. Returns 0 at its end, and sets the trailers then.
    fn read_body<R: Role>(
        &mut self,
        role: &mut R,
        buffer: &mut [u8],
        trailers: &mut Trailers,
        now: Now<'_>,
    ) -> Result<Step<usize>, Error> {
        while !buffer.is_empty() {
            let received = role.read_body(self.received.filled(), buffer);
            let Received { used, event } =
                received.map_err(|error| R::error_of(error, self.received.filled()))?;
            let (mut count, mut is_starved) = (None, false);
            match event {
                Event::Data(data) => count = Some(data.len()),
                Event::Trailer { name, value } => trailers.push(name, value),
                Event::NeedMore => is_starved = true,
                Event::End | Event::Upgraded => count = Some(0),
                Event::Closed => return Err(Error::Closed),
                Event::Chunk { .. } => {}
            }
            self.received.consume(used);
            if let Some(count) = count {
                return Ok(Step::Ready(count));
            }
            if is_starved {
                match role.write_continue(self.out.out()) {
                    Err(WriteError::BufferFull) => {}
                    written => written?,
                }
                return Ok(self
                    .want_write(now)
                    .unwrap_or_else(|| Step::WantRead { until: role.body_until(now()) }));
            }
        }
        Ok(Step::Ready(0))
    }
}

/// A connection on its transport, and the buffers for what is read and written.
pub(crate) struct Wire<S, R> {
    role: R,
    link: Link<S>,
    buffers: Buffers,
}

impl<S: Transport, R: Role> Wire<S, R> {
    pub(crate) const fn new(transport: S, role: R, settings: &Settings) -> Self {
        Self { role, link: Link::new(transport), buffers: Buffers::new(settings) }
    }

    pub(crate) const fn role(&self) -> &R {
        &self.role
    }

    pub(crate) const fn role_mut(&mut self) -> &mut R {
        &mut self.role
    }

    /// Sets the time for which the peer is awaited before it accepts octets.
    pub(crate) const fn set_write_timeout(&mut self, settings: &Settings) {
        self.buffers.out.set_timeout(settings);
    }

    /// Sets the options of the transport, before its first use.
    pub(crate) fn prepare(&mut self) {
        self.link.prepare();
    }

    /// Returns the time by the clock of the transport.
    pub(crate) fn now(&mut self) -> Instant {
        self.link.now()
    }

    /// Returns the role and its buffers, for a step that asks for nothing.
    pub(crate) const fn parts(&mut self) -> (&mut R, &mut Buffers) {
        (&mut self.role, &mut self.buffers)
    }

    /// Returns the octets that have arrived and are not used.
    pub(crate) fn received(&self) -> &[u8] {
        self.buffers.received.filled()
    }

    /// Takes steps, and does what they ask for, until one is complete.
    pub(crate) fn run<T>(
        &mut self,
        mut step: impl FnMut(&mut R, &mut Buffers, Now<'_>) -> Result<Step<T>, Error>,
    ) -> Result<T, Error> {
        loop {
            let Self { role, link, buffers } = self;
            let mut at = None;
            let step = step(role, buffers, &mut || *at.get_or_insert_with(|| link.now()))?;
            if let Some(value) = self.act(step, at)? {
                return Ok(value);
            }
        }
    }

    /// Does what a step asks for. Returns the value of a step that is complete.
    fn act<T>(&mut self, step: Step<T>, at: Option<Instant>) -> Result<Option<T>, Error> {
        match step {
            Step::Ready(value) => return Ok(Some(value)),
            Step::WantRead { until } => self.fill(until, at)?,
            Step::WantWrite { .. } => self.flush()?,
            Step::Linger { until } if self.link.close_write() => self.fill(until, at)?,
            Step::Linger { .. } => return Err(Error::Closed),
        }
        Ok(None)
    }

    /// Takes steps, and does what they ask for, as far as nothing has to be awaited.
    pub(crate) fn poll<T>(
        &mut self,
        step: impl FnMut(&mut R, &mut Buffers, Now<'_>) -> Result<Step<T>, Error>,
    ) -> Result<Polled<T>, Error> {
        let mut at = None;
        let polled = self.poll_at(&mut at, step);
        self.link.polled().seen = at;
        polled
    }

    /// Takes steps as [`poll`](Self::poll) does, at the time in `at`.
    fn poll_at<T>(
        &mut self,
        at: &mut Option<Instant>,
        mut step: impl FnMut(&mut R, &mut Buffers, Now<'_>) -> Result<Step<T>, Error>,
    ) -> Result<Polled<T>, Error> {
        for _ in 0..POLLED {
            let Self { role, link, buffers } = self;
            let was_unflushed = link.polled().is_unflushed;
            let step = if was_unflushed && !link.try_flush()? {
                Step::WantWrite { until: buffers.out.until(*at.get_or_insert_with(|| link.now())) }
            } else {
                if was_unflushed {
                    buffers.out.end_wait();
                }
                step(role, buffers, &mut || *at.get_or_insert_with(|| link.now()))?
            };
            let until = match step {
                Step::Ready(value) => return Ok(Polled::Ready(value)),
                Step::WantWrite { until } => {
                    let now = *at.get_or_insert_with(|| link.now());
                    if self.send_some(now)? {
                        continue;
                    }
                    until.check(now)?;
                    return Ok(Polled::Pending(until));
                }
                Step::Linger { .. } if !link.close_write() => return Err(Error::Closed),
                Step::WantRead { until } | Step::Linger { until } => until,
            };
            let now = *at.get_or_insert_with(|| link.now());
            if role.is_cut() {
                link.close();
            }
            if buffers.received.spare_mut().is_empty() {
                return Err(R::error_of(role.on_overflow(), &[]));
            }
            link.check_late(&until, now)?;
            let arrived = if link.polled().may_read || until.check(now).is_err() {
                self.receive_arrived()?
            } else {
                Arrived::Nothing
            };
            match arrived {
                Arrived::Octets(count) => self.role.on_octets(count, &mut || now),
                Arrived::End => {
                    self.role.on_eof().map_err(|error| R::error_of(error, &[]))?;
                }
                Arrived::Nothing | Arrived::Unknown => {
                    until.check(now)?;
                    return Ok(Polled::Pending(until));
                }
            }
        }
        Ok(Polled::More)
    }

    /// Returns the state of a transport that an event loop watches.
    pub(crate) const fn polled(&mut self) -> &mut Polling {
        self.link.polled()
    }

    /// Waits for the next request on the thread that serves the connection, for this time at most.
    /// Returns whether octets may have arrived.
    pub(crate) fn stay(&mut self, left: Duration) -> bool {
        self.link.stay(left)
    }

    /// Returns the number of octets that the connection keeps while it waits.
    pub(crate) fn kept(&self) -> usize {
        let Buffers { received, out } = &self.buffers;
        received.filled().len().saturating_add(out.kept())
    }

    /// Borrows this memory until [`release`](Self::release).
    pub(crate) fn borrow(&mut self, memory: &mut Memory) {
        self.buffers.received.borrow(&mut memory.received);
        self.buffers.out.borrow(memory);
    }

    /// Returns the memory, but for octets that are not processed or not sent.
    pub(crate) fn release(&mut self, memory: &mut Memory) {
        self.buffers.received.release(&mut memory.received);
        self.buffers.out.release(memory);
    }

    /// Sends what is ready, as far as the peer accepts it now. Returns whether that was all.
    fn send_some(&mut self, now: Instant) -> Result<bool, Error> {
        let sent = self.try_send_some(now);
        sent.inspect_err(|_| self.stop_sending())
    }

    fn try_send_some(&mut self, now: Instant) -> Result<bool, Error> {
        let Self { role, link, buffers: Buffers { out, .. } } = self;
        while !out.is_empty() {
            if role.is_cut() || !link.can_write() {
                return Err(link.closed());
            }
            match link.try_write(out.pieces(&[]))? {
                Some(count) => out.advance(count, &[], now),
                None => return Ok(false),
            };
        }
        link.try_flush()
    }

    /// Sends what is ready. On an event loop what the peer does not accept yet is left to the loop.
    pub(crate) fn flush_or_leave(&mut self) -> Result<(), Error> {
        if !self.link.polled().is_on {
            return self.flush();
        }
        let now = self.now();
        self.send_some(now).map(drop)
    }

    /// Waits for octets, from this time on if it is known. Reports EOF or a full buffer to the
    /// connection.
    fn fill(&mut self, until: Deadline, now: Option<Instant>) -> Result<(), Error> {
        let Self { role, link, buffers: Buffers { received, .. } } = self;
        let spare = received.spare_mut();
        if spare.is_empty() {
            return Err(R::error_of(role.on_overflow(), &[]));
        }
        let count = receive(role, link, spare, until, now)?;
        received.commit(count);
        Ok(())
    }

    /// Waits for content of the body as [`fill`](Self::fill) does, and receives it into the
    /// caller's buffer.
    fn fill_directly(
        &mut self,
        buffer: &mut [u8],
        until: Deadline,
        now: Option<Instant>,
    ) -> Result<Option<usize>, Error> {
        let Self { role, link, .. } = self;
        let count = receive(role, link, buffer, until, now)?;
        let content = match buffer.get(..count) {
            None | Some([]) => return Ok(None),
            Some(content) => content,
        };
        match role.receive_body(content).map_err(|error| R::error_of(error, &[]))?.event {
            Event::Data(data) => Ok(Some(data.len())),
            _ => Err(Error::Closed),
        }
    }

    /// Sends what is ready.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.send(&[])
    }

    /// Sends what is ready and then these octets, in one write if the system accepts all at once.
    /// After an error nothing more is sent, but octets from the peer can still be read.
    fn send(&mut self, octets: &[u8]) -> Result<(), Error> {
        if self.buffers.out.is_empty() && octets.is_empty() {
            return Ok(());
        }
        let sent = self.try_send(octets);
        self.buffers.out.clear();
        sent.inspect_err(|_| self.link.fail_writes())
    }

    /// Lets sending and receiving take turns from now on. Returns whether the transport can do so.
    pub(crate) fn take_turns(&mut self) -> bool {
        self.link.take_turns()
    }

    /// Returns whether all that was ready is sent.
    pub(crate) fn is_sent(&mut self) -> bool {
        self.buffers.out.is_empty() && !self.link.polled().is_unflushed
    }

    /// Sends nothing more, not even what is ready. Octets from the peer can still be read.
    pub(crate) fn stop_sending(&mut self) {
        self.buffers.out.clear();
        self.link.fail_writes();
    }

    /// Writes the framing of all of these octets of the body, which are sent next.
    pub(crate) fn frame_all(&mut self, data: &[u8]) -> Result<(), Error> {
        self.write(|role, out| role.frame_data(data, out).map(drop))
    }

    /// Ends the wait for the peer to accept octets: it is sending, and may read later.
    pub(crate) const fn end_wait(&mut self) {
        self.buffers.out.end_wait();
    }

    /// Returns whether there is no room for more octets.
    pub(crate) fn is_full(&mut self) -> bool {
        self.buffers.received.spare_mut().is_empty()
    }

    /// Sends some of what is ready and of these octets behind it, or receives octets: waits until
    /// the peer accepts or sends some. After an error nothing more is sent.
    ///
    /// Fails with [`Error::Closed`] if the peer has closed its sending direction: it would discard
    /// what is sent [RFC 9112 section 9.6].
    pub(crate) fn send_or_receive(&mut self, octets: &[u8]) -> Result<Moved, Error> {
        self.try_send_or_receive(octets).inspect_err(|_| self.stop_sending())
    }

    fn try_send_or_receive(&mut self, octets: &[u8]) -> Result<Moved, Error> {
        loop {
            let Self { role, link, buffers: Buffers { out, .. } } = self;
            let now = link.now();
            let until = role.limit(out.until(now));
            link.check_late(&until, now)?;
            let reads = !self.is_full();
            let arrived = if reads { self.receive_arrived()? } else { Arrived::Nothing };
            let Self { role, link, buffers: Buffers { out, .. } } = self;
            match arrived {
                Arrived::Nothing => {}
                Arrived::Octets(count) => {
                    role.on_octets(count, &mut || now);
                    return Ok(Moved::Received);
                }
                // The next read finds the end again, once the octets before it are used.
                Arrived::End | Arrived::Unknown => return Err(Error::Closed),
            }
            if !link.can_write() {
                return Err(Error::Closed);
            }
            let pieces = out.pieces(octets);
            let written = if pieces.iter().all(|piece| piece.is_empty()) {
                link.try_flush()?.then_some(0)
            } else {
                link.try_write(pieces)?
            };
            if let Some(count) = written {
                let rest = out.advance(count, octets, now);
                link.try_flush()?;
                role.on_octets(0, &mut || now);
                return Ok(Moved::Sent(octets.len().saturating_sub(rest.len())));
            }
            link.wait_for_either(reads, &until, now)?;
        }
    }

    fn try_send(&mut self, mut octets: &[u8]) -> Result<(), Error> {
        let Self { role, link, buffers: Buffers { out, .. } } = self;
        let mut now = link.now();
        loop {
            let until = role.limit(out.until(now));
            let pieces = out.pieces(octets);
            let ready = pieces.iter().map(|piece| piece.len()).sum();
            if (role.is_cut() && ready > 0) || !link.can_write() {
                return Err(link.closed());
            }
            let written = link.write(pieces, &until, now)?;
            let is_sent = written == Some(ready);
            if is_sent && ready == 0 {
                return Ok(());
            }
            now = link.now();
            octets = out.advance(written.unwrap_or(0), octets, now);
            if is_sent && link.try_flush()? {
                return Ok(());
            }
        }
    }

    /// Writes to the output buffer. When that is full, sends its octets and retries, then uses a
    /// long buffer.
    pub(crate) fn write<T>(
        &mut self,
        write: impl Fn(&mut R, Out<'_>) -> Result<T, WriteError>,
    ) -> Result<T, Error> {
        let mut written = write(&mut self.role, self.buffers.out.out());
        if matches!(written, Err(WriteError::BufferFull)) && !self.buffers.out.is_empty() {
            self.flush()?;
            written = write(&mut self.role, self.buffers.out.out());
        }
        if !matches!(written, Err(WriteError::BufferFull)) {
            return Ok(written?);
        }
        let mut long = long_buffer();
        match write(&mut self.role, Out::Long(&mut long)) {
            Ok(written) => {
                self.buffers.out.long = Some(long);
                Ok(written)
            }
            Err(WriteError::BufferFull) => Err(Error::TooLong { most: LONGEST }),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends octets of a body: gathers small writes, and sends large ones without a copy.
    pub(crate) fn write_body(&mut self, data: &[u8]) -> Result<(), Error> {
        let gathered = self.buffers.out.gathered.len();
        if gathered > 0 && gathered.saturating_add(data.len()) > GATHERED {
            self.send_gathered()?;
        }
        if data.len() <= GATHERED {
            self.buffers.out.gathered.extend_from_slice(data);
            return Ok(());
        }
        if !self.buffers.out.gathered.is_empty() {
            // The gathered octets complete the body, so `data` exceeds its length.
            return Err(WriteError::BodyLength.into());
        }
        let kept = self.send_framed(data)?;
        self.buffers.out.gathered.extend_from_slice(kept);
        Ok(())
    }

    /// Frames octets of a body and sends them. Returns the octets that have to wait: the last one,
    /// if it would end a response ahead of its request.
    fn send_framed<'d>(&mut self, data: &'d [u8]) -> Result<&'d [u8], Error> {
        let (framed, kept) = match self.write(|role, out| role.frame_data(data, out)) {
            Err(Error::Usage(WriteError::RequestUnread)) => {
                let (most, last) = data.split_at(data.len().saturating_sub(1));
                (self.write(|role, out| role.frame_data(most, out))?, last)
            }
            framed => (framed?, &[][..]),
        };
        self.send(framed)?;
        Ok(kept)
    }

    /// Sends the octets of a body that are gathered so far.
    pub(crate) fn flush_body(&mut self) -> Result<(), Error> {
        self.send_gathered()?;
        self.flush()
    }

    /// Sends the octets of a body that are gathered, if there are any.
    pub(crate) fn send_gathered(&mut self) -> Result<(), Error> {
        if self.buffers.out.gathered.is_empty() {
            return Ok(());
        }
        self.with_gathered(Self::send_framed)
    }

    /// Writes the gathered octets with `write`, and keeps those that `write` returns; after an
    /// error, all.
    fn with_gathered(
        &mut self,
        write: impl for<'g> FnOnce(&mut Self, &'g [u8]) -> Result<&'g [u8], Error>,
    ) -> Result<(), Error> {
        let mut gathered = std::mem::take(&mut self.buffers.out.gathered);
        let kept = write(self, &gathered).map(<[u8]>::len);
        let written = gathered.len().saturating_sub(*kept.as_ref().unwrap_or(&gathered.len()));
        gathered.drain(..written);
        self.buffers.out.gathered = gathered;
        kept.map(|_| ())
    }

    /// Returns the number of octets of a body that are gathered.
    pub(crate) const fn gathered(&self) -> usize {
        self.buffers.out.gathered.len()
    }

    /// Writes the gathered octets of a body, which are sent next.
    pub(crate) fn frame_gathered(&mut self) -> Result<(), Error> {
        if self.buffers.out.gathered.is_empty() {
            return Ok(());
        }
        self.with_gathered(|wire, gathered| {
            wire.write(|role, out| role.send_data(gathered, out))?;
            Ok(&[])
        })
    }

    /// Ends the body, with these trailers.
    pub(crate) fn end_body(&mut self, trailers: &[TrailerField<'_>]) -> Result<(), Error> {
        self.frame_gathered()?;
        self.write(|role, out| role.end_body(trailers, out))
    }

    /// Reads octets of the received body. Returns 0 at its end, and sets the trailers then.
    pub(crate) fn read_body(
        &mut self,
        buffer: &mut [u8],
        trailers: &mut Trailers,
    ) -> Result<usize, Error> {
        if let Some(peer_error) = *self.role.peer_error() {
            return Err(peer_error.into());
        }
        if self.role.is_given_up() {
            return Err(WriteError::RequestUnread.into());
        }
        let read = self.read_more(buffer, trailers);
        read.inspect_err(|error| self.fail_body(error))
    }

    /// Reads octets of the body. A large buffer receives them from the transport without a copy.
    fn read_more(&mut self, buffer: &mut [u8], trailers: &mut Trailers) -> Result<usize, Error> {
        let mut is_gathered = self.gathered() > 0 && self.role.sends_while_reading();
        loop {
            let Self { role, link, buffers } = self;
            let mut at = None;
            let mut now = || *at.get_or_insert_with(|| link.now());
            let step = buffers.read_body(role, buffer, trailers, &mut now)?;
            if !matches!(step, Step::Ready(_)) && std::mem::take(&mut is_gathered) {
                // The wait for octets begins after that for the peer to accept these.
                role.on_octets(0, &mut now);
                self.send_gathered()?;
                continue;
            }
            let most = usize::try_from(role.content_ahead()).unwrap_or(usize::MAX);
            let direct = match step {
                Step::WantRead { until } if buffers.received.filled().is_empty() => {
                    let most = most.min(buffer.len());
                    buffer.get_mut(..most).filter(|_| most >= DIRECT).zip(Some(until))
                }
                _ => None,
            };
            let read = match direct {
                Some((buffer, until)) => self.fill_directly(buffer, until, at)?,
                None => self.act(step, at)?,
            };
            if let Some(count) = read {
                return Ok(count);
            }
        }
    }

    /// Ends the input because of this error, if it is the peer's.
    pub(crate) fn fail_body(&mut self, error: &Error) {
        if let Error::Peer(peer_error) = error {
            *self.role.peer_error() = Some(*peer_error);
            // The connection knows its own parse errors, but not that the peer timed out. This ends
            // its input in either case.
            self.role.on_overflow();
        }
    }

    /// Keeps an error for the next read, if it ended the transport. After a send that failed, what
    /// has arrived can be read.
    pub(crate) fn keep_receive_error(&mut self, error: Error) {
        if let Error::Io(error) = error
            && !self.is_open()
        {
            self.keep_error(error);
        }
    }

    /// Keeps an error of the transport for the next read or write.
    pub(crate) fn keep_error(&mut self, error: io::Error) {
        self.link.keep_error(error);
    }

    /// Returns whether all octets sent fit into one buffer. So few reach the peer before a reset
    /// could.
    pub(crate) const fn has_sent_little(&self) -> bool {
        self.buffers.out.has_sent_little()
    }

    /// Reads octets of the body that have been received. Returns `None` if no octet has arrived.
    pub(crate) fn read_received(
        &mut self,
        buffer: &mut [u8],
        trailers: &mut Trailers,
    ) -> Result<Option<usize>, Error> {
        let Self { role, link, buffers } = self;
        match buffers.read_body(role, buffer, trailers, &mut || link.now()) {
            Ok(Step::Ready(count)) => Ok(Some(count)),
            Ok(_) => Ok(None),
            Err(error) => {
                self.fail_body(&error);
                Err(error)
            }
        }
    }

    /// Returns the number of octets that are sent or ready to be sent.
    pub(crate) fn produced(&self) -> u64 {
        self.buffers.out.produced()
    }

    /// Prepares for the next message.
    pub(crate) fn next_message(&mut self) {
        self.role.next_message();
        self.buffers.received.give_back();
        self.buffers.out.next_message();
    }

    /// Returns whether a long head is buffered.
    #[cfg(test)]
    pub(crate) const fn has_long(&self) -> bool {
        self.buffers.out.long.is_some()
    }

    /// Returns the octets that are sent first: a long head, or else the output buffer.
    pub(crate) fn ready(&self) -> &[u8] {
        self.buffers.out.first()
    }

    /// Returns whether octets have arrived and are not used.
    pub(crate) fn has_more(&self) -> bool {
        !self.received().is_empty()
    }

    /// Receives octets or the peer's close, without waiting. Returns whether the transport supports
    /// that.
    pub(crate) fn look(&mut self) -> Result<bool, Error> {
        match self.receive_arrived().map_err(|_| Error::Closed)? {
            Arrived::Unknown => Ok(false),
            Arrived::Octets(_) | Arrived::Nothing => Ok(true),
            Arrived::End => {
                self.link.close();
                Err(Error::Closed)
            }
        }
    }

    /// Receives what has arrived, without waiting.
    pub(crate) fn receive_arrived(&mut self) -> Result<Arrived, Error> {
        let Self { link, buffers: Buffers { received, .. }, .. } = self;
        let arrived = link.read_arrived(received.spare_mut())?;
        if let Arrived::Octets(count) = arrived {
            received.commit(count);
        }
        Ok(arrived)
    }

    /// Returns whether the transport is open.
    pub(crate) const fn is_open(&self) -> bool {
        self.link.is_open()
    }

    /// Sends what is ready, and returns the transport with the unconsumed octets. The transport
    /// then blocks without a timeout.
    pub(crate) fn take_upgraded(&mut self) -> Result<Upgraded<S>, Error> {
        self.link.detach()?;
        self.flush()?;
        Ok(Upgraded { transport: self.link.take()?, received: self.buffers.received.take() })
    }

    /// Sends what is ready, and closes the sending direction if the transport supports that. An
    /// event loop does so later, where the peer does not accept all of it yet.
    pub(crate) fn close_write(&mut self) -> Result<(), Error> {
        self.flush_or_leave()?;
        if self.buffers.out.is_empty() {
            self.link.close_write();
        }
        Ok(())
    }

    /// Sends what is ready and the end of the output, if that is still possible, and drops the
    /// transport.
    pub(crate) fn end(&mut self) {
        let _ = self.close_write();
        self.close();
    }

    /// Drops the transport: no more octets are sent or read.
    pub(crate) fn close(&mut self) {
        self.link.close();
    }
}

/// Waits for octets, from this time on if it is known. Returns their number; reports EOF to the
/// connection.
fn receive<S: Transport, R: Role>(
    role: &mut R,
    link: &mut Link<S>,
    buffer: &mut [u8],
    until: Deadline,
    now: Option<Instant>,
) -> Result<usize, Error> {
    if role.is_cut() {
        link.close();
    }
    let now = now.unwrap_or_else(|| link.now());
    match link.read(buffer, &role.limit(until), now)? {
        None => Ok(0),
        Some(0) => role.on_eof().map(|()| 0).map_err(|error| R::error_of(error, &[])),
        Some(count) => {
            role.on_octets(count, &mut || link.now());
            Ok(count)
        }
    }
}

/// Allocates the buffer for one long head.
#[inline(never)]
fn long_buffer() -> Box<WireBuf<LONGEST>> {
    Box::new(WireBuf::new())
}
