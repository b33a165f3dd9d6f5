//! bareline: a thread a connection.

use bareline_core::{FieldName, FieldValue, Status};
use bareline_net::{Error, ServerStream};
use std::net::{TcpListener, TcpStream};
use std::thread;

const TEXT: FieldValue<'_> = FieldValue::from_static("text/plain; charset=utf-8");

pub fn serve(port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    for stream in listener.incoming().flatten() {
        thread::Builder::new().spawn(|| answer(stream)).expect("there is room for a thread");
    }
}

fn answer(stream: TcpStream) -> Result<(), Error> {
    let mut peer = ServerStream::new(stream);
    while let Some(exchange) = peer.next_request()? {
        exchange.reply.send(Status::OK, &[(FieldName::CONTENT_TYPE, TEXT)], crate::BODY.as_bytes())?;
    }
    Ok(())
}
