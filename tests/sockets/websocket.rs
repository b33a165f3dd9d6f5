//! Tests of `websocket`: an echo on connections that have switched protocols [RFC 6455].

use crate::browser::Browser;
use crate::{Program, TIMEOUT, connect, example, exchange_all, next, until};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Bytes, Message, WebSocket};

fn open(server: &Program) -> WebSocket<TcpStream> {
    let url = format!("ws://{}/echo", server.address);
    tungstenite::client(url, connect(server.tcp())).unwrap().0
}

#[test]
fn each_message_comes_back() {
    let server = Program::start("websocket");
    let mut socket = open(&server);
    for message in [
        Message::text("hello"),
        Message::text("ümlaut"),
        Message::text(""),
        Message::binary(vec![0, 255]),
        Message::binary(vec![b'x'; 1 << 16]),
    ] {
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), message);
    }
    let ping = Bytes::from_static(b"ping");
    socket.send(Message::Ping(ping.clone())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong(ping));
    let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    socket.close(Some(frame.clone())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Close(Some(frame)));
    let end = socket.read().unwrap_err();
    assert!(matches!(end, tungstenite::Error::ConnectionClosed), "{end}");
}

/// The key, and the response to it, are those of RFC 6455 section 1.3.
#[test]
fn rfc6455_4_2_the_handshake_is_that_of_the_rfc() {
    let server = Program::start("websocket");
    let lines = [
        "Upgrade: websocket",
        "Connection: keep-alive, Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    let request =
        |lines: &[&str]| format!("GET /echo HTTP/1.1\r\nHost: a\r\n{}\r\n\r\n", lines.join("\r\n"));
    let mut stream = connect(server.tcp());
    // A masked frame with the text "Hello" comes with the request (section 5.7).
    let frame = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    stream.write_all(&[request(&lines).as_bytes(), frame].concat()).unwrap();
    let expected = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                     Connection: upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\
                     \r\n\r\n\x81\x05Hello";
    let mut octets = vec![0; expected.len()];
    stream.read_exact(&mut octets).unwrap();
    assert_eq!(octets.escape_ascii().to_string(), expected.escape_ascii().to_string());
    for (at, line) in [
        (0, "Upgrade: other"),
        (1, "Connection: keep-alive"),
        (2, "Sec-WebSocket-Version: 8"),
        (3, "Sec-WebSocket-Key: short"),
        (3, "Sec-WebSocket-Other: dGhlIHNhbXBsZSBub25jZQ=="),
    ] {
        let mut lines = lines;
        lines[at] = line;
        let response = exchange_all(server.tcp(), request(&lines).as_bytes());
        assert!(response.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{line}: {response}");
        assert!(response.contains("\r\nUpgrade: websocket\r\n"), "{line}: {response}");
        assert!(response.contains("\r\nSec-WebSocket-Version: 13\r\n"), "{line}: {response}");
    }
}

/// Reads a close frame, and returns its code. The server still takes what is sent then: a reset
/// could destroy the frame.
fn closed(mut stream: &TcpStream) -> u16 {
    let mut head = [0; 4];
    stream.read_exact(&mut head).unwrap();
    let [0x88, length, first, second] = head else {
        panic!("no close frame: {}", head.escape_ascii())
    };
    (0..100).for_each(|_| stream.write_all(&[0; 1000]).unwrap());
    stream.shutdown(Shutdown::Write).unwrap();
    let mut reason = String::new();
    stream.read_to_string(&mut reason).unwrap();
    assert!(usize::from(length) == 2 + reason.len() && !reason.is_empty(), "{length}: {reason}");
    u16::from_be_bytes([first, second])
}

/// The codes are those of RFC 6455 section 7.4.1. The keys of the masks are zeros.
#[test]
fn rfc6455_7_1_7_an_invalid_frame_gets_a_close_frame() {
    let server = Program::start("websocket");
    let whole = |octets: &[u8], length: usize| [octets, &vec![b'x'; length]].concat();
    let too_long = [
        whole(b"\x82\xff\0\0\0\0\0\x01\0\x01\0\0\0\0", 65_537),
        // The head of a frame alone.
        whole(b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 0),
        // A message of two frames, of 40,000 octets each.
        [whole(b"\x02\xfe\x9c\x40\0\0\0\0", 40_000), whole(b"\x80\xfe\x9c\x40\0\0\0\0", 40_000)]
            .concat(),
    ];
    let too_long = too_long.iter().map(|octets| (&octets[..], 1009, "Message too long"));
    let invalid: [(&[u8], u16, &str); 12] = [
        (b"\x81\x82\0\0\0\0\xff\xfe", 1007, "UTF-8"),
        (b"\x01\x81\0\0\0\0\xc3\x80\x81\0\0\0\0x", 1007, "UTF-8"),
        (b"\x88\x83\0\0\0\0\x03\xe8\xff", 1007, "UTF-8"),
        (b"\x81\x05Hello", 1002, "unmasked"),
        (b"\x83\x80\0\0\0\0", 1002, "Encountered invalid opcode: 3"),
        (b"\x8b\x80\0\0\0\0", 1002, "Encountered invalid opcode: 11"),
        (b"\xc1\x80\0\0\0\0", 1002, "Reserved bits"),
        (b"\x09\x80\0\0\0\0", 1002, "Fragmented control frame"),
        (b"\x80\x80\0\0\0\0", 1002, "nothing to continue"),
        (b"\x01\x80\0\0\0\0\x81\x80\0\0\0\0", 1002, "more fragments"),
        (b"\x88\x81\0\0\0\0\x03", 1002, "Invalid close sequence"),
        (&whole(b"\x89\xfe\0\x7e\0\0\0\0", 126), 1002, "Control frame too big"),
    ];
    for (octets, code, reason) in too_long.chain(invalid) {
        let mut socket = open(&server);
        socket.get_mut().write_all(&[octets, &[0; 1000]].concat()).unwrap();
        assert_eq!(closed(socket.get_ref()), code, "{reason}");
        let line = next(&server.notes);
        let request = " GET /echo HTTP/1.1 101 Switching Protocols";
        assert!(line.starts_with("websocket: 127.0.0.1:") && line.contains(request), "{line}");
        assert!(line.contains(reason), "{line}");
    }
    let mut socket = open(&server);
    socket.send(Message::text("still there")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("still there"));
}

#[test]
fn other_methods_than_those_of_a_path_get_a_405() {
    let server = Program::start("websocket");
    for (method, path, allowed) in
        [("POST", "/", "GET, HEAD"), ("PUT", "/echo", "GET"), ("HEAD", "/echo", "GET")]
    {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        let response = exchange_all(server.tcp(), request.as_bytes());
        assert!(response.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{response}");
        assert!(response.contains(&format!("\r\nAllow: {allowed}\r\n")), "{response}");
    }
}

#[cfg(unix)]
#[test]
fn a_shutdown_closes_each_socket() {
    let mut server = Program::of(example("websocket").args(["127.0.0.1:0", "3"]));
    let (mut socket, mut silent) = (open(&server), open(&server));
    let killed = Command::new("kill").args(["-INT", &server.child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    let Message::Close(Some(frame)) = socket.read().unwrap() else { panic!("no close") };
    assert_eq!(frame.code, CloseCode::Away);
    let end = socket.read().unwrap_err();
    assert!(matches!(end, tungstenite::Error::ConnectionClosed), "{end}");
    // A client that does not respond to the close is silent.
    let mut octets = Vec::new();
    silent.get_mut().read_to_end(&mut octets).unwrap();
    assert_eq!(octets, b"\x88\x02\x03\xe9");
    assert!(until(TIMEOUT, || server.child.try_wait().unwrap().is_some()));
    assert!(server.child.wait().unwrap().success());
}

/// A client that responds to the ping stays connected, another one does not.
#[test]
fn a_silent_client_is_sent_a_ping_and_then_closed() {
    let server = Program::of(example("websocket").args(["127.0.0.1:0", "2"]));
    let (mut socket, mut silent) = (open(&server), open(&server));
    for _ in 0..2 {
        assert_eq!(socket.read().unwrap(), Message::Ping(Bytes::new()));
        socket.flush().unwrap();
    }
    let mut octets = Vec::new();
    silent.get_mut().read_to_end(&mut octets).unwrap();
    assert_eq!(octets, b"\x89\x00");
    socket.send(Message::text("still there")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("still there"));
}

#[test]
fn chromium_shows_the_echo() {
    let server = Program::start("websocket");
    let url = format!("http://{}/", server.address);
    let Some(mut browser) = Browser::open("chromium-websocket", &url) else { return };
    let shows = |items: &str| {
        format!(
            "[...document.querySelectorAll('li')].map(item => item.innerText).join() == {items:?}"
        )
    };
    browser.until(&shows("open"));
    browser.value(
        "document.querySelector('input').value = '<i>hello</i>'; \
         document.querySelector('button').click()",
    );
    browser.until(&shows("<i>hello</i>,open"));
    browser.value(
        "const other = new WebSocket(socket.url); \
         other.onopen = () => other.send('x'.repeat(65537)); \
         other.onclose = event => show(`other closed, ${event.code}`)",
    );
    browser.until(&shows("other closed, 1009,<i>hello</i>,open"));
    let killed = Command::new("kill").args(["-INT", &server.child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    browser.until(&shows("closed, 1001,other closed, 1009,<i>hello</i>,open"));
}
