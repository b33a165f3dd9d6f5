//! The properties of a request that decide the framing of its response.

use crate::head::RequestHead;
use crate::scan::is_same;
use crate::value::{Method, Version};

/// The properties of a request that decide the framing of its response.
///
/// A response to HEAD has no body, a response to CONNECT may begin a tunnel, and an HTTP/1.0 client
/// understands neither chunks nor 1xx.
///
/// ```
/// use bareline_core::write::{MessageWriter, RequestContext};
/// use bareline_core::{Method, Status, Version, WireBuf};
///
/// let mut out = WireBuf::<128>::new();
/// let context = RequestContext::new(Method::HEAD, Version::Http11);
/// MessageWriter::new().response(context, Status::OK, &mut out)?.body(b"hello")?;
/// assert_eq!(out.as_bytes(), b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
/// # Ok::<(), bareline_core::error::WriteError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestContext {
    method: Asked,
    version: Version,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    Head,
    Connect,
    Other,
}

impl RequestContext {
    /// The context of a request that could not be parsed, for the response that rejects it.
    pub const UNREAD: Self = Self { method: Asked::Other, version: Version::Http11 };

    /// Returns the context of a request with this method and version.
    pub fn new(method: Method<'_>, version: Version) -> Self {
        let method = match method {
            _ if is_same(method.as_bytes(), b"HEAD") => Asked::Head,
            _ if is_same(method.as_bytes(), b"CONNECT") => Asked::Connect,
            _ => Asked::Other,
        };
        Self { method, version }
    }

    /// Returns whether the request was HEAD [RFC 9110 section 9.3.2].
    pub(crate) fn is_head(self) -> bool {
        self.method == Asked::Head
    }

    /// Returns whether the request was CONNECT [RFC 9110 section 9.3.6].
    pub(crate) fn is_connect(self) -> bool {
        self.method == Asked::Connect
    }

    /// Returns a method that frames a response as the request's own method does.
    pub(crate) fn method(self) -> Method<'static> {
        match self.method {
            Asked::Head => Method::HEAD,
            Asked::Connect => Method::CONNECT,
            Asked::Other => Method::GET,
        }
    }

    /// Returns the version of the request.
    pub(crate) fn version(self) -> Version {
        self.version
    }
}

impl RequestHead<'_> {
    /// Returns the context that a response to this request needs.
    pub fn context(&self) -> RequestContext {
        RequestContext::new(self.method(), self.version())
    }
}
