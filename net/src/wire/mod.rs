//! A connection on its transport: the input and output that both roles share.

pub(crate) mod control;
pub(crate) mod counts;
pub(crate) mod recv_buf;
pub(crate) mod time_budget;
pub(crate) mod trailers;
pub(crate) mod transport;
pub(crate) mod upgraded;

use crate::error::{Error, PeerError, Wait};
use crate::settings::Settings;
use crate::wire::control::{CHECK_INTERVAL, TimeSlice};
use crate::wire::recv_buf::RecvBuf;
use crate::wire::time_budget::{ExchangeEnd, TimeBudget, is_passing};
use crate::wire::trailers::Trailers;
use crate::wire::transport::Transport;
use crate::wire::upgraded::Upgraded;
use bareline_core::connection::Received;
use bareline_core::error::{ParseError, WriteError};
use bareline_core::write::TrailerField;
use bareline_core::{ClientConnection, Event, ServerConnection, Status, WireBuf};
use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::time::{Duration, Instant};

/// The size of the output buffer, in octets.
pub(crate) const OUT: usize = 8 * 1024;
/// The longest head that is sent, in octets: a peer of this crate accepts it.
pub(crate) const LONGEST: usize = 65_535;
/// The most octets of small body writes that are gathered into one chunk.
const GATHERED: usize = 4 * 1024;

/// Total time that a response waits for the rest of an unread body. An ordinary client has sent a
/// small body by then, and its connection is kept alive.
const UNREAD_TIMEOUT: Duration = Duration::from_millis(100);

/// The output buffer that a connection writes to.
pub(crate) enum Out<'o> {
    Usual(&'o mut WireBuf<OUT>),
    Long(&'o mut WireBuf<LONGEST>),
}

/// Runs the expression with either output buffer.
macro_rules! to {
    ($out:expr, |$buffer:ident| $write:expr) => {
        match $out {
            $crate::wire::Out::Usual($buffer) => $write,
            $crate::wire::Out::Long($buffer) => $write,
        }
    };
}
pub(crate) use to;

/// The calls that a server's and a client's connection share.
pub(crate) trait Connection {
    fn read_body<'b>(
        &mut self,
        input: &'b [u8],
        buffer: &mut [u8],
    ) -> Result<Received<'b, Infallible>, ParseError>;
    fn send_data(&mut self, data: &[u8], out: Out<'_>) -> Result<(), WriteError>;
    fn frame_data<'d>(&mut self, data: &'d [u8], out: Out<'_>) -> Result<&'d [u8], WriteError>;
    fn end_body(&mut self, trailers: &[TrailerField<'_>], out: Out<'_>) -> Result<(), WriteError>;
    fn on_eof(&mut self) -> Result<(), ParseError>;
    fn on_overflow(&mut self) -> ParseError;

    /// Returns the error for invalid octets from the peer.
    fn error_of(error: ParseError, octets: &[u8]) -> Error;

    /// Writes the 100 that the client waits for.
    fn write_continue(&mut self, out: Out<'_>) -> Result<(), WriteError>;
}

macro_rules! connection {
    ($($connection:ty, $error_of:path, $write_continue:expr);*) => {
        $(impl Connection for $connection {
            fn read_body<'b>(
                &mut self,
                input: &'b [u8],
                buffer: &mut [u8],
            ) -> Result<Received<'b, Infallible>, ParseError> {
                <$connection>::read_body(self, input, buffer)
            }

            fn send_data(&mut self, data: &[u8], out: Out<'_>) -> Result<(), WriteError> {
                to!(out, |out| <$connection>::send_data(self, data, out))
            }

            fn frame_data<'d>(
                &mut self,
                data: &'d [u8],
                out: Out<'_>,
            ) -> Result<&'d [u8], WriteError> {
                to!(out, |out| <$connection>::frame_data(self, data, out))
            }

            fn end_body(
                &mut self,
                trailers: &[TrailerField<'_>],
                out: Out<'_>,
            ) -> Result<(), WriteError> {
                to!(out, |out| <$connection>::end_body(self, trailers, out))
            }

            fn on_eof(&mut self) -> Result<(), ParseError> {
                <$connection>::on_eof(self)
            }

            fn on_overflow(&mut self) -> ParseError {
                <$connection>::on_overflow(self)
            }

            fn error_of(error: ParseError, octets: &[u8]) -> Error {
                $error_of(error, octets)
            }

            fn write_continue(&mut self, out: Out<'_>) -> Result<(), WriteError> {
                $write_continue(self, out)
            }
        })*
    };
}
connection!(
    ServerConnection, Error::of_request,
    |connection: &mut Self, out| to!(out, |out| connection.write_continue(out));
    ClientConnection, Error::of_response, |_, _| Ok(())
);

/// A connection, its transport, and the buffers between them.
pub(crate) struct Wire<S, C> {
    pub(crate) connection: C,
    pub(crate) received: RecvBuf,
    pub(crate) settings: Settings,
    /// The end of the present exchange, on a client's connection.
    pub(crate) exchange_end: ExchangeEnd,
    /// `None` once the transport is closed, upgraded or broken.
    transport: Option<S>,
    /// The transport is known to block. One that was left nonblocking shows it in the first read
    /// or write.
    is_blocking: bool,
    /// The timeouts that are set on the transport.
    read_timeout: Duration,
    write_timeout: Duration,
    /// No more octets can be sent.
    is_write_closed: bool,
    /// The peer has been sent the end of the output.
    is_end_told: bool,
    /// The output that is ready to be sent.
    out: Box<WireBuf<OUT>>,
    /// A long head, sent before `out`; its memory is freed then.
    long: Option<Box<WireBuf<LONGEST>>>,
    /// Octets of a body that are not framed yet.
    gathered: Vec<u8>,
    /// The body that is being received.
    pub(crate) body: InBody,
    /// The peer's error, after which any response is a rejection.
    pub(crate) peer_error: Option<PeerError>,
    /// The status of the final response to the present request.
    pub(crate) responded: Option<Status>,
    /// The request is announced as the last and has no body: nothing should follow it.
    pub(crate) is_last: bool,
    /// The time slice, on a connection of a server.
    pub(crate) slice: Option<TimeSlice>,
    /// The number of octets sent.
    sent: u64,
}

/// A body that is being received.
pub(crate) struct InBody {
    budget: TimeBudget,
    /// The response began without the rest of the body, which can no longer be read.
    pub(crate) is_given_up: bool,
    /// The time left to wait for the body after it is given up.
    pub(crate) unread: TimeBudget,
}

impl InBody {
    fn new(settings: &Settings) -> Self {
        let budget = TimeBudget::new(Wait::Body, settings.body_timeout);
        Self { budget, is_given_up: false, unread: TimeBudget::new(Wait::Body, UNREAD_TIMEOUT) }
    }
}

/// Makes the transport block from now on. A transport left nonblocking would have to be polled.
fn block(transport: &mut impl Transport, is_blocking: &mut bool) {
    if !std::mem::replace(is_blocking, true) {
        let _ = transport.control().set_blocking();
    }
}

/// Allocates the buffer for one long head.
#[inline(never)]
fn long_buffer() -> Box<WireBuf<LONGEST>> {
    Box::new(WireBuf::new())
}

fn long_octets(long: &Option<Box<WireBuf<LONGEST>>>) -> &[u8] {
    long.as_deref().map_or(&[], WireBuf::as_bytes)
}

/// Returns whether all pieces are sent.
fn is_over(pieces: [&[u8]; 3]) -> bool {
    pieces.iter().all(|piece| piece.is_empty())
}

impl<S: Transport, C: Connection> Wire<S, C> {
    pub(crate) fn new(mut transport: S, connection: C, settings: Settings) -> Self {
        transport.control().prepare();
        Self {
            connection,
            received: RecvBuf::new(),
            settings,
            exchange_end: ExchangeEnd::ENDLESS,
            transport: Some(transport),
            is_blocking: false,
            read_timeout: Duration::ZERO,
            write_timeout: Duration::ZERO,
            is_write_closed: false,
            is_end_told: false,
            out: Box::new(WireBuf::new()),
            long: None,
            gathered: Vec::new(),
            body: InBody::new(&settings),
            peer_error: None,
            responded: None,
            is_last: false,
            slice: None,
            sent: 0,
        }
    }

    /// Sends what is ready, then waits for octets. Reports EOF or a full buffer to the connection.
    pub(crate) fn fill(&mut self, budget: &mut TimeBudget) -> Result<(), Error> {
        self.flush()?;
        if self.received.spare_mut().is_empty() {
            return Err(C::error_of(self.connection.on_overflow(), &[]));
        }
        let mut since = Instant::now();
        let count = loop {
            if self.slice.as_ref().is_some_and(TimeSlice::is_over) {
                self.transport = None;
            }
            let transport = self.transport.as_mut().ok_or(Error::Closed)?;
            if let Some(timeout) = budget.timeout(self.read_timeout, &self.exchange_end)? {
                transport.control().set_read_timeout(Some(timeout))?;
                self.read_timeout = timeout;
            }
            let (read, before) = (transport.read(self.received.spare_mut()), since);
            budget.spend(&mut since);
            match read {
                Err(error) if is_passing(&error) => {
                    block(transport, &mut self.is_blocking);
                    // A nonblocking transport has returned without waiting.
                    if since.saturating_duration_since(before) >= self.read_timeout / 2 {
                        self.check_idle(budget.wait())?;
                    }
                }
                read => break read,
            }
        };
        let count = count.inspect_err(|_| self.transport = None)?;
        self.received.commit(count);
        if count == 0 {
            self.connection.on_eof().map_err(|error| C::error_of(error, &[]))?;
        }
        Ok(())
    }

    /// Fails if an idle connection has to close, for room or a shutdown.
    fn check_idle(&mut self, wait: Wait) -> Result<(), Error> {
        if wait == Wait::Idle && self.slice.as_mut().is_some_and(TimeSlice::try_close_idle) {
            Err(PeerError::TimedOut { wait, after: CHECK_INTERVAL }.into())
        } else {
            Ok(())
        }
    }

    /// Sends what is ready.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.send(&[])
    }

    /// Sends what is ready and then these octets, in one write if the system accepts all at once.
    /// After an error nothing more is sent, but octets from the peer can still be read.
    fn send(&mut self, octets: &[u8]) -> Result<(), Error> {
        let sent = self.try_send(octets);
        self.out.clear();
        self.long = None;
        sent.inspect_err(|_| self.is_write_closed = true)
    }

    fn try_send(&mut self, octets: &[u8]) -> Result<(), Error> {
        let mut pieces = [long_octets(&self.long), self.out.as_bytes(), octets];
        if is_over(pieces) {
            return Ok(());
        }
        let transport = match &mut self.transport {
            Some(transport) if !self.is_write_closed => transport,
            _ => return Err(Error::Closed),
        };
        let mut budget = TimeBudget::new(Wait::Write, self.settings.write_timeout);
        let mut since = Instant::now();
        loop {
            if self.slice.as_ref().is_some_and(TimeSlice::is_over) {
                return Err(Error::Closed);
            }
            if let Some(timeout) = budget.timeout(self.write_timeout, &self.exchange_end)? {
                transport.control().set_write_timeout(Some(timeout))?;
                self.write_timeout = timeout;
            }
            let written = match pieces {
                [[], [], []] => Ok(0),
                [octets, [], []] | [[], octets, []] | [[], [], octets] => transport.write(octets),
                _ => transport.write_vectored(&pieces.map(IoSlice::new)),
            };
            let written = match written {
                Err(error) if is_passing(&error) => {
                    block(transport, &mut self.is_blocking);
                    0
                }
                Ok(0) if !is_over(pieces) => {
                    return Err(io::Error::from(io::ErrorKind::WriteZero).into());
                }
                written => written?,
            };
            self.sent = self.sent.saturating_add(written as u64);
            let mut left = written;
            for piece in &mut pieces {
                let count = left.min(piece.len());
                (*piece, left) =
                    (piece.get(count..).unwrap_or_default(), left.saturating_sub(count));
            }
            // Sockets have nothing to flush, but a layer above them, such as TLS, may buffer.
            if is_over(pieces) {
                match transport.flush() {
                    Err(error) if is_passing(&error) => block(transport, &mut self.is_blocking),
                    flushed => return Ok(flushed?),
                }
            }
            budget.spend(&mut since);
            budget.earn(written, self.settings.minimum_rate);
        }
    }

    /// Writes to the output buffer. When that is full, sends its octets and retries, then uses a
    /// long buffer.
    pub(crate) fn write<T>(
        &mut self,
        write: impl Fn(&mut C, Out<'_>) -> Result<T, WriteError>,
    ) -> Result<T, Error> {
        let mut written = write(&mut self.connection, Out::Usual(&mut self.out));
        if matches!(written, Err(WriteError::BufferFull)) && !self.ready().is_empty() {
            self.flush()?;
            written = write(&mut self.connection, Out::Usual(&mut self.out));
        }
        if !matches!(written, Err(WriteError::BufferFull)) {
            return Ok(written?);
        }
        let mut long = long_buffer();
        match write(&mut self.connection, Out::Long(&mut long)) {
            Ok(written) => {
                self.long = Some(long);
                Ok(written)
            }
            Err(WriteError::BufferFull) => Err(Error::TooLong { most: LONGEST }),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends octets of a body: gathers small writes, and sends large ones without a copy.
    pub(crate) fn write_body(&mut self, data: &[u8]) -> Result<(), Error> {
        if !self.gathered.is_empty() && self.gathered.len().saturating_add(data.len()) > GATHERED {
            self.send_gathered()?;
        }
        if data.len() <= GATHERED {
            self.gathered.extend_from_slice(data);
            return Ok(());
        }
        if !self.gathered.is_empty() {
            // The gathered octets complete the body, so `data` exceeds its length.
            return Err(WriteError::BodyLength.into());
        }
        let kept = self.send_framed(data)?;
        self.gathered.extend_from_slice(kept);
        Ok(())
    }

    /// Frames octets of a body and sends them. Returns the octets that have to wait: the last one,
    /// if it would end a response ahead of its request.
    fn send_framed<'d>(&mut self, data: &'d [u8]) -> Result<&'d [u8], Error> {
        let (framed, kept) = match self.write(|connection, out| connection.frame_data(data, out)) {
            Err(Error::Usage(WriteError::RequestUnread)) => {
                let (most, last) = data.split_at(data.len().saturating_sub(1));
                (self.write(|connection, out| connection.frame_data(most, out))?, last)
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

    fn send_gathered(&mut self) -> Result<(), Error> {
        self.with_gathered(Self::send_framed)
    }

    /// Writes the gathered octets with `write`, and keeps those that `write` returns; after an
    /// error, all.
    fn with_gathered(
        &mut self,
        write: impl for<'g> FnOnce(&mut Self, &'g [u8]) -> Result<&'g [u8], Error>,
    ) -> Result<(), Error> {
        let mut gathered = std::mem::take(&mut self.gathered);
        let kept = write(self, &gathered).map(<[u8]>::len);
        let written = gathered.len().saturating_sub(*kept.as_ref().unwrap_or(&gathered.len()));
        gathered.drain(..written);
        self.gathered = gathered;
        kept.map(|_| ())
    }

    /// Ends the body, with these trailers.
    pub(crate) fn end_body(&mut self, trailers: &[TrailerField<'_>]) -> Result<(), Error> {
        self.with_gathered(|wire, gathered| {
            wire.write(|connection, out| connection.send_data(gathered, out))?;
            Ok(&[])
        })?;
        self.write(|connection, out| connection.end_body(trailers, out))
    }

    /// Reads octets of the received body. Returns 0 at its end, and sets the trailers then.
    pub(crate) fn read_body(
        &mut self,
        buffer: &mut [u8],
        trailers: &mut Trailers,
    ) -> Result<usize, Error> {
        if let Some(peer_error) = self.peer_error {
            return Err(peer_error.into());
        }
        if self.body.is_given_up {
            return Err(WriteError::RequestUnread.into());
        }
        self.read_content(buffer, trailers).inspect_err(|error| {
            if let Error::Peer(peer_error) = error {
                self.peer_error = Some(*peer_error);
                // The connection knows its own parse errors, but not that the peer timed out. This
                // ends its input in either case.
                self.connection.on_overflow();
            }
        })
    }

    fn read_content(&mut self, buffer: &mut [u8], trailers: &mut Trailers) -> Result<usize, Error> {
        while !buffer.is_empty() {
            let received = self.connection.read_body(self.received.filled(), buffer);
            let Received { used, event } =
                received.map_err(|error| C::error_of(error, self.received.filled()))?;
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
                return Ok(count);
            }
            if is_starved {
                self.write(C::write_continue)?;
                let before = self.received.filled().len();
                let mut budget = self.body.budget;
                let filled = self.fill(&mut budget);
                budget.earn(
                    self.received.filled().len().saturating_sub(before),
                    self.settings.minimum_rate,
                );
                self.body.budget = budget;
                filled?;
            }
        }
        Ok(0)
    }

    /// Returns whether all octets sent fit into one buffer. So few reach the peer before a reset
    /// could.
    pub(crate) const fn has_sent_little(&self) -> bool {
        self.sent <= OUT as u64
    }

    /// Returns the number of octets that are sent or ready to be sent.
    pub(crate) fn produced(&self) -> u64 {
        let ready = self.out.as_bytes().len().saturating_add(long_octets(&self.long).len());
        self.sent.saturating_add(ready as u64)
    }

    /// Returns the peer's error in place of `AfterParseError`, if the peer caused that.
    pub(crate) fn or_peer_error(&self, error: Error) -> Error {
        match (error, self.peer_error) {
            (Error::Usage(WriteError::AfterParseError), Some(peer_error)) => peer_error.into(),
            (error, _) => error,
        }
    }

    /// Prepares for the next message.
    pub(crate) fn next_message(&mut self) {
        self.received.give_back();
        self.body = InBody::new(&self.settings);
        self.gathered.clear();
        self.responded = None;
    }

    /// Returns whether a long head is buffered.
    #[cfg(test)]
    pub(crate) const fn has_long(&self) -> bool {
        self.long.is_some()
    }

    /// Returns the octets that are sent first: a long head, or else the output buffer.
    pub(crate) fn ready(&self) -> &[u8] {
        match long_octets(&self.long) {
            [] => self.out.as_bytes(),
            long => long,
        }
    }

    /// Returns whether octets have arrived and are not used.
    pub(crate) fn has_more(&self) -> bool {
        !self.received.filled().is_empty()
    }

    /// Receives octets or the peer's close, without waiting. Returns whether the transport supports
    /// that.
    pub(crate) fn look(&mut self) -> Result<bool, Error> {
        match self.receive_arrived()? {
            Arrived::Unknown => Ok(false),
            Arrived::Octets | Arrived::Nothing => Ok(true),
            Arrived::End => {
                self.transport = None;
                Err(Error::Closed)
            }
        }
    }

    /// Receives what has arrived, without waiting.
    pub(crate) fn receive_arrived(&mut self) -> Result<Arrived, Error> {
        let Some(transport) = &mut self.transport else { return Err(Error::Closed) };
        if transport.control().set_nonblocking().is_err() {
            return Ok(Arrived::Unknown);
        }
        let read = transport.read(self.received.spare_mut());
        transport.control().set_blocking()?;
        self.is_blocking = true;
        match read {
            Ok(0) => Ok(Arrived::End),
            Ok(count) => {
                self.received.commit(count);
                Ok(Arrived::Octets)
            }
            Err(error) if is_passing(&error) => Ok(Arrived::Nothing),
            Err(_) => {
                self.transport = None;
                Err(Error::Closed)
            }
        }
    }

    /// Returns whether the transport is open.
    pub(crate) const fn is_open(&self) -> bool {
        self.transport.is_some()
    }

    /// Sends what is ready, and returns the transport with the unconsumed octets. The transport
    /// then blocks without a timeout.
    pub(crate) fn take_upgraded(&mut self) -> Result<Upgraded<S>, Error> {
        self.flush()?;
        let mut transport = self.transport.take().ok_or(Error::Closed)?;
        block(&mut transport, &mut self.is_blocking);
        transport.control().set_read_timeout(None)?;
        transport.control().set_write_timeout(None)?;
        Ok(Upgraded { transport, received: self.received.take() })
    }

    /// Sends what is ready, and closes the sending direction if the transport supports that.
    pub(crate) fn close_write(&mut self) -> Result<(), Error> {
        self.flush()?;
        if let (Some(transport), false) = (&mut self.transport, self.is_write_closed) {
            self.is_write_closed = true;
            self.is_end_told = transport.control().close_write().is_ok();
        }
        Ok(())
    }

    /// Drops the transport: no more octets are sent or read.
    pub(crate) fn drop_transport(&mut self) {
        self.transport = None;
    }

    /// Closes an idle connection. A client that has just begun to send sees a close without a
    /// response, and may send its request again.
    pub(crate) fn close_idle(&mut self) {
        let _ = self.close_write();
        let _ = self.receive_arrived();
        self.drop_transport();
    }

    /// Closes the connection with a lingering close [RFC 9112 section 9.6]: closes the sending
    /// direction, then discards what the peer still sends. Otherwise a reset could destroy the last
    /// response.
    pub(crate) fn close(&mut self) {
        if self.is_open() && self.close_write().is_ok() && self.is_end_told {
            self.linger();
        }
        self.received = RecvBuf::new();
        self.transport = None;
    }

    /// Discards what the peer sends until it closes, within the limits of the settings. A shutdown,
    /// or a request for room, ends that after one second.
    fn linger(&mut self) {
        let Settings { linger_timeout, linger_silence_timeout, linger_limit, .. } = self.settings;
        let (start, mut left) = (Instant::now(), linger_limit);
        while let (1.., Some(time)) = (left, linger_timeout.checked_sub(start.elapsed())) {
            if start.elapsed() >= CHECK_INTERVAL
                && self.slice.as_mut().is_some_and(TimeSlice::try_close_idle)
            {
                break;
            }
            self.received.clear();
            // `Wait::Idle` makes the wait end early for a shutdown or a request for room.
            let filled =
                self.fill(&mut TimeBudget::new(Wait::Idle, linger_silence_timeout.min(time)));
            let count = self.received.filled().len() as u64;
            left = left.saturating_sub(count);
            if filled.is_err() || count == 0 {
                break;
            }
        }
    }
}

/// The result of a read without waiting.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Arrived {
    Octets,
    Nothing,
    /// The peer has closed its sending direction.
    End,
    /// The transport cannot be read without blocking.
    Unknown,
}
