//! A server and a client over TLS, with rustls.

use bareline_net::core::value::dump;
use bareline_net::{ClientStream, Exchange, FieldName, FieldValue, Method, Server, Status, Target};
use bareline_tls::{Tls, TlsListener};
use clap::{Parser, Subcommand};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::error::Error;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// HTTP over TLS: a server that makes its own certificate when it starts, and a client that trusts
/// only that certificate.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    role: Role,
    /// The file of the certificate, in PEM: `serve` writes it, `get` reads it.
    #[arg(long, global = true, default_value = "bareline.pem")]
    certificate: PathBuf,
}

#[derive(Subcommand)]
enum Role {
    /// Makes a certificate for `localhost`, writes it to a file, and responds to each request with
    /// `TLS connection`, until Ctrl-C.
    Serve {
        /// The address to listen on, HOST:PORT.
        #[arg(default_value = "127.0.0.1:8443")]
        address: String,
    },
    /// Gets `/` from a server, and prints the response.
    Get {
        /// The server, HOST:PORT.
        #[arg(default_value = "localhost:8443")]
        authority: String,
    },
}

fn main() -> ExitCode {
    let Arguments { role, certificate } = Arguments::parse();
    let (done, what) = match &role {
        Role::Serve { address } => (serve(address, &certificate), format!("serve on {address}")),
        Role::Get { authority } => {
            (get(authority, &certificate), format!("get https://{authority}/"))
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "tls: cannot {what}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(address: &str, certificate: &Path) -> Result<(), Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    let socket = TcpListener::bind(address)
        .map_err(|error| format!("{error}: use a free HOST:PORT, such as 127.0.0.1:8443"))?;
    fs::write(certificate, made.cert.pem())?;
    let server = Server::from_listener(TlsListener { socket, config: Arc::new(config) })?;
    let (local, handle) = (server.local_addr()?, server.handle());
    ctrlc::set_handler(move || handle.shutdown())?;
    let _ = writeln!(io::stderr(), "tls: listening on {local}");
    server.serve(|Exchange { responder, .. }| {
        let text = FieldValue::from_static("text/plain; charset=utf-8");
        responder.send(Status::OK, &[(FieldName::CONTENT_TYPE, text)], b"TLS connection\n")
    })?;
    Ok(())
}

fn get(authority: &str, certificate: &Path) -> Result<(), Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    roots.add(
        CertificateDer::from_pem_file(certificate)
            .map_err(|error| format!("cannot read {}: {error}", certificate.display()))?,
    )?;
    let config =
        Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth());
    let (host, _) = authority.rsplit_once(':').ok_or("write HOST:PORT, such as localhost:8443")?;
    let stream = Tls::connect(&config, host, TcpStream::connect(authority)?)?;

    let mut client = ClientStream::new(stream, authority);
    let mut response = client.request(Method::GET, Target::ROOT, &[], b"")?;
    let mut message = response.head.as_bytes().to_vec();
    response.body.read_to_end(&mut message)?;
    writeln!(io::stdout(), "{}", dump(&message))?;
    Ok(())
}
