//! A server with a few routes: requests of all kinds on connections that persist, answered whole or
//! as a stream.

mod service;

use bareline_core::{FieldName, FieldValue, Framing, Method, Status};
use bareline_net::{Error, Exchange, ResponseWriter, Settings};
use clap::Parser;
use service::Service;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// Serves `/`, what the server saw of the request; `/echo`, the body back; `/stream?n=N`, N
/// megabytes in chunks; `/slow`, a line now and then; `/status/CODE`, an answer with this status.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    service: Service,
}

const HTML: FieldValue = FieldValue::from_static("text/html; charset=utf-8");
const TEXT: FieldValue = FieldValue::from_static("text/plain; charset=utf-8");

fn main() -> ExitCode {
    // No body is kept in memory here, so that none is too large.
    let settings = Settings { body_limit: u64::MAX, ..Settings::default() };
    Arguments::parse().service.run("http_server", settings, respond)
}

fn respond(exchange: Exchange<'_>) -> Result<(), Error> {
    let target = exchange.head.target();
    match target.path() {
        "/" => {
            let page = page(&exchange);
            exchange.responder.send(Status::OK, &[(FieldName::CONTENT_TYPE, HTML)], page.as_bytes())
        }
        "/echo" => echo(exchange),
        "/stream" => match megabytes(target.query().unwrap_or_default()) {
            Some(count) => stream(exchange, count),
            None => say(exchange, Status::BAD_REQUEST, "/stream?n=N needs the number of megabytes"),
        },
        "/slow" => slow(exchange),
        path => match path
            .strip_prefix("/status/")
            .map(|code| code.parse().ok().and_then(|code| Status::new(code).ok()))
        {
            Some(Some(status)) if is_sendable(status) => say(exchange, status, status.reason()),
            Some(_) => say(
                exchange,
                Status::BAD_REQUEST,
                "/status/CODE needs the code of a final status, 200 to 599 but 426",
            ),
            None => say(
                exchange,
                Status::NOT_FOUND,
                "there are /, /echo, /stream?n=N, /slow and /status/CODE",
            ),
        },
    }
}

/// Whether it ends an exchange: 1xx does not, and 426 would have to name a protocol to upgrade to.
fn is_sendable(status: Status) -> bool {
    (200..600).contains(&status.code()) && status != Status::UPGRADE_REQUIRED
}

/// What the server saw of the request.
fn page(Exchange { peer, head, .. }: &Exchange<'_>) -> String {
    let mut page = "<!DOCTYPE html>\n<html lang=\"en\">\n<meta \
                    charset=\"utf-8\">\n<title>bareline</title>\n<h1>What the server saw</h1>\n"
        .to_owned();
    let client = peer.map_or("here".to_owned(), |address| address.to_string());
    let (method, target, version) = (head.method(), head.target(), head.version());
    let _ = writeln!(
        page,
        "<p>From {client}: <code>{}</code></p>\n<table>",
        escaped(&format!("{method} {target} {version}"))
    );
    for (name, value) in head.fields().iter() {
        let value = String::from_utf8_lossy(value.as_bytes());
        let _ = writeln!(
            page,
            "<tr><th>{}</th><td>{}</td></tr>",
            escaped(name.as_str()),
            escaped(&value)
        );
    }
    page + "</table>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// Sends the body back as it comes, framed as it came.
fn echo(exchange: Exchange<'_>) -> Result<(), Error> {
    let Exchange { head, body, responder, .. } = exchange;
    let content_type = head.fields().only(FieldName::CONTENT_TYPE).ok().flatten();
    let fields: Vec<_> =
        content_type.map(|value| (FieldName::CONTENT_TYPE, value)).into_iter().collect();
    // A body that is invalid from the beginning is rejected, before the response begins.
    let mut body = BufReader::with_capacity(64 * 1024, body);
    body.fill_buf()?;
    let responder = responder.while_reading();
    let mut echo = match head.framing() {
        Framing::Chunked => responder.stream(Status::OK, &fields)?,
        Framing::Length(length) => responder.stream_sized(Status::OK, &fields, length)?,
        _ => return responder.send(Status::OK, &fields, b""),
    };
    io::copy(&mut body, &mut echo)?;
    echo.finish_with(&body.get_ref().trailers().fields())
}

fn megabytes(query: &str) -> Option<u32> {
    query.split('&').find_map(|parameter| parameter.strip_prefix("n="))?.parse().ok()
}

/// Sends as many megabytes, of lines of 100 octets.
fn stream(exchange: Exchange<'_>, megabytes: u32) -> Result<(), Error> {
    let is_head = exchange.head.method() == Method::HEAD;
    let mut body = begin(exchange)?;
    let piece = format!("{:099}\n", 0).repeat(1000);
    for _ in 0..(if is_head { 0 } else { u64::from(megabytes) * 10 }) {
        body.write_all(piece.as_bytes())?;
    }
    body.finish()
}

/// Sends a line each half second.
fn slow(exchange: Exchange<'_>) -> Result<(), Error> {
    let mut body = begin(exchange)?;
    for line in ["one", "two", "three", "four"] {
        writeln!(body, "{line}")?;
        body.flush()?;
        thread::sleep(Duration::from_millis(500));
    }
    body.finish()
}

fn begin(exchange: Exchange<'_>) -> Result<ResponseWriter<'_>, Error> {
    exchange.responder.stream(Status::OK, &[(FieldName::CONTENT_TYPE, TEXT)])
}

/// Answers with this status and a line of text, where the status may have one.
fn say(exchange: Exchange<'_>, status: Status, text: &str) -> Result<(), Error> {
    let has_no_body =
        matches!(status, Status::NO_CONTENT | Status::RESET_CONTENT | Status::NOT_MODIFIED);
    match has_no_body {
        true => exchange.responder.send(status, &[], b""),
        false => exchange.responder.send(
            status,
            &[(FieldName::CONTENT_TYPE, TEXT)],
            format!("{text}\n").as_bytes(),
        ),
    }
}
