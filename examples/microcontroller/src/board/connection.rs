//! A TCP connection: the server's loop between a socket and bareline's `ServerConnection`.

use crate::board::Board;
use crate::task::{Piece, Task, WIRE, say};
use bareline_core::body::Framing;
use bareline_core::connection::{Received, RecvBuf, ServerState};
use bareline_core::error::WriteError;
use bareline_core::head::Limits;
use bareline_core::{Event, FieldSpans, ServerConnection, Status, WireBuf};
use smoltcp::socket::tcp::{Socket, State};
use smoltcp::time::{Duration, Instant};

/// The TCP port of the server.
pub const PORT: u16 = 80;

/// The size of the receive buffer: the longest head. A body is streamed through the same buffer.
const INPUT: usize = 1536;
const FIELDS: usize = 32;
const LIMITS: Limits = Limits::new()
    .method(32)
    .target(512)
    .head(1536)
    .chunk_line(256)
    .chunk_extensions(1024)
    .drain(16 * 1024);

/// The timeout of the TCP handshake.
const HANDSHAKE: Duration = Duration::from_secs(3);
/// The timeout of an idle connection.
const IDLE: Duration = Duration::from_secs(10);
/// The timeout of an idle connection while a client waits for a free one.
const IDLE_WHEN_AWAITED: Duration = Duration::from_millis(500);
/// The timeout of a head.
const HEAD: Duration = Duration::from_secs(5);
/// The timeout without progress of a body or a response.
const STALL: Duration = Duration::from_secs(5);
/// The time that each octet adds to the timeout: the minimum rate is 50 octets per second.
const EACH_OCTET: Duration = Duration::from_millis(20);
/// The timeout of the lingering close.
const LINGER: Duration = Duration::from_secs(3);

/// The memory of a connection.
pub struct Memory {
    /// The octets that are received and not consumed yet.
    input: RecvBuf<INPUT>,
    /// The offsets of a head's fields in `input`.
    spans: FieldSpans<FIELDS>,
}

impl Memory {
    /// Returns zeroed memory, which takes no flash.
    pub const fn new() -> Self {
        Self { input: RecvBuf::new(), spans: FieldSpans::new() }
    }
}

/// A TCP connection; after its end, the state of the next one.
pub struct Connection {
    http: ServerConnection,
    memory: &'static mut Memory,
    task: Task,
    /// The octets of the body received so far.
    body: u64,
    /// The time at which the current wait for the peer began.
    since: Instant,
    /// The octets in the send queue at the last look.
    untaken: usize,
}

/// The result of a step.
enum Step {
    /// The next step can follow at once.
    Done,
    /// The next step needs more input.
    Starved,
    /// The next step has to wait for a time.
    NotYet,
    /// The connection has ended.
    Over,
}

impl Connection {
    /// Returns the state for connections, one after the other.
    pub fn new(memory: &'static mut Memory) -> Self {
        Self {
            http: ServerConnection::with_limits(LIMITS),
            memory,
            task: Task::Missing,
            body: 0,
            since: Instant::ZERO,
            untaken: 0,
        }
    }

    /// Serves the socket for as long as it does not block.
    #[inline(never)] // its stack is free again after the call
    pub fn serve(&mut self, socket: &mut Socket<'_>, board: &mut Board) {
        match socket.state() {
            State::Closed | State::TimeWait => self.listen(socket),
            State::Listen => self.since = board.now,
            State::SynSent | State::SynReceived if self.waited(board) > HANDSHAKE => socket.abort(),
            State::SynSent | State::SynReceived => {}
            State::Established | State::CloseWait => self.talk(socket, board),
            _ => self.linger(socket, board),
        }
    }

    /// Listens for a new connection.
    ///
    /// The last acknowledgement is sent by now. In TIME-WAIT the socket is reused early, since
    /// sockets are few.
    fn listen(&mut self, socket: &mut Socket<'_>) {
        self.http = ServerConnection::with_limits(LIMITS);
        self.memory.input.consume(INPUT);
        (self.body, self.untaken) = (0, 0);
        let _ = socket.listen(PORT); // fails only for port 0 or an open socket
    }

    /// Discards input (lingering close), so that a reset does not destroy the last response.
    fn linger(&mut self, socket: &mut Socket<'_>, board: &Board) {
        let _ = socket.recv(|octets| (octets.len(), ()));
        if self.waited(board) > LINGER {
            socket.abort();
        }
    }

    fn talk(&mut self, socket: &mut Socket<'_>, board: &mut Board) {
        let taken = self.untaken.saturating_sub(socket.send_queue());
        self.credit(taken, board.now);
        // An error is a response that does not fit its buffer, a bug here.
        if self.go_on(socket, board).and_then(|()| self.be_patient(socket, board)).is_err() {
            socket.abort();
        }
        self.untaken = socket.send_queue();
    }

    /// Steps until input, room in the send buffer or time is lacking.
    fn go_on(&mut self, socket: &mut Socket<'_>, board: &mut Board) -> Result<(), WriteError> {
        while room(socket) >= WIRE {
            match self.step(socket, board)? {
                // The response is complete: the wait for the next request begins.
                Step::Done if self.http.state() == ServerState::Idle => self.since = board.now,
                Step::Done => {}
                Step::NotYet => break,
                Step::Over => {
                    self.close(socket, board.now);
                    break;
                }
                Step::Starved if self.memory.input.is_full() => _ = self.http.on_overflow(),
                Step::Starved => {
                    match self.memory.input.fill_from(|room| socket.recv_slice(room)) {
                        Ok(1..) => {}
                        _ if socket.may_recv() => break,
                        _ => _ = self.http.on_eof(),
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends a wait for the peer that has timed out.
    #[inline(never)] // as for serve
    fn be_patient(&mut self, socket: &mut Socket<'_>, board: &Board) -> Result<(), WriteError> {
        let state = self.http.state();
        let patience = match state {
            ServerState::Idle if board.is_awaited && socket.send_queue() == 0 => IDLE_WHEN_AWAITED,
            ServerState::Idle => IDLE,
            ServerState::Head => HEAD,
            _ => STALL,
        };
        match state {
            _ if self.waited(board) <= patience || !socket.may_send() => {}
            ServerState::Idle => self.close(socket, board.now),
            ServerState::Head | ServerState::Body if room(socket) >= WIRE => {
                let mut out = WireBuf::new();
                say(
                    self.http.reject(Status::REQUEST_TIMEOUT, &mut out)?,
                    "timed out: send requests faster",
                )?;
                send(socket, &mut out, &[]);
                self.close(socket, board.now);
            }
            _ => socket.abort(),
        }
        Ok(())
    }

    /// Does one step of the exchange. The send buffer has room for [`WIRE`] octets.
    #[inline(never)] // as for serve
    fn step(&mut self, socket: &mut Socket<'_>, board: &mut Board) -> Result<Step, WriteError> {
        let mut out = WireBuf::new();
        match (self.http.state(), self.http.error()) {
            (ServerState::Body, _) if self.task.waits_for_body() => {
                if !self.http.expects_continue() {
                    return Ok(self.receive(board));
                }
                self.http.write_continue(&mut out)?;
            }
            (ServerState::Body | ServerState::SendResponse, _) => {
                if !self.task.reads_body() {
                    // If the body is still incomplete after this loop, the response closes the
                    // connection.
                    loop {
                        let used = self.http.discard_body(self.memory.input.filled());
                        self.memory.input.consume(used);
                        let filled = self.memory.input.fill_from(|room| socket.recv_slice(room));
                        if !self.http.may_discard_body() || !matches!(filled, Ok(1..)) {
                            break;
                        }
                    }
                    if self.http.error().is_some() {
                        return Ok(Step::Done);
                    }
                }
                self.task.begin(&mut self.http, &mut out, board)?;
            }
            (ServerState::SendBody, _) => return self.respond(socket, &mut out, board),
            (ServerState::Reject, Some(error)) => {
                // The texts of `hint()` would take 2 KB of flash.
                let status = error.status();
                say(self.http.reject(status, &mut out)?, status.reason())?;
            }
            (ServerState::Reject | ServerState::Close | ServerState::Upgraded, _) => {
                return Ok(Step::Over);
            }
            (ServerState::Idle | ServerState::Head, _) => return Ok(self.receive(board)),
        }
        send(socket, &mut out, &[]);
        Ok(Step::Done)
    }

    /// Sends the next piece of a response that has begun.
    fn respond(
        &mut self,
        socket: &mut Socket<'_>,
        out: &mut WireBuf<WIRE>,
        board: &mut Board,
    ) -> Result<Step, WriteError> {
        // Leaves room for the framing before the piece, and for the end of the body after it.
        let room = room(socket).saturating_sub(WIRE / 2);
        match self.task.go_on(board.now, self.memory.input.filled(), room) {
            Piece::Of(octets) => {
                let octets = self.http.frame_data(octets, out)?;
                send(socket, out, octets);
            }
            Piece::OfInput(octets) => {
                let used = octets.len();
                let octets = self.http.frame_data(octets, out)?;
                send(socket, out, octets);
                self.memory.input.consume(used);
            }
            Piece::Line(line) => {
                self.http.send_data(line.as_bytes(), out)?;
                send(socket, out, &[]);
            }
            Piece::NotYet => {
                self.since = board.now;
                return Ok(Step::NotYet);
            }
            Piece::NeedsBody => return Ok(self.receive(board)),
            Piece::End => {
                self.http.end_body(&[], out)?;
                send(socket, out, &[]);
            }
        }
        Ok(Step::Done)
    }

    /// Parses the received octets.
    fn receive(&mut self, board: &mut Board) -> Step {
        let was_idle = self.http.state() == ServerState::Idle;
        match self.http.receive(self.memory.input.filled_mut(), self.memory.spans.lend()) {
            Ok(Received { used, event: Event::Head(head) }) => {
                self.task = Task::of(&head, board.now);
                let limit = self.task.body_limit();
                let is_too_long =
                    matches!(head.framing(), Framing::Length(length) if length > limit);
                self.memory.input.consume(used);
                (self.since, self.body) = (board.now, 0);
                board.requests = board.requests.wrapping_add(1);
                if is_too_long {
                    self.http.on_overflow();
                }
            }
            Ok(Received { used, event: Event::Data(data) }) => {
                let (length, kept) = (data.len(), self.task.take(data));
                self.memory.input.consume(used.saturating_sub(kept));
                self.body = self.body.saturating_add(length as u64);
                self.credit(length, board.now);
                if self.body > self.task.body_limit() {
                    self.http.on_overflow();
                }
            }
            Ok(Received { event: Event::NeedMore, .. }) => {
                if was_idle && self.http.state() == ServerState::Head {
                    self.since = board.now;
                }
                return Step::Starved;
            }
            Ok(Received { used, event: Event::End }) => {
                self.memory.input.consume(used);
                self.task.take_end();
            }
            Ok(Received { used, .. }) => self.memory.input.consume(used),
            Err(_) => {} // the state is Reject now, and error() returns it
        }
        Step::Done
    }

    fn close(&mut self, socket: &mut Socket<'_>, now: Instant) {
        socket.close();
        self.since = now;
    }

    fn waited(&self, board: &Board) -> Duration {
        board.now - self.since
    }

    /// Extends the timeout by [`EACH_OCTET`] for each octet that the peer sent or acknowledged.
    fn credit(&mut self, octets: usize, now: Instant) {
        let octets = u32::try_from(octets).unwrap_or(u32::MAX);
        self.since = (self.since + EACH_OCTET * octets).min(now);
    }
}

/// Returns the room in the send buffer, in octets.
fn room(socket: &Socket<'_>) -> usize {
    socket.send_capacity().saturating_sub(socket.send_queue())
}

/// Sends the written octets, then these octets. The caller has checked that both fit.
fn send(socket: &mut Socket<'_>, out: &mut WireBuf<WIRE>, octets: &[u8]) {
    let _ = socket.send_slice(out.as_bytes());
    let _ = socket.send_slice(octets);
    out.clear();
}
