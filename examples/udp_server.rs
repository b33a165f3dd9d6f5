//! The UDP server of the tutorial: prints each datagram and responds with `udp server`.

use bareline_net::core::value::dump;
use bareline_net::{Error, UdpPeer};
use clap::Parser;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// Prints each datagram that it receives over UDP, and responds with `udp server`.
#[derive(Parser)]
struct Arguments {
    /// The address to receive on, HOST:PORT.
    #[arg(default_value = "127.0.0.1:8080")]
    address: String,
}

fn main() -> ExitCode {
    let Arguments { address } = Arguments::parse();
    match bind(&address) {
        Ok(mut peer) => loop {
            if let Err(error) = respond(&mut peer) {
                // Most likely the system is out of memory for a moment: back off.
                let _ = writeln!(io::stderr(), "udp_server: cannot receive: {error}");
                thread::sleep(Duration::from_millis(100));
            }
        },
        Err(error) => {
            let _ = writeln!(io::stderr(), "udp_server: cannot receive on {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bind(address: &str) -> Result<UdpPeer, Error> {
    ctrlc::set_handler(|| std::process::exit(0)).map_err(io::Error::other)?;
    let peer = UdpPeer::bind(address)?;
    let _ = writeln!(io::stderr(), "udp_server: receiving on {}", peer.local_addr()?);
    Ok(peer)
}

fn respond(peer: &mut UdpPeer) -> Result<(), Error> {
    let mut buffer = [0; 1024];
    let datagram = peer.receive(&mut buffer)?;
    let from = datagram.from;
    if let Err(error) = peer.send_to(b"udp server", from) {
        let _ = writeln!(io::stderr(), "udp_server: cannot respond to {from}: {error}");
    }
    // A closed output must not stop the server.
    let _ = writeln!(io::stdout(), "{from} {}", dump(datagram.octets).on_one_line());
    if datagram.cut > 0 {
        let _ = writeln!(io::stderr(), "udp_server: {from}: {} octets cut off", datagram.cut);
    }
    Ok(())
}
