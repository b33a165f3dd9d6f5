//! Fields that are allowed in a trailer section.

use super::FieldName;
use crate::octets::is_alike;

impl FieldName<'_> {
    /// Returns whether this field affects framing, routing or the connection. A recipient rejects
    /// such a field in trailers, where it comes too late [RFC 9110 section 6.5.1].
    pub(crate) fn is_message_control(&self) -> bool {
        is_one_of(self, MESSAGE_CONTROL)
    }

    /// Returns whether a sender may write this field in trailers [RFC 9110 section 6.5.1].
    ///
    /// Not allowed are message control, request modifiers, authentication, response control, and
    /// fields that describe how to process the content.
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
