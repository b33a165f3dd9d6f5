//! Opens the connections of a client: TCP, and TLS by rustls.

use crate::client::connect::connect_to_one;
use crate::client::origin::{Origin, Scheme};
use crate::client::pool::BoxedTransport;
use crate::error::Error;
#[cfg(not(feature = "rustls"))]
use crate::error::UrlError;
use crate::wire::deadline::Deadline;
#[cfg(feature = "rustls")]
use crate::wire::tls::TlsStream;
#[cfg(feature = "rustls")]
use rustls::{ClientConfig, crypto::ring};
#[cfg(feature = "rustls")]
use rustls_platform_verifier::BuilderVerifierExt;
use std::io;
use std::net::{Ipv6Addr, TcpStream, ToSocketAddrs};
#[cfg(feature = "rustls")]
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Opens a connection to an origin: within this time to each address, and until this deadline.
pub(crate) type Open =
    dyn Fn(Origin<'_>, Duration, Deadline) -> Result<BoxedTransport, Error> + Send + Sync;

/// Opens a TCP connection, or for https one over TLS that trusts the authorities of the system.
pub(crate) fn open_by_default(
    origin: Origin<'_>,
    timeout: Duration,
    until: Deadline,
) -> Result<BoxedTransport, Error> {
    match origin.own_scheme() {
        Scheme::Http => Ok(Box::new(open_tcp(origin, timeout, until)?.0)),
        #[cfg(feature = "rustls")]
        Scheme::Https => {
            let opened = open_tls(system_config()?, origin, timeout, until);
            opened.map_err(|error| error.with_unread(unread_authorities))
        }
        #[cfg(not(feature = "rustls"))]
        Scheme::Https => Err(UrlError::NeedsTls.into()),
    }
}

/// Opens a TCP connection. Returns the end of the time for a handshake on it too.
fn open_tcp(
    origin: Origin<'_>,
    timeout: Duration,
    until: Deadline,
) -> Result<(TcpStream, Deadline), Error> {
    let (host, port) = (origin.host(), origin.port());
    let addresses = (host, port).to_socket_addrs().map_err(|error| of_zone(error, host))?;
    connect_to_one(addresses, timeout, until)
}

/// Explains the error of a host that is an IPv6 address with a zone.
fn of_zone(error: io::Error, host: &str) -> io::Error {
    let zoned = host.split_once('%');
    match zoned.and_then(|(address, zone)| Some((address.parse::<Ipv6Addr>().ok()?, zone))) {
        Some((address, zone)) if address.is_unicast_link_local() => io::Error::new(
            error.kind(),
            format!(
                "the zone {zone} of {address} is no interface of this machine (RFC 4007 section \
                 11): write the name or number of one"
            ),
        ),
        Some((address, zone)) => io::Error::new(
            error.kind(),
            format!("{address} needs no zone (RFC 4007 section 6): remove %25{zone}"),
        ),
        None => error,
    }
}

/// Opens a TCP connection, or for https one over TLS with this configuration.
#[cfg(feature = "rustls")]
pub(crate) fn open_with(
    config: &Arc<ClientConfig>,
    origin: Origin<'_>,
    timeout: Duration,
    until: Deadline,
) -> Result<BoxedTransport, Error> {
    match origin.own_scheme() {
        Scheme::Http => open_by_default(origin, timeout, until),
        Scheme::Https => open_tls(config, origin, timeout, until),
    }
}

#[cfg(feature = "rustls")]
fn open_tls(
    config: &Arc<ClientConfig>,
    origin: Origin<'_>,
    timeout: Duration,
    until: Deadline,
) -> Result<BoxedTransport, Error> {
    let (stream, until) = open_tcp(origin, timeout, until)?;
    let mut stream = TlsStream::connect(config, origin.host(), stream)?;
    stream.handshake(until)?;
    Ok(Box::new(stream))
}

/// Returns the configuration that trusts the authorities of the system, which is made once.
#[cfg(feature = "rustls")]
fn system_config() -> Result<&'static Arc<ClientConfig>, Error> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|error| {
            let error = unread_authorities().unwrap_or_else(|| error.to_string());
            let text = format!(
                "cannot read which authorities the system trusts: {error}: install their \
                 certificates (ca-certificates), or give Client::tls a configuration"
            );
            io::Error::new(io::ErrorKind::NotFound, text)
        })?;
    Ok(CONFIG.get_or_init(|| Arc::new(config.with_no_client_auth())))
}

/// Returns the first error of the files that have the authorities of the system.
#[cfg(all(feature = "rustls", unix, not(target_vendor = "apple"), not(target_os = "android")))]
fn unread_authorities() -> Option<String> {
    let error = rustls_native_certs::load_native_certs().errors.into_iter().next()?;
    Some(format!("{error}: correct SSL_CERT_FILE or SSL_CERT_DIR"))
}

/// Returns `None`: the authorities are in no files.
#[cfg(all(feature = "rustls", any(not(unix), target_vendor = "apple", target_os = "android")))]
fn unread_authorities() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

    #[cfg(not(feature = "rustls"))]
    #[test]
    fn rfc9110_4_2_2_https_needs_tls() {
        use crate::client::Client;
        use crate::error::{Error, PeerError, RedirectError, UrlError};
        use std::io::{Read, Write};
        let client = Client::new();
        let error = client.get("https://localhost/");
        assert!(matches!(error, Err(Error::Url(UrlError::NeedsTls))), "{error:?}");

        // A redirection to https.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let served = std::thread::spawn(move || {
            let response =
                b"HTTP/1.1 302 Found\r\nLocation: https://a/\r\nContent-Length: 0\r\n\r\n";
            let mut stream = listener.accept()?.0;
            // A close with unread octets could lose the response.
            assert!(stream.read(&mut [0; 4096])? > 0);
            stream.write_all(response)
        });
        let Err(Error::Redirected { url, error }) = client.get(&url) else { panic!("followed") };
        let redirect = PeerError::Redirect(RedirectError::Location(UrlError::NeedsTls));
        assert_eq!((&*url, error.peer_error()), ("https://a/", Some(redirect)));
        served.join().unwrap().unwrap();
    }
}
