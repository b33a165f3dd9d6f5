//! `http` and `https` URLs, parsed into the origin to connect to and the request target.

use crate::client::origin::{Origin, Scheme};
use crate::error::{Error, UrlError};
use bareline_core::Target;
use bareline_core::error::InvalidValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt;

/// A parsed `http` or `https` URL [RFC 9110 section 4.2].
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct HttpUrl {
    pub(crate) scheme: Scheme,
    /// The value of `Host`, normalized [RFC 9110 section 4.2.3].
    ///
    /// It is in lower case. The default port and leading zeros of another port are removed.
    pub(crate) authority: String,
    /// The request target in origin form [RFC 9112 section 3.2.1].
    pub(crate) target: String,
    /// A redirection led to the URL.
    pub(crate) is_redirected: bool,
}

impl HttpUrl {
    /// Parses a URL, and percent-encodes path and query as [`encoded`] does. Dot segments stay.
    pub(crate) fn new(url: &str) -> Result<Self, Error> {
        let given = url;
        let url = url.trim_start_matches(' ');
        // Offsets in errors count from the beginning of the URL as it was given.
        let front = given.len().saturating_sub(url.len());
        let url = url.trim_end_matches(' ');
        // The fragment is not for the server [RFC 9110 section 4.2.5].
        let url = url.split('#').next().unwrap_or(url);
        let (scheme, rest) = url
            .split_once(':')
            .and_then(|(name, rest)| Some((Scheme::new(name)?, rest.strip_prefix("//")?)))
            .ok_or(UrlError::NotHttp)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let authority_at = front.saturating_add(url.len()).saturating_sub(rest.len());
        let port = check_authority(authority, authority_at)?;
        let path_at = front.saturating_add(url.len()).saturating_sub(path.len());
        // Browsers remove tabs and line ends, and encode other control octets. All are mistakes.
        if let Some(control) = path.find(|character: char| character.is_ascii_control()) {
            return Err(UrlError::InvalidTarget { at: path_at.saturating_add(control) }.into());
        }
        let host = authority.strip_suffix(port).unwrap_or(authority);
        // The zone of an address is the name of an interface, whose case matters.
        let zone = host.split_once("%25").filter(|_| host.starts_with('['));
        let host = match zone {
            Some((address, zone)) => format!("{}%{zone}", address.to_ascii_lowercase()),
            None => host.to_ascii_lowercase(),
        };
        // `check_authority` has parsed the port: an error here is an empty port.
        let authority = match port.trim_start_matches(':').parse::<u16>() {
            Ok(number) if number != scheme.default_port() => format!("{host}:{number}"),
            _ => host,
        };
        let root = if path.starts_with('/') { "" } else { "/" };
        let target = encoded(&[root, path].concat());
        Ok(Self { scheme, authority, target, is_redirected: false })
    }

    /// Returns the authority as it is written in a URL.
    pub(crate) fn written_authority(&self) -> String {
        match self.authority.starts_with('[') {
            true => self.authority.replace('%', "%25"),
            false => self.authority.clone(),
        }
    }

    /// Returns the error of a request for this URL, with the URL if a redirection led to it.
    pub(crate) fn failed(&self, error: Error) -> Error {
        if !self.is_redirected || matches!(error, Error::Redirected { .. }) {
            return error;
        }
        Error::Redirected { url: self.to_string(), error: Box::new(error) }
    }

    /// Returns the scheme, the host and the port to connect to.
    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin::new(self.scheme, &self.authority)
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, target, .. } = self;
        write!(f, "{}://{}{target}", scheme.name(), self.written_authority())
    }
}

/// Checks the authority that begins at `start` in a URL [RFC 3986 section 3.2].
///
/// Returns its port with the colon, or an empty string.
fn check_authority(authority: &str, start: usize) -> Result<&str, UrlError> {
    if authority.contains('@') {
        return Err(UrlError::Userinfo { at: start });
    }
    let at = |part: &str| start.saturating_add(part.len());
    // A colon ends a host, unless the host is an address in brackets.
    let end = if authority.starts_with('[') {
        authority.find(']').map_or(authority.len(), |last| last.saturating_add(1))
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at_checked(end).unwrap_or((authority, ""));
    if port.matches(':').count() > 1 {
        return Err(UrlError::InvalidHost { at: start });
    }
    if host.is_empty() {
        return Err(UrlError::NoHost { at: start });
    }
    if let Some((before, _)) = host.split_once(|character: char| !character.is_ascii()) {
        return Err(UrlError::NonAsciiHost { at: at(before) });
    }
    let mut address = host.to_owned();
    if let (true, Some((before, zone))) = (host.starts_with('['), host.split_once('%')) {
        let zone = zone.strip_prefix("25").and_then(|zone| zone.strip_suffix(']'));
        let is_of_name = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~".contains(&octet);
        if !zone.is_some_and(|zone| !zone.is_empty() && zone.bytes().all(is_of_name)) {
            return Err(UrlError::Zone { at: at(before) });
        }
        address = [before, "]"].concat();
    }
    if let Err(InvalidValue::Target { at }) = Target::new(&format!("http://{address}")) {
        return Err(UrlError::InvalidHost {
            at: usize::from(at).saturating_sub("http://".len()).saturating_add(start),
        });
    }
    let digits = match port.strip_prefix(':') {
        Some(digits) => digits,
        None if port.is_empty() => "",
        None => return Err(UrlError::InvalidHost { at: at(host) }),
    };
    let is_port = digits.bytes().all(|octet| octet.is_ascii_digit())
        && (digits.is_empty() || digits.parse::<u16>().is_ok());
    if is_port { Ok(port) } else { Err(UrlError::InvalidPort { at: at(host).saturating_add(1) }) }
}

/// Percent-encodes a path and query as browsers do [WHATWG URL section 4.4].
///
/// A `\` in the path becomes a `/`. Octets that browsers leave raw against the grammar [RFC 3986
/// sections 3.3 and 3.4], and a `%` that begins no triplet, are encoded too.
fn encoded(target: &str) -> String {
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let mut encoded = String::with_capacity(target.len());
    encode(&path.replace('\\', "/"), PATH, &mut encoded);
    encode(query, QUERY, &mut encoded);
    encoded
}

fn encode(text: &str, set: &'static AsciiSet, out: &mut String) {
    for (count, piece) in text.split('%').enumerate() {
        let digits = piece.as_bytes().get(..2);
        let is_triplet = digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        if count > 0 {
            out.push_str(if is_triplet { "%" } else { "%25" });
        }
        out.extend(utf8_percent_encode(piece, set));
    }
}

/// The octets to encode in a path: all but `unreserved`, `sub-delims`, `:`, `@` and `/` [RFC 3986
/// section 3.3].
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@')
    .remove(b'/');

/// The octets to encode in a query: [`PATH`] without `?`, and with `'` as in browsers.
const QUERY: &AsciiSet = &PATH.remove(b'?').add(b'\'');

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::HttpUrl;
    use crate::error::{Error, UrlError};
    use bareline_core::Target;

    #[test]
    fn rfc9110_4_2_1_a_url_is_an_authority_and_a_target() {
        for (url, authority, target, address) in [
            ("http://a", "a", "/", ("http", "a", 80)),
            ("HTTP://A.example/b?c=D", "a.example", "/b?c=D", ("http", "a.example", 80)),
            ("http://a:80", "a", "/", ("http", "a", 80)),
            ("http://a:/", "a", "/", ("http", "a", 80)),
            ("http://a:8080?q", "a:8080", "/?q", ("http", "a", 8080)),
            ("http://a:8080/?", "a:8080", "/?", ("http", "a", 8080)),
            ("http://a/b#c?d", "a", "/b", ("http", "a", 80)),
            ("http://a#b", "a", "/", ("http", "a", 80)),
            ("http://a//b/../c", "a", "//b/../c", ("http", "a", 80)),
            ("http://[::1]/", "[::1]", "/", ("http", "::1", 80)),
            ("http://[2001:DB8::80]:81/", "[2001:db8::80]:81", "/", ("http", "2001:db8::80", 81)),
            ("http://A%25b/", "a%25b", "/", ("http", "a%25b", 80)),
            ("http://[::80]", "[::80]", "/", ("http", "::80", 80)),
            ("http://a/http://b", "a", "/http://b", ("http", "a", 80)),
            // Leading zeros of a port are removed.
            ("http://a:080/", "a", "/", ("http", "a", 80)),
            ("http://a:00081", "a:81", "/", ("http", "a", 81)),
            ("http://[::1]:0080?q", "[::1]", "/?q", ("http", "::1", 80)),
            ("http://a:0", "a:0", "/", ("http", "a", 0)),
            ("http://a:0800", "a:800", "/", ("http", "a", 800)),
            // Spaces at both ends are removed.
            ("  http://a:81/b  ", "a:81", "/b", ("http", "a", 81)),
            ("https://a", "a", "/", ("https", "a", 443)),
            ("HTTPS://A:0443/b", "a", "/b", ("https", "a", 443)),
            ("https://a:80", "a:80", "/", ("https", "a", 80)),
            ("http://a:443", "a:443", "/", ("http", "a", 443)),
            ("https://[::443]", "[::443]", "/", ("https", "::443", 443)),
            // No IPv6 address, and no name either.
            ("http://[v1.a]:81", "[v1.a]:81", "/", ("http", "[v1.a]", 81)),
        ] {
            let split = HttpUrl::new(url).unwrap();
            assert_eq!((&*split.authority, &*split.target), (authority, target), "{url}");
            Target::new(&split.target).unwrap();
            let origin = split.origin();
            assert_eq!((origin.scheme(), origin.host(), origin.port()), address, "{url}");
        }
    }

    #[test]
    fn what_a_url_may_not_hold_is_encoded_as_browsers_do() {
        for (url, target) in [
            // The path and query sets of the WHATWG URL standard.
            ("http://a/ \"<>^`{}?\"<>' x", "/%20%22%3C%3E%5E%60%7B%7D?%22%3C%3E%27%20x"),
            ("http://a?{^`}", "/?%7B%5E%60%7D"),
            // Other octets that are not in the grammar of a target.
            ("http://a/[|]?[|]", "/%5B%7C%5D?%5B%7C%5D"),
            // UTF-8.
            ("http://a/\u{e4}?\u{20ac}=\u{1f600}", "/%C3%A4?%E2%82%AC=%F0%9F%98%80"),
            // In a path a backslash becomes a slash.
            ("http://a/b\\c?d\\e", "/b/c?d%5Ce"),
            // Triplets stay as they are; a stray percent sign is encoded.
            ("http://a/%5b%7C?%e4", "/%5b%7C?%e4"),
            ("http://a/%?%4%zz%%41%", "/%25?%254%25zz%25%41%25"),
            ("http://a/%\u{e4}4", "/%25%C3%A44"),
            // Octets that are not encoded.
            (
                "http://a/-._~!$&'()*+,;=:@/?-._~!$&()*+,;=:@/?",
                "/-._~!$&'()*+,;=:@/?-._~!$&()*+,;=:@/?",
            ),
            // Trailing spaces and the fragment are removed.
            ("http://a/b  ", "/b"),
            ("http://a/b #\u{e4}\n", "/b%20"),
        ] {
            assert_eq!(HttpUrl::new(url).unwrap().target, target, "{url}");
            Target::new(target).unwrap();
        }
    }

    #[test]
    fn an_invalid_url_is_printed_as_an_error() {
        for (url, expected) in [
            ("ftp://a/", UrlError::NotHttp),
            ("localhost:8080/", UrlError::NotHttp),
            ("a", UrlError::NotHttp),
            ("/a", UrlError::NotHttp),
            ("/?q=http://a", UrlError::NotHttp),
            ("", UrlError::NotHttp),
        ] {
            let error = HttpUrl::new(url).unwrap_err();
            assert!(matches!(error, Error::Url(found) if found == expected), "{url}: {error:?}");
        }
        for (url, expected) in [
            ("http://", UrlError::NoHost { at: 7 }),
            ("http:///a", UrlError::NoHost { at: 7 }),
            ("http://:80/", UrlError::NoHost { at: 7 }),
            ("HTTP://a b/c", UrlError::InvalidHost { at: 8 }),
            ("http://a\"b", UrlError::InvalidHost { at: 8 }),
            ("http://\u{e4}/", UrlError::NonAsciiHost { at: 7 }),
            ("http://a\u{e4}:80/", UrlError::NonAsciiHost { at: 8 }),
            ("http://u@a/", UrlError::Userinfo { at: 7 }),
            ("http://u:p@a b/", UrlError::Userinfo { at: 7 }),
            ("http://[fe80::1%eth0]/", UrlError::Zone { at: 15 }),
            ("http://[fe80::1%25]/", UrlError::Zone { at: 15 }),
            ("http://[fe80::1%25a b]/", UrlError::Zone { at: 15 }),
            ("http://[fe80::1%25a%25]/", UrlError::Zone { at: 15 }),
            ("http://[fe80::g%25a]/", UrlError::InvalidHost { at: 8 }),
            ("http://[::1/", UrlError::InvalidHost { at: 11 }),
            ("http://[::g]/", UrlError::InvalidHost { at: 8 }),
            ("http://[::1]8080/", UrlError::InvalidHost { at: 12 }),
            ("http://::1/", UrlError::InvalidHost { at: 7 }),
            ("http://a:65536/", UrlError::InvalidPort { at: 9 }),
            ("http://a:99999/", UrlError::InvalidPort { at: 9 }),
            ("http://a:+1/", UrlError::InvalidPort { at: 9 }),
            ("http://a:b/", UrlError::InvalidPort { at: 9 }),
            ("http://a:8 /", UrlError::InvalidPort { at: 9 }),
            ("http://[::1]:b/", UrlError::InvalidPort { at: 13 }),
            ("http://a{?q", UrlError::InvalidHost { at: 8 }),
            ("http://a\\b", UrlError::InvalidHost { at: 8 }),
            ("http://a%/", UrlError::InvalidHost { at: 8 }),
            ("http://localhost:80:80/", UrlError::InvalidHost { at: 7 }),
            ("http://a/\u{e4}\n", UrlError::InvalidTarget { at: 11 }),
            ("http://a?q\t", UrlError::InvalidTarget { at: 10 }),
            ("http://a/\0?q", UrlError::InvalidTarget { at: 9 }),
            ("http://a/\x7f", UrlError::InvalidTarget { at: 9 }),
            ("https://u@a/", UrlError::Userinfo { at: 8 }),
            ("https://a:b/", UrlError::InvalidPort { at: 10 }),
            ("https://a/\n", UrlError::InvalidTarget { at: 10 }),
            ("  http://a b", UrlError::InvalidHost { at: 10 }),
            ("  http://a/\n", UrlError::InvalidTarget { at: 11 }),
            ("http://a:000065536", UrlError::InvalidPort { at: 9 }),
        ] {
            let error = HttpUrl::new(url).unwrap_err();
            assert!(matches!(error, Error::Url(found) if found == expected), "{url}: {error:?}");
        }
        for url in [
            "http://a:65535/",
            "http://a-b_c~/",
            "http://[::1]:8080/",
            "http://a/u@b",
            "http://a/:x?[",
            "http://a?@",
        ] {
            assert!(HttpUrl::new(url).is_ok(), "{url}");
        }
    }
}
