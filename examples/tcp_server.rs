//! The article's TCP server: prints each request and answers `TCP connection`.

mod accept;

use bareline_core::{Status, Version, dump};
use bareline_net::{Error, Exchange, ServerStream};
use clap::Parser;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;

/// Prints each HTTP request that comes over TCP, and answers it with `TCP connection`.
#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(default_value = "127.0.0.1:8080")]
    address: String,
}

fn main() -> ExitCode {
    accept::run("tcp_server", &Arguments::parse().address, serve)
}

fn serve(stream: TcpStream, _: SocketAddr) -> Result<(), Error> {
    let mut peer = ServerStream::new(stream);
    if let Some(Exchange { head, mut body, reply }) = peer.next_request()? {
        let mut message = head.as_bytes().to_vec();
        body.read_to_end(&mut message)?;
        reply.begin(Status::OK, |head| head.version(Version::Http10).body_until_close(b"TCP connection"))?.finish()?;
        // Whoever reads the output may be slow or gone; the clients are not.
        let _ = writeln!(io::stdout(), "{}", dump(&message));
    }
    Ok(())
}
