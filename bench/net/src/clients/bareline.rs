//! bareline.

use bareline_core::{FieldName, FieldValue, Method};
use bareline_net::Client;
use std::error::Error;
use std::io::Read;
use std::net::SocketAddr;

const CLOSE: FieldValue<'_> = FieldValue::from_static("close");

pub fn keep_alive(server: SocketAddr, count: u32) -> Result<(), Box<dyn Error>> {
    let (client, url) = (Client::new(), format!("http://{server}/"));
    let mut body = Vec::new();
    for _ in 0..count {
        body.clear();
        client.get(&url)?.read_to_end(&mut body)?;
        super::check(&body)?;
    }
    Ok(())
}

pub fn connect(server: SocketAddr, count: u32) -> Result<(), Box<dyn Error>> {
    let (client, url) = (Client::new(), format!("http://{server}/"));
    let mut body = Vec::new();
    for _ in 0..count {
        body.clear();
        client
            .request(Method::GET, &url)?
            .field(FieldName::CONNECTION, CLOSE)
            .send()?
            .read_to_end(&mut body)?;
        super::check(&body)?;
    }
    Ok(())
}
