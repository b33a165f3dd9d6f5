//! Tests of the example programs, as a person runs them.

use crate::{
    Program, TIMEOUT, connect, example, exchange, exchange_all, free_address, next, read_all, run,
    text,
};
use bareline_net::{Client, UdpPeer};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

pub(crate) const RESPONSE: &str = "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nTCP connection";

#[test]
fn the_articles_tcp_programs_do_as_the_article_says() {
    let server = Program::start("tcp_server");
    let client = run(example("tcp_client").arg(&server.address));
    assert_eq!(text(&client.stdout), "HTTP/1.0 200 OK\nConnection: close\n\nTCP connection\n");
    assert!(client.status.success());
    let agent = concat!("User-Agent: bareline/", env!("CARGO_PKG_VERSION"));
    for line in ["GET / HTTP/1.1", &format!("Host: {}", server.address), agent, "", ""] {
        assert_eq!(next(&server.output), line);
    }
    assert_eq!(
        exchange(server.tcp(), b"HEAD / HTTP/1.0\r\n\r\n"),
        "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n"
    );
}

/// An invalid body gets an error response too, and a connection without a request is no error.
#[test]
fn the_articles_server_prints_what_ends_a_connection() {
    let server = Program::start("tcp_server");
    let put = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(exchange_all(server.tcp(), b""), "");
    for (sent, printed) in [
        ("GET / HTTP/1.1\n", "line ended by LF alone at octet 14"),
        (&*format!("{put}1\na"), "line ended by LF alone at octet 1"),
        (&*format!("{put}1\r\na"), "the client closed the connection in mid-request"),
    ] {
        let response = exchange_all(server.tcp(), sent.as_bytes());
        assert!(response.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{sent}: {response}");
        assert_eq!(response.matches("HTTP/1.1").count(), 1, "{sent}: {response}");
        let line = next(&server.notes);
        assert!(line.starts_with("tcp_server: 127.0.0.1:") && line.contains(printed), "{line}");
    }
    // An error is printed at once, though the connection stays open until the client closes too.
    let mut client = connect(server.tcp());
    client.write_all(b"GET / HTTP/1.1\n").unwrap();
    server.notes.recv_timeout(TIMEOUT / 5).unwrap();
    assert_eq!(exchange(server.tcp(), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), RESPONSE);
    assert_eq!(next(&server.output), "GET / HTTP/1.1");
}

#[test]
fn the_articles_udp_programs_do_as_the_article_says() {
    let server = Program::start("udp_server");
    let client = run(example("udp_client").arg(&server.address));
    assert_eq!(
        (text(&client.stdout), client.status.code()),
        ("Received: udp server\n".to_owned(), Some(0))
    );
    assert!(next(&server.output).ends_with(" udp request"));

    let mut peer = UdpPeer::connect(&server.address).unwrap();
    let mut buffer = [0; 1024];
    for (sent, shown) in [(&b""[..], " "), (b"a\n\x1b", " a\\n\\x1b"), (&[b'x'; 1030], "x")] {
        peer.send(sent).unwrap();
        assert_eq!(peer.receive_within(TIMEOUT, &mut buffer).unwrap().octets, b"udp server");
        let line = next(&server.output);
        assert!(line.ends_with(shown), "{line:?}");
    }
    assert!(next(&server.notes).ends_with(": 6 octets cut off"));
}

/// Two requests, the second with a chunked body, and an invalid one.
const THREE_REQUESTS: &[u8] = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n\
    PUT /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET\r\n";

fn check_three_responses(responses: &str) {
    let [first, second, third] = responses.split("HTTP/1.1 ").skip(1).collect::<Vec<_>>()[..]
    else {
        panic!("{responses}")
    };
    assert_eq!(first, "200 OK\r\nContent-Length: 17\r\n\r\nGET /a, 0 octets\n");
    assert_eq!(second, "200 OK\r\nContent-Length: 17\r\n\r\nPUT /b, 3 octets\n");
    assert!(third.starts_with("400 Bad Request\r\n"), "{third}");
}

#[test]
fn the_bare_loop_serves_a_pipe_and_a_socket() {
    let mut child =
        example("sans_io").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(THREE_REQUESTS).unwrap();
    check_three_responses(&text(&child.wait_with_output().unwrap().stdout));

    let server = Program::start("sans_io");
    check_three_responses(&exchange(server.tcp(), THREE_REQUESTS));
    let mut octet_by_octet = connect(server.tcp());
    octet_by_octet.set_nodelay(true).unwrap();
    THREE_REQUESTS.iter().for_each(|&octet| octet_by_octet.write_all(&[octet]).unwrap_or_default());
    check_three_responses(&read_all(octet_by_octet));

    // A client may wait for a 100.
    let mut waits = connect(server.tcp());
    let head = "PUT /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n";
    waits.write_all(format!("{head}Expect: 100-continue\r\n\r\n").as_bytes()).unwrap();
    let mut interim = [0; 25];
    waits.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    waits.write_all(b"abc").unwrap();
    assert!(read_all(waits).ends_with("\r\n\r\nPUT /b, 3 octets\n"));

    let path = "x".repeat(1900);
    let long = format!("GET /{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let response = exchange(server.tcp(), long.as_bytes());
    assert!(response.ends_with(&format!("\r\n\r\nGET /{path}, 0 octets\n")), "{response}");

    // The reset of one client does not end the program.
    let mut reset = connect(server.tcp());
    reset.write_all(b"GET / HT").unwrap();
    socket2::SockRef::from(&reset).set_linger(Some(Duration::ZERO)).unwrap();
    drop(reset);
    check_three_responses(&exchange(server.tcp(), THREE_REQUESTS));
}

#[test]
fn a_failure_is_printed_in_one_line() {
    // Nothing listens at the first address; this test listens at the other one.
    let free = free_address().to_string();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    for (name, address, code) in [
        ("tcp_client", &*free, 1),
        ("tcp_server", &*taken, 1),
        ("tcp_server", "no-such-host.invalid:80", 1),
        ("tcp_client", "no-such-host.invalid:80", 1),
        ("udp_server", "no-such-host.invalid:80", 1),
        ("udp_client", "no-such-host.invalid:80", 1),
        ("udp_client", &*free, 1),
        ("tcp_client", "no port", 1),
        ("tokio_server", &*taken, 1),
    ] {
        let output = run(example(name).arg(address));
        let told = text(&output.stderr);
        assert_eq!(
            (output.status.code(), told.lines().count(), &*output.stdout),
            (Some(code), 1, &b""[..]),
            "{name} {address}: {told}"
        );
        assert!(told.starts_with(&format!("{name}: ")) && told.contains(address), "{told}");
    }
    for name in ["tcp_server", "tcp_client", "udp_server", "udp_client"] {
        assert_eq!(run(example(name).arg("--no-such-option")).status.code(), Some(2));
        assert_eq!(run(example(name).arg("--help")).status.code(), Some(0));
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_server_cleanly() {
    for name in ["tcp_server", "udp_server", "http_server"] {
        let mut server = Program::start(name);
        run(Command::new("kill").args(["-INT", &server.child.id().to_string()]));
        assert_eq!(server.child.wait().unwrap().code(), Some(0), "{name}");
    }
}

#[test]
fn ssdp_finds_what_it_announces() {
    let server = Program::of(example("ssdp").args(["serve", "--to", "127.0.0.1:0"]));
    // Each search lasts three seconds.
    let (found, none) = thread::scope(|scope| {
        let none = scope.spawn(|| run(example("ssdp").args(["search", "--to", "127.0.0.1:9"])));
        (run(example("ssdp").args(["search", "--to", &server.address])), none.join().unwrap())
    });
    let device = "urn:bareline:device:example:1 http://127.0.0.1:8080/";
    assert_eq!(
        (text(&found.stdout), text(&found.stderr)),
        (format!("{} {device}\n", server.address), String::new())
    );
    assert_eq!(found.status.code(), Some(0));
    assert!(next(&server.output).ends_with(" M-SEARCH ssdp:all"));

    // An invalid message is logged, and a search for another device gets no response.
    let mut peer = UdpPeer::connect(&server.address).unwrap();
    peer.send(b"M-SEARCH * HTTP/1.1\n\n").unwrap();
    assert!(next(&server.notes).contains("line ended by LF alone"));
    peer.send(b"M-SEARCH * HTTP/1.1\r\nHost: a\r\nST: other\r\n\r\n").unwrap();
    assert!(next(&server.output).ends_with(" M-SEARCH other"));
    assert!(peer.receive_within(Duration::from_millis(50), &mut [0; 10]).is_err());

    assert_eq!((none.status.code(), text(&none.stdout)), (Some(1), String::new()));
    assert_eq!(
        run(example("ssdp").args(["search", "--interface", "192.0.2.77"])).status.code(),
        Some(1)
    );
}

#[test]
fn the_tls_server_reads_its_certificate_from_files() {
    use bareline_net::rustls::pki_types::{CertificateDer, pem::PemObject};
    use bareline_net::rustls::{ClientConfig, RootCertStore};
    let folder = crate::peers::folder("tls");
    let command = || {
        let mut command = example("tls");
        command.arg("127.0.0.1:0").current_dir(&folder);
        command
    };
    let key = folder.join("bareline-key.pem");
    // A key without a certificate is replaced, and others can read this one.
    std::fs::write(&key, "").unwrap();
    for _ in 0..2 {
        // The first one makes the files.
        let server = Program::of(&mut command());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(folder.join("bareline.pem")).unwrap()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let url = format!("https://localhost:{}/", server.tcp().port());
        let response = Client::new().tls(config).get(&url).unwrap();
        assert_eq!(std::io::read_to_string(response).unwrap(), "TLS connection\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&key).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "others can read the key");
        }
        // A client without TLS does no harm.
        let sent = exchange(server.tcp(), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(!sent.contains("HTTP"), "{sent}");
    }
    let rejects_key = || {
        let output = run(&mut command());
        let printed = text(&output.stderr);
        assert!(
            output.status.code() == Some(1) && printed.contains("bareline-key.pem"),
            "{printed}"
        );
    };
    std::fs::write(&key, "").unwrap();
    rejects_key();
    std::fs::remove_file(&key).unwrap();
    rejects_key();
    std::fs::remove_dir_all(folder).unwrap();
}
