//! The status code.

use super::text::parsed;
use crate::error::{InvalidValue, ParseError, ParseErrorKind, position};
use crate::scan::HAS_ROOM_FOR_JUMP_TABLES;
use core::fmt;

/// A status code of three digits [RFC 9110 section 15].
///
/// A received code from 600 to 999 is unchanged; a client treats it as a server error [RFC 9110
/// section 15].
///
/// ```
/// use bareline_core::Status;
/// use bareline_core::error::InvalidValue;
///
/// assert_eq!(Status::new(404), Ok(Status::NOT_FOUND));
/// assert_eq!(Status::NOT_FOUND, 404);
/// assert_eq!(Status::NOT_FOUND.reason(), "Not Found");
/// assert!(Status::NOT_FOUND.is_client_error());
/// assert_eq!("404".parse(), Ok(Status::NOT_FOUND));
/// assert_eq!(Status::new(7), Err(InvalidValue::Status { code: 7 }));
/// ```
#[doc(alias = "status error")]
#[doc(alias = "StatusCode")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(u16);

impl Status {
    /// Creates a status. Fails with [`InvalidValue::Status`] outside 100 to 599.
    pub const fn new(code: u16) -> Result<Self, InvalidValue> {
        match code {
            100..=599 => Ok(Self(code)),
            _ => Err(InvalidValue::Status { code }),
        }
    }

    /// Creates a status from three digits that the grammar has parsed.
    pub(crate) const fn from_digits(code: u16) -> Self {
        Self(code)
    }

    /// Returns the status with this text: three digits.
    fn parse(text: &[u8]) -> Result<Self, InvalidValue> {
        match text {
            [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
                let digit = |octet: &u8| u16::from(octet & 0xf);
                Self::new(digit(a) * 100 + digit(b) * 10 + digit(c))
            }
            _ => {
                let at = text.iter().take(3).take_while(|octet| octet.is_ascii_digit()).count();
                Err(InvalidValue::StatusDigits { at: position(at) })
            }
        }
    }

    /// Returns the code as a number.
    #[doc(alias = "as_u16")]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// Returns the three digits in ASCII.
    pub(crate) fn digits(self) -> [u8; 3] {
        let digit = |number: u16| b'0' | number.to_le_bytes()[0];
        [digit(self.0 / 100), digit(self.0 / 10 % 10), digit(self.0 % 10)]
    }

    /// Returns whether the status is interim: 100 to 199 [RFC 9110 section 15.2].
    pub const fn is_informational(self) -> bool {
        matches!(self.0, 100..=199)
    }

    /// Returns whether the status is a success: 200 to 299 [RFC 9110 section 15.3].
    pub const fn is_successful(self) -> bool {
        matches!(self.0, 200..=299)
    }

    /// Returns whether the status is a redirection: 300 to 399 [RFC 9110 section 15.4].
    pub const fn is_redirection(self) -> bool {
        matches!(self.0, 300..=399)
    }

    /// Returns whether the status is a client error: 400 to 499 [RFC 9110 section 15.5].
    pub const fn is_client_error(self) -> bool {
        matches!(self.0, 400..=499)
    }

    /// Returns whether the status is a server error: 500 to 599, or a received code beyond that
    /// [RFC 9110 sections 15 and 15.6].
    pub const fn is_server_error(self) -> bool {
        self.0 >= 500
    }
}

impl TryFrom<u16> for Status {
    type Error = InvalidValue;

    fn try_from(code: u16) -> Result<Self, InvalidValue> {
        Self::new(code)
    }
}

impl From<Status> for u16 {
    fn from(status: Status) -> Self {
        status.0
    }
}

impl PartialEq<u16> for Status {
    fn eq(&self, code: &u16) -> bool {
        self.0 == *code
    }
}

parsed!(Status);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)?;
        match self.reason() {
            "" => Ok(()),
            reason => write!(f, " {reason}"),
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl ParseErrorKind {
    /// Returns the status that a server should respond with.
    pub const fn status(self) -> Status {
        Status(self.status_code())
    }
}

impl ParseError {
    /// Returns the status that a server should respond with.
    pub const fn status(&self) -> Status {
        self.kind().status()
    }
}

macro_rules! registered {
    ($($code:literal $name:ident $reason:literal)*) => {
        impl Status {
            $(
                #[doc = concat!("`", $code, " ", $reason, "`.")]
                pub const $name: Status = Status($code);
            )*

            /// Returns the registered reason phrase, empty for an unregistered code.
            pub const fn reason(self) -> &'static str {
                if !HAS_ROOM_FOR_JUMP_TABLES {
                    return phrase(self.0);
                }
                match self.0 {
                    $($code => $reason,)*
                    _ => "",
                }
            }
        }

        /// The difference of each registered code from the one before, and its phrase's length.
        const REGISTERED: &[(u8, u8)] = &steps([$(($code, $reason.len()),)*]);

        /// The reason phrases of the registered codes, concatenated in order.
        const PHRASES: &str = concat!($($reason),*);
    };
}

#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated at compile time, over what is below"
)]
const fn steps<const N: usize>(registered: [(u16, usize); N]) -> [(u8, u8); N] {
    let (mut steps, mut before, mut at) = ([(0, 0); N], 0, 0);
    while at < N {
        let (code, len) = registered[at];
        steps[at] = ((code - before) as u8, len as u8);
        (before, at) = (code, at + 1);
    }
    steps
}

impl Status {
    /// Returns the octets of the [`reason`](Self::reason).
    #[inline(always)]
    pub(crate) fn reason_octets(self) -> &'static [u8] {
        if HAS_ROOM_FOR_JUMP_TABLES {
            return self.reason().as_bytes();
        }
        let (start, len) = phrase_place(self.0);
        PHRASES.as_bytes().get(start..start.wrapping_add(len)).unwrap_or(&[])
    }
}

/// Returns the phrase of a code.
const fn phrase(code: u16) -> &'static str {
    let (start, len) = phrase_place(code);
    if let Some((_, phrases)) = PHRASES.split_at_checked(start)
        && let Some((phrase, _)) = phrases.split_at_checked(len)
    {
        return phrase;
    }
    ""
}

/// Returns the start and the length of a code's phrase in [`PHRASES`], from tables that are small
/// in flash: steps from code to code take 100 octets less than a jump table.
const fn phrase_place(code: u16) -> (usize, usize) {
    let (mut registered, mut left, mut start) = (REGISTERED, code, 0usize);
    while let [(step, len), others @ ..] = registered
        && let Some(beyond) = left.checked_sub(*step as u16)
    {
        let len = *len as usize;
        if beyond == 0 {
            return (start, len);
        }
        (registered, left, start) = (others, beyond, start.wrapping_add(len));
    }
    (0, 0)
}

registered! {
    100 CONTINUE "Continue"
    101 SWITCHING_PROTOCOLS "Switching Protocols"
    102 PROCESSING "Processing"
    103 EARLY_HINTS "Early Hints"
    200 OK "OK"
    201 CREATED "Created"
    202 ACCEPTED "Accepted"
    203 NON_AUTHORITATIVE_INFORMATION "Non-Authoritative Information"
    204 NO_CONTENT "No Content"
    205 RESET_CONTENT "Reset Content"
    206 PARTIAL_CONTENT "Partial Content"
    207 MULTI_STATUS "Multi-Status"
    208 ALREADY_REPORTED "Already Reported"
    226 IM_USED "IM Used"
    300 MULTIPLE_CHOICES "Multiple Choices"
    301 MOVED_PERMANENTLY "Moved Permanently"
    302 FOUND "Found"
    303 SEE_OTHER "See Other"
    304 NOT_MODIFIED "Not Modified"
    305 USE_PROXY "Use Proxy"
    307 TEMPORARY_REDIRECT "Temporary Redirect"
    308 PERMANENT_REDIRECT "Permanent Redirect"
    400 BAD_REQUEST "Bad Request"
    401 UNAUTHORIZED "Unauthorized"
    402 PAYMENT_REQUIRED "Payment Required"
    403 FORBIDDEN "Forbidden"
    404 NOT_FOUND "Not Found"
    405 METHOD_NOT_ALLOWED "Method Not Allowed"
    406 NOT_ACCEPTABLE "Not Acceptable"
    407 PROXY_AUTHENTICATION_REQUIRED "Proxy Authentication Required"
    408 REQUEST_TIMEOUT "Request Timeout"
    409 CONFLICT "Conflict"
    410 GONE "Gone"
    411 LENGTH_REQUIRED "Length Required"
    412 PRECONDITION_FAILED "Precondition Failed"
    413 CONTENT_TOO_LARGE "Content Too Large"
    414 URI_TOO_LONG "URI Too Long"
    415 UNSUPPORTED_MEDIA_TYPE "Unsupported Media Type"
    416 RANGE_NOT_SATISFIABLE "Range Not Satisfiable"
    417 EXPECTATION_FAILED "Expectation Failed"
    421 MISDIRECTED_REQUEST "Misdirected Request"
    422 UNPROCESSABLE_CONTENT "Unprocessable Content"
    423 LOCKED "Locked"
    424 FAILED_DEPENDENCY "Failed Dependency"
    425 TOO_EARLY "Too Early"
    426 UPGRADE_REQUIRED "Upgrade Required"
    428 PRECONDITION_REQUIRED "Precondition Required"
    429 TOO_MANY_REQUESTS "Too Many Requests"
    431 REQUEST_HEADER_FIELDS_TOO_LARGE "Request Header Fields Too Large"
    451 UNAVAILABLE_FOR_LEGAL_REASONS "Unavailable For Legal Reasons"
    500 INTERNAL_SERVER_ERROR "Internal Server Error"
    501 NOT_IMPLEMENTED "Not Implemented"
    502 BAD_GATEWAY "Bad Gateway"
    503 SERVICE_UNAVAILABLE "Service Unavailable"
    504 GATEWAY_TIMEOUT "Gateway Timeout"
    505 HTTP_VERSION_NOT_SUPPORTED "HTTP Version Not Supported"
    506 VARIANT_ALSO_NEGOTIATES "Variant Also Negotiates"
    507 INSUFFICIENT_STORAGE "Insufficient Storage"
    508 LOOP_DETECTED "Loop Detected"
    511 NETWORK_AUTHENTICATION_REQUIRED "Network Authentication Required"
}
