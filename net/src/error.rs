//! The errors of this crate: the network's, the peer's and the caller's.

#[cfg(feature = "rustls")]
pub(crate) mod tls;

use bareline_core::Status;
use bareline_core::error::{InvalidValue, ParseError, ParseErrorKind, WriteError};
use bareline_core::head::RepeatedField;
use bareline_core::hint::OtherProtocol;
use bareline_core::value::dump;
use std::net::SocketAddr;
use std::time::Duration;
use std::{fmt, io};

/// An error of an exchange: of the network, the peer or the caller.
///
/// From `main`, print it with `{error}`: `Debug` shows only the variant and its fields.
///
/// ```
/// use bareline_net::{Client, ClientStream, Error, Method, Target, Untimed, UrlError};
/// use std::io::Cursor;
///
/// let error = Client::new().get("example.com").unwrap_err();
/// assert!(matches!(error, Error::Url(UrlError::NotHttp)));
///
/// // A server that closes the connection without a response.
/// let mut client = ClientStream::new(Untimed(Cursor::new(Vec::new())), "example.com");
/// let error = client.request(Method::GET, Target::ROOT, &[], b"").unwrap_err();
/// assert!(
///     error.to_string().starts_with("the server closed the connection without a response")
/// );
/// ```
///
/// The text of an error includes the text of its cause. [`source`](std::error::Error::source) skips
/// that cause and returns the next one, so that a chain of errors prints each text once.
///
/// A caller returns any error by `?` where the result has a boxed error. [`From`] restores an error
/// of this type from that. Elsewhere [`other`](Self::other) converts an error of the caller's own.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// An error of the network or the operating system. With the feature `rustls` an error of TLS
    /// too, which contains a `TlsError`.
    Io(io::Error),
    /// No connection to any of the addresses.
    Connect {
        /// Each address with its error, in the order of the attempts.
        tried: Vec<(SocketAddr, io::Error)>,
    },
    /// An error of a request of a [`Client`](crate::Client) after a redirection [RFC 9110 section
    /// 15.4].
    Redirected {
        /// The URL to which the last redirection led, or an unusable one to which it would lead.
        url: String,
        /// The error at that URL, which is no `Redirected`.
        error: Box<Error>,
    },
    /// A mistake of the peer.
    Peer(PeerError),
    /// A mistake of the caller.
    Usage(WriteError),
    /// A response that exceeds a limit of the client.
    Limit(ParseError),
    /// A head, a trailer section or a datagram that is too long to send.
    TooLong {
        /// The limit in octets.
        most: usize,
    },
    /// A datagram that is truncated, since the caller's buffer is too small.
    DatagramCut {
        /// The number of octets that are missing.
        missing: usize,
    },
    /// An invalid URL of the caller.
    Url(UrlError),
    /// A connection that carries no more messages [RFC 9112 section 9.6].
    Closed,
    /// A call of `into_upgraded` on a connection that has not switched to another protocol [RFC
    /// 9110 sections 7.8 and 9.3.6].
    NotUpgraded,
    /// A handler that has to wait for its client, while too many others do. If the handler fails
    /// with this error, the client gets a 503. See
    /// [`Server::max_handlers`](crate::Server::max_handlers).
    Overloaded,
    /// A request to which the caller sent no response or an incomplete one; the connection is
    /// closed.
    IncompleteResponse,
    /// A handler that panicked, as [`Rejection::error`](crate::Rejection::error) returns it. The
    /// message of the panic is in the log.
    Panicked,
    /// Any other error, such as one of the caller's own. If a handler fails with it, the client
    /// gets the status of a [`PeerError`] among its causes, or else a 500.
    ///
    /// A [`Utf8Error`](std::str::Utf8Error) of `value.as_str()?` and a number that `parse()?`
    /// rejects are such errors. Respond 400 where the client caused them.
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// A mistake of the peer.
///
/// ```
/// use bareline_net::{Error, PeerError, ServerStream, Status, Untimed};
/// use std::io::Cursor;
///
/// let mut peer =
///     ServerStream::new(Untimed(Cursor::new(b"GET / HTTP/1.1\nHost: a\n\n".to_vec())));
/// let Err(Error::Peer(error)) = peer.next_request() else {
///     panic!("a line feed alone ends no line")
/// };
/// assert_eq!(error.status(), Status::BAD_REQUEST);
/// let text =
///     "line ended by LF alone at octet 14 (RFC 9112 section 2.2): end each line with CR LF";
/// assert_eq!(error.to_string(), text);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PeerError {
    /// An invalid request of a client.
    Parse(ParseError),
    /// An invalid response of a server.
    Response(ParseError),
    /// A client that speaks another protocol.
    Protocol {
        /// The protocol.
        other: OtherProtocol,
        /// The error of the HTTP/1.x parser.
        error: ParseError,
    },
    /// A server that speaks another protocol: its response does not begin with `HTTP/`.
    NotHttp {
        /// The protocol, if it is known.
        other: Option<OtherProtocol>,
        /// The first octets of the response.
        arrived: FirstOctets,
        /// The error of the HTTP/1.x parser.
        error: ParseError,
    },
    /// A close by the server before the first octet of a response [RFC 9112 section 9.5].
    NoResponse,
    /// A close by the client in the middle of a request [RFC 9112 section 8].
    Truncated,
    /// A close by the server in the middle of a response or after an interim one [RFC 9112
    /// section 8].
    TruncatedResponse,
    /// A field that is not a list, in several lines [RFC 9110 section 5.3].
    RepeatedField(RepeatedField),
    /// A redirection that a [`Client`](crate::Client) does not follow [RFC 9110 section 15.4].
    Redirect(RedirectError),
    /// A response whose status is no success, where
    /// [`ClientResponse::successful`](crate::ClientResponse::successful) asks for one [RFC 9110
    /// section 15].
    Unsuccessful {
        /// The status of the response.
        status: Status,
    },
    /// A timeout.
    #[doc(alias = "timeout")]
    TimedOut {
        /// The event that did not come in time.
        wait: Wait,
        /// The timeout.
        after: Duration,
    },
}

/// The first octets that a peer sent, up to 31.
///
/// `Display` prints their first line, with unprintable octets and quotes escaped.
///
/// ```
/// use bareline_net::{ClientStream, Error, Method, PeerError, Target, Untimed};
///
/// # struct Mail(&'static [u8]);
/// # impl std::io::Read for Mail {
/// #     fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
/// #         self.0.read(buffer)
/// #     }
/// # }
/// # impl std::io::Write for Mail {
/// #     fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
/// #         Ok(octets.len())
/// #     }
/// #     fn flush(&mut self) -> std::io::Result<()> {
/// #         Ok(())
/// #     }
/// # }
/// # let mail_server = Untimed(Mail(b"220 mail.example ESMTP\r\n"));
/// let mut client = ClientStream::new(mail_server, "mail.example");
/// match client.request(Method::GET, Target::ROOT, &[], b"").unwrap_err() {
///     Error::Peer(PeerError::NotHttp { arrived, .. }) => {
///         assert_eq!(arrived.to_string(), "220 mail.example ESMTP");
///     }
///     error => panic!("{error}"),
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FirstOctets {
    octets: [u8; 31],
    len: u8,
}

impl FirstOctets {
    fn new(arrived: &[u8]) -> Self {
        let mut first = Self { octets: [0; 31], len: 0 };
        for (to, from) in first.octets.iter_mut().zip(arrived) {
            *to = *from;
            first.len = first.len.saturating_add(1);
        }
        first
    }

    /// Returns the octets.
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl fmt::Display for FirstOctets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.as_bytes().split(|&octet| octet == b'\n').next().unwrap_or_default();
        let shown = dump(line.trim_ascii_end()).on_one_line().to_string();
        f.write_str(&shown.replace('"', "\\\""))
    }
}

/// An error in a URL that a [`Client`](crate::Client) is given.
///
/// `at` is an offset in octets from the beginning of the URL.
///
/// ```
/// use bareline_net::{Client, Error, UrlError};
///
/// match Client::new().get("http://user@example.com/") {
///     Err(Error::Url(error @ UrlError::Userinfo { at: 7 })) => {
///         assert!(error.to_string().starts_with("user name in the URL at octet 7 "));
///     }
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum UrlError {
    /// A URL that does not begin with `http://` or `https://`.
    NotHttp,
    /// The scheme https, without the feature `rustls` and without a
    /// [`Client::connector`](crate::Client::connector).
    NeedsTls,
    /// A URL without a host.
    NoHost {
        /// The offset at which a host is expected.
        at: usize,
    },
    /// A user name in front of the host.
    Userinfo {
        /// The offset of the user name.
        at: usize,
    },
    /// A host with an invalid octet, or with an invalid address in brackets.
    InvalidHost {
        /// The offset of the first invalid octet.
        at: usize,
    },
    /// A host with a character that is not ASCII.
    NonAsciiHost {
        /// The offset of the character.
        at: usize,
    },
    /// An IPv6 address with an invalid zone identifier.
    Zone {
        /// The offset of the `%`.
        at: usize,
    },
    /// A port that is not a number up to 65,535.
    InvalidPort {
        /// The offset of the port.
        at: usize,
    },
    /// A control octet in the path or query.
    InvalidTarget {
        /// The offset of the octet.
        at: usize,
    },
}

/// A redirection that a [`Client`](crate::Client) does not follow.
///
/// ```
/// use bareline_net::RedirectError;
///
/// let text = RedirectError::TooMany { most: 10 }.to_string();
/// assert!(text.starts_with("more than 10 redirections (RFC 9110 section 15.4): "));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RedirectError {
    /// More redirections than [`Client::max_redirects`](crate::Client::max_redirects).
    TooMany {
        /// The most that are followed.
        most: u32,
    },
    /// A redirection from `https` to `http`.
    ToHttp,
    /// A `Location` that leads to an invalid URL, or to one that the client cannot use.
    Location(UrlError),
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { most } => write!(
                f,
                "more than {most} redirections (RFC 9110 section 15.4): look for a loop at the \
                 server, or raise Client::max_redirects"
            ),
            Self::ToHttp => f.write_str(
                "the server redirects from https to http (RFC 9110 section 4.2.2): others could \
                 read and change what is sent; Client::redirect_to_http allows it",
            ),
            Self::Location(error) => {
                write!(f, "the server redirects to an unusable URL: {error}")
            }
        }
    }
}

impl std::error::Error for RedirectError {}

/// An event that a connection waits for.
///
/// ```
/// use bareline_net::{Error, PeerError, UdpPeer, Wait};
/// use std::time::Duration;
///
/// let mut peer = UdpPeer::bind("127.0.0.1:0")?;
/// match peer.receive_within(Duration::from_millis(1), &mut [0; 8]) {
///     Err(Error::Peer(PeerError::TimedOut { wait, .. })) => assert_eq!(wait, Wait::Datagram),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Wait {
    /// The first octet of a request.
    Idle,
    /// The first octet of a response.
    Response,
    /// The end of a TLS handshake.
    Handshake,
    /// The end of a message head.
    Head,
    /// The end of a body.
    Body,
    /// Space in the send buffer: the peer has to read.
    Write,
    /// A datagram.
    Datagram,
    /// The end of an exchange: [`exchange_timeout`](crate::Settings::exchange_timeout) expired. The
    /// caller's own work counts.
    Exchange,
}

impl PeerError {
    /// Returns the status with which a server responds to this error.
    ///
    /// An error in a response is a 502, the status of a gateway [RFC 9110 section 15.6.3].
    pub const fn status(&self) -> Status {
        match self {
            Self::Parse(error) | Self::Protocol { error, .. } => error.status(),
            Self::TimedOut { .. } => Status::REQUEST_TIMEOUT,
            Self::Truncated | Self::RepeatedField(_) => Status::BAD_REQUEST,
            Self::Response(_)
            | Self::NotHttp { .. }
            | Self::NoResponse
            | Self::TruncatedResponse
            | Self::Redirect(_)
            | Self::Unsuccessful { .. } => Status::BAD_GATEWAY,
        }
    }
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parse(error) => write!(f, "{error}: {}", error.hint()),
            Self::Response(error) => {
                write!(
                    f,
                    "the server sent an invalid response: {error}: report it to whoever runs the \
                     server"
                )
            }
            Self::Protocol { other, error } | Self::NotHttp { other: Some(other), error, .. } => {
                write!(f, "{error}: {other}")
            }
            Self::NotHttp { other: None, arrived, error } => write!(
                f,
                "the response begins with \"{arrived}\" instead of HTTP/1.1: {error}: the server \
                 may speak another protocol at this port",
            ),
            Self::NoResponse => f.write_str(
                "the server closed the connection without a response (RFC 9112 section 9.5): \
                 check its log, and that it speaks HTTP at this port",
            ),
            Self::Truncated => f.write_str(
                "the client closed the connection in mid-request (RFC 9112 section 8): send the \
                 complete request before closing",
            ),
            Self::TruncatedResponse => f.write_str(
                "the server closed the connection in mid-response (RFC 9112 section 8): report it \
                 to whoever runs the server, or repeat the request if it is idempotent",
            ),
            Self::RepeatedField(error) => write!(f, "{error}: send the field once"),
            Self::Redirect(error) => write!(f, "{error}"),
            Self::Unsuccessful { status } => write!(
                f,
                "the server responded {status} (RFC 9110 section 15): the body of the response, if \
                 it is read, may say why"
            ),
            Self::TimedOut { wait, after } => {
                write!(f, "timed out after {} s waiting for {wait}", after.as_secs_f32())
            }
        }
    }
}

impl UrlError {
    /// Returns the error, its offset, the rule and the remedy.
    const fn parts(self) -> (&'static str, Option<usize>, &'static str, &'static str) {
        match self {
            Self::NotHttp => (
                "neither an http nor an https URL",
                None,
                "RFC 9110 section 4.2",
                "begin the URL with http:// or https://",
            ),
            Self::NeedsTls => (
                "https needs TLS",
                None,
                "RFC 9110 section 4.2.2",
                "enable the feature rustls of bareline-net, or give Client::connector a function \
                 that connects with another TLS library",
            ),
            Self::NoHost { at } => {
                ("no host", Some(at), "RFC 9110 section 4.2", "write a host after ://")
            }
            Self::Userinfo { at } => (
                "user name in the URL",
                Some(at),
                "RFC 9110 section 4.2.4",
                "remove user name, password and @, and send an Authorization field instead",
            ),
            Self::InvalidHost { at } => (
                "invalid host",
                Some(at),
                "RFC 3986 section 3.2.2",
                "write a name of letters, digits, hyphens and dots, or an IPv6 address in \
                 brackets, then at most one :port",
            ),
            Self::NonAsciiHost { at } => (
                "non-ASCII host",
                Some(at),
                "RFC 3986 section 3.2.2",
                "write the name in Punycode, which begins with xn--",
            ),
            Self::Zone { at } => (
                "invalid zone identifier in an IPv6 address",
                Some(at),
                "RFC 6874 section 2",
                "write %25 and the name of the interface, such as [fe80::1%25eth0]",
            ),
            Self::InvalidPort { at } => (
                "invalid port",
                Some(at),
                "RFC 3986 section 3.2.3",
                "write a number up to 65535, or leave the port out",
            ),
            Self::InvalidTarget { at } => (
                "control octet in the path or query",
                Some(at),
                "RFC 3986 section 3.3",
                "remove or percent-encode it",
            ),
        }
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, at, rule, hint) = self.parts();
        f.write_str(what)?;
        if let Some(at) = at {
            write!(f, " at octet {at}")?;
        }
        write!(f, " ({rule}): {hint}")
    }
}

impl std::error::Error for PeerError {}

impl std::error::Error for UrlError {}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "a request",
            Self::Response => "a response",
            Self::Handshake => "the end of the TLS handshake",
            Self::Head => "the end of the head",
            Self::Body => "the end of the body",
            Self::Write => "the peer to read",
            Self::Datagram => "a datagram",
            Self::Exchange => "the end of the exchange",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Connect { tried } if tried.is_empty() => {
                f.write_str("cannot connect: the name has no address")
            }
            Self::Connect { tried } => {
                for (position, (address, error)) in tried.iter().enumerate() {
                    let separator = if position == 0 { "cannot connect to " } else { "; " };
                    write!(f, "{separator}{address}: {error}")?;
                    if needs_zone(address) {
                        f.write_str(ZONE)?;
                    }
                }
                Ok(())
            }
            Self::Redirected { url, error } => {
                // An unusable URL is as the server sent it.
                let url = dump(url.as_bytes()).on_one_line();
                write!(f, "after a redirection to {url}: {error}")
            }
            Self::Peer(error) => write!(f, "{error}"),
            // An interim response has this error too, and no body.
            Self::Usage(error @ WriteError::NeedsHttp11) => {
                write!(
                    f,
                    "{error}: send a body with its length, by send_reader_sized or stream_sized"
                )
            }
            Self::Usage(error) => write!(f, "{error}"),
            Self::Limit(error) => {
                let remedy = raised(error.kind()).unwrap_or("raise the limit");
                write!(
                    f,
                    "{} for the client's own limits ({}): {remedy}",
                    error.kind(),
                    error.kind().section()
                )
            }
            Self::TooLong { most } => {
                write!(
                    f,
                    "too long to send: a head, trailer section or datagram has at most {most} \
                     octets: send fewer or shorter fields, or less content"
                )
            }
            Self::DatagramCut { missing } => {
                write!(f, "datagram truncated: enlarge the receive buffer by {missing} octets")
            }
            Self::Url(error) => write!(f, "{error}"),
            Self::Closed => f.write_str(
                "the connection takes no more messages (RFC 9112 section 9.6): open another one",
            ),
            Self::Overloaded => f.write_str(
                "too many handlers wait for their clients (RFC 9110 section 15.6.4): raise \
                 `max_handlers`, or wait less",
            ),
            Self::NotUpgraded => f.write_str(
                "the connection has not switched to another protocol (RFC 9110 sections 7.8 and \
                 9.3.6): only a 101, or a 2xx to CONNECT, switches it: call is_upgraded first",
            ),
            Self::IncompleteResponse => f.write_str(
                "the request got no complete response: call Responder::send, or \
                 ResponseWriter::finish at the end of a body",
            ),
            Self::Panicked => f.write_str("the handler panicked: the log has the message"),
            Self::Other(error) => write!(f, "{error}"),
        }
    }
}

/// The cause is skipped: its text is in the text of the error.
impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            Self::Redirected { error, .. } => error.source(),
            Self::Other(error) => error.source(),
            _ => None,
        }
    }
}

/// The remedy for an address without its zone.
const ZONE: &str = ": a link-local address needs its zone (RFC 4007 section 6): write the \
                    interface too, as in http://[fe80::1%25eth0]/ or [fe80::1%2]:80";

/// Returns whether the address is one of each link, and none is given.
const fn needs_zone(address: &SocketAddr) -> bool {
    match address {
        SocketAddr::V6(address) => address.scope_id() == 0 && address.ip().is_unicast_link_local(),
        SocketAddr::V4(_) => false,
    }
}

/// Returns the hint which limit of a client to raise; `None` if the error is not of a limit.
const fn raised(kind: ParseErrorKind) -> Option<&'static str> {
    Some(match kind {
        ParseErrorKind::BodyTooLarge => "raise Settings::body_limit",
        ParseErrorKind::HeadTooLong | ParseErrorKind::TrailersTooLong => {
            "a head has at most 65535 octets; raise Limits::head if it is lower"
        }
        ParseErrorKind::TooManyFields => {
            "a head has at most 128 fields; raise Limits::trailers for trailers, lend more \
             FieldSpans for a datagram"
        }
        ParseErrorKind::ChunkLineTooLong => "raise Limits::chunk_line or Limits::chunk_extensions",
        ParseErrorKind::TooManyInterim => "raise Limits::interim",
        _ => return None,
    })
}

/// Returns whether these octets begin like `HTTP/`, which may be incomplete.
///
/// Some servers send lower case, or empty lines in front.
fn begins_as_http(octets: &[u8]) -> bool {
    octets
        .trim_ascii_start()
        .iter()
        .zip(b"HTTP/")
        .all(|(octet, expected)| octet.eq_ignore_ascii_case(expected))
}

impl Error {
    /// Converts any error, as [`io::Error::other`] does: [`Error::Other`] with an error of the
    /// caller's own. An [`Error`], and an error that has a variant of its own, gets that variant.
    ///
    /// ```
    /// use bareline_net::{Error, Exchange, Status};
    ///
    /// fn respond(Exchange { head, responder, .. }: Exchange<'_>) -> Result<(), Error> {
    ///     let number: u32 = head.target().path()[1..].parse().map_err(Error::other)?;
    ///     responder.send(Status::OK, &[], number.to_string().as_bytes())
    /// }
    /// ```
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::from(error.into())
    }

    /// Returns the mistake of the peer that this error is, or that is among its causes.
    pub(crate) fn peer_error(&self) -> Option<PeerError> {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = next {
            if let Some(repeated) = error.downcast_ref() {
                return Some(PeerError::RepeatedField(*repeated));
            }
            if let Some(peer_error) = error.downcast_ref() {
                return Some(*peer_error);
            }
            // Each of these two has the text of its content, and skips that as a source.
            next = match (error.downcast_ref(), error.downcast_ref::<io::Error>()) {
                (Some(Self::Peer(peer_error)), _) => return Some(*peer_error),
                (Some(Self::Io(error)), _) => Some(error),
                (Some(Self::Redirected { error, .. }), _) => Some(&**error),
                (Some(Self::Other(error)), _) => Some(&**error),
                (None, Some(error)) => error.get_ref().map(|error| error as _),
                _ => error.source(),
            };
        }
        None
    }

    /// Returns whether a timeout expired: one of [`Settings`](crate::Settings), one of the system,
    /// or that of each address while connecting.
    ///
    /// ```
    /// use bareline_net::{Error, UdpPeer};
    /// use std::time::Duration;
    ///
    /// let mut peer = UdpPeer::bind("127.0.0.1:0")?;
    /// let error = peer.receive_within(Duration::from_millis(1), &mut [0; 8]).unwrap_err();
    /// assert!(error.is_timeout() && !Error::Closed.is_timeout());
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "timeout")]
    pub fn is_timeout(&self) -> bool {
        let is_of_time = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
        match self {
            Self::Peer(PeerError::TimedOut { .. }) => true,
            Self::Io(error) => is_of_time(error),
            Self::Connect { tried } => {
                !tried.is_empty() && tried.iter().all(|(_, error)| is_of_time(error))
            }
            Self::Redirected { error, .. } => error.is_timeout(),
            _ => false,
        }
    }

    /// Returns the error of a request that has these octets.
    pub(crate) fn of_request(error: ParseError, octets: &[u8]) -> Self {
        Self::Peer(match (error.kind(), error.other_protocol(octets)) {
            (_, Some(other)) => PeerError::Protocol { other, error },
            (ParseErrorKind::Truncated, _) => PeerError::Truncated,
            _ => PeerError::Parse(error),
        })
    }

    /// Returns the error of a response that has these octets.
    pub(crate) fn of_response(error: ParseError, octets: &[u8]) -> Self {
        if raised(error.kind()).is_some() {
            return Self::Limit(error);
        }
        Self::Peer(match error.kind() {
            ParseErrorKind::Truncated => PeerError::TruncatedResponse,
            ParseErrorKind::Version if !begins_as_http(octets) => PeerError::NotHttp {
                other: error.other_protocol(octets),
                arrived: FirstOctets::new(octets),
                error,
            },
            _ => PeerError::Response(error),
        })
    }

    /// Adds an example to the error of an address that cannot be parsed.
    pub(crate) fn of_address(error: io::Error) -> Self {
        let is_unreadable =
            error.kind() == io::ErrorKind::InvalidInput && error.raw_os_error().is_none();
        Self::Io(if is_unreadable {
            io::Error::new(
                error.kind(),
                format!("{error}: write host:port, such as 127.0.0.1:8080"),
            )
        } else {
            error
        })
    }

    /// Adds the addresses to the error of a listener that can be bound to none of them.
    pub(crate) fn of_listener(error: &io::Error, addresses: &[SocketAddr]) -> Self {
        let zone = if addresses.iter().any(needs_zone) { ZONE } else { "" };
        let addresses: Vec<_> = addresses.iter().map(SocketAddr::to_string).collect();
        let text = format!("cannot listen on {}: {error}{zone}", addresses.join(", "));
        Self::Io(io::Error::new(error.kind(), text))
    }
}

/// Restores an error that was converted to an [`io::Error`], as a body's `read` does.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        error.downcast().unwrap_or_else(Self::Io)
    }
}

/// Restores an [`Error`], or an error that has a variant of its own; any other becomes
/// [`Error::Other`].
///
/// ```
/// use bareline_net::{Error, UrlError};
///
/// type Boxed = Box<dyn std::error::Error + Send + Sync>;
/// assert!(matches!(Error::from(Boxed::from(Error::Closed)), Error::Closed));
/// assert!(matches!(Error::from(Boxed::from(UrlError::NotHttp)), Error::Url(UrlError::NotHttp)));
/// assert!(matches!(Error::from(Boxed::from("no such user")), Error::Other(_)));
/// ```
impl From<Box<dyn std::error::Error + Send + Sync>> for Error {
    fn from(mut error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        macro_rules! restore {
            ($($own:ty),*) => {
                $(error = match error.downcast::<$own>() {
                    Ok(own) => return Self::from(*own),
                    Err(other) => other,
                };)*
            };
        }
        restore!(Self, io::Error, PeerError, WriteError, InvalidValue, UrlError, RepeatedField);
        Self::Other(error)
    }
}

/// Blames the client: if a handler fails with the error, the client gets a 400.
///
/// A field of another server's response is no mistake of the client, and needs a 502:
///
/// ```
/// use bareline_net::{Error, FieldName, Responder, ResponseHead, Status};
///
/// fn forward(upstream: &ResponseHead<'_>, responder: Responder<'_>) -> Result<(), Error> {
///     let Ok(etag) = upstream.fields().only(FieldName::ETAG) else {
///         return responder.send(Status::BAD_GATEWAY, &[], b"two ETag fields upstream\n");
///     };
///     let etag = etag.map(|etag| (FieldName::ETAG, etag));
///     responder.send(upstream.status(), etag.as_slice(), b"")
/// }
/// ```
impl From<RepeatedField> for Error {
    fn from(error: RepeatedField) -> Self {
        Self::Peer(PeerError::RepeatedField(error))
    }
}

impl From<PeerError> for Error {
    fn from(error: PeerError) -> Self {
        Self::Peer(error)
    }
}

impl From<UrlError> for Error {
    fn from(error: UrlError) -> Self {
        Self::Url(error)
    }
}

impl From<InvalidValue> for Error {
    fn from(error: InvalidValue) -> Self {
        Self::Usage(error.into())
    }
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        Self::Usage(error)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => error,
            error => Self::new(kind(&error), error),
        }
    }
}

/// Returns the kind of an error that is converted to an [`io::Error`].
fn kind(error: &Error) -> io::ErrorKind {
    match error {
        Error::Io(error) => error.kind(),
        Error::Redirected { error, .. } => kind(error),
        Error::Peer(
            PeerError::Truncated | PeerError::TruncatedResponse | PeerError::NoResponse,
        ) => io::ErrorKind::UnexpectedEof,
        Error::Peer(PeerError::TimedOut { .. }) => io::ErrorKind::TimedOut,
        Error::Peer(_) => io::ErrorKind::InvalidData,
        Error::Usage(_)
        | Error::Url(_)
        | Error::Limit(_)
        | Error::TooLong { .. }
        | Error::DatagramCut { .. }
        | Error::NotUpgraded => io::ErrorKind::InvalidInput,
        Error::Closed => io::ErrorKind::NotConnected,
        Error::Overloaded => io::ErrorKind::ResourceBusy,
        Error::Connect { .. } | Error::IncompleteResponse | Error::Panicked | Error::Other(_) => {
            io::ErrorKind::Other
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use super::{Error, FirstOctets, PeerError, RedirectError, UrlError, Wait, raised};
    use bareline_core::error::{ParseError, ParseErrorKind, WriteError};
    use bareline_core::head::RepeatedField;
    use bareline_core::hint::OtherProtocol;
    use bareline_core::{
        FieldSpans, FieldValue, Method, RequestHead, ResponseHead, Status, datagram,
    };
    use std::error::Error as StdError;
    use std::time::Duration;
    use std::{fmt, io};

    fn parse_error() -> ParseError {
        RequestHead::parse(b"\x01", FieldSpans::<1>::new().lend()).unwrap_err()
    }

    /// Returns each variant once. The matches do not compile when a variant is missing here.
    fn errors() -> Vec<Error> {
        let error = parse_error();
        let peer = [
            PeerError::Parse(error),
            PeerError::Response(error),
            PeerError::Protocol { other: OtherProtocol::Tls, error },
            PeerError::NotHttp { other: None, arrived: FirstOctets::new(b"+OK"), error },
            PeerError::NotHttp {
                other: Some(OtherProtocol::Ssh),
                arrived: FirstOctets::new(b"SSH-"),
                error,
            },
            PeerError::NoResponse,
            PeerError::Truncated,
            PeerError::TruncatedResponse,
            PeerError::RepeatedField(RepeatedField),
            PeerError::Redirect(RedirectError::TooMany { most: 10 }),
            PeerError::Redirect(RedirectError::ToHttp),
            PeerError::Redirect(RedirectError::Location(UrlError::NotHttp)),
            PeerError::Unsuccessful { status: Status::NOT_FOUND },
            PeerError::TimedOut { wait: Wait::Head, after: Duration::from_secs(1) },
        ];
        let url = [
            UrlError::NotHttp,
            UrlError::NeedsTls,
            UrlError::NoHost { at: 7 },
            UrlError::Userinfo { at: 7 },
            UrlError::InvalidHost { at: 7 },
            UrlError::NonAsciiHost { at: 7 },
            UrlError::Zone { at: 7 },
            UrlError::InvalidPort { at: 7 },
            UrlError::InvalidTarget { at: 7 },
        ];
        for error in peer {
            match error {
                PeerError::Parse(_) | PeerError::Response(_) | PeerError::Protocol { .. } => {}
                PeerError::NotHttp { .. } | PeerError::NoResponse => {}
                PeerError::Truncated | PeerError::TruncatedResponse => {}
                PeerError::RepeatedField(_) | PeerError::TimedOut { .. } => {}
                PeerError::Unsuccessful { .. } => {}
                PeerError::Redirect(
                    RedirectError::TooMany { .. }
                    | RedirectError::ToHttp
                    | RedirectError::Location(_),
                ) => {}
            }
        }
        for error in url {
            match error {
                UrlError::NotHttp
                | UrlError::NeedsTls
                | UrlError::NoHost { .. }
                | UrlError::Userinfo { .. } => {}
                UrlError::InvalidHost { .. }
                | UrlError::NonAsciiHost { .. }
                | UrlError::Zone { .. } => {}
                UrlError::InvalidPort { .. } | UrlError::InvalidTarget { .. } => {}
            }
        }
        let mut errors = vec![
            Error::Io(io::ErrorKind::ConnectionReset.into()),
            Error::Io(io::Error::other("a text")),
            // An error of a transport, which has a cause.
            Error::Io(io::Error::other(Caused)),
            Error::Connect { tried: vec![] },
            Error::Connect {
                tried: vec![(([127, 0, 0, 1], 80).into(), io::ErrorKind::ConnectionRefused.into())],
            },
            Error::Connect {
                tried: vec![("[fe80::1]:80".parse().unwrap(), io::ErrorKind::InvalidInput.into())],
            },
            redirected(Error::Closed),
            redirected(Error::Io(io::Error::other(Caused))),
            Error::Usage(FieldValue::new("\n").unwrap_err().into()),
            Error::Usage(WriteError::BufferFull),
            Error::Limit(error),
            Error::TooLong { most: 65_535 },
            Error::DatagramCut { missing: 1 },
            Error::Closed,
            Error::NotUpgraded,
            Error::Overloaded,
            Error::IncompleteResponse,
            Error::Panicked,
            Error::other("a text"),
            Error::other(Caused),
        ];
        errors.extend(peer.map(Error::Peer));
        errors.extend(url.map(Error::Url));
        for error in &errors {
            match error {
                Error::Io(_)
                | Error::Connect { .. }
                | Error::Redirected { .. }
                | Error::Peer(_)
                | Error::Usage(_)
                | Error::Url(_) => {}
                Error::Limit(_) | Error::TooLong { .. } | Error::DatagramCut { .. } => {}
                Error::Closed | Error::NotUpgraded | Error::Overloaded => {}
                Error::IncompleteResponse | Error::Panicked | Error::Other(_) => {}
            }
        }
        errors
    }

    fn redirected(error: Error) -> Error {
        Error::Redirected { url: "http://a/".to_owned(), error: Box::new(error) }
    }

    /// An error whose text does not include its cause.
    #[derive(Debug)]
    struct Caused;

    impl fmt::Display for Caused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("handshake failed")
        }
    }

    impl StdError for Caused {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&fmt::Error)
        }
    }

    /// Returns the texts of an error and of its causes.
    fn chain(error: &dyn StdError) -> Vec<String> {
        let (mut texts, mut next) = (Vec::new(), Some(error));
        while let Some(error) = next {
            texts.push(error.to_string());
            next = error.source();
        }
        texts
    }

    #[test]
    fn a_chain_of_errors_has_each_text_once() {
        let mut longest = 0;
        for error in errors() {
            let name = format!("{error:?}");
            let (peer, url) = match &error {
                Error::Peer(error) => (Some(*error), None),
                Error::Url(error) => (None, Some(*error)),
                _ => (None, None),
            };
            let io = chain(&error);
            let converted = chain(&io::Error::from(error));
            assert_eq!(io, converted, "{name}");
            let inner = [peer.map(|error| chain(&error)), url.map(|error| chain(&error))];
            for texts in inner.into_iter().flatten().chain([io]) {
                for (number, text) in texts.iter().enumerate() {
                    let before = texts.iter().take(number);
                    assert!(
                        !text.is_empty() && before.clone().all(|other| !other.contains(text)),
                        "{name}: {texts:?}"
                    );
                }
                longest = longest.max(texts.len());
            }
        }
        assert_eq!(longest, 2, "the one that has a cause of its own");
    }

    #[test]
    fn a_boxed_error_is_restored() {
        type Boxed = Box<dyn StdError + Send + Sync>;
        let invalid = FieldValue::new("\n").unwrap_err();
        type Check = fn(&Error) -> bool;
        let restored: [(Boxed, Check); 12] = [
            (Error::Closed.into(), |error| matches!(error, Error::Closed)),
            (io::Error::from(Error::Closed).into(), |error| matches!(error, Error::Closed)),
            (io::Error::other("a").into(), |error| matches!(error, Error::Io(_))),
            (PeerError::Truncated.into(), |error| {
                matches!(error, Error::Peer(PeerError::Truncated))
            }),
            (invalid.into(), |error| matches!(error, Error::Usage(_))),
            (WriteError::BufferFull.into(), |error| matches!(error, Error::Usage(_))),
            (UrlError::NotHttp.into(), |error| matches!(error, Error::Url(_))),
            (RepeatedField.into(), |error| {
                matches!(error, Error::Peer(PeerError::RepeatedField(_)))
            }),
            (Error::other(Caused).into(), |error| matches!(error, Error::Other(_))),
            (Error::other(Error::Closed).into(), |error| matches!(error, Error::Closed)),
            (Error::other(PeerError::Truncated).into(), |error| {
                matches!(error, Error::Peer(PeerError::Truncated))
            }),
            (Caused.into(), |error| matches!(error, Error::Other(inner) if inner.is::<Caused>())),
        ];
        for (boxed, is_restored) in restored {
            let text = boxed.to_string();
            let error = Error::from(boxed);
            assert!(is_restored(&error), "{text}: {error:?}");
        }
    }

    #[test]
    fn a_timeout_is_one_of_the_crate_or_of_the_system() {
        let late = || io::Error::from(io::ErrorKind::TimedOut);
        let address = ([127, 0, 0, 1], 80).into();
        let slow = PeerError::TimedOut { wait: Wait::Head, after: Duration::ZERO };
        let refused = (address, io::ErrorKind::ConnectionRefused.into());
        for (error, is_timeout) in [
            (Error::Peer(slow), true),
            (Error::Io(late()), true),
            (Error::Connect { tried: vec![(address, late())] }, true),
            (Error::Connect { tried: vec![(address, late()), refused] }, false),
            (Error::Connect { tried: vec![] }, false),
            (Error::Peer(PeerError::Truncated), false),
            (redirected(Error::Peer(slow)), true),
            (redirected(Error::Closed), false),
        ] {
            assert_eq!(error.is_timeout(), is_timeout, "{error:?}");
        }
    }

    #[test]
    fn an_error_after_a_redirection_keeps_its_kind_and_cause() {
        let error = redirected(PeerError::NoResponse.into());
        assert_eq!(error.peer_error(), Some(PeerError::NoResponse));
        let converted = io::Error::from(error);
        assert_eq!(converted.kind(), io::ErrorKind::UnexpectedEof);
        assert!(matches!(Error::from(converted), Error::Redirected { .. }));
        // A URL that the client cannot use may hold anything.
        let error =
            Error::Redirected { url: "a:\u{9b}".to_owned(), error: Box::new(Error::Closed) };
        assert!(error.to_string().starts_with("after a redirection to a:\\xc2\\x9b: "), "{error}");
    }

    /// Returns the error of the head of a response.
    fn error_of_response(octets: &[u8]) -> PeerError {
        let error = ResponseHead::parse(octets, FieldSpans::<4>::new().lend()).unwrap_err();
        let Error::Peer(peer_error) = Error::of_response(error, octets) else { panic!("{error}") };
        peer_error
    }

    #[test]
    fn what_does_not_begin_with_http_is_another_protocol() {
        for octets in [
            &b"HTTP/1.1 2000 OK\r\n\r\n"[..],
            b"http/1.1 200 OK\r\n\r\n",
            b"h",
            b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        ] {
            let told = error_of_response(octets).to_string();
            assert!(told.starts_with("the server sent an invalid response: "), "{told}");
        }
        for (octets, shown) in [
            (&b"220 mail.example ESMTP\r\n"[..], "220 mail.example ESMTP"),
            (b"+OK ready\r\n", "+OK ready"),
            (b"Hello from finger\n", "Hello from finger"),
            (b"HTTPS/1.1 200 OK\r\n\r\n", "HTTPS/1.1 200 OK"),
            (b"a\x1b[1m\xff\"\r\n", "a\\x1b[1m\\xff\\\""),
            (&[b'x'; 32], "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        ] {
            let told = error_of_response(octets).to_string();
            let expected = format!(
                "the response begins with \"{shown}\" instead of HTTP/1.1: invalid HTTP version \
                 at octet "
            );
            assert!(told.starts_with(&expected), "{told}");
        }
    }

    #[test]
    fn rfc9110_15_6_3_an_error_of_a_response_is_a_bad_gateway() {
        for octets in [
            &b"HTTP/2.0 200 OK\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\nA: b\n\n",
            b"SSH-2.0-a\r\n",
            b"+OK\r\n",
        ] {
            let peer_error = error_of_response(octets);
            assert_eq!(peer_error.status(), Status::BAD_GATEWAY, "{peer_error}");
        }
        let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi";
        let cut =
            datagram::parse_response(cut, Method::GET, FieldSpans::<4>::new().lend()).unwrap_err();
        assert_eq!(cut.kind(), ParseErrorKind::Truncated);
        for (error, status) in [
            (Error::of_response(cut, b""), Status::BAD_GATEWAY),
            (PeerError::NoResponse.into(), Status::BAD_GATEWAY),
            (Error::of_request(cut, b""), Status::BAD_REQUEST),
        ] {
            let Error::Peer(peer_error) = error else { panic!("{error}") };
            assert_eq!(peer_error.status(), status, "{peer_error}");
        }
        for (octets, status) in [
            (&b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"[..], Status::HTTP_VERSION_NOT_SUPPORTED),
            (b"GET / HTTP/1.1\nHost: a\n\n", Status::BAD_REQUEST),
            (b"SSH-2.0-a\r\n", Status::BAD_REQUEST),
        ] {
            let error = RequestHead::parse(octets, FieldSpans::<4>::new().lend()).unwrap_err();
            let Error::Peer(peer_error) = Error::of_request(error, octets) else {
                panic!("{error}")
            };
            assert_eq!(peer_error.status(), status, "{peer_error}");
        }
    }

    #[test]
    fn messages_are_of_one_kind() {
        for error in errors() {
            let text = error.to_string();
            let is_name = text.starts_with("TLS") || text.starts_with("HTTP");
            assert!(is_name || !text.starts_with(char::is_uppercase), "{text}");
            assert!(!text.ends_with('.') && text.is_ascii(), "{text}");
        }
    }

    #[test]
    fn each_limit_of_a_client_names_what_to_raise() {
        let limits: Vec<_> =
            ParseErrorKind::ALL.iter().filter(|kind| raised(**kind).is_some()).collect();
        let too: Vec<_> =
            ParseErrorKind::ALL.iter().filter(|kind| kind.to_string().contains("too ")).collect();
        // Limits of requests, and numbers that do not fit into 64 bits.
        let others = [
            ParseErrorKind::MethodTooLong,
            ParseErrorKind::TargetTooLong,
            ParseErrorKind::ContentLengthTooLarge,
            ParseErrorKind::ChunkSizeTooLarge,
        ];
        assert!(too.iter().all(|kind| limits.contains(kind) != others.contains(kind)), "{too:?}");
        assert!(limits.iter().all(|kind| too.contains(kind)));
    }
}
