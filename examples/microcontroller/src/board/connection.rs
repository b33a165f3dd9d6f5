//! One TCP connection: the loop of a server between a socket and bareline's `ServerConnection`.

use crate::board::Board;
use crate::task::{Piece, Task, WIRE, say};
use bareline_core::{
    Event, FieldSpans, Framing, Limits, RecvBuf, ServerConnection, ServerState, Status, WireBuf,
    WriteError,
};
use smoltcp::socket::tcp::{Socket, State};
use smoltcp::time::{Duration, Instant};

/// Where requests come in.
pub const PORT: u16 = 80;

/// The longest head; a body passes through the same room.
const INPUT: usize = 1536;
const FIELDS: usize = 32;
const LIMITS: Limits = Limits {
    method: 32,
    target: 512,
    head: 1536,
    chunk_line: 256,
    chunk_extensions: 1024,
    drain: 16 * 1024,
    ..Limits::DEFAULT
};

/// How long a peer may take to finish the handshake.
const HANDSHAKE: Duration = Duration::from_secs(3);
/// How long a connection may wait for a request...
const IDLE: Duration = Duration::from_secs(10);
/// ...and when somebody else waits for it.
const IDLE_WHEN_AWAITED: Duration = Duration::from_millis(500);
/// How long a head may take, all of it.
const HEAD: Duration = Duration::from_secs(5);
/// How long nothing may come of a body, or be taken of an answer.
const STALL: Duration = Duration::from_secs(5);
/// What each octet of them adds to that: a peer has to do better than some fifty octets in a
/// second.
const EACH_OCTET: Duration = Duration::from_millis(20);
/// How long a peer may take to close, and to take what was sent last.
const LINGER: Duration = Duration::from_secs(3);

/// The memory of a connection.
pub struct Memory {
    /// What has come in and is not used yet.
    input: RecvBuf<INPUT>,
    /// Where the fields of a head stand in it.
    spans: FieldSpans<FIELDS>,
}

impl Memory {
    /// Zeros, so that the program need not carry them.
    pub const fn new() -> Self {
        Self { input: RecvBuf::new(), spans: FieldSpans::new() }
    }
}

/// A TCP connection, and the place for the next one when it is over.
pub struct Connection {
    http: ServerConnection,
    memory: &'static mut Memory,
    task: Task,
    /// How many octets of the body have come.
    body: u64,
    /// Since when the peer has been waited for.
    since: Instant,
    /// How many octets the peer had not taken when that was looked at last.
    untaken: usize,
}

/// What came of one step.
enum Step {
    /// It can go on.
    Done,
    /// More octets have to come.
    Starved,
    /// Time has to pass.
    NotYet,
    /// There will be no more.
    Over,
}

impl Connection {
    /// A place for connections.
    pub fn new(memory: &'static mut Memory) -> Self {
        Self {
            http: ServerConnection::new(LIMITS),
            memory,
            task: Task::Missing,
            body: 0,
            since: Instant::ZERO,
            untaken: 0,
        }
    }

    /// Does what there is to do for the socket.
    #[inline(never)] // what it needs of the stack is free again behind it
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

    /// Begins anew. The last acknowledgement is sent by now; a place is worth more here than
    /// knowing that it has come.
    fn listen(&mut self, socket: &mut Socket<'_>) {
        self.http = ServerConnection::new(LIMITS);
        self.memory.input.consume(INPUT);
        (self.body, self.untaken) = (0, 0);
        let _ = socket.listen(PORT); // it fails for port 0 and open sockets alone
    }

    /// Takes what still comes, so that the answer before is not lost to a reset.
    fn linger(&mut self, socket: &mut Socket<'_>, board: &Board) {
        let _ = socket.recv(|octets| (octets.len(), ()));
        if self.waited(board) > LINGER {
            socket.abort();
        }
    }

    fn talk(&mut self, socket: &mut Socket<'_>, board: &mut Board) {
        let taken = self.untaken.saturating_sub(socket.send_queue());
        self.credit(taken, board.now);
        // An error here is an answer that does not fit into its buffer, and a fault of this
        // program.
        if self.go_on(socket, board).and_then(|()| self.be_patient(socket, board)).is_err() {
            socket.abort();
        }
        self.untaken = socket.send_queue();
    }

    /// Goes as far as octets, room and time allow.
    fn go_on(&mut self, socket: &mut Socket<'_>, board: &mut Board) -> Result<(), WriteError> {
        while room(socket) >= WIRE {
            match self.step(socket, board)? {
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

    /// Ends what takes the peer too long.
    #[inline(never)] // as serve
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
                    "send the whole request in time",
                )?;
                send(socket, &mut out, &[]);
                self.close(socket, board.now);
            }
            _ => socket.abort(),
        }
        Ok(())
    }

    /// One step of the exchange. There is room for [`WIRE`] octets.
    #[inline(never)] // as serve
    fn step(&mut self, socket: &mut Socket<'_>, board: &mut Board) -> Result<Step, WriteError> {
        let mut out = WireBuf::new();
        match (self.http.state(), self.http.error()) {
            (ServerState::Done, _) => {
                self.http.next_request();
                self.since = board.now;
            }
            (ServerState::Body, _) if self.task.waits_for_body() => {
                if !self.http.expects_continue() {
                    return Ok(self.receive(board));
                }
                self.http.respond(Status::CONTINUE, &mut out)?.without_body()?;
            }
            (ServerState::Body | ServerState::SendResponse, _) => {
                if !self.task.reads_body() {
                    // With a body that is not all here, the response says that the connection
                    // closes.
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
                // What to do about it, `hint()`, would take 2 KB of flash.
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

    /// The next piece of an answer that has begun.
    fn respond(
        &mut self,
        socket: &mut Socket<'_>,
        out: &mut WireBuf<WIRE>,
        board: &mut Board,
    ) -> Result<Step, WriteError> {
        // What frames the piece goes before it, and what ends the body may come behind it at once.
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

    /// Puts what has been received before the connection.
    fn receive(&mut self, board: &mut Board) -> Step {
        let was_idle = self.http.state() == ServerState::Idle;
        match self.http.receive(self.memory.input.filled(), self.memory.spans.lend()) {
            Ok((used, Event::Head(head))) => {
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
            Ok((used, Event::Data(data))) => {
                let (length, kept) = (data.len(), self.task.take(data));
                self.memory.input.consume(used.saturating_sub(kept));
                self.body = self.body.saturating_add(length as u64);
                self.credit(length, board.now);
                if self.body > self.task.body_limit() {
                    self.http.on_overflow();
                }
            }
            Ok((_, Event::NeedMore)) => {
                if was_idle && self.http.state() == ServerState::Head {
                    self.since = board.now;
                }
                return Step::Starved;
            }
            Ok((used, Event::End)) => {
                self.memory.input.consume(used);
                self.task.take_end();
            }
            Ok((used, _)) => self.memory.input.consume(used),
            Err(_) => {} // it is the connection's fault() now
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

    /// The peer has sent or taken so many octets, and may take as much longer.
    fn credit(&mut self, octets: usize, now: Instant) {
        let octets = u32::try_from(octets).unwrap_or(u32::MAX);
        self.since = (self.since + EACH_OCTET * octets).min(now);
    }
}

/// How many octets the socket takes at once.
fn room(socket: &Socket<'_>) -> usize {
    socket.send_capacity().saturating_sub(socket.send_queue())
}

/// Sends what has been written, and these octets behind it. There is room for them.
fn send(socket: &mut Socket<'_>, out: &mut WireBuf<WIRE>, octets: &[u8]) {
    let _ = socket.send_slice(out.as_bytes());
    let _ = socket.send_slice(octets);
    out.clear();
}
