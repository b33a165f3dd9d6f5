//! Redirections [RFC 9110 section 15.4].

use crate::client::origin::Scheme;
use crate::client::url::HttpUrl;
use crate::error::{Error, PeerError, RedirectError};
use bareline_core::{FieldName, FieldValue, Method, ResponseHead, Status};
use percent_encoding::{CONTROLS, percent_encode};
use std::borrow::Cow;

/// The redirections that a client follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Redirects {
    /// The most for one request; 0 follows none.
    pub(crate) most: u32,
    /// One from `https` to `http` is followed.
    pub(crate) to_http: bool,
}

/// A request that follows a redirection.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) url: HttpUrl,
    /// The request is a GET without a body, whatever it was before.
    pub(crate) is_get: bool,
}

impl Redirects {
    pub(crate) const DEFAULT: Self = Self { most: 10, to_http: false };

    /// Returns the request that follows this response, or `None` if it is no redirection that can
    /// be followed. `count` have been followed before.
    pub(crate) fn follow(
        self,
        count: u32,
        url: &HttpUrl,
        method: Method<'_>,
        head: ResponseHead<'_>,
    ) -> Result<Option<Followed>, Error> {
        let is_get = match head.status() {
            Status::SEE_OTHER => method != Method::HEAD,
            // A POST becomes a GET, as clients have always done [RFC 9110 sections 15.4.2 and
            // 15.4.3].
            Status::MOVED_PERMANENTLY | Status::FOUND => method == Method::POST,
            Status::TEMPORARY_REDIRECT | Status::PERMANENT_REDIRECT => false,
            _ => return Ok(None),
        };
        let location = match head.fields().only(FieldName::LOCATION) {
            Ok(Some(location)) if self.most > 0 => location,
            _ => return Ok(None),
        };
        if count >= self.most {
            return Err(RedirectError::TooMany { most: self.most }.into());
        }
        // The path may be in another encoding than UTF-8.
        let location: Cow<'_, str> = match location.as_str() {
            Ok(location) => location.into(),
            Err(_) => percent_encode(location.as_bytes(), CONTROLS).to_string().into(),
        };
        let to = resolved(url, &location);
        let failed = |error: RedirectError| Error::Redirected {
            url: to.clone(),
            error: Box::new(error.into()),
        };
        let to = match HttpUrl::new(&to) {
            Err(Error::Url(error)) => return Err(failed(RedirectError::Location(error))),
            to => to?,
        };
        if !self.to_http && (url.scheme, to.scheme) == (Scheme::Https, Scheme::Http) {
            return Err(failed(RedirectError::ToHttp));
        }
        Ok(Some(Followed { url: HttpUrl { is_redirected: true, ..to }, is_get }))
    }
}

/// Removes the fields that another origin must not see.
pub(crate) fn remove_credentials(fields: &mut Vec<(FieldName<'_>, FieldValue<'_>)>) {
    let secret = [FieldName::AUTHORIZATION, FieldName::COOKIE, FieldName::PROXY_AUTHORIZATION];
    fields.retain(|(name, _)| !secret.contains(name));
}

/// Removes the fields that describe a body which is not sent again.
pub(crate) fn remove_content_fields(fields: &mut Vec<(FieldName<'_>, FieldValue<'_>)>) {
    let is_of_content = |name: &FieldName<'_>| {
        let start = name.as_bytes().get(..8);
        start.is_some_and(|start| start.eq_ignore_ascii_case(b"content-"))
            || [FieldName::EXPECT, FieldName::TRAILER].contains(name)
    };
    fields.retain(|(name, _)| !is_of_content(name));
}

impl From<RedirectError> for Error {
    fn from(error: RedirectError) -> Self {
        PeerError::Redirect(error).into()
    }
}

/// Returns the URL to which a reference leads from this one, without the fragment [RFC 3986 section
/// 5.2]. It may be invalid.
fn resolved(base: &HttpUrl, reference: &str) -> String {
    let reference = reference.split('#').next().unwrap_or_default().trim_matches(' ');
    let HttpUrl { scheme, target, .. } = base;
    let own = base.written_authority();
    let scheme = scheme.name();
    let (base_path, _) = split_query(target);
    let (authority, target) = if has_scheme(reference) {
        return match reference.split_once("://") {
            Some((scheme, rest)) => {
                let (authority, target) =
                    rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
                format!("{scheme}://{authority}{}", without_dots(target))
            }
            None => reference.to_owned(),
        };
    } else if let Some(rest) = reference.strip_prefix("//") {
        rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()))
    } else {
        (&*own, reference)
    };
    let target = match target.chars().next() {
        None if reference.is_empty() => base.target.clone(),
        None | Some('/') => target.to_owned(),
        Some('?') if reference.starts_with('?') => [base_path, target].concat(),
        Some('?') => target.to_owned(),
        Some(_) => {
            let folder =
                base_path.rfind('/').map_or("/", |last| base_path.get(..=last).unwrap_or_default());
            [folder, target].concat()
        }
    };
    format!("{scheme}://{authority}{}", without_dots(&target))
}

/// Returns whether a reference begins with a scheme [RFC 3986 section 3.1].
fn has_scheme(reference: &str) -> bool {
    let is_of_scheme = |octet: u8| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet);
    reference.split_once(':').is_some_and(|(scheme, _)| {
        scheme.bytes().all(is_of_scheme)
            && scheme.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
    })
}

fn split_query(target: &str) -> (&str, &str) {
    target.split_at(target.find('?').unwrap_or(target.len()))
}

/// Removes the dot segments of the path [RFC 3986 section 5.2.4].
fn without_dots(target: &str) -> String {
    let (path, query) = split_query(target);
    let Some(path) = path.strip_prefix('/') else { return target.to_owned() };
    let mut kept = Vec::new();
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => _ = kept.pop(),
            segment => {
                kept.push(segment);
                continue;
            }
        }
        // A dot segment at the end stands for a folder.
        if is_last {
            kept.push("");
        }
    }
    format!("/{}{query}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::resolved;
    use crate::client::url::HttpUrl;

    #[test]
    fn rfc3986_5_4_a_reference_is_resolved() {
        let base = HttpUrl::new("http://a/b/c/d;p?q").unwrap();
        for (reference, url) in [
            ("g:h", "g:h"),
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("g#s", "http://a/b/c/g"),
            ("g?y#s", "http://a/b/c/g?y"),
            (";x", "http://a/b/c/;x"),
            ("g;x", "http://a/b/c/g;x"),
            ("g;x?y#s", "http://a/b/c/g;x?y"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../", "http://a/"),
            ("../../g", "http://a/g"),
            // Section 5.4.2.
            ("../../../g", "http://a/g"),
            ("../../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            (".g", "http://a/b/c/.g"),
            ("g..", "http://a/b/c/g.."),
            ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/./x", "http://a/b/c/g?y/./x"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("g#s/./x", "http://a/b/c/g"),
            ("g#s/../x", "http://a/b/c/g"),
            ("http:g", "http:g"),
            // Others.
            ("https://b:81/c/../d?e", "https://b:81/d?e"),
            ("//b?c", "http://b?c"),
            ("//b/./c", "http://b/c"),
            ("  g  ", "http://a/b/c/g"),
            ("g:/h", "g:/h"),
            ("1:g", "http://a/b/c/1:g"),
            ("/g//h", "http://a/g//h"),
        ] {
            assert_eq!(resolved(&base, reference), url, "{reference}");
        }
        let root = HttpUrl::new("https://a:81").unwrap();
        for (reference, url) in [("g", "https://a:81/g"), ("?y", "https://a:81/?y")] {
            assert_eq!(resolved(&root, reference), url, "{reference}");
        }
        let zone = HttpUrl::new("http://[fe80::1%25Eth0]:81/a").unwrap();
        assert_eq!(resolved(&zone, "b"), "http://[fe80::1%25Eth0]:81/b");
    }
}
