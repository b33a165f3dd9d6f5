//! The request method.

use crate::error::{WriteError, position};
use crate::octets::check_token;
use core::fmt;

/// A request method: a token, case-sensitive [RFC 9110 section 9.1].
///
/// ```
/// use bareline_core::Method;
/// use bareline_core::error::WriteError;
///
/// assert_eq!(Method::new("GET"), Ok(Method::GET));
/// assert_ne!(Method::new("get"), Ok(Method::GET));
/// assert!(matches!(Method::new("HEAD"), Ok(Method::GET | Method::HEAD)));
/// assert_eq!(Method::new("G T"), Err(WriteError::InvalidMethod { at: 1 }));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
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

    /// Creates a method. Fails with [`WriteError::InvalidMethod`] when `name` is not a token.
    pub fn new(name: &'a str) -> Result<Self, WriteError> {
        check_token(name.as_bytes())
            .map_err(|at| WriteError::InvalidMethod { at: position(at) })?;
        Ok(Self(name.as_bytes()))
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

impl fmt::Display for Method<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Method<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
