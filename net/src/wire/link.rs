//! A transport, with what is set on it.

use crate::error::Error;
use crate::wire::deadline::Deadline;
use crate::wire::transport::{Control, Transport};
use std::io::{self, IoSlice};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest wait on a socket before a thread checks for a shutdown. Socket timeouts are never
/// longer.
pub(crate) const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The thread that serves a polled connection, when the connection has to wait for its own peer.
pub(crate) trait Waiter: Send + Sync {
    /// Waits until the transport may be read, or written if `is_write`, but for this time at most.
    fn wait(&self, control: &mut dyn Control, is_write: bool, left: Duration) -> Result<(), Error>;

    /// Waits for the next request, for this time at most. Returns whether octets may have arrived.
    fn stay(&self, control: &mut dyn Control, left: Duration) -> bool;

    /// Gives up the transport: another protocol will use it.
    fn detach(&self, control: &mut dyn Control) -> Result<(), Error>;
}

/// A transport, with the mode and the timeouts that are set on it.
pub(crate) struct Link<S> {
    /// `None` once the transport is closed, upgraded or broken.
    transport: Option<S>,
    /// The transport blocks. `None` before the first read or write, which shows whether it
    /// was left nonblocking.
    is_blocking: Option<bool>,
    /// The timeout that is set on reads and writes.
    timeout: Duration,
    /// The time of the first wait after the latest deadline that has passed.
    late: Option<Instant>,
    /// No more octets can be sent.
    is_write_closed: bool,
    /// The peer has been sent the end of the output.
    is_end_told: bool,
    /// The options of the transport are not set yet.
    is_unprepared: bool,
    /// Octets were written.
    has_written: bool,
    /// The error that broke the transport, if no call has returned it.
    broken: AssertUnwindSafe<Option<io::Error>>,
    polled: Polling,
}

/// The state of a transport that an event loop watches, and that never blocks.
#[derive(Default)]
pub(crate) struct Polling {
    pub(crate) is_on: bool,
    /// The transport may have octets that are not read.
    pub(crate) may_read: bool,
    /// The end of the peer's output is among what is not read.
    pub(crate) is_ended: bool,
    /// The time of the last poll, if that looked at the clock.
    pub(crate) seen: Option<Instant>,
    /// The layer that buffers has octets that are not sent.
    pub(crate) is_unflushed: bool,
    /// The thread that serves the connection now.
    pub(crate) waiter: AssertUnwindSafe<Option<Arc<dyn Waiter>>>,
}

impl<S: Transport> Link<S> {
    pub(super) const fn new(transport: S) -> Self {
        Self {
            transport: Some(transport),
            is_blocking: None,
            timeout: Duration::ZERO,
            late: None,
            is_write_closed: false,
            is_end_told: false,
            is_unprepared: true,
            has_written: false,
            broken: AssertUnwindSafe(None),
            polled: Polling {
                is_on: false,
                may_read: true,
                is_ended: false,
                seen: None,
                is_unflushed: false,
                waiter: AssertUnwindSafe(None),
            },
        }
    }

    pub(crate) const fn polled(&mut self) -> &mut Polling {
        &mut self.polled
    }

    /// Sets the options of the transport.
    pub(super) fn prepare(&mut self) {
        if std::mem::take(&mut self.is_unprepared) {
            self.transport.iter_mut().for_each(|transport| transport.control().prepare());
        }
    }

    /// Sets the options before the second write: the first one never has to wait for another.
    fn prepare_to_write(&mut self) {
        if std::mem::replace(&mut self.has_written, true) {
            self.prepare();
        }
    }

    /// Returns the time by the clock of the transport.
    pub(super) fn now(&mut self) -> Instant {
        self.transport.as_mut().map_or_else(Instant::now, |transport| transport.control().now())
    }

    /// Reads octets, and waits for them from now until this deadline, but for one
    /// [`CHECK_INTERVAL`] at most: then returns `None`.
    ///
    /// A wait has expired when a read that began after the deadline finds nothing, or 100 ms after
    /// such a read. So octets that have arrived are read even by a process that was stopped in
    /// between.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        until: &Deadline,
        now: Instant,
    ) -> Result<Option<usize>, Error> {
        let room = buffer.len();
        let read = self.wait(until, now, false, |transport| transport.read(buffer));
        match &read {
            Ok(Some(count)) => self.on_read(*count, room),
            Err(Error::Io(_)) => self.transport = None,
            _ => {}
        }
        read
    }

    /// Records that this many octets were read into this room. A socket that fills less of it has
    /// no more; a layer on top of one may.
    fn on_read(&mut self, count: usize, room: usize) {
        if count < room && !self.polled.is_ended && self.polled.is_on {
            let transport = self.transport.as_mut();
            self.polled.may_read = transport.is_none_or(|transport| transport.may_buffer());
        }
    }

    /// Flushes a layer that buffers, such as TLS. Returns whether that needs no wait: sockets have
    /// nothing to flush.
    pub(super) fn try_flush(&mut self) -> Result<bool, Error> {
        let is_flushed = match self.open()?.flush() {
            Err(error) if is_passing(&error) => false,
            flushed => flushed.map(|()| true)?,
        };
        self.polled.is_unflushed = !is_flushed;
        Ok(is_flushed)
    }

    /// Writes octets, and waits as [`read`](Self::read) does. Without octets, flushes.
    pub(super) fn write(
        &mut self,
        pieces: [&[u8]; 3],
        until: &Deadline,
        now: Instant,
    ) -> Result<Option<usize>, Error> {
        self.prepare_to_write();
        self.wait(until, now, true, |transport| write(transport, pieces))
    }

    /// Writes octets as far as the transport takes them now. Returns `None` if it takes none.
    pub(super) fn try_write(&mut self, pieces: [&[u8]; 3]) -> Result<Option<usize>, Error> {
        self.prepare_to_write();
        match write(self.open()?, pieces) {
            Err(error) if is_passing(&error) => Ok(None),
            written => Ok(Some(written?)),
        }
    }

    fn wait<T>(
        &mut self,
        until: &Deadline,
        mut began: Instant,
        is_write: bool,
        mut act: impl FnMut(&mut S) -> io::Result<T>,
    ) -> Result<Option<T>, Error> {
        let mut left = until.check_late(&mut self.late, began)?;
        if self.polled.is_on {
            let Some(transport) = &mut self.transport else { return Err(self.closed()) };
            match act(transport) {
                Err(error) if is_passing(&error) => {}
                acted => return Ok(Some(acted?)),
            }
            until.check(began)?;
            let waiter = self.polled.waiter.as_ref().ok_or(Error::Closed)?;
            waiter.wait(transport.control(), is_write, left)?;
            self.polled.may_read = true;
            return Ok(None);
        }
        if self.is_blocking == Some(false) {
            self.block()?;
        }
        let start = began;
        loop {
            self.set_timeout(left)?;
            let transport = self.open()?;
            let now = match act(transport) {
                Err(error) if is_passing(&error) => transport.control().now(),
                acted => return Ok(Some(acted?)),
            };
            let has_waited = now.saturating_duration_since(began) >= self.timeout / 2;
            let was_blocking = self.is_blocking.is_some();
            if !was_blocking {
                // One that cannot block is read anyway.
                let _ = self.block();
            }
            if was_blocking || has_waited {
                until.check(began)?;
                if has_waited || now.saturating_duration_since(start) >= CHECK_INTERVAL {
                    return Ok(None);
                }
            }
            (began, left) = (now, until.left(now));
        }
    }

    /// Sets the timeout of reads and writes, unless the present one will do.
    ///
    /// The upper bound is the time left and one [`CHECK_INTERVAL`]. The present timeout will do if
    /// it is between a quarter of that bound and the bound. So the timeout is seldom set.
    fn set_timeout(&mut self, left: Duration) -> Result<(), Error> {
        let most = left.min(CHECK_INTERVAL);
        let will_do = self.timeout <= most && self.timeout >= most / 4 && !self.timeout.is_zero();
        if !will_do {
            let timeout = (left / 2).clamp(Duration::from_millis(1), CHECK_INTERVAL);
            let control = self.open()?.control();
            control.set_read_timeout(Some(timeout))?;
            control.set_write_timeout(Some(timeout))?;
            self.timeout = timeout;
        }
        Ok(())
    }

    /// Makes the transport block from now on. A nonblocking one would have to be polled.
    fn block(&mut self) -> Result<(), Error> {
        self.is_blocking = Some(true);
        Ok(self.open()?.control().set_blocking()?)
    }

    /// Lets reads and writes take turns, without blocking. Returns whether the transport can do
    /// that, and the system can tell when it is ready.
    pub(super) fn take_turns(&mut self) -> bool {
        let Some(transport) = &mut self.transport else { return false };
        let control = transport.control();
        let can = has_descriptor(control)
            && (self.is_blocking == Some(false) || control.set_nonblocking().is_ok());
        if can {
            self.is_blocking = Some(false);
        }
        can
    }

    /// Waits until the transport may be written, or read if `reads`, but until this deadline and
    /// for one [`CHECK_INTERVAL`] at most.
    pub(super) fn wait_for_either(
        &mut self,
        reads: bool,
        until: &Deadline,
        now: Instant,
    ) -> Result<(), Error> {
        let left = until.left(now).clamp(Duration::from_millis(1), CHECK_INTERVAL);
        wait_for_either(self.open()?.control(), reads, left)
    }

    /// Waits for the next request on the thread that serves the connection, for this time at most.
    /// Returns whether octets may have arrived.
    pub(super) fn stay(&mut self, left: Duration) -> bool {
        let waiter = self.polled.waiter.as_ref();
        let Some((transport, waiter)) = self.transport.as_mut().zip(waiter) else { return false };
        self.polled.may_read = waiter.stay(transport.control(), left);
        self.polled.may_read
    }

    /// Returns the time left, as [`Deadline::check_late`] does.
    pub(super) fn check_late(&mut self, until: &Deadline, now: Instant) -> Result<(), Error> {
        until.check_late(&mut self.late, now)?;
        Ok(())
    }

    /// Reads what has arrived, without waiting.
    pub(super) fn read_arrived(&mut self, buffer: &mut [u8]) -> Result<Arrived, Error> {
        let is_nonblocking = self.polled.is_on || self.is_blocking == Some(false);
        let transport = self.open()?;
        if !is_nonblocking && transport.control().set_nonblocking().is_err() {
            return Ok(Arrived::Unknown);
        }
        let room = buffer.len();
        let read = transport.read(buffer);
        self.is_blocking = Some(false);
        match read {
            Ok(0) => Ok(Arrived::End),
            Ok(count) => {
                self.on_read(count, room);
                Ok(Arrived::Octets(count))
            }
            Err(error) if is_passing(&error) => {
                self.polled.may_read = false;
                Ok(Arrived::Nothing)
            }
            Err(error) => {
                self.transport = None;
                Err(error.into())
            }
        }
    }

    fn open(&mut self) -> Result<&mut S, Error> {
        match &mut self.transport {
            Some(transport) => Ok(transport),
            None => Err(of_broken(&mut self.broken.0)),
        }
    }

    /// Keeps the error that broke the transport, for the next call.
    pub(super) fn keep_error(&mut self, error: io::Error) {
        self.broken.0 = Some(error);
    }

    /// Returns the error of a call that finds the transport closed or broken.
    pub(super) fn closed(&mut self) -> Error {
        of_broken(&mut self.broken.0)
    }

    pub(super) const fn is_open(&self) -> bool {
        self.transport.is_some()
    }

    /// Drops the transport: no more octets are sent or read.
    pub(super) fn close(&mut self) {
        self.transport = None;
    }

    pub(super) const fn can_write(&self) -> bool {
        self.transport.is_some() && !self.is_write_closed
    }

    /// Sends nothing more. Octets from the peer can still be read.
    pub(super) const fn fail_writes(&mut self) {
        self.is_write_closed = true;
    }

    /// Closes the sending direction if the transport supports that. Returns whether the peer reads
    /// the end of the output.
    pub(super) fn close_write(&mut self) -> bool {
        if let (Some(transport), false) = (&mut self.transport, self.is_write_closed) {
            self.is_write_closed = true;
            self.is_end_told = transport.control().close_write().is_ok();
        }
        self.is_end_told && self.transport.is_some()
    }

    /// Gives up the transport: another protocol will use it. Closes it if that fails.
    pub(super) fn detach(&mut self) -> Result<(), Error> {
        let waiter = self.polled.waiter.as_ref();
        let detached = match self.transport.as_mut().zip(waiter) {
            Some((transport, waiter)) => waiter.detach(transport.control()),
            None => Ok(()),
        };
        detached.inspect_err(|_| self.transport = None)
    }

    /// Returns the transport, which then blocks without a timeout.
    pub(super) fn take(&mut self) -> Result<S, Error> {
        self.polled.is_on = false;
        let _ = self.block();
        let mut transport = self.transport.take().ok_or(Error::Closed)?;
        transport.control().set_read_timeout(None)?;
        transport.control().set_write_timeout(None)?;
        Ok(transport)
    }
}

/// Returns the error of a transport that is no longer there.
#[cold]
fn of_broken(broken: &mut Option<io::Error>) -> Error {
    broken.take().map_or(Error::Closed, Error::Io)
}

#[cfg(unix)]
fn has_descriptor(control: &dyn Control) -> bool {
    control.descriptor().is_some()
}

#[cfg(unix)]
fn wait_for_either(control: &dyn Control, reads: bool, left: Duration) -> Result<(), Error> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let descriptor = control.descriptor().ok_or(Error::Closed)?;
    let flags = if reads { PollFlags::IN | PollFlags::OUT } else { PollFlags::OUT };
    let timeout = Timespec::try_from(left).ok();
    match poll(&mut [PollFd::new(&descriptor, flags)], timeout.as_ref()).map_err(io::Error::from) {
        Err(error) if !is_passing(&error) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Other systems need another way to wait for both.
#[cfg(not(unix))]
fn has_descriptor(_: &dyn Control) -> bool {
    false
}

#[cfg(not(unix))]
fn wait_for_either(_: &dyn Control, _: bool, _: Duration) -> Result<(), Error> {
    Err(Error::Closed)
}

fn write<S: Transport>(transport: &mut S, pieces: [&[u8]; 3]) -> io::Result<usize> {
    let written = match pieces {
        [[], [], []] => return transport.flush().map(|()| 0),
        [octets, [], []] | [[], octets, []] | [[], [], octets] => transport.write(octets),
        _ => transport.write_vectored(&pieces.map(IoSlice::new)),
    };
    match written {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        written => written,
    }
}

/// The result of a read without waiting.
pub(crate) enum Arrived {
    /// This number of octets.
    Octets(usize),
    Nothing,
    /// The peer has closed its sending direction.
    End,
    /// The transport cannot be read without blocking.
    Unknown,
}

/// Returns whether to retry after this error while time is left. Systems report a socket's timeout
/// by different kinds.
pub(crate) fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}
