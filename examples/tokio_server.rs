//! A server on tokio: core's `ServerConnection` on a `TcpStream`, with a timeout for each wait and
//! a graceful end on Ctrl-C. Arguments: HOST:PORT, and milliseconds that replace each timeout.

use bareline_core::connection::{Received, RecvBuf, ServerState as State};
use bareline_core::head::{Limits, OwnedRequestHead};
use bareline_core::{
    Event, FieldName, FieldSpans, FieldValue, Method, RequestHead, ServerConnection, Status,
    WireBuf,
};
use std::{env, error::Error, pin::pin, process::ExitCode, time::Duration};
use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio::{select, signal::ctrl_c, sync::watch, task::JoinSet};

type Result = std::result::Result<(), Box<dyn Error + Send + Sync>>;
type Fields = &'static [(FieldName<'static>, FieldValue<'static>)];

const MAX_BODY: u64 = 1 << 20;
const ALLOW_GET: Fields = &[(FieldName::ALLOW, FieldValue::from_static("GET, HEAD"))];
const ALLOW_POST: Fields = &[(FieldName::ALLOW, FieldValue::from_static("POST"))];

/// Responds to a request with a status, fields and a body: your code.
async fn route(head: RequestHead<'_>, body: Vec<u8>) -> (Status, Fields, Vec<u8>) {
    match (head.method(), head.target().path()) {
        (Method::GET | Method::HEAD, "/") => (Status::OK, &[], b"hello\n".to_vec()),
        (Method::POST, "/echo") => (Status::OK, &[], body),
        (_, "/") => (Status::METHOD_NOT_ALLOWED, ALLOW_GET, Vec::new()),
        (_, "/echo") => (Status::METHOD_NOT_ALLOWED, ALLOW_POST, Vec::new()),
        _ => (Status::NOT_FOUND, &[], Vec::new()),
    }
}

/// Serves a connection until it ends. Each step sends what the step before has written.
async fn serve(mut stream: TcpStream, limit: Option<u64>, mut end: watch::Receiver<()>) -> Result {
    let mut connection = ServerConnection::with_limits(Limits::new().body(MAX_BODY));
    let (mut spans, mut input) = (FieldSpans::<64>::new(), RecvBuf::<8192>::new());
    let mut request: Option<OwnedRequestHead<Vec<u8>, 64>> = None;
    let (mut out, mut body) = (WireBuf::<1024>::new(), Vec::new());
    let limit = |seconds| limit.map_or(Duration::from_secs(seconds), Duration::from_millis);
    let (mut state, mut deadline) = (connection.state(), Instant::now() + limit(60));
    loop {
        timeout(limit(30), stream.write_all(out.as_bytes())).await??;
        out.clear();
        // One deadline for a whole head or body: a slow client cannot extend it.
        if state != connection.state() {
            state = connection.state();
            deadline = Instant::now() + limit(if state == State::Head { 10 } else { 60 });
        }
        match (state, &request, connection.error()) {
            (State::SendResponse, Some(request), _) => {
                if end.has_changed().is_err() {
                    connection.close_after_response();
                }
                let (status, fields, text) = route(request.head(), std::mem::take(&mut body)).await;
                let head = connection.respond(status, &mut out)?.fields(fields)?;
                if text.is_empty() {
                    head.without_body()?;
                    continue;
                }
                head.length(text.len() as u64)?;
                let data = connection.frame_data(&text, &mut out)?;
                timeout(limit(30), stream.write_all(&[out.as_bytes(), data].concat())).await??;
                out.clear();
                connection.end_body(&[], &mut out)?;
            }
            (State::Reject, _, Some(error)) => {
                connection.reject(error.status(), &mut out)?.body(error.hint().as_bytes())?;
            }
            (State::Idle | State::Head | State::Body, ..) => {
                let received = connection.receive(input.filled_mut(), spans.lend());
                let Ok(Received { used, event }) = received else { continue }; // `Reject` is next
                let is_starved = matches!(event, Event::NeedMore);
                match event {
                    Event::Head(head) => request = head.to_owned_in(vec![0; used]),
                    Event::Data(data) => body.extend_from_slice(data),
                    _ => {}
                }
                input.consume(used);
                connection.write_continue(&mut out)?;
                if is_starved && input.is_full() {
                    connection.on_overflow();
                }
                if !is_starved || state != connection.state() {
                    continue;
                }
                let read = select! {
                    read = timeout_at(deadline, stream.read(input.spare_mut())) => read,
                    _ = end.changed(), if state == State::Idle => break,
                };
                match read {
                    Ok(Ok(0)) => _ = connection.on_eof(),
                    Ok(count) => input.commit(count?),
                    Err(_) if state == State::Idle => break,
                    Err(_) => connection.reject(Status::REQUEST_TIMEOUT, &mut out)?.body(b"")?,
                }
            }
            _ => break,
        }
    }
    // A close with unread octets would destroy the last response [RFC 9112 section 9.6].
    stream.shutdown().await?;
    _ = timeout(limit(5), io::copy(&mut stream.take(MAX_BODY), &mut io::sink())).await;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Err(error) = run().await else { return ExitCode::SUCCESS };
    eprintln!("tokio_server: {error}");
    ExitCode::FAILURE
}

async fn run() -> Result {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let limit = env::args().nth(2).map(|text| text.parse()).transpose()?;
    let listener = TcpListener::bind(&address).await;
    let listener = listener.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    eprintln!("tokio_server: listening on {}", listener.local_addr()?);
    let (shut_down, end) = watch::channel(());
    let (mut peers, mut interrupt) = (JoinSet::new(), pin!(ctrl_c()));
    loop {
        select! {
            accepted = listener.accept(), if peers.len() < 1000 => match accepted {
                Ok((stream, peer)) => {
                    let served = serve(stream, limit, end.clone());
                    peers.spawn(async move { (peer, served.await) });
                }
                Err(error) => {
                    // Most likely the system is out of file descriptors for a moment: back off.
                    eprintln!("tokio_server: cannot accept a connection: {error}");
                    sleep(Duration::from_millis(100)).await;
                }
            },
            Some(served) = peers.join_next() => if let Ok((peer, Err(error))) = served {
                eprintln!("tokio_server: {peer}: {error}");
            },
            _ = &mut interrupt => break,
        }
    }
    drop((listener, shut_down));
    _ = timeout(Duration::from_secs(30), peers.join_all()).await;
    Ok(())
}
