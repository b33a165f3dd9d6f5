//! The article's UDP client: sends `udp request` and prints the answer.

use bareline_core::dump;
use bareline_net::{Error, UdpPeer};
use clap::Parser;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

/// Sends `udp request` over UDP, again while there is no answer, and prints that.
#[derive(Parser)]
struct Arguments {
    /// The server.
    #[arg(default_value = "127.0.0.1:8080")]
    address: String,
}

/// How long to wait for the answer, with all that is sent again.
const DEADLINE: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let Arguments { address } = Arguments::parse();
    match ask(&address) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "udp_client: no answer from {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn ask(address: &str) -> Result<(), Error> {
    let mut peer = UdpPeer::connect(address)?;
    let mut buffer = [0; 1024];
    // It is the only question, so that whatever comes back is the answer.
    let response = peer.request(b"udp request", DEADLINE, &mut buffer, |_| true)?;
    writeln!(io::stdout(), "Received: {}", dump(response.octets).on_one_line())?;
    Ok(())
}
