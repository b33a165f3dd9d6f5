//! A WebSocket echo by tungstenite, on connections that have switched protocols, and a page for it.
//! The arguments are the address, HOST:PORT, and the seconds of silence before a ping.

use bareline_net::{
    Exchange, FieldName, FieldValue, Method, RequestHead, Responder, Server, Status, Upgraded,
};
use log::LevelFilter;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, error::Error, process::ExitCode, time::Duration};
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::frame::{CloseFrame, coding::CloseCode};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

type Result = std::result::Result<(), Box<dyn Error + Send + Sync>>;

/// The limit of a message in octets.
const MOST: usize = 1 << 16;
const UPGRADE: FieldValue = FieldValue::from_static("upgrade");
const WEBSOCKET: FieldValue = FieldValue::from_static("websocket");
const VERSION: FieldValue = FieldValue::from_static("13");

/// The limit of octets that are discarded at the end of a connection.
const MOST_DISCARDED: u64 = 64 << 20;

/// The server shuts down.
static IS_OVER: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    env_logger::Builder::new()
        .filter_level(LevelFilter::Warn)
        .format(|line, record| writeln!(line, "websocket: {}", record.args()))
        .init();
    let Err(error) = serve() else { return ExitCode::SUCCESS };
    let _ = writeln!(io::stderr(), "websocket: {error}");
    ExitCode::FAILURE
}

fn serve() -> Result {
    let mut arguments = env::args().skip(1);
    let server = Server::bind(arguments.next().unwrap_or("127.0.0.1:8080".to_owned()))?;
    let silence = arguments.next().map_or(Ok(30), |seconds| seconds.parse())?;
    let handle = server.handle();
    ctrlc::set_handler(move || {
        IS_OVER.store(true, Ordering::Relaxed);
        handle.shutdown();
    })?;
    let _ = writeln!(io::stderr(), "websocket: listening on {}", server.local_addr()?);
    server.serve(move |Exchange { head, responder, .. }| -> Result {
        match (head.target().path(), head.method()) {
            ("/", Method::GET | Method::HEAD) => {
                let html = FieldValue::from_static("text/html; charset=utf-8");
                let fields = [(FieldName::CONTENT_TYPE, html)];
                Ok(responder.send(Status::OK, &fields, PAGE.as_bytes())?)
            }
            ("/echo", Method::GET) => echo(&head, responder, silence),
            (path @ ("/" | "/echo"), _) => {
                let allowed =
                    FieldValue::from_static(if path == "/" { "GET, HEAD" } else { "GET" });
                let fields = [(FieldName::ALLOW, allowed)];
                Ok(responder.send(Status::METHOD_NOT_ALLOWED, &fields, b"")?)
            }
            _ => Ok(responder.send(Status::NOT_FOUND, &[], b"use / and /echo\n")?),
        }
    })?;
    Ok(())
}

/// Returns the key of an opening handshake [RFC 6455 section 4.2.1].
///
/// Where users are known by cookies, compare `Origin` too (section 10.2).
fn key<'h>(head: &RequestHead<'h>) -> Option<&'h str> {
    let mut upgrades = head.fields().all(FieldName::UPGRADE).filter_map(|list| list.as_str().ok());
    let is_offered = upgrades
        .any(|list| list.split(',').any(|one| one.trim().eq_ignore_ascii_case("websocket")));
    let version = head.fields().get(FieldName::SEC_WEBSOCKET_VERSION);
    let key = head.fields().only(FieldName::SEC_WEBSOCKET_KEY).ok()??.as_str().ok()?;
    (head.offers_upgrade() && is_offered && version == Some(VERSION) && key.len() == 24)
        .then_some(key)
}

/// Switches to WebSocket, and sends each message back. A client is silent for at most twice the
/// seconds after which it is sent a ping.
fn echo(head: &RequestHead<'_>, responder: Responder<'_>, most_silence: u32) -> Result {
    let Some(key) = key(head) else {
        let fields = [
            (FieldName::UPGRADE, WEBSOCKET),
            (FieldName::CONNECTION, UPGRADE),
            (FieldName::SEC_WEBSOCKET_VERSION, VERSION),
        ];
        return Ok(responder.send(Status::UPGRADE_REQUIRED, &fields, b"speak WebSocket here\n")?);
    };
    let accept = derive_accept_key(key.as_bytes());
    let response = responder.begin(Status::SWITCHING_PROTOCOLS, |head| {
        let head = head.field(FieldName::UPGRADE, WEBSOCKET)?;
        let head = head.field(FieldName::CONNECTION, UPGRADE)?;
        head.field(FieldName::SEC_WEBSOCKET_ACCEPT, FieldValue::new(&accept)?)?.without_body()
    })?;
    let Upgraded { transport, received, .. } = response.into_upgraded()?;
    // A read looks up each second for a shutdown, and for a client that has gone silently.
    transport.set_read_timeout(Some(Duration::from_secs(1)))?;
    transport.set_write_timeout(Some(Duration::from_secs(10)))?;
    let limits = WebSocketConfig::default().max_message_size(Some(MOST)).max_frame_size(Some(MOST));
    let mut socket =
        WebSocket::from_partially_read(transport, received, Role::Server, Some(limits));
    let mut silence = 0;
    loop {
        match socket.read() {
            Ok(message) => {
                silence = 0;
                // tungstenite itself responds to a ping and to a close.
                if message.is_text() || message.is_binary() {
                    socket.send(message)?;
                }
            }
            Err(tungstenite::Error::Io(error))
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
            {
                silence += 1;
                if IS_OVER.load(Ordering::Relaxed) {
                    socket.close(Some(CloseFrame { code: CloseCode::Away, reason: "".into() }))?;
                } else if silence == most_silence {
                    socket.send(Message::Ping(Vec::new().into()))?;
                }
                if silence > 2 * most_silence {
                    return Ok(());
                }
            }
            Err(tungstenite::Error::ConnectionClosed) => return Ok(()),
            Err(error) => {
                let _ = fail(socket, &error); // the reason is that of the first error
                return Err(error.into());
            }
        }
    }
}

/// Fails the connection: sends a close frame with the reason [RFC 6455 section 7.1.7].
fn fail(mut socket: WebSocket<TcpStream>, error: &tungstenite::Error) -> Result {
    let code = match error {
        tungstenite::Error::Capacity(_) => CloseCode::Size,
        tungstenite::Error::Utf8(_) => CloseCode::Invalid,
        _ => CloseCode::Protocol,
    };
    socket.close(Some(CloseFrame { code, reason: error.to_string().into() }))?;
    // Lingering close: a reset would destroy the close frame.
    socket.get_ref().shutdown(Shutdown::Write)?;
    io::copy(&mut socket.get_ref().take(MOST_DISCARDED), &mut io::sink())?;
    Ok(())
}

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>WebSocket</title>
<form><input aria-label="Text" autofocus> <button>Send</button></form>
<ul></ul>
<script>
const [form, list] = [document.querySelector('form'), document.querySelector('ul')];
const show = textContent =>
  list.prepend(Object.assign(document.createElement('li'), {textContent}));
const socket = new WebSocket(`ws://${location.host}/echo`);
socket.onopen = () => show('open');
socket.onmessage = event => show(event.data);
socket.onclose = event => show(`closed, ${event.code}`);
form.onsubmit = event => {
  event.preventDefault();
  socket.send(form.elements[0].value);
  form.reset();
};
</script>
"#;
