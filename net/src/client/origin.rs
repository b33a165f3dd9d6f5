//! The origin of a URL: its scheme, host and port.

use std::fmt;
use std::net::Ipv6Addr;

/// The scheme, host and port of a URL, to which a [`Client`](crate::Client) connects [RFC 9110
/// section 4.3.1].
///
/// ```
/// use bareline_net::{Client, Error};
/// use std::net::TcpStream;
///
/// let client = Client::new().connector(|origin, _| match (origin.scheme(), origin.host()) {
///     ("http", "localhost") => Ok(Box::new(TcpStream::connect(("127.0.0.1", origin.port()))?)),
///     _ => Err(Error::other("this client connects to localhost only")),
/// });
/// assert!(client.get("http://example.com/").is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin<'o> {
    scheme: Scheme,
    /// The host in lower case, and the port if it is not the default one.
    authority: &'o str,
}

/// The scheme of a URL [RFC 9110 section 4.2].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// Returns the scheme of this name, in any case.
    pub(crate) fn new(name: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|own| own.name().eq_ignore_ascii_case(name))
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    pub(crate) const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl<'o> Origin<'o> {
    pub(crate) const fn new(scheme: Scheme, authority: &'o str) -> Self {
        Self { scheme, authority }
    }

    /// Returns the scheme: `http` or `https`.
    pub const fn scheme(&self) -> &'static str {
        self.scheme.name()
    }

    /// Returns the host in lower case: a name or an IP address, an IPv6 address without brackets,
    /// and with a `%` and its zone if the URL has one.
    pub fn host(&self) -> &'o str {
        let (host, _) = self.parts();
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_address =
            |host: &&str| host.split('%').next().is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok());
        address.filter(is_address).unwrap_or(host)
    }

    /// Returns the value of `Host`: without the zone, which means nothing elsewhere [RFC 6874
    /// section 1].
    pub(crate) fn host_field(&self) -> String {
        match (self.authority.split_once('%'), self.authority.find(']')) {
            (Some((address, _)), Some(end)) => {
                [address, self.authority.get(end..).unwrap_or_default()].concat()
            }
            _ => self.authority.to_owned(),
        }
    }

    /// Returns the port: that of the URL, or else 80 for `http` and 443 for `https`.
    pub fn port(&self) -> u16 {
        self.parts().1.unwrap_or(self.scheme.default_port())
    }

    pub(crate) const fn own_scheme(&self) -> Scheme {
        self.scheme
    }

    pub(crate) const fn authority(&self) -> &'o str {
        self.authority
    }

    /// Returns the host, and the port if it is not the default one.
    fn parts(&self) -> (&'o str, Option<u16>) {
        let port = self.authority.rsplit_once(':');
        let port = port.and_then(|(host, port)| Some((host, port.parse().ok()?)));
        match port {
            // In an IPv6 address the last colon is in front of a bracket.
            Some((host, port)) => (host, Some(port)),
            None => (self.authority, None),
        }
    }
}

impl fmt::Debug for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({}://{})", self.scheme(), self.authority)
    }
}
