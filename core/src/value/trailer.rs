//! Which fields may stand in a trailer section.

use super::FieldName;
use crate::octets::is_alike;

impl FieldName<'_> {
    /// Whether this field decides where the message ends, whom it addresses, or what becomes of the
    /// connection. A recipient refuses it in trailers, where it comes too late [RFC 9110
    /// section 6.5.1].
    pub(crate) fn is_message_control(&self) -> bool {
        is_one_of(self, MESSAGE_CONTROL)
    }

    /// Whether a sender may write this field in trailers: besides message control, fields that
    /// modify the request, authenticate, control the response or tell how to process the
    /// content come too late there [RFC 9110 section 6.5.1].
    pub(crate) fn is_allowed_in_trailers(&self) -> bool {
        !is_one_of(self, MESSAGE_CONTROL) && !is_one_of(self, TOO_LATE)
    }
}

fn is_one_of(name: &FieldName<'_>, names: &[&str]) -> bool {
    names.iter().any(|other| is_alike(other.as_bytes(), name.as_bytes()))
}

const MESSAGE_CONTROL: &[&str] = &[
    "Content-Length",
    "Transfer-Encoding",
    "Host",
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Upgrade",
    "Expect",
    "Max-Forwards",
];

const TOO_LATE: &[&str] = &[
    "Authorization",
    "Proxy-Authorization",
    "WWW-Authenticate",
    "Proxy-Authenticate",
    "Cookie",
    "Set-Cookie",
    "Cache-Control",
    "Pragma",
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "If-Range",
    "Range",
    "Age",
    "Date",
    "Expires",
    "Location",
    "Retry-After",
    "Vary",
    "Content-Encoding",
    "Content-Type",
    "Content-Range",
];
