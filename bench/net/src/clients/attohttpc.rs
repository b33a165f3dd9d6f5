//! attohttpc, which sends `Connection: close` itself.

use std::error::Error;
use std::net::SocketAddr;

pub fn connect(server: SocketAddr, count: u32) -> Result<(), Box<dyn Error>> {
    let url = format!("http://{server}/");
    for _ in 0..count {
        super::check(&attohttpc::get(&url).send()?.bytes()?)?;
    }
    Ok(())
}
