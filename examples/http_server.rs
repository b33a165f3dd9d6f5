//! A server with a few routes on persistent connections; bodies are fixed or streamed.

use bareline_net::core::body::Framing;
use bareline_net::{
    Error, Exchange, FieldName, FieldValue, Method, ResponseWriter, Server, Settings, Status,
};
use clap::Parser;
use log::LevelFilter;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Serves a few routes over HTTP.
///
/// `/` shows the request; `/echo` sends the body back; `/stream?n=N` sends N megabytes in chunks;
/// `/slow` sends four lines, one each half second; `/status/CODE` responds with that status.
#[derive(Parser)]
struct Arguments {
    /// The address to listen on, HOST:PORT.
    #[arg(default_value = "127.0.0.1:8080")]
    address: String,
    /// Log each request in a line; errors are always logged.
    #[arg(long)]
    log: bool,
}

const HTML: FieldValue = FieldValue::from_static("text/html; charset=utf-8");
const TEXT: FieldValue = FieldValue::from_static("text/plain; charset=utf-8");

fn main() -> ExitCode {
    let Arguments { address, log } = Arguments::parse();
    env_logger::Builder::new()
        .filter_level(if log { LevelFilter::Info } else { LevelFilter::Warn })
        .format(|line, record| writeln!(line, "http_server: {}", record.args()))
        .init();
    match serve(&address) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "http_server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until Ctrl-C or SIGTERM. The shutdown is graceful: requests that have begun get their
/// responses. A second Ctrl-C ends the program at once.
fn serve(address: &str) -> Result<(), Error> {
    // Bodies are streamed, never held in memory, so they need no limit.
    let server = Server::bind(address)?.settings(Settings::new().body_limit(u64::MAX));
    let (handle, is_asked) = (server.handle(), AtomicBool::new(false));
    ctrlc::set_handler(move || {
        if is_asked.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        handle.shutdown();
    })
    .map_err(io::Error::other)?;
    let _ = writeln!(io::stderr(), "http_server: listening on {}", server.local_addr()?);
    server.serve(respond)
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
            None => say(exchange, Status::BAD_REQUEST, "n is a number of megabytes: /stream?n=5"),
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
                "use the code of a final status, 200 to 599 except 426: /status/404",
            ),
            None => say(
                exchange,
                Status::NOT_FOUND,
                "no such path: use /, /echo, /stream?n=N, /slow or /status/CODE",
            ),
        },
    }
}

/// Returns whether a handler may send this status.
///
/// A 1xx is not a final response, and a 426 has to name a protocol in `Upgrade`.
fn is_sendable(status: Status) -> bool {
    (200..600).contains(&status.code()) && status != Status::UPGRADE_REQUIRED
}

/// Returns an HTML page with the request line and the fields.
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

/// Streams the body back with the framing of the request.
fn echo(exchange: Exchange<'_>) -> Result<(), Error> {
    let Exchange { head, body, responder, .. } = exchange;
    let content_type = head.fields().only(FieldName::CONTENT_TYPE).ok().flatten();
    let fields: Vec<_> =
        content_type.map(|value| (FieldName::CONTENT_TYPE, value)).into_iter().collect();
    // Reads before the response begins, so that a body invalid from its start is still rejected.
    let mut body = BufReader::with_capacity(64 * 1024, body);
    body.fill_buf()?;
    let responder = responder.while_reading();
    let mut echo = match head.framing() {
        Framing::Chunked => responder.stream(Status::OK, &fields)?,
        Framing::Length(length) => responder.stream_sized(Status::OK, &fields, length)?,
        _ => return responder.send(Status::OK, &fields, b""),
    };
    io::copy(&mut body, &mut echo)?;
    let trailers: Vec<_> = body.get_ref().trailers().iter().collect();
    echo.finish_with(&trailers)
}

fn megabytes(query: &str) -> Option<u32> {
    query.split('&').find_map(|parameter| parameter.strip_prefix("n="))?.parse().ok()
}

/// Streams this many megabytes, in lines of 100 octets.
fn stream(exchange: Exchange<'_>, megabytes: u32) -> Result<(), Error> {
    let is_head = exchange.head.method() == Method::HEAD;
    let mut body = begin(exchange)?;
    let piece = format!("{:099}\n", 0).repeat(1000);
    for _ in 0..(if is_head { 0 } else { u64::from(megabytes) * 10 }) {
        body.write_all(piece.as_bytes())?;
    }
    body.finish()
}

/// Streams four lines, one each half second.
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

/// Responds with this status, and with a line of text if the status may have a body.
fn say(exchange: Exchange<'_>, status: Status, text: &str) -> Result<(), Error> {
    let has_no_body =
        matches!(status, Status::NO_CONTENT | Status::RESET_CONTENT | Status::NOT_MODIFIED);
    if has_no_body {
        exchange.responder.send(status, &[], b"")
    } else {
        exchange.responder.send(
            status,
            &[(FieldName::CONTENT_TYPE, TEXT)],
            format!("{text}\n").as_bytes(),
        )
    }
}
