//! The limit of large bodies: a loop of writes or reads of the handlers' size, without HTTP.

use crate::bulk::{LENGTH, PIECE, PIECES};
use memchr::memmem;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

/// Serves one connection at a time.
pub fn serve(port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    for stream in listener.incoming().flatten() {
        // An error means that the client is gone.
        let _ = respond(stream);
    }
}

fn respond(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n");
    let mut buffer = vec![0; PIECE.len()];
    loop {
        let received = stream.read(&mut buffer)?;
        // The client's one write of a head is never split between two reads.
        let Some(end) = memmem::find(&buffer[..received], b"\r\n\r\n") else { return Ok(()) };
        if buffer.starts_with(b"GET ") {
            stream.write_all(head.as_bytes())?;
            for _ in 0..PIECES {
                stream.write_all(PIECE)?;
            }
            continue;
        }
        let mut length = (received - end - 4) as u64;
        while length < LENGTH {
            match stream.read(&mut buffer)? {
                0 => return Ok(()),
                received => length += received as u64,
            }
        }
        let body = length.to_string();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes())?;
    }
}
