//! A transport of unit tests, whose waits take no time: they move its clock.

use crate::server::notice::{Membership, Notice};
use crate::server::stream::{Accepted, ServerStream};
use crate::settings::Settings;
use crate::wire::transport::{Control, Transport};
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A peer that sends some octets, and then nothing more.
#[derive(Default)]
pub(crate) struct Silent {
    says: &'static [u8],
    is_nonblocking: bool,
    timeout: Duration,
    /// Milliseconds since the start.
    clock: Arc<AtomicU64>,
    /// A change of the server's state, and its time in milliseconds.
    change: Option<(u64, Box<dyn Fn() + Send>)>,
}

impl Silent {
    /// Returns a handle to the clock, in milliseconds.
    pub(crate) fn clock(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.clock)
    }

    /// Serves a peer that says this, on a server whose state changes at this time in milliseconds.
    /// Returns the time of the close.
    pub(crate) fn serve(says: &'static [u8], at: u64, change: fn(&Notice)) -> u64 {
        let (mut peer, notice) = (Self { says, ..Self::default() }, Arc::new(Notice::default()));
        let (clock, changed) = (peer.clock(), Arc::clone(&notice));
        peer.change = Some((at, Box::new(move || change(&changed))));
        let membership = Some(Membership::new(notice, 100));
        let accepted = Accepted { stream: peer, peer: None };
        let mut stream = ServerStream::of(accepted, Arc::new(Settings::new()), membership);
        let _ = stream.next_request();
        drop(stream);
        clock.load(Relaxed)
    }

    fn wait(&mut self) -> io::Result<usize> {
        if self.is_nonblocking {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let waited = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        let now = self.clock.fetch_add(waited, Relaxed).saturating_add(waited);
        assert!(now < 3_600_000, "a wait without an end");
        if let Some((_, change)) = self.change.take_if(|(at, _)| *at <= now) {
            change();
        }
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl Read for Silent {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.says.read(buffer)? {
            0 => self.wait(),
            count => Ok(count),
        }
    }
}

impl Write for Silent {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Silent {
    fn control(&mut self) -> &mut dyn Control {
        self
    }
}

impl Control for Silent {
    fn now(&self) -> Instant {
        *START + Duration::from_millis(self.clock.load(Relaxed))
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.timeout = timeout.unwrap_or(Duration::MAX);
        Ok(())
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(timeout)
    }

    fn set_blocking(&mut self) -> io::Result<()> {
        self.is_nonblocking = false;
        Ok(())
    }

    fn set_nonblocking(&mut self) -> io::Result<()> {
        self.is_nonblocking = true;
        Ok(())
    }

    fn close_write(&mut self) -> io::Result<()> {
        Ok(())
    }
}
