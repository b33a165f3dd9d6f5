//! Tests of `tokio_server` and `tokio_client`: against each other, curl, and peers that misbehave.

use crate::client::read_head;
use crate::peers::{curl, has};
use crate::raw_client::read_response;
use crate::{
    Program, TIMEOUT, connect, example, exchange, exchange_all, next, read_all, run, text,
};
use std::io::{BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// Starts the server with this timeout in place of each of its own.
fn with_timeout(milliseconds: &str) -> Program {
    Program::of(example("tokio_server").args(["127.0.0.1:0", milliseconds]))
}

fn client(address: &str, requests: &[&str]) -> (Option<i32>, String, String) {
    let output = run(example("tokio_client").args([address, "20000"]).args(requests));
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_tokio_programs_talk_to_each_other() {
    let server = Program::start("tokio_server");
    let long = format!("POST /echo {}", "x".repeat(100_000));
    let requests = ["GET /", "POST /echo some text", "GET /none", "HEAD /", "POST /echo", &long];
    let (code, printed, errors) = client(&server.address, &requests);
    assert_eq!((code, &*errors), (Some(0), ""));
    let printed = printed.replace(&long["POST /echo ".len()..], "LONG");
    let responses = [
        "200 OK\nhello\n\n",
        "200 OK\nsome text\n",
        "404 Not Found\n\n",
        "200 OK\n\n",
        "200 OK\n\n",
        "200 OK\nLONG\n",
    ];
    assert_eq!(printed, responses.concat());
}

#[test]
fn the_tokio_client_reads_each_framing_and_reconnects() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // Each connection has the responses in the order of the requests; the last one closes it.
    const CONNECTIONS: [&[&str]; 2] = [
        &[
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nto the end",
        ],
        &["HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"],
    ];
    let served = thread::spawn(move || {
        for responses in CONNECTIONS {
            let mut stream = listener.accept().unwrap().0;
            for response in responses {
                read_head(&mut stream);
                stream.write_all(response.as_bytes()).unwrap();
            }
        }
    });
    let requests = ["GET /1", "GET /2", "GET /3", "DELETE /4"];
    let (code, printed, errors) = client(&address, &requests);
    let expected = "200 OK\nhi\n200 OK\nabc\n200 OK\nto the end\n204 No Content\n\n";
    assert_eq!((code, &*printed, &*errors), (Some(0), expected, ""));
    served.join().unwrap();
}

#[test]
fn the_tokio_client_fails_with_a_reason() {
    // The system accepts the connection; nobody reads or responds.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let output = run(example("tokio_client").args([&*address, "50", "GET /"]));
    let told = text(&output.stderr);
    assert_eq!((output.status.code(), &*told), (Some(1), "tokio_client: no response in 50ms\n"));

    for (response, reason) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", "message cut short at octet 0"),
        ("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "line ended by LF alone at octet 15"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", "body too large"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let served = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            read_head(&mut stream);
            stream.write_all(response.as_bytes()).unwrap();
        });
        let (code, _, told) = client(&address, &["GET /"]);
        assert!(
            code == Some(1) && told.starts_with(&format!("tokio_client: {reason}")),
            "{reason}: {told}"
        );
        served.join().unwrap();
    }
}

#[test]
fn curl_talks_to_the_tokio_server() {
    if !has("curl", "--version") {
        return;
    }
    let server = Program::start("tokio_server");
    let (root, echo) = (server.address.clone(), format!("{}/echo", server.address));
    assert_eq!(curl(&["-i", &root]), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n");
    assert_eq!(curl(&["-I", &root]), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
    assert_eq!(curl(&["--http1.0", "-d", "a=b", &echo]), "a=b");
    let chunked = ["-H", "Transfer-Encoding: chunked", "-d", "a=b"];
    assert_eq!(curl(&[&chunked[..], &[&echo]].concat()), "a=b");
    let expects = ["-i", "-H", "Expect: 100-continue", "--expect100-timeout", "60", "-d", "a=b"];
    let response = curl(&[&expects[..], &[&echo]].concat());
    assert!(response.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), "{response}");
}

#[test]
fn the_tokio_server_responds_to_pipelined_requests() {
    let server = Program::start("tokio_server");
    let requests = "GET / HTTP/1.1\r\nHost: a\r\n\r\n\
        POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n\
        POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n\
        GET / HTTP/1.0\r\n\r\n";
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: ";
    let responses = format!(
        "{ok}6\r\n\r\nhello\n{ok}2\r\n\r\nhi{ok}0\r\n\r\n{ok}6\r\nConnection: close\r\n\r\nhello\n"
    );
    assert_eq!(exchange(server.tcp(), requests.as_bytes()), responses);
    // The responses do not depend on where the octets are cut.
    let mut stream = connect(server.tcp());
    stream.set_nodelay(true).unwrap();
    requests.bytes().for_each(|octet| stream.write_all(&[octet]).unwrap());
    assert_eq!(read_all(stream), responses);
}

#[test]
fn the_tokio_server_rejects_with_a_hint() {
    let server = Program::start("tokio_server");
    let post = "POST /echo HTTP/1.1\r\nHost: a\r\n";
    let (long, chunk) = ("x".repeat(10_000), "x".repeat(1 << 20));
    for (request, status, hint) in [
        ("GET / HTTP/1.1\nHost: a\n\n".to_owned(), "400 Bad Request", "end each line with CR LF"),
        ("GET /".to_owned(), "400 Bad Request", "send the complete message"),
        (format!("GET /{long}"), "414 URI Too Long", "send long data as content"),
        (
            format!("GET / HTTP/1.1\r\nHost: a\r\nA: {long}"),
            "431 Request Header Fields Too Large",
            "send fewer or shorter fields",
        ),
        (
            format!("{post}Expect: 100-continue\r\nContent-Length: 1048577\r\n\r\n"),
            "413 Content Too Large",
            "send a smaller body",
        ),
        // The server reads what the client still sends, so that the response arrives.
        (
            format!("{post}Content-Length: 1048577\r\n\r\n{chunk}"),
            "413 Content Too Large",
            "send a smaller body",
        ),
        (
            format!("{post}Transfer-Encoding: chunked\r\n\r\n100000\r\n{chunk}\r\n1\r\nx\r\n"),
            "413 Content Too Large",
            "send a smaller body",
        ),
    ] {
        let response = exchange_all(server.tcp(), request.as_bytes());
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status}\r\n"))
                && response.contains("\r\nConnection: close\r\n")
                && response.ends_with(&format!("\r\n\r\n{hint}")),
            "{status}: {response}"
        );
    }
    assert!(exchange(server.tcp(), b"GET / HTTP/1.0\r\n\r\n").ends_with("hello\n"));
}

#[test]
fn the_tokio_server_allows_the_methods_of_a_path() {
    let server = Program::start("tokio_server");
    for (method, path, allowed) in [("POST", "/", "GET, HEAD"), ("GET", "/echo", "POST")] {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        let response = exchange_all(server.tcp(), request.as_bytes());
        let head = "HTTP/1.1 405 Method Not Allowed\r\n";
        assert!(response.starts_with(&format!("{head}Allow: {allowed}\r\n")), "{response}");
    }
    let other = exchange_all(server.tcp(), b"PUT /other HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(other.starts_with("HTTP/1.1 404 Not Found\r\n"), "{other}");
}

#[test]
fn the_tokio_server_logs_what_ends_a_connection() {
    let server = Program::start("tokio_server");
    let mut reset = connect(server.tcp());
    let client = reset.local_addr().unwrap();
    reset.write_all(b"GET / HT").unwrap();
    socket2::SockRef::from(&reset).set_linger(Some(Duration::ZERO)).unwrap();
    drop(reset);
    let line = next(&server.notes);
    assert!(line.starts_with(&format!("tokio_server: {client}: Connection reset")), "{line}");
}

#[test]
fn the_tokio_server_times_a_slow_client_out() {
    let server = with_timeout("100");
    let late = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert_eq!(exchange(server.tcp(), b""), "");
    assert_eq!(exchange(server.tcp(), b"GET / HTTP/1.1\r\nHo"), late);
    let body = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhi";
    assert_eq!(exchange(server.tcp(), body), late);

    // A client that sends an octet from time to time extends no deadline.
    let (start, mut stream) = (Instant::now(), connect(server.tcp()));
    stream.set_nodelay(true).unwrap();
    stream.write_all(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n").unwrap();
    let reader = stream.try_clone().unwrap();
    let read = thread::spawn(move || read_all(reader));
    while !read.is_finished() && start.elapsed() < TIMEOUT && stream.write_all(b"x").is_ok() {
        thread::park_timeout(Duration::from_millis(1));
    }
    assert_eq!(read.join().unwrap(), late);
    assert!(start.elapsed() < TIMEOUT / 4, "{:?}", start.elapsed());
}

#[cfg(unix)]
#[test]
fn an_interrupt_lets_the_tokio_server_end_its_requests() {
    let mut server = Program::start("tokio_server");
    let (mut idle, mut busy) = (connect(server.tcp()), connect(server.tcp()));
    idle.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(read_response(&mut BufReader::new(&idle)).unwrap().body, b"hello\n");
    busy.write_all(
        b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    )
    .unwrap();
    let mut interim = [0; 25];
    busy.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    run(Command::new("kill").args(["-INT", &server.child.id().to_string()]));
    assert_eq!(read_all(&idle), "", "an idle connection ends at once");
    drop(idle);
    busy.write_all(b"hi").unwrap();
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
    assert_eq!(read_all(&busy), last);
    drop(busy);
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    assert!(server.notes.recv().is_err(), "it prints no errors");
}
