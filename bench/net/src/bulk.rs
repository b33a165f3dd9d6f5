//! Large bodies, and the client that receives and sends them.
//!
//! Servers respond to `GET /bulk` with a large body, and to `POST /bulk` with the length of the
//! request's body, in decimal.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The octets of each write, and the most of each read, of all but hyper's reads.
pub static PIECE: &[u8; 62_500] = &[b'x'; 62_500];
pub const PIECES: usize = 1_600;
/// The length of a large body in octets: 100 MB.
pub const LENGTH: u64 = 100_000_000;

/// Receives a large response, `count` times on one connection.
pub fn download(server: SocketAddr, count: u32) -> Result<(), Box<dyn Error>> {
    let head = format!("GET /bulk HTTP/1.1\r\nHost: {server}\r\n\r\n");
    let mut stream = connect(server)?;
    let mut buffer = vec![0; 4 * PIECE.len()];
    for _ in 0..count {
        stream.get_mut().write_all(head.as_bytes())?;
        let mut left = content_length(&mut stream)?;
        if left != LENGTH {
            return Err("a body of another length".into());
        }
        while left > 0 {
            let most = buffer.len().min(usize::try_from(left)?);
            match stream.read(&mut buffer[..most])? {
                0 => return Err("the body is cut short".into()),
                received => left -= received as u64,
            }
        }
    }
    Ok(())
}

/// Sends a large request, `count` times on one connection.
pub fn upload(server: SocketAddr, count: u32) -> Result<(), Box<dyn Error>> {
    let head = format!("POST /bulk HTTP/1.1\r\nHost: {server}\r\nContent-Length: {LENGTH}\r\n\r\n");
    let mut stream = connect(server)?;
    for _ in 0..count {
        stream.get_mut().write_all(head.as_bytes())?;
        for _ in 0..PIECES {
            stream.get_mut().write_all(PIECE)?;
        }
        let mut body = vec![0; usize::try_from(content_length(&mut stream)?)?];
        stream.read_exact(&mut body)?;
        if body != LENGTH.to_string().as_bytes() {
            return Err("the server counts another length".into());
        }
    }
    Ok(())
}

fn connect(server: SocketAddr) -> Result<BufReader<TcpStream>, Box<dyn Error>> {
    let stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    Ok(BufReader::new(stream))
}

/// Reads the head of a response with status 200, and returns its `Content-Length`.
fn content_length(stream: &mut BufReader<TcpStream>) -> Result<u64, Box<dyn Error>> {
    let (mut line, mut length) = (String::new(), None);
    stream.read_line(&mut line)?;
    if !line.starts_with("HTTP/1.1 200") {
        return Err("no response with status 200".into());
    }
    while !matches!(line.as_str(), "\r\n" | "") {
        line.clear();
        stream.read_line(&mut line)?;
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = Some(value.trim().parse()?);
            }
            _ => {}
        }
    }
    length.ok_or_else(|| "no Content-Length".into())
}
