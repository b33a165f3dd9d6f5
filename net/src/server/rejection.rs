//! The responses that a server sends for want of a handler's.

use crate::error::Error;
use bareline_core::{FieldValue, Status};
use std::fmt;
use std::panic::AssertUnwindSafe;

/// The response that a [`Server`](crate::Server) sends in place of a handler's: to an invalid
/// request, beyond a limit, or when a handler fails.
///
/// A function that is given to [`Server::on_rejection`](crate::Server::on_rejection) changes it.
///
/// ```
/// use bareline_net::{FieldValue, Rejection};
///
/// fn in_json(rejection: &mut Rejection<'_>) {
///     let body = format!("{{\"status\":{}}}", rejection.status().code());
///     rejection.set_body(FieldValue::from_static("application/json"), body);
/// }
/// # let _ = |server: bareline_net::Server| server.on_rejection(in_json);
/// ```
pub struct Rejection<'r> {
    error: &'r Error,
    reason: &'r str,
    pub(super) status: Status,
    pub(super) content_type: FieldValue<'static>,
    pub(super) body: Vec<u8>,
}

/// A function that changes rejections. After its panic the rejection is the default one.
pub(crate) type OnRejection = AssertUnwindSafe<Box<dyn Fn(&mut Rejection<'_>) + Send + Sync>>;

const TEXT: FieldValue<'_> = FieldValue::from_static("text/plain; charset=utf-8");

impl<'r> Rejection<'r> {
    pub(super) fn new(error: &'r Error, reason: &'r str, status: Status) -> Self {
        let body = format!("{reason}\n").into_bytes();
        Self { error, reason, status, content_type: TEXT, body }
    }

    /// Returns the error: that of the request, that which the handler returned, or
    /// [`Error::Overloaded`] with a 503. A handler that panics is an [`Error::Panicked`], and one
    /// that does not respond an [`Error::IncompleteResponse`].
    pub const fn error(&self) -> &'r Error {
        self.error
    }

    /// Returns the reason that the client is told by default, in a line without its end. It says
    /// nothing of an error of the server's own.
    pub const fn reason(&self) -> &'r str {
        self.reason
    }

    /// Returns the status.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Sets the status of an error, a 4xx or 5xx. Any other is ignored, and so is a 426, which
    /// needs an `Upgrade` field [RFC 9110 section 15.5.22].
    ///
    /// A rejection has no field of yours. So let the handler respond where the status needs one: a
    /// 401 needs `WWW-Authenticate`, and a 405 needs `Allow`.
    pub fn set_status(&mut self, status: Status) {
        let is_error = status.is_client_error() || status.is_server_error();
        if is_error && status != Status::UPGRADE_REQUIRED {
            self.status = status;
        }
    }

    /// Sets the body and its `Content-Type`. A body that makes the response longer than 65,535
    /// octets is left out.
    pub fn set_body(&mut self, content_type: FieldValue<'static>, body: impl Into<Vec<u8>>) {
        (self.content_type, self.body) = (content_type, body.into());
    }
}

impl fmt::Debug for Rejection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rejection({}: {})", self.status, self.reason)
    }
}
