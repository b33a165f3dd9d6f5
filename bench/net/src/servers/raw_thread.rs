//! The limit of a thread for each connection: a read and a write, without HTTP.

use super::raw::{Response, Responses};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

pub fn serve(port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    let responses = Arc::new(Responses::new());
    for stream in listener.incoming().flatten() {
        let responses = Arc::clone(&responses);
        let spawned =
            thread::Builder::new().stack_size(64 * 1024).spawn(move || respond(stream, &responses));
        spawned.expect("there is room for a thread");
    }
}

fn respond(mut stream: TcpStream, responses: &Responses) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    loop {
        let received = stream.read(&mut buffer)?;
        match responses.to(&buffer[..received]) {
            _ if received == 0 => return Ok(()),
            Response::Lasting(responses) => stream.write_all(responses)?,
            Response::Closing(response) => return stream.write_all(response),
        }
    }
}
