//! What comes over UDP: the article's server, and discovery by SSDP.

use bareline_core::{FieldName, FieldSpans, datagram};
use smoltcp::socket::udp::Socket;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::Ipv4Address;

/// Where every datagram is answered alike.
pub const RESPONSE_PORT: u16 = 8080;
/// Where discovery asks, and to which group [UPnP Device Architecture 2.0, section 1.2].
pub const SSDP_PORT: u16 = 1900;
pub const SSDP_GROUP: Ipv4Address = Ipv4Address::new(239, 255, 255, 250);

const FIELDS: usize = 16;

/// The answer to a search for this. Its page is at [`ADDRESS`](crate::ADDRESS).
macro_rules! response {
    ($target:literal) => {
        concat!(
            "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT: \r\n",
            "LOCATION: http://10.0.2.15/\r\nST: ",
            $target,
            "\r\nUSN: uuid:8f0e3f5c-7a7e-4d0a-9d55-626f61726430::",
            $target,
            "\r\n\r\n"
        )
    };
}

/// How long an answer may wait to be sent: to a neighbour that does not say where it is, or without
/// a way there, it would wait for ever, and all others behind it.
const PATIENCE: Duration = Duration::from_secs(2);

/// A port at which datagrams are answered.
pub struct Port {
    number: u16,
    /// When no answer waited to be sent.
    since: Instant,
}

impl Port {
    /// The port with this number.
    pub const fn new(number: u16) -> Self {
        Self { number, since: Instant::ZERO }
    }

    /// Opens the socket where it is not open, and gives up what has waited for too long.
    pub fn keep_open(&mut self, socket: &mut Socket<'_>, now: Instant) {
        if socket.send_queue() == 0 {
            self.since = now;
        } else if now - self.since > PATIENCE {
            socket.close();
        }
        if !socket.is_open() {
            let _ = socket.bind(self.number); // it fails for port 0 and open sockets alone
        }
    }
}

/// Answers every datagram as the article's server does.
pub fn respond(socket: &mut Socket<'_>) {
    while socket.can_send()
        && let Ok((_, from)) = socket.recv()
    {
        let _ = socket.send_slice(b"udp server", from.endpoint);
    }
}

/// Answers who searches for what this is. All else is passed over: where a datagram comes from is
/// for the sender to say, and may be a lie.
#[inline(never)] // as Connection::serve
pub fn tell(socket: &mut Socket<'_>) {
    while socket.can_send()
        && let Ok((octets, from)) = socket.recv()
    {
        if let Some(response) = found(octets) {
            let _ = socket.send_slice(response.as_bytes(), from.endpoint);
        }
    }
}

/// Returns the response to this datagram, if it is a search for what this is. There are two, and
/// both are constant; `datagram::write_response` writes one that depends on the request.
fn found(octets: &[u8]) -> Option<&'static str> {
    let mut spans = FieldSpans::<FIELDS>::new();
    let (head, _) = datagram::request(octets, spans.lend()).ok()?;
    let value =
        |name| head.fields().only(FieldName::from_static(name)).ok()?.map(|value| value.as_bytes());
    if head.method().as_bytes() != b"M-SEARCH" || value("MAN")? != b"\"ssdp:discover\"" {
        return None;
    }
    match value("ST")? {
        b"upnp:rootdevice" => Some(response!("upnp:rootdevice")),
        b"urn:bareline:device:board:1" | b"ssdp:all" => {
            Some(response!("urn:bareline:device:board:1"))
        }
        _ => None,
    }
}
