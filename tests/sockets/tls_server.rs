//! Tests of a server over TLS: `Server::tls`.

use crate::peers::{curl, go, has, output};
use crate::tls::Authority;
use crate::tls_peers::files;
use crate::{TIMEOUT, log_lines};
use bareline_core::{Method, Status};
use bareline_net::rustls::{self, ClientConfig, ServerConfig};
use bareline_net::{Client, Error, Exchange, Server, ServerHandle, Settings, TlsStream, Transport};
use std::fs;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A running server, which is shut down on drop.
struct Service {
    address: SocketAddr,
    handle: ServerHandle,
    served: Option<JoinHandle<Result<(), Error>>>,
}

impl Service {
    /// Starts a server that sends each body back while it arrives, and its trailers.
    fn new(config: impl Into<Arc<ServerConfig>>, settings: Settings) -> Self {
        log_lines::keep();
        let server = Server::bind("127.0.0.1:0").unwrap().settings(settings).tls(config);
        let (address, handle) = (server.local_addr().unwrap(), server.handle());
        Self { address, handle, served: Some(thread::spawn(move || server.serve(echo))) }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/echo", self.address.port())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.handle.shutdown();
        self.served.take().unwrap().join().unwrap().unwrap();
    }
}

fn echo<S: Transport>(exchange: Exchange<'_, S>) -> Result<(), Error> {
    let Exchange { mut body, responder, .. } = exchange;
    let mut echo = responder.while_reading().stream(Status::OK, &[])?;
    io::copy(&mut body, &mut echo)?;
    let trailers: Vec<_> = body.trailers().iter().collect();
    echo.finish_with(&trailers)
}

/// Settings without a limit for bodies.
fn any_length() -> Settings {
    Settings::new().body_limit(u64::MAX)
}

#[test]
fn a_client_and_a_server_exchange_bodies_over_tls() {
    let authority = Authority::new();
    let server = Service::new(authority.server(|_| {}), any_length());
    let client = Client::new().settings(any_length()).tls(authority.client());
    for length in [0, 1, 16_384, 3_000_000] {
        let sent: Vec<u8> = (0..=250).cycle().take(length).collect();
        let request = client.request(Method::PUT, &server.url()).unwrap();
        let mut received = Vec::new();
        request.send_body(&sent).unwrap().read_to_end(&mut received).unwrap();
        assert!(received == sent, "{length} octets, {} came", received.len());
    }
    assert_eq!(server.handle.counts().connections, 1, "the connection is kept");
}

#[cfg(unix)]
#[test]
fn a_server_over_tls_accepts_from_any_listener() {
    use std::os::unix::net::{UnixListener, UnixStream};
    let path = std::env::temp_dir().join(format!("bareline-tls-unix-{}", std::process::id()));
    let (authority, listener) = (Authority::new(), UnixListener::bind(&path).unwrap());
    let server = Server::from_listener(listener).unwrap().tls(authority.server(|_| {}));
    let handle = server.handle();
    let served = thread::spawn(move || server.serve(echo));
    let (config, socket) = (Arc::new(authority.client()), path.clone());
    let client = Client::new().connector(move |origin, _| {
        let stream = UnixStream::connect(&socket)?;
        Ok(Box::new(TlsStream::connect(&config, origin.host(), stream)?))
    });
    for _ in 0..2 {
        let request = client.request(Method::PUT, "https://localhost/").unwrap();
        assert_eq!(io::read_to_string(request.send_body(b"hi").unwrap()).unwrap(), "hi");
    }
    handle.shutdown();
    served.join().unwrap().unwrap();
    fs::remove_file(path).unwrap();
}

/// Connects with these application protocols, and returns the one that the server chooses.
fn chosen(server: &Service, mut config: ClientConfig, offered: &[&str]) -> io::Result<String> {
    config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = "localhost".try_into().unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, crate::connect(server.address));
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(String::from_utf8_lossy(stream.conn.alpn_protocol().unwrap_or_default()).into_owned())
}

#[test]
fn the_server_chooses_http_1_as_the_protocol() {
    let authority = Authority::new();
    let mut config = authority.server(|_| {});
    config.alpn_protocols = vec![b"h2".to_vec()];
    let server = Service::new(config, Settings::new());
    for (offered, expected) in [
        (&["h2", "http/1.1"][..], "http/1.1"),
        (&["http/1.0"], "http/1.0"),
        (&["http/1.0", "http/1.1"], "http/1.1"),
        (&[], ""),
    ] {
        assert_eq!(chosen(&server, authority.client(), offered).unwrap(), expected, "{offered:?}");
    }
    let error = chosen(&server, authority.client(), &["h2"]).unwrap_err();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
}

#[test]
fn rfc9112_9_8_the_server_ends_tls_before_it_closes() {
    let authority = Authority::new();
    let server = Service::new(authority.server(|_| {}), Settings::new());
    let name = "localhost".try_into().unwrap();
    let config = Arc::new(authority.client());
    let connection = rustls::ClientConnection::new(config, name).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, crate::connect(server.address));
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut response = Vec::new();
    // Without the alert this is an error.
    stream.read_to_end(&mut response).unwrap();
    assert!(response.ends_with(b"0\r\n\r\n"));
}

#[test]
fn what_is_no_tls_is_logged_and_closed() {
    let authority = Authority::new();
    let server = Service::new(authority.server(|_| {}), Settings::new());
    let sent: [(&[u8], &str); 3] = [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "does not speak TLS at this port (RFC 8446"),
        (&[0; 1000], "does not speak TLS at this port (RFC 8446"),
        (b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", "TLS with the client failed: "),
    ];
    for (octets, told) in sent {
        let (mut stream, client) = log_lines::connect(server.address);
        stream.write_all(octets).unwrap();
        let mut alert = Vec::new();
        let _ = stream.read_to_end(&mut alert);
        assert!(alert.starts_with(b"\x15\x03"), "{alert:?}");
        let lines = log_lines::with(&[&client]);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("DEBUG ") && lines[0].contains(told), "{lines:?}");
    }

    // A client that does not trust the server.
    let (stream, client) = log_lines::connect(server.address);
    let config = Arc::new(Authority::new().client());
    let mut stream = TlsStream::connect(&config, "localhost", stream).unwrap();
    assert!(stream.write_all(b"GET / HTTP/1.1\r\n").and_then(|()| stream.flush()).is_err());
    let told = "the client ended TLS by the alert UnknownCA (RFC 8446 section 6.2): it does not \
                accept the certificate of this side";
    log_lines::with(&["DEBUG", &client, told]);
}

#[test]
fn a_slow_tls_hello_does_not_extend_the_timeout_of_a_loop() {
    let settings = Settings::new().idle_timeout(Duration::from_millis(200));
    let server = Service::new(Authority::new().server(|_| {}), settings);
    let mut stream = crate::connect(server.address);
    // The header of a record of 16 KB.
    stream.write_all(b"\x16\x03\x01\x40\x00\x01").unwrap();
    stream.set_nonblocking(true).unwrap();
    let start = Instant::now();
    while !matches!(stream.read(&mut [0]), Ok(0)) {
        assert!(start.elapsed() < TIMEOUT, "it is waited for");
        if stream.write_all(b"\0").is_err() {
            break;
        }
        thread::park_timeout(Duration::from_millis(20));
    }
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[test]
fn curl_uses_a_server_over_tls() {
    if !has("curl", "--version") {
        return;
    }
    let authority = Authority::new();
    let server = Service::new(authority.server(|_| {}), any_length());
    let (folder, [_, _, roots]) = files("curl-tls", &authority);
    let large = folder.join("large");
    fs::write(&large, vec![b'x'; 10_000_000]).unwrap();
    let (roots, large, url) = (roots.to_str().unwrap(), large.to_str().unwrap(), server.url());
    let curl = |arguments: &[&str]| curl(&[&["--cacert", roots], arguments].concat());
    for version in ["--tlsv1.2", "--tlsv1.3", "--http1.0", "--http2"] {
        assert_eq!(curl(&[version, "--data", "a=b", &url]), "a=b", "{version}");
    }
    assert_eq!(curl(&["--tls-max", "1.2", "--data", "a=b", &url]), "a=b");
    let sizes = ["-o", "/dev/null", "-w", "%{size_download} %{num_connects} "];
    let sent = curl(&[&sizes[..], &["-T", large, &url, "-T", large, &url]].concat());
    assert!(sent.contains("10000000 0 ") || sent.ends_with("10000000 1 "), "{sent}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn gos_client_uses_a_server_over_tls() {
    if !has("go", "version") {
        return;
    }
    let authority = Authority::new();
    let server = Service::new(authority.server(|_| {}), any_length());
    let (folder, [_, _, roots]) = files("go-tls-client", &authority);
    let mut command = Command::new(go(&folder));
    command.args(["tls-client", &server.address.to_string()]).arg(roots);
    assert_eq!(output(&mut command), "trailers, one connection\n");
    fs::remove_dir_all(folder).unwrap();
}

/// A client with a connection that is kept alive, and Node's `fetch`.
const NODE: &str = r#"
const fs = require('node:fs');
const https = require('node:https');
const [url, roots] = process.argv.slice(1);
const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: fs.readFileSync(roots) });
const post = (body) => new Promise((resolve, reject) => {
    const request = https.request(url, { method: 'POST', agent, timeout: 20_000 }, (response) => {
        let count = 0;
        response.on('data', (data) => count += data.length);
        response.on('end', () => resolve([count, request.reusedSocket]));
    });
    request.on('error', reject);
    request.end(body);
});
(async () => {
    console.log(...await post('hello'), ...await post(Buffer.alloc(1_000_000)));
    agent.destroy();
})();
"#;

#[test]
fn nodes_client_uses_a_server_over_tls() {
    if !has("node", "--version") {
        return;
    }
    let authority = Authority::new();
    let server = Service::new(authority.server(|_| {}), any_length());
    let (folder, [_, _, roots]) = files("node-tls-client", &authority);
    let mut command = Command::new("node");
    let printed = output(command.args(["-e", NODE, "--", &server.url()]).arg(roots));
    assert_eq!(printed, "5 false 1000000 true\n");
    fs::remove_dir_all(folder).unwrap();
}
