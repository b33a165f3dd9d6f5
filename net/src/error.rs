//! What can go wrong, by whose fault.

use bareline_core::{ErrorKind, ParseError, Status, WriteError};
use std::net::SocketAddr;
use std::time::Duration;
use std::{fmt, io};

/// Why an exchange failed: the network, the peer, or the caller.
///
/// ```
/// use bareline_core::{Method, Target};
/// use bareline_net::{Client, ClientStream, Error, UrlFault, Untimed};
/// use std::io::Cursor;
///
/// assert!(matches!(Client::new().get("https://example.com/"), Err(Error::Url(UrlFault::NeedsTls))));
///
/// // A peer that closes, and says nothing.
/// let mut client = ClientStream::new(Untimed(Cursor::new(Vec::new())), "example.com");
/// let error = client.request(Method::GET, Target::ROOT, &[], b"").unwrap_err();
/// assert_eq!(error.to_string(), "connection closed in mid-message (RFC 9112 section 8)");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The network or the operating system.
    Io(io::Error),
    /// None of the addresses could be connected to.
    Connect {
        /// Each address with its failure, in the order in which they were tried.
        tried: Vec<(SocketAddr, io::Error)>,
    },
    /// What the peer did.
    Peer(PeerFault),
    /// What the caller asked for.
    Own(WriteError),
    /// The URL that the caller asked for.
    Url(UrlFault),
    /// The connection has ended, and carries nothing more [RFC 9112 section 9.6].
    Closed,
    /// A request got no answer from the caller, or not a whole one; the connection is closed.
    Unanswered,
}

/// What the peer did wrong.
///
/// ```
/// use bareline_core::Status;
/// use bareline_net::{Error, PeerFault, ServerStream, Untimed};
/// use std::io::Cursor;
///
/// let mut peer = ServerStream::new(Untimed(Cursor::new(b"GET / HTTP/1.1\nHost: a\n\n".to_vec())));
/// let Err(Error::Peer(fault)) = peer.next_request() else { panic!("a line feed alone ends no line") };
/// assert_eq!(fault.status(), Status::BAD_REQUEST);
/// let text = "line ended by LF alone at octet 14 (RFC 9112 section 2.2): end each line with CR LF";
/// assert_eq!(fault.to_string(), text);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PeerFault {
    /// It sent what is no message.
    Parse(ParseError),
    /// It closed the connection in the middle of a message [RFC 9112 section 8].
    Truncated,
    /// It kept us waiting.
    TooSlow {
        /// For what.
        wait: Wait,
        /// How long.
        after: Duration,
    },
}

/// Why a [`Client`](crate::Client) cannot ask for a URL that is written as one may be; octets that may not stand in one are
/// [`WriteError::InvalidTarget`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum UrlFault {
    /// It does not begin with `http://`.
    NotHttp,
    /// Its scheme is https, whose TLS the client has not.
    NeedsTls,
}

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Wait {
    /// The first octet of a request.
    Idle,
    /// A message head.
    Head,
    /// The rest of a body.
    Body,
    /// The peer to take what is sent.
    Write,
    /// A datagram.
    Datagram,
    /// The end of an exchange as a whole.
    Whole,
}

impl PeerFault {
    /// The status with which a server answers.
    pub const fn status(&self) -> Status {
        match self {
            Self::Parse(error) => error.status(),
            Self::TooSlow { .. } => Status::REQUEST_TIMEOUT,
            Self::Truncated => Status::BAD_REQUEST,
        }
    }
}

impl fmt::Display for PeerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parse(error) => write!(f, "{error}: {}", error.hint()),
            Self::Truncated => f.write_str("connection closed in mid-message (RFC 9112 section 8)"),
            Self::TooSlow { wait, after } => write!(f, "no {wait} within {} s", after.as_secs_f32()),
        }
    }
}

impl fmt::Display for UrlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotHttp => "no http URL: it has to begin with http:// (RFC 9110 section 4.2.1)",
            Self::NeedsTls => "https needs TLS: connect with a TLS library, and ask on its stream with a ClientStream",
        })
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "request",
            Self::Head => "whole head",
            Self::Body => "whole body",
            Self::Write => "room to send",
            Self::Datagram => "datagram",
            Self::Whole => "end of the exchange",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Connect { tried } if tried.is_empty() => f.write_str("the name has no address"),
            Self::Connect { tried } => {
                for (position, (address, error)) in tried.iter().enumerate() {
                    let separator = if position == 0 { "" } else { "; " };
                    write!(f, "{separator}{address}: {error}")?;
                }
                Ok(())
            }
            Self::Peer(fault) => write!(f, "{fault}"),
            Self::Own(error) => write!(f, "{error}"),
            Self::Url(fault) => write!(f, "{fault}"),
            Self::Closed => f.write_str("connection has ended (RFC 9112 section 9.6)"),
            Self::Unanswered => f.write_str("request without a whole answer"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Peer(PeerFault::Parse(error)) => Some(error),
            Self::Own(error) => Some(error),
            Self::Connect { .. } | Self::Peer(_) | Self::Url(_) | Self::Closed | Self::Unanswered => None,
        }
    }
}

/// An error that has been through [`std::io`], as those of bodies are, is what it was.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        error.downcast().unwrap_or_else(Self::Io)
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::Peer(match error.kind() {
            ErrorKind::Truncated => PeerFault::Truncated,
            _ => PeerFault::Parse(error),
        })
    }
}

impl From<PeerFault> for Error {
    fn from(fault: PeerFault) -> Self {
        Self::Peer(fault)
    }
}

impl From<UrlFault> for Error {
    fn from(fault: UrlFault) -> Self {
        Self::Url(fault)
    }
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        Self::Own(error)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Io(error) => return error,
            Error::Peer(PeerFault::Truncated) => io::ErrorKind::UnexpectedEof,
            Error::Peer(PeerFault::TooSlow { .. }) => io::ErrorKind::TimedOut,
            Error::Peer(PeerFault::Parse(_)) => io::ErrorKind::InvalidData,
            Error::Own(_) | Error::Url(_) => io::ErrorKind::InvalidInput,
            Error::Closed => io::ErrorKind::NotConnected,
            Error::Connect { .. } | Error::Unanswered => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}
