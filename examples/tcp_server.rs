//! The article's TCP server: prints each request and answers `TCP connection`.

use bareline_core::{Status, Version};
use bareline_net::{Error, ServerStream};
use clap::Parser;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Prints each HTTP request that comes over TCP, and answers it with `TCP connection`.
#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(default_value = "127.0.0.1:8080")]
    address: String,
}

/// How many connections are served at a time; the others wait.
const CONNECTIONS: usize = 1000;

fn main() -> ExitCode {
    let Arguments { address } = Arguments::parse();
    match listen(&address) {
        Ok(listener) => accept(&listener),
        Err(error) => {
            let _ = writeln!(io::stderr(), "tcp_server: cannot listen on {address}: {error}");
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

fn accept(listener: &TcpListener) -> ! {
    let slots = Arc::new(());
    loop {
        while Arc::strong_count(&slots) > CONNECTIONS {
            thread::sleep(Duration::from_millis(10));
        }
        let slot = Arc::clone(&slots);
        let served = listener.accept().and_then(|(stream, peer)| {
            thread::Builder::new().spawn(move || {
                if let Err(error) = serve(stream) {
                    let _ = writeln!(io::stderr(), "tcp_server: {peer}: {error}");
                }
                drop(slot);
            })
        });
        if let Err(error) = served {
            // Out of file descriptors or threads, most likely: some will be free again soon.
            let _ = writeln!(io::stderr(), "tcp_server: cannot take a connection: {error}");
            thread::sleep(Duration::from_millis(100));
        }
    }
}

fn serve(stream: TcpStream) -> Result<(), Error> {
    let mut peer = ServerStream::new(stream);
    if let Some(request) = peer.read_request()? {
        let dump = request.dump().to_string();
        request.respond_with(Status::OK, |head| head.version(Version::Http10).body_until_close(b"TCP connection"))?;
        // Whoever reads the output may be slow or gone; the clients are not.
        let _ = writeln!(io::stdout(), "{dump}");
    }
    Ok(())
}
