//! Server-sent events, and a page that shows them: what one client posts, all others get at once.
//! The argument is the address, HOST:PORT.

use bareline_net::{Error, Exchange, FieldName, FieldValue, Method, Server, Settings, Status};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::{env, process::ExitCode, time::Duration};

/// The limit of handlers that wait for events, so that enough are left for other requests. One
/// client more gets the events so far, and asks again later.
const LISTENERS: usize = 500;
/// The number of events that a client can still get after it has lost its connection.
const KEPT: usize = 100;
/// The time after which a silent response gets a comment: so clients that have gone are noticed,
/// and proxies do not time out.
const PAUSE: Duration = Duration::from_secs(15);

struct Feed {
    /// The last events with their numbers, as they are sent.
    events: VecDeque<(u64, String)>,
    is_over: bool,
}

static FEED: Mutex<Feed> = Mutex::new(Feed { events: VecDeque::new(), is_over: false });
static CHANGED: Condvar = Condvar::new();

impl Feed {
    fn lock() -> MutexGuard<'static, Self> {
        FEED.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last(&self) -> u64 {
        self.events.back().map_or(0, |(number, _)| *number)
    }
}

fn main() -> ExitCode {
    let Err(error) = serve() else { return ExitCode::SUCCESS };
    let _ = writeln!(io::stderr(), "events: {error}");
    ExitCode::FAILURE
}

fn serve() -> Result<(), Error> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let server = Server::bind(address)?.settings(Settings::new().body_limit(4096));
    let (handle, load) = (server.handle(), server.handle());
    let on_signal = move || {
        Feed::lock().is_over = true;
        CHANGED.notify_all();
        handle.shutdown();
    };
    ctrlc::set_handler(on_signal).map_err(io::Error::other)?;
    let _ = writeln!(io::stderr(), "events: listening on {}", server.local_addr()?);
    server.serve(move |exchange| match (exchange.head.target().path(), exchange.head.method()) {
        ("/", Method::GET | Method::HEAD) => {
            let html = FieldValue::from_static("text/html; charset=utf-8");
            let fields = [(FieldName::CONTENT_TYPE, html)];
            exchange.responder.send(Status::OK, &fields, PAGE.as_bytes())
        }
        ("/events", method @ (Method::GET | Method::HEAD)) => {
            let has_place = load.counts().in_handlers <= LISTENERS;
            // A response to HEAD has no events to wait for.
            listen(exchange, method == Method::GET && has_place)
        }
        ("/events", Method::POST) => post(exchange),
        (path @ ("/" | "/events"), _) => {
            let methods = if path == "/" { "GET, HEAD" } else { "GET, HEAD, POST" };
            let fields = [(FieldName::ALLOW, FieldValue::from_static(methods))];
            exchange.responder.send(Status::METHOD_NOT_ALLOWED, &fields, b"")
        }
        _ => exchange.responder.send(Status::NOT_FOUND, &[], b"use / and /events\n"),
    })
}

/// Adds an event with the text of the request's body.
fn post(Exchange { mut body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
    let mut text = Vec::new();
    body.read_to_end(&mut text)?;
    let text = match String::from_utf8(text) {
        Ok(text) if !text.is_empty() => text,
        _ => return responder.send(Status::BAD_REQUEST, &[], b"send a text, in UTF-8\n"),
    };
    // A CR alone ends a line too: the text must not add fields of its own.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut feed = Feed::lock();
    let number = feed.last() + 1;
    let event = format!("id: {number}\ndata: {}\n\n", text.replace('\n', "\ndata: "));
    feed.events.push_back((number, event));
    if feed.events.len() > KEPT {
        feed.events.pop_front();
    }
    drop(feed);
    CHANGED.notify_all();
    responder.send(Status::NO_CONTENT, &[], b"")
}

/// Sends the events after `Last-Event-ID`, then each event as it comes if there is a place to wait.
fn listen(Exchange { head, responder, .. }: Exchange<'_>, has_place: bool) -> Result<(), Error> {
    let id = head.fields().get(FieldName::from_static("Last-Event-ID"));
    let mut seen: u64 = id.and_then(|id| id.as_str().ok()?.parse().ok()).unwrap_or(0);
    let fields = [
        (FieldName::CONTENT_TYPE, FieldValue::from_static("text/event-stream")),
        (FieldName::CACHE_CONTROL, FieldValue::from_static("no-store")),
    ];
    let mut body = responder.stream(Status::OK, &fields)?;
    // The milliseconds after which the client asks again.
    writeln!(body, "retry: {}\n", if has_place { 1000 } else { 5000 })?;
    body.flush()?;
    loop {
        let waits = |feed: &mut Feed| feed.last() == seen && !feed.is_over && has_place;
        let woken = CHANGED.wait_timeout_while(Feed::lock(), PAUSE, waits);
        let (feed, _) = woken.unwrap_or_else(PoisonError::into_inner);
        // A number that is too large is one of an earlier run of this program.
        let known = if seen > feed.last() { 0 } else { seen };
        let news = feed.events.iter().filter(|(number, _)| *number > known);
        let news: String = news.map(|(_, event)| event.as_str()).collect();
        let is_last = feed.is_over || !has_place;
        seen = feed.last();
        // A client that is slow to take its events holds up nobody.
        drop(feed);
        body.write_all(if news.is_empty() { b":\n\n" } else { news.as_bytes() })?;
        body.flush()?;
        if is_last {
            return body.finish();
        }
    }
}

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Events</title>
<form><input aria-label="Text" maxlength="1000" required autofocus> <button>Post</button></form>
<ul></ul>
<script>
const [form, list] = [document.querySelector('form'), document.querySelector('ul')];
new EventSource('/events').onmessage = event => {
  list.prepend(Object.assign(document.createElement('li'), {textContent: event.data}));
};
form.onsubmit = event => {
  event.preventDefault();
  fetch('/events', {method: 'POST', body: form.elements[0].value});
  form.reset();
};
</script>
"#;
