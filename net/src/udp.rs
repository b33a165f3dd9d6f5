//! A UDP socket with deadlines, that tells when a datagram was cut.

use crate::deadline::is_passing;
use crate::error::{Error, PeerError, Wait};
use crate::wire::OUT;
use bareline_core::{
    HeadWriter, LentSpans, Method, ParseError, ParseErrorKind, RequestContext, RequestHead,
    ResponseHead, Status, Target, WireBuf, WriteError, datagram,
};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant};
use std::{fmt, io};

/// A UDP socket: sends and receives datagrams, of raw octets or with a message of HTTP in each.
///
/// ```
/// use bareline_core::{FieldName, FieldSpans, FieldValue, Method, Target};
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
///
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
    /// As large as a datagram can be, so that it is known how much of one a smaller buffer cuts
    /// off.
    whole: Box<[u8]>,
    /// The timeout that the socket has now, where that is known.
    timeout: Option<Option<Duration>>,
}

const LARGEST: usize = 65_536;
/// When a datagram that is not answered is sent again, for the first time.
const REPEAT_AFTER: Duration = Duration::from_millis(500);

/// A datagram that has been received; as a message, where it is one, it is read from here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Datagram<'b> {
    /// What it carried, as far as the buffer holds it.
    pub octets: &'b [u8],
    /// How many octets more it had than the buffer.
    pub cut: usize,
    /// Who sent it.
    pub from: SocketAddr,
}

impl<'b> Datagram<'b> {
    /// The request that it is, and its body: see [`datagram::request`]. One that was cut is
    /// [`Error::DatagramCut`].
    pub fn request(&self, spans: LentSpans<'b>) -> Result<(RequestHead<'b>, &'b [u8]), Error> {
        datagram::request(self.whole()?, spans)
            .map_err(|error| self.fault(error, PeerError::Parse, Error::of_request))
    }

    /// The response that it is, to a request with `method`, and its body: see
    /// [`datagram::response`]. One that was cut is [`Error::DatagramCut`].
    pub fn response(
        &self,
        method: Method<'_>,
        spans: LentSpans<'b>,
    ) -> Result<(ResponseHead<'b>, &'b [u8]), Error> {
        datagram::response(self.whole()?, method, spans)
            .map_err(|error| self.fault(error, PeerError::Response, Error::of_response))
    }

    fn whole(&self) -> Result<&'b [u8], Error> {
        if self.cut > 0 { Err(Error::DatagramCut { missing: self.cut }) } else { Ok(self.octets) }
    }

    /// The fault of the message. A datagram has no connection that could be closed too soon.
    fn fault(
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

/// Why a message cannot be sent.
fn unsent(error: WriteError) -> Error {
    match error {
        WriteError::BufferFull => Error::TooLong { most: OUT },
        error => error.into(),
    }
}

impl UdpPeer {
    /// A socket that receives on this address: the first that can be had, if it is a name.
    pub fn bind(address: impl ToSocketAddrs) -> Result<Self, Error> {
        Ok(Self::from(UdpSocket::bind(address).map_err(Error::of_address)?))
    }

    /// A socket that sends to this address and receives from it alone: the first that can be had,
    /// if it is a name.
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

    /// The address on which it receives.
    pub fn local_addr(&self) -> Result<SocketAddr, Error> {
        Ok(self.socket.local_addr()?)
    }

    /// The address to which it is connected.
    pub fn peer_addr(&self) -> Result<SocketAddr, Error> {
        Ok(self.socket.peer_addr()?)
    }

    /// Sends a datagram to the address to which it is connected.
    pub fn send(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.socket.send(octets)?;
        Ok(())
    }

    /// Sends a datagram to this address.
    pub fn send_to(&mut self, octets: &[u8], to: SocketAddr) -> Result<(), Error> {
        self.socket.send_to(octets, to)?;
        Ok(())
    }

    /// Sends a datagram that is a request, whose head and body `write` makes, to this address. It
    /// has at most 8,192 octets; a longer one is [`Error::TooLong`].
    pub fn send_request_to(
        &mut self,
        method: Method<'_>,
        target: Target<'_>,
        to: SocketAddr,
        write: impl FnOnce(HeadWriter<'_, datagram::Whole>) -> Result<(), WriteError>,
    ) -> Result<(), Error> {
        let mut out = WireBuf::<OUT>::new();
        datagram::write_request(&mut out, method, target).and_then(write).map_err(unsent)?;
        self.send_message(&out, to)
    }

    /// Sends a datagram that is a response, whose head and body `write` makes, to this address. It
    /// has at most 8,192 octets; a longer one is [`Error::TooLong`].
    pub fn send_response_to(
        &mut self,
        context: RequestContext,
        status: Status,
        to: SocketAddr,
        write: impl FnOnce(HeadWriter<'_, datagram::Whole>) -> Result<(), WriteError>,
    ) -> Result<(), Error> {
        let mut out = WireBuf::<OUT>::new();
        datagram::write_response(&mut out, context, status).and_then(write).map_err(unsent)?;
        self.send_message(&out, to)
    }

    fn send_message(&mut self, out: &WireBuf<OUT>, to: SocketAddr) -> Result<(), Error> {
        match out.as_bytes() {
            // What was to write the head has not ended it.
            [] => Err(WriteError::OutOfTurn.into()),
            octets => self.send_to(octets, to),
        }
    }

    /// Waits for a datagram, without end: what a server does between its clients.
    pub fn receive<'b>(&mut self, buffer: &'b mut [u8]) -> Result<Datagram<'b>, Error> {
        self.set_timeout(None)?;
        loop {
            match self.receive_whole() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                received => return Ok(received.map(|(len, from)| self.kept(len, from, buffer))?),
            }
        }
    }

    /// Waits for a datagram so long and no longer, whatever signals interrupt the wait.
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
                    return Err(PeerError::TooSlow { wait: Wait::Datagram, after: timeout }.into());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends a datagram to the address to which it is connected, and waits for one that is its
    /// answer.
    ///
    /// Datagrams are lost. When none has come for half a second, as over the internet it may take
    /// [RFC 8489 section 6.2.1], the same is sent again, then after a second, after two, and so
    /// on, until the timeout, which is for all of it; so whoever answers may see it several
    /// times. `is_response` tells from the octets whether a datagram answers this one: what else
    /// comes, such as a second answer to the datagram before, is passed over.
    ///
    /// Fails with [`PeerError::TooSlow`] when the timeout is over, and at once when the system
    /// says that nobody receives there.
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
                return Err(PeerError::TooSlow { wait: Wait::Datagram, after: timeout }.into());
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

    /// Has the socket wait so long, without asking the system for what is so already.
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        if self.timeout != Some(timeout) {
            self.socket.set_read_timeout(timeout)?;
            self.timeout = Some(timeout);
        }
        Ok(())
    }

    /// Receives a datagram whole, in one try: its length, and who sent it.
    fn receive_whole(&mut self) -> io::Result<(usize, SocketAddr)> {
        self.socket.recv_from(&mut self.whole)
    }

    /// What has been received whole, as far as the buffer holds it.
    fn kept<'b>(&self, len: usize, from: SocketAddr, buffer: &'b mut [u8]) -> Datagram<'b> {
        let kept = len.min(buffer.len());
        let octets = buffer.get_mut(..kept).unwrap_or_default();
        octets.copy_from_slice(self.whole.get(..kept).unwrap_or_default());
        Datagram { octets, cut: len.saturating_sub(kept), from }
    }
}

/// On a socket whose options have been set: one that has joined a multicast group, for example.
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
