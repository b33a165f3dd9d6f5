//! Tests of `fetch`: its options and exit statuses.

use crate::client::read_head;
use crate::service::Service;
use crate::{Program, TIMEOUT, example, free_address, next, peak_memory, run, serve_one, text};
use bareline_core::{FieldName, FieldValue, Status};
use bareline_net::{Exchange, Settings};
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::mpsc::channel;
use std::{fs, thread};

fn fetch(arguments: &[&str]) -> Output {
    run(example("fetch").args(arguments))
}

/// Returns what `fetch` prints, if it exits with 0.
fn fetched(arguments: &[&str]) -> String {
    let output = fetch(arguments);
    assert_eq!((output.status.code(), &*text(&output.stderr)), (Some(0), ""), "{arguments:?}");
    text(&output.stdout)
}

/// Returns the exit status, and the text on standard error.
fn ended(arguments: &[&str]) -> (Option<i32>, String) {
    let output = fetch(arguments);
    (output.status.code(), text(&output.stderr))
}

/// Returns the path of a file for the tests.
fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fetch-{name}"))
}

/// Starts a server that sends this to the first request.
fn canned(response: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        read_head(&mut stream);
        stream.write_all(response.as_bytes()).unwrap();
    });
    url
}

#[test]
fn the_exit_status_is_that_of_the_response() {
    let server = Program::start_telling("http_server");
    for (status, code, body) in [
        (200, 0, "OK\n"),
        (204, 0, ""),
        (302, 3, "Found\n"),
        (304, 0, ""),
        (404, 4, "Not Found\n"),
        (410, 4, "Gone\n"),
        (500, 5, "Internal Server Error\n"),
        (503, 5, "Service Unavailable\n"),
    ] {
        let output = fetch(&[&format!("http://{}/status/{status}", server.address)]);
        assert_eq!(
            (output.status.code(), &*text(&output.stdout), &*text(&output.stderr)),
            (Some(code), body, "")
        );
        assert!(next(&server.notes).contains(&format!("GET /status/{status} HTTP/1.1")));
    }
}

#[test]
fn method_and_fields_are_sent_as_given() {
    let server = Program::start_telling("http_server");
    let url = format!("http://{}/", server.address);
    for option in ["-X", "--method"] {
        assert_eq!(fetched(&[option, "HEAD", &url]), "");
        assert!(next(&server.notes).contains("HEAD / HTTP/1.1 200"));
    }
    assert!(
        fetched(&[&format!("{url}?q={{\u{e4} b}}")]).contains("GET /?q=%7B%C3%A4%20b%7D HTTP/1.1")
    );
    let page = fetched(&["-H", "X-A: b", "--field", "x-c:d:e", &url]);
    for row in [
        "<th>X-A</th><td>b</td>",
        "<th>x-c</th><td>d:e</td>",
        concat!("<td>bareline/", env!("CARGO_PKG_VERSION"), "</td>"),
    ] {
        assert!(page.contains(row), "{page}");
    }
    let page = fetched(&["-H", "user-agent: me", &url]);
    assert!(
        page.contains("<th>user-agent</th><td>me</td>") && !page.contains("bareline/"),
        "{page}"
    );
}

#[test]
fn data_is_sent_from_the_arguments_a_file_and_standard_input() {
    let server = Program::start_telling("http_server");
    let url = format!("http://{}/echo", server.address);
    for option in ["-d", "--data"] {
        assert_eq!(fetched(&[option, "a=b", &url]), "a=b");
        assert!(next(&server.notes).contains("POST /echo"));
    }
    assert_eq!(fetched(&["-X", "PUT", "-d", "", &url]), "");
    assert!(next(&server.notes).contains("PUT /echo"));

    let heads = |arguments: &[&str]| ended(&[&["-v"], arguments, &[&url]].concat()).1;
    let form = "> Content-Type: application/x-www-form-urlencoded\n";
    assert!(heads(&["-d", "a=b"]).contains(form));
    let plain = heads(&["-d", "a=b", "-H", "content-type: text/plain"]);
    assert!(plain.contains("> content-type: text/plain\n") && !plain.contains(form), "{plain}");
    assert!(!heads(&[]).contains("> Content-Type"));

    let path = file("data");
    fs::write(&path, "from a file").unwrap();
    let from_file = format!("@{}", path.display());
    assert_eq!(fetched(&["-d", &from_file, &url]), "from a file");
    assert!(heads(&["-d", &from_file]).contains("> Content-Length: 11\n"));
    // Its length is said to be 0.
    #[cfg(target_os = "linux")]
    assert!(fetched(&["-d", "@/proc/version", &url]).starts_with("Linux version"));

    let mut command = example("fetch");
    let command = command
        .args(["-v", "-d", "@-", &url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"from a pipe").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*text(&output.stdout)), (Some(0), "from a pipe"));
    assert!(text(&output.stderr).contains("> Transfer-Encoding: chunked\n"));
}

#[test]
fn the_heads_are_shown_when_asked_for() {
    let url = canned("HTTP/1.1 404 Gone\x07\r\nContent-Length: 2\r\n\r\nhi");
    let (code, heads) = ended(&["--verbose", &format!("{url}?q=1#part")]);
    // A control octet makes the reason phrase invalid.
    assert_eq!(code, Some(1));
    assert!(heads.starts_with("> GET /?q=1 HTTP/1.1\n> Host: 127.0.0.1:"), "{heads}");

    let url = canned("HTTP/1.1 404 Gone \u{e4}\r\nServer: a\r\nContent-Length: 2\r\n\r\nhi");
    let (code, heads) = ended(&["-v", &url]);
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let agent = concat!("bareline/", env!("CARGO_PKG_VERSION"));
    let request = format!("> GET / HTTP/1.1\n> Host: {host}\n> User-Agent: {agent}\n> \n");
    assert_eq!(
        heads,
        format!("{request}< HTTP/1.1 404 Gone \u{e4}\n< Server: a\n< Content-Length: 2\n< \n")
    );
    assert_eq!(code, Some(4));
}

#[test]
fn the_body_goes_to_a_file_when_one_is_named() {
    let server = Program::start_telling("http_server");
    let (path, url) = (file("output"), format!("http://{}/stream?n=3", server.address));
    for option in ["-o", "--output"] {
        let _ = fs::remove_file(&path);
        assert_eq!(fetched(&[option, path.to_str().unwrap(), &url]), "");
        let length = fs::metadata(&path).unwrap().len();
        assert_eq!(length, 3_000_000);
    }
    // A server that cannot be reached leaves the file unchanged.
    drop(server);
    let (code, told) = ended(&["-o", path.to_str().unwrap(), &url]);
    assert_eq!(
        (code, told.lines().count(), fs::metadata(&path).unwrap().len()),
        (Some(1), 1, 3_000_000),
        "{told}"
    );
}

#[test]
fn a_cut_response_leaves_what_has_come_and_prints_its_size() {
    let path = file("cut");
    let url = canned("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi");
    let told = format!(
        "fetch: GET {url}: after 2 octets of the body: the server closed the connection in \
         mid-response (RFC 9112 section 8): report it to whoever runs the server, or repeat \
         the request if it is idempotent\n"
    );
    assert_eq!(ended(&["-o", path.to_str().unwrap(), &url]), (Some(1), told));
    assert_eq!(fs::read(&path).unwrap(), b"hi");
}

#[test]
fn a_failed_fetch_is_printed_in_one_line() {
    let free = free_address();
    let (rejected, server) = (format!("http://{free}/"), Program::start_telling("http_server"));
    let url = format!("http://{}/status/200", server.address);
    let tls = url.replace("http:", "https:");
    let missing = file("missing").join("file").to_str().unwrap().to_owned();
    let folder = env!("CARGO_MANIFEST_DIR");
    for (arguments, told) in [
        (&[&*rejected][..], format!("GET {rejected}: cannot connect to {free}: ")),
        (&["-X", "PUT", &rejected], format!("PUT {rejected}: cannot connect to {free}: ")),
        (&[&*tls], format!("GET {tls}: the server does not speak TLS at this port")),
        (&["localhost:80"], "GET localhost:80: neither an http nor an https URL".to_owned()),
        (&["http://no-such-host.invalid/"], "GET http://no-such-host.invalid/: ".to_owned()),
        (&["-H", "Host: a", "-H", "Host: b", &url], format!("GET {url}: second Host")),
        (&["-d", &format!("@{missing}"), &url], format!("POST {url}: cannot read {missing}: ")),
        (&["-d", &format!("@{folder}"), &url], format!("POST {url}: cannot read {folder}: ")),
        (&["-o", &missing, &url], format!("GET {url}: cannot write {missing}: ")),
    ] {
        let (code, line) = ended(arguments);
        assert_eq!((code, line.lines().count()), (Some(1), 1), "{line}");
        assert!(line.starts_with(&format!("fetch: {told}")), "{line}");
    }
    for arguments in [
        &[][..],
        &["-H", "no colon", &url],
        &["-H", "a b: c", &url],
        &["-X", "G T", &url],
        &["--nope", &url],
    ] {
        assert_eq!(ended(arguments).0, Some(2), "{arguments:?}");
    }
    let help = fetched(&["--help"]);
    assert!(help.contains("Exit status: 0 when"), "{help}");
}

#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    let server = Program::start_telling("http_server");
    let mut command = example("fetch");
    let command = command
        .arg(format!("http://{}/stream?n=20", server.address))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdout.take().unwrap().read_exact(&mut [0; 10]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*text(&output.stderr)), (Some(0), ""));
}

#[test]
fn a_hundred_megabytes_pass_with_flat_memory_each_way() {
    const LARGE: u64 = 100_000_000;
    let path = file("large");
    fs::File::create(&path).unwrap().set_len(LARGE).unwrap();
    let ((passed, has_passed), (go_on, goes_on)) = (channel(), channel::<()>());
    let (address, served) = serve_one(Settings::new().body_limit(u64::MAX), move |mut peer| {
        let mut exchange = peer.next_request().unwrap().unwrap();
        let uploaded = io::copy(&mut exchange.body, &mut io::sink()).unwrap();
        let mut responder =
            exchange.responder.begin(Status::OK, |head| head.length(LARGE)).unwrap();
        io::copy(&mut io::repeat(b'x').take(LARGE - 1), &mut responder).unwrap();
        responder.flush().unwrap();
        passed.send(()).unwrap();
        goes_on.recv().unwrap();
        responder.write_all(b"x").unwrap();
        responder.finish().unwrap();
        uploaded
    });
    let (url, data) = (format!("http://{address}/"), format!("@{}", path.display()));
    let mut child =
        example("fetch").args(["-d", &data, &url]).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let read = thread::spawn(move || io::copy(&mut stdout, &mut io::sink()).unwrap());
    has_passed.recv_timeout(3 * crate::TIMEOUT).unwrap();
    let memory = peak_memory(&child);
    go_on.send(()).unwrap();
    assert_eq!((served.join().unwrap(), read.join().unwrap()), (LARGE, LARGE));
    assert!(child.wait().unwrap().success());
    fs::remove_file(&path).unwrap();
    assert!(memory.is_none_or(|memory| memory < 20_000), "{memory:?} KB");
}

#[test]
fn redirections_are_followed_on_demand() {
    let server = Service::new(
        |server| server,
        |Exchange { head, responder, .. }| match head.target().path() {
            "/old" => responder.send(Status::FOUND, &[(FieldName::LOCATION, NEW)], b"moved\n"),
            "/loop" => responder.send(Status::FOUND, &[(FieldName::LOCATION, LOOP)], b""),
            path => responder.send(Status::OK, &[], path.as_bytes()),
        },
    );
    let url = |path: &str| format!("http://{}{path}", server.address);
    let old = fetch(&[&url("/old")]);
    assert_eq!((old.status.code(), &*text(&old.stdout)), (Some(3), "moved\n"));
    for option in ["-L", "--location"] {
        assert_eq!(fetched(&[option, &url("/old")]), "/new");
    }
    let (code, told) = ended(&["-L", &url("/loop")]);
    assert!(
        code == Some(1) && told.contains(": more than 10 redirections (RFC 9110 section 15.4): "),
        "{told}"
    );
}

#[test]
fn a_failure_after_a_redirection_is_printed_with_its_url() {
    let (free, cut) = (free_address(), canned("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi"));
    let unconnected = format!("cannot connect to {free}: ");
    for (to, after, told) in [
        (format!("http://{free}/"), "", &*unconnected),
        (cut, "after 2 octets of the body: ", "the server closed"),
    ] {
        let (path, location) = (file("redirected"), to.clone());
        let server = Service::new(
            |server| server,
            move |Exchange { responder, .. }| {
                let location = FieldValue::new(&location)?;
                responder.send(Status::FOUND, &[(FieldName::LOCATION, location)], b"")
            },
        );
        let url = format!("http://{}/", server.address);
        let (code, line) = ended(&["-L", "-o", path.to_str().unwrap(), &url]);
        let told = format!("fetch: GET {url}: {after}after a redirection to {to}: {told}");
        assert!(code == Some(1) && line.starts_with(&told), "{line}");
    }
}

/// A body that is streamed cannot be sent again.
#[test]
fn a_redirection_that_is_not_followed_is_explained() {
    let server = Service::new(
        |server| server,
        |Exchange { head, responder, .. }| {
            let (status, fields) = match head.target().path() {
                "/307" => (Status::TEMPORARY_REDIRECT, &[(FieldName::LOCATION, NEW)][..]),
                "/308" => (Status::PERMANENT_REDIRECT, &[(FieldName::LOCATION, NEW)][..]),
                "/300" => (Status::new(300)?, &[(FieldName::LOCATION, NEW)][..]),
                "/none" => (Status::FOUND, &[][..]),
                "/two" => (Status::FOUND, &[(FieldName::LOCATION, NEW); 2][..]),
                _ => return responder.send(Status::OK, &[], b"ok"),
            };
            responder.send(status, fields, b"moved\n")
        },
    );
    let path = file("sent-once");
    fs::write(&path, "from a file").unwrap();
    let data = format!("@{}", path.display());
    let unsent = "to /new is not followed: a body from a file or a pipe is sent once only: request \
                  the new URL with it";
    let unnamed = "is not followed: the response does not name one URL in a Location field";
    for (name, data, told) in [
        ("307", &*data, unsent),
        ("308", &data, unsent),
        ("300", "a=b", "to /new is not followed: its status leaves that to you"),
        ("none", "a=b", unnamed),
        ("two", "a=b", unnamed),
    ] {
        let url = format!("http://{}/{name}", server.address);
        let output = fetch(&["-L", "-d", data, &url]);
        assert_eq!((output.status.code(), &*text(&output.stdout)), (Some(3), "moved\n"));
        let line = text(&output.stderr);
        assert!(line.starts_with(&format!("fetch: POST {url}: the redirection {told}")), "{line}");
        let (code, line) = ended(&["-d", data, &url]);
        assert_eq!((code, &*line), (Some(3), ""), "nobody asked to follow it");
    }
    let url = format!("http://{}/307", server.address);
    assert_eq!(fetched(&["-L", "-d", "a=b", &url]), "ok");
}

/// `fe80::1` is the address of another machine on each link.
#[test]
fn an_ipv6_address_without_its_zone_is_explained() {
    for (url, told) in [
        (
            "http://[fe80::1%25nope]/",
            "the zone nope of fe80::1 is no interface of this machine (RFC 4007 section 11): \
             write the name or number of one",
        ),
        ("http://[::1%25nope]/", "::1 needs no zone (RFC 4007 section 6): remove %25nope"),
        (
            "http://[fe80::1]/",
            "a link-local address needs its zone (RFC 4007 section 6): write the interface too, \
             as in http://[fe80::1%25eth0]/",
        ),
    ] {
        let (code, line) = ended(&[url]);
        assert!(code == Some(1) && line.contains(told), "{line}");
    }
}

const NEW: FieldValue<'_> = FieldValue::from_static("/new");
const LOOP: FieldValue<'_> = FieldValue::from_static("/loop");

#[test]
fn a_head_a_user_and_a_time_limit_are_options() {
    let server = Service::new(
        |server| server,
        |Exchange { head, responder, .. }| {
            if head.target().path() == "/late" {
                thread::park_timeout(TIMEOUT);
            }
            // Fails if there are two.
            let user = head.fields().only(FieldName::AUTHORIZATION)?;
            responder.send(Status::OK, &[], user.map_or(b"nobody", |user| user.as_bytes()))
        },
    );
    let url = format!("http://{}/", server.address);
    for option in ["-I", "--head"] {
        let head = fetched(&[option, &url]);
        assert!(
            head.starts_with("HTTP/1.1 200 OK\r\nDate: ")
                && head.ends_with("\r\nContent-Length: 6\r\n\r\n"),
            "{head}"
        );
    }
    assert_eq!(fetched(&[&url]), "nobody");
    for option in ["-u", "--user"] {
        assert_eq!(
            fetched(&[option, "Aladdin:open sesame", &url]),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
    }
    let own = ["-u", "a:b", "-H", "authorization: Own 1", &url];
    assert_eq!(fetched(&own), "Own 1", "a field replaces the one that is made");
    for option in ["-m", "--max-time"] {
        let (code, told) = ended(&[option, "0.1", &format!("{url}late")]);
        assert!(
            code == Some(1)
                && told.contains("timed out after 0.1 s waiting for the end of the exchange"),
            "{told}"
        );
    }
    for arguments in [["-u", "nobody"], ["-m", "0"], ["-m", "-1"], ["-m", "soon"]] {
        assert_eq!(ended(&[&arguments[..], &[&url]].concat()).0, Some(2), "{arguments:?}");
    }
}
