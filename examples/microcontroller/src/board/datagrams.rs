//! What comes over UDP: the article's server, and discovery by SSDP.

use bareline_core::{FieldName, FieldSpans, FieldValue, WireBuf, WriteError, datagram};
use smoltcp::socket::udp::Socket;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::Ipv4Address;

/// Where every datagram is answered alike.
pub const ANSWER_PORT: u16 = 8080;
/// Where discovery asks, and to which group [UPnP Device Architecture 2.0, section 1.2].
pub const SSDP_PORT: u16 = 1900;
pub const SSDP_GROUP: Ipv4Address = Ipv4Address::new(239, 255, 255, 250);

/// The longest answer to a search.
const WIRE: usize = 320;
const FIELDS: usize = 16;

const ALL: FieldValue = FieldValue::from_static("ssdp:all");
const ROOT: FieldValue = FieldValue::from_static("upnp:rootdevice");
const DEVICE: FieldValue = FieldValue::from_static("urn:bareline:device:board:1");
const ROOT_USN: FieldValue = FieldValue::from_static("uuid:8f0e3f5c-7a7e-4d0a-9d55-626f61726430::upnp:rootdevice");
const DEVICE_USN: FieldValue = FieldValue::from_static("uuid:8f0e3f5c-7a7e-4d0a-9d55-626f61726430::urn:bareline:device:board:1");
/// Where the page is: at [`ADDRESS`](crate::ADDRESS).
const PAGE: FieldValue = FieldValue::from_static("http://10.0.2.15/");
const DISCOVER: FieldValue = FieldValue::from_static("\"ssdp:discover\"");

/// How long an answer may wait to be sent: to a neighbour that does not say where it is, or without a way there, it would wait for ever, and
/// all others behind it.
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
pub fn answer(socket: &mut Socket<'_>) {
    while socket.can_send()
        && let Ok((_, from)) = socket.recv()
    {
        let _ = socket.send_slice(b"udp server", from.endpoint);
    }
}

/// Answers who searches for what this is. All else is passed over: where a datagram comes from is for the sender to say, and may be a lie.
#[inline(never)] // as Connection::serve
pub fn tell(socket: &mut Socket<'_>) {
    while socket.can_send()
        && let Ok((octets, from)) = socket.recv()
    {
        let mut out = WireBuf::<WIRE>::new();
        if let Ok(true) = found(octets, &mut out) {
            let _ = socket.send_slice(out.as_bytes(), from.endpoint);
        }
    }
}

/// Writes the answer to this datagram, if it is a search for what this is. An error is an answer without room, and a fault of this program.
fn found(octets: &[u8], out: &mut WireBuf<WIRE>) -> Result<bool, WriteError> {
    let mut spans = FieldSpans::<FIELDS>::new();
    let Ok((head, _)) = datagram::request(octets, spans.lend()) else { return Ok(false) };
    let is = |name, value: FieldValue<'_>| head.fields().only(FieldName::from_static(name)) == Ok(Some(value));
    if head.method().as_bytes() != b"M-SEARCH" || !is("MAN", DISCOVER) {
        return Ok(false);
    }
    let (target, name) = match () {
        () if is("ST", ROOT) => (ROOT, ROOT_USN),
        () if is("ST", ALL) || is("ST", DEVICE) => (DEVICE, DEVICE_USN),
        () => return Ok(false),
    };
    out.response(head.reply_to(), bareline_core::Status::OK)?
        .fields(&[
            (FieldName::from_static("CACHE-CONTROL"), FieldValue::from_static("max-age=1800")),
            (FieldName::from_static("EXT"), FieldValue::from_static("")),
            (FieldName::from_static("LOCATION"), PAGE),
            (FieldName::from_static("ST"), target),
            (FieldName::from_static("USN"), name),
        ])?
        .without_body()?;
    Ok(true)
}
