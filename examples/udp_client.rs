//! The UDP client of the tutorial: sends `udp request` and prints the response.

use bareline_net::core::value::dump;
use bareline_net::{Error, UdpPeer};
use clap::Parser;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

/// Sends `udp request` over UDP, retransmits it until a response comes, and prints the response.
#[derive(Parser)]
struct Arguments {
    /// The address of the server, HOST:PORT.
    #[arg(default_value = "127.0.0.1:8080")]
    address: String,
}

/// The timeout for the response, retransmissions included.
const TIMEOUT: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let Arguments { address } = Arguments::parse();
    match ask(&address) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "udp_client: no response from {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn ask(address: &str) -> Result<(), Error> {
    let mut peer = UdpPeer::connect(address)?;
    let mut buffer = [0; 1024];
    // The socket is connected and sends one request, so any datagram is its response.
    let response = peer.request(b"udp request", TIMEOUT, &mut buffer, |_| true)?;
    writeln!(io::stdout(), "Received: {}", dump(response.octets).on_one_line())?;
    Ok(())
}
