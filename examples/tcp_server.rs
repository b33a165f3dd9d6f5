//! The TCP server of the tutorial: prints each request and responds with `TCP connection`.

use bareline_net::core::value::dump;
use bareline_net::{Error, Exchange, ServerStream, Status, Version};
use clap::Parser;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Prints each HTTP request that it receives over TCP, and responds with `TCP connection`.
#[derive(Parser)]
struct Arguments {
    /// The address to listen on, HOST:PORT.
    #[arg(default_value = "127.0.0.1:8080")]
    address: String,
}

/// The most connections at a time: each has a thread.
const MAX_CONNECTIONS: usize = 1000;
const PAUSE: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let Arguments { address } = Arguments::parse();
    match listen(&address) {
        Ok(listener) => serve_all(&listener),
        Err(error) => {
            let remedy = "write a free host:port, such as 127.0.0.1:8080";
            let _ =
                writeln!(io::stderr(), "tcp_server: cannot listen on {address}: {error}: {remedy}");
            ExitCode::FAILURE
        }
    }
}

fn listen(address: &str) -> io::Result<TcpListener> {
    ctrlc::set_handler(|| std::process::exit(0)).map_err(io::Error::other)?;
    let listener = TcpListener::bind(address)?;
    let _ = writeln!(io::stderr(), "tcp_server: listening on {}", listener.local_addr()?);
    Ok(listener)
}

fn serve_all(listener: &TcpListener) -> ! {
    let places = Arc::new(());
    loop {
        // Each thread has a clone. While no place is free, clients wait in the system's queue.
        while Arc::strong_count(&places) > MAX_CONNECTIONS {
            thread::sleep(PAUSE);
        }
        let place = Arc::clone(&places);
        let accepted = listener.accept().and_then(|(stream, peer)| {
            thread::Builder::new().spawn(move || {
                let _place = place;
                let mut connection = ServerStream::new(stream);
                if let Err(error) = serve(&mut connection) {
                    let _ = writeln!(io::stderr(), "tcp_server: {peer}: {error}");
                }
                // The drop of the connection closes it.
            })
        });
        if let Err(error) = accepted {
            // Most likely the system is out of file descriptors or threads for a moment: back off.
            let _ = writeln!(io::stderr(), "tcp_server: cannot accept a connection: {error}");
            thread::sleep(PAUSE);
        }
    }
}

/// Reads a request, prints it and responds.
///
/// An invalid head gets an error response here, an invalid body when the connection is dropped.
fn serve(connection: &mut ServerStream) -> Result<(), Error> {
    let Some(Exchange { head, mut body, responder, .. }) = connection.next_request()? else {
        return Ok(());
    };
    let mut message = head.as_bytes().to_vec();
    body.read_to_end(&mut message)?;
    // A closed output must not fail the request.
    let _ = writeln!(io::stdout(), "{}", dump(&message));
    responder
        .begin(Status::OK, |head| {
            head.version(Version::Http10).body_until_close(b"TCP connection")
        })?
        .finish()
}
