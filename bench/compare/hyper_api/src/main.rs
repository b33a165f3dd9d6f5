//! The API server of ../README.md, on hyper and tokio.

use futures_util::TryStreamExt;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::sync::Mutex;
use tokio::fs::File;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::io::ReaderStream;

type Body = BoxBody<Bytes, io::Error>;

#[derive(Clone, Serialize)]
struct Item {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
struct NewItem {
    name: String,
}

const LIMIT: usize = 65_536;

static ITEMS: Mutex<BTreeMap<u64, Item>> = Mutex::new(BTreeMap::new());

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [_, address, file] = &std::env::args().collect::<Vec<_>>()[..] else {
        return Err("the arguments are an address and a file".into());
    };
    let listener = TcpListener::bind(address).await?;
    let graceful = GracefulShutdown::new();
    let mut terminate = signal(SignalKind::terminate())?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        eprintln!("{error}");
                        continue;
                    }
                };
                let file = file.clone();
                let service = service_fn(move |request| {
                    let file = file.clone();
                    async move {
                        Ok::<_, Infallible>(respond(request, &file).await.unwrap_or_else(|error| {
                            eprintln!("{error}");
                            fail(StatusCode::INTERNAL_SERVER_ERROR)
                        }))
                    }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service);
                let connection = graceful.watch(connection);
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        eprintln!("{error}");
                    }
                });
            }
            _ = terminate.recv() => break,
        }
    }
    drop(listener);
    graceful.shutdown().await;
    Ok(())
}

async fn respond(
    request: Request<Incoming>,
    file: &str,
) -> Result<Response<Body>, Box<dyn Error + Send + Sync>> {
    let (head, body) = request.into_parts();
    Ok(match (&head.method, head.uri.path()) {
        (&Method::GET | &Method::HEAD, "/items") => {
            let items = ITEMS.lock().unwrap().clone();
            send(StatusCode::OK, &items.values().collect::<Vec<_>>())
        }
        (&Method::POST, "/items") => create(body).await?,
        (_, "/items") => not_allowed("GET, HEAD, POST"),
        (&Method::GET | &Method::HEAD, "/search") => {
            let query = head.uri.query().unwrap_or_default();
            let mut query = form_urlencoded::parse(query.as_bytes());
            let Some((_, name)) = query.find(|(name, _)| name == "q") else {
                return Ok(fail(StatusCode::BAD_REQUEST));
            };
            let items = ITEMS.lock().unwrap().clone();
            let found: Vec<_> = items.values().filter(|item| item.name.contains(&*name)).collect();
            send(StatusCode::OK, &found)
        }
        (&Method::GET | &Method::HEAD, "/file") => {
            let file = File::open(file).await?;
            let length = file.metadata().await?.len();
            let body = StreamBody::new(ReaderStream::new(file).map_ok(Frame::data));
            Response::builder()
                .header(CONTENT_TYPE, "application/octet-stream")
                .header(CONTENT_LENGTH, length)
                .body(body.boxed())?
        }
        (_, "/search" | "/file") => not_allowed("GET, HEAD"),
        (method, path) => {
            let id = path.strip_prefix("/items/").and_then(|id| id.parse().ok());
            let item = id.and_then(|id| ITEMS.lock().unwrap().get(&id).cloned());
            match (method, item) {
                (_, None) => fail(StatusCode::NOT_FOUND),
                (&Method::GET | &Method::HEAD, Some(item)) => send(StatusCode::OK, &item),
                (&Method::DELETE, Some(item)) => {
                    ITEMS.lock().unwrap().remove(&item.id);
                    let empty = Empty::new().map_err(|never| match never {}).boxed();
                    Response::builder().status(StatusCode::NO_CONTENT).body(empty)?
                }
                _ => not_allowed("GET, HEAD, DELETE"),
            }
        }
    })
}

async fn create(body: Incoming) -> Result<Response<Body>, Box<dyn Error + Send + Sync>> {
    let octets = match Limited::new(body, LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Ok(fail(StatusCode::PAYLOAD_TOO_LARGE));
        }
        Err(error) => return Err(error),
    };
    let Ok(NewItem { name }) = serde_json::from_slice(&octets) else {
        return Ok(fail(StatusCode::BAD_REQUEST));
    };
    let item = add(name);
    let mut response = send(StatusCode::CREATED, &item);
    let location = HeaderValue::try_from(format!("/items/{}", item.id))?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

fn add(name: String) -> Item {
    let mut items = ITEMS.lock().unwrap();
    let id = items.last_key_value().map_or(1, |(last, _)| last + 1);
    items.entry(id).or_insert(Item { id, name }).clone()
}

fn send(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let json = serde_json::to_vec(value).unwrap();
    let body = Full::from(json).map_err(|never| match never {}).boxed();
    Response::builder().status(status).header(CONTENT_TYPE, "application/json").body(body).unwrap()
}

fn fail(status: StatusCode) -> Response<Body> {
    let reason = status.canonical_reason();
    send(status, &json!({ "error": reason }))
}

fn not_allowed(allow: &'static str) -> Response<Body> {
    let mut response = fail(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}
