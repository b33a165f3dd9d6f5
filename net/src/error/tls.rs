//! The errors of TLS, as texts for people.

use crate::error::Error;
use httpdate::fmt_http_date;
use rustls::{AlertDescription, CertificateError, InvalidMessage};
use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

/// An error of TLS: a certificate that is not accepted, or a peer that speaks another protocol.
///
/// It is in the [`io::Error`](std::io::Error) of an [`Error::Io`](crate::Error::Io). Needs the
/// feature `rustls`.
///
/// ```
/// use bareline_net::{Client, Error, TlsError};
/// # let server = bareline_net::Server::bind("127.0.0.1:0")?;
/// # let (url, handle) = (format!("https://{}/", server.local_addr()?), server.handle());
/// # let served = std::thread::spawn(move || {
/// #     server.serve(|exchange| exchange.responder.send(bareline_net::Status::OK, &[], b"hello"))
/// # });
///
/// // `url` has the port of a server without TLS.
/// let Err(Error::Io(error)) = Client::new().get(&url) else { panic!("there is no TLS") };
/// let told = error.get_ref().and_then(|error| error.downcast_ref::<TlsError>());
/// assert!(told.unwrap().to_string().starts_with("the server does not speak TLS at this port"));
/// # handle.shutdown();
/// # served.join().unwrap()?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct TlsError {
    error: rustls::Error,
    peer: TlsPeer,
    /// The error of the file of authorities that could not be read.
    unread: Option<String>,
}

/// The peer of a connection over TLS.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum TlsPeer {
    Client,
    Server,
}

impl TlsError {
    pub(crate) const fn new(error: rustls::Error, peer: TlsPeer) -> Self {
        Self { error, peer, unread: None }
    }

    /// Returns the error of rustls, for a program that handles some of them.
    pub const fn rustls(&self) -> &rustls::Error {
        &self.error
    }
}

impl fmt::Display for TlsPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { error, peer, unread } = self;
        match error {
            rustls::Error::InvalidCertificate(error) => {
                of_certificate(error, *peer, unread.as_deref(), f)
            }
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
                let remedy = match peer {
                    TlsPeer::Server => {
                        "write http:// in the URL, or the port at which the server speaks TLS"
                    }
                    TlsPeer::Client => "write https:// in its URL",
                };
                write!(
                    f,
                    "the {peer} does not speak TLS at this port (RFC 8446 section 5.1): {remedy}"
                )
            }
            rustls::Error::AlertReceived(alert) => {
                write!(
                    f,
                    "the {peer} ended TLS by the alert {alert:?} (RFC 8446 section 6.2): {}",
                    remedy(*alert)
                )
            }
            error => {
                write!(
                    f,
                    "TLS with the {peer} failed: {error}: report it to whoever runs the {peer}"
                )
            }
        }
    }
}

impl std::error::Error for TlsError {}

impl Error {
    /// Adds the error of a file of authorities, if the peer's authority is not known.
    pub(crate) fn with_unread(mut self, unread: fn() -> Option<String>) -> Self {
        let issuer = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        if let Self::Io(error) = &mut self
            && let Some(error) = error.get_mut().and_then(|error| error.downcast_mut::<TlsError>())
            && error.error == issuer
        {
            error.unread = unread();
        }
        self
    }
}

/// Returns the remedy for an alert of the peer.
const fn remedy(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA => {
            "it does not accept the certificate of this side: check that it is valid, and that \
             the peer trusts its authority"
        }
        AlertDescription::CertificateRequired => {
            "it wants a certificate of this side: give Client::tls a configuration with one"
        }
        AlertDescription::NoApplicationProtocol => "it does not speak HTTP/1.1 at this port",
        AlertDescription::ProtocolVersion
        | AlertDescription::HandshakeFailure
        | AlertDescription::InsufficientSecurity => {
            "both ends need TLS 1.2 or 1.3 and a cipher suite in common: update the older one"
        }
        _ => "its log may say more",
    }
}

/// Writes the text of an error of the peer's certificate.
fn of_certificate(
    error: &CertificateError,
    peer: TlsPeer,
    unread: Option<&str>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let date =
        |seconds: u64| fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND)));
    write!(f, "the {peer}'s certificate ")?;
    match error {
        CertificateError::Expired => {
            write!(f, "has expired (RFC 5280 section 4.1.2.5): {CLOCK}")?;
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            write!(
                f,
                "expired at {} (RFC 5280 section 4.1.2.5): {CLOCK}",
                date(not_after.as_secs())
            )?;
        }
        CertificateError::NotValidYet => {
            write!(f, "is not valid yet (RFC 5280 section 4.1.2.5): {CLOCK}")?;
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            let from = date(not_before.as_secs());
            write!(f, "is valid from {from} on (RFC 5280 section 4.1.2.5): {CLOCK}")?;
        }
        CertificateError::NotValidForName => {
            return write!(f, "is for another host (RFC 9110 section 4.3.4): {HOST}");
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names = names(presented);
            return write!(
                f,
                "is for {names}, not for {} (RFC 9110 section 4.3.4): {HOST}",
                expected.to_str()
            );
        }
        // An authority that was made anew under its old name has another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            f.write_str("is issued by no authority that is trusted here (RFC 5280 section 6.1): ")?;
            if let Some(unread) = unread {
                write!(f, "{unread}; otherwise ")?;
            }
            return write!(
                f,
                "the {peer} has to send the certificates between its own and the authority's; add \
                 an authority of your own to those of the system, or to the rustls configuration"
            );
        }
        CertificateError::Revoked => f.write_str("is revoked (RFC 5280 section 3.3): ")?,
        CertificateError::Other(error) if error.to_string() == "CaUsedAsEndEntity" => {
            return write!(
                f,
                "is that of an authority (RFC 5280 section 4.2.1.9): give the {peer} one without \
                 CA:TRUE, as openssl req makes it with -addext basicConstraints=CA:FALSE"
            );
        }
        error => write!(f, "is invalid (RFC 5280 section 6.1): {error}: ")?,
    }
    write!(f, "report it to whoever runs the {peer}")
}

/// The last second of the year 9999, beyond which no date is written.
const LAST_SECOND: u64 = 253_402_300_799;
/// The remedy for a time at which a certificate is not valid.
const CLOCK: &str = "set the clock of this machine if it is wrong, or ";
/// The remedy for another host.
const HOST: &str = "use a URL with a host of the certificate, or report it to whoever runs the \
                    server";
/// The most names of a certificate that an error has.
const NAMES: usize = 5;

/// Returns the names of a certificate without the kind that rustls writes: `DnsName("a")`.
fn names(presented: &[String]) -> String {
    let shown = presented.iter().take(NAMES);
    let shown: Vec<_> = shown.map(|name| name.split('"').nth(1).unwrap_or(name)).collect();
    match presented.len() {
        0 => "no host, as it has no subjectAltName".to_owned(),
        count if count > NAMES => format!("{} and others", shown.join(", ")),
        _ => shown.join(", "),
    }
}
