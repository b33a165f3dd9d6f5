//! Tests of the responses that a server sends in place of a handler's, and that a function changes.

use crate::service::Service;
use crate::{exchange, log_lines, until};
use bareline_core::{FieldValue, Status};
use bareline_net::{Error, Exchange, Rejection, Server};
use std::fmt;
use std::sync::Mutex;
use std::sync::mpsc::channel;

#[derive(Debug)]
struct NoSuchUser;

impl fmt::Display for NoSuchUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such user")
    }
}

impl std::error::Error for NoSuchUser {}

fn in_json(rejection: &mut Rejection<'_>) {
    if matches!(rejection.error(), Error::Other(error) if error.is::<NoSuchUser>()) {
        rejection.set_status(Status::NOT_FOUND);
    }
    let json = FieldValue::from_static("application/json");
    let body =
        format!("{{\"code\":{},\"reason\":{:?}}}", rejection.status().code(), rejection.reason());
    rejection.set_body(json, body);
}

fn handler(exchange: Exchange<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    match exchange.head.target().path() {
        "/user" => Err(NoSuchUser.into()),
        "/number" => Err("x".parse::<u8>().unwrap_err().into()),
        "/panic" => panic!("for a test"),
        "/nothing" => Ok(()),
        "/twice" => {
            exchange.head.fields().only(bareline_core::FieldName::from_static("X"))?;
            Ok(())
        }
        _ => Ok(exchange.responder.send(Status::OK, &[], b"")?),
    }
}

/// Returns the status, the type and the body of the response to a request.
fn rejected(service: &Service, request: &str) -> (String, String, String) {
    let response = exchange(service.address, request.as_bytes());
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let field = head.split_once("Content-Type: ").map_or("", |(_, rest)| rest);
    let kind = field.lines().next().unwrap_or_default();
    (head["HTTP/1.1 ".len()..][..3].to_owned(), kind.to_owned(), body.to_owned())
}

#[test]
fn a_function_makes_the_bodies_of_all_rejections() {
    let service = Service::new(|server: Server| server.on_rejection(in_json), handler);
    for (request, status, reason) in [
        ("GET /user HTTP/1.1\r\nHost: a\r\n\r\n", 404, "Internal Server Error"),
        ("GET /number HTTP/1.1\r\nHost: a\r\n\r\n", 500, "Internal Server Error"),
        ("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n", 500, "Internal Server Error"),
        ("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 500, "Internal Server Error"),
        ("GET /twice HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\n\r\n", 400, ""),
        ("GET / HTTP/1.1\r\n\r\n", 400, "no Host field"),
        ("GET / HTTP/3.0\r\n\r\n", 505, "HTTP version not supported"),
        ("GET / HTTP/1.1\nHost: a\n\n", 400, "line ended by LF alone"),
    ] {
        let (code, kind, body) = rejected(&service, request);
        assert_eq!((&*code, &*kind), (&*status.to_string(), "application/json"), "{request}");
        assert!(
            body.starts_with(&format!("{{\"code\":{status},\"reason\":\"{reason}")),
            "{request}: {body}"
        );
    }
    let response = exchange(service.address, b"HEAD /user HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(response.starts_with("HTTP/1.1 404 ") && response.ends_with("\r\n\r\n"), "{response}");
}

#[test]
fn a_function_makes_the_body_of_a_503() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let service = Service::new(
        |server: Server| server.on_rejection(in_json).max_connections(1),
        move |exchange: Exchange<'_>| {
            let _ = wait.lock().unwrap().recv();
            exchange.responder.send(Status::OK, &[], b"")
        },
    );
    let first = crate::connect(service.address);
    std::io::Write::write_all(&mut &first, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert!(until(crate::TIMEOUT, || service.handle.counts().in_handlers == 1));
    let (code, kind, body) = rejected(&service, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((&*code, &*kind), ("503", "application/json"));
    assert_eq!(body, "{\"code\":503,\"reason\":\"too many connections\"}");
    drop(go);
}

#[test]
fn a_function_knows_a_panic_from_a_missing_response() {
    let status_of = |error: &Error| match error {
        Error::Panicked => Status::BAD_GATEWAY,
        Error::IncompleteResponse => Status::NOT_IMPLEMENTED,
        _ => Status::BAD_REQUEST,
    };
    let service = Service::new(
        |server: Server| server.on_rejection(move |r| r.set_status(status_of(r.error()))),
        handler,
    );
    for (path, status) in [("/panic", "502"), ("/nothing", "501"), ("/number", "400")] {
        let (code, ..) = rejected(&service, &format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(code, status, "{path}");
    }
}

#[test]
fn rfc9110_15_5_22_a_function_makes_no_426_without_upgrade() {
    let upgrade = |rejection: &mut Rejection<'_>| rejection.set_status(Status::UPGRADE_REQUIRED);
    let service = Service::new(move |server: Server| server.on_rejection(upgrade), handler);
    for (request, status) in
        [("GET /user HTTP/1.1\r\nHost: a\r\n\r\n", "500"), ("GET / HTTP/3.0\r\n\r\n", "505")]
    {
        assert_eq!(rejected(&service, request).0, status, "{request}");
    }
}

#[test]
fn a_function_that_fails_leaves_the_default_rejection() {
    let service = Service::new(
        |server: Server| {
            server.on_rejection(|rejection| {
                rejection.set_status(Status::OK);
                assert!(rejection.status() == Status::INTERNAL_SERVER_ERROR, "for a test");
                rejection.set_body(FieldValue::from_static("text/html"), vec![b'x'; 100_000]);
            })
        },
        handler,
    );
    let (code, kind, body) = rejected(&service, "GET / HTTP/1.1\r\n\r\n");
    assert_eq!((&*code, &*kind), ("400", "text/plain; charset=utf-8"));
    assert!(body.starts_with("no Host field"), "{body}");
    log_lines::with(&["ERROR ", "on_rejection panicked: for a test"]);
    // A body that is too long is left out.
    let (code, kind, body) = rejected(&service, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((&*code, &*kind, &*body), ("500", "text/html", ""));
}
