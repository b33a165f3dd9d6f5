//! Tests over TLS with other people's programs as peers.

use crate::peers::{NGINX, Server, folder, go, has, nginx};
use crate::tls::Authority;
use bareline_net::{Client, Error, Method, TlsStream};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

/// Writes a certificate with its chain, its key and its authority to a folder for this test alone.
/// Returns the files.
pub(crate) fn files(name: &str, authority: &Authority) -> (PathBuf, [PathBuf; 3]) {
    let folder = folder(name);
    let (certificate, key) = authority.issue(|_| {});
    let files = ["chain.pem", "key.pem", "authority.pem"].map(|file| folder.join(file));
    for (file, pem) in files.iter().zip([certificate, key, authority.certificate.pem()]) {
        fs::write(file, pem).unwrap();
    }
    (folder, files)
}

/// Uploads and downloads over one client, and returns the last body.
fn exchange(client: &Client, url: &str) -> Result<String, Error> {
    let mut body = String::new();
    for length in [0, 5, 300_000] {
        let request = client.request(Method::POST, url)?;
        body = io::read_to_string(request.send_reader(io::Cursor::new(vec![b'x'; length]))?)?;
    }
    Ok(body)
}

#[test]
fn gos_server_is_asked_over_tls() {
    if !has("go", "version") {
        return;
    }
    let authority = Authority::new();
    let (folder, [chain, key, _]) = files("go-tls-server", &authority);
    let server = Server::start(Command::new(go(&folder)).arg("tls-server").args([chain, key]));
    let client = Client::new().tls(authority.client());
    assert_eq!(
        exchange(&client, &format!("https://{}/", server.address)).unwrap(),
        "300000 octets"
    );
    drop(server);
    fs::remove_dir_all(folder).unwrap();
}

/// A server that counts the octets of each body, and the connections.
const NODE: &str = r#"
const fs = require('node:fs');
const [chain, key] = process.argv.slice(1);
let connections = 0;
const server = require('node:https').createServer({
    cert: fs.readFileSync(chain),
    key: fs.readFileSync(key),
}, (request, response) => {
    let count = 0;
    request.on('data', (data) => count += data.length);
    request.on('end', () => response.end(`${count} octets, ${connections} connection`));
});
server.on('secureConnection', () => connections++);
server.listen(0, '127.0.0.1', () => console.log(`127.0.0.1:${server.address().port}`));
"#;

#[test]
fn nodes_server_is_asked_over_tls() {
    if !has("node", "--version") {
        return;
    }
    let authority = Authority::new();
    let (folder, [chain, key, _]) = files("node-tls-server", &authority);
    let server = Server::start(Command::new("node").args(["-e", NODE, "--"]).args([chain, key]));
    let client = Client::new().tls(authority.client());
    let url = format!("https://{}/", server.address);
    assert_eq!(exchange(&client, &url).unwrap(), "300000 octets, 1 connection");
    drop(server);
    fs::remove_dir_all(folder).unwrap();
}

#[cfg(unix)]
#[test]
fn nginx_is_asked_over_tls() {
    use bareline_net::Settings;
    use std::os::unix::net::UnixStream;
    if !has("nginx", "-v") {
        return;
    }
    let authority = Authority::new();
    let (certificates, [chain, key, _]) = files("nginx-tls", &authority);
    // The path of a Unix socket has at most 108 octets.
    let folder = std::env::temp_dir().join(format!("bareline-nginx-tls-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("large"), vec![b'x'; 3_000_000]).unwrap();
    let ssl = format!(
        "listen unix:FOLDER/socket ssl; keepalive_requests 3; ssl_certificate {}; \
         ssl_certificate_key {};",
        chain.display(),
        key.display()
    );
    let conf = NGINX.replace("listen unix:FOLDER/socket;", &ssl);
    assert!(conf.contains("ssl_certificate_key"));
    fs::write(folder.join("conf"), conf.replace("FOLDER", folder.to_str().unwrap())).unwrap();
    let _server = nginx(&folder);
    let (config, socket) = (Arc::new(authority.client()), folder.join("socket"));
    let client = Client::new().settings(Settings::new().body_limit(10_000_000)).connector(
        move |origin, _| {
            let stream = UnixStream::connect(&socket)?;
            Ok(Box::new(TlsStream::connect(&config, origin.host(), stream)?))
        },
    );
    for _ in 0..10 {
        let body = io::read_to_string(client.get("https://localhost/large").unwrap()).unwrap();
        assert_eq!(body.len(), 3_000_000);
    }
    fs::remove_dir_all(folder).unwrap();
    fs::remove_dir_all(certificates).unwrap();
}
