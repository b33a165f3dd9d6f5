//! Moves one body through a connection in memory: `bodies_in_memory KIND SIZE`.
//!
//! `just copies` counts the instructions that it takes.

use bareline_net::core::WireBuf;
use bareline_net::core::write::{MessageWriter, RequestContext};
use bareline_net::{
    ClientStream, Error, Exchange, Method, ServerStream, Settings, Status, Target, Untimed,
};
use std::io::{self, Read, Write};

/// The octets in a chunk, and in each read and write.
const PIECE: usize = 64 * 1024;

/// A peer that sends a head, pieces of a body and its end, and discards what it receives.
struct Peer {
    front: Vec<u8>,
    piece: Vec<u8>,
    pieces: usize,
    end: Vec<u8>,
    /// The octets that have been read of the front, the present piece or the end.
    position: usize,
    is_front: bool,
    received: u64,
}

impl Peer {
    /// Returns a peer that sends this start line with a body of this size.
    fn new(start: &str, is_chunked: bool, size: usize) -> Self {
        let content = vec![b'x'; PIECE];
        let (front, piece, end) = if is_chunked {
            (
                format!("{start}Transfer-Encoding: chunked\r\n\r\n"),
                [format!("{PIECE:x}\r\n").as_bytes(), &content, b"\r\n"].concat(),
                "0\r\n\r\n",
            )
        } else {
            (format!("{start}Content-Length: {size}\r\n\r\n"), content, "")
        };
        let (front, end) = (front.into_bytes(), end.as_bytes().to_vec());
        Self { front, piece, pieces: size / PIECE, end, position: 0, is_front: true, received: 0 }
    }
}

impl Read for Peer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let octets = match (self.is_front, self.pieces) {
                (true, _) => &self.front,
                (false, 1..) => &self.piece,
                (false, 0) => &self.end,
            };
            let mut rest = octets.get(self.position..).unwrap_or_default();
            if rest.is_empty() && (self.is_front || self.pieces > 0) {
                self.pieces -= usize::from(!self.is_front);
                (self.is_front, self.position) = (false, 0);
                continue;
            }
            let count = rest.read(buffer)?;
            self.position += count;
            return Ok(count);
        }
    }
}

impl Write for Peer {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.received += octets.len() as u64;
        Ok(octets.len())
    }

    fn write_vectored(&mut self, octets: &[io::IoSlice<'_>]) -> io::Result<usize> {
        octets.iter().map(|octets| self.write(octets)).sum()
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(kind), Some(size)) = (arguments.next(), arguments.next()) else {
        return Err("usage: bodies_in_memory KIND SIZE".into());
    };
    let size: usize = size.parse()?;
    if !size.is_multiple_of(PIECE) {
        return Err(format!("the size has to be a multiple of {PIECE}").into());
    }
    let moved = match &*kind {
        "server-upload-length" => server_upload(false, size)?,
        "server-upload-chunked" => server_upload(true, size)?,
        "server-download-length" => server_download(false, size)?,
        "server-download-chunked" => server_download(true, size)?,
        "client-upload-length" => client_upload(false, size)?,
        "client-upload-chunked" => client_upload(true, size)?,
        "client-download-length" => client_download(false, size)?,
        "client-download-chunked" => client_download(true, size)?,
        "encoder-length" => encoded(false, size)?,
        "encoder-chunked" => encoded(true, size)?,
        _ => return Err("no such kind".into()),
    };
    if moved < size as u64 {
        return Err(format!("only {moved} octets").into());
    }
    Ok(())
}

fn settings() -> Settings {
    Settings::new().body_limit(u64::MAX)
}

/// Reads to the end in pieces, and returns the number of octets.
fn read(mut body: impl Read) -> Result<u64, Error> {
    let (mut buffer, mut count) = (vec![0; PIECE], 0);
    loop {
        match body.read(&mut buffer)? {
            0 => return Ok(count),
            read => count += read as u64,
        }
    }
}

/// Writes this many octets in pieces.
fn write(mut body: impl Write, size: usize) -> Result<(), Error> {
    let piece = vec![b'x'; PIECE];
    Ok((0..size / PIECE).try_for_each(|_| body.write_all(&piece))?)
}

fn server_upload(is_chunked: bool, size: usize) -> Result<u64, Error> {
    let peer = Peer::new("PUT / HTTP/1.1\r\nHost: a\r\n", is_chunked, size);
    let mut stream = ServerStream::with_settings(Untimed(peer), settings());
    let Some(Exchange { body, responder, .. }) = stream.next_request()? else {
        return Err(Error::Closed);
    };
    let count = read(body)?;
    responder.send(Status::NO_CONTENT, &[], b"")?;
    Ok(count)
}

fn server_download(is_chunked: bool, size: usize) -> Result<u64, Error> {
    let mut peer = Untimed(Peer::new("GET / HTTP/1.1\r\nHost: a\r\n", false, 0));
    let mut stream = ServerStream::with_settings(&mut peer, settings());
    let Some(Exchange { responder, .. }) = stream.next_request()? else {
        return Err(Error::Closed);
    };
    let mut body = if is_chunked {
        responder.stream(Status::OK, &[])?
    } else {
        responder.stream_sized(Status::OK, &[], size as u64)?
    };
    write(&mut body, size)?;
    body.finish()?;
    drop(stream);
    Ok(peer.0.received)
}

fn client_upload(is_chunked: bool, size: usize) -> Result<u64, Error> {
    let mut peer = Untimed(Peer::new("HTTP/1.1 200 OK\r\n", false, 0));
    let mut stream = ClientStream::with_settings(&mut peer, "a", settings());
    let mut request = stream.begin(Method::PUT, Target::ROOT, |head| {
        if is_chunked { head.chunked() } else { head.length(size as u64) }
    })?;
    write(&mut request, size)?;
    request.finish()?;
    drop(stream);
    Ok(peer.0.received)
}

fn client_download(is_chunked: bool, size: usize) -> Result<u64, Error> {
    let peer = Peer::new("HTTP/1.1 200 OK\r\n", is_chunked, size);
    let mut stream = ClientStream::with_settings(Untimed(peer), "a", settings());
    read(stream.request(Method::GET, Target::ROOT, &[], b"")?.body)
}

/// Writes a body with a `MessageWriter` of core, and returns the number of octets.
fn encoded(is_chunked: bool, size: usize) -> Result<u64, Error> {
    let (mut out, mut count) = (Box::new(WireBuf::<{ PIECE + 256 }>::new()), 0);
    let mut writer = MessageWriter::new();
    let head = writer.response(RequestContext::UNREAD, Status::OK, &mut out)?;
    if is_chunked {
        head.chunked()?
    } else {
        head.length(size as u64)?
    }
    let piece = vec![b'x'; PIECE];
    for _ in 0..size / PIECE {
        writer.send_data(&piece, &mut out)?;
        count += out.as_bytes().len() as u64;
        out.clear();
    }
    writer.end_body(&[], &mut out)?;
    Ok(count)
}
