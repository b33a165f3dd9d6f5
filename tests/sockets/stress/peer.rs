//! A client's connections, one after the other.

use crate::service::{Form, Kind};
use crate::system::Random;
use crate::{LIMIT, PATTERN};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The server of all clients, and their tally.
pub(crate) struct Scene {
    pub(crate) form: &'static Form,
    pub(crate) address: SocketAddr,
    pub(crate) tally: Tally,
}

/// The numbers of requests, by what became of them.
#[derive(Default, Debug)]
pub(crate) struct Tally {
    pub(crate) connections: AtomicU64,
    pub(crate) served: AtomicU64,
    /// Requests of handlers that panic or forget the response.
    pub(crate) failed: AtomicU64,
    /// Requests with a 503.
    pub(crate) rejected: AtomicU64,
    /// Requests behind the last response of a connection.
    pub(crate) behind: AtomicU64,
    /// Requests on a connection that was closed while it was idle.
    pub(crate) late: AtomicU64,
    /// Requests whose client has gone.
    pub(crate) left: AtomicU64,
}

/// A client with one connection at a time.
pub(crate) struct Peer {
    number: usize,
    sequence: usize,
    stream: Option<TcpStream>,
    /// The number of times that it sends requests in this round.
    pub(crate) sends: usize,
    /// The octets to send, each part from some instant on.
    parts: VecDeque<(Instant, Vec<u8>)>,
    /// The step after the last part.
    then: Then,
    awaited: VecDeque<Request>,
    response: Response,
    /// The connection has had this number of responses.
    responses: u64,
    /// A response said `Connection: close`.
    is_ending: bool,
    /// The client has closed its half.
    is_half_closed: bool,
    /// The time before the last requests were sent, or the connection was made.
    begun: Instant,
    /// The longest time for which the server may have found the connection idle.
    idle: Option<Duration>,
    /// The last time that something happened.
    since: Instant,
    /// It reads from this time on.
    reads_at: Instant,
    history: VecDeque<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// Reads the responses.
    Reads,
    /// Closes its half, and reads the responses.
    Closes,
    /// Closes without reading.
    Leaves,
}

struct Request {
    kind: Kind,
    sequence: usize,
    argument: usize,
    is_last: bool,
}

enum Response {
    Head(Vec<u8>),
    Body { expected: Option<Vec<u8>>, length: usize, read: usize },
}

impl Peer {
    pub(crate) fn new(number: usize) -> Self {
        let now = Instant::now();
        Self {
            number,
            sequence: 0,
            stream: None,
            sends: 0,
            parts: VecDeque::new(),
            then: Then::Reads,
            awaited: VecDeque::new(),
            response: Response::Head(Vec::new()),
            responses: 0,
            is_ending: false,
            is_half_closed: false,
            begun: now,
            idle: None,
            since: now,
            reads_at: now,
            history: VecDeque::new(),
        }
    }

    /// Returns whether it has all responses, and sends nothing more in this round.
    pub(crate) fn is_done(&self) -> bool {
        self.sends == 0 && !self.is_busy()
    }

    fn is_busy(&self) -> bool {
        let is_waiting = !self.parts.is_empty() || !self.awaited.is_empty();
        is_waiting || self.is_ending || self.is_half_closed
    }

    /// Goes on as far as nothing has to be awaited. Returns whether something happened.
    pub(crate) fn go_on(&mut self, random: &mut Random, scene: &Scene, buffer: &mut [u8]) -> bool {
        let now = Instant::now();
        let has_begun = !self.is_busy() && self.sends > 0;
        if has_begun {
            self.sends -= 1;
            self.begin(now, random, scene);
        }
        let has_sent = self.send(now);
        let has_read = self.read(now, scene, buffer);
        let has_moved = has_begun || has_sent || has_read;
        if has_moved {
            self.since = Instant::now();
        } else if self.since.elapsed() > LIMIT && self.is_busy() {
            self.fail("nothing happens");
        }
        has_moved
    }

    fn fail(&self, reason: &str) -> ! {
        let next = self.awaited.front().map(|request| (request.kind, request.sequence));
        panic!(
            "connection {} at {:?}: {reason}; it waits for {next:?} after {:?}",
            self.number,
            self.stream.as_ref().and_then(|stream| stream.local_addr().ok()),
            self.history
        );
    }

    fn note(&mut self, text: String) {
        self.history.push_back(text);
        if self.history.len() > 20 {
            self.history.pop_front();
        }
    }

    /// Chooses requests, and how to send them.
    fn begin(&mut self, now: Instant, random: &mut Random, scene: &Scene) {
        if self.stream.is_none() {
            self.connect(scene);
        }
        self.idle = None;
        let (mut at, mut part) = (now, Vec::new());
        for _ in 0..random.one_of(&[1, 1, 1, 2, 3]) {
            let kind = random.one_of(scene.form.mix);
            let argument = match kind {
                Kind::Block => random.below(31),
                Kind::Body => random.one_of(&[100, 5_000, 20_000, 200_000]) + random.below(100),
                Kind::Much => 1_000_000 + random.below(2),
                Kind::Switch => random.one_of(&[0, 100, 50_000]),
                _ => 0,
            };
            let (number, sequence) = (self.number, self.sequence);
            let is_last = random.one_in(24) && kind != Kind::Switch;
            let method = if kind == Kind::Body { "PUT" } else { "GET" };
            let mut head = format!(
                "{method} /{kind:?}/{number}/{sequence}/{argument} HTTP/1.1\r\nHost: a\r\n"
            );
            if is_last {
                head.push_str("Connection: close\r\n");
            }
            if kind == Kind::Body {
                head.push_str(&format!("Content-Length: {argument}\r\n"));
            }
            if kind == Kind::Switch {
                head.push_str("Connection: upgrade\r\nUpgrade: echo\r\n");
            }
            head.push_str("\r\n");
            self.note(format!("{kind:?} {argument}"));
            // A head or a body comes late at times.
            let pause = Duration::from_millis(u64::try_from(random.below(20)).unwrap());
            let cut = match kind {
                Kind::Body => head.len(),
                _ if random.one_in(16) => random.below(head.len()),
                _ => 0,
            };
            let mut octets = head.into_bytes();
            if matches!(kind, Kind::Body | Kind::Switch) {
                octets.extend_from_slice(&PATTERN[..argument]);
            }
            if cut > 0 && !random.one_in(4) {
                let rest = octets.split_off(cut);
                part.extend_from_slice(&octets);
                self.parts.push_back((at, std::mem::replace(&mut part, rest)));
                at += pause;
            } else {
                part.extend_from_slice(&octets);
            }
            self.awaited.push_back(Request { kind, sequence, argument, is_last });
            self.sequence += 1;
            if is_last || kind == Kind::Switch {
                break;
            }
        }
        self.parts.push_back((at, part));
        let is_switch = self.awaited.back().is_some_and(|last| last.kind == Kind::Switch);
        self.then = match random.below(32) {
            _ if is_switch => Then::Closes,
            0 => Then::Leaves,
            1..=4 => Then::Closes,
            _ => Then::Reads,
        };
        if self.then != Then::Reads {
            self.note(if self.then == Then::Closes { "FIN" } else { "gone" }.to_owned());
        }
        if let Some(Request { kind: Kind::Much, .. }) = self.awaited.front() {
            self.reads_at = now + Duration::from_millis(20);
        }
    }

    fn connect(&mut self, scene: &Scene) {
        self.begun = Instant::now();
        let stream = TcpStream::connect_timeout(&scene.address, LIMIT).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_nonblocking(true).unwrap();
        self.stream = Some(stream);
        scene.tally.connections.fetch_add(1, Relaxed);
        self.responses = 0;
        self.note("connected".to_owned());
    }

    /// Sends what is due. Returns whether something was sent.
    fn send(&mut self, now: Instant) -> bool {
        let mut has_sent = false;
        while let Some(mut stream) = self.stream.as_ref()
            && let Some((at, octets)) = self.parts.front_mut()
        {
            if *at > now {
                return has_sent;
            }
            match stream.write(octets) {
                Ok(count) if count == octets.len() => _ = self.parts.pop_front(),
                Ok(count) => _ = octets.drain(..count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return has_sent,
                // What the server has sent before it closed is read.
                Err(_) => self.parts.clear(),
            }
            has_sent = true;
            if self.idle.is_none() {
                let now = Instant::now();
                self.idle = Some(now.saturating_duration_since(self.begun));
                self.begun = now;
            }
            if self.parts.is_empty() && self.then == Then::Closes {
                self.is_half_closed = true;
                let _ = stream.shutdown(Shutdown::Write);
            }
        }
        has_sent
    }

    /// Reads what has arrived. Returns whether something has.
    fn read(&mut self, now: Instant, scene: &Scene, buffer: &mut [u8]) -> bool {
        if self.parts.is_empty() && self.then == Then::Leaves && !self.awaited.is_empty() {
            let left = u64::try_from(self.awaited.len()).unwrap();
            scene.tally.left.fetch_add(left, Relaxed);
            self.forget();
            return true;
        }
        let Some(mut stream) = self.stream.as_ref().filter(|_| self.is_busy()) else {
            return false;
        };
        let is_much = matches!(self.awaited.front(), Some(Request { kind: Kind::Much, .. }));
        if is_much && now < self.reads_at {
            return false;
        }
        let read = stream.read(buffer);
        match read {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Ok(count) if count > 0 => {
                self.reads_at = now + Duration::from_millis(1);
                self.take(&buffer[..count], scene);
            }
            // The server has closed.
            ended => self.end(scene, &format!("{ended:?}")),
        }
        true
    }

    /// Takes octets of responses.
    fn take(&mut self, mut octets: &[u8], scene: &Scene) {
        while let Some((&first, behind)) = octets.split_first() {
            if self.awaited.is_empty() {
                self.fail(&format!("octets without a request: {}", octets.escape_ascii()));
            }
            let response = std::mem::replace(&mut self.response, Response::Head(Vec::new()));
            self.response = match response {
                Response::Head(mut head) => {
                    head.push(first);
                    octets = behind;
                    if head.ends_with(b"\r\n\r\n") {
                        self.take_head(&String::from_utf8(head).unwrap(), scene)
                    } else {
                        Response::Head(head)
                    }
                }
                Response::Body { expected, length, read } => {
                    let (now, later) = octets.split_at(octets.len().min(length - read));
                    octets = later;
                    if expected.as_ref().is_some_and(|text| !is_body(text, read, now)) {
                        let wrong = now.escape_ascii().to_string();
                        self.fail(&format!("another body at {read}: {wrong:.200}"));
                    }
                    Response::Body { expected, length, read: read + now.len() }
                }
            };
            if let Response::Body { length, read, .. } = self.response
                && length == read
            {
                self.response = Response::Head(Vec::new());
                self.awaited.pop_front();
            }
        }
    }

    /// Checks the head of the response to the first request, and returns the state after it.
    fn take_head(&mut self, head: &str, scene: &Scene) -> Response {
        let Some(Request { kind, sequence, argument, is_last }) = self.awaited.front() else {
            self.fail("a head without a request");
        };
        let (Scene { form, tally, .. }, number) = (scene, self.number);
        let status = head.split(' ').nth(1).unwrap();
        if status == "101" && *kind == Kind::Switch {
            let length = *argument;
            self.is_ending = true;
            tally.served.fetch_add(1, Relaxed);
            return Response::Body { expected: Some(Vec::new()), length, read: 0 };
        }
        let length = head.split_once("Content-Length: ").and_then(|(_, text)| {
            text.split_once("\r\n").map(|(digits, _)| digits.parse::<usize>().unwrap())
        });
        let Some(length) = length else { self.fail(&format!("no length: {head}")) };
        let says_close = head.contains("\r\nConnection: close\r\n");
        self.responses += 1;
        let is_full = self.responses >= form.requests;
        let (count, expected) = match status {
            "200" if !kind.fails() => (&tally.served, Some(format!("{number} {sequence}\n"))),
            "500" if kind.fails() && says_close => (&tally.failed, None),
            "503" if form.rejects() && (says_close || *kind == Kind::Call) => {
                (&tally.rejected, None)
            }
            _ => self.fail(&format!("another status: {head}")),
        };
        count.fetch_add(1, Relaxed);
        let much = if *kind == Kind::Much { *argument } else { 0 };
        if expected.as_ref().is_some_and(|text| text.len() + much != length) {
            self.fail(&format!("another length: {head}"));
        }
        let may_close = *is_last || is_full || status != "200" || form.closes_idle();
        if says_close && !may_close || (*is_last || is_full) && !says_close {
            self.fail(&format!("close, or none: {head}"));
        }
        self.is_ending |= says_close;
        let noted = format!("{status}{}", if says_close { " close" } else { "" });
        self.note(noted);
        Response::Body { expected: expected.map(String::into_bytes), length, read: 0 }
    }

    /// Records that the server has closed.
    fn end(&mut self, scene: &Scene, how: &str) {
        let Scene { form, tally, .. } = scene;
        let count = u64::try_from(self.awaited.len()).unwrap();
        let is_between = matches!(&self.response, Response::Head(head) if head.is_empty());
        let is_idle = self.idle.is_none_or(|idle| idle >= form.idle_timeout);
        let is_allowed = if self.is_ending || count == 0 {
            tally.behind.fetch_add(count, Relaxed);
            true
        } else {
            tally.late.fetch_add(count, Relaxed);
            form.closes_idle() || is_idle
        };
        let has_begun = self.awaited.front().is_some_and(|request| request.kind.has_begun());
        if !(is_between && is_allowed || has_begun && form.is_overloaded()) {
            self.fail(&format!("the server has closed: {how}"));
        }
        self.forget();
    }

    /// Drops the connection.
    pub(crate) fn forget(&mut self) {
        (self.stream, self.then) = (None, Then::Reads);
        (self.is_ending, self.is_half_closed) = (false, false);
        self.parts.clear();
        self.awaited.clear();
        self.response = Response::Head(Vec::new());
    }

    /// Returns whether the server has closed the idle connection.
    pub(crate) fn is_closed(&mut self) -> bool {
        let Some(stream) = &self.stream else { return true };
        !stream.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

/// Returns whether these octets of a body are those of this text, followed by the pattern.
fn is_body(text: &[u8], at: usize, octets: &[u8]) -> bool {
    let (first, rest) = octets.split_at(octets.len().min(text.len().saturating_sub(at)));
    let from = at.saturating_sub(text.len());
    text[at.min(text.len())..].starts_with(first) && PATTERN[from..].starts_with(rest)
}
