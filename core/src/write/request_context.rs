//! What a response needs to know of its request.

use crate::head::RequestHead;
use crate::value::{Method, Version};

/// The request that a response answers, as far as it decides how the response is framed: a response
/// to HEAD has no body, one to CONNECT may begin a tunnel, and an HTTP/1.0 client knows neither
/// chunks nor 1xx.
///
/// ```
/// use bareline_core::{MessageWriter, Method, RequestContext, Status, Version, WireBuf};
///
/// let mut out = WireBuf::<128>::new();
/// let context = RequestContext::new(Method::HEAD, Version::Http11);
/// MessageWriter::new().response(context, Status::OK, &mut out)?.body(b"hello")?;
/// assert_eq!(out.as_bytes(), b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
/// # Ok::<(), bareline_core::WriteError>(())
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
    /// A request that could not be read: the response is a refusal.
    pub const UNREAD: Self = Self { method: Asked::Other, version: Version::Http11 };

    /// A request with this method and version.
    pub fn new(method: Method<'_>, version: Version) -> Self {
        let method = match method {
            method if method == Method::HEAD => Asked::Head,
            method if method == Method::CONNECT => Asked::Connect,
            _ => Asked::Other,
        };
        Self { method, version }
    }

    /// Whether it asked for the head alone [RFC 9110 section 9.3.2].
    pub(crate) fn is_head(self) -> bool {
        self.method == Asked::Head
    }

    /// Whether it asked for a tunnel [RFC 9110 section 9.3.6].
    pub(crate) fn is_connect(self) -> bool {
        self.method == Asked::Connect
    }

    /// A method with which a response is framed as with that of the request.
    pub(crate) fn method(self) -> Method<'static> {
        match self.method {
            Asked::Head => Method::HEAD,
            Asked::Connect => Method::CONNECT,
            Asked::Other => Method::GET,
        }
    }

    /// The version of the request.
    pub(crate) fn version(self) -> Version {
        self.version
    }
}

impl RequestHead<'_> {
    /// What a response to this request has to know.
    pub fn context(&self) -> RequestContext {
        RequestContext::new(self.method(), self.version())
    }
}
