//! Conversions to and from the types of the crate [`http`] 1.x.
//!
//! They are implementations of `TryFrom`, in both directions:
//!
//! | here | in `http` |
//! |---|---|
//! | `Method<'a>`, `Target<'a>` | `&'a Method`, `&'a Uri` |
//! | `FieldName<'a>`, `FieldValue<'a>` | `&'a HeaderName`, `&'a HeaderValue` |
//! | `Status`, `Version` | `StatusCode`, `Version` |
//!
//! `Fields`, `RequestHead` and `ResponseHead` are views of received octets, so they convert in one
//! direction: to a `HeaderMap`, a `Request<()>` and a `Response<()>`. These have all fields, also
//! those of the framing. To send a message of `http`, convert its parts for a
//! [`HeadWriter`](crate::write::HeadWriter).
//!
//! ```
//! use bareline_core::head::Parsed;
//! use bareline_core::{FieldSpans, Method, RequestHead};
//!
//! let (octets, mut spans) = (b"GET /a?b HTTP/1.1\r\nHost: c\r\n\r\n", FieldSpans::<8>::new());
//! let Parsed::Complete { message: head, .. } = RequestHead::parse(octets, spans.lend())?
//! else { return Err("receive more".into()) };
//! let request = http::Request::try_from(head)?;
//! assert_eq!((request.uri().query(), &request.headers()["host"]), (Some("b"), &"c".parse()?));
//! assert_eq!(Method::try_from(request.method())?, Method::GET);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A message is the same after the conversions, except for what `http` does not keep: the case of
//! field names, the order of fields with different names, the reason phrase, an upper-case scheme,
//! and the absence of a path in the absolute form, which becomes `/`.
//!
//! The crate `http` allocates; this crate does not, with the feature neither.

use crate::error::InvalidValue;
use crate::head::{Fields, RequestHead, ResponseHead};
use crate::value::{FieldName, FieldValue, Method, Status, Target, Version};
use ::http::header::{HeaderMap, HeaderName, HeaderValue};
use ::http::{Request, Response, StatusCode, Uri};
use core::fmt;

/// The error of a conversion to or from a type of the crate [`http`].
///
/// ```
/// use bareline_core::Version;
/// use bareline_core::http::ConvertError;
///
/// let error = Version::try_from(http::Version::HTTP_2).unwrap_err();
/// assert_eq!(error, ConvertError::Version(http::Version::HTTP_2));
/// assert!(error.to_string().starts_with("HTTP/2.0 is not HTTP/1.x: set the version to HTTP/1.1"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ConvertError {
    /// The value of `http` may not be written, for this reason: a status over 599, a target with
    /// octets that have to be percent-encoded, or a field name with a `"`, which `http` 1.1
    /// accepts.
    Invalid(InvalidValue),
    /// The URI is absolute, and `http` stores it in parts. An origin server gets its
    /// `path_and_query()` and a proxy its `to_string()`, each by [`Target::new`].
    AbsoluteUri,
    /// The version is not HTTP/1.0 or HTTP/1.1.
    Version(::http::Version),
    /// The crate `http` does not accept this part of a valid message. The part can be read from the
    /// head.
    Rejected(Part),
}

/// A part of a message that the crate [`http`] may reject, displayed as a noun.
///
/// ```
/// use bareline_core::Target;
/// use bareline_core::http::{ConvertError, Part};
///
/// let error = http::Uri::try_from(Target::new("http://%61/")?).unwrap_err();
/// assert_eq!(error, ConvertError::Rejected(Part::Target));
/// # Ok::<(), bareline_core::error::InvalidValue>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Part {
    /// The method. `http` 1.5 accepts each.
    Method,
    /// The request target, such as one with a backtick in its path or a `%` in its host.
    Target,
    /// The status code. `http` 1.5 accepts each.
    Status,
    /// A field name, such as one over 65,535 octets.
    FieldName,
    /// A field value. `http` 1.5 accepts each.
    FieldValue,
    /// The number of the fields. A `HeaderMap` holds 24,576 names.
    FieldCount,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method => "method",
            Self::Target => "request target",
            Self::Status => "status code",
            Self::FieldName => "field name",
            Self::FieldValue => "field value",
            Self::FieldCount => "number of fields",
        })
    }
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => error.fmt(f),
            Self::AbsoluteUri => f.write_str(
                "absolute URI: send its path and query to an origin server, or its string to a \
                 proxy (RFC 9112 section 3.2)",
            ),
            Self::Version(version) => write!(
                f,
                "{version:?} is not HTTP/1.x: set the version to HTTP/1.1 (RFC 9112 section 2.3)"
            ),
            Self::Rejected(part) => {
                write!(f, "the crate http does not accept the {part}: read it from the head")
            }
        }
    }
}

impl core::error::Error for ConvertError {}

impl From<InvalidValue> for ConvertError {
    fn from(error: InvalidValue) -> Self {
        Self::Invalid(error)
    }
}

impl<'a> TryFrom<&'a ::http::Method> for Method<'a> {
    type Error = ConvertError;

    fn try_from(method: &'a ::http::Method) -> Result<Self, ConvertError> {
        Ok(Self::new(method.as_str())?)
    }
}

impl TryFrom<Method<'_>> for ::http::Method {
    type Error = ConvertError;

    fn try_from(method: Method<'_>) -> Result<Self, ConvertError> {
        Self::from_bytes(method.as_bytes()).map_err(|_| ConvertError::Rejected(Part::Method))
    }
}

/// Fails for a code over 599, which can be received but not sent.
impl TryFrom<StatusCode> for Status {
    type Error = ConvertError;

    fn try_from(status: StatusCode) -> Result<Self, ConvertError> {
        Ok(Self::new(status.as_u16())?)
    }
}

impl TryFrom<Status> for StatusCode {
    type Error = ConvertError;

    fn try_from(status: Status) -> Result<Self, ConvertError> {
        Self::from_u16(status.code()).map_err(|_| ConvertError::Rejected(Part::Status))
    }
}

/// Fails for another version than HTTP/1.0 and HTTP/1.1.
impl TryFrom<::http::Version> for Version {
    type Error = ConvertError;

    fn try_from(version: ::http::Version) -> Result<Self, ConvertError> {
        match version {
            ::http::Version::HTTP_10 => Ok(Self::Http10),
            ::http::Version::HTTP_11 => Ok(Self::Http11),
            other => Err(ConvertError::Version(other)),
        }
    }
}

impl From<Version> for ::http::Version {
    fn from(version: Version) -> Self {
        match version {
            Version::Http10 => Self::HTTP_10,
            Version::Http11 => Self::HTTP_11,
        }
    }
}

impl<'a> TryFrom<&'a HeaderName> for FieldName<'a> {
    type Error = ConvertError;

    fn try_from(name: &'a HeaderName) -> Result<Self, ConvertError> {
        Ok(Self::new(name.as_str())?)
    }
}

/// The name becomes lower case.
impl TryFrom<FieldName<'_>> for HeaderName {
    type Error = ConvertError;

    fn try_from(name: FieldName<'_>) -> Result<Self, ConvertError> {
        Self::from_bytes(name.as_bytes()).map_err(|_| ConvertError::Rejected(Part::FieldName))
    }
}

/// Leaves out the whitespace around the value.
impl<'a> TryFrom<&'a HeaderValue> for FieldValue<'a> {
    type Error = ConvertError;

    fn try_from(value: &'a HeaderValue) -> Result<Self, ConvertError> {
        Ok(Self::new(value)?)
    }
}

impl TryFrom<FieldValue<'_>> for HeaderValue {
    type Error = ConvertError;

    fn try_from(value: FieldValue<'_>) -> Result<Self, ConvertError> {
        Self::from_bytes(value.as_bytes()).map_err(|_| ConvertError::Rejected(Part::FieldValue))
    }
}

/// Fails for an absolute URI, and for octets that have to be percent-encoded.
impl<'a> TryFrom<&'a Uri> for Target<'a> {
    type Error = ConvertError;

    fn try_from(uri: &'a Uri) -> Result<Self, ConvertError> {
        match (uri.scheme(), uri.authority(), uri.path_and_query()) {
            (None, None, Some(path)) => Ok(Self::new(path.as_str())?),
            (None, Some(authority), _) => Ok(Self::new(authority.as_str())?),
            _ => Err(ConvertError::AbsoluteUri),
        }
    }
}

impl TryFrom<Target<'_>> for Uri {
    type Error = ConvertError;

    fn try_from(target: Target<'_>) -> Result<Self, ConvertError> {
        Self::try_from(target.as_bytes()).map_err(|_| ConvertError::Rejected(Part::Target))
    }
}

/// The fields with one name keep their order.
impl TryFrom<Fields<'_>> for HeaderMap {
    type Error = ConvertError;

    fn try_from(fields: Fields<'_>) -> Result<Self, ConvertError> {
        let mut map = Self::new();
        for (name, value) in fields.iter() {
            map.try_append(HeaderName::try_from(name)?, value.try_into()?)
                .map_err(|_| ConvertError::Rejected(Part::FieldCount))?;
        }
        Ok(map)
    }
}

/// The body is added by `map`: `Request::try_from(head)?.map(|()| body)`.
impl TryFrom<RequestHead<'_>> for Request<()> {
    type Error = ConvertError;

    fn try_from(head: RequestHead<'_>) -> Result<Self, ConvertError> {
        let mut request = Self::new(());
        *request.method_mut() = head.method().try_into()?;
        *request.uri_mut() = head.target().try_into()?;
        *request.version_mut() = head.version().into();
        *request.headers_mut() = head.fields().try_into()?;
        Ok(request)
    }
}

/// The body is added by `map`: `Response::try_from(head)?.map(|()| body)`.
impl TryFrom<ResponseHead<'_>> for Response<()> {
    type Error = ConvertError;

    fn try_from(head: ResponseHead<'_>) -> Result<Self, ConvertError> {
        let mut response = Self::new(());
        *response.status_mut() = head.status().try_into()?;
        *response.version_mut() = head.version().into();
        *response.headers_mut() = head.fields().try_into()?;
        Ok(response)
    }
}
