//! The client's job of ../README.md, on bareline.

use bareline_net::{Client, FieldName, FieldValue, Method, Settings};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fs::File;
use std::io;
use std::time::Duration;

#[derive(Deserialize)]
struct Item {
    id: u64,
    name: String,
}

#[derive(Serialize)]
struct NewItem {
    name: String,
}

#[derive(Deserialize)]
struct Stored {
    octets: u64,
}

const JSON: FieldValue = FieldValue::from_static("application/json");

fn main() -> Result<(), Box<dyn Error>> {
    let [_, base, upload, download] = &std::env::args().collect::<Vec<_>>()[..] else {
        return Err("the arguments are a URL and two files: to upload, and to download".into());
    };
    let settings = Settings::new().body_limit(u64::MAX);
    let client = Client::new().settings(settings);

    let request = client.request(Method::GET, &format!("{base}/items"))?;
    let request = request.query("name", "caf\u{e9} & bar").query("page", "2");
    let items: Vec<Item> = serde_json::from_reader(request.send()?.successful()?)?;
    for Item { id, name } in items {
        println!("item {id}: {name}");
    }

    let lamp = serde_json::to_vec(&NewItem { name: "lamp".to_owned() })?;
    let request = client.request(Method::POST, &format!("{base}/items"))?;
    let request = request.field(FieldName::CONTENT_TYPE, JSON);
    let response = request.send_body(&lamp)?.successful()?;
    let location = response.head().fields().only(FieldName::LOCATION)?.ok_or("no location")?;
    print!("created {}: ", location.as_str()?);
    let Item { id, name } = serde_json::from_reader(response)?;
    println!("item {id}: {name}");

    let form = [("name", "Ada Lovelace"), ("year", "1815")];
    let request = client.request(Method::POST, &format!("{base}/form"))?;
    let response = request.send_form(&form)?.successful()?;
    println!("form: {}", io::read_to_string(response)?);

    let response = client.get(&format!("{base}/old"))?.successful()?;
    println!("moved to {}: {}", response.url(), io::read_to_string(response)?);

    let mut response = client.get(&format!("{base}/file"))?.successful()?;
    let octets = io::copy(&mut response, &mut File::create(download)?)?;
    println!("downloaded: {octets} octets");

    let (request, file) =
        (client.request(Method::PUT, &format!("{base}/file"))?, File::open(upload)?);
    let length = file.metadata()?.len();
    let response = request.send_reader_sized(file, length)?.successful()?;
    let stored: Stored = serde_json::from_reader(response)?;
    println!("uploaded: {} octets", stored.octets);

    let request = client.request(Method::GET, &format!("{base}/slow"))?;
    let limited = request.settings(settings.exchange_timeout(Duration::from_millis(200)));
    match limited.send() {
        Err(error) if error.is_timeout() => println!("slow: timed out"),
        response => println!("slow: {}", response?.status()),
    }

    let request = client.request(Method::GET, &format!("{base}/private"))?.bearer_auth("secret")?;
    println!("private: {}", io::read_to_string(request.send()?.successful()?)?);

    let response = client.get(&format!("{base}/missing"))?;
    println!("missing: {}, {}", response.status().code(), io::read_to_string(response)?);
    Ok(())
}
