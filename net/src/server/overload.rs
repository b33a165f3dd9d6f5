//! The 503s for connections beyond the limit.

use crate::error::Error;
use crate::server::date::Date;
use crate::server::panics;
use crate::server::stack::Stack;
use crate::settings::Settings;
use crate::wire::control::CHECK_INTERVAL;
use crate::wire::time_budget::{ExchangeEnd, is_passing};
use crate::wire::transport::Transport;
use bareline_core::write::{MessageWriter, RequestContext};
use bareline_core::{FieldName, FieldValue, Status, WireBuf};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};
use std::{io, mem};

/// The most connections that wait for their 503, and the most that linger after it.
const KEPT: usize = 256;
/// The interval at which the octets of lingering connections are discarded.
const TICK: Duration = Duration::from_millis(100);
/// The size of one read in octets, and the most reads in a row from one connection.
const READ: usize = 64 * 1024;
const READS: usize = 16;

/// A thread that responds 503 to connections, so that accepting waits for none of them [RFC 9110
/// section 15.6.4].
pub(crate) struct Overload<S> {
    sender: Option<SyncSender<S>>,
    stack: Stack,
    settings: Settings,
}

impl<S: Transport + Send + 'static> Overload<S> {
    /// Creates the queue without a thread. The thread gets this stack size, and lingers within
    /// these settings.
    pub(crate) const fn new(stack: Stack, settings: Settings) -> Self {
        Self { sender: None, stack, settings }
    }

    /// Queues a connection for a 503. Closes it when the queue is full or the thread cannot start.
    pub(crate) fn add(&mut self, stream: S) {
        if self.sender.is_none() {
            let (sender, receiver) = sync_channel(KEPT);
            let settings = self.settings;
            if self.stack.builder().spawn(move || respond_to_all(&receiver, &settings)).is_ok() {
                self.sender = Some(sender);
            }
        }
        match &self.sender {
            Some(sender) => panics::discard(sender.try_send(stream)),
            None => panics::discard(stream),
        }
    }
}

/// Sends a 503 to each connection until the sender is gone. Each connection then lingers: octets
/// from its client are discarded, so that a reset does not destroy the response [RFC 9112 section
/// 9.6].
fn respond_to_all<S: Transport>(streams: &Receiver<S>, settings: &Settings) {
    let (mut lingering, mut buffer) = (VecDeque::<Lingering<S>>::new(), vec![0; READ]);
    let (mut is_open, mut swept) = (true, Instant::now());
    while is_open || !lingering.is_empty() {
        match streams.recv_timeout(if lingering.is_empty() { Duration::MAX } else { TICK }) {
            Ok(mut stream) => {
                // The peer may be gone already, and a user's transport may panic.
                match panics::catch(|| respond(&mut stream).map(|()| is_nonblocking(&mut stream))) {
                    Ok(Ok(is_nonblocking)) => {
                        lingering.push_back(Lingering::new(stream, is_nonblocking, settings));
                    }
                    Ok(Err(_)) | Err(_) => panics::discard(stream),
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                is_open = false;
                thread::sleep(TICK);
            }
        }
        if swept.elapsed() >= TICK || !is_open {
            swept = Instant::now();
            for mut one in mem::take(&mut lingering) {
                // When the server ends, no connection lingers for long.
                let may_linger = is_open || one.since.elapsed() < CHECK_INTERVAL;
                if may_linger
                    && panics::catch(|| one.discard(&mut buffer, settings)).unwrap_or(false)
                {
                    lingering.push_back(one);
                } else {
                    panics::discard(one);
                }
            }
        }
        while lingering.len() > KEPT {
            panics::discard(lingering.pop_front());
        }
    }
}

/// A connection that has its 503.
struct Lingering<S> {
    stream: S,
    /// The time when the lingering began.
    since: Instant,
    /// The time of the latest octets.
    heard: Instant,
    /// The number of octets that may still be read.
    left: u64,
    /// The connection can be read without blocking.
    is_nonblocking: bool,
}

impl<S: Transport> Lingering<S> {
    fn new(stream: S, is_nonblocking: bool, settings: &Settings) -> Self {
        let now = Instant::now();
        Self { stream, since: now, heard: now, left: settings.linger_limit, is_nonblocking }
    }

    /// Discards what has arrived, without waiting. Returns whether the connection lingers on.
    fn discard(&mut self, buffer: &mut [u8], settings: &Settings) -> bool {
        if !self.is_nonblocking {
            return self.since.elapsed() < CHECK_INTERVAL;
        }
        for _ in 0..READS {
            match self.stream.read(buffer) {
                Ok(count @ 1..) => {
                    self.heard = Instant::now();
                    self.left = self.left.saturating_sub(count as u64);
                }
                Err(error) if is_passing(&error) => break,
                Ok(0) | Err(_) => return false,
            }
        }
        let is_heard = self.heard.elapsed() < settings.linger_silence_timeout;
        self.left > 0 && is_heard && self.since.elapsed() < settings.linger_timeout
    }
}

/// Lets the connection be read without blocking. Returns whether the transport supports that.
fn is_nonblocking(stream: &mut impl Transport) -> bool {
    stream.control().set_nonblocking().is_ok()
}

fn respond(stream: &mut impl Transport) -> Result<(), Error> {
    stream.control().prepare();
    let _ = stream.control().set_blocking();
    stream.control().set_read_timeout(Some(CHECK_INTERVAL))?;
    let mut out = WireBuf::<512>::new();
    MessageWriter::new()
        .response(RequestContext::UNREAD, Status::SERVICE_UNAVAILABLE, &mut out)?
        .field(FieldName::DATE, Date::now().value())?
        .field(FieldName::RETRY_AFTER, FieldValue::from_static("1"))?
        .field(FieldName::CONTENT_TYPE, FieldValue::from_static("text/plain; charset=utf-8"))?
        .field(FieldName::CONNECTION, FieldValue::from_static("close"))?
        .body(b"too many connections\n")?;
    send(stream, out.as_bytes())?;
    Ok(stream.control().close_write()?)
}

/// Sends these octets within one [`CHECK_INTERVAL`] in total.
fn send(stream: &mut impl Transport, mut octets: &[u8]) -> Result<(), Error> {
    let exchange_end = ExchangeEnd::from_now(CHECK_INTERVAL);
    loop {
        stream.control().set_write_timeout(Some(exchange_end.left()?))?;
        let sent =
            if octets.is_empty() { stream.flush().map(|()| 0) } else { stream.write(octets) };
        match sent {
            Ok(_) if octets.is_empty() => return Ok(()),
            Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
            Ok(count) => octets = octets.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

    use super::{CHECK_INTERVAL, Overload, Settings, Stack, respond};
    use crate::wire::transport::{Control, Transport};
    use std::io::{self, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::{Sender, channel};
    use std::thread;
    use std::time::{Duration, Instant};

    /// A peer without room. A write waits for the timeout, or for a signal that interrupts it
    /// sooner.
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
        fn control(&mut self) -> &mut dyn Control {
            self
        }
    }

    impl Control for Interrupted {
        fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
            Ok(())
        }

        fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
            self.write_timeout = timeout.unwrap();
            Ok(())
        }

        fn set_blocking(&mut self) -> io::Result<()> {
            Ok(())
        }

        fn set_nonblocking(&mut self) -> io::Result<()> {
            Ok(())
        }

        fn close_write(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A transport that panics when it is dropped, and in its writes unless a test waits for those.
    struct Panicking {
        written: Option<Sender<Vec<u8>>>,
        dropped: Sender<()>,
        control: Interrupted,
    }

    impl Drop for Panicking {
        fn drop(&mut self) {
            let _ = self.dropped.send(());
            panic!("for a test");
        }
    }

    impl Transport for Panicking {
        fn control(&mut self) -> &mut dyn Control {
            &mut self.control
        }
    }

    impl Read for Panicking {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Ok(0)
        }
    }

    impl Write for Panicking {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.written.as_ref().unwrap().send(octets.to_vec()).unwrap();
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn rfc9112_9_6_a_503_is_not_lost_to_what_the_client_sends() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(20 * CHECK_INTERVAL)).unwrap();
        let mut overload = Overload::new(Stack::Usual, Settings::new());
        overload.add(listener.accept().unwrap().0);
        // Behaves as a slow client that reads only after it has sent everything.
        (0..100).for_each(|_| {
            client.write_all(&[b'x'; 50_000]).unwrap();
            thread::park_timeout(Duration::from_millis(15));
        });
        let mut response = String::new();
        client.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    }

    #[test]
    fn a_503_lingers_within_the_bounds_of_the_settings() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let settings = Settings::new().linger_limit(1000);
        let mut overload = Overload::new(Stack::Usual, settings);
        overload.add(listener.accept().unwrap().0);
        let start = Instant::now();
        while client.write_all(&[b'x'; 500]).is_ok() {
            assert!(start.elapsed() < 20 * CHECK_INTERVAL, "it reads on and on");
            thread::park_timeout(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_transport_that_panics_takes_the_503_from_nobody_else() {
        let ((written, is_written), (dropped, is_dropped)) = (channel(), channel());
        let mut overload = Overload::new(Stack::Usual, Settings::new());
        // Two panic in their write and then their drop, two in their drop after lingering.
        for written in [None, None, Some(written.clone()), Some(written)] {
            let (dropped, control) = (dropped.clone(), Interrupted::default());
            overload.add(Panicking { written, dropped, control });
            is_dropped.recv_timeout(10 * CHECK_INTERVAL).unwrap();
        }
        for _ in 0..2 {
            let octets = is_written.recv_timeout(10 * CHECK_INTERVAL).unwrap();
            assert!(octets.starts_with(b"HTTP/1.1 503 "));
        }
    }

    #[test]
    fn signals_do_not_extend_the_time_for_a_503() {
        let (start, (done, is_done)) = (Instant::now(), channel());
        thread::spawn(move || done.send(respond(&mut Interrupted::default()).is_ok()));
        assert!(!is_done.recv_timeout(10 * CHECK_INTERVAL).unwrap(), "there was no room");
        assert!(start.elapsed() < 2 * CHECK_INTERVAL, "{:?}", start.elapsed());
    }
}
