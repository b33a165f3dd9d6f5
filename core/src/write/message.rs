//! The two messages, as their heads are written: a request and a response.

use super::RequestContext;
use super::body_encoder::Data;
use super::wire_buf::Draft;
use crate::error::{WriteError, position};
use crate::grammar::check_host;
use crate::head::Options;
use crate::octets::is_alike;
use crate::value::{Method, Status, Target, Version};

/// A message: its start line, and the rules of its head.
pub trait Message {
    /// True for a request. The rules of the other message take no flash.
    const IS_REQUEST: bool;

    /// Writes `start-line CRLF` of HTTP/1.1.
    fn put_start_line(&self, draft: &mut Draft<'_>) -> Result<(), WriteError>;

    /// Returns the position of the version's minor digit in the start line.
    fn minor_at(&self) -> usize;

    /// Returns the version of the peer, HTTP/1.1 if unknown.
    fn peer_version(&self) -> Version;

    /// Returns the body that may follow the head.
    fn body(&self) -> Body;

    /// Checks the value of the only `Host`.
    fn check_host(&self, _host: &[u8]) -> Result<(), WriteError> {
        Ok(())
    }

    /// Checks the start line, and the fields that it needs.
    fn check(&self, seen: Options, version: Version, is_any_http10: bool)
    -> Result<(), WriteError>;

    /// Returns whether nothing follows the message on its stream, where the connection closes or
    /// persists after it.
    fn is_last(&self, closes: bool) -> bool;
}

/// The body that may follow a head.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Body {
    /// Any octets.
    Possible,
    /// Any octets. Without content, the head declares a length of zero: POST, PUT, PATCH, and most
    /// responses [RFC 9110 section 8.6].
    Expected,
    /// Any octets, counted but not sent, since the request was HEAD.
    Withheld,
    /// None, though the head may declare a length: 304 [RFC 9110 section 15.4.5].
    SaidOnly,
    /// None, and the head declares a length of zero: 205 [RFC 9110 section 15.3.6].
    Empty,
    /// None, and no length: 1xx, 204, 2xx to CONNECT, and requests with CONNECT or TRACE [RFC 9110
    /// section 8.6].
    Absent,
}

impl Body {
    /// Returns the treatment of a body of any length.
    pub(super) fn data(self) -> Result<Data, WriteError> {
        match self {
            Self::Possible | Self::Expected => Ok(Data::Sent),
            Self::Withheld => Ok(Data::Withheld),
            Self::SaidOnly | Self::Empty | Self::Absent => Err(WriteError::BodyForbidden),
        }
    }
}

/// A request to write.
#[derive(Debug)]
pub struct Request<'w> {
    pub(crate) method: Method<'w>,
    target: Target<'w>,
    server_version: Version,
}

impl<'w> Request<'w> {
    /// Creates a request to a server of this version. A received target may hold octets that must
    /// not be written.
    pub(crate) fn new(
        method: Method<'w>,
        target: Target<'w>,
        server_version: Version,
    ) -> Result<Self, WriteError> {
        Ok(Self { method, target: target.check()?, server_version })
    }
}

impl Message for Request<'_> {
    const IS_REQUEST: bool = true;

    fn put_start_line(&self, draft: &mut Draft<'_>) -> Result<(), WriteError> {
        draft.put(self.method.as_bytes())?;
        draft.put(b" ")?;
        draft.put(self.target.as_bytes())?;
        draft.put(b" HTTP/1.1\r\n")
    }

    fn minor_at(&self) -> usize {
        let (method, target) = (self.method.as_bytes(), self.target.as_bytes());
        method.len().saturating_add(target.len()).saturating_add("  HTTP/1.".len())
    }

    fn peer_version(&self) -> Version {
        self.server_version
    }

    fn body(&self) -> Body {
        match self.method {
            // RFC 9110 sections 9.3.6 and 9.3.8. The octets after a CONNECT go through the tunnel.
            Method::CONNECT | Method::TRACE => Body::Absent,
            Method::POST | Method::PUT | Method::PATCH => Body::Expected,
            _ => Body::Possible,
        }
    }

    fn check_host(&self, host: &[u8]) -> Result<(), WriteError> {
        if !host.is_empty() {
            check_host(host).map_err(|at| WriteError::InvalidHost { at: position(at) })?;
        }
        match self.target.authority() {
            Some(authority) if !is_alike(authority.as_bytes(), host) => {
                Err(WriteError::HostDiffers)
            }
            _ => Ok(()),
        }
    }

    fn check(&self, seen: Options, version: Version, _: bool) -> Result<(), WriteError> {
        if version == Version::Http10 || seen.has(Options::HOST) {
            Ok(())
        } else {
            Err(WriteError::MissingHost)
        }
    }

    fn is_last(&self, closes: bool) -> bool {
        closes || self.method == Method::CONNECT
    }
}

/// A response to write.
#[derive(Debug)]
pub struct Response {
    context: RequestContext,
    pub(crate) status: Status,
}

impl Response {
    /// Creates a response. A received status may be one that must not be written.
    pub(crate) fn new(context: RequestContext, status: Status) -> Result<Self, WriteError> {
        match Status::new(status.code()) {
            Ok(status) => Ok(Self { context, status }),
            Err(error) => Err(WriteError::Value(error)),
        }
    }

    /// Returns whether the connection becomes a tunnel after the head [RFC 9110 section 9.3.6].
    pub(crate) fn begins_tunnel(&self) -> bool {
        self.context.is_connect() && self.status.is_successful()
    }

    /// Writes `status-line CRLF` with this reason phrase.
    #[inline(always)]
    pub(super) fn put_status_line(
        &self,
        reason: &[u8],
        draft: &mut Draft<'_>,
    ) -> Result<(), WriteError> {
        let [a, b, c] = self.status.digits();
        draft.put(&[b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1', b' ', a, b, c, b' '])?;
        draft.put(reason)?;
        draft.put(b"\r\n")
    }
}

impl Message for Response {
    const IS_REQUEST: bool = false;

    #[inline(always)]
    fn put_start_line(&self, draft: &mut Draft<'_>) -> Result<(), WriteError> {
        let has_phrase = cfg!(feature = "reason-phrases");
        self.put_status_line(if has_phrase { self.status.reason_octets() } else { b"" }, draft)
    }

    fn minor_at(&self) -> usize {
        "HTTP/1.".len()
    }

    #[inline(always)]
    fn peer_version(&self) -> Version {
        self.context.version()
    }

    #[inline(always)]
    fn body(&self) -> Body {
        match self.status.code() {
            200..=299 if self.context.is_connect() => Body::Absent,
            100..=199 | 204 => Body::Absent,
            205 => Body::Empty,
            304 => Body::SaidOnly,
            _ if self.context.is_head() => Body::Withheld,
            _ => Body::Expected,
        }
    }

    #[inline(always)]
    fn check(&self, seen: Options, _: Version, is_any_http10: bool) -> Result<(), WriteError> {
        if self.status.is_informational() && is_any_http10 {
            return Err(WriteError::NeedsHttp11);
        }
        match self.status.code() {
            101 | 426 if !seen.has(Options::UPGRADE) => Err(WriteError::MissingUpgrade),
            _ => Ok(()),
        }
    }

    #[inline(always)]
    fn is_last(&self, closes: bool) -> bool {
        match self.status {
            _ if self.begins_tunnel() => true,
            status if status.is_informational() => status == Status::SWITCHING_PROTOCOLS,
            _ => closes,
        }
    }
}
