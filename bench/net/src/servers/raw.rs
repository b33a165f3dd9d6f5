//! What the raw limits answer: octets that are there before a request comes.

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

/// How many requests that come together are answered together.
const TOGETHER: usize = 256;

pub enum Response<'a> {
    Lasting(&'a [u8]),
    Closing(&'a [u8]),
}

/// The answers to so many requests as there can be in one read, one behind the other.
pub struct Responses(Vec<u8>);

impl Responses {
    pub fn new() -> Self {
        Self(LASTING.repeat(TOGETHER))
    }

    /// Answers as many requests as end in these octets. No load that is measured has its requests
    /// cut in two.
    pub fn to(&self, received: &[u8]) -> Response<'_> {
        if memmem::find(received, b"onnection: close").is_some() {
            return Response::Closing(CLOSING);
        }
        let requests = memmem::find_iter(received, b"\r\n\r\n").count();
        Response::Lasting(&self.0[..requests.min(TOGETHER) * LASTING.len()])
    }
}
