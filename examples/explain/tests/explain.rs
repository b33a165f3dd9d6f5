//! Tests of the program `explain`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use bareline_core::Method;
use bareline_explain::reading::{
    self, Asked, Reading, StartLine, one_datagram, requests, responses,
};
use bareline_explain::{json, view};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs `explain` with these octets on standard input.
fn explain(arguments: &[&str], octets: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_explain"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may exit before it has read all octets.
    let _ = child.stdin.take().unwrap().write_all(octets);
    child.wait_with_output().unwrap()
}

fn object(arguments: &[&str], octets: &[u8]) -> (Value, Option<i32>) {
    let output = explain(&[arguments, &["--json", "-"]].concat(), octets);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    (serde_json::from_str(&text).unwrap(), output.status.code())
}

/// Returns the object without the parts of the messages, and the exit status.
fn object_without_parts(arguments: &[&str], octets: &[u8]) -> (Value, Option<i32>) {
    let (mut object, code) = object(arguments, octets);
    for message in object["messages"].as_array_mut().unwrap() {
        assert!(message.as_object_mut().unwrap().remove("parts").unwrap().is_array());
    }
    (object, code)
}

fn text(arguments: &[&str], octets: &[u8]) -> String {
    String::from_utf8(explain(&[arguments, &["-"]].concat(), octets).stdout).unwrap()
}

/// Joins wrapped lines.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).unwrap()
}

/// Returns each case: its name, octets and reading.
fn cases() -> Vec<(String, Vec<u8>, Reading)> {
    let mut cases = Vec::new();
    for name in ["requests", "more_requests", "responses", "more_responses"] {
        for line in file(&format!("tests/cases/{name}.jsonl")).lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let octets = hex::decode(case["hex"].as_str().unwrap()).unwrap();
            let reading = match case["request_methods"].as_array() {
                None => requests(&octets, &[]),
                Some(methods) => {
                    let methods: Vec<_> = methods
                        .iter()
                        .map(|method| Method::new(method.as_str().unwrap()).unwrap())
                        .collect();
                    let is_closed = case["eof"] == true;
                    responses(
                        &octets,
                        Asked { methods: &methods, offers_upgrade: true, is_closed },
                        &[],
                    )
                }
            };
            let as_datagram = one_datagram(&octets, Method::GET);
            cases.push((format!("{} in a datagram", case["id"]), octets.clone(), as_datagram));
            cases.push((case["id"].to_string(), octets, reading));
        }
    }
    assert!(cases.len() >= 2 * 680, "{}", cases.len());
    cases
}

/// Returns the text without colours, wrapped at `columns`.
fn plain(reading: &Reading, octets: &[u8], columns: usize) -> String {
    let colored = view::text(reading, octets, "standard input", columns);
    let mut pieces = colored.split("\u{1b}[");
    let first = pieces.next().unwrap().to_owned();
    // Without optimization, `strip_str` takes more time than everything else in these tests.
    pieces.fold(first, |text, piece| text + piece.split_once('m').unwrap().1)
}

/// Fails for a line that is too long or has trailing blanks.
fn check_lines(text: &str, columns: usize, what: &str) {
    for line in text.lines() {
        assert!(
            line.chars().count() <= columns,
            "{what}: {line:?} is longer than {columns} columns in:\n{text}"
        );
        assert_eq!(line.trim_end(), line, "{what}: blanks at the end of {line:?} in:\n{text}");
    }
}

#[test]
fn json_says_what_is_in_a_request() {
    let octets = b"PUT /a HTTP/1.1\r\nHost: a\r\nX: \xe9\r\nTransfer-Encoding: chunked\r\n\r\n\
        2\r\nhi\r\n0\r\nT: u\r\n\r\nGET";
    let message = json!({
        "start": 0, "end": octets.len() - 3, "method": "PUT", "target": "/a", "version": "1.1",
        "headers": [["Host", "a"], ["X", "\u{e9}"], ["Transfer-Encoding", "chunked"]],
        "framing": "chunked", "body": "6869", "trailers": [["T", "u"]],
        "keep_alive": true, "expect_continue": false, "upgrade": false,
    });
    let expected = json!({
        "verdict": "accept", "messages": [message], "leftover": "474554", "tail": "incomplete",
        "error": null
    });
    assert_eq!(object_without_parts(&["request"], octets), (expected, Some(0)));
}

#[test]
fn json_says_what_is_in_a_response_and_for_which_request() {
    let octets =
        b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nhi";
    let response = |framing: &str, body: &str, end: usize| {
        json!({
            "start": 0, "end": end, "status": 200, "reason": "Fine",
            "informational": [{"status": 103, "headers": [["A", "b"]]}],
            "version": "1.1", "headers": [["Content-Length", "2"]], "framing": framing,
            "body": body, "trailers": [], "keep_alive": true,
        })
    };
    let whole = octets.len();
    let to_get = json!({
        "verdict": "accept", "messages": [response("length", "6869", whole)], "leftover": "",
        "tail": "none", "error": null
    });
    assert_eq!(object_without_parts(&["response"], octets), (to_get, Some(0)));
    let to_head = json!({
        "verdict": "accept", "messages": [response("none", "", whole - 2)], "leftover": "6869",
        "tail": "unsolicited", "error": null
    });
    assert_eq!(object_without_parts(&["response", "--to", "HEAD"], octets), (to_head, Some(0)));
    let (two, _) = object(
        &["response", "--to", "HEAD", "--to", "GET"],
        b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.0 200 OK\r\n\r\nrest",
    );
    assert_eq!(
        (&two["messages"][0]["body"], &two["verdict"], &two["tail"]),
        (&json!(""), &json!("accept"), &json!("incomplete"))
    );
    let (closed, _) = object(&["response", "--closed"], b"HTTP/1.0 200 OK\r\n\r\nrest");
    assert_eq!(
        (&closed["messages"][0]["framing"], &closed["messages"][0]["body"]),
        (&json!("until-close"), &json!("72657374"))
    );
}

#[test]
fn json_says_why_a_message_is_rejected() {
    let octets = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\
        PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n";
    let (object, code) = object(&["request"], octets);
    let error = json!({
        "kind": "RepeatedContentLength", "offset": 87, "length": 1, "section": "9112 6.3",
        "status": 400,
        "message": "second Content-Length field at octet 87 (RFC 9112 section 6.3): \
            two lengths disagree, 5 and 7: send one Content-Length",
    });
    assert_eq!(
        (&object["verdict"], &object["tail"], &object["error"], code),
        (&json!("reject"), &json!("reject"), &error, Some(1))
    );
    assert_eq!(object["messages"].as_array().unwrap().len(), 1, "the message before is kept");
}

#[test]
fn the_exit_status_shows_the_outcome() {
    assert_eq!(explain(&["request", "-"], b"GET / HTTP/1.0\r\n\r\n").status.code(), Some(0));
    assert_eq!(
        explain(&["request", "-"], b"GET / HTTP/1.0\r\n").status.code(),
        Some(1),
        "incomplete"
    );
    assert_eq!(explain(&["request", "-"], b"GET /\r\n").status.code(), Some(1), "rejected");
    assert_eq!(
        explain(&["--json", "request", "-"], b"GET / HTTP/1.0\r\n\r\n").stdout.first(),
        Some(&b'{'),
        "options may come anywhere"
    );
    assert_eq!(
        explain(&["request", "--hex", "-"], b"47 45 54202F20485454502f312e300d0a\n0d0a\n")
            .status
            .code(),
        Some(0)
    );
    for arguments in [
        &["request"][..],
        &["request", "/no/such/file"],
        &["request", "--hex", "-"],
        &["response", "--to", "a b", "-"],
        &["x"],
    ] {
        let output = explain(arguments, b"xyz");
        assert_eq!(
            (output.status.code(), output.stdout.is_empty(), output.stderr.is_empty()),
            (Some(2), true, false),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_person_sees_each_part_and_why() {
    let seen = text(
        &["request"],
        b"PUT /a HTTP/1.1\r\nHost:  a\r\nTransfer-Encoding: chunked\r\n\r\n\
            2;x\r\nhi\r\n0\r\nT: u\r\n\r\n",
    );
    let parts = [
        "PUT\u{b7}/a\u{b7}HTTP/1.1\\r\\n",
        "method 0 (RFC 9112 3.1)",
        "target 4 (RFC 9112 3.2)",
        "version 7 (RFC 9112 2.3)",
        "CRLF 15 (RFC 9112 2.2)",
        "name 17 (RFC 9110 5.1)",
        "colon and OWS 21 (RFC 9110 5.6.3)",
        "value 24 (RFC 9110 5.5)",
        "chunk size 57 (RFC 9112 7.1)",
        "chunk extension 58 (RFC 9112 7.1.1)",
        "data 62 (RFC 9112 6)",
        "trailer name 69 (RFC 9110 6.5)",
        "trailer value 72 (RFC 9110 5.5)",
        "in chunks, as Transfer-Encoding says",
        "stays open: HTTP/1.1 without `Connection: close`",
        "before octet 77",
    ];
    for part in parts {
        assert!(unwrapped(&seen).contains(part), "{part} in:\n{seen}");
    }
    assert!(!seen.contains('\u{1b}'), "no colour in a pipe");
}

/// The text says whether the connection closes, and where the body ends.
#[test]
fn a_person_sees_what_follows_from_a_message() {
    for (role, octets, told) in [
        ("request", "GET / HTTP/1.0\r\n\r\nGET", "closes: HTTP/1.0 without"),
        ("request", "GET / HTTP/1.0\r\n\r\nGET", "are not read: the connection closes"),
        (
            "request",
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "stays open: HTTP/1.0 with",
        ),
        ("request", "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n", "closes: it says"),
        (
            "request",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close;x\r\n\r\n",
            "closes: `Connection` has a member",
        ),
        (
            "request",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: b\r\n\r\n?",
            "the offered protocol",
        ),
        ("request", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n?", "go through the tunnel"),
        (
            "request",
            "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
            "connection a tunnel after a 2xx response (RFC",
        ),
        ("request", "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", "connection stays open: HTTP/1.1"),
        (
            "request",
            "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nhi",
            "3 octets, as Content-Length says",
        ),
        (
            "request",
            "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nhi",
            "an incomplete message: more octets are needed",
        ),
        ("request", "GET /", "beginning of a head"),
        (
            "response",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
            "status 304 has none",
        ),
        ("response", "HTTP/1.1 200 OK\r\n\r\n", "until the server closes: neither"),
        (
            "response",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "the client closes the connection",
        ),
    ] {
        let seen = text(&[role], octets.as_bytes());
        assert!(unwrapped(&seen).contains(told), "{told} in:\n{seen}");
    }
}

#[test]
fn an_error_is_drawn_under_the_octets() {
    let seen = text(
        &["request"],
        b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
    );
    let lines: Vec<_> = seen.lines().collect();
    let at = lines.iter().position(|line| line.contains("Content-Length: 7")).unwrap();
    let under = lines[at].chars().position(|character| character == '7').unwrap();
    assert_eq!(lines[at + 1], format!("{:under$}\u{2501}", ""), "{seen}");
    for told in [
        "standard input:4:17",
        "RFC 9112 section 6.3",
        "against the field line at octet 25",
        "400 Bad Request",
    ] {
        assert!(unwrapped(&seen).contains(told), "{told} in:\n{seen}");
    }
}

/// The lines before an error have parts, also in an interim response or with a fold.
#[test]
fn the_lines_before_an_error_have_their_parts() {
    for (octets, told) in [
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\nBad x\r\n\r\n",
            "version 25 (RFC 9112 2.3) SP 33 status code 34 (RFC 9112 4) SP 37 reason 38 (RFC \
             9112 4)",
        ),
        (
            "HTTP/1.1 200\r\nA: b\r\n c\r\nBad x\r\n\r\n",
            "name 14 (RFC 9110 5.1) colon and OWS 15 (RFC 9110 5.6.3) value, folds read as SP 17 \
             (RFC 9112 5.2) CRLF 22",
        ),
        (
            "HTTP/1.1 200\r\nA: \r\n\tb\r\nC: d\r\nBad x\r\n\r\n",
            "value 20 (RFC 9110 5.5) CRLF 21 (RFC 9112 2.2) 23 C:·d\\r\\n name 23 (RFC 9110 5.1)",
        ),
        ("HTTP/1.1 200\r\nA: b\r\nc: d\r\nBad x\r\n\r\n", "value 17 (RFC 9110 5.5) CRLF 18"),
    ] {
        let seen = text(&["response"], octets.as_bytes());
        assert!(unwrapped(&seen).contains(told), "{told} in:\n{seen}");
        // As in a message that is accepted.
        let whole = octets.replace("Bad x\r\n", "");
        let accepted = text(&["response"], whole.as_bytes());
        assert!(unwrapped(&accepted).contains(told), "{told} in:\n{accepted}");
    }
}

#[test]
fn what_is_large_is_shown_in_part() {
    let seen =
        text(&["request"], &[b"GET / HTTP/1.1\r\nX: ".to_vec(), vec![b'x'; 70_000]].concat());
    assert!(
        seen.len() < 5_000 && unwrapped(&seen).contains("head too long at octet 65535"),
        "{seen}"
    );
    let body = [
        b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n".to_vec(),
        vec![b'x'; 5_000_000],
    ]
    .concat();
    let seen = text(&["request"], &body);
    assert!(seen.len() < 5_000 && seen.contains("5000000 octets"), "{seen}");
}

/// Reads each case, and every seventh prefix of each short one; the first prefix varies by case.
#[test]
fn no_line_is_too_long_and_none_ends_in_blanks() {
    for (number, (name, octets, reading)) in cases().into_iter().enumerate() {
        for columns in [60, 67, 80, 131] {
            check_lines(&plain(&reading, &octets, columns), columns, &name);
        }
        let first = 1 + number % 7;
        for end in (first..octets.len()).step_by(7).filter(|_| octets.len() < 100) {
            let beginning = &octets[..end];
            for reading in [
                requests(beginning, &[]),
                responses(
                    beginning,
                    Asked {
                        methods: &[Method::GET],
                        offers_upgrade: false,
                        is_closed: end % 2 == 0,
                    },
                    &[],
                ),
                one_datagram(beginning, Method::GET),
            ] {
                check_lines(&plain(&reading, beginning, 80), 80, &name);
            }
        }
    }
    let long = "x".repeat(300);
    let path = format!("/{}/{long}", "directory ".repeat(20));
    let octets = format!("GET / HTTP/1.1\r\nHost: {long}@{long}\r\nX{long}: {long}\r\n\r\n");
    let seen = view::text(&requests(octets.as_bytes(), &[]), octets.as_bytes(), &path, 80);
    check_lines(&anstream::adapter::strip_str(&seen).to_string(), 80, "a long path");
    let method = Method::new(&long).unwrap();
    let asked = Asked { methods: &[method], offers_upgrade: false, is_closed: false };
    let octets = b"HTTP/1.1 204 \r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    check_lines(&plain(&responses(octets, asked, &[]), octets, 80), 80, "a long method");
}

#[test]
fn the_program_writes_80_columns_where_there_is_no_terminal() {
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\nX: y \r\n\r\n", "a".repeat(300));
    let seen = text(&["request"], long.as_bytes());
    check_lines(&seen, 80, "a request");
    assert!(seen.lines().any(|line| line.chars().count() == 80), "{seen}");
    for arguments in [
        &["--help"][..],
        &["-h"],
        &["help"],
        &["request", "-h"],
        &["response", "--help"],
        &["datagram", "-h"],
    ] {
        let output = explain(arguments, b"");
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && help.contains("Usage: explain"), "{help}");
        check_lines(&help, 80, "help");
    }
}

/// The width is that of standard output only: before a pager, another stream may be a terminal.
#[cfg(target_os = "linux")]
#[test]
fn lines_are_as_wide_as_the_terminal_that_shows_them() {
    let program = env!("CARGO_BIN_EXE_explain");
    let request = format!("GET /{} HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n", "a".repeat(300));
    for (columns, pipe, widest) in
        [(100, "", 100), (100, "| cat", 80), (40, "| cat", 80), (40, "", 60)]
    {
        let shell = format!(
            "stty rows 24 cols {columns}; printf '{request}' | '{program}' request - {pipe}"
        );
        // `script` gives the shell a terminal.
        let output = Command::new("script").args(["-qec", &shell, "/dev/null"]).output().unwrap();
        let seen = String::from_utf8(output.stdout).unwrap().replace('\r', "");
        let seen = anstream::adapter::strip_str(&seen).to_string();
        assert_eq!(
            seen.lines().map(|line| line.chars().count()).max(),
            Some(widest),
            "{columns} {pipe}:\n{seen}"
        );
    }
}

/// Each part has its offsets and its text.
#[test]
fn json_has_each_part_with_its_place() {
    let octets = b"PUT /a HTTP/1.1\r\nHost:  a\r\nX:\r\nTransfer-Encoding: chunked\r\n\r\n\
        2;x=1\r\nhi\r\n0\r\nT: \xe9\r\n\r\n";
    let (object, _) = object(&["request"], octets);
    let parts: Vec<_> =
        object["messages"][0]["parts"].as_array().unwrap().iter().map(Value::to_string).collect();
    let part = |part: &str, start: usize, text: &str| {
        let mut object = json!({"part": part, "start": start, "end": start + text.chars().count()});
        if part != "data" {
            object["text"] = text.into();
        }
        object.to_string()
    };
    let expected = [
        part("method", 0, "PUT"),
        part("target", 4, "/a"),
        part("version", 7, "HTTP/1.1"),
        part("name", 17, "Host"),
        part("value", 24, "a"),
        part("name", 27, "X"),
        part("value", 29, ""),
        part("name", 31, "Transfer-Encoding"),
        part("value", 50, "chunked"),
        part("chunk_size", 61, "2"),
        part("chunk_extension", 62, ";x=1"),
        part("data", 68, "hi"),
        part("chunk_size", 72, "0"),
        part("trailer_name", 75, "T"),
        part("trailer_value", 78, "\u{e9}"),
    ];
    assert_eq!(parts, expected);
    let (object, _) = self::object(
        &["response"],
        b"HTTP/1.1 103 \r\nA: b\r\n\r\nHTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n",
    );
    let parts: Vec<_> =
        object["messages"][0]["parts"].as_array().unwrap().iter().map(Value::to_string).collect();
    let expected = [
        part("version", 0, "HTTP/1.1"),
        part("status", 9, "103"),
        part("reason", 13, ""),
        part("name", 15, "A"),
        part("value", 18, "b"),
        part("version", 23, "HTTP/1.1"),
        part("status", 32, "200"),
        part("reason", 36, "Fine"),
        part("name", 42, "Content-Length"),
        part("value", 58, "0"),
    ];
    assert_eq!(parts, expected);
}

/// The parts are in order, within their message, and equal to the message's values.
#[test]
fn the_parts_of_every_case_are_what_is_read() {
    for (id, octets, reading) in cases() {
        let object = json::object(&reading, &octets);
        let messages = object["messages"].as_array().unwrap();
        let whole: Vec<_> = reading.messages.iter().filter(|message| message.is_whole).collect();
        assert_eq!(whole.len(), messages.len(), "{id}");
        for (read, message) in whole.into_iter().zip(messages) {
            let place =
                |part: &Value, key: &str| usize::try_from(part[key].as_u64().unwrap()).unwrap();
            let (mut at, mut data) = (read.start, Vec::new());
            let mut texts = Vec::new();
            for part in message["parts"].as_array().unwrap() {
                let (start, end) = (place(part, "start"), place(part, "end"));
                assert!(at <= start && start <= end && end <= read.end, "{id}: {part}");
                at = end;
                match part["text"].as_str() {
                    None => data.extend_from_slice(&octets[start..end]),
                    Some(text) => {
                        let octets: String =
                            octets[start..end].iter().copied().map(char::from).collect();
                        assert_eq!(octets, text, "{id}");
                        texts.push((part["part"].as_str().unwrap(), text));
                    }
                }
            }
            assert_eq!(data, read.body, "{id}");
            let is_folded = texts.iter().any(|(_, text)| text.contains('\n'));
            let latin1 = |octets: &[u8]| octets.iter().copied().map(char::from).collect::<String>();
            let mut expected = match &read.start_line {
                StartLine::Request { method, target, .. } => {
                    vec![("method", method.clone()), ("target", target.clone())]
                }
                StartLine::Response { .. } => vec![],
            };
            if let StartLine::Response { status, reason, informational, .. } = &read.start_line {
                let skipped =
                    informational.iter().map(|(_, fields)| 3 + 2 * fields.len()).sum::<usize>();
                texts.drain(..skipped);
                expected = vec![("status", status.code().to_string()), ("reason", latin1(reason))];
            }
            expected.push(("version", format!("HTTP/{}", read.version)));
            for (name, value) in &read.headers {
                expected.extend([("name", name.clone()), ("value", latin1(value))]);
            }
            for (name, value) in &read.trailers {
                expected.extend([("trailer_name", name.clone()), ("trailer_value", latin1(value))]);
            }
            let mut found: Vec<_> =
                texts.into_iter().filter(|(part, _)| !part.starts_with("chunk_")).collect();
            // The version comes first in a response.
            let version = found.iter().position(|(part, _)| *part == "version").unwrap();
            let version = found.remove(version);
            found.insert(2, version);
            let found: Vec<_> =
                found.into_iter().map(|(part, text)| (part, text.to_owned())).collect();
            assert!(is_folded || found == expected, "{id}: {found:?} is not {expected:?}");
        }
    }
}

/// Keys in the JSON, each with its object and its type.
type Keys = BTreeSet<(String, String, String)>;

/// Returns the keys in the description of the JSON.
fn described() -> Keys {
    let document = file("examples/explain/src/JSON.md");
    let rows = document.lines().filter(|line| line.starts_with("| ")).skip(1);
    let row = |row: &str| -> Vec<(String, String, String)> {
        let [place, keys, kind, _] =
            row.trim_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>()[..]
        else {
            panic!("{row}")
        };
        keys.split(", ").map(|key| (place.to_owned(), key.to_owned(), kind.to_owned())).collect()
    };
    rows.flat_map(row).collect()
}

/// Records each key of a value, described as `place`; fails for a key of another type.
fn note(value: &Value, place: &str, described: &Keys, seen: &mut Keys) {
    for (key, value) in value.as_object().unwrap() {
        let found = described
            .iter()
            .find(|(described, name, _)| described == place && name == key)
            .unwrap_or_else(|| panic!("{key} in {place} is not described"));
        match (&*found.2, value) {
            ("string", Value::String(_))
            | ("boolean", Value::Bool(_))
            | ("number", Value::Number(_)) => {}
            ("error or null", Value::Null) => {}
            ("error or null", error) => note(error, "error", described, seen),
            ("array of field", Value::Array(fields)) => {
                let is_field = |field: &Value| {
                    matches!(
                        field.as_array().map(Vec::as_slice),
                        Some([Value::String(_), Value::String(_)])
                    )
                };
                assert!(fields.iter().all(is_field), "{value}");
            }
            (kind, Value::Array(values)) => {
                let place = kind.strip_prefix("array of ").unwrap();
                values.iter().for_each(|value| note(value, place, described, seen));
            }
            (kind, _) => panic!("{key} in {place} is {value}, not {kind}"),
        }
        seen.insert(found.clone());
    }
}

/// The description has exactly the names and keys that occur.
#[test]
fn the_description_of_the_json_is_true() {
    let described = described();
    let (mut seen, mut names) = (BTreeSet::new(), BTreeSet::new());
    let paused = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: b\r\n\r\n?";
    let paused = [(String::new(), paused.to_vec(), requests(paused, &[]))];
    for (_, octets, reading) in
        cases().iter().chain(&paused).filter(|(_, octets, _)| octets.len() < 300)
    {
        let object = json::object(reading, octets);
        note(&object, "object", &described, &mut seen);
        let messages = object["messages"].as_array().unwrap();
        let parts = messages
            .iter()
            .flat_map(|message| message["parts"].as_array().unwrap())
            .map(|part| &part["part"]);
        let framings = messages.iter().map(|message| &message["framing"]);
        let all = parts.chain(framings).chain([&object["tail"], &object["verdict"]]);
        names.extend(all.map(|name| name.as_str().unwrap().to_owned()));
    }
    assert_eq!(seen, described);
    let document = file("examples/explain/src/JSON.md");
    let quoted: BTreeSet<_> = document.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let missing: Vec<_> = names.difference(&quoted).collect();
    assert!(missing.is_empty(), "not described: {missing:?}");
    let others = [
        "explain --json",
        "[name, value]",
        "ParseErrorKind",
        "9112 6.3",
        "1.1",
        "HTTP/",
        "tail",
        "part",
    ];
    let absent: Vec<_> =
        quoted.difference(&names).filter(|name| !others.contains(&name.as_str())).collect();
    assert!(absent.is_empty(), "does not occur: {absent:?}");
    check_lines(&document, 80, "JSON.md");
    assert!(
        String::from_utf8(explain(&["--help"], b"").stdout).unwrap().contains(document.trim_end())
    );
}

#[test]
fn a_101_needs_an_offer() {
    let octets =
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: any\r\nConnection: upgrade\r\n\r\n?";
    let (object, code) = self::object(&["response"], octets);
    assert_eq!(
        (&object["verdict"], &object["error"]["kind"], code),
        (&json!("reject"), &json!("UnexpectedUpgrade"), Some(1))
    );
    assert!(text(&["response"], octets).contains("add --upgrade"));
    let (object, code) = self::object(&["response", "--upgrade"], octets);
    assert_eq!(
        (&object["verdict"], &object["tail"], code),
        (&json!("accept"), &json!("tunnel"), Some(0))
    );
    assert!(text(&["response", "--upgrade"], octets).contains("what follows is not HTTP"));
}

/// The status is the one that a gateway sends to its client for an invalid response.
#[test]
fn rfc9110_15_6_3_an_invalid_response_is_a_502() {
    let mut count = 0;
    for (id, octets, reading) in
        cases().iter().filter(|(_, octets, reading)| reading.fault.is_some() && !octets.is_empty())
    {
        let object = json::object(reading, octets);
        let (status, seen) = (&object["error"]["status"], unwrapped(&plain(reading, octets, 80)));
        if reading.sender == reading::Sender::Server {
            count += 1;
            assert!(*status == 502 && seen.contains("status 502 Bad Gateway"), "{id}: {seen}");
        } else {
            assert!(*status != 502 && seen.contains(&format!("status {status} ")), "{id}: {seen}");
        }
    }
    assert!(count > 50);
}

#[test]
fn a_datagram_is_one_message() {
    let search = b"M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\n\r\n";
    let (object, code) = self::object(&["datagram"], search);
    let message = &object["messages"][0];
    assert_eq!(
        (&message["method"], &message["target"], &message["end"], code),
        (&json!("M-SEARCH"), &json!("*"), &json!(51), Some(0))
    );
    assert_eq!(
        self::object(&["request"], search).1,
        Some(1),
        "on a connection only OPTIONS has this target"
    );
    let seen = text(&["datagram"], search);
    assert!(
        seen.contains("Request in a datagram: octets 0 to 51") && !seen.contains("connection"),
        "{seen}"
    );
    let response = b"HTTP/1.1 200 OK\r\nST: a\r\n\r\nall of it";
    let (object, code) = self::object(&["datagram"], response);
    let message = &object["messages"][0];
    assert_eq!(
        (&message["status"], &message["body"], code),
        (&json!(200), &json!("616c6c206f66206974"), Some(0))
    );
    assert!(text(&["datagram"], response).contains("up to the end of the datagram"));
    assert_eq!(
        self::object(&["datagram", "--to", "HEAD"], response).1,
        Some(1),
        "octets after the head"
    );
    for cut in [&search[..50], &response[..25]] {
        let (object, code) = self::object(&["datagram"], cut);
        assert_eq!(
            (&object["verdict"], &object["error"]["offset"], code),
            (&json!("reject"), &json!(cut.len()), Some(1))
        );
        let seen = text(&["datagram"], cut);
        assert!(seen.contains("(end)") && seen.contains("the datagram is dropped"), "{seen}");
    }
}

#[test]
fn a_body_up_to_the_close_may_be_closed() {
    let octets = b"HTTP/1.1 200 OK\r\n\r\nrest";
    let open = unwrapped(&text(&["response"], octets));
    assert!(
        open.contains("add --closed if the server has closed")
            && open.contains("until the server closes"),
        "{open}"
    );
    let closed = unwrapped(&text(&["response", "--closed"], octets));
    assert!(!closed.contains("--closed") && closed.contains("end before octet 23"), "{closed}");
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nrest";
    let open = unwrapped(&text(&["response"], cut));
    assert!(open.contains("more octets are needed") && !open.contains("--closed"), "{open}");
    let closed = unwrapped(&text(&["response", "--closed"], cut));
    assert!(
        closed.contains("cut short: the server closed") && !closed.contains("more octets"),
        "{closed}"
    );
}

#[test]
fn an_empty_input_has_no_message() {
    for input in [&["request"][..], &["response"], &["datagram"]] {
        let output = explain(&[input, &["-"]].concat(), b"");
        let seen = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            (&*seen, output.status.code()),
            ("No octets in standard input: there is no message to show.\n", Some(1))
        );
        assert_eq!(explain(&[input, &["-"]].concat(), b"\r").status.code(), Some(1));
    }
    assert!(text(&["request", "--hex"], b" \n").starts_with("No octets"));
    assert!(
        text(&["response", "--closed"], b"").contains("the server has closed without a response")
    );
}

#[test]
fn an_invalid_digit_has_its_place() {
    for (digits, told) in [
        ("47 4z", "line 1, column 5: 'z' is not a hexadecimal digit"),
        ("0x47", "line 1, column 2: 'x' is not a hexadecimal digit"),
        ("47\n4 5\r\n 5\u{e9}4", "line 3, column 3: '\u{e9}' is not a hexadecimal digit"),
        ("47\0", "line 1, column 3: '\\0' is not a hexadecimal digit"),
        ("4745 5", "an odd number of hexadecimal digits, 5: an octet has two"),
    ] {
        let output = explain(&["request", "--hex", "-"], digits.as_bytes());
        let seen = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (&*seen, output.status.code()),
            (&*format!("explain: cannot read standard input: {told}\n"), Some(2))
        );
    }
    let output = explain(&["request", "--hex", "-"], b"47\xff");
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .ends_with("line 1, column 3: octet 0xff is not a hexadecimal digit\n")
    );
}

/// The address is invalid, so that the server never starts.
#[test]
fn the_server_takes_no_options_of_the_output() {
    for options in [&["--hex"][..], &["--json"], &["--hex", "--json"]] {
        let output = explain(&[&["serve", "no port"][..], options].concat(), b"");
        let seen = String::from_utf8(output.stderr).unwrap();
        let told = "explain: serve takes neither --hex nor --json: ";
        assert!(seen.starts_with(told) && output.status.code() == Some(2), "{options:?}: {seen}");
    }
    let output = explain(&["serve", "no port"], b"");
    assert!(String::from_utf8(output.stderr).unwrap().contains("write host:port"));
}

/// The page of the examples shows the output of the program.
#[test]
fn the_page_shows_what_is_printed() {
    let page = file("examples/README.md");
    let (_, session) = page.split_once("```console\n$ printf 'PUT").unwrap();
    let session = format!("$ printf 'PUT{}", session.split_once("```").unwrap().0);
    let mut count = 0;
    for exchange in session.split("$ printf ").skip(1) {
        let (command, expected) = exchange.split_once('\n').unwrap();
        let (octets, command) = command.strip_prefix('\'').unwrap().split_once("' | ").unwrap();
        let octets = octets.replace("\\r", "\r").replace("\\n", "\n");
        let arguments = command.strip_prefix("cargo run --quiet --bin explain ").unwrap();
        let output = explain(&arguments.split(' ').collect::<Vec<_>>(), octets.as_bytes());
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        count += 1;
    }
    assert_eq!(count, 2);
}

#[test]
fn all_of_an_error_is_underlined_on_its_line() {
    for (octets, wrong) in [
        ("Content-Length: 99999999999999999999999\r\n", 23),
        ("Transfer-Encoding:\r\n", 2),
        ("Content-Length:\r\n", 4),
        ("Transfer-Encoding: gzip, gzip\r\n", 10),
    ] {
        let first = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
        let seen = text(
            &["request"],
            format!("{first}PUT / HTTP/1.1\r\nHost: a\r\n{octets}\r\n").as_bytes(),
        );
        assert_eq!(seen.matches('\u{2501}').count(), wrong, "{seen}");
        assert!(seen.contains("standard input:6:"), "the sixth line of the file: {seen}");
    }
}
