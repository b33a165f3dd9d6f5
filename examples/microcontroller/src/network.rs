//! TCP/IP by smoltcp, with connections as blocking transports.

use crate::lm3s6965::{self, Ethernet};
use core::cell::RefCell;
use core::net::SocketAddrV4;
use embedded_io::{ErrorKind, ErrorType, Read, Write};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{EthernetAddress, Ipv4Address, Ipv4Cidr};

/// The board's address in QEMU's network. A product gets one by DHCP.
const ADDRESS: Ipv4Cidr = Ipv4Cidr::new(Ipv4Address::new(10, 0, 2, 15), 24);
const HARDWARE_ADDRESS: [u8; 6] = [0x52, 0x54, 0x00, 0x12, 0x34, 0x57];

/// The timeout for the next octet, and for the lingering close.
const READ_TIMEOUT: Duration = Duration::from_secs(1);
/// The timeout of a server's connection, or of a client's request, from its beginning to its end.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(10);

/// The buffers of a socket, for octets received and to send.
pub type Buffers = [[u8; 1024]; 2];

/// TCP/IP, which its connections share.
pub struct Network<'s> {
    interface: Interface,
    chip: &'s mut Ethernet,
    sockets: SocketSet<'s>,
    /// The time since the start.
    pub now: Instant,
    /// The time at which the connection in use times out.
    end: Instant,
}

impl<'s> Network<'s> {
    /// Starts the board and its network.
    pub fn start(chip: &'s mut Ethernet, sockets: SocketSet<'s>) -> Self {
        lm3s6965::start(HARDWARE_ADDRESS);
        let mut config = Config::new(EthernetAddress(HARDWARE_ADDRESS).into());
        // A product takes it from a source of randomness.
        config.random_seed = 0x9e37_79b9_7f4a_7c15;
        let now = Instant::ZERO;
        let mut interface = Interface::new(config, chip, now);
        interface.update_ip_addrs(|addresses| _ = addresses.push(ADDRESS.into()));
        Self { interface, chip, sockets, now, end: now }
    }

    /// Adds a TCP socket.
    pub fn add(&mut self, [received, sent]: &'s mut Buffers) -> SocketHandle {
        let received = SocketBuffer::new(&mut received[..]);
        let mut socket = Socket::new(received, SocketBuffer::new(&mut sent[..]));
        // It also ends a handshake that stays incomplete.
        socket.set_timeout(Some(EXCHANGE_TIMEOUT * 3));
        self.sockets.add(socket)
    }

    /// Updates the time, and receives and sends frames.
    pub fn poll(&mut self) {
        self.now += lm3s6965::passed();
        self.interface.poll(self.now, self.chip, &mut self.sockets);
    }

    /// Begins the timeout of a connection or of a request.
    pub fn begin(&mut self) {
        self.end = self.now + EXCHANGE_TIMEOUT;
    }

    /// Listens on this socket, unless it has a connection.
    fn listen(&mut self, socket: SocketHandle) -> &mut Socket<'s> {
        let tcp = self.sockets.get_mut::<Socket<'_>>(socket);
        let _ = tcp.listen(80);
        tcp
    }
}

/// A TCP connection, as a blocking transport.
pub struct Connection<'n, 's> {
    network: &'n RefCell<Network<'s>>,
    socket: SocketHandle,
}

impl<'n, 's> Connection<'n, 's> {
    /// Returns the connection that a client has opened, if there is one, or listens for it.
    pub fn accept(network: &'n RefCell<Network<'s>>, socket: SocketHandle) -> Option<Self> {
        let mut this = network.borrow_mut();
        this.listen(socket).may_send().then_some(())?;
        this.begin();
        Some(Self { network, socket })
    }

    /// Opens a connection to a server, in place of the previous one of this socket.
    #[allow(dead_code, reason = "`minimal` has no client")]
    pub fn connect(
        network: &'n RefCell<Network<'s>>,
        socket: SocketHandle,
        server: SocketAddrV4,
    ) -> Result<Self, ErrorKind> {
        let mut this = network.borrow_mut();
        this.sockets.get_mut::<Socket<'_>>(socket).abort();
        this.poll(); // sends the reset of a previous connection
        this.begin();
        let [low, high, ..] = this.now.total_millis().to_le_bytes();
        let port = u16::from_le_bytes([low, high | 0xc0]); // one that was not in use of late
        let Network { interface, sockets, .. } = &mut *this;
        let tcp = sockets.get_mut::<Socket<'_>>(socket);
        let begun = tcp.connect(interface.context(), server, port);
        begun.map_err(|_| ErrorKind::InvalidInput)?;
        drop(this);
        let mut connection = Self { network, socket };
        let is_open = connection.wait(|socket| match socket.state() {
            State::SynSent | State::SynReceived => None,
            _ => Some(socket.may_send()),
        })?;
        is_open.then_some(connection).ok_or(ErrorKind::ConnectionRefused)
    }

    /// Runs the network until `ready` returns a result.
    fn wait<R>(
        &mut self,
        mut ready: impl FnMut(&mut Socket<'_>) -> Option<R>,
    ) -> Result<R, ErrorKind> {
        let mut network = self.network.borrow_mut();
        let silence = network.now + READ_TIMEOUT;
        loop {
            network.poll();
            let result = ready(network.sockets.get_mut(self.socket));
            if network.now > network.end || result.is_none() && network.now > silence {
                return Err(ErrorKind::TimedOut);
            } else if let Some(result) = result {
                return Ok(result);
            }
            lm3s6965::sleep();
        }
    }

    /// Closes the connection, and listens for the next one. Discards what arrives, since a reset
    /// would destroy the last response (lingering close).
    pub fn close(mut self) {
        let mut network = self.network.borrow_mut();
        network.sockets.get_mut::<Socket<'_>>(self.socket).close();
        network.end = network.now + READ_TIMEOUT;
        drop(network);
        let discard = |socket: &mut Socket<'_>| socket.recv(|octets| (octets.len(), ())).err();
        let is_over = |socket: &mut Socket<'_>| (!socket.is_active()).then_some(());
        if self.wait(discard).is_err() || self.wait(is_over).is_err() {
            let mut network = self.network.borrow_mut();
            network.sockets.get_mut::<Socket<'_>>(self.socket).abort();
            network.poll(); // sends the reset
        }
        self.network.borrow_mut().listen(self.socket);
    }
}

impl ErrorType for Connection<'_, '_> {
    type Error = ErrorKind;
}

impl Read for Connection<'_, '_> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        self.wait(|socket| match socket.recv_slice(room) {
            Ok(0) => None,
            Ok(count) => Some(count),
            Err(_) => Some(0), // the end of input
        })
    }
}

impl Write for Connection<'_, '_> {
    fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        self.wait(|socket| match socket.send_slice(octets) {
            Ok(0) => None,
            Ok(count) => Some(Ok(count)),
            Err(_) => Some(Err(ErrorKind::ConnectionReset)),
        })?
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.network.borrow_mut().poll();
        Ok(())
    }
}
