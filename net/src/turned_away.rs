//! Connections that there is no place for.

use crate::date::Date;
use crate::deadline::Whole;
use crate::error::Error;
use crate::notice::TURN;
use crate::transport::Transport;
use bareline_core::{FieldName, FieldValue, ReplyTo, Status, WireBuf};
use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// How many may wait for their 503, and how many of those that have it are kept for a moment.
const KEPT: usize = 256;
/// How often it is looked whether the moment is over.
const TICK: Duration = Duration::from_millis(100);

/// Answers connections with 503, in a thread of its own, so that whoever accepts waits for none of them [RFC 9110 section 15.6.4].
pub(crate) struct TurnedAway<S>(Option<SyncSender<S>>);

impl<S: Transport + Send + 'static> TurnedAway<S> {
    /// None yet, and no thread.
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// Has this one answered. When too many wait for that, or there is no thread for it, it is closed.
    pub(crate) fn add(&mut self, stream: S) {
        if self.0.is_none() {
            let (sender, receiver) = sync_channel(KEPT);
            if thread::Builder::new().stack_size(256 * 1024).spawn(move || answer_all(&receiver)).is_ok() {
                self.0 = Some(sender);
            }
        }
        if let Some(sender) = &self.0 {
            let _ = sender.try_send(stream);
        }
    }
}

/// Answers them as they come, until none can come any more. Each is kept for a second then, so that a reset does not take the answer from it
/// [RFC 9112 section 9.6].
fn answer_all<S: Transport>(streams: &Receiver<S>) {
    let mut answered = VecDeque::new();
    let mut is_open = true;
    while is_open || !answered.is_empty() {
        match streams.recv_timeout(if answered.is_empty() { Duration::MAX } else { TICK }) {
            Ok(mut stream) => {
                // It may be gone already.
                if answer(&mut stream).is_ok() {
                    answered.push_back((stream, Instant::now()));
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                is_open = false;
                thread::sleep(TICK);
            }
        }
        while answered.front().is_some_and(|(_, since)| answered.len() > KEPT || since.elapsed() >= TURN) {
            if let Some((mut stream, _)) = answered.pop_front() {
                drain(&mut stream);
            }
        }
    }
}

fn answer(stream: &mut impl Transport) -> Result<(), Error> {
    stream.prepare();
    let _ = stream.set_nonblocking(false);
    stream.set_read_timeout(Some(TURN))?;
    let mut out = WireBuf::<512>::new();
    out.response(ReplyTo::UNREAD, Status::SERVICE_UNAVAILABLE)?
        .field(FieldName::DATE, Date::now().value())?
        .field(FieldName::from_static("Retry-After"), FieldValue::from_static("1"))?
        .field(FieldName::CONTENT_TYPE, FieldValue::from_static("text/plain; charset=utf-8"))?
        .field(FieldName::CONNECTION, FieldValue::from_static("close"))?
        .body(b"too many connections\n")?;
    send(stream, out.as_bytes())?;
    Ok(stream.close_write()?)
}

/// Sends these octets within a [`TURN`], however many tries it takes.
fn send(stream: &mut impl Transport, mut octets: &[u8]) -> Result<(), Error> {
    let whole = Whole::from_now(TURN);
    loop {
        stream.set_write_timeout(Some(whole.left()?))?;
        let sent = if octets.is_empty() { stream.flush().map(|()| 0) } else { stream.write(octets) };
        match sent {
            Ok(_) if octets.is_empty() => return Ok(()),
            Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
            Ok(count) => octets = octets.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Takes what has come, so that closing makes no reset.
fn drain(stream: &mut impl Transport) {
    if stream.set_nonblocking(true).is_ok() {
        let mut sink = [0; 4096];
        for _ in 0..16 {
            if !matches!(stream.read(&mut sink), Ok(1..)) {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{TURN, answer};
    use crate::transport::Transport;
    use std::io::{self, Read, Write};
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::{Duration, Instant};

    /// Waits for room until its timeout is over, or a signal interrupts it sooner.
    #[derive(Default)]
    struct Interrupted {
        write_timeout: Duration,
    }

    impl Read for Interrupted {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Ok(0)
        }
    }

    impl Write for Interrupted {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            let interval = Duration::from_millis(200);
            thread::sleep(self.write_timeout.min(interval));
            let is_over = self.write_timeout <= interval;
            Err(if is_over { io::ErrorKind::WouldBlock } else { io::ErrorKind::Interrupted }.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Transport for Interrupted {
        fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
            Ok(())
        }

        fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
            self.write_timeout = timeout.unwrap();
            Ok(())
        }

        fn set_nonblocking(&mut self, _: bool) -> io::Result<()> {
            Ok(())
        }

        fn close_write(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn signals_do_not_extend_the_time_for_a_503() {
        let (start, (done, is_done)) = (Instant::now(), channel());
        thread::spawn(move || done.send(answer(&mut Interrupted::default()).is_ok()));
        assert!(!is_done.recv_timeout(10 * TURN).unwrap(), "there was no room");
        assert!(start.elapsed() < 2 * TURN, "{:?}", start.elapsed());
    }
}
