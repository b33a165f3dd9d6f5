//! What a URL says of where to connect, and of what to ask for there.

use crate::error::{Error, UrlFault};
use bareline_core::{Target, WriteError};

/// An `http` URL, taken apart [RFC 9110 section 4.2.1].
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct HttpUrl {
    /// For `Host`: in lower case, and without the default port, as URLs that differ in that alone are the same [RFC 9110 section 4.2.3].
    pub(crate) authority: String,
    /// In origin form [RFC 9112 section 3.2.1].
    pub(crate) target: String,
}

impl HttpUrl {
    pub(crate) fn new(url: &str) -> Result<Self, Error> {
        // The fragment is not for the server [RFC 9110 section 4.2.5].
        let url = url.split('#').next().unwrap_or(url);
        let rest = match url.split_once(':').and_then(|(scheme, rest)| Some((scheme, rest.strip_prefix("//")?))) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => return Err(UrlFault::NeedsTls.into()),
            _ => return Err(UrlFault::NotHttp.into()),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        check_authority(authority, "http://".len())?;
        // What is taken apart here is one in absolute form.
        Target::new(url).map_err(|error| match error {
            WriteError::InvalidTarget { at } => UrlFault::InvalidTarget { at }.into(),
            error => Error::Own(error),
        })?;
        let authority = authority.strip_suffix(":80").or(authority.strip_suffix(':')).unwrap_or(authority);
        let root = if path.starts_with('/') { "" } else { "/" };
        Ok(Self { authority: authority.to_ascii_lowercase(), target: [root, path].concat() })
    }

    /// Host and port to connect to.
    pub(crate) fn address(authority: &str) -> String {
        let after_host = authority.rsplit(']').next().unwrap_or(authority);
        let port = if after_host.contains(':') { "" } else { ":80" };
        format!("{authority}{port}")
    }
}

/// Finds what is wrong with an authority that begins at this octet of a URL [RFC 3986 section 3.2].
fn check_authority(authority: &str, start: usize) -> Result<(), UrlFault> {
    if authority.contains('@') {
        return Err(UrlFault::Userinfo { at: start });
    }
    let at = |part: &str| start.saturating_add(part.len());
    // A colon ends a host that is no address in brackets.
    let end = match authority.starts_with('[') {
        true => authority.find(']').map_or(authority.len(), |last| last.saturating_add(1)),
        false => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at_checked(end).unwrap_or((authority, ""));
    if port.matches(':').count() > 1 {
        return Err(UrlFault::InvalidHost { at: start });
    }
    if host.is_empty() {
        return Err(UrlFault::NoHost { at: start });
    }
    if let Some((before, _)) = host.split_once(|character: char| !character.is_ascii()) {
        return Err(UrlFault::NonAsciiHost { at: at(before) });
    }
    if let (true, Some((before, _))) = (host.starts_with('['), host.split_once('%')) {
        return Err(UrlFault::Zone { at: at(before) });
    }
    if let Err(WriteError::InvalidTarget { at }) = Target::new(&format!("http://{host}")) {
        return Err(UrlFault::InvalidHost { at: at.saturating_sub("http://".len()).saturating_add(start) });
    }
    let digits = match port.strip_prefix(':') {
        Some(digits) => digits,
        None if port.is_empty() => "",
        None => return Err(UrlFault::InvalidHost { at: at(host) }),
    };
    let is_port = digits.bytes().all(|octet| octet.is_ascii_digit()) && (digits.is_empty() || digits.parse::<u16>().is_ok());
    match is_port {
        true => Ok(()),
        false => Err(UrlFault::InvalidPort { at: at(host).saturating_add(1) }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::HttpUrl;
    use crate::error::{Error, UrlFault};

    #[test]
    fn rfc9110_4_2_1_a_url_is_an_authority_and_a_target() {
        for (url, authority, target, address) in [
            ("http://a", "a", "/", "a:80"),
            ("HTTP://A.example/b?c=D", "a.example", "/b?c=D", "a.example:80"),
            ("http://a:80", "a", "/", "a:80"),
            ("http://a:/", "a", "/", "a:80"),
            ("http://a:8080?q", "a:8080", "/?q", "a:8080"),
            ("http://a:8080/?", "a:8080", "/?", "a:8080"),
            ("http://a/b#c?d", "a", "/b", "a:80"),
            ("http://a#b", "a", "/", "a:80"),
            ("http://a//b/../c", "a", "//b/../c", "a:80"),
            ("http://[::1]/", "[::1]", "/", "[::1]:80"),
            ("http://[2001:DB8::80]:81/", "[2001:db8::80]:81", "/", "[2001:db8::80]:81"),
            ("http://[::80]", "[::80]", "/", "[::80]:80"),
            ("http://a/http://b", "a", "/http://b", "a:80"),
        ] {
            let split = HttpUrl::new(url).unwrap();
            assert_eq!((&*split.authority, &*split.target), (authority, target), "{url}");
            assert_eq!(HttpUrl::address(&split.authority), address, "{url}");
        }
    }

    #[test]
    fn what_is_no_http_url_is_told() {
        for (url, fault) in [
            ("https://a/", UrlFault::NeedsTls),
            ("HTTPS://a/", UrlFault::NeedsTls),
            ("ftp://a/", UrlFault::NotHttp),
            ("localhost:8080/", UrlFault::NotHttp),
            ("a", UrlFault::NotHttp),
            ("/a", UrlFault::NotHttp),
            ("/?q=http://a", UrlFault::NotHttp),
            ("", UrlFault::NotHttp),
        ] {
            let error = HttpUrl::new(url).unwrap_err();
            assert!(matches!(error, Error::Url(told) if told == fault), "{url}: {error:?}");
        }
        for (url, fault) in [
            ("http://", UrlFault::NoHost { at: 7 }),
            ("http:///a", UrlFault::NoHost { at: 7 }),
            ("http://:80/", UrlFault::NoHost { at: 7 }),
            ("HTTP://a b/c", UrlFault::InvalidHost { at: 8 }),
            ("http://a\"b", UrlFault::InvalidHost { at: 8 }),
            ("http://\u{e4}/", UrlFault::NonAsciiHost { at: 7 }),
            ("http://a\u{e4}:80/", UrlFault::NonAsciiHost { at: 8 }),
            ("http://u@a/", UrlFault::Userinfo { at: 7 }),
            ("http://u:p@a b/", UrlFault::Userinfo { at: 7 }),
            ("http://[fe80::1%eth0]/", UrlFault::Zone { at: 15 }),
            ("http://[::1/", UrlFault::InvalidHost { at: 11 }),
            ("http://[::g]/", UrlFault::InvalidHost { at: 8 }),
            ("http://[::1]8080/", UrlFault::InvalidHost { at: 12 }),
            ("http://::1/", UrlFault::InvalidHost { at: 7 }),
            ("http://a:65536/", UrlFault::InvalidPort { at: 9 }),
            ("http://a:99999/", UrlFault::InvalidPort { at: 9 }),
            ("http://a:+1/", UrlFault::InvalidPort { at: 9 }),
            ("http://a:b/", UrlFault::InvalidPort { at: 9 }),
            ("http://a:8 /", UrlFault::InvalidPort { at: 9 }),
            ("http://[::1]:b/", UrlFault::InvalidPort { at: 13 }),
        ] {
            let error = HttpUrl::new(url).unwrap_err();
            assert!(matches!(error, Error::Url(told) if told == fault), "{url}: {error:?}");
        }
        for url in ["http://a:65535/", "http://a-b_c~/", "http://[::1]:8080/", "http://a/u@b", "http://a/:x?[", "http://a?@"] {
            assert!(HttpUrl::new(url).is_ok(), "{url}");
        }
    }
}
