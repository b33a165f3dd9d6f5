//! HTTP over UDP: discovers or announces devices by SSDP, as in UPnP, over IPv4 and IPv6 multicast
//! or from one socket to another.

use bareline_net::core::FieldSpans;
use bareline_net::core::error::WriteError;
use bareline_net::core::head::Fields;
use bareline_net::core::value::dump;
use bareline_net::core::write::{HeadSink, HeadWriter, RequestContext};
use bareline_net::{
    Error, FieldName, FieldValue, Method, PeerError, Status, Target, UdpPeer, Wait,
};
use clap::{Parser, ValueEnum};
use if_addrs::Interface;
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

/// Discovers or announces devices on the network by SSDP.
#[derive(Parser)]
struct Arguments {
    /// `search` prints the devices that respond within three seconds; `serve` announces a device
    /// and responds to searches, until Ctrl-C.
    #[arg(value_enum, default_value = "search")]
    task: Task,
    /// The address of the network interface. By default: the system's choice for IPv4, and the
    /// first interface for IPv6.
    #[arg(long, value_name = "ADDR", conflicts_with = "to")]
    interface: Option<IpAddr>,
    /// Send to this address (`search`) or receive on it (`serve`) instead of the multicast groups,
    /// to test on one machine.
    #[arg(long, value_name = "ADDR")]
    to: Option<SocketAddr>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Task {
    Search,
    Serve,
}

/// The destination of searches and announcements.
#[derive(Clone, Copy)]
enum Place {
    /// The multicast group over an interface: its address for IPv4, its index for IPv6.
    GroupV4(Ipv4Addr),
    GroupV6(u32),
    /// One socket.
    One(SocketAddr),
}

const PORT: u16 = 1900;
const GROUP_V4: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xc);
/// The time that a search lasts; devices have a second to respond (`MX: 1`).
const TIMEOUT: Duration = Duration::from_secs(3);

const DEVICE: FieldValue = FieldValue::from_static("urn:bareline:device:example:1");
const USN: FieldValue = FieldValue::from_static(
    "uuid:8f0e3f5c-7a7e-4d0a-9d55-6261726c696e::urn:bareline:device:example:1",
);
const SERVER: FieldValue = FieldValue::from_static(concat!("bareline/", env!("CARGO_PKG_VERSION")));
const ST: FieldName = FieldName::from_static("ST");
const NT: FieldName = FieldName::from_static("NT");
const NTS: FieldName = FieldName::from_static("NTS");

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = places(&arguments).and_then(|places| match arguments.task {
        Task::Search => search(&places),
        Task::Serve => serve(&places),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(error);
            ExitCode::FAILURE
        }
    }
}

fn tell(error: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "ssdp: {error}");
}

fn places(arguments: &Arguments) -> Result<Vec<Place>, Error> {
    Ok(match (arguments.to, arguments.interface) {
        (Some(to), _) => vec![Place::One(to)],
        (None, Some(IpAddr::V4(address))) => vec![Place::GroupV4(address)],
        (None, Some(address)) => {
            let number = interface(|interface| interface.ip() == address)?;
            let number = number.ok_or_else(|| {
                io::Error::other(format!("no network interface has the address {address}"))
            })?;
            vec![Place::GroupV6(number)]
        }
        (None, None) => {
            let first =
                interface(|interface| interface.ip().is_ipv6() && !interface.is_loopback())?;
            [Place::GroupV4(Ipv4Addr::UNSPECIFIED)]
                .into_iter()
                .chain(first.map(Place::GroupV6))
                .collect()
        }
    })
}

/// Returns the index of the first interface that matches.
fn interface(is_such: impl Fn(&Interface) -> bool) -> io::Result<Option<u32>> {
    Ok(if_addrs::get_if_addrs()?
        .iter()
        .find(|interface| is_such(interface))
        .and_then(|interface| interface.index))
}

impl Place {
    fn address(self) -> SocketAddr {
        match self {
            Self::GroupV4(_) => (GROUP_V4, PORT).into(),
            Self::GroupV6(interface) => SocketAddrV6::new(GROUP_V6, PORT, 0, interface).into(),
            Self::One(address) => address,
        }
    }

    /// Returns a socket that sends to this destination (`search`) or receives on it (`serve`).
    fn socket(self, task: Task) -> io::Result<UdpPeer> {
        let socket =
            Socket::new(Domain::for_address(self.address()), Type::DGRAM, Some(Protocol::UDP))?;
        let is_receiver = matches!(task, Task::Serve);
        // Other programs on this machine may listen on the groups too.
        socket.set_reuse_address(is_receiver && !matches!(self, Self::One(_)))?;
        let port = if is_receiver { PORT } else { 0 };
        match self {
            Self::GroupV4(interface) => {
                socket.set_multicast_if_v4(&interface)?;
                socket.set_multicast_ttl_v4(2)?;
                socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
                socket.join_multicast_v4(&GROUP_V4, &interface)?;
            }
            Self::GroupV6(interface) => {
                socket.set_only_v6(true)?;
                socket.set_multicast_if_v6(interface)?;
                socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)).into())?;
                socket.join_multicast_v6(&GROUP_V6, interface)?;
            }
            Self::One(address) if is_receiver => socket.bind(&address.into())?,
            Self::One(SocketAddr::V4(_)) => {
                socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into())?
            }
            Self::One(SocketAddr::V6(_)) => {
                socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)).into())?
            }
        }
        Ok(UdpSocket::from(socket).into())
    }
}

/// Runs the task for each destination in its own thread, and returns the results.
///
/// Fails if the task failed everywhere; otherwise errors are only printed.
fn at_each<T: Send + 'static>(
    places: &[Place],
    task: fn(Place) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let threads: Vec<_> = places.iter().map(|&place| thread::spawn(move || task(place))).collect();
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for thread in threads {
        match thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)) {
            Ok(result) => done.push(result),
            Err(error) => failed.push(error),
        }
    }
    let last = if done.is_empty() { failed.pop() } else { None };
    failed.into_iter().for_each(tell);
    last.map_or(Ok(done), Err)
}

fn host(place: Place) -> String {
    match place {
        Place::GroupV6(_) => format!("[{GROUP_V6}]:{PORT}"),
        _ => place.address().to_string(),
    }
}

/// Searches for devices, and prints a line for each response: its address, type and location.
fn search(places: &[Place]) -> Result<(), Error> {
    let found = at_each(places, |place| {
        let mut peer = place.socket(Task::Search)?;
        let (method, host) = (Method::new("M-SEARCH")?, host(place));
        peer.send_request_to(method, Target::ASTERISK, place.address(), |head| {
            head.field(FieldName::HOST, FieldValue::new(&host)?)?
                .field(FieldName::from_static("MAN"), FieldValue::from_static("\"ssdp:discover\""))?
                .field(FieldName::from_static("MX"), FieldValue::from_static("1"))?
                .field(ST, FieldValue::from_static("ssdp:all"))?
                .without_body()
        })?;
        let (end, mut buffer, mut spans) =
            (Instant::now() + TIMEOUT, [0; 2048], FieldSpans::<32>::new());
        let mut found = 0;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(found);
            }
            let datagram = match peer.receive_within(left, &mut buffer) {
                Err(Error::Peer(PeerError::TimedOut { .. })) => return Ok(found),
                received => received?,
            };
            match datagram.response(method, spans.lend()) {
                Ok((head, _)) if head.status() == Status::OK => {
                    let (what, at) =
                        (shown(&head.fields(), ST), shown(&head.fields(), FieldName::LOCATION));
                    writeln!(io::stdout(), "{} {what} {at}", datagram.from)?;
                    found += 1;
                }
                Ok((head, _)) => {
                    tell(format_args!("{}: unexpected status {}", datagram.from, head.status()))
                }
                Err(error) => tell(format_args!("{}: {error}", datagram.from)),
            }
        }
    })?;
    match found.into_iter().sum::<usize>() {
        0 => Err(PeerError::TimedOut { wait: Wait::Datagram, after: TIMEOUT }.into()),
        _ => Ok(()),
    }
}

/// Returns the value of a field for printing, `?` if there is not exactly one.
fn shown(fields: &Fields<'_>, name: FieldName<'_>) -> String {
    let value = fields.only(name).ok().flatten();
    value.map_or_else(|| "?".to_owned(), |value| dump(value.as_bytes()).on_one_line().to_string())
}

/// Announces the device, and responds to searches until Ctrl-C, which announces its departure.
fn serve(places: &[Place]) -> Result<(), Error> {
    let at_end = places.to_vec();
    let bye = move || {
        let _ = at_each(&at_end, |place| {
            announce(&mut place.socket(Task::Search)?, place, "ssdp:byebye")
        });
        std::process::exit(0);
    };
    ctrlc::set_handler(bye).map_err(io::Error::other)?;
    at_each(places, |place| {
        let mut peer = place.socket(Task::Serve)?;
        let address = if let Place::One(_) = place { peer.local_addr()? } else { place.address() };
        announce(&mut peer, place, "ssdp:alive")?;
        let _ = writeln!(io::stderr(), "ssdp: receiving on {address}");
        let (mut buffer, mut spans) = ([0; 2048], FieldSpans::<32>::new());
        loop {
            let datagram = match peer.receive(&mut buffer) {
                Ok(datagram) => datagram,
                Err(error) => {
                    // Most likely the system is out of memory for a moment: back off.
                    tell(format_args!("cannot receive on {address}: {error}"));
                    thread::sleep(Duration::from_millis(100));
                    continue;
                }
            };
            let from = datagram.from;
            match datagram.request(spans.lend()) {
                Ok((head, _)) => {
                    let (fields, method) = (head.fields(), head.method());
                    let kind = if method.as_bytes() == b"NOTIFY" { NTS } else { ST };
                    let (what, kind) = (shown(&fields, NT), shown(&fields, kind));
                    let _ = match method.as_bytes() {
                        b"NOTIFY" => writeln!(io::stdout(), "{from} {method} {what} {kind}"),
                        _ => writeln!(io::stdout(), "{from} {method} {kind}"),
                    };
                    let is_asked = kind == "ssdp:all" || kind.as_bytes() == DEVICE.as_bytes();
                    if is_asked && method.as_bytes() == b"M-SEARCH" {
                        // The source address may be forged or unreachable: go on after an error.
                        respond(&mut peer, head.context(), from).unwrap_or_else(|error| {
                            tell(format_args!("cannot respond to {from}: {error}"))
                        });
                    }
                }
                Err(error) => tell(format_args!("{from}: cannot read the datagram: {error}")),
            }
        }
    })
    .map(|_: Vec<()>| ())
}

/// Returns the URL of the device's description, with the local address that reaches `from`.
fn location(from: SocketAddr) -> Result<String, Error> {
    let here = UdpPeer::connect(from)?.local_addr()?.ip();
    Ok(format!("http://{}/", SocketAddr::new(here, 8080)))
}

fn respond(peer: &mut UdpPeer, context: RequestContext, from: SocketAddr) -> Result<(), Error> {
    let location = location(from)?;
    peer.send_response_to(context, Status::OK, from, |head| {
        describe(head, &location)?.field(ST, DEVICE)?.without_body()
    })
}

fn announce(peer: &mut UdpPeer, place: Place, kind: &'static str) -> Result<(), Error> {
    if let Place::One(_) = place {
        return Ok(()); // no group to announce to
    }
    let (host, location) = (host(place), location(place.address())?);
    peer.send_request_to(Method::new("NOTIFY")?, Target::ASTERISK, place.address(), |head| {
        let head = head.field(FieldName::HOST, FieldValue::new(&host)?)?.field(NT, DEVICE)?;
        describe(head.field(NTS, FieldValue::from_static(kind))?, &location)?.without_body()
    })
}

fn describe<'w, S: HeadSink>(
    head: HeadWriter<'w, S>,
    location: &str,
) -> Result<HeadWriter<'w, S>, WriteError> {
    head.field(FieldName::CACHE_CONTROL, FieldValue::from_static("max-age=1800"))?
        .field(FieldName::from_static("EXT"), FieldValue::from_static(""))?
        .field(FieldName::LOCATION, FieldValue::new(location)?)?
        .field(FieldName::SERVER, SERVER)?
        .field(FieldName::from_static("USN"), USN)
}
