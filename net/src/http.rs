//! Messages of the crate [`http`] 1.x.
//!
//! A head of this library converts to an `http` one by `TryFrom`, as [`core::http`] describes:
//! `http::Request::try_from(head)?.map(|()| body)`. [`Responder::send_http`] and
//! [`Client::send_http`] send complete messages of `http`. [`fields`] converts a `HeaderMap` for
//! the other calls.
//!
//! ```
//! use bareline_net::{Client, Error, Exchange, Server};
//! use std::io;
//!
//! fn respond(Exchange { head, body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
//!     let request = http::Request::try_from(head)?.map(|()| io::read_to_string(body));
//!     responder.send_http(&http::Response::new(request.into_body()?))
//! }
//! # let server = Server::bind("127.0.0.1:0")?;
//! # let url = format!("http://{}/", server.local_addr()?);
//! # std::thread::spawn(|| server.serve(respond));
//! let response = Client::new().send_http(&http::Request::put(url).body("hello")?)?;
//! assert_eq!(io::read_to_string(response.into_body())?, "hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`core::http`]: crate::core::http

use crate::client::Client;
use crate::client::response::ClientResponse;
use crate::error::Error;
use crate::server::responder::Responder;
use crate::wire::transport::Transport;
use ::http::{HeaderMap, Request, Response};
use bareline_core::http::ConvertError;
use bareline_core::{FieldName, FieldValue, Version};

/// Returns the fields of a `HeaderMap` as the calls that send take them.
///
/// The values of one name stay in order. Nothing is left out: sending `Content-Length` or
/// `Transfer-Encoding` fails with [`WriteError::FramingField`], since this library writes them.
///
/// ```
/// use bareline_net::{ClientStream, Error, Response, http::fields};
///
/// fn send<'c>(
///     client: &'c mut ClientStream,
///     request: &http::Request<Vec<u8>>,
/// ) -> Result<Response<'c>, Error> {
///     let (method, target) = (request.method().try_into()?, request.uri().try_into()?);
///     client.request(method, target, &fields(request.headers())?, request.body())
/// }
/// ```
///
/// [`WriteError::FramingField`]: crate::core::error::WriteError::FramingField
pub fn fields(map: &HeaderMap) -> Result<Vec<(FieldName<'_>, FieldValue<'_>)>, ConvertError> {
    map.iter().map(|(name, value)| Ok((name.try_into()?, value.try_into()?))).collect()
}

impl<S: Transport> Responder<'_, S> {
    /// Sends a complete response of the crate [`http`], as [`send`](Self::send) does.
    ///
    /// The response has to be HTTP/1.x, the default of `http`. It is sent as HTTP/1.1, the version
    /// of this library [RFC 9112 section 2.3].
    ///
    /// Fails with [`ConvertError`] in [`Error::Other`] for another version or a status over 599.
    /// Fails with [`WriteError::FramingField`] for `Content-Length` and `Transfer-Encoding`, which
    /// this library writes. The client then gets a 500.
    ///
    /// [`WriteError::FramingField`]: crate::core::error::WriteError::FramingField
    pub fn send_http(self, response: &Response<impl AsRef<[u8]>>) -> Result<(), Error> {
        Version::try_from(response.version())?;
        self.send(
            response.status().try_into()?,
            &fields(response.headers())?,
            response.body().as_ref(),
        )
    }
}

impl Client {
    /// Sends a complete request of the crate [`http`], whose URI is absolute, and reads the
    /// head of the response. The body of the response is read from a [`ClientResponse`].
    ///
    /// The request has to be HTTP/1.x, the default of `http`. It is sent as HTTP/1.1, the version
    /// of this library [RFC 9112 section 2.3].
    ///
    /// Fails with [`ConvertError`] in [`Error::Other`] for another version, and with
    /// [`Error::Usage`] for `Content-Length` and `Transfer-Encoding`, which this library
    /// writes, and with [`Error::Url`] as [`request`](Self::request) does.
    pub fn send_http(
        &self,
        request: &Request<impl AsRef<[u8]>>,
    ) -> Result<Response<ClientResponse>, Error> {
        Version::try_from(request.version())?;
        let url = request.uri().to_string();
        let mut sent = self.request(request.method().try_into()?, &url)?;
        for (name, value) in fields(request.headers())? {
            sent = sent.field(name, value);
        }
        let response = sent.send_body(request.body().as_ref())?;
        Ok(Response::try_from(response.head())?.map(|()| response))
    }
}

/// An invalid value is a [`Error::Usage`].
impl From<ConvertError> for Error {
    fn from(error: ConvertError) -> Self {
        match error {
            ConvertError::Invalid(error) => error.into(),
            error => Self::other(error),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{ConvertError, fields};
    use crate::client::Client;
    use crate::error::{Error, UrlError};
    use crate::server::stream::ServerStream;
    use crate::wire::transport::Untimed;
    use ::http::{HeaderMap, Request, Response, Version};
    use bareline_core::error::{InvalidValue, WriteError};
    use std::io::Cursor;

    /// Sends a response to a request, and returns the result and the octets.
    fn sent(request: &[u8], response: &Response<&str>) -> (Result<(), Error>, String) {
        let mut octets = Cursor::new(request.to_vec());
        let mut peer = ServerStream::new(Untimed(&mut octets));
        let result = peer.next_request().unwrap().unwrap().responder.send_http(response);
        drop(peer);
        let octets = octets.into_inner().split_off(request.len());
        (result, String::from_utf8(octets).unwrap())
    }

    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    #[test]
    fn rfc9112_6_a_response_is_sent_with_its_framing() {
        let response = Response::builder().status(404).header("b", "1").header("b", "2").body("no");
        let (result, octets) = sent(GET, &response.unwrap());
        result.unwrap();
        let expected = "HTTP/1.1 404 Not Found\r\nb: 1\r\nb: 2\r\nContent-Length: 2\r\n\r\nno";
        assert_eq!(octets, expected);
    }

    #[test]
    fn rfc9112_2_3_a_response_has_the_version_of_its_sender() {
        let response = Response::builder().version(Version::HTTP_10).body("").unwrap();
        let (result, octets) = sent(GET, &response);
        result.unwrap();
        assert_eq!(octets, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        let response = Response::builder().version(Version::HTTP_2).body("").unwrap();
        let (result, octets) = sent(GET, &response);
        let error = result.unwrap_err();
        let Error::Other(cause) = &error else { unreachable!("{error}") };
        assert_eq!(cause.downcast_ref(), Some(&ConvertError::Version(Version::HTTP_2)));
        assert!(octets.starts_with("HTTP/1.1 500 "), "{octets}");
    }

    #[test]
    fn rfc9112_6_framing_fields_are_the_writers() {
        for (name, value) in [("Content-Length", "2"), ("Transfer-Encoding", "chunked")] {
            let response = Response::builder().header(name, value).body("no").unwrap();
            let (result, octets) = sent(GET, &response);
            let error = result.unwrap_err();
            assert!(matches!(error, Error::Usage(WriteError::FramingField)), "{error}");
            assert!(octets.starts_with("HTTP/1.1 500 "), "{octets}");
        }
    }

    #[test]
    fn rfc9110_15_no_status_over_599_is_sent() {
        let (result, _) = sent(GET, &Response::builder().status(600).body("").unwrap());
        let error = result.unwrap_err();
        assert!(
            matches!(error, Error::Usage(WriteError::Value(InvalidValue::Status { code: 600 }))),
            "{error}"
        );
    }

    #[test]
    fn a_request_that_does_not_convert_is_not_sent() {
        let sent = |uri: &str, version, name: &str| {
            let request = Request::builder().uri(uri).version(version).header(name, "a").body("");
            Client::new().send_http(&request.unwrap()).unwrap_err()
        };
        let error = sent("http://127.0.0.1:1/", Version::HTTP_2, "a");
        assert!(error.to_string().starts_with("HTTP/2.0 is not HTTP/1.x"), "{error}");
        let error = sent("/", Version::HTTP_11, "a");
        assert!(matches!(error, Error::Url(UrlError::NotHttp)), "{error}");
    }

    #[test]
    fn each_line_of_a_map_is_a_field() {
        let mut map = HeaderMap::new();
        for (name, value) in [("a", "1"), ("b", "2"), ("a", "3")] {
            map.append(name, value.parse().unwrap());
        }
        let lines: Vec<_> = fields(&map)
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.as_str().unwrap()))
            .collect();
        assert_eq!(lines, ["a: 1", "a: 3", "b: 2"]);
    }
}
