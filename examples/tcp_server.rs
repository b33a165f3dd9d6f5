//! The TCP server of the tutorial: prints each request and responds with `TCP connection`.

mod service;

use bareline_net::core::value::dump;
use bareline_net::{Error, Exchange, Settings, Status, Version};
use clap::Parser;
use service::Service;
use std::io::{self, Read, Write};
use std::process::ExitCode;

/// Prints each HTTP request that it receives over TCP, and responds with `TCP connection`.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    service: Service,
}

fn main() -> ExitCode {
    Arguments::parse().service.run("tcp_server", Settings::new(), respond)
}

fn respond(Exchange { head, mut body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
    let mut message = head.as_bytes().to_vec();
    body.read_to_end(&mut message)?;
    responder
        .begin(Status::OK, |head| {
            head.version(Version::Http10).body_until_close(b"TCP connection")
        })?
        .finish()?;
    // A closed output must not fail the request.
    let _ = writeln!(io::stdout(), "{}", dump(&message));
    Ok(())
}
