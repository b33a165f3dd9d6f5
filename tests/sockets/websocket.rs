//! Tests of `websocket`: an echo on connections that have switched protocols [RFC 6455].

use crate::browser::Browser;
use crate::{Program, TIMEOUT, connect, example, exchange_all, until};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
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

/// A message beyond the limit, or a frame that is not masked, ends the connection.
#[test]
fn an_invalid_frame_ends_the_connection() {
    let server = Program::start("websocket");
    let mut socket = open(&server);
    // The head of a frame of 65,537 octets.
    socket.get_mut().write_all(b"\x82\xff\0\0\0\0\0\x01\0\x01mask").unwrap();
    assert_eq!(socket.get_mut().read(&mut [0]).unwrap(), 0);
    let mut socket = open(&server);
    let half = |code, is_last| Message::Frame(Frame::message(vec![b'x'; 40_000], code, is_last));
    socket.send(half(OpCode::Data(Data::Binary), false)).unwrap();
    socket.send(half(OpCode::Data(Data::Continue), true)).unwrap();
    assert!(socket.read().is_err());
    let mut socket = open(&server);
    socket.get_mut().write_all(b"\x81\x05Hello").unwrap();
    assert!(socket.read().is_err());
    let mut socket = open(&server);
    socket.send(Message::text("still there")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("still there"));
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
    let killed = Command::new("kill").args(["-INT", &server.child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    browser.until(&shows("closed, 1001,<i>hello</i>,open"));
}
