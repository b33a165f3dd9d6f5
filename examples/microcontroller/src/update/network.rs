//! A TCP connection to a server, as a blocking transport on smoltcp.

use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m::Peripherals;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use embedded_io::{ErrorKind, ErrorType, Read, Write};
use microcontroller::Lan9118;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::socket::tcp::Socket;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{EthernetAddress, Ipv4Address, Ipv4Cidr};

/// The board's address in QEMU's network. A product gets one by DHCP.
const ADDRESS: Ipv4Cidr = Ipv4Cidr::new(Ipv4Address::new(10, 0, 2, 15), 24);
const HARDWARE_ADDRESS: EthernetAddress = EthernetAddress([0x52, 0x54, 0x00, 0x12, 0x34, 0x56]);
/// The timeout for a connection, and for the next octets either way.
const SILENCE: Duration = Duration::from_secs(5);

/// TCP/IP, with one connection.
pub struct Network<'s> {
    interface: Interface,
    chip: &'s mut Lan9118,
    sockets: SocketSet<'s>,
    handle: SocketHandle,
    /// The board's port of the connection.
    port: u16,
    /// The time since the start.
    now: Instant,
}

impl<'s> Network<'s> {
    /// Starts the clock and the network chip. Returns `None` without a chip.
    pub fn start(
        mut peripherals: Peripherals,
        chip: &'s mut Lan9118,
        mut sockets: SocketSet<'s>,
        mut socket: Socket<'s>,
    ) -> Option<Self> {
        peripherals.SYST.set_clock_source(SystClkSource::Core);
        peripherals.SYST.set_reload(25_000 - 1); // 1,000 Hz
        peripherals.SYST.enable_counter();
        peripherals.SYST.enable_interrupt();
        chip.start(HARDWARE_ADDRESS)?;
        let mut config = Config::new(HARDWARE_ADDRESS.into());
        // A product takes it from a source of randomness.
        config.random_seed = 0x9e37_79b9_7f4a_7c15;
        let now = Instant::ZERO;
        let mut interface = Interface::new(config, chip, now);
        interface.update_ip_addrs(|addresses| _ = addresses.push(ADDRESS.into()));
        socket.set_ack_delay(None); // the window is small, and the server would wait
        let handle = sockets.add(socket);
        Some(Self { interface, chip, sockets, handle, port: 49_152, now })
    }

    /// Connects to a server.
    pub fn connect(&mut self, address: Ipv4Address, port: u16) -> Result<(), ErrorKind> {
        self.port = self.port.checked_add(1).unwrap_or(49_152);
        let socket = self.sockets.get_mut::<Socket<'_>>(self.handle);
        socket
            .connect(self.interface.context(), (address, port), self.port)
            .map_err(|_| ErrorKind::AddrNotAvailable)?;
        let socket = self.wait(|socket| socket.may_send() || !socket.is_open())?;
        socket.may_send().then_some(()).ok_or(ErrorKind::ConnectionRefused)
    }

    /// Ends the connection with a reset: nothing that was sent can be lost.
    pub fn close(&mut self) {
        self.socket().abort();
        self.poll();
    }

    /// Waits for this time.
    pub fn pause(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            cortex_m::asm::wfi();
            self.poll();
        }
    }

    /// Updates the time, and receives and sends frames.
    fn poll(&mut self) {
        self.now += Duration::from_millis(MILLISECONDS.swap(0, Ordering::Relaxed).into());
        self.interface.poll(self.now, self.chip, &mut self.sockets);
    }

    fn socket(&mut self) -> &mut Socket<'s> {
        self.sockets.get_mut(self.handle)
    }

    /// Runs the network until the socket is ready, and returns it.
    fn wait(&mut self, is_ready: fn(&Socket<'_>) -> bool) -> Result<&mut Socket<'s>, ErrorKind> {
        let end = self.now + SILENCE;
        loop {
            self.poll();
            if is_ready(self.socket()) {
                return Ok(self.socket());
            } else if self.now > end {
                return Err(ErrorKind::TimedOut);
            }
            cortex_m::asm::wfi();
        }
    }
}

impl ErrorType for Network<'_> {
    type Error = ErrorKind;
}

impl Read for Network<'_> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        let socket = self.wait(|socket| socket.can_recv() || !socket.may_recv())?;
        Ok(socket.recv_slice(room).unwrap_or(0)) // an error is the end of input
    }
}

impl Write for Network<'_> {
    fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        let socket = self.wait(|socket| socket.can_send() || !socket.may_send())?;
        socket.send_slice(octets).map_err(|_| ErrorKind::ConnectionReset)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.poll();
        Ok(())
    }
}

/// The milliseconds since the last poll.
static MILLISECONDS: AtomicU32 = AtomicU32::new(0);

#[exception]
fn SysTick() {
    MILLISECONDS.fetch_add(1, Ordering::Relaxed);
}
