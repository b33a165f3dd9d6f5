//! The limit for a thread a connection: a read, a write, and nothing that knows HTTP.

use super::raw::{Answer, Answers};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

pub fn serve(port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    let answers = Arc::new(Answers::new());
    for stream in listener.incoming().flatten() {
        let answers = Arc::clone(&answers);
        let spawned =
            thread::Builder::new().stack_size(64 * 1024).spawn(move || answer(stream, &answers));
        spawned.expect("there is room for a thread");
    }
}

fn answer(mut stream: TcpStream, answers: &Answers) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    loop {
        let received = stream.read(&mut buffer)?;
        match answers.to(&buffer[..received]) {
            _ if received == 0 => return Ok(()),
            Answer::Lasting(answers) => stream.write_all(answers)?,
            Answer::Closing(answer) => return stream.write_all(answer),
        }
    }
}
