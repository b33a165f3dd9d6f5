//! A UDP socket with timeouts, which detects truncated datagrams.

use crate::error::{Error, PeerError, Wait};
use crate::wire::link::is_passing;
use crate::wire::send_buf::OUT;
use bareline_core::error::{ParseError, ParseErrorKind, WriteError};
use bareline_core::head::LentSpans;
use bareline_core::write::RequestContext;
use bareline_core::{Method, RequestHead, ResponseHead, Status, Target, WireBuf, datagram};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant};
use std::{fmt, io};

/// A UDP socket that sends and receives datagrams of raw octets or with one HTTP message in each.
///
/// ```
/// use bareline_net::UdpPeer;
/// use std::time::Duration;
///
/// let mut server = UdpPeer::bind("127.0.0.1:0")?;
/// let mut client = UdpPeer::connect(server.local_addr()?)?;
/// client.send(b"hello")?;
///
/// let mut buffer = [0; 4];
/// let datagram = server.receive(&mut buffer)?;
/// assert_eq!((datagram.octets, datagram.cut), (&b"hell"[..], 1));
/// let from = datagram.from;
/// server.send_to(b"bye", from)?;
/// assert_eq!(client.receive_within(Duration::from_secs(5), &mut buffer)?.octets, b"bye");
/// # Ok::<(), bareline_net::Error>(())
/// ```
///
/// With a message of HTTP:
///
/// ```
/// use bareline_net::core::FieldSpans;
/// use bareline_net::{FieldName, FieldValue, Method, Target, UdpPeer};
///
/// # let mut server = UdpPeer::bind("127.0.0.1:0")?;
/// # let mut client = UdpPeer::connect(server.local_addr()?)?;
/// client.send_request_to(
///     Method::OPTIONS,
///     Target::ASTERISK,
///     server.local_addr()?,
///     |head| head.field(FieldName::HOST, FieldValue::from_static("a"))?.body(b"hello"),
/// )?;
/// let (mut buffer, mut spans) = ([0; 1024], FieldSpans::<8>::new());
/// let datagram = server.receive(&mut buffer)?;
/// let (head, body) = datagram.request(spans.lend())?;
/// assert_eq!((head.method(), body), (Method::OPTIONS, &b"hello"[..]));
/// # Ok::<(), bareline_net::Error>(())
/// ```
pub struct UdpPeer {
    socket: UdpSocket,
    /// A buffer for the largest datagram, so that the number of octets that the caller's buffer
    /// truncates is known.
    whole: Box<[u8]>,
    /// The present read timeout of the socket, if it is known.
    timeout: Option<Option<Duration>>,
}

const LARGEST: usize = 65_536;
/// The time without a response after which a datagram is first sent again.
const REPEAT_AFTER: Duration = Duration::from_millis(500);

/// A received datagram, which can be parsed as a request or a response.
///
/// ```
/// use bareline_net::UdpPeer;
///
/// let mut server = UdpPeer::bind("127.0.0.1:0")?;
/// UdpPeer::connect(server.local_addr()?)?.send(b"hello")?;
/// let mut buffer = [0; 4];
/// let datagram = server.receive(&mut buffer)?;
/// println!("from {}: {:?}", datagram.from, datagram.octets);
/// assert_eq!((datagram.octets, datagram.cut), (&b"hell"[..], 1));
/// # Ok::<(), bareline_net::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Datagram<'b> {
    /// The octets of the datagram that fit into the buffer.
    pub octets: &'b [u8],
    /// The number of octets that did not fit into the buffer.
    pub cut: usize,
    /// The address of the sender.
    pub from: SocketAddr,
}

impl<'b> Datagram<'b> {
    /// Parses the datagram as a request, and returns its head and body: see
    /// [`datagram::parse_request`].
    ///
    /// Fails with [`Error::DatagramCut`] if the datagram was truncated.
    pub fn request(&self, spans: LentSpans<'b>) -> Result<(RequestHead<'b>, &'b [u8]), Error> {
        datagram::parse_request(self.whole()?, spans)
            .map_err(|error| self.error_of(error, PeerError::Parse, Error::of_request))
    }

    /// Parses the datagram as a response to a request with `method`, and returns its head and body:
    /// see [`datagram::parse_response`].
    ///
    /// Fails with [`Error::DatagramCut`] if the datagram was truncated.
    pub fn response(
        &self,
        method: Method<'_>,
        spans: LentSpans<'b>,
    ) -> Result<(ResponseHead<'b>, &'b [u8]), Error> {
        datagram::parse_response(self.whole()?, method, spans)
            .map_err(|error| self.error_of(error, PeerError::Response, Error::of_response))
    }

    fn whole(&self) -> Result<&'b [u8], Error> {
        if self.cut > 0 { Err(Error::DatagramCut { missing: self.cut }) } else { Ok(self.octets) }
    }

    /// Returns the error of an invalid message. An incomplete one is invalid too, since a datagram
    /// has no connection that the peer could close.
    fn error_of(
        &self,
        error: ParseError,
        invalid: fn(ParseError) -> PeerError,
        of: fn(ParseError, &[u8]) -> Error,
    ) -> Error {
        match error.kind() {
            ParseErrorKind::Truncated => invalid(error).into(),
            _ => of(error, self.octets),
        }
    }
}

/// Returns the error of a message that cannot be written.
fn unsent(error: WriteError) -> Error {
    match error {
        WriteError::BufferFull => Error::TooLong { most: OUT },
        error => error.into(),
    }
}

impl UdpPeer {
    /// Binds a socket to this address. Of a name it takes the first address that can be bound.
    pub fn bind(address: impl ToSocketAddrs) -> Result<Self, Error> {
        Ok(Self::from(UdpSocket::bind(address).map_err(Error::of_address)?))
    }

    /// Connects a socket to this address: it receives datagrams from there only.
    ///
    /// Of a name it takes the first address that can be connected.
    pub fn connect(address: impl ToSocketAddrs) -> Result<Self, Error> {
        let mut tried = Vec::new();
        for address in address.to_socket_addrs().map_err(Error::of_address)? {
            let any: SocketAddr = match address {
                SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
                SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
            };
            match UdpSocket::bind(any).and_then(|socket| socket.connect(address).map(|()| socket)) {
                Ok(socket) => return Ok(Self::from(socket)),
                Err(error) => tried.push((address, error)),
            }
        }
        Err(Error::Connect { tried })
    }

    /// Returns the address on which the socket receives.
    pub fn local_addr(&self) -> Result<SocketAddr, Error> {
        Ok(self.socket.local_addr()?)
    }

    /// Returns the address to which the socket is connected.
    pub fn peer_addr(&self) -> Result<SocketAddr, Error> {
        Ok(self.socket.peer_addr()?)
    }

    /// Sends a datagram to the address to which the socket is connected.
    pub fn send(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.socket.send(octets)?;
        Ok(())
    }

    /// Sends a datagram to this address.
    pub fn send_to(&mut self, octets: &[u8], to: SocketAddr) -> Result<(), Error> {
        self.socket.send_to(octets, to)?;
        Ok(())
    }

    /// Sends a request in a datagram to this address; `write` writes its fields and body.
    ///
    /// Fails with [`Error::TooLong`] if the datagram is longer than 8,192 octets.
    pub fn send_request_to(
        &mut self,
        method: Method<'_>,
        target: Target<'_>,
        to: SocketAddr,
        write: impl FnOnce(datagram::RequestHeadWriter<'_>) -> Result<(), WriteError>,
    ) -> Result<(), Error> {
        let mut out = WireBuf::<OUT>::new();
        datagram::write_request(method, target, &mut out).and_then(write).map_err(unsent)?;
        self.send_message(&out, to)
    }

    /// Sends a response in a datagram to this address; `write` writes its fields and body.
    ///
    /// Fails with [`Error::TooLong`] if the datagram is longer than 8,192 octets.
    pub fn send_response_to(
        &mut self,
        context: RequestContext,
        status: Status,
        to: SocketAddr,
        write: impl FnOnce(datagram::ResponseHeadWriter<'_>) -> Result<(), WriteError>,
    ) -> Result<(), Error> {
        let mut out = WireBuf::<OUT>::new();
        datagram::write_response(context, status, &mut out).and_then(write).map_err(unsent)?;
        self.send_message(&out, to)
    }

    fn send_message(&mut self, out: &WireBuf<OUT>, to: SocketAddr) -> Result<(), Error> {
        match out.as_bytes() {
            // `write` has not ended the head.
            [] => Err(WriteError::HeadNotEnded.into()),
            octets => self.send_to(octets, to),
        }
    }

    /// Waits for a datagram without a timeout, as a server does.
    pub fn receive<'b>(&mut self, buffer: &'b mut [u8]) -> Result<Datagram<'b>, Error> {
        self.set_timeout(None)?;
        loop {
            match self.receive_whole() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                received => return Ok(received.map(|(len, from)| self.kept(len, from, buffer))?),
            }
        }
    }

    /// Waits for a datagram until the timeout, even if signals interrupt the wait.
    ///
    /// Fails with [`PeerError::TimedOut`] when it times out.
    pub fn receive_within<'b>(
        &mut self,
        timeout: Duration,
        buffer: &'b mut [u8],
    ) -> Result<Datagram<'b>, Error> {
        let (start, mut left) = (Instant::now(), timeout);
        loop {
            self.set_timeout(Some(left.max(Duration::from_millis(1))))?;
            let received = self.receive_whole();
            left = timeout.saturating_sub(start.elapsed());
            match received {
                Ok((len, from)) => return Ok(self.kept(len, from, buffer)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted && !left.is_zero() => {}
                Err(error) if is_passing(&error) => {
                    return Err(PeerError::TimedOut { wait: Wait::Datagram, after: timeout }.into());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends a datagram to the address to which the socket is connected, and waits for a response.
    ///
    /// Datagrams may be lost. Without a response the datagram is sent again with exponential
    /// back-off: after half a second [RFC 8489 section 6.2.1], then one second, two seconds, and so
    /// on. So the peer may receive the datagram several times. `timeout` limits the entire call.
    ///
    /// `is_response` returns whether these octets respond to the datagram. Other datagrams, such as
    /// a second response to the datagram before, are ignored.
    ///
    /// Fails with [`PeerError::TimedOut`] when it times out, and at once with [`Error::Io`] when
    /// the system reports that no socket receives at the address.
    #[doc(alias = "retransmission")]
    pub fn request<'b>(
        &mut self,
        octets: &[u8],
        timeout: Duration,
        buffer: &'b mut [u8],
        mut is_response: impl FnMut(&[u8]) -> bool,
    ) -> Result<Datagram<'b>, Error> {
        let (start, mut interval) = (Instant::now(), REPEAT_AFTER);
        let mut repeat_at = Duration::ZERO;
        loop {
            let waited = start.elapsed();
            if waited >= timeout {
                return Err(PeerError::TimedOut { wait: Wait::Datagram, after: timeout }.into());
            }
            if waited >= repeat_at {
                self.send(octets)?;
                repeat_at = waited.saturating_add(interval);
                interval = interval.saturating_mul(2);
            }
            let wait = repeat_at.min(timeout).saturating_sub(waited).max(Duration::from_millis(1));
            self.set_timeout(Some(wait))?;
            match self.receive_whole() {
                Ok((len, from)) if is_response(self.whole.get(..len).unwrap_or_default()) => {
                    return Ok(self.kept(len, from, buffer));
                }
                Ok(_) => {}
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sets the read timeout of the socket, unless the socket has it already.
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        if self.timeout != Some(timeout) {
            self.socket.set_read_timeout(timeout)?;
            self.timeout = Some(timeout);
        }
        Ok(())
    }

    /// Receives a datagram into the large buffer, in one try. Returns its length and sender.
    fn receive_whole(&mut self) -> io::Result<(usize, SocketAddr)> {
        self.socket.recv_from(&mut self.whole)
    }

    /// Copies the received datagram to the caller's buffer, which may truncate it.
    fn kept<'b>(&self, len: usize, from: SocketAddr, buffer: &'b mut [u8]) -> Datagram<'b> {
        let kept = len.min(buffer.len());
        let octets = buffer.get_mut(..kept).unwrap_or_default();
        octets.copy_from_slice(self.whole.get(..kept).unwrap_or_default());
        Datagram { octets, cut: len.saturating_sub(kept), from }
    }
}

/// Wraps a socket whose options are set, such as one that has joined a multicast group.
impl From<UdpSocket> for UdpPeer {
    fn from(socket: UdpSocket) -> Self {
        Self { socket, whole: vec![0; LARGEST].into_boxed_slice(), timeout: None }
    }
}

impl fmt::Debug for UdpPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}
