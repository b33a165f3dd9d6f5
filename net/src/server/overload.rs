//! The 503s for connections beyond the limit.

use crate::error::Error;
use crate::server::date::Date;
use crate::server::panics;
use crate::server::stack::Stack;
use crate::server::wire::ServerWire;
use crate::settings::Settings;
use crate::wire::Buffers;
use crate::wire::link::CHECK_INTERVAL;
use crate::wire::transport::Transport;
use bareline_core::{FieldName, FieldValue, Status};
use std::collections::VecDeque;
use std::mem;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// The most connections that wait for their 503, and the most that linger after it.
const KEPT: usize = 256;
/// The interval at which the octets of lingering connections are discarded.
const TICK: Duration = Duration::from_millis(100);

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
        Self { sender: None, stack, settings: settings.write_timeout(CHECK_INTERVAL) }
    }

    /// Queues a connection for a 503. Closes it when the queue is full or the thread cannot start.
    pub(crate) fn add(&mut self, stream: S) {
        if self.sender.is_none() {
            let (sender, receiver) = sync_channel(KEPT);
            let settings = self.settings;
            if self.stack.builder().spawn(move || respond_to_all(&receiver, settings)).is_ok() {
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
fn respond_to_all<S: Transport>(streams: &Receiver<S>, settings: Settings) {
    let (mut lingering, mut buffers) = (VecDeque::<Lingering<S>>::new(), Buffers::new(&settings));
    let (mut is_open, mut swept) = (true, Instant::now());
    while is_open || !lingering.is_empty() {
        match streams.recv_timeout(if lingering.is_empty() { Duration::MAX } else { TICK }) {
            Ok(stream) => {
                let mut one = Lingering::new(stream, settings);
                // The transport may panic, also when it is dropped.
                match panics::catch(|| one.respond(&mut buffers)) {
                    Ok(()) => lingering.push_back(one),
                    Err(_) => panics::discard(one),
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
                if may_linger && panics::catch(|| one.lingers(&mut buffers)).unwrap_or(false) {
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

/// A connection that gets its 503 and then lingers.
struct Lingering<S> {
    wire: ServerWire<S>,
    /// The time when the lingering began.
    since: Instant,
}

impl<S: Transport> Lingering<S> {
    fn new(stream: S, settings: Settings) -> Self {
        Self { wire: ServerWire::of(stream, settings, None), since: Instant::now() }
    }

    /// Sends a 503 through these buffers.
    fn respond(&mut self, buffers: &mut Buffers) {
        self.wire.prepare();
        self.wire.swap_buffers(buffers);
        // The buffers know how long the connection before has waited.
        self.wire.next_message();
        // A peer that is gone needs no response.
        let _ = respond(&mut self.wire);
        self.wire.swap_buffers(buffers);
        self.lingers(buffers);
    }

    /// Discards what has arrived, without waiting. Returns whether the connection lingers on.
    fn lingers(&mut self, buffers: &mut Buffers) -> bool {
        self.wire.swap_buffers(buffers);
        let lingers = self.wire.poll_linger();
        self.wire.swap_buffers(buffers);
        lingers
    }
}

fn respond<S: Transport>(wire: &mut ServerWire<S>) -> Result<(), Error> {
    let (status, date) = (Status::SERVICE_UNAVAILABLE, Some(Date::now()));
    let retry = [(FieldName::RETRY_AFTER, FieldValue::from_static("1"))];
    wire.write_rejection(status, &date, &retry, "too many connections\n")?;
    wire.flush()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

    use super::{
        Buffers, CHECK_INTERVAL, Lingering, Overload, ServerWire, Settings, Stack, respond,
    };
    use crate::server::silent::Silent;
    use crate::wire::transport::{Control, Transport};
    use std::io::{self, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::Ordering::Relaxed;
    use std::sync::mpsc::{Sender, channel};
    use std::thread;
    use std::time::{Duration, Instant};

    /// A transport that panics when it is dropped, and in its writes unless a test waits for those.
    struct Panicking {
        written: Option<Sender<Vec<u8>>>,
        dropped: Sender<()>,
        control: Silent,
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
            let (dropped, control) = (dropped.clone(), Silent::deaf());
            overload.add(Panicking { written, dropped, control });
            is_dropped.recv_timeout(10 * CHECK_INTERVAL).unwrap();
        }
        for _ in 0..2 {
            let octets = is_written.recv_timeout(10 * CHECK_INTERVAL).unwrap();
            assert!(octets.starts_with(b"HTTP/1.1 503 "));
        }
    }

    #[test]
    fn each_connection_has_its_own_time_for_a_503() {
        let settings = Settings::new().write_timeout(CHECK_INTERVAL);
        let mut buffers = Buffers::new(&settings);
        for stall in [900, 0, 900] {
            let peer = Silent::slow(stall);
            let clock = peer.clock();
            let mut one = Lingering::new(peer, settings);
            one.respond(&mut buffers);
            // A wait that expires ends earlier.
            assert_eq!(clock.load(Relaxed), stall);
        }
    }

    #[test]
    fn signals_do_not_extend_the_time_for_a_503() {
        let (peer, settings) = (Silent::deaf(), Settings::new().write_timeout(CHECK_INTERVAL));
        let clock = peer.clock();
        let mut wire = ServerWire::of(peer, settings, None);
        assert!(respond(&mut wire).is_err(), "there was no room");
        assert!((1000..1010).contains(&clock.load(Relaxed)), "{clock:?}");
    }
}
