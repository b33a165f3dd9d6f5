//! bareline.

use crate::bulk::{LENGTH, PIECE, PIECES};
use bareline_core::{FieldName, FieldValue, Method, Status};
use bareline_net::{Error, Exchange, Responder, Server, Settings};
use std::io::{Read, Write};
use std::thread;

const TEXT: FieldValue<'_> = FieldValue::from_static("text/plain; charset=utf-8");

pub fn serve(port: u16) {
    let server = Server::bind(("127.0.0.1", port))
        .expect("the port is free")
        .settings(Settings::new().body_limit(LENGTH));
    let responded = server.serve(|exchange| match exchange.head.target().path() {
        "/" => text(exchange.responder),
        "/bulk" => bulk(exchange),
        path => match super::pause(path) {
            Some(pause) => {
                thread::sleep(pause);
                text(exchange.responder)
            }
            None => exchange.responder.send(Status::NOT_FOUND, &[], b""),
        },
    });
    responded.expect("it serves until it is killed");
}

fn text(responder: Responder<'_>) -> Result<(), Error> {
    responder.send(Status::OK, &[(FieldName::CONTENT_TYPE, TEXT)], crate::BODY.as_bytes())
}

fn bulk(Exchange { head, mut body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
    if head.method() == Method::GET {
        let mut response = responder.stream_sized(Status::OK, &[], LENGTH)?;
        for _ in 0..PIECES {
            response.write_all(PIECE)?;
        }
        return response.finish();
    }
    let (mut buffer, mut length) = (vec![0; PIECE.len()], 0);
    loop {
        match body.read(&mut buffer)? {
            0 => break,
            received => length += received,
        }
    }
    responder.send(Status::OK, &[], length.to_string().as_bytes())
}
