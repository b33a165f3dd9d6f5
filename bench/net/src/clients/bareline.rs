//! bareline.

use bareline_core::{FieldName, FieldValue, Method, Target};
use bareline_net::ClientStream;
use std::error::Error;
use std::io::Read;
use std::net::SocketAddr;

const CLOSE: FieldValue<'_> = FieldValue::from_static("close");

pub fn keep_alive(server: SocketAddr, count: u32) -> Result<(), Box<dyn Error>> {
    let mut client = ClientStream::connect(&server.to_string())?;
    let mut body = Vec::new();
    for _ in 0..count {
        body.clear();
        client.request(Method::GET, Target::ROOT, &[], b"")?.body.read_to_end(&mut body)?;
        super::check(&body)?;
    }
    Ok(())
}

pub fn connect(server: SocketAddr, count: u32) -> Result<(), Box<dyn Error>> {
    let mut body = Vec::new();
    for _ in 0..count {
        body.clear();
        let mut client = ClientStream::connect(&server.to_string())?;
        client.request(Method::GET, Target::ROOT, &[(FieldName::CONNECTION, CLOSE)], b"")?.body.read_to_end(&mut body)?;
        super::check(&body)?;
    }
    Ok(())
}
