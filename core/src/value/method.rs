//! The request method.

use super::text::{ascii, text};
use crate::error::{InvalidValue, position};
use crate::octets::check_token;

/// A request method: a token, case-sensitive [RFC 9110 section 9.1].
///
/// ```
/// use bareline_core::Method;
/// use bareline_core::error::InvalidValue;
///
/// assert_eq!(Method::new("GET"), Ok(Method::GET));
/// assert_ne!(Method::new("get"), Ok(Method::GET));
/// assert!(matches!(Method::new("HEAD"), Ok(Method::GET | Method::HEAD)));
/// assert_eq!(Method::new("G T"), Err(InvalidValue::Method { at: 1 }));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method<'a>(&'a [u8]);

impl<'a> Method<'a> {
    /// `CONNECT` [RFC 9110 section 9.3.6].
    pub const CONNECT: Method<'static> = Method(b"CONNECT");
    /// `DELETE` [RFC 9110 section 9.3.5].
    pub const DELETE: Method<'static> = Method(b"DELETE");
    /// `GET` [RFC 9110 section 9.3.1].
    pub const GET: Method<'static> = Method(b"GET");
    /// `HEAD` [RFC 9110 section 9.3.2].
    pub const HEAD: Method<'static> = Method(b"HEAD");
    /// `OPTIONS` [RFC 9110 section 9.3.7].
    pub const OPTIONS: Method<'static> = Method(b"OPTIONS");
    /// `PATCH` [RFC 5789].
    pub const PATCH: Method<'static> = Method(b"PATCH");
    /// `POST` [RFC 9110 section 9.3.3].
    pub const POST: Method<'static> = Method(b"POST");
    /// `PUT` [RFC 9110 section 9.3.4].
    pub const PUT: Method<'static> = Method(b"PUT");
    /// `TRACE` [RFC 9110 section 9.3.8].
    pub const TRACE: Method<'static> = Method(b"TRACE");

    /// Creates a method from a `&str` or octets.
    ///
    /// Fails with [`InvalidValue::Method`] unless `name` is a token.
    pub fn new(name: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, InvalidValue> {
        let name = name.as_ref();
        match check_token(name) {
            Ok(()) => Ok(Self(name)),
            Err(at) => Err(InvalidValue::Method { at: position(at) }),
        }
    }

    /// Creates a method from a token that the grammar has parsed.
    pub(crate) const fn from_token(token: &'a [u8]) -> Self {
        Self(token)
    }

    /// Returns the octets of the method.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Returns the method as a string; a token is ASCII.
    pub fn as_str(&self) -> &'a str {
        core::str::from_utf8(self.0).unwrap_or_default()
    }
}

text!(Method, PartialEq::eq);
ascii!(Method);
