//! Checks of the tables in the documentation: the requirement matrix and the tables of errors.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use bareline_core::body::{BodyDecoder, Framing};
use bareline_core::error::{ParseError, ParseErrorKind};
use bareline_core::head::Limits;
use bareline_core::{
    ClientConnection, FieldName, FieldSpans, FieldValue, Method, ServerConnection, Target, Version,
    WireBuf, datagram,
};
use bareline_explain::reading::{Asked, requests, responses};
use bareline_net::{ClientStream, Error, Untimed};
use std::collections::HashSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// Collects the sources in a folder and its subfolders.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
}

fn is_of_name(character: &char) -> bool {
    character.is_alphanumeric() || *character == '_'
}

/// Returns the names of all test functions.
fn tests() -> HashSet<String> {
    let mut found = Vec::new();
    for folder in ["tests", "core/src", "core/tests", "net/src", "fuzz/src", "examples/explain"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder), &mut found);
    }
    let is_test = |after: &&str| after.starts_with("\n");
    let after_test =
        found.iter().flat_map(|source| source.split("#[test]").skip(1)).filter(is_test);
    let name =
        |after: &str| after.split_once("fn ").unwrap().1.chars().take_while(is_of_name).collect();
    after_test.map(name).collect()
}

/// Returns the classes of the cases, such as `rq:host`.
fn classes() -> HashSet<String> {
    let files = [
        ("rq", "requests"),
        ("rq", "more_requests"),
        ("rs", "responses"),
        ("rs", "more_responses"),
        ("sz", "serialize"),
    ];
    let of_file = |(prefix, file): (&str, &str)| -> Vec<String> {
        let text = read(&format!("tests/cases/{file}.jsonl"));
        let class = |line: &str| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["class"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        text.lines().map(|line| format!("{prefix}:{}", class(line))).collect()
    };
    files.into_iter().flat_map(of_file).collect()
}

/// Returns the cells of the table rows whose first cell begins with `first`.
fn rows(text: &str, first: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter(|line| line.starts_with(&format!("| {first}")));
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

#[test]
fn every_requirement_has_its_test_or_is_waived() {
    let (tests, classes) = (tests(), classes());
    let rows = rows(&read("tests/REQUIREMENTS.md"), "R-");
    assert_eq!(rows.len(), 212);
    let (mut faults, mut waived) = (Vec::new(), 0);
    for (number, row) in rows.iter().enumerate() {
        let [id, _, _, _, _, shown] = &row[..] else { panic!("{row:?}") };
        assert_eq!(*id, format!("R-{:03}", number + 1));
        if let Some(why) = shown.strip_prefix("waived: ") {
            waived += 1;
            assert!(why.len() > 10, "{id}: {why}");
            continue;
        }
        let (shown, rest) = shown.split_once("; ").unwrap_or((shown, ""));
        let reason = rest
            .strip_prefix("left to the caller: ")
            .or(rest.strip_prefix("a choice of CHOICES.md: "));
        if !rest.is_empty() && reason.is_none_or(|reason| reason.len() <= 10) {
            faults.push(format!("{id}: {rest} is no reason"));
        }
        let names: Vec<_> = shown.split(", ").map(|name| name.trim_matches('`')).collect();
        let missing =
            names.iter().filter(|name| !tests.contains(**name) && !classes.contains(**name));
        faults.extend(missing.map(|name| format!("{id}: there is no {name}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(waived < 30, "{waived} of 212 are waived");
}

/// A test's name is used in tables, so its length is limited.
#[test]
fn every_name_of_a_test_is_short() {
    const MOST: usize = 60;
    let names = tests();
    assert!(names.len() > 400, "only {} tests were seen", names.len());
    let long: Vec<_> = names.iter().filter(|name| name.len() > MOST).collect();
    assert!(long.is_empty(), "more than {MOST} characters: {long:#?}");
}

/// In these pages, a name in code style of five words or more is that of a test.
#[test]
fn every_test_that_a_page_names_exists() {
    let tests = tests();
    let pages = [
        "CONTRIBUTING.md",
        "DESIGN.md",
        "README.md",
        "SECURITY.md",
        "bench/MEASUREMENTS.md",
        "core/EMBEDDED.md",
        "examples/README.md",
        "net/README.md",
        "tests/MUTATIONS.md",
        "tests/README.md",
        "tests/oracle/README.md",
        "tests/readers/README.md",
    ];
    let (mut count, mut missing) = (0, Vec::new());
    for page in pages {
        let text = read(page);
        let spans = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
        let names = spans
            .filter_map(|span| span.rsplit("::").next())
            .filter(|name| name.split('_').count() > 4 && name.chars().all(|one| is_of_name(&one)));
        for name in names {
            count += 1;
            if !tests.contains(name) {
                missing.push(format!("{page}: there is no {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(count > 60, "only {count} names were seen");
}

#[test]
fn every_dependency_of_core_and_net_has_its_reason() {
    let design = read("DESIGN.md");
    let (_, table) = design.split_once("\n## Dependencies\n").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let reasons: HashSet<_> =
        rows.flat_map(|(names, _)| names.split([',', ';']).map(str::trim)).collect();
    let mut count = 0;
    for manifest in ["core/Cargo.toml", "net/Cargo.toml"] {
        let manifest = read(manifest);
        let sections = manifest.split("\n[").filter_map(|section| section.split_once("]\n"));
        let dependencies = sections.filter(|(name, _)| name.ends_with("dependencies"));
        let lines = dependencies.flat_map(|(_, lines)| lines.lines());
        for line in lines.filter(|line| line.starts_with(|first: char| first.is_alphabetic())) {
            let package =
                line.split_once("package = \"").and_then(|(_, name)| name.split_once('"'));
            let name = package.or(line.split_once(['.', ' '])).unwrap().0;
            assert!(reasons.contains(name) || name == "bareline-core", "{name} has no reason");
            count += 1;
        }
    }
    assert!(count > 15, "only {count} dependencies were seen");
}

#[test]
fn every_decision_has_its_test() {
    let (tests, classes) = (tests(), classes());
    let table = read("core/CHOICES.md");
    let rows: Vec<_> = table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| construct"))
        .collect();
    assert!(rows.len() > 20);
    for row in rows {
        let shown = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let names: Vec<_> = shown.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{row}");
        assert!(names.iter().all(|name| tests.contains(*name) || classes.contains(*name)), "{row}");
    }
}

#[test]
fn every_bad_situation_has_its_test() {
    let tests = tests();
    let page = read("net/FAILURE_MODES.md");
    let rows: Vec<_> =
        page.lines().filter(|line| line.starts_with("| ") && !line.contains(" ... |")).collect();
    assert!(rows.len() > 20);
    for row in rows {
        let [_, _, _, shown] = row.trim_matches('|').split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let names: Vec<_> = shown.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{row}");
        let missing: Vec<_> = names.iter().filter(|name| !tests.contains(**name)).collect();
        assert!(missing.is_empty(), "there is no {missing:?}");
    }
}

/// A transport whose server sends these octets, independent of the request.
struct Sent(io::Cursor<Vec<u8>>);

impl Read for Sent {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Sent {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the response that a client of this version reads from these octets.
fn got(octets: &[u8], version: Version) -> Result<Vec<u8>, Error> {
    let mut client = ClientStream::new(Untimed(Sent(io::Cursor::new(octets.to_vec()))), "a");
    let mut response = client
        .begin(Method::GET, Target::ROOT, |head| head.version(version).without_body())?
        .finish()?;
    let mut body = Vec::new();
    response.body.read_to_end(&mut body)?;
    Ok(body)
}

#[test]
fn every_server_of_the_page_is_rejected_as_it_says() {
    let classes = classes();
    let page = read("net/SERVERS.md");
    let (said, often) = page.split_once("\n## How often").unwrap();
    let rows = |text: &str| -> Vec<Vec<String>> {
        let rows = text
            .lines()
            .filter(|line| line.starts_with("| ") && !line.starts_with("| the server sends"));
        rows.map(|row| {
            row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
        })
        .collect()
    };
    let (rows, reports) = (rows(said), rows(often));
    assert!(
        rows.len() >= 15 && rows.iter().map(|row| &row[0]).eq(reports.iter().map(|row| &row[0]))
    );
    let mut wrong = Vec::new();
    for row in &rows {
        let [_, sent, says, cases, helps] = &row[..] else { panic!("{row:?}") };
        let error = got(&octets(sent), Version::Http11).unwrap_err().to_string();
        // A table escapes the bar.
        let error = error.replace('|', "\\|");
        if error != *says {
            wrong.push(format!("{sent} | {error} |"));
        }
        let names: Vec<_> = cases.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty() && names.iter().all(|name| classes.contains(*name)), "{row:?}");
        assert!(page.contains(&format!("- **{helps}**: ")), "{row:?}");
    }
    assert!(wrong.is_empty(), "the page says something else than:\n{}", wrong.join("\n"));
    // HTTP/1.0 responses may have chunks after a request of any version; the page's advice works.
    let chunks =
        rows.iter().find(|row| row[0] == "chunks in HTTP/1.0").map(|row| octets(&row[1])).unwrap();
    assert!(got(&chunks, Version::Http10).is_err());
    assert_eq!(got(&[b"HTTP/1.1", &chunks[8..]].concat(), Version::Http11).unwrap(), b"hi");
    // A server may send this to an HTTP/1.0 request instead of chunks.
    assert_eq!(got(b"HTTP/1.1 200 OK\r\n\r\nhi", Version::Http10).unwrap(), b"hi");
}

/// Returns the octets of a cell, which are escaped as in Rust; `{x*9}` is nine of `x`.
fn octets(cell: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = cell.trim_matches('`');
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '{' => {
                let (repeated, after) = rest.split_once('}').unwrap();
                let (what, count) = repeated.rsplit_once('*').unwrap();
                octets.extend(self::octets(what).repeat(count.parse().unwrap()));
                rest = after;
            }
            '\\' if rest.starts_with('x') => {
                octets.push(u8::from_str_radix(&rest[1..3], 16).unwrap());
                rest = &rest[3..];
            }
            '\\' => {
                octets.push(if rest.starts_with('r') { b'\r' } else { b'\n' });
                rest = &rest[1..];
            }
            character => octets.extend(character.to_string().as_bytes()),
        }
    }
    octets
}

/// Returns the error of these octets, sent in this way.
fn fault(sent: &str, octets: &[u8]) -> Option<ParseError> {
    const CHUNKED: &[u8] = b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut spans = FieldSpans::<8>::new();
    let mut client = ClientConnection::new();
    match sent {
        "request" => requests(octets, &[]).fault,
        "response" => {
            let asked = Asked { methods: &[Method::GET], offers_upgrade: false, is_closed: false };
            responses(octets, asked, &[]).fault
        }
        "chunked request" => {
            let error = requests(&[CHUNKED, octets].concat(), &[]).fault?;
            let at = error.offset() - CHUNKED.len();
            assert!(at <= octets.len());
            // The decoder counts offsets from the beginning of the body.
            let mut decoder = BodyDecoder::new(Framing::Chunked, &Limits::new());
            let mut start = 0;
            loop {
                match decoder.decode(&octets[start..]) {
                    Ok(decoded) => start += decoded.used,
                    Err(error) => {
                        return Some(error.offset_by(start)).filter(|error| error.offset() == at);
                    }
                }
            }
        }
        "request, at most 3 octets of content" => {
            ServerConnection::with_limits(Limits::new().body(3))
                .receive(&mut octets.to_vec(), spans.lend())
                .err()
        }
        "datagram" => datagram::parse_request(octets, spans.lend()).err(),
        "response, unasked" => client.receive(&mut octets.to_vec(), spans.lend()).err(),
        "response, no upgrade offered" => {
            let mut out = WireBuf::<64>::new();
            let head = client.request(Method::GET, Target::ROOT, &mut out).unwrap();
            head.field(FieldName::HOST, FieldValue::from_static("a"))
                .unwrap()
                .without_body()
                .unwrap();
            client.receive(&mut octets.to_vec(), spans.lend()).err()
        }
        other => panic!("{other}"),
    }
}

#[test]
fn every_failure_of_the_table_happens_as_it_says() {
    let rows = rows(&read("core/src/ERRORS.md"), "`");
    let (mut kinds, mut wrong) = (HashSet::new(), Vec::new());
    for row in &rows {
        let [kind, sent, cell, place, rule, status] = &row[..] else { panic!("{row:?}") };
        let error = fault(sent, &octets(cell)).unwrap_or_else(|| panic!("{kind} does not happen"));
        let seen = (
            format!("`{:?}`", error.kind()),
            error.offset().to_string(),
            error.kind().section(),
            error.status().code().to_string(),
        );
        if seen != (kind.clone(), place.clone(), rule.as_str(), status.clone()) {
            wrong.push(format!("{row:?} is {seen:?}"));
        }
        // The hint for a target depends on the octet.
        let is_told = error.kind() == ParseErrorKind::Target
            || error.hint_in(&octets(cell)).to_string().ends_with(error.hint());
        assert!(!error.hint().is_empty() && is_told, "{kind}");
        kinds.insert(error.kind());
    }
    let missing: Vec<_> = ParseErrorKind::ALL.iter().filter(|kind| !kinds.contains(kind)).collect();
    assert!(
        missing.is_empty() && wrong.is_empty(),
        "not in the table: {missing:?}; {}",
        wrong.join("\n")
    );
}

#[test]
fn a_hint_names_another_protocol() {
    let tls = "TLS arrived in place of HTTP; either both ends use TLS, as with https, or neither";
    let ssh = "an SSH banner arrived in place of HTTP; the port is that of another service";
    let http2 = "HTTP/2 arrived in place of HTTP/1.1; the peer has to speak HTTP/1.1 at this port";
    let icy = "an ICY status line arrived in place of HTTP; SHOUTcast needs a client of its own";
    for (sent, message, hint) in [
        ("request", &b"\x16\x03\x01\x02\x00"[..], tls),
        ("request", b"\x16", tls),
        ("response", b"\x15\x03\x03\x00\x02\x02\x28", tls),
        ("request", b"SSH-2.0-OpenSSH_9.6\r\n", ssh),
        ("request", b"SSH-2.0-OpenSSH_9.6 Debian\r\n", ssh),
        ("request", b"SSH-2.0-OpenSSH_9.6\n", ssh),
        ("response", b"SSH-2.0-OpenSSH_9.6\r\n", ssh),
        ("request", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", http2),
        ("response", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", http2),
        ("response", b"\x00\x00\x08\x07\x00\x00\x00\x00\x00", http2),
        ("response", b"ICY 200 OK\r\n", icy),
    ] {
        let error = fault(sent, message).unwrap();
        assert_eq!(error.hint_in(message).to_string(), hint, "{error}");
    }
    // Octets that differ by one, or are not in the first line, identify no other protocol.
    for (sent, message) in [
        ("request", &b"\x16\x04\x01\x02\x00"[..]),
        ("request", b"SSH 2.0-OpenSSH_9.6\r\n"),
        ("request", b"PRI * HTTP/3.0\r\n"),
        ("request", b"PRI / http/2.0\r\n"),
        ("response", b"\x00\x00\x12\x05\x00\x00\x00\x00\x00"),
        ("response", b"ICE 200 OK\r\n"),
        ("request", b"GET / HTTP/1.1\r\nSSH-2.0\r\n"),
    ] {
        let error = fault(sent, message).unwrap();
        assert!(error.hint_in(message).to_string().ends_with(error.hint()), "{error}");
    }
}

#[test]
fn a_hint_says_that_methods_are_case_sensitive() {
    for (sent, message, hint) in [
        ("datagram", "m-search * HTTP/1.1\r\nHost: a\r\n\r\n", "write M-SEARCH in capitals: "),
        ("datagram", "Notify * HTTP/1.1\r\nHost: a\r\n\r\n", "write NOTIFY in capitals: "),
        ("request", "options * HTTP/1.1\r\nHost: a\r\n\r\n", "write OPTIONS in capitals: "),
        ("request", "connect a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "write CONNECT in capitals: "),
        ("request", "option * HTTP/1.1\r\nHost: a\r\n\r\n", ""),
        ("request", "M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n", ""),
    ] {
        let error = fault(sent, message.as_bytes()).unwrap();
        assert_eq!(
            error.hint_in(message.as_bytes()).to_string(),
            format!("{hint}{}", error.hint())
        );
    }
    assert!(ParseErrorKind::TargetForm.hint().ends_with("methods are case-sensitive"));
    assert_eq!(fault("datagram", b"M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n"), None);
}

#[test]
fn a_hint_names_the_octets_that_arrived() {
    for (input, hint) in [
        (
            "Content-Length: 5\r\nContent-Length: 7\r\n\r\n",
            "two lengths disagree, 5 and 7: send one Content-Length",
        ),
        (
            "content-length: 5\r\nContent-Length: 5\r\n\r\n",
            "the length 5 is sent twice: send one Content-Length",
        ),
        (
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "Content-Length is 5, Transfer-Encoding is chunked: send only one of the two",
        ),
        ("Content-Length: +5\r\n\r\n", "received +5: send one decimal number"),
        (
            "X\x01: a\r\n\r\n",
            "octet 0x01 is not allowed here: a name is letters, digits and !#$%&'*+-.^_`|~ and \
             ends at the colon",
        ),
        (
            "Host: b/c\r\n\r\n",
            "received b/c: send host or host:port, without scheme, userinfo or path",
        ),
    ] {
        let host = if input.starts_with("Host") { "" } else { "Host: a\r\n" };
        let message = format!("PUT / HTTP/1.1\r\n{host}{input}");
        let error = requests(message.as_bytes(), &[]).fault.unwrap();
        assert_eq!(error.hint_in(message.as_bytes()).to_string(), hint);
        // A preceding message makes no difference.
        let before = "PUT / HTTP/1.1\r\nHost: z\r\nContent-Length: 1\r\n\r\nx";
        let message = format!("{before}{message}");
        let error = requests(message.as_bytes(), &[]).fault.unwrap();
        assert_eq!(error.hint_in(message.as_bytes()).to_string(), hint);
    }
}

#[test]
fn a_hint_shows_at_most_so_many_octets_that_arrived() {
    for (count, shown) in [(40, "x".repeat(40)), (41, format!("{}...", "x".repeat(40)))] {
        let value = "x".repeat(count);
        let message = format!("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {value}\r\n\r\n");
        let error = requests(message.as_bytes(), &[]).fault.unwrap();
        let hint = format!("received {shown}: send one decimal number");
        assert_eq!(error.hint_in(message.as_bytes()).to_string(), hint);
    }
}

/// The hint differs since chunks are supported on a connection, but not in a datagram.
#[test]
fn a_hint_says_that_a_datagram_has_no_chunks() {
    for (coding, hint) in [
        ("chunked", "a datagram cannot be chunked: send Content-Length, or neither field"),
        (
            "gzip, chunked",
            "received gzip, chunked: send chunked alone; in a datagram, send no coding",
        ),
    ] {
        let message =
            format!("NOTIFY * HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {coding}\r\n\r\n0\r\n\r\n");
        let error = fault("datagram", message.as_bytes()).unwrap();
        assert_eq!(error.kind(), ParseErrorKind::UnsupportedCoding);
        assert_eq!(error.hint_in(message.as_bytes()).to_string(), hint);
    }
    assert_eq!(
        fault("datagram", b"NOTIFY * HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n0"),
        None
    );
}

/// The hint names the octet and its replacement, or the superfluous space.
#[test]
fn a_hint_mends_a_request_line() {
    const FOREIGN: &str = "raw UTF-8: write a host in punycode, and percent-encode a path";
    const BEHIND: &str = "write nothing after the version, not even a space";
    const GENERAL: &str = "write one space, then / or a scheme; percent-encode other octets; \
                           leave out fragment and userinfo";
    for (line, hint) in [
        (&b"GET /a\\b HTTP/1.1"[..], "write \\ as %5C"),
        (b"GET http://a/\"?q HTTP/1.1", "write \" as %22"),
        (b"GET http://a?\\< HTTP/1.1", "write < as %3C"),
        (b"GET /?q> HTTP/1.1", "write > as %3E"),
        (b"GET /a#b HTTP/1.1", "write # as %23, or leave out the fragment"),
        (b"GET /\x01 HTTP/1.1", "write octet 0x01 as %01"),
        (b"GET /?\x7f HTTP/1.1", "write octet 0x7f as %7F"),
        (b"GET /\tb HTTP/1.1", "write octet 0x09 as %09"),
        (b"GET /?q=\xc3\xa4b HTTP/1.1", "raw UTF-8: write \u{e4} as %C3%A4"),
        (b"GET /\xe2\x82\xac HTTP/1.1", "raw UTF-8: write \u{20ac} as %E2%82%AC"),
        (b"GET /\xc2\x9b HTTP/1.1", "raw UTF-8: write \\xc2\\x9b as %C2%9B"),
        (b"GET /?a=\xe9 HTTP/1.1", "not ASCII: write octet 0xe9 as %E9"),
        (b"GET  / HTTP/1.1", "write one space between method, target and version"),
        (b"GET /  HTTP/1.1", "write one space between method, target and version"),
        (b"GET /a b HTTP/1.1", "write a space in the target as %20"),
        (b"GET /a\xc3 HTTP/1.1", "not ASCII: write octet 0xc3 as %C3"),
        // No octet of path or query is invalid here.
        (b"GET a HTTP/1.1", GENERAL),
        (b"CONNECT a HTTP/1.1", GENERAL),
        (b"GET http://u@a/ HTTP/1.1", "octet 0x40 is not allowed here: "),
        (b"GET http://a{/ HTTP/1.1", "octet 0x7b is not allowed here: "),
        (b"GET \\a HTTP/1.1", "octet 0x5c is not allowed here: "),
        (b"CONNECT a\\:1 HTTP/1.1", "octet 0x5c is not allowed here: "),
        (b"GET /\xc3\xa4 RTSP/1.0", "RTSP/1.0 is another protocol: speak HTTP/1.1"),
        (b"SETUP / RTSP/1.0", "RTSP/1.0 is another protocol: speak HTTP/1.1"),
        (b"OPTIONS * SIP/2.0", "SIP/2.0 is another protocol: speak HTTP/1.1"),
        (b"INVITE sip:u@a SIP/2.0", "SIP/2.0 is another protocol: speak HTTP/1.1"),
        (b"BREW / HTCPCP/1.0", "HTCPCP/1.0 is another protocol: speak HTTP/1.1"),
        (b"GET / http/1.0", "octet 0x68 is not allowed here: "),
        (b"GET / rtsp/1.0", "octet 0x72 is not allowed here: "),
        (b"GET / RTSP/1", "octet 0x52 is not allowed here: "),
        (b"GET \xc3\xa4 HTTP/1.1", FOREIGN),
        (b"GET http://\xc3\xa4/ HTTP/1.1", FOREIGN),
        (b"CONNECT \xc3\xa4:1 HTTP/1.1", FOREIGN),
        (b"GET \xc3 HTTP/1.1", "octet 0xc3 is not allowed here: "),
        (b"GET http://\xe4/ HTTP/1.1", "octet 0xe4 is not allowed here: "),
        (b"GET http://a#x HTTP/1.1", "leave out the fragment"),
        (b"CONNECT a:1#x HTTP/1.1", "leave out the fragment"),
        (b"GET #x HTTP/1.1", "octet 0x23 is not allowed here: "),
        (b"GET / HTTP/1.1 ", BEHIND),
        (b"GET / HTTP/1.0\t", BEHIND),
        (b"GET / HTTP/1.1 HTTP/1.1", BEHIND),
        (b"GET / HTTP/1.15", BEHIND),
    ] {
        let message = [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", line, b"\r\nHost: a\r\n\r\n"].concat();
        let error = requests(&message, &[]).fault.unwrap();
        let expected =
            if hint.ends_with(": ") { format!("{hint}{}", error.hint()) } else { hint.to_owned() };
        assert_eq!(error.hint_in(&message).to_string(), expected, "{}", line.escape_ascii());
    }
}
