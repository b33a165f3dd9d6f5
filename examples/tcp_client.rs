//! The TCP client of the tutorial: gets `/` and prints the response.

use bareline_net::core::value::dump;
use bareline_net::{ClientStream, Error, FieldName, FieldValue, Method, Target};
use clap::Parser;
use std::io::{self, Read, Write};
use std::process::ExitCode;

/// Sends an HTTP request over TCP, and prints the response.
#[derive(Parser)]
struct Arguments {
    /// The address of the server, HOST:PORT.
    #[arg(default_value = "localhost:8080")]
    address: String,
}

const AGENT: FieldValue = FieldValue::from_static(concat!("bareline/", env!("CARGO_PKG_VERSION")));

fn main() -> ExitCode {
    let Arguments { address } = Arguments::parse();
    let printed =
        get(&address).and_then(|response| Ok(writeln!(io::stdout(), "{}", dump(&response))?));
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "tcp_client: cannot get http://{address}/: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the head as received, followed by the decoded body.
fn get(address: &str) -> Result<Vec<u8>, Error> {
    let mut client = ClientStream::connect(address)?;
    let mut response =
        client.request(Method::GET, Target::ROOT, &[(FieldName::USER_AGENT, AGENT)], b"")?;
    let mut message = response.head.as_bytes().to_vec();
    response.body.read_to_end(&mut message)?;
    Ok(message)
}
