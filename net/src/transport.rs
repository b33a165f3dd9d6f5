//! A TCP connection with deadlines, and the octets received on it.

use crate::error::{Error, PeerFault, Wait};
use crate::settings::Settings;
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

    /// What has been received and not consumed.
    pub(crate) fn received(&self) -> &[u8] {
        &self.received
    }

    /// The same, to be mended in place.
    pub(crate) fn received_mut(&mut self) -> &mut [u8] {
        &mut self.received
    }

    /// Forgets the first octets.
    pub(crate) fn consume(&mut self, count: usize) {
        self.received.drain(..count.min(self.received.len()));
    }

    /// Waits for octets and takes them; 0 when the peer has closed.
    pub(crate) fn receive(&mut self, deadline: &Deadline) -> Result<usize, Error> {
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
                break;
            }
        }
        self.received.clear();
    }
}

/// The end of a wait.
pub(crate) struct Deadline {
    wait: Wait,
    after: Duration,
    at: Instant,
}

impl Deadline {
    pub(crate) fn new(wait: Wait, after: Duration) -> Self {
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
