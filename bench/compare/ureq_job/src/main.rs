//! The client's job of ../README.md, on ureq.

use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fs::File;
use std::io;
use std::time::Duration;
use ureq::{Agent, ResponseExt};

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
    let agent = Agent::new_with_defaults();

    let request = agent.get(format!("{base}/items"));
    let mut response = request.query("name", "caf\u{e9} & bar").query("page", "2").call()?;
    let items: Vec<Item> = response.body_mut().read_json()?;
    for Item { id, name } in items {
        println!("item {id}: {name}");
    }

    let lamp = NewItem { name: "lamp".to_owned() };
    let mut response = agent.post(format!("{base}/items")).send_json(&lamp)?;
    let location = response.headers().get("Location").ok_or("no location")?;
    print!("created {}: ", location.to_str()?);
    let Item { id, name } = response.body_mut().read_json()?;
    println!("item {id}: {name}");

    let form = [("name", "Ada Lovelace"), ("year", "1815")];
    let mut response = agent.post(format!("{base}/form")).send_form(form)?;
    println!("form: {}", response.body_mut().read_to_string()?);

    let mut response = agent.get(format!("{base}/old")).call()?;
    let url = response.get_uri().to_string();
    println!("moved to {url}: {}", response.body_mut().read_to_string()?);

    let mut response = agent.get(format!("{base}/file")).call()?;
    let octets = io::copy(&mut response.body_mut().as_reader(), &mut File::create(download)?)?;
    println!("downloaded: {octets} octets");

    let mut response = agent.put(format!("{base}/file")).send(File::open(upload)?)?;
    let stored: Stored = response.body_mut().read_json()?;
    println!("uploaded: {} octets", stored.octets);

    let request = agent.get(format!("{base}/slow"));
    let limited = request.config().timeout_global(Some(Duration::from_millis(200))).build();
    match limited.call() {
        Err(ureq::Error::Timeout(_)) => println!("slow: timed out"),
        response => println!("slow: {}", response?.status()),
    }

    let request = agent.get(format!("{base}/private"));
    let mut response = request.header("Authorization", "Bearer secret").call()?;
    println!("private: {}", response.body_mut().read_to_string()?);

    let request = agent.get(format!("{base}/missing"));
    let mut response = request.config().http_status_as_error(false).build().call()?;
    let status = response.status().as_u16();
    println!("missing: {status}, {}", response.body_mut().read_to_string()?);
    Ok(())
}
