//! The UDP services: the tutorial's server, and discovery by SSDP.

use bareline_core::{FieldName, FieldSpans, datagram};
use smoltcp::socket::udp::Socket;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::Ipv4Address;

/// The port of the tutorial's server.
pub const RESPONSE_PORT: u16 = 8080;
/// The port of SSDP [UPnP Device Architecture 2.0, section 1.2].
pub const SSDP_PORT: u16 = 1900;
/// The multicast group of SSDP.
pub const SSDP_GROUP: Ipv4Address = Ipv4Address::new(239, 255, 255, 250);

const FIELDS: usize = 16;

/// The response to a search for a target. The page is at [`ADDRESS`](crate::ADDRESS).
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

/// The timeout for sending a response. Without an ARP reply or a route, it would block the queue
/// for ever.
const PATIENCE: Duration = Duration::from_secs(2);

/// A UDP port with responses to send.
pub struct Port {
    number: u16,
    /// The last time at which the send queue was empty.
    since: Instant,
}

impl Port {
    /// Returns the port with this number.
    pub const fn new(number: u16) -> Self {
        Self { number, since: Instant::ZERO }
    }

    /// Opens the socket if it is closed, and drops responses that have timed out.
    pub fn keep_open(&mut self, socket: &mut Socket<'_>, now: Instant) {
        if socket.send_queue() == 0 {
            self.since = now;
        } else if now - self.since > PATIENCE {
            socket.close();
        }
        if !socket.is_open() {
            let _ = socket.bind(self.number); // fails only for port 0 or an open socket
        }
    }
}

/// Responds to every datagram as the tutorial's server does.
pub fn respond(socket: &mut Socket<'_>) {
    while socket.can_send()
        && let Ok((_, from)) = socket.recv()
    {
        let _ = socket.send_slice(b"udp server", from.endpoint);
    }
}

/// Responds to searches for this device. Other datagrams are dropped without an error response,
/// since a source address may be forged.
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

/// Returns the response to a search for this device, one of two constants.
///
/// `datagram::write_response` writes a response that depends on the request.
fn found(octets: &[u8]) -> Option<&'static str> {
    let mut spans = FieldSpans::<FIELDS>::new();
    let (head, _) = datagram::parse_request(octets, spans.lend()).ok()?;
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
