//! A connection that an event loop watches while it waits.

use crate::server::notice::{Counted, Membership, Notice};
use crate::server::panics;
use crate::server::steps::{FIELDS, Head};
use crate::server::stream::{Accepted, ServerStream};
use crate::settings::Settings;
use crate::wire::Polled;
use crate::wire::deadline::Deadline;
use crate::wire::recv_buf::KEPT;
use crate::wire::send_buf::Memory;
use crate::wire::transport::Transport;
use bareline_core::FieldSpans;
use bareline_core::body::Framing;
use bareline_core::connection::ServerState;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// The longest body, in octets, that is received before the handler is called. A handler that has
/// to wait for a body takes a thread.
const AWAITED: u64 = 8 * 1024;

/// A connection of an event loop.
pub(crate) struct Connection<S: Transport> {
    pub(crate) stream: ServerStream<S>,
    pub(crate) descriptor: RawFd,
    /// The loop waits for events of the connection.
    pub(crate) is_registered: bool,
    /// The system has no memory to wait for the connection.
    pub(crate) is_lost: bool,
    pub(crate) phase: Phase,
    /// The number of the latest handlers in a row that took long.
    pub(crate) slow: u8,
    /// The end of the last handler.
    pub(crate) responded: Option<Instant>,
    /// The last request came soon after the response before.
    pub(crate) is_prompt: bool,
    /// The end of the wait for a handler.
    pub(crate) queued: Option<(Instant, Counted)>,
    /// Counts the connection as one too many.
    rejected: Option<Counted>,
    /// The octets that the connection keeps while it waits.
    kept: usize,
    notice: Arc<Notice>,
    /// Counts the connection as open.
    _open: Counted,
}

/// The next thing that a connection does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Phase {
    /// It receives the next request.
    Between,
    /// It has a request.
    Requested,
    /// It gets a 503, since there are too many.
    Rejected,
    /// It ends.
    Ending,
}

/// The state in which a thread leaves a connection that it has served.
pub(crate) enum Next<S: Transport> {
    Waits {
        connection: Box<Connection<S>>,
        until: Deadline,
        is_idle: bool,
    },
    /// Others have their turn first.
    More(Box<Connection<S>>),
    /// The request waits for a handler.
    Queued {
        connection: Box<Connection<S>>,
        until: Instant,
    },
    Closed,
}

/// The memory that a thread lends to one connection after the other.
pub(crate) struct Desk {
    memory: Memory,
    head: Option<Box<Head>>,
    pub(crate) spans: Box<FieldSpans<FIELDS>>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { memory: Memory::default(), head: None, spans: Box::new(FieldSpans::new()) }
    }

    /// Frees the memory that is lent.
    pub(crate) fn clear(&mut self) {
        (self.memory, self.head) = (Memory::default(), None);
    }
}

impl<S: Transport> Connection<S> {
    /// Creates a connection, which is nonblocking and has this descriptor.
    pub(crate) fn new(
        accepted: Accepted<S>,
        descriptor: RawFd,
        settings: Arc<Settings>,
        notice: &Arc<Notice>,
        requests: u64,
    ) -> Box<Self> {
        let membership = Membership::new(Arc::clone(notice), requests);
        let mut stream = ServerStream::of(accepted, settings, Some(membership));
        stream.wire().polled().is_on = true;
        Box::new(Self {
            stream,
            descriptor,
            is_registered: false,
            is_lost: false,
            phase: Phase::Between,
            slow: 0,
            responded: None,
            is_prompt: false,
            queued: None,
            rejected: None,
            kept: 0,
            notice: Arc::clone(notice),
            _open: Counted::new(notice, |counts| &counts.connections),
        })
    }

    /// Returns the time of the poll just before, if that looked at the clock, or now.
    pub(crate) fn seen(&mut self) -> Instant {
        self.stream.wire().polled().seen.take().unwrap_or_else(Instant::now)
    }

    /// Closes the connection when it is idle.
    pub(crate) fn end_when_idle(&mut self) {
        let membership = &mut self.stream.wire().role_mut().membership;
        membership.iter_mut().for_each(Membership::end);
    }

    /// Borrows what the desk has.
    pub(crate) fn borrow(&mut self, desk: &mut Desk) {
        self.stream.wire().borrow(&mut desk.memory);
        if self.stream.head().is_none() {
            *self.stream.head() = desk.head.take();
        }
    }

    /// Returns what the desk lent, but for octets that are not processed or not sent.
    pub(crate) fn give_back(&mut self, desk: &mut Desk) {
        self.stream.wire().release(&mut desk.memory);
        if self.phase != Phase::Requested {
            desk.head = self.stream.head().take().filter(|head| head.capacity() <= KEPT);
        }
    }

    /// Records what the connection keeps while it waits. Returns false if all connections keep more
    /// than this number of octets, and this one more than before.
    pub(crate) fn keep(&mut self, most: usize) -> bool {
        let octets = if self.phase == Phase::Requested {
            self.stream.head().as_ref().map_or(0, |head| head.capacity())
        } else {
            0
        };
        let octets = octets.saturating_add(self.stream.wire().kept());
        let (kept, before) = (&self.notice.counts.kept, self.kept);
        if octets == before {
            return true;
        }
        self.kept = octets;
        // The sum is exact where this wraps around, too.
        let all = kept.fetch_add(octets.wrapping_sub(before), Relaxed);
        octets < before || all.saturating_add(octets) <= most
    }

    /// Receives the request's body if it is short, as far as nothing has to be awaited. A client
    /// that expects a 100 waits for the handler to ask for the body.
    pub(crate) fn poll_body(&mut self) -> Polled<()> {
        let length = match self.stream.head().as_ref().map(|head| head.head().framing()) {
            Some(Framing::Length(length @ ..=AWAITED)) => length,
            _ => return Polled::Ready(()),
        };
        let wire = self.stream.wire();
        let connection = &wire.role().connection;
        if !connection.is_body_owed() || connection.expects_continue() {
            return Polled::Ready(());
        }
        wire.poll_body(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Lets the connection get a 503 next.
    pub(crate) fn reject_overload(&mut self) {
        self.phase = Phase::Rejected;
        self.rejected = Some(Counted::new(&self.notice, |counts| &counts.overload));
    }

    /// Returns whether the connection gives its place to another one: it waits for a request and
    /// has nothing to keep, or lingers.
    pub(crate) fn is_idle(&mut self) -> bool {
        if self.phase == Phase::Ending {
            return self.rejected.is_none();
        }
        let wire = self.stream.wire();
        let is_empty = !wire.has_more() && wire.ready().is_empty();
        self.phase == Phase::Between && is_empty && wire.role().state() == ServerState::Idle
    }

    /// Sends a 500 if the response is missing, and then nothing more.
    pub(crate) fn end(&mut self) {
        self.phase = Phase::Ending;
        let _ = self.stream.wire().reject_without_response(None);
    }
}

/// Drops a connection without a lingering close.
pub(crate) fn discard<S: Transport>(mut connection: Box<Connection<S>>) {
    let _ = panics::catch(|| connection.stream.wire().close());
    panics::discard(connection);
}

impl<S: Transport> Drop for Connection<S> {
    fn drop(&mut self) {
        self.notice.counts.kept.fetch_sub(self.kept, Relaxed);
    }
}
