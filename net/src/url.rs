//! What a URL says of where to connect, and of what to ask for there.

use crate::error::{Error, UrlFault};
use bareline_core::Target;

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
        // What is taken apart here is one in absolute form.
        Target::new(url)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::HttpUrl;
    use crate::error::{Error, UrlFault};
    use bareline_core::WriteError;

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
        for (url, octet) in [("http://", 7), ("http:///a", 7), ("http://a b", 8), ("http://a/\u{e4}", 9), ("http://u@a/", 8)] {
            let error = HttpUrl::new(url).unwrap_err();
            assert!(matches!(error, Error::Own(WriteError::InvalidTarget { at }) if at == octet), "{url}: {error:?}");
        }
    }
}
