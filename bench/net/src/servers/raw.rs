//! The responses of the raw limits: constant octets.

use memchr::memmem;

const CLOSING: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Date: Sun, 22 Nov 2026 15:42:53 GMT\r\n\
    Content-Length: 14\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Connection: close\r\n\r\n\
    TCP connection";

const LASTING: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Date: Sun, 22 Nov 2026 15:42:53 GMT\r\n\
    Content-Length: 14\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\n\
    TCP connection";

/// The limit of requests in one read.
const TOGETHER: usize = 256;

pub enum Response<'a> {
    Lasting(&'a [u8]),
    Closing(&'a [u8]),
}

/// The responses to all requests of one read, one after the other.
pub struct Responses(Vec<u8>);

impl Responses {
    pub fn new() -> Self {
        Self(LASTING.repeat(TOGETHER))
    }

    /// Returns the responses to the requests in these octets. The measured loads never split a
    /// request between two reads.
    pub fn to(&self, received: &[u8]) -> Response<'_> {
        if memmem::find(received, b"onnection: close").is_some() {
            return Response::Closing(CLOSING);
        }
        let requests = memmem::find_iter(received, b"\r\n\r\n").count();
        Response::Lasting(&self.0[..requests.min(TOGETHER) * LASTING.len()])
    }
}
