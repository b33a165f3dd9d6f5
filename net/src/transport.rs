//! A TCP connection with deadlines, and the octets received on it.

use crate::error::{Error, PeerFault, Wait};
use crate::settings::Settings;
use bareline_core::{BodyDecoder, BodyPart, Framing, ParseError, Parsed};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// The connection, and what has been received on it and not yet consumed.
pub(crate) struct Transport {
    stream: TcpStream,
    received: Vec<u8>,
    pub(crate) settings: Settings,
}

impl Transport {
    pub(crate) fn new(stream: TcpStream, settings: Settings) -> Self {
        // Without it a small message may wait 40 ms for the acknowledgement of the one before; it works all the same.
        let _ = stream.set_nodelay(true);
        Self { stream, received: Vec::new(), settings }
    }

    /// What has been received, from the beginning of the message.
    pub(crate) fn received(&self) -> &[u8] {
        &self.received
    }

    /// Forgets the first octets.
    pub(crate) fn consume(&mut self, count: usize) {
        self.received.drain(..count.min(self.received.len()));
    }

    /// Receives until `parse` finds a whole head at the beginning of what has been received; gives where its parts stand.
    /// `None` when the peer closes before the first octet.
    pub(crate) fn read_head<T>(
        &mut self,
        mut parse: impl FnMut(&[u8], &Settings) -> Result<Parsed<T>, ParseError>,
    ) -> Result<Option<T>, Error> {
        let deadline = Deadline::new(Wait::Head, self.settings.head_deadline);
        let mut unseen_from = 0;
        loop {
            // A verdict needs a whole line, but for the first octet and what has grown beyond the limits.
            let unseen = self.received.get(unseen_from..).unwrap_or(&[]);
            let is_at_limit = self.received.len() >= usize::from(self.settings.limits.head);
            if (unseen_from == 0 || is_at_limit || unseen.contains(&b'\n'))
                && let Parsed::Complete { message, .. } = parse(&self.received, &self.settings)?
            {
                return Ok(Some(message));
            }
            unseen_from = self.received.len();
            if self.receive(&deadline)? == 0 {
                return match self.received.len() {
                    0 => Ok(None),
                    received => Err(PeerFault::Truncated { received }.into()),
                };
            }
        }
    }

    /// Receives a body with this framing, which begins behind the first `from` octets; gives its content.
    ///
    /// The octets are consumed as they come, so that no more is kept than the content and what is being read.
    pub(crate) fn read_body(&mut self, from: usize, framing: Framing) -> Result<Vec<u8>, Error> {
        let mut decoder = BodyDecoder::new(framing, &self.settings.body_limits());
        let deadline = Deadline::new(Wait::Body, self.settings.body_deadline);
        let mut content = Vec::new();
        loop {
            let (used, part) = decoder.decode(self.received.get(from..).unwrap_or_default())?;
            let is_starved = match part {
                BodyPart::Data(data) => {
                    content.extend_from_slice(data);
                    false
                }
                BodyPart::Chunk { .. } | BodyPart::Trailer { .. } => false,
                BodyPart::NeedMore => true,
                BodyPart::End => return Ok(content),
            };
            self.received.drain(from..from.saturating_add(used).min(self.received.len()));
            if is_starved && self.receive(&deadline)? == 0 {
                decoder.end_of_input()?;
                return Ok(content);
            }
        }
    }

    /// Waits for octets and takes them; 0 when the peer has closed.
    fn receive(&mut self, deadline: &Deadline) -> Result<usize, Error> {
        let mut octets = [0; 8192];
        let count = loop {
            self.stream.set_read_timeout(Some(deadline.left()?))?;
            match self.stream.read(&mut octets) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(deadline.fault()),
                read => break read?,
            }
        };
        self.received.extend_from_slice(octets.get(..count).unwrap_or(&octets));
        Ok(count)
    }

    /// Sends these octets, in one write when the system takes them at once.
    pub(crate) fn send(&mut self, mut octets: &[u8]) -> Result<(), Error> {
        let deadline = Deadline::new(Wait::Write, self.settings.write_deadline);
        while !octets.is_empty() {
            self.stream.set_write_timeout(Some(deadline.left()?))?;
            match self.stream.write(octets) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(sent) => octets = octets.get(sent..).unwrap_or(&[]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(deadline.fault()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Closes in stages [RFC 9112 section 9.6]: says that nothing more comes, then takes what the peer still sends, for a second
    /// and 256 KB at the most, so that a reset does not take the answer from it.
    pub(crate) fn close(&mut self) {
        let deadline = Deadline::new(Wait::Body, Duration::from_secs(1));
        if self.stream.shutdown(Shutdown::Write).is_err() {
            return;
        }
        for _ in 0..32 {
            self.received.clear();
            if !matches!(self.receive(&deadline), Ok(1..)) {
                return;
            }
        }
    }
}

/// The end of a wait.
struct Deadline {
    wait: Wait,
    after: Duration,
    at: Instant,
}

impl Deadline {
    fn new(wait: Wait, after: Duration) -> Self {
        let now = Instant::now();
        Self { wait, after, at: now.checked_add(after).unwrap_or(now) }
    }

    /// How long it still is, never zero.
    fn left(&self) -> Result<Duration, Error> {
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(self.fault()) } else { Ok(left) }
    }

    fn fault(&self) -> Error {
        PeerFault::TooSlow { wait: self.wait, after: self.after }.into()
    }
}

/// Systems do not agree on what a timeout of a socket is called.
pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
