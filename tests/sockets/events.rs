//! Tests of `events`: server-sent events, as the WHATWG HTML standard has them.

use crate::browser::Browser;
use crate::{Program, TIMEOUT, connect, exchange_all, until};
use bareline_net::{Client, Method, Status};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::Command;

/// The limit of listeners in the example.
const LISTENERS: usize = 500;

fn post(server: &Program, text: &str) {
    let length = text.len();
    let request =
        format!("POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{text}");
    let response = exchange_all(server.tcp(), request.as_bytes());
    assert!(response.starts_with("HTTP/1.1 204 No Content\r\n"), "{response}");
}

/// A client that waits for events.
struct Listener(BufReader<TcpStream>);

impl Listener {
    /// Begins to listen, after the event with this number.
    fn new(server: &Program, last: &str) -> Self {
        let mut stream = connect(server.tcp());
        // HTTP/1.0 has no chunks, so the lines are those of the events alone.
        let request = format!("GET /events HTTP/1.0\r\nLast-Event-ID: {last}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut listener = Self(BufReader::new(stream));
        let head = listener.event();
        assert!(head.starts_with("HTTP/1.1 200 OK\n"), "{head}");
        assert!(head.contains("\nContent-Type: text/event-stream\n"), "{head}");
        listener
    }

    /// Returns the lines up to an empty one or the end.
    fn event(&mut self) -> String {
        let mut event = String::new();
        while self.0.read_line(&mut event).unwrap() > 0 && !event.ends_with("\n\r\n") {
            if event.ends_with("\n\n") {
                break;
            }
        }
        event.replace("\r\n", "\n")
    }
}

#[test]
fn each_listener_gets_each_event() {
    let server = Program::start("events");
    let mut listeners: Vec<_> = (0..3).map(|_| Listener::new(&server, "")).collect();
    for (number, (text, data)) in [
        ("hello", "data: hello"),
        // No text ends its event, or adds fields.
        ("two\nlines", "data: two\ndata: lines"),
        (
            "a\r\nb\rid: 99\r\n\r\nevent: x",
            "data: a\ndata: b\ndata: id: 99\ndata: \ndata: event: x",
        ),
        ("ümlaut <b>", "data: ümlaut <b>"),
    ]
    .into_iter()
    .enumerate()
    {
        post(&server, text);
        for listener in &mut listeners {
            if number == 0 {
                assert_eq!(listener.event(), "retry: 1000\n\n");
            }
            assert_eq!(listener.event(), format!("id: {}\n{data}\n\n", number + 1));
        }
    }
}

/// No rejected request makes an event.
#[test]
fn a_request_without_a_text_is_the_clients_fault() {
    let server = Program::start("events");
    for (method, path, body, status, field) in [
        ("POST", "/events", &b"\xff\xfe"[..], "400 Bad Request", ""),
        ("POST", "/events", b"", "400 Bad Request", ""),
        ("PUT", "/events", b"x", "405 Method Not Allowed", "Allow: GET, HEAD, POST\r\n"),
        ("POST", "/", b"x", "405 Method Not Allowed", "Allow: GET, HEAD\r\n"),
        ("POST", "/other", b"x", "404 Not Found", ""),
        // It does not wait for events.
        ("HEAD", "/events", b"", "200 OK", "Content-Type: text/event-stream\r\n"),
    ] {
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}");
        let request = [head.as_bytes(), b"\r\n\r\n", body].concat();
        let response = exchange_all(server.tcp(), &request);
        let line = format!("HTTP/1.1 {status}\r\n");
        assert!(response.starts_with(&line) && response.contains(field), "{head}: {response}");
    }
    post(&server, "one");
    let mut listener = Listener::new(&server, "");
    assert_eq!(listener.event(), "retry: 1000\n\n");
    assert_eq!(listener.event(), "id: 1\ndata: one\n\n");
}

#[test]
fn a_listener_gets_what_it_has_missed() {
    let server = Program::start("events");
    (1..=103).for_each(|number| post(&server, &number.to_string()));
    // The last 100 events are kept. A number that is too large comes from an earlier run.
    for (last, first) in [("101", 102), ("", 4), ("2", 4), ("x", 4), ("99999", 4), ("-1", 4)] {
        let mut listener = Listener::new(&server, last);
        assert_eq!(listener.event(), "retry: 1000\n\n");
        for number in first..=103 {
            assert_eq!(listener.event(), format!("id: {number}\ndata: {number}\n\n"), "{last}");
        }
    }
}

#[test]
fn many_listeners_do_not_use_up_the_server() {
    let server = Program::start("events");
    post(&server, "one");
    let mut listeners = Vec::new();
    // One too many gets the events so far, the time after which it asks again, and the end.
    let mut more = loop {
        let mut listener = Listener::new(&server, "");
        match &*listener.event() {
            "retry: 1000\n\n" => listeners.push(listener),
            retry => {
                assert_eq!(retry, "retry: 5000\n\n");
                break listener;
            }
        }
    };
    // The handler of the post may not have returned at once.
    assert!((LISTENERS - 1..=LISTENERS).contains(&listeners.len()), "{}", listeners.len());
    assert_eq!(more.event(), "id: 1\ndata: one\n\n");
    assert_eq!(more.event(), "");
    let page = exchange_all(server.tcp(), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    post(&server, "two");
    for listener in &mut listeners {
        assert_eq!(listener.event(), "id: 1\ndata: one\n\n");
        assert_eq!(listener.event(), "id: 2\ndata: two\n\n");
    }
    // The place of one that has gone is free when the server sends to it.
    drop(listeners.pop());
    let is_free = || {
        post(&server, "more");
        Listener::new(&server, "").event() == "retry: 1000\n\n"
    };
    assert!(until(TIMEOUT, is_free));
}

#[test]
fn a_listener_that_does_not_read_holds_up_nobody() {
    let server = Program::start("events");
    let _stalled = Listener::new(&server, "");
    let (client, url) = (Client::new(), format!("http://{}/events", server.address));
    // 12 MB are more than the buffers of sockets take.
    let text = [b'x'; 4096];
    for _ in 0..3000 {
        let response = client.request(Method::POST, &url).unwrap().send_body(&text).unwrap();
        assert_eq!(response.status(), Status::NO_CONTENT);
    }
    let mut listener = Listener::new(&server, "2999");
    assert_eq!(listener.event(), "retry: 1000\n\n");
    assert!(listener.event().starts_with("id: 3000\ndata: xxx"));
    let request = format!("POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 4097);
    let response = exchange_all(server.tcp(), request.as_bytes());
    assert!(response.starts_with("HTTP/1.1 413 Content Too Large\r\n"), "{response}");
}

#[cfg(unix)]
#[test]
fn a_shutdown_ends_each_response_whole() {
    let mut server = Program::start("events");
    let mut stream = connect(server.tcp());
    stream.write_all(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut chunked = BufReader::new(stream);
    let mut lines = String::new();
    while !lines.ends_with("retry: 1000\n\n") {
        chunked.read_line(&mut lines).unwrap();
    }
    let killed = Command::new("kill").args(["-INT", &server.child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    lines.clear();
    while chunked.read_line(&mut lines).unwrap() > 0 {}
    assert_eq!(lines, "\r\n3\r\n:\n\n\r\n0\r\n\r\n");
    assert!(until(TIMEOUT, || server.child.try_wait().unwrap().is_some()));
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn chromium_shows_events_and_posts_them() {
    let server = Program::start("events");
    post(&server, "<i>before</i>");
    let url = format!("http://{}/", server.address);
    let Some(mut browser) = Browser::open("chromium-events", &url) else { return };
    let shows = |items: &str| {
        format!(
            "[...document.querySelectorAll('li')].map(item => item.innerText).join() == {items:?}"
        )
    };
    browser.until(&shows("<i>before</i>"));
    post(&server, "from curl");
    browser.until(&shows("from curl,<i>before</i>"));
    browser.value(
        "document.querySelector('input').value = 'from the page'; \
         document.querySelector('button').click()",
    );
    browser.until(&shows("from the page,from curl,<i>before</i>"));
}
