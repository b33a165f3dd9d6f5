//! The dialogues of `tests/cases/server.md` and `tests/cases/client.md`, run as tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use bareline_core::Method;
use bareline_core::head::Limits;
use bareline_fuzz::{Entry, ServerManner, client_log, server_log};
use std::fmt::Write;
use std::path::Path;

/// Limits that are small enough to be shown in a dialogue.
const LIMITS: Limits = Limits::new().trailers(2).drain(16).interim(3);

/// A dialogue: its title, the words after `http`, the octets on the wire, and the expected events.
struct Dialogue {
    title: String,
    manner: String,
    octets: Vec<u8>,
    events: String,
}

fn dialogues(document: &str) -> Vec<Dialogue> {
    let mut found = Vec::new();
    for section in document.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap().to_owned();
        let (_, rest) =
            section.split_once("```http ").unwrap_or_else(|| panic!("{title}: no http block"));
        let (manner, rest) = rest.split_once('\n').unwrap();
        let (wire, rest) = rest.split_once("```").unwrap();
        let (_, events) =
            rest.split_once("```events\n").unwrap_or_else(|| panic!("{title}: no events"));
        let (events, _) = events.split_once("```").unwrap();
        found.push(Dialogue {
            title,
            manner: manner.to_owned(),
            octets: octets(wire),
            events: events.to_owned(),
        });
    }
    found
}

/// Returns the octets of an http block.
///
/// Each line ends with CR LF, unless a backslash is at its end; `\n`, `\r`, `\\` and `\xff` are
/// octets.
fn octets(block: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    for line in block.lines() {
        let mut rest = line.as_bytes();
        loop {
            rest = match rest {
                [] => {
                    octets.extend_from_slice(b"\r\n");
                    break;
                }
                [b'\\'] => break,
                [b'\\', b'n', rest @ ..] => {
                    octets.push(b'\n');
                    rest
                }
                [b'\\', b'r', rest @ ..] => {
                    octets.push(b'\r');
                    rest
                }
                [b'\\', b'x', high, low, rest @ ..] => {
                    let digits = [*high, *low];
                    octets.push(
                        u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap(),
                    );
                    rest
                }
                [octet, rest @ ..] => {
                    octets.push(*octet);
                    rest
                }
            };
        }
    }
    octets
}

/// Returns the events of a dialogue, one on each line.
fn shown(log: &[Entry], octets: &[u8]) -> String {
    let mut text = String::new();
    let unread = |at: usize| match octets.get(at..).unwrap_or_default() {
        [] => String::new(),
        rest => format!(", unread: {}", rest.escape_ascii()),
    };
    for entry in log {
        match entry {
            Entry::Head(line, fields) => {
                writeln!(text, "head     {line}").unwrap();
                for (name, value) in fields {
                    writeln!(text, "         {name}: {}", value.escape_ascii()).unwrap();
                }
            }
            Entry::Chunk(size, extensions) => {
                writeln!(text, "chunk    {size}{}", extensions.escape_ascii()).unwrap()
            }
            Entry::Data(data) => writeln!(text, "data     {}", data.escape_ascii()).unwrap(),
            Entry::Trailer(name, value) => {
                writeln!(text, "trailer  {name}: {}", value.escape_ascii()).unwrap()
            }
            Entry::End => writeln!(text, "end").unwrap(),
            Entry::Rejected(kind, at, _) => {
                writeln!(text, "rejected {kind} at octet {at}").unwrap()
            }
            Entry::Sent(sent) => writeln!(text, "sent     {}", sent.escape_ascii()).unwrap(),
            Entry::Upgraded(at) => writeln!(text, "upgraded{}", unread(*at)).unwrap(),
            Entry::Closed(at) => writeln!(text, "closed{}", unread(*at)).unwrap(),
            Entry::Waiting(what) => writeln!(text, "waits    {what}").unwrap(),
        }
    }
    text
}

/// Runs each dialogue of a document, with its octets at once and octet by octet.
fn check(name: &str, run: impl Fn(&Dialogue, &[usize]) -> Vec<Entry>) -> usize {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases").join(name);
    let dialogues = dialogues(&std::fs::read_to_string(path).unwrap());
    for dialogue in &dialogues {
        for pieces in [dialogue.octets.len().max(1), 1] {
            let shown = shown(&run(dialogue, &[pieces]), &dialogue.octets);
            assert!(
                shown == dialogue.events,
                "{name}, {}, in pieces of {pieces}:\n{shown}",
                dialogue.title
            );
        }
    }
    dialogues.len()
}

#[test]
fn the_dialogues_of_a_server() {
    let count = check("server.md", |dialogue, pieces| {
        let is = |words| dialogue.manner.contains(words);
        let manner = ServerManner {
            responds_early: is("responds early"),
            echoes: is("echoes"),
            responds_in_chunks: is("in chunks"),
            sends_continue: is("continues"),
            upgrades: is("switches"),
            says_close: is("says close"),
        };
        server_log(&dialogue.octets, pieces, is("closes"), manner, LIMITS)
    });
    assert!(count >= 30, "only {count} dialogues were found");
}

#[test]
fn the_dialogues_of_a_client() {
    let count = check("client.md", |dialogue, pieces| {
        let (list, _) = dialogue.manner.split_once(';').unwrap_or((&dialogue.manner, ""));
        let methods: Vec<_> = list
            .trim_start_matches("responses to ")
            .split(", ")
            .map(|name| Method::new(name).unwrap())
            .collect();
        client_log(&methods, &dialogue.octets, pieces, dialogue.manner.contains("closes"), LIMITS)
    });
    assert!(count >= 20, "only {count} dialogues were found");
}
