//! The limit of a client: a write and a read, without HTTP.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

pub fn keep_alive(server: SocketAddr, count: u32) -> Result<(), Box<dyn Error>> {
    let request = format!("GET / HTTP/1.1\r\nHost: {server}\r\n\r\n");
    let mut stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    for _ in 0..count {
        stream.write_all(request.as_bytes())?;
        let received = stream.read(&mut buffer)?;
        check_end(&buffer[..received])?;
    }
    Ok(())
}

pub fn connect(server: SocketAddr, count: u32) -> Result<(), Box<dyn Error>> {
    let request = format!("GET / HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    let mut buffer = [0; 4096];
    for _ in 0..count {
        let mut stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.write_all(request.as_bytes())?;
        let received = stream.read(&mut buffer)?;
        check_end(&buffer[..received])?;
    }
    Ok(())
}

fn check_end(received: &[u8]) -> Result<(), Box<dyn Error>> {
    super::check(&received[received.len().saturating_sub(crate::BODY.len())..])
}
