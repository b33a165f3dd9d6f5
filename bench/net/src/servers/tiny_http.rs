//! tiny_http, with a thread for each core that takes requests, as in its documentation.

use std::sync::Arc;
use std::thread;
use tiny_http::{Header, Response, Server};

pub fn serve(port: u16) {
    let server = Arc::new(Server::http(("127.0.0.1", port)).expect("the port is free"));
    let threads: Vec<_> = (0..crate::cores())
        .map(|_| Arc::clone(&server))
        .map(|server| thread::spawn(move || respond(&server)))
        .collect();
    for each in threads {
        each.join().expect("it goes on taking requests");
    }
}

fn respond(server: &Server) {
    let text =
        Header::from_bytes("Content-Type", "text/plain; charset=utf-8").expect("a valid field");
    for request in server.incoming_requests() {
        // An error means that the client is gone.
        let _ = request.respond(Response::from_data(crate::BODY).with_header(text.clone()));
    }
}
