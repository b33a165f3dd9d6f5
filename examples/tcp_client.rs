//! The article's TCP client: gets `/` and prints the response.

use bareline_core::{FieldName, FieldValue, Method, Target};
use bareline_net::{ClientStream, Error, Response};
use clap::Parser;
use std::io::{self, Write};
use std::process::ExitCode;

/// Sends an HTTP request over TCP, and prints the response.
#[derive(Parser)]
struct Arguments {
    /// The server.
    #[arg(default_value = "localhost:8080")]
    address: String,
}

const AGENT: FieldValue = FieldValue::from_static(concat!("bareline/", env!("CARGO_PKG_VERSION")));

fn main() -> ExitCode {
    let Arguments { address } = Arguments::parse();
    let printed = get(&address).and_then(|response| Ok(writeln!(io::stdout(), "{}", response.dump())?));
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "tcp_client: cannot get http://{address}/: {error}");
            ExitCode::FAILURE
        }
    }
}

fn get(address: &str) -> Result<Response, Error> {
    ClientStream::connect(address)?.request(Method::GET, Target::ROOT, &[(FieldName::USER_AGENT, AGENT)], b"")
}
