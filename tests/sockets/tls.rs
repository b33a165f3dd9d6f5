//! Tests of a client and a server over TLS, by rustls.

use crate::TIMEOUT;
use bareline_core::{FieldName, FieldValue, Method, Status};
use bareline_net::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use bareline_net::rustls::{self, ClientConfig, RootCertStore, ServerConfig, ServerConnection};
use bareline_net::{
    Client, ClientResponse, Error, Exchange, PeerError, ServerStream, Settings, TlsError,
    TlsStream, Wait,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// An authority of this test alone, which issues certificates for servers.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: rcgen::Certificate,
}

impl Authority {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let mut params = CertificateParams::new([]).unwrap();
        let name = format!("authority {}", COUNT.fetch_add(1, Ordering::SeqCst));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// Issues a certificate for `localhost` and `127.0.0.1`, changed by `change`. Returns the
    /// certificate and its key in PEM.
    pub(crate) fn issue(&self, change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// Returns a server's configuration with a certificate of this authority.
    pub(crate) fn server(&self, change: impl FnOnce(&mut CertificateParams)) -> ServerConfig {
        let (certificate, key) = self.issue(change);
        server_config(&certificate, &key)
    }

    /// Returns a client's configuration that trusts this authority.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
    }
}

/// Returns a server's configuration with this chain and key in PEM.
fn server_config(chain: &str, key: &str) -> ServerConfig {
    use rustls::pki_types::pem::PemObject;
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap()
}

/// Starts a server over TLS of any number of connections, which responds with the target and the
/// length of each body. Returns the address, and those of its clients.
fn echo(config: ServerConfig) -> (SocketAddr, Arc<Mutex<Vec<SocketAddr>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, config) = (listener.local_addr().unwrap(), Arc::new(config));
    let clients = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&clients);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            seen.lock().unwrap().push(stream.peer_addr().unwrap());
            let stream = TlsStream::accept(&config, stream).unwrap();
            let settings = Settings::new().body_limit(u64::MAX);
            let mut peer = ServerStream::with_settings(stream, settings);
            thread::spawn(move || {
                while let Ok(Some(Exchange { head, mut body, responder, .. })) = peer.next_request()
                {
                    let count = io::copy(&mut body, &mut io::sink()).unwrap();
                    let text = format!("{} {count}", head.target());
                    responder.send(Status::OK, &[], text.as_bytes()).unwrap();
                }
            });
        }
    });
    (address, clients)
}

/// A server's stream of rustls alone.
type Rustls = rustls::StreamOwned<ServerConnection, TcpStream>;

/// Starts a server of several connections in sequence, by rustls alone.
fn serving<T: Send + 'static>(
    config: ServerConfig,
    connections: usize,
    serve: impl Fn(usize, &mut Rustls) -> T + Send + 'static,
) -> (String, JoinHandle<Vec<T>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let config = Arc::new(config);
    let served = thread::spawn(move || {
        (0..connections)
            .map(|number| {
                let stream = listener.accept().unwrap().0;
                stream.set_read_timeout(Some(TIMEOUT)).unwrap();
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                serve(number, &mut rustls::StreamOwned::new(connection, stream))
            })
            .collect()
    });
    (url, served)
}

fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        stream.read_exact(&mut octet).unwrap();
        head.extend(octet);
    }
    String::from_utf8(head).unwrap()
}

fn get(client: &Client, url: &str) -> Result<String, Error> {
    Ok(io::read_to_string(client.get(url)?)?)
}

#[test]
fn a_client_gets_https_on_one_connection() {
    let authority = Authority::new();
    let (address, clients) = echo(authority.server(|_| {}));
    let client = Client::new().tls(authority.client());
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{}/a", address.port());
        let put = || client.request(Method::PUT, &url).unwrap();
        let text = |response: Result<ClientResponse, Error>| io::read_to_string(response.unwrap());
        for _ in 0..2 {
            assert_eq!(get(&client, &url).unwrap(), "/a 0");
            assert_eq!(text(put().send_body(b"hello")).unwrap(), "/a 5");
            let chunked = put().send_reader(&[b'x'; 2_000_000][..]);
            assert_eq!(text(chunked).unwrap(), "/a 2000000");
            let sized = put().send_reader_sized(io::repeat(b'x'), 300_000);
            assert_eq!(text(sized).unwrap(), "/a 300000");
            let expect = (FieldName::EXPECT, FieldValue::from_static("100-continue"));
            let expecting = put().field(expect.0, expect.1).send_body(b"hi");
            assert_eq!(text(expecting).unwrap(), "/a 2");
        }
    }
    assert_eq!(clients.lock().unwrap().len(), 2, "one for each host");
}

#[test]
fn http_and_https_of_one_port_share_no_connection() {
    let authority = Authority::new();
    let (address, clients) = echo(authority.server(|_| {}));
    let client = Client::new().tls(authority.client());
    assert_eq!(get(&client, &format!("https://{address}/")).unwrap(), "/ 0");
    let error = get(&client, &format!("http://{address}/")).unwrap_err();
    assert!(error.to_string().contains("TLS arrived in place of HTTP"), "{error}");
    assert_eq!(get(&client, &format!("https://{address}/")).unwrap(), "/ 0");
    assert_eq!(clients.lock().unwrap().len(), 2);
}

/// A row of a table of the page: the case, and what the client says.
fn rows(page: &str) -> Vec<(String, String)> {
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| the server has "));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        (cells[0].to_owned(), cells[1].to_owned())
    })
    .collect()
}

/// Starts a server that does `act` with its one connection.
fn raw(act: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || act(listener.accept().unwrap().0));
    address
}

#[test]
fn each_failure_of_tls_is_told_as_the_page_says() {
    let (authority, other) = (Authority::new(), Authority::new());
    let of = |change: fn(&mut CertificateParams)| echo(authority.server(change)).0;
    let resolver = authority.server(|_| {}).cert_resolver;
    let versions = ServerConfig::builder_with_protocol_versions(&[&rustls::version::TLS12])
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&resolver));
    let mut protocols = authority.server(|_| {});
    protocols.alpn_protocols = vec![b"h2".to_vec()];
    let named = |names: &'static [&str]| {
        echo(authority.server(move |params| {
            params.subject_alt_names = CertificateParams::new(
                names.iter().map(|name| name.to_string()).collect::<Vec<_>>(),
            )
            .unwrap()
            .subject_alt_names;
        }))
        .0
    };
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.der().clone()).unwrap();
    let verifier = rustls::server::WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let wants_certificate =
        ServerConfig::builder().with_client_cert_verifier(verifier).with_cert_resolver(resolver);
    let newest = ClientConfig::builder_with_protocol_versions(&[&rustls::version::TLS13]);
    let newest = newest.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let cases: [(&str, ClientConfig, SocketAddr); 12] = [
        (
            "a certificate that has expired",
            authority.client(),
            of(|params| params.not_after = date_time_ymd(2022, 1, 1)),
        ),
        (
            "a certificate that is not valid yet",
            authority.client(),
            of(|params| params.not_before = date_time_ymd(3022, 1, 1)),
        ),
        (
            "a certificate for another host",
            authority.client(),
            named(&["a.example", "*.b.example"]),
        ),
        ("a certificate for no host", authority.client(), named(&[])),
        (
            "a certificate that it has signed itself, or of an unknown authority",
            other.client(),
            of(|_| {}),
        ),
        (
            "a certificate that is itself one of an authority",
            authority.client(),
            of(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
        ),
        ("no version of TLS that the client has", newest, echo(versions).0),
        ("another protocol than HTTP/1.1", authority.client(), echo(protocols).0),
        (
            "a request for a certificate of the client",
            authority.client(),
            echo(wants_certificate).0,
        ),
        (
            "HTTP without TLS",
            authority.client(),
            raw(|mut stream| {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            }),
        ),
        (
            "a close in the handshake",
            authority.client(),
            raw(|mut stream| _ = stream.read(&mut [0; 4096])),
        ),
        ("a close without the end of TLS", authority.client(), {
            let (url, _) = serving(authority.server(|_| {}), 1, |_, stream| {
                read_head(stream);
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhi").unwrap();
            });
            url.trim_start_matches("https://").trim_end_matches('/').parse().unwrap()
        }),
    ];
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../net/TLS.md");
    let rows = rows(&std::fs::read_to_string(page).unwrap());
    let told = cases.map(|(case, config, address)| {
        let url = format!("https://localhost:{}/", address.port());
        let error = get(&Client::new().tls(config), &url).unwrap_err();
        (case.to_owned(), error.to_string())
    });
    let wrong: String = told
        .iter()
        .filter(|told| !rows.contains(told))
        .map(|(case, told)| format!("| {case} | {told} |\n"))
        .collect();
    assert!(wrong.is_empty(), "the page says something else than:\n{wrong}");
    assert_eq!(rows.len(), told.len());
}

#[test]
fn a_program_finds_the_error_of_rustls() {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (chain, key) = (certificate.cert.pem(), certificate.signing_key.serialize_pem());
    let address = echo(server_config(&chain, &key)).0;
    let client = Client::new().tls(Authority::new().client());
    let Err(Error::Io(error)) = client.get(&format!("https://{address}/")) else { panic!() };
    let error: &TlsError = error.get_ref().unwrap().downcast_ref().unwrap();
    let unknown = rustls::CertificateError::UnknownIssuer;
    assert_eq!(*error.rustls(), rustls::Error::InvalidCertificate(unknown));
}

/// Returns the wait that timed out.
fn timed_out<T: std::fmt::Debug>(result: Result<T, Error>) -> Wait {
    match result.unwrap_err() {
        Error::Peer(PeerError::TimedOut { wait, .. }) => wait,
        error => panic!("{error:?}"),
    }
}

#[test]
fn a_handshake_that_stalls_ends_at_the_connect_timeout() {
    let client = Client::new().tls(Authority::new().client());
    let (short, long) = (Duration::from_millis(100), Duration::from_secs(60));
    for (connect, exchange, wait) in [(short, long, Wait::Handshake), (long, short, Wait::Exchange)]
    {
        let settings = Settings::new().connect_timeout(connect).exchange_timeout(exchange);
        let client = client.clone().settings(settings);
        // One server is silent; another sends a record of 16 KB octet by octet.
        for octets in [&b""[..], b"\x16\x03\x03\x40\x00\x02"] {
            let address = raw(move |mut stream| {
                let start = Instant::now();
                let _ = stream.write_all(octets);
                while start.elapsed() < TIMEOUT
                    && stream.write_all(&octets[..octets.len().min(1)]).is_ok()
                {
                    thread::park_timeout(Duration::from_millis(10));
                }
            });
            let start = Instant::now();
            assert_eq!(timed_out(client.get(&format!("https://{address}/"))), wait);
            let elapsed = start.elapsed();
            assert!(elapsed >= short && elapsed < TIMEOUT / 2, "{elapsed:?}");
        }
    }
}

#[test]
fn timeouts_hold_for_https() {
    let authority = Authority::new();
    let short = Duration::from_millis(100);
    let settings = Settings::new();
    for (settings, sent, waited) in [
        (settings.response_timeout(short), "", Wait::Response),
        (settings.head_timeout(short), "HTTP/1.1 200", Wait::Head),
        (
            settings.body_timeout(short),
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi",
            Wait::Body,
        ),
        (settings.exchange_timeout(short), "HTTP/1.1 200 OK\r\n\r\nhi", Wait::Exchange),
    ] {
        let (url, served) = serving(authority.server(|_| {}), 1, move |_, stream| {
            read_head(stream);
            stream.write_all(sent.as_bytes()).unwrap();
            stream.read(&mut [0]).map(drop)
        });
        let client = Client::new().settings(settings).tls(authority.client());
        assert_eq!(timed_out(get(&client, &url)), waited);
        served.join().unwrap();
    }

    // A server that reads nothing.
    let (url, served) = serving(authority.server(|_| {}), 1, |_, stream| {
        read_head(stream);
        // The test ends the wait.
        stream.sock.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.sock.peek(&mut [0]).unwrap();
        thread::park_timeout(TIMEOUT);
    });
    let client = Client::new().settings(settings.write_timeout(short)).tls(authority.client());
    let request = client.request(Method::PUT, &url).unwrap();
    let result = request.send_reader_sized(io::repeat(b'x'), 100_000_000);
    assert_eq!(timed_out(result), Wait::Write);
    served.thread().unpark();
    served.join().unwrap();
}

const HI: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

#[test]
fn rfc9112_9_8_a_client_ends_tls_before_it_closes() {
    let authority = Authority::new();
    let (url, served) = serving(authority.server(|_| {}), 2, |_, stream| {
        read_head(stream);
        stream.write_all(HI).unwrap();
        // Without the alert this is an error.
        stream.read(&mut [0]).unwrap()
    });
    let client = Client::new().tls(authority.client());
    assert_eq!(get(&client, &url).unwrap(), "hi");
    drop(client);
    // In the middle of a body.
    let client = Client::new().tls(authority.client());
    drop(client.get(&url).unwrap());
    drop(client);
    assert_eq!(served.join().unwrap(), [0, 0]);
}

#[test]
fn rfc9112_9_8_a_body_until_the_close_needs_the_end_of_tls() {
    let authority = Authority::new();
    let (url, served) = serving(authority.server(|_| {}), 3, |number, stream| {
        read_head(stream);
        let head = if number == 2 { HI } else { b"HTTP/1.1 200 OK\r\n\r\nhi" };
        stream.write_all(head).unwrap();
        if number == 0 {
            stream.conn.send_close_notify();
            stream.flush().unwrap();
        }
    });
    let client = Client::new().tls(authority.client());
    assert_eq!(get(&client, &url).unwrap(), "hi");
    let error = get(&client, &url).unwrap_err();
    assert!(error.to_string().contains("RFC 9112 section 9.8"), "{error}");
    assert_eq!(get(&client, &url).unwrap(), "hi", "its length says that it is complete");
    served.join().unwrap();
}

#[test]
fn a_server_that_closes_an_idle_connection_gets_a_new_one() {
    let authority = Authority::new();
    // The first connection is closed before the second request, the second one behind it: each
    // without the alert that ends TLS.
    let (url, served) = serving(authority.server(|_| {}), 3, |number, stream| {
        read_head(stream);
        stream.write_all(HI).unwrap();
        if number == 1 {
            read_head(stream);
        }
    });
    let client = Client::new().tls(authority.client());
    for _ in 0..3 {
        assert_eq!(get(&client, &url).unwrap(), "hi");
    }
    served.join().unwrap();
}

#[test]
fn the_application_protocol_is_http_1_1() {
    let authority = Authority::new();
    let mut config = authority.server(|_| {});
    config.alpn_protocols = ["h2", "http/1.1"].map(|name| name.as_bytes().to_vec()).into();
    let (url, served) = serving(config, 1, |_, stream| {
        read_head(stream);
        stream.write_all(HI).unwrap();
        stream.conn.alpn_protocol().map(<[u8]>::to_vec)
    });
    let mut config = authority.client();
    config.alpn_protocols = vec![b"h2".to_vec()];
    assert_eq!(get(&Client::new().tls(config), &url).unwrap(), "hi");
    assert_eq!(served.join().unwrap(), [Some(b"http/1.1".to_vec())]);
}

#[test]
fn a_host_that_no_certificate_is_for_is_an_error() {
    let client = Client::new().tls(Authority::new().client());
    let client = client.connector(move |origin, _| {
        let stream = TcpStream::connect(raw(|mut stream| _ = stream.read(&mut [0; 4096])))?;
        let config = Arc::new(Authority::new().client());
        Ok(Box::new(TlsStream::connect(&config, origin.host(), stream)?))
    });
    // An address may have a zone, and a name may not: the handshake of the first one fails.
    for (url, told) in [
        ("https://[fe80::1%25eth0]/", "the server closed the connection in the TLS handshake"),
        ("https://a%41b/", "a%41b is not a host of a certificate"),
    ] {
        let error = client.get(url).unwrap_err().to_string();
        assert!(error.starts_with(told), "{url}: {error}");
    }
    let error = client.get("https://a~b/").unwrap_err();
    let told = "a~b is not a host of a certificate (RFC 9110 section 4.3.4): use a URL with a DNS \
                name or an IP address";
    assert_eq!(error.to_string(), told);
}

/// The system's own certificates are those of this file on Linux.
#[cfg(target_os = "linux")]
#[test]
fn by_default_a_client_trusts_the_authorities_of_the_system() {
    let authority = Authority::new();
    let address = echo(authority.server(|_| {})).0;
    let url = format!("https://localhost:{}/a", address.port());
    let file = std::env::temp_dir().join(format!("bareline-ca-{}.pem", std::process::id()));
    for (authority, told) in [
        (authority.certificate.pem(), "/a 0"),
        (Authority::new().certificate.pem(), "is issued by no authority that is trusted here"),
        (String::new(), "cannot read which authorities the system trusts: "),
    ] {
        std::fs::write(&file, authority).unwrap();
        let mut fetch = crate::example("fetch");
        let fetched =
            crate::run(fetch.arg(&url).env("SSL_CERT_FILE", &file).env_remove("SSL_CERT_DIR"));
        let printed = crate::text(&[fetched.stdout, fetched.stderr].concat());
        assert!(printed.contains(told), "{told}: {printed}");
        assert!(!printed.contains("failed to read"), "{printed}");
    }

    // A file that is missing, alone and beside a folder that has another authority.
    let folder = file.with_extension("d");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("other.pem"), Authority::new().certificate.pem()).unwrap();
    let missing = folder.join("missing.pem");
    let told = format!(
        "failed to read PEM from file: No such file or directory (os error 2) at '{}': correct \
         SSL_CERT_FILE or SSL_CERT_DIR",
        missing.display()
    );
    for folder in [None, Some(&folder)] {
        let mut fetch = crate::example("fetch");
        let fetch = fetch.arg(&url).env("SSL_CERT_FILE", &missing).env_remove("SSL_CERT_DIR");
        let fetched = crate::run(fetch.envs(folder.map(|folder| ("SSL_CERT_DIR", folder))));
        let printed = crate::text(&fetched.stderr);
        assert!(printed.contains(&told), "{folder:?}: {printed}");
    }
    std::fs::remove_file(file).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}
