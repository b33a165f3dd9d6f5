//! A server with the default limit of bodies, 1 MiB.

use bareline_core::Status;
use bareline_net::{Error, Exchange, Server, ServerHandle};
use std::io::Read;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

/// A running server, which is shut down on drop.
pub(crate) struct Limited {
    pub(crate) address: SocketAddr,
    handle: ServerHandle,
    served: Option<JoinHandle<Result<(), Error>>>,
}

impl Limited {
    pub(crate) fn start() -> Self {
        let server = Server::bind("127.0.0.1:0").unwrap();
        let (address, handle) = (server.local_addr().unwrap(), server.handle());
        Self { address, handle, served: Some(thread::spawn(move || server.serve(respond))) }
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        self.handle.shutdown();
        if let Some(served) = self.served.take() {
            let _ = served.join();
        }
    }
}

/// Responds with the request line to `/`, with the body to `/echo`, and with 404 to others.
///
/// The body of a request that gets 404 is not read.
fn respond(Exchange { head, mut body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
    match head.target().path() {
        "/" => {
            let line = format!("{} {} {}", head.method(), head.target(), head.version());
            responder.send(Status::OK, &[], line.as_bytes())
        }
        "/echo" => {
            let mut octets = Vec::new();
            body.read_to_end(&mut octets)?;
            responder.send(Status::OK, &[], &octets)
        }
        _ => responder.send(Status::NOT_FOUND, &[], b"Not Found\n"),
    }
}
