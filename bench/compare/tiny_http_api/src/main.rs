//! The API server of ../README.md, on tiny_http.

use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex};
use std::thread;
use tiny_http::{Header, Method, Request, Response, ResponseBox, Server, StatusCode};

#[derive(Clone, Serialize)]
struct Item {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
struct NewItem {
    name: String,
}

const WORKERS: usize = 4;
const LIMIT: u64 = 65_536;

static ITEMS: Mutex<BTreeMap<u64, Item>> = Mutex::new(BTreeMap::new());

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let [_, address, file] = &std::env::args().collect::<Vec<_>>()[..] else {
        return Err("the arguments are an address and a file".into());
    };
    let server = Arc::new(Server::http(address)?);
    let handle = Arc::clone(&server);
    ctrlc::set_handler(move || (0..WORKERS).for_each(|_| handle.unblock()))?;
    println!("listening on {}", server.server_addr());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                for mut request in server.incoming_requests() {
                    let response = respond(&mut request, file).unwrap_or_else(|error| {
                        eprintln!("{error}");
                        fail(500)
                    });
                    if let Err(error) = request.respond(response) {
                        eprintln!("{error}");
                    }
                }
            });
        }
    });
    Ok(())
}

fn respond(request: &mut Request, file: &str) -> io::Result<ResponseBox> {
    let url = request.url().to_owned();
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    Ok(match (request.method(), path) {
        (Method::Get | Method::Head, "/items") => {
            let items = ITEMS.lock().unwrap().clone();
            send(200, &items.values().collect::<Vec<_>>())
        }
        (Method::Post, "/items") => create(request)?,
        (_, "/items") => not_allowed("GET, HEAD, POST"),
        (Method::Get | Method::Head, "/search") => {
            let mut query = form_urlencoded::parse(query.as_bytes());
            let Some((_, name)) = query.find(|(name, _)| name == "q") else {
                return Ok(fail(400));
            };
            let items = ITEMS.lock().unwrap().clone();
            let found: Vec<_> = items.values().filter(|item| item.name.contains(&*name)).collect();
            send(200, &found)
        }
        (Method::Get | Method::Head, "/file") => Response::from_file(File::open(file)?)
            .with_chunked_threshold(usize::MAX)
            .with_header(header("Content-Type", "application/octet-stream"))
            .boxed(),
        (_, "/search" | "/file") => not_allowed("GET, HEAD"),
        (method, path) => {
            let id = path.strip_prefix("/items/").and_then(|id| id.parse().ok());
            let item = id.and_then(|id| ITEMS.lock().unwrap().get(&id).cloned());
            match (method, item) {
                (_, None) => fail(404),
                (Method::Get | Method::Head, Some(item)) => send(200, &item),
                (Method::Delete, Some(item)) => {
                    ITEMS.lock().unwrap().remove(&item.id);
                    Response::empty(204).boxed()
                }
                _ => not_allowed("GET, HEAD, DELETE"),
            }
        }
    })
}

fn create(request: &mut Request) -> io::Result<ResponseBox> {
    let mut octets = Vec::new();
    request.as_reader().take(LIMIT + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > LIMIT {
        return Ok(fail(413));
    }
    let Ok(NewItem { name }) = serde_json::from_slice(&octets) else {
        return Ok(fail(400));
    };
    let item = add(name);
    let location = header("Location", &format!("/items/{}", item.id));
    Ok(send(201, &item).with_header(location))
}

fn add(name: String) -> Item {
    let mut items = ITEMS.lock().unwrap();
    let id = items.last_key_value().map_or(1, |(last, _)| last + 1);
    items.entry(id).or_insert(Item { id, name }).clone()
}

fn send(status: u16, value: &impl Serialize) -> ResponseBox {
    let json = serde_json::to_vec(value).unwrap();
    Response::from_data(json)
        .with_status_code(status)
        .with_header(header("Content-Type", "application/json"))
        .boxed()
}

fn fail(status: u16) -> ResponseBox {
    let reason = StatusCode(status).default_reason_phrase();
    send(status, &json!({ "error": reason }))
}

fn not_allowed(allow: &str) -> ResponseBox {
    fail(405).with_header(header("Allow", allow))
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).unwrap()
}
