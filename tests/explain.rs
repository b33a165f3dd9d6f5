//! The example `explain`, as a person or a program runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs it with these octets on standard input.
fn explain(arguments: &[&str], octets: &[u8]) -> Output {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples").join("explain");
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read all of it.
    let _ = child.stdin.take().unwrap().write_all(octets);
    child.wait_with_output().unwrap()
}

fn object(arguments: &[&str], octets: &[u8]) -> (Value, Option<i32>) {
    let output = explain(&[arguments, &["--json", "-"]].concat(), octets);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    (serde_json::from_str(&text).unwrap(), output.status.code())
}

fn text(arguments: &[&str], octets: &[u8]) -> String {
    String::from_utf8(explain(&[arguments, &["-"]].concat(), octets).stdout).unwrap()
}

#[test]
fn json_says_what_is_in_a_request() {
    let octets = b"PUT /a HTTP/1.1\r\nHost: a\r\nX: \xe9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nT: u\r\n\r\nGET";
    let message = json!({
        "start": 0, "end": octets.len() - 3, "method": "PUT", "target": "/a", "version": "1.1",
        "headers": [["Host", "a"], ["X", "\u{e9}"], ["Transfer-Encoding", "chunked"]],
        "framing": "chunked", "body": "6869", "trailers": [["T", "u"]], "keep_alive": true, "expect_continue": false, "upgrade": false,
    });
    let expected = json!({"verdict": "accept", "messages": [message], "leftover": "474554", "tail": "incomplete", "error": null});
    assert_eq!(object(&["request"], octets), (expected, Some(0)));
}

#[test]
fn json_says_what_is_in_a_response_and_for_which_request() {
    let octets = b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nhi";
    let response = |framing: &str, body: &str, end: usize| {
        json!({
            "start": 0, "end": end, "status": 200, "reason": "Fine", "informational": [{"status": 103, "headers": [["A", "b"]]}],
            "version": "1.1", "headers": [["Content-Length", "2"]], "framing": framing, "body": body, "trailers": [], "keep_alive": true,
        })
    };
    let whole = octets.len();
    let to_get = json!({"verdict": "accept", "messages": [response("length", "6869", whole)], "leftover": "", "tail": "none", "error": null});
    assert_eq!(object(&["response"], octets), (to_get, Some(0)));
    let to_head = json!({
        "verdict": "accept", "messages": [response("none", "", whole - 2)], "leftover": "6869", "tail": "unsolicited", "error": null
    });
    assert_eq!(object(&["response", "--to", "HEAD"], octets), (to_head, Some(0)));
    let (two, _) = object(&["response", "--to", "HEAD", "--to", "GET"], b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.0 200 OK\r\n\r\nrest");
    assert_eq!(
        (&two["messages"][0]["body"], &two["verdict"], &two["tail"]),
        (&json!(""), &json!("accept"), &json!("incomplete"))
    );
    let (closed, _) = object(&["response", "--closed"], b"HTTP/1.0 200 OK\r\n\r\nrest");
    assert_eq!((&closed["messages"][0]["framing"], &closed["messages"][0]["body"]), (&json!("until-close"), &json!("72657374")));
}

#[test]
fn json_says_why_a_message_is_refused() {
    let octets = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nPUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n";
    let (object, code) = object(&["request"], octets);
    let error = json!({
        "kind": "RepeatedContentLength", "offset": 87, "length": 1, "section": "9112 6.3", "status": 400,
        "message": "second Content-Length field at octet 87 (RFC 9112 section 6.3): two lengths disagree, 5 and 7: send one Content-Length",
    });
    assert_eq!(
        (&object["verdict"], &object["tail"], &object["error"], code),
        (&json!("reject"), &json!("reject"), &error, Some(1))
    );
    assert_eq!(object["messages"].as_array().unwrap().len(), 1, "what stands before it stands");
}

#[test]
fn the_exit_status_tells() {
    assert_eq!(explain(&["request", "-"], b"GET / HTTP/1.0\r\n\r\n").status.code(), Some(0));
    assert_eq!(explain(&["request", "-"], b"GET / HTTP/1.0\r\n").status.code(), Some(1), "incomplete");
    assert_eq!(explain(&["request", "-"], b"GET /\r\n").status.code(), Some(1), "refused");
    assert_eq!(
        explain(&["--json", "request", "-"], b"GET / HTTP/1.0\r\n\r\n").stdout.first(),
        Some(&b'{'),
        "options stand anywhere"
    );
    assert_eq!(explain(&["request", "--hex", "-"], b"47 45 54202F20485454502f312e300d0a\n0d0a\n").status.code(), Some(0));
    for arguments in
        [&["request"][..], &["request", "/no/such/file"], &["request", "--hex", "-"], &["response", "--to", "a b", "-"], &["x"]]
    {
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
    let seen =
        text(&["request"], b"PUT /a HTTP/1.1\r\nHost:  a\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nhi\r\n0\r\nT: u\r\n\r\n");
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
        "goes on: HTTP/1.1 without `Connection: close`",
        "before octet 77",
    ];
    for part in parts {
        assert!(seen.contains(part), "{part} in:\n{seen}");
    }
    assert!(!seen.contains('\u{1b}'), "no colour in a pipe");
}

/// Why the connection goes on or not, and what the body is.
#[test]
fn a_person_sees_what_follows_from_a_message() {
    for (role, octets, told) in [
        ("request", "GET / HTTP/1.0\r\n\r\nGET", "closes: HTTP/1.0 without"),
        ("request", "GET / HTTP/1.0\r\n\r\nGET", "are not read: the connection closes"),
        ("request", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "goes on: HTTP/1.0 with"),
        ("request", "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n", "closes: it says"),
        ("request", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close;x\r\n\r\n", "closes: `Connection` has a member"),
        ("request", "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: b\r\n\r\n?", "protocol that is offered"),
        ("request", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n?", "go through the tunnel"),
        ("request", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nhi", "3 octets, as Content-Length says"),
        ("request", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nhi", "not whole: more octets are needed"),
        ("request", "GET /", "beginning of a head"),
        ("response", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "status 304 has none"),
        ("response", "HTTP/1.1 200 OK\r\n\r\n", "up to the close"),
        ("response", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "a client takes no response"),
        ("response", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: any\r\nConnection: upgrade\r\n\r\n?", "no HTTP any more"),
    ] {
        let seen = text(&[role], octets.as_bytes());
        assert!(seen.contains(told), "{told} in:\n{seen}");
    }
}

#[test]
fn a_refusal_is_drawn_under_the_octets() {
    let seen = text(&["request"], b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello");
    let lines: Vec<_> = seen.lines().collect();
    let at = lines.iter().position(|line| line.contains("Content-Length: 7")).unwrap();
    let under = lines[at].chars().position(|character| character == '7').unwrap();
    assert_eq!(lines[at + 1].chars().position(|character| character == '\u{2501}'), Some(under), "{seen}");
    assert!(lines[at - 1].contains("what it contradicts"), "{seen}");
    assert!(
        seen.contains("RFC 9112 section 6.3; a server answers 400 Bad Request") && seen.contains("two lengths disagree, 5 and 7"),
        "{seen}"
    );
}

#[test]
fn what_is_large_is_shown_in_part() {
    let seen = text(&["request"], &[b"GET / HTTP/1.1\r\nX: ".to_vec(), vec![b'x'; 70_000]].concat());
    assert!(seen.len() < 5_000 && seen.contains("head too long at octet 65535"), "{seen}");
    let body = [b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n".to_vec(), vec![b'x'; 5_000_000]].concat();
    let seen = text(&["request"], &body);
    assert!(seen.len() < 5_000 && seen.contains("5000000 octets"), "{seen}");
}

/// Whatever it is given, it ends well: each case with a verdict, through the view for people.
#[test]
fn every_case_can_be_shown() {
    for (role, file) in
        [("request", "requests"), ("request", "more_requests"), ("response", "responses"), ("response", "more_responses")]
    {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cases/{file}.jsonl"));
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let output = explain(&[role, "--hex", "-"], case["hex"].as_str().unwrap().as_bytes());
            assert!(matches!(output.status.code(), Some(0 | 1)) && !output.stdout.is_empty(), "{}: {output:?}", case["id"]);
        }
    }
}

#[test]
fn all_of_a_fault_is_underlined_on_its_line() {
    for (octets, wrong) in [
        ("Content-Length: 99999999999999999999999\r\n", 23),
        ("Transfer-Encoding:\r\n", 2),
        ("Content-Length:\r\n", 4),
        ("Transfer-Encoding: gzip, gzip\r\n", 10),
    ] {
        let first = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
        let seen = text(&["request"], format!("{first}PUT / HTTP/1.1\r\nHost: a\r\n{octets}\r\n").as_bytes());
        assert_eq!(seen.matches('\u{2501}').count(), wrong, "{seen}");
        assert!(seen.contains("standard input:6:"), "the sixth line of the file: {seen}");
    }
}
