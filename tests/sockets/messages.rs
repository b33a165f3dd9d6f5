//! A test of the messages that people read: `messages.md` is compared with what is printed.

use crate::{Program, TIMEOUT, example, exchange_all, next, run, text};
use bareline_core::{FieldName, FieldSpans, FieldValue, Method, Target};
use bareline_net::{
    Client, ClientStream, Datagram, Error, ServerStream, Settings, UdpPeer, Untimed,
};
use std::fmt::{Debug, Write as _};
use std::io::{self, Cursor, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::{fs, thread};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/messages.md");

/// Starts a server that reads a head, sends these octets and closes. Returns its address.
fn scripted(octets: &[u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let octets = octets.to_vec();
    thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let (mut head, mut piece) = (Vec::new(), [0; 4096]);
        // If nothing arrives, the request could not be sent.
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut piece) {
                Ok(count @ 1..) => head.extend_from_slice(&piece[..count]),
                _ => return,
            }
        }
        stream.write_all(&octets).unwrap();
    });
    address
}

/// Returns what `fetch` prints for these arguments and this URL.
fn fetched(arguments: &[&str], url: &str) -> String {
    let output = run(example("fetch").args(arguments).arg(url));
    let (printed, told) = (text(&output.stdout), text(&output.stderr));
    match told.strip_prefix(&format!("fetch: GET {url}: ")) {
        Some(told) => format!("{printed}{}", told.trim_end()),
        None => format!("{printed}{told}"),
    }
}

/// Returns the cell of the page that shows these octets.
fn shown(octets: &[u8]) -> String {
    match octets.escape_ascii().to_string() {
        none if none.is_empty() => "nothing".to_owned(),
        shown if shown.len() > 100 => format!("`{}...`, {} octets", &shown[..40], octets.len()),
        shown => format!("`{shown}`"),
    }
}

/// Appends a table with these rows.
fn table(
    page: &mut String,
    title: &str,
    columns: [&str; 2],
    rows: impl IntoIterator<Item = (String, String)>,
) {
    let [first, second] = columns;
    write!(page, "\n## {title}\n\n| {first} | {second} |\n|---|---|\n").unwrap();
    for (case, message) in rows {
        let cells = [case, message].map(|cell| cell.replace('|', "\\|"));
        writeln!(page, "| {} | {} |", cells[0], cells[1]).unwrap();
    }
}

fn what_a_server_sends(page: &mut String) {
    const OK: &str = "HTTP/1.1 200 OK\r\n";
    let head_too_long = format!("{OK}A: {}\r\n\r\n", "x".repeat(65_536));
    let too_many_fields = format!("{OK}{}\r\n", "a:\r\n".repeat(129));
    let chunked = |body: &str| format!("{OK}Transfer-Encoding: chunked\r\n\r\n{body}").into_bytes();
    let responses: [&[u8]; 25] = [
        b"",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nServ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"\x16\x03\x03\x00\x31\x02",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
        b"ICY 200 OK\r\n\r\n",
        b"220 mail.example ESMTP\r\n",
        b"+OK ready\r\n",
        b"Hello from finger\r\n",
        b"HTTPS/1.1 200 OK\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"HTTP/2 200 \r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
        &chunked("5 \r\nhello\r\n0\r\n\r\n"),
        &chunked("5\r\nhello0\r\n\r\n"),
        head_too_long.as_bytes(),
        too_many_fields.as_bytes(),
    ];
    let rows = responses
        .map(|octets| (shown(octets), fetched(&[], &format!("http://{}/", scripted(octets)))));
    table(page, "`fetch`, and what a server sends before it closes", ["sent", "printed"], rows);

    let heads = [("of 9,000 octets", 9_000), ("of 70,000 octets", 70_000)].map(|(name, len)| {
        let url =
            format!("http://{}/", scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
        (name.to_owned(), fetched(&["-H", &format!("X: {}", "x".repeat(len))], &url))
    });
    table(page, "`fetch`, and a request head that is long", ["field", "printed"], heads);
}

/// Appends the table of a client's limits, since `fetch` has no limit of its own.
fn what_a_client_limits(page: &mut String) {
    let client = Client::new().settings(Settings::new().body_limit(2));
    let responses =
        [&b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi!"[..], b"HTTP/1.1 200 OK\r\n\r\nhi!"];
    let rows = responses.map(|octets| {
        let response = client.get(&format!("http://{}/", scripted(octets)));
        let read = response.and_then(|response| Ok(io::read_to_string(response)?));
        (shown(octets), read.unwrap_err().to_string())
    });
    table(page, "`Client` with a `body_limit` of 2", ["sent", "error"], rows);
}

fn urls(page: &mut String) {
    let urls = [
        "ftp://localhost/",
        "localhost:8080/",
        "http:/localhost/",
        "http://",
        "http:///a",
        "http://:80/",
        "http://a b/",
        "http://m\u{fc}nchen.invalid/",
        "http://a_b\"c/",
        "http://a{b/",
        "http://a\\b/",
        "http://a%/",
        "http://localhost:80:80/",
        "http://user:secret@localhost/",
        "http://[fe80::1%eth0]/",
        "http://[fe80::1%25nope]/",
        "http://[::1/",
        "http://[::g]/",
        "http://::1/",
        "http://localhost:99999/",
        "http://localhost:http/",
        "http://localhost:-1/",
    ];
    table(
        page,
        "`fetch`, and its URL",
        ["URL", "printed"],
        urls.map(|url| (format!("`{url}`"), fetched(&[], url))),
    );
}

fn what_a_client_sends(page: &mut String) {
    const PUT: &str = "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    let spaces = format!("{PUT}5 \r\nhello\r\n0\r\n\r\n");
    let requests: [&[u8]; 9] = [
        hello,
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / http/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        b"options * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"m-search * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n",
        spaces.as_bytes(),
    ];
    // The response, and what the program prints after its name and the client's address.
    let served = |server: &Program, octets| {
        let response = exchange_all(server.tcp(), octets);
        let line = next(&server.notes);
        let (_, line) = line.split_once(": 127.0.0.1:").unwrap();
        let line = line.trim_start_matches(|digit: char| digit.is_ascii_digit());
        (response, format!("`{}`", line.trim_start_matches(':').trim_start()))
    };
    let server = Program::start("tcp_server");
    let tcp = requests.map(|octets| (octets, served(&server, octets)));
    let responses = tcp.clone().map(|(octets, (response, _))| {
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (shown(octets), format!("{}: {}", &head["HTTP/1.1 ".len()..][..3], body.trim_end()))
    });
    table(page, "`tcp_server`, and what a client sends", ["sent", "response"], responses);
    let printed = tcp.map(|(octets, (_, line))| (shown(octets), line));
    let title = "What `tcp_server` prints, after the client's address";
    table(page, title, ["sent", "printed"], printed);
    let server = Program::start("http_server");
    let logged = requests.map(|octets| (shown(octets), served(&server, octets).1));
    table(page, "The log of `http_server`, after the client's address", ["sent", "logged"], logged);
}

fn datagrams(page: &mut String) {
    let mut server = UdpPeer::bind("127.0.0.1:0").unwrap();
    let mut client = UdpPeer::connect(server.local_addr().unwrap()).unwrap();
    let mut buffer = [0; 64];
    fn told<T: Debug>(read: Result<T, Error>) -> String {
        read.unwrap_err().to_string()
    }
    type Read = fn(Datagram<'_>) -> String;
    let request: Read = |datagram| told(datagram.request(FieldSpans::<2>::new().lend()));
    let response: Read =
        |datagram| told(datagram.response(Method::GET, FieldSpans::<2>::new().lend()));
    let cases: [(&str, Read, &[u8]); 13] = [
        ("request", request, b""),
        ("request", request, b"M-SEARCH * HTTP/1.1\r\nHost: a\r\n"),
        ("request", request, b"M-SEARCH * HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nhi"),
        ("request", request, b"M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\nand something else"),
        (
            "request",
            request,
            b"M-SEARCH * HTTP/1.1\r\nHost: a\r\nA: longer than 64 octets, as this one is\r\n\r\n",
        ),
        ("request", request, b"M-SEARCH * HTTP/1.1\nHost: a\n\n"),
        ("request", request, b"m-search * HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("request", request, b"udp request"),
        ("response", response, b""),
        ("response", response, b"HTTP/1.1 200 OK\r\nA: b\r\n"),
        ("response", response, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi"),
        (
            "response",
            response,
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n",
        ),
        ("response", response, b"HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\nE: f\r\n\r\n"),
    ];
    let rows = cases.map(|(kind, read, octets)| {
        client.send(octets).unwrap();
        (
            format!("{kind} {}", shown(octets)),
            read(server.receive_within(TIMEOUT, &mut buffer).unwrap()),
        )
    });
    table(
        page,
        "A datagram, read with a buffer of 64 octets and two `FieldSpans`",
        ["received", "error"],
        rows,
    );

    let to = client.local_addr().unwrap();
    let lower = Method::new("m-search").unwrap();
    let lower = server.send_request_to(lower, Target::ASTERISK, to, |head| head.without_body());
    let long = server.send_request_to(Method::OPTIONS, Target::ASTERISK, to, |head| {
        head.field(FieldName::HOST, FieldValue::from_static("a"))?.body(&[b'x'; 9_000])
    });
    let rows = [("request `m-search *`", lower), ("request with a body of 9,000 octets", long)];
    let rows = rows.map(|(case, sent)| (case.to_owned(), told(sent)));
    table(page, "A datagram that is sent", ["sent", "error"], rows);
}

fn upgrades(page: &mut String) {
    let transport = || Untimed(Cursor::new(Vec::new()));
    let server = ServerStream::new(transport()).into_upgraded().err();
    let client = ClientStream::new(transport(), "a").into_upgraded().err();
    let rows = [("`ServerStream`", server), ("`ClientStream`", client)];
    let rows = rows.map(|(case, error)| (case.to_owned(), error.unwrap().to_string()));
    table(page, "`into_upgraded` without a switch", ["stream", "error"], rows);
}

fn programs(page: &mut String) {
    let cases = ["tcp_server", "http_server", "udp_server", "sans_io", "tcp_client", "udp_client"]
        .map(|name| [name, "8080"])
        .into_iter()
        .chain([
            ["tcp_server", "127.0.0.1"],
            ["tcp_server", "127.0.0.1:99999"],
            ["tcp_client", "http://localhost/"],
        ]);
    let rows = cases.map(|[name, address]| {
        let output = run(example(name).arg(address));
        assert_eq!(
            (output.status.code(), &*output.stdout),
            (Some(1), &b""[..]),
            "{name} {address}"
        );
        (format!("`{name} {address}`"), text(&output.stderr).trim_end().to_owned())
    });
    table(
        page,
        "Programs, and an invalid address",
        ["command", "printed"],
        rows.collect::<Vec<_>>(),
    );
}

#[test]
fn what_people_read_is_what_the_page_says() {
    let mut page = "# Messages\n\nThe error messages of the crates and programs. `messages.rs` \
                    compares this page with them.\n"
        .to_owned();
    what_a_server_sends(&mut page);
    what_a_client_limits(&mut page);
    urls(&mut page);
    what_a_client_sends(&mut page);
    datagrams(&mut page);
    upgrades(&mut page);
    programs(&mut page);
    let written = Path::new(env!("CARGO_TARGET_TMPDIR")).join("messages.md");
    fs::write(&written, &page).unwrap();
    for (line, expected) in page.lines().zip(fs::read_to_string(PAGE).unwrap_or_default().lines()) {
        assert_eq!(
            line,
            expected,
            "{PAGE} says otherwise; {} has what is printed",
            written.display()
        );
    }
    assert!(
        page == fs::read_to_string(PAGE).unwrap_or_default(),
        "{PAGE} is not {}",
        written.display()
    );
}
