//! A server over TLS, with the chain of its certificate and its key from PEM files. It makes both
//! files, for `localhost`, if they are missing.

use bareline_net::rustls::ServerConfig;
use bareline_net::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use bareline_net::{Server, Status};
use std::io::{Write, stderr};
use std::{env, error::Error, fs, process::ExitCode};

const CHAIN: &str = "bareline.pem";
const KEY: &str = "bareline-key.pem";

fn main() -> ExitCode {
    let Err(error) = serve() else { return ExitCode::SUCCESS };
    let _ = writeln!(stderr(), "tls: {error}");
    ExitCode::FAILURE
}

fn serve() -> Result<(), Box<dyn Error>> {
    if !fs::exists(CHAIN)? {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        // Only the owner can read the key. A file that is there already keeps its permissions.
        _ = fs::remove_file(KEY);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(KEY)?.write_all(made.signing_key.serialize_pem().as_bytes())?;
        fs::write(CHAIN, made.cert.pem())?;
    }
    let chain = CertificateDer::pem_file_iter(CHAIN).and_then(Iterator::collect);
    let chain = chain.map_err(|error| format!("{CHAIN}: {error}"))?;
    let key = PrivateKeyDer::from_pem_file(KEY).map_err(|error| format!("{KEY}: {error}"))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;

    let address = env::args().nth(1).unwrap_or("127.0.0.1:8443".to_owned());
    let server = Server::bind(address)?.tls(config);
    let handle = server.handle();
    ctrlc::set_handler(move || handle.shutdown())?;
    writeln!(stderr(), "tls: listening on {}", server.local_addr()?)?;
    Ok(server.serve(|exchange| exchange.responder.send(Status::OK, &[], b"TLS connection\n"))?)
}
