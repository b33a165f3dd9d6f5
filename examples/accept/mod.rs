//! The accept loop of the example servers: a thread a connection.

use bareline_net::Error;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How many connections are served at a time; the others wait.
const CONNECTIONS: usize = 1000;

/// Listens on `address`, and has `serve` serve each connection, until Ctrl-C. What goes wrong is told in one line, after the program's name.
pub(crate) fn run(program: &'static str, address: &str, serve: fn(TcpStream, SocketAddr) -> Result<(), Error>) -> ExitCode {
    match listen(program, address) {
        Ok(listener) => accept(program, &listener, serve),
        Err(error) => {
            let _ = writeln!(io::stderr(), "{program}: cannot listen on {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn listen(program: &str, address: &str) -> io::Result<TcpListener> {
    ctrlc::set_handler(|| std::process::exit(0)).map_err(io::Error::other)?;
    let listener = TcpListener::bind(address)?;
    let _ = writeln!(io::stderr(), "{program}: listening on {}", listener.local_addr()?);
    Ok(listener)
}

fn accept(program: &'static str, listener: &TcpListener, serve: fn(TcpStream, SocketAddr) -> Result<(), Error>) -> ! {
    let slots = Arc::new(());
    loop {
        while Arc::strong_count(&slots) > CONNECTIONS {
            thread::sleep(Duration::from_millis(10));
        }
        let slot = Arc::clone(&slots);
        let served = listener.accept().and_then(|(stream, peer)| {
            thread::Builder::new().spawn(move || {
                if let Err(error) = serve(stream, peer) {
                    let _ = writeln!(io::stderr(), "{program}: {peer}: {error}");
                }
                drop(slot);
            })
        });
        if let Err(error) = served {
            // Out of file descriptors or threads, most likely: some will be free again soon.
            let _ = writeln!(io::stderr(), "{program}: cannot take a connection: {error}");
            thread::sleep(Duration::from_millis(100));
        }
    }
}
