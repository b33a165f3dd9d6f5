//! The client's job of ../README.md, on reqwest.

use reqwest::blocking::Client;
use reqwest::header::LOCATION;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fs::File;
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

fn main() -> Result<(), Box<dyn Error>> {
    let [_, base, upload, download] = &std::env::args().collect::<Vec<_>>()[..] else {
        return Err("the arguments are a URL and two files: to upload, and to download".into());
    };
    let client = Client::new();

    let request = client.get(format!("{base}/items"));
    let query = [("name", "caf\u{e9} & bar"), ("page", "2")];
    let items: Vec<Item> = request.query(&query).send()?.error_for_status()?.json()?;
    for Item { id, name } in items {
        println!("item {id}: {name}");
    }

    let lamp = NewItem { name: "lamp".to_owned() };
    let request = client.post(format!("{base}/items")).json(&lamp);
    let response = request.send()?.error_for_status()?;
    let location = response.headers().get(LOCATION).ok_or("no location")?;
    print!("created {}: ", location.to_str()?);
    let Item { id, name } = response.json()?;
    println!("item {id}: {name}");

    let form = [("name", "Ada Lovelace"), ("year", "1815")];
    let request = client.post(format!("{base}/form")).form(&form);
    println!("form: {}", request.send()?.error_for_status()?.text()?);

    let response = client.get(format!("{base}/old")).send()?.error_for_status()?;
    let url = response.url().to_string();
    println!("moved to {url}: {}", response.text()?);

    let mut response =
        client.get(format!("{base}/file")).timeout(Duration::MAX).send()?.error_for_status()?;
    println!("downloaded: {} octets", response.copy_to(&mut File::create(download)?)?);

    let request = client.put(format!("{base}/file")).body(File::open(upload)?);
    let stored: Stored = request.send()?.error_for_status()?.json()?;
    println!("uploaded: {} octets", stored.octets);

    let request = client.get(format!("{base}/slow")).timeout(Duration::from_millis(200));
    match request.send() {
        Err(error) if error.is_timeout() => println!("slow: timed out"),
        response => println!("slow: {}", response?.status()),
    }

    let request = client.get(format!("{base}/private")).bearer_auth("secret");
    println!("private: {}", request.send()?.error_for_status()?.text()?);

    let response = client.get(format!("{base}/missing")).send()?;
    println!("missing: {}, {}", response.status().as_u16(), response.text()?);
    Ok(())
}
