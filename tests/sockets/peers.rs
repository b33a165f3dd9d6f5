//! Tests with other people's programs as peers.
//!
//! A test is skipped, with a message, if its program is not installed.

use crate::programs::RESPONSE;
use crate::{Program, lines, next, peak_memory, run, skip, text};
use bareline_core::{FieldName, FieldValue, Method, Status, Target};
use bareline_net::{ClientStream, Error, Settings};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Returns whether the program is installed; if not, prints that the test is skipped.
pub(crate) fn has(program: &str, version: &str) -> bool {
    // Some programs fail when asked for their version.
    let is_there = Command::new(program).arg(version).output().is_ok();
    if !is_there {
        skip(&format!("{program} is not installed"));
    }
    is_there
}

/// Returns a folder for this test alone.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Returns what a program prints that exits with success, within a timeout.
pub(crate) fn output(command: &mut Command) -> String {
    let output = run(command);
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

pub(crate) fn curl(arguments: &[&str]) -> String {
    output(Command::new("curl").args(["-sS", "--max-time", "60"]).args(arguments))
}

#[test]
fn curl_gets_the_response_of_the_article() {
    if !has("curl", "--version") {
        return;
    }
    let server = Program::start("tcp_server");
    let curl = |arguments: &[&str]| curl(&[arguments, &[&server.address]].concat());
    assert_eq!(curl(&["-i"]), RESPONSE);
    assert_eq!(next(&server.output), "GET / HTTP/1.1");
    assert_eq!(next(&server.output), format!("Host: {}", server.address));
    assert!(next(&server.output).starts_with("User-Agent: curl/"));
    assert_eq!(curl(&["-I"]), "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n");
    assert_eq!(curl(&["--data", "a=b"]), "TCP connection");
    assert_eq!(curl(&["-H", "Expect: 100-continue", "--data", "a=b"]), "TCP connection");
    assert_eq!(curl(&["-H", "Transfer-Encoding: chunked", "--data", "a=b"]), "TCP connection");
}

#[test]
fn curl_uses_each_route_of_the_server() {
    if !has("curl", "--version") {
        return;
    }
    let server = Program::start_telling("http_server");
    let url = |path: &str| format!("http://{}{path}", server.address);
    assert!(
        curl(&["-H", "X: <&\"", &url("/?a=b")])
            .contains("<tr><th>X</th><td>&lt;&amp;&quot;</td></tr>")
    );
    let head = curl(&["-I", &url("/")]);
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("\r\nContent-Length: "),
        "{head}"
    );
    assert_eq!(curl(&["--data", "a=b", &url("/echo")]), "a=b");
    let chunked = curl(&["-i", "-H", "Transfer-Encoding: chunked", "--data", "a=b", &url("/echo")]);
    assert!(
        chunked.contains("\r\nTransfer-Encoding: chunked\r\n") && chunked.ends_with("a=b"),
        "{chunked}"
    );
    assert_eq!(
        curl(&["-o", "/dev/null", "-w", "%{size_download}", &url("/stream?n=3")]),
        "3000000"
    );
    assert_eq!(
        curl(&["-0", "-o", "/dev/null", "-w", "%{size_download}", &url("/stream?n=3")]),
        "3000000"
    );
    assert_eq!(curl(&[&url("/slow")]), "one\ntwo\nthree\nfour\n");
    assert_eq!(curl(&["-w", "%{http_code}", &url("/status/404")]), "Not Found\n404");
    assert_eq!(curl(&["-w", "%{http_code}", &url("/status/204")]), "204");
    assert_eq!(curl(&["-o", "/dev/null", "-w", "%{http_code}", &url("/status/100")]), "400");
    assert_eq!(curl(&["-o", "/dev/null", "-w", "%{http_code}", &url("/nowhere")]), "404");
    for told in [
        " GET /?a=b HTTP/1.1 200 OK, ",
        " HEAD / HTTP/1.1 200 OK, ",
        " POST /echo HTTP/1.1 200 OK, ",
    ] {
        let line = next(&server.notes);
        assert!(
            line.starts_with("http_server: 127.0.0.1:")
                && line.contains(told)
                && line.ends_with(" ms"),
            "{line}"
        );
    }
}

#[test]
fn curl_gets_three_urls_on_one_connection() {
    if !has("curl", "--version") {
        return;
    }
    let server = Program::start_telling("http_server");
    let url = |path: &str| format!("http://{}{path}", server.address);
    let seen = curl(&[
        "-w",
        "%{num_connects} ",
        &url("/status/404"),
        "--data",
        "x",
        &url("/echo"),
        &url("/status/200"),
    ]);
    // The three requests open one, no and no new connection.
    assert_eq!(seen.split_whitespace().filter(|word| word.ends_with('0')).count(), 2, "{seen}");
    let clients: Vec<_> =
        (0..3).map(|_| next(&server.notes).split(' ').nth(1).unwrap().to_owned()).collect();
    assert!(clients.iter().all(|client| *client == clients[0]), "{clients:?}");
}

#[test]
fn curl_waits_for_the_100_and_gets_it() {
    if !has("curl", "--version") {
        return;
    }
    let server = Program::start("http_server");
    let url = format!("http://{}/echo", server.address);
    // curl would send the body without a 100 after 50 s, and is stopped before.
    let arguments =
        ["-v", "--expect100-timeout", "50", "-H", "Expect: 100-continue", "--data", "hello", &url];
    let output = run(Command::new("curl").args(["-sS", "--max-time", "40"]).args(arguments));
    let (notes, body) = (text(&output.stderr), text(&output.stdout));
    assert!(
        notes.contains("< HTTP/1.1 100 Continue") && notes.contains("< HTTP/1.1 200 OK"),
        "{notes}"
    );
    assert_eq!(body, "hello");
}

/// The memory that a server may take for bodies of 100 MB, in KB.
const FLAT: u64 = 30_000;

#[test]
fn curl_moves_100_mb_up_and_down_and_the_memory_stays_flat() {
    if !has("curl", "--version") {
        return;
    }
    let folder = folder("curl");
    let file = folder.join("100 MB");
    File::create(&file).unwrap().set_len(100_000_000).unwrap();
    let file = file.to_str().unwrap();
    let server = Program::start("http_server");
    let url = |path: &str| format!("http://{}{path}", server.address);
    let sizes = "%{size_upload} %{size_download} %{http_code}";
    let up_and_down = ["-o", "/dev/null", "-w", sizes, "-T", file, &url("/echo")];
    assert_eq!(curl(&up_and_down), "100000000 100000000 200");
    // curl's count of uploaded octets includes the chunk lines.
    let chunked = curl(&[&["-H", "Transfer-Encoding: chunked"], &up_and_down[..]].concat());
    assert!(chunked.ends_with(" 100000000 200"), "{chunked}");
    assert_eq!(curl(&["-o", "/dev/null", "-w", sizes, &url("/stream?n=100")]), "0 100000000 200");
    fs::remove_dir_all(folder).unwrap();
    if let Some(peak) = peak_memory(&server.child) {
        assert!(peak < FLAT, "the server took {peak} KB");
    }
}

/// Many requests on one connection, in Python's ways to write them.
const PYTHON_CLIENT: &str = r#"
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], timeout=20)
def get(method, path, **more):
    connection.request(method, path, **more)
    response = connection.getresponse()
    return response.status, response.read()
assert get("GET", "/status/404") == (404, b"Not Found\n")
assert get("HEAD", "/stream?n=1") == (200, b"")
assert get("POST", "/echo", body=b"a=b") == (200, b"a=b")
assert get("POST", "/echo", body=iter([b"one", b"two"]), encode_chunked=True) == (200, b"onetwo")
assert len(get("GET", "/stream?n=2")[1]) == 2000000
assert get("GET", "/status/204") == (204, b"")
status, page = get("GET", "/")
assert status == 200 and b"Accept-Encoding" in page
print("one connection:", connection.sock.getsockname()[1])
"#;

#[test]
fn pythons_client_is_served() {
    if !has("python3", "--version") {
        return;
    }
    let server = Program::start_telling("http_server");
    let printed = output(Command::new("python3").args(["-c", PYTHON_CLIENT, &server.address]));
    let port = printed.trim().strip_prefix("one connection: ").unwrap();
    for _ in 0..7 {
        let line = next(&server.notes);
        assert!(line.starts_with(&format!("http_server: 127.0.0.1:{port} ")), "{line}");
    }
}

/// A server that prints its address, and is killed on drop.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = lines(child.stdout.take().unwrap());
        Self { child, address: next(&output).trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves a folder on a free port, in HTTP/1.1 with persistent connections.
const PYTHON_SERVER: &str = r#"
import functools, http.server, sys
handler = http.server.SimpleHTTPRequestHandler
handler.protocol_version = "HTTP/1.1"
handler.log_message = lambda *_: None
handler_of = functools.partial(handler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of)
print("127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
"#;

fn get<S: bareline_net::Transport>(
    client: &mut ClientStream<S>,
    method: Method<'_>,
    target: &str,
) -> Result<(Status, Vec<u8>), Error> {
    let mut response = client.request(method, Target::new(target)?, &[], b"")?;
    let mut body = Vec::new();
    response.body.read_to_end(&mut body)?;
    Ok((response.head.status(), body))
}

#[test]
fn pythons_server_is_asked() {
    if !has("python3", "--version") {
        return;
    }
    let folder = folder("python");
    fs::write(folder.join("file"), "content").unwrap();
    let server = Server::start(Command::new("python3").args(["-c", PYTHON_SERVER]).arg(&folder));
    let mut client = ClientStream::connect(&server.address).unwrap();
    for _ in 0..2 {
        assert_eq!(
            get(&mut client, Method::GET, "/file").unwrap(),
            (Status::OK, b"content".to_vec())
        );
        assert_eq!(get(&mut client, Method::HEAD, "/file").unwrap(), (Status::OK, vec![]));
        let (status, page) = get(&mut client, Method::GET, "/").unwrap();
        assert!(status == Status::OK && text(&page).contains("file"));
    }
    let (status, _) = get(&mut client, Method::GET, "/nowhere").unwrap();
    assert_eq!((status, client.is_open()), (Status::NOT_FOUND, false), "it closes after an error");
    drop(server);
    fs::remove_dir_all(folder).unwrap();
}

/// Builds Go's client and server, and returns the program.
pub(crate) fn go(folder: &Path) -> PathBuf {
    let program = folder.join("peer");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/peer.go");
    output(
        Command::new("go")
            .args(["build", "-o"])
            .arg(&program)
            .arg(source)
            .env("GO111MODULE", "off"),
    );
    program
}

#[test]
fn gos_client_is_served_with_trailers() {
    if !has("go", "version") {
        return;
    }
    let folder = folder("go-client");
    let server = Program::start("http_server");
    assert_eq!(
        output(Command::new(go(&folder)).args(["client", &server.address])),
        "trailers, one connection\n"
    );
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn gos_server_is_asked_with_trailers() {
    if !has("go", "version") {
        return;
    }
    let folder = folder("go-server");
    let server = Server::start(Command::new(go(&folder)).arg("server"));
    let mut client = ClientStream::connect(&server.address).unwrap();
    for _ in 0..2 {
        let expect = (FieldName::EXPECT, FieldValue::from_static("100-continue"));
        let mut body = client
            .begin(Method::PUT, Target::ROOT, |head| head.fields(&[expect])?.chunked())
            .unwrap();
        for _ in 0..100 {
            body.write_all(&[b'x'; 1000]).unwrap();
        }
        let mut response = body
            .finish_with(&[(FieldName::from_static("Ours"), FieldValue::from_static("1"))])
            .unwrap();
        assert_eq!(io::read_to_string(&mut response.body).unwrap(), "100000 octets");
        let trailers: Vec<_> = response
            .body
            .trailers()
            .iter()
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        assert_eq!(trailers, ["Theirs: \"1\""], "it has seen ours, and sends its own");
    }
    drop(server);
    fs::remove_dir_all(folder).unwrap();
}

/// An origin in one process, on a Unix socket, which needs no port.
pub(crate) const NGINX: &str =
    "daemon off; master_process off; pid FOLDER/pid; error_log FOLDER/error.log;
events {}
http {
    access_log off; client_body_temp_path FOLDER; proxy_temp_path FOLDER; fastcgi_temp_path \
                     FOLDER; uwsgi_temp_path FOLDER; scgi_temp_path FOLDER;
    server {
        listen unix:FOLDER/socket; root FOLDER; add_trailer X-Trailer there;
        location /gone { return 410 gone; }
    }
}";

/// Starts nginx with `conf` in this folder, and waits until it listens at `socket`.
#[cfg(unix)]
pub(crate) fn nginx(folder: &Path) -> Server {
    use crate::{TIMEOUT, until};
    use std::os::unix::net::UnixStream;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("conf")).stderr(Stdio::null());
    let server = Server { child: command.spawn().unwrap(), address: String::new() };
    assert!(
        until(TIMEOUT, || UnixStream::connect(folder.join("socket")).is_ok()),
        "it does not listen"
    );
    server
}

#[cfg(unix)]
#[test]
fn nginx_is_asked_over_a_unix_socket() {
    use std::os::unix::net::UnixStream;
    if !has("nginx", "-v") {
        return;
    }
    // The path of a Unix socket has at most 108 octets.
    let folder = std::env::temp_dir().join(format!("bareline-nginx-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("file"), "content").unwrap();
    fs::write(folder.join("large"), vec![b'x'; 3_000_000]).unwrap();
    fs::write(folder.join("conf"), NGINX.replace("FOLDER", folder.to_str().unwrap())).unwrap();
    let _server = nginx(&folder);
    let stream = UnixStream::connect(folder.join("socket")).unwrap();
    let settings = Settings::new().body_limit(10_000_000);
    let mut client = ClientStream::with_settings(stream, "localhost", settings);
    assert_eq!(get(&mut client, Method::GET, "/file").unwrap(), (Status::OK, b"content".to_vec()));
    assert_eq!(get(&mut client, Method::HEAD, "/file").unwrap(), (Status::OK, vec![]));
    assert_eq!(get(&mut client, Method::GET, "/large").unwrap().1.len(), 3_000_000);
    assert_eq!(
        get(&mut client, Method::GET, "/gone").unwrap(),
        (Status::new(410).unwrap(), b"gone".to_vec())
    );
    assert_eq!(get(&mut client, Method::PUT, "/file").unwrap().0, Status::new(405).unwrap());
    let range = (FieldName::from_static("Range"), FieldValue::from_static("bytes=2-4"));
    let response =
        client.request(Method::GET, Target::new("/file").unwrap(), &[range], b"").unwrap();
    let etag = (FieldName::from_static("If-None-Match"), FieldValue::from_static("*"));
    assert_eq!(response.head.status().code(), 206);
    assert_eq!(io::read_to_string(response.body).unwrap(), "nte");
    assert_eq!(
        client
            .request(Method::GET, Target::new("/file").unwrap(), &[etag], b"")
            .unwrap()
            .head
            .status()
            .code(),
        304
    );
    let te = [
        (FieldName::TE, FieldValue::from_static("trailers")),
        (FieldName::CONNECTION, FieldValue::from_static("te")),
    ];
    let mut response =
        client.request(Method::GET, Target::new("/file").unwrap(), &te, b"").unwrap();
    assert_eq!(io::read_to_string(&mut response.body).unwrap(), "content");
    assert_eq!(response.body.trailers().iter().next().unwrap().1.as_bytes(), b"there");
    fs::remove_dir_all(folder).unwrap();
}

/// The options with which Chromium prints a page that it has loaded.
pub(crate) const CHROMIUM: &str = "--headless --no-sandbox --disable-gpu --disable-quic \
                                   --no-first-run --disable-background-networking \
                                   --disable-component-update --disable-sync \
                                   --disable-dev-shm-usage --timeout=30000 --dump-dom";

#[test]
fn chromium_shows_the_page() {
    if !has("chromium", "--version") {
        return;
    }
    let folder = folder("chromium");
    let server = Program::start("http_server");
    let mut command = Command::new("chromium");
    command.args(CHROMIUM.split_whitespace()).arg(format!("--user-data-dir={}", folder.display()));
    let page = output(command.arg(format!("http://{}/", server.address)).stderr(Stdio::null()));
    assert!(
        page.contains("<h1>What the server saw</h1>")
            && page.contains("GET / HTTP/1.1")
            && page.contains("Chrom"),
        "{page}"
    );
    let _ = fs::remove_dir_all(folder);
}

const PIPELINE: &str = r#"
init = function(args)
    local requests = {}
    for i = 1, 16 do requests[i] = wrk.format("GET", "/status/200") end
    pipeline = table.concat(requests)
end
request = function() return pipeline end
"#;

#[test]
fn wrk_pipelines_without_an_error() {
    if !has("wrk", "--version") {
        return;
    }
    let folder = folder("wrk");
    let script = folder.join("pipeline.lua");
    fs::write(&script, PIPELINE).unwrap();
    let server = Program::start("http_server");
    let url = format!("http://{}/", server.address);
    for arguments in [vec![], vec!["-s", script.to_str().unwrap()]] {
        let report =
            output(Command::new("wrk").args(["-t1", "-c8", "-d1s"]).args(arguments).arg(&url));
        assert!(
            report.contains("Requests/sec")
                && !report.contains("Socket errors")
                && !report.contains("Non-2xx"),
            "{report}"
        );
    }
    fs::remove_dir_all(folder).unwrap();
}
