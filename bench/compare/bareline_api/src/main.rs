//! The API server of ../README.md, on bareline.

use bareline_net::{
    Error, Exchange, FieldName, FieldValue, Method, RequestBody, Responder, Server, Settings,
    Status,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Mutex;

#[derive(Clone, Serialize)]
struct Item {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
struct NewItem {
    name: String,
}

const JSON: FieldValue = FieldValue::from_static("application/json");
const OCTETS: FieldValue = FieldValue::from_static("application/octet-stream");

static ITEMS: Mutex<BTreeMap<u64, Item>> = Mutex::new(BTreeMap::new());

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [_, address, file] = &std::env::args().collect::<Vec<_>>()[..] else {
        return Err("the arguments are an address and a file".into());
    };
    let server = Server::bind(address)?.settings(Settings::new().body_limit(65_536)).on_rejection(
        |rejection| {
            let error = json!({ "error": rejection.status().reason() });
            rejection.set_body(JSON, error.to_string());
        },
    );
    let handle = server.handle();
    ctrlc::set_handler(move || handle.shutdown())?;
    println!("listening on {}", server.local_addr()?);
    let file = file.clone();
    server.serve(move |exchange| respond(exchange, &file))?;
    Ok(())
}

fn respond(exchange: Exchange<'_>, file: &str) -> Result<(), Error> {
    let Exchange { head, body, responder, .. } = exchange;
    let (method, target) = (head.method(), head.target());
    match (method, target.path()) {
        (Method::GET | Method::HEAD, "/items") => {
            let items = ITEMS.lock().unwrap().clone();
            send(responder, Status::OK, &items.values().collect::<Vec<_>>())
        }
        (Method::POST, "/items") => create(body, responder),
        (_, "/items") => not_allowed(responder, "GET, HEAD, POST"),
        (Method::GET | Method::HEAD, "/search") => {
            let Some((_, name)) = target.query_pairs().find(|(name, _)| *name == "q") else {
                return fail(responder, Status::BAD_REQUEST);
            };
            let name: Vec<u8> = name.octets().collect();
            let name = String::from_utf8_lossy(&name);
            let items = ITEMS.lock().unwrap().clone();
            let found: Vec<_> = items.values().filter(|item| item.name.contains(&*name)).collect();
            send(responder, Status::OK, &found)
        }
        (Method::GET | Method::HEAD, "/file") => {
            let mut file = File::open(file)?;
            let (fields, length) = ([(FieldName::CONTENT_TYPE, OCTETS)], file.metadata()?.len());
            let mut body = responder.stream_sized(Status::OK, &fields, length)?;
            io::copy(&mut file, &mut body)?;
            body.finish()
        }
        (_, "/search" | "/file") => not_allowed(responder, "GET, HEAD"),
        (_, path) => {
            let id = path.strip_prefix("/items/").and_then(|id| id.parse().ok());
            let item = id.and_then(|id| ITEMS.lock().unwrap().get(&id).cloned());
            match (method, item) {
                (_, None) => fail(responder, Status::NOT_FOUND),
                (Method::GET | Method::HEAD, Some(item)) => send(responder, Status::OK, &item),
                (Method::DELETE, Some(item)) => {
                    ITEMS.lock().unwrap().remove(&item.id);
                    responder.send(Status::NO_CONTENT, &[], b"")
                }
                _ => not_allowed(responder, "GET, HEAD, DELETE"),
            }
        }
    }
}

fn create(mut body: RequestBody<'_>, responder: Responder<'_>) -> Result<(), Error> {
    let mut octets = Vec::new();
    body.read_to_end(&mut octets)?;
    let Ok(NewItem { name }) = serde_json::from_slice(&octets) else {
        return fail(responder, Status::BAD_REQUEST);
    };
    let item = add(name);
    let location = format!("/items/{}", item.id);
    let location = (FieldName::LOCATION, FieldValue::new(&location)?);
    let json = serde_json::to_vec(&item).map_err(Error::other)?;
    responder.send(Status::CREATED, &[(FieldName::CONTENT_TYPE, JSON), location], &json)
}

fn add(name: String) -> Item {
    let mut items = ITEMS.lock().unwrap();
    let id = items.last_key_value().map_or(1, |(last, _)| last + 1);
    items.entry(id).or_insert(Item { id, name }).clone()
}

fn send(responder: Responder<'_>, status: Status, value: &impl Serialize) -> Result<(), Error> {
    let json = serde_json::to_vec(value).map_err(Error::other)?;
    responder.send(status, &[(FieldName::CONTENT_TYPE, JSON)], &json)
}

fn fail(responder: Responder<'_>, status: Status) -> Result<(), Error> {
    send(responder, status, &json!({ "error": status.reason() }))
}

fn not_allowed(responder: Responder<'_>, allow: &str) -> Result<(), Error> {
    let status = Status::METHOD_NOT_ALLOWED;
    let fields = [(FieldName::CONTENT_TYPE, JSON), (FieldName::ALLOW, FieldValue::new(allow)?)];
    let json = json!({ "error": status.reason() });
    responder.send(status, &fields, json.to_string().as_bytes())
}
