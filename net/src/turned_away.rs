//! Connections that there is no place for.

use crate::date::Date;
use crate::deadline::Whole;
use crate::error::Error;
use crate::notice::TURN;
use crate::panics;
use crate::stack::Stack;
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
pub(crate) struct TurnedAway<S> {
    sender: Option<SyncSender<S>>,
    stack: Stack,
}

impl<S: Transport + Send + 'static> TurnedAway<S> {
    /// None yet, and no thread; it will have so much stack.
    pub(crate) const fn new(stack: Stack) -> Self {
        Self { sender: None, stack }
    }

    /// Has this one answered. When too many wait for that, or there is no thread for it, it is closed.
    pub(crate) fn add(&mut self, stream: S) {
        if self.sender.is_none() {
            let (sender, receiver) = sync_channel(KEPT);
            if self.stack.builder().spawn(move || answer_all(&receiver)).is_ok() {
                self.sender = Some(sender);
            }
        }
        if let Some(sender) = &self.sender {
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
                // It may be gone already, and the code of a user's transport may panic.
                let _ = panics::catch(|| {
                    if answer(&mut stream).is_ok() {
                        answered.push_back((stream, Instant::now()));
                    }
                });
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                is_open = false;
                thread::sleep(TICK);
            }
        }
        while answered.front().is_some_and(|(_, since)| answered.len() > KEPT || since.elapsed() >= TURN) {
            if let Some((mut stream, _)) = answered.pop_front() {
                let _ = panics::catch(move || drain(&mut stream));
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

    use super::{Stack, TURN, TurnedAway, answer};
    use crate::transport::{Transport, Untimed};
    use std::io::{self, Read, Write};
    use std::sync::mpsc::{Sender, channel};
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

    /// Panics when it is written to, unless somebody waits for what is written.
    struct Panicking(Option<Sender<Vec<u8>>>);

    impl Read for Panicking {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Ok(0)
        }
    }

    impl Write for Panicking {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.as_ref().unwrap().send(octets.to_vec()).unwrap();
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_transport_that_panics_takes_the_503_from_nobody_else() {
        let (written, is_written) = channel();
        let mut turned_away = TurnedAway::new(Stack::Usual);
        turned_away.add(Untimed(Panicking(None)));
        turned_away.add(Untimed(Panicking(Some(written))));
        assert!(is_written.recv_timeout(10 * TURN).unwrap().starts_with(b"HTTP/1.1 503 "));
    }

    #[test]
    fn signals_do_not_extend_the_time_for_a_503() {
        let (start, (done, is_done)) = (Instant::now(), channel());
        thread::spawn(move || done.send(answer(&mut Interrupted::default()).is_ok()));
        assert!(!is_done.recv_timeout(10 * TURN).unwrap(), "there was no room");
        assert!(start.elapsed() < 2 * TURN, "{:?}", start.elapsed());
    }
}
