//! ureq, with an agent that keeps its connection alive, or with no idle connections.

use std::error::Error;
use std::net::SocketAddr;
use ureq::Agent;

pub fn keep_alive(server: SocketAddr, count: u32) -> Result<(), Box<dyn Error>> {
    let (agent, url) = (Agent::new_with_defaults(), format!("http://{server}/"));
    for _ in 0..count {
        super::check(&agent.get(&url).call()?.body_mut().read_to_vec()?)?;
    }
    Ok(())
}

pub fn connect(server: SocketAddr, count: u32) -> Result<(), Box<dyn Error>> {
    let agent: Agent = Agent::config_builder().max_idle_connections(0).build().into();
    let url = format!("http://{server}/");
    for _ in 0..count {
        super::check(
            &agent.get(&url).header("Connection", "close").call()?.body_mut().read_to_vec()?,
        )?;
    }
    Ok(())
}
