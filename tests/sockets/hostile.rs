//! Tests of peers that have crashed other servers.

use crate::programs::RESPONSE;
use crate::{Program, connect, exchange, exchange_all, peak_memory, read_all};
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Opens a thousand connections of all kinds, and checks each response.
///
/// Then `check` sends a valid request, and the memory has not grown.
fn a_thousand_connections(server: &Program, check: impl Fn(&str)) {
    let huge = [b"GET / HTTP/1.1\r\nHost: a\r\nX: ".to_vec(), vec![b'x'; 100_000]].concat();
    let octets: [(&[u8], &str); 11] = [
        (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", "400"),
        (b"\0\0\0\0", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"GET /\r\n\r\n", "400"),
        (
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            "400",
        ),
        (
            b"PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                fffffffffffffffff\r\n",
            "413",
        ),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x, chunked\r\n\r\n", "501"),
        (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505"),
        (&huge, "431"),
    ];
    let mut memory_before = None;
    for round in 0..1000 {
        match round % 14 {
            11 => drop(connect(server.tcp())),
            12 => reset_in_mid_head(server.tcp()),
            13 => {
                let mut stream = connect(server.tcp());
                stream.set_nodelay(true).unwrap();
                GET.iter().for_each(|&octet| stream.write_all(&[octet]).unwrap());
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                check(&read_all(stream));
            }
            which => {
                let (octets, status) = octets[which];
                let response = exchange(server.tcp(), octets);
                assert_eq!(response.get(9..12), Some(status), "{response}");
                assert_eq!(response.matches("\r\n\r\n").count(), 1, "{response}");
            }
        }
        if round == 100 {
            memory_before = peak_memory(&server.child);
        }
    }
    check(&exchange_all(server.tcp(), GET));
    if let (Some(before), Some(after)) = (memory_before, peak_memory(&server.child)) {
        assert!(after < before + 8_000, "memory grew from {before} to {after} KB");
    }
}

#[test]
fn hostile_connections_do_not_harm_the_articles_server() {
    a_thousand_connections(&Program::start("tcp_server"), |response| {
        assert_eq!(response, RESPONSE)
    });
}

#[test]
fn hostile_connections_do_not_harm_a_server_of_many_requests() {
    a_thousand_connections(&Program::start("http_server"), |response| {
        assert!(
            response.starts_with("HTTP/1.1 200 OK\r\n") && response.contains("What the server saw"),
            "{response}"
        );
    });
}

/// Closes with unread octets, so that the system sends a reset.
fn reset_in_mid_head(address: SocketAddr) {
    let mut stream = connect(address);
    stream.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// A body that looks like a request is left unread before a request.
#[test]
fn rfc9112_9_3_a_body_that_the_server_leaves_is_no_request() {
    let server = Program::start("http_server");
    let smuggled = "GET /status/418 HTTP/1.1\r\nHost: a\r\n\r\n";
    let last = "GET /status/404 HTTP/1.1\r\nHost: a\r\n\r\n";
    for path in ["/", "/status/200", "/stream?n=x", "/nowhere"] {
        for body in [
            format!("Content-Length: {}\r\n\r\n{smuggled}", smuggled.len()),
            format!(
                "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{smuggled}\r\n0\r\n\r\n",
                smuggled.len()
            ),
        ] {
            let responses = exchange_all(
                server.tcp(),
                format!("POST {path} HTTP/1.1\r\nHost: a\r\n{body}{last}").as_bytes(),
            );
            assert_eq!(responses.matches("HTTP/1.1 ").count(), 2, "{responses}");
            assert!(
                responses.contains("HTTP/1.1 404 Not Found\r\n")
                    && !responses.contains("HTTP/1.1 418"),
                "{responses}"
            );
        }
    }
    // A body above the limit of octets to discard: one response, then a close.
    let long = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n{}{last}",
        smuggled.repeat(7895)
    );
    let mut stream = connect(server.tcp());
    let _ = stream.write_all(long.as_bytes());
    let responses = read_all(stream);
    assert!(
        responses.starts_with("HTTP/1.1 200 OK\r\n") && responses.ends_with("</table>\n"),
        "{responses}"
    );
    assert_eq!(responses.matches("HTTP/1.1 ").count(), 1, "{responses}");
}
