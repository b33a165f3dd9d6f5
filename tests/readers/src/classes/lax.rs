//! Messages that bareline accepts, and another reader rejects or reads in another way.

use super::strict::is_rejected_at_the_end;
use super::{Case, Class, Why};
use crate::compare::{Difference, are_same_but_for_spaces, are_same_without_framing};
use crate::facts::Facts;
use crate::message::{Message, Outcome, Role, trim};
use crate::ours;
use crate::proof::{Chunks, has_stray_percent, members, number};
use crate::reader::Peer;

fn they_reject(case: &Case<'_>) -> bool {
    case.difference == Difference::TheyReject
}

/// The methods that llhttp knows in HTTP.
const METHODS: &[&str] = &[
    "DELETE",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "COPY",
    "LOCK",
    "MKCOL",
    "MOVE",
    "PROPFIND",
    "PROPPATCH",
    "SEARCH",
    "UNLOCK",
    "BIND",
    "REBIND",
    "UNBIND",
    "ACL",
    "REPORT",
    "MKACTIVITY",
    "CHECKOUT",
    "MERGE",
    "M-SEARCH",
    "NOTIFY",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "PATCH",
    "PURGE",
    "MKCALENDAR",
    "LINK",
    "UNLINK",
    "QUERY",
];

fn has_other_minor(case: &Case<'_>) -> bool {
    matches!(case.facts.version(), [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'2'..=b'9', ..])
}

fn is_framing_field(case: &Case<'_>) -> bool {
    case.facts.has("content-length") || case.facts.has("transfer-encoding")
}

/// Returns whether a length fits 64 bits, but not 63, or has more digits than 64 bits need.
fn has_great_length(case: &Case<'_>) -> bool {
    let is_great = |length: u64| length > i64::MAX.unsigned_abs();
    case.facts
        .values("content-length")
        .iter()
        .any(|value| number(value).is_some_and(|length| is_great(length) || value.len() > 20))
}

/// Returns whether a chunk size fits 64 bits, and has more digits, due to leading zeros.
fn has_long_size(case: &Case<'_>) -> bool {
    case.facts.body().split_inclusive(|octet| *octet == b'\n').any(|line| {
        let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
        digits > 16 && line.starts_with(&b"0".repeat(digits - 16)) && line.ends_with(b"\n")
    })
}

fn has_great_chunk(case: &Case<'_>) -> bool {
    case.facts.body().split(|octet| *octet == b'\n').any(|line| {
        let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
        std::str::from_utf8(&line[..digits])
            .ok()
            .and_then(|size| u64::from_str_radix(size, 16).ok())
            .is_some_and(|size| size >= 1 << 62)
    })
}

/// Returns whether a field of a length or a coding has a tab.
fn has_tab(case: &Case<'_>) -> bool {
    case.facts.lines.iter().any(|line| {
        let is_named = |name: &str| {
            line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
        };
        (is_named("content-length") || is_named("transfer-encoding")) && line.contains(&b'\t')
    })
}

/// Returns whether the coding of a response is not `chunked` alone.
fn has_other_coding(case: &Case<'_>) -> bool {
    let values = case.facts.values("transfer-encoding");
    case.message.role != Role::Request
        && (values.len() > 1 || values.iter().any(|value| !value.eq_ignore_ascii_case(b"chunked")))
}

fn has_empty_member(case: &Case<'_>) -> bool {
    case.facts
        .values("transfer-encoding")
        .iter()
        .any(|value| value.split(|octet| *octet == b',').any(|member| trim(member).is_empty()))
}

/// Returns whether the framing of a body differs, or its fields are rejected.
///
/// A rejection of another part of the head does not count.
fn is_read_in_two_ways(case: &Case<'_>) -> bool {
    let is_in_body = case.difference == Difference::WeReject && case.is_in_body();
    let is_rejected = case.rejects_for(FRAMING)
        || they_reject(case)
            && matches!(case.ours.outcome, Outcome::Accepted(_))
            && !case.facts.body().is_empty()
            && case.rejects_for(BODY);
    let differs = matches!(
        case.difference,
        Difference::Framing
            | Difference::Content
            | Difference::Trailers
            | Difference::End
            | Difference::WeWait
            | Difference::TheyWait
    );
    !case.facts.is_without_body()
        && (is_in_body || is_rejected || differs)
        && case.facts.has("transfer-encoding")
        || has_tab(case) && case.rejects_for(FRAMING)
}

/// Returns whether a head is cut, and bareline accepts its complete lines as a head.
///
/// Also counts a head that bareline rejects with an error that only its end shows.
fn is_cut_head(case: &Case<'_>) -> bool {
    if !they_reject(case)
        || case.ours.outcome != Outcome::Incomplete(None)
        || case.facts.is_head_whole
    {
        return false;
    }
    let octets = &case.message.octets;
    let whole = octets.iter().rposition(|octet| *octet == b'\n').map_or(0, |place| place + 1);
    let shortened = Message { role: case.message.role, octets: octets[..whole].to_vec() };
    let facts = Facts::new(&shortened);
    if facts.lines.is_empty() {
        return true;
    }
    let host: &[u8] =
        if facts.has("host") || case.message.role != Role::Request { b"" } else { b"Host: a\r\n" };
    let completed =
        Message { role: case.message.role, octets: [&octets[..whole], host, b"\r\n"].concat() };
    let ours = ours::read(&completed);
    ours.error.is_none() || is_rejected_at_the_end(&completed, &ours)
}

/// Words in the readers' reasons about the fields of framing.
const FRAMING: &[&str] = &["content-length", "transfer-encoding"];

/// Words in the readers' reasons about a body.
const BODY: &[&str] = &["chunk", "strict"];

/// Returns whether octets are read as a body after a head that has none.
fn reads_on(case: &Case<'_>) -> bool {
    matches!(
        case.difference,
        Difference::TheyWait
            | Difference::Framing
            | Difference::Content
            | Difference::Trailers
            | Difference::End
            | Difference::TheyReject
    )
}

fn authority(target: &[u8]) -> &[u8] {
    let target = target
        .windows(3)
        .position(|part| part == b"://")
        .map_or(target, |place| &target[place + 3..]);
    target.split(|octet| matches!(octet, b'/' | b'?')).next().unwrap_or(&[])
}

fn scheme(target: &[u8]) -> &[u8] {
    target.split(|octet| *octet == b':').next().unwrap_or(&[])
}

/// Returns whether a valid chunk line has whitespace around the `;` or `=` of an extension.
fn has_spaced_extension(case: &Case<'_>) -> bool {
    let is_space = |octet: Option<&u8>| matches!(octet, Some(b' ' | b'\t'));
    let is_in_grammar = Chunks::of(case.facts.body()).fault.is_none();
    is_in_grammar
        && case.facts.body().split(|octet| *octet == b'\n').any(|line| {
            let mut is_quoted = false;
            let mut is_spaced = |place: usize| {
                is_quoted ^= line[place] == b'"';
                let has_space =
                    is_space(line.get(place + 1)) || place > 0 && is_space(line.get(place - 1));
                !is_quoted && matches!(line[place], b';' | b'=') && has_space
            };
            line.first().is_some_and(u8::is_ascii_hexdigit)
                && line.contains(&b';')
                && (0..line.len()).any(&mut is_spaced)
        })
}

/// Returns whether `Transfer-Encoding` of a response names no coding.
fn has_no_coding(case: &Case<'_>) -> bool {
    let values = case.facts.values("transfer-encoding");
    case.message.role != Role::Request
        && !values.is_empty()
        && members(&values).iter().all(|member| member.is_empty())
}

/// The classes that are tried first: readers read two different bodies, and one may reject its own.
pub(super) const FIRST: &[Class] = &[
    Class {
        name: "response-members",
        what: "Bareline ignores empty members of a response's `Transfer-Encoding`. The other \
               reader does not treat the body as chunked then.",
        section: "RFC 9110 section 5.6.1.2",
        why: Why::Rule,
        holds: |case| {
            is_read_in_two_ways(case)
                && !they_reject(case)
                && has_other_coding(case)
                && has_empty_member(case)
                && !has_tab(case)
        },
    },
    Class {
        name: "tab",
        what: "Bareline treats a tab as whitespace around a length or a coding. The other reader \
               includes the tab in the value.",
        section: "RFC 9110 section 5.6.3",
        why: Why::Rule,
        holds: |case| is_read_in_two_ways(case) && has_tab(case),
    },
];

pub(super) const CLASSES: &[Class] = &[
    Class {
        name: "unfinished-head",
        what: "The connection closes within a head. The other reader judges an incomplete line, or \
               the fields of framing.",
        section: "RFC 9112 section 8",
        why: Why::Theirs(
            &Peer::ALL,
            "bareline judges a line when it is complete: DESIGN.md, Decisions",
        ),
        holds: is_cut_head,
    },
    Class {
        name: "fold-response",
        what: "Bareline unfolds a line of a response. The other reader rejects it.",
        section: "RFC 9112 section 5.2",
        why: Why::Row("folded line in a response"),
        holds: |case| {
            (case.rejects_for(&["header"]) || case.rejects_for(FRAMING))
                && case.facts.has_fold()
                && case.message.role != Role::Request
        },
    },
    Class {
        name: "fold-width",
        what: "Bareline replaces each octet of a fold by a space. The other reader replaces the \
               fold by one space.",
        section: "RFC 9112 section 5.2",
        why: Why::Row("folded line in a response"),
        holds: |case| {
            case.difference == Difference::Fields
                && case.facts.has_fold()
                && are_same_but_for_spaces(case.peer, &case.ours.outcome, case.theirs)
        },
    },
    Class {
        name: "no-body",
        what: "Bareline ignores lengths and codings where no body follows. The other reader \
               rejects invalid ones.",
        section: "RFC 9112 section 6.3",
        why: Why::Row("any lengths in responses to HEAD, in 1xx, 204, 304"),
        holds: |case| {
            case.rejects_for(FRAMING) && case.facts.is_without_body() && is_framing_field(case)
        },
    },
    Class {
        name: "tunnel",
        what: "The other reader reads a response to CONNECT as one to GET.",
        section: "RFC 9110 section 9.3.6",
        why: Why::Unnamed(&[Peer::Go]),
        holds: |case| {
            case.message.role == Role::Connect
                && case.facts.start(1).starts_with(b"2")
                && reads_on(case)
        },
    },
    Class {
        name: "interim-body",
        what: "Bareline reads no body after an interim response. The other reader does.",
        section: "RFC 9112 section 6.3",
        why: Why::Rule,
        holds: |case| case.facts.is_interim() && is_framing_field(case) && reads_on(case),
    },
    Class {
        name: "switch",
        what: "h11 rejects a 101 to a request that has not offered an upgrade.",
        section: "RFC 9110 section 7.8",
        why: Why::Theirs(&[Peer::H11], "documentation, \"Switching protocols\""),
        holds: |case| they_reject(case) && case.facts.start(1) == b"101",
    },
    Class {
        name: "minor",
        what: "Bareline reads a minor version above 1 as HTTP/1.1. The other reader rejects it, \
               or shows it.",
        section: "RFC 9110 section 6.2",
        why: Why::Row("minor versions above 1"),
        holds: |case| {
            (case.rejects_for(&["version"]) || case.difference == Difference::Version)
                && has_other_minor(case)
        },
    },
    Class {
        name: "empty-lines",
        what: "Bareline skips empty lines before a request line. The other reader rejects them.",
        section: "RFC 9112 section 2.2",
        why: Why::Row("empty lines before a request line"),
        holds: |case| {
            case.rejects_for(&["request"])
                && case.message.role == Role::Request
                && case.message.octets.starts_with(b"\r\n")
        },
    },
    Class {
        name: "methods",
        what: "llhttp accepts only the methods of a list.",
        section: "RFC 9110 section 9.1",
        why: Why::Theirs(&[Peer::Llhttp], "`METHODS_HTTP` in `constants.ts`"),
        holds: |case| {
            (case.rejects_for(&["method", "version", "constant"])
                || case.difference == Difference::TheyWait)
                && case.message.role == Role::Request
                && !METHODS.iter().any(|method| method.as_bytes() == case.facts.start(0))
        },
    },
    Class {
        name: "scheme",
        what: "llhttp accepts only letters in a scheme.",
        section: "RFC 3986 section 3.1",
        why: Why::Theirs(&[Peer::Llhttp], "`url.ts`"),
        holds: |case| {
            case.rejects(Peer::Llhttp, "INVALID_URL")
                && !scheme(case.facts.start(1)).iter().all(u8::is_ascii_alphabetic)
        },
    },
    Class {
        name: "stray-percent",
        what: "Bareline accepts a stray `%` in path and query. net/http rejects it.",
        section: "RFC 3986 section 3.3",
        why: Why::Row(
            "`{`, `}`, `^`, backtick, `[`, `]`, `\\|`, a stray `%` in path and query, `\\` in a \
             query",
        ),
        holds: |case| {
            case.rejects(Peer::Go, "target: invalid URL escape")
                && has_stray_percent(case.facts.start(1))
        },
    },
    Class {
        name: "backtick",
        what: "Bareline accepts a backtick in a path. hyper rejects it.",
        section: "RFC 3986 section 3.3",
        why: Why::Row(
            "`{`, `}`, `^`, backtick, `[`, `]`, `\\|`, a stray `%` in path and query, `\\` in a \
             query",
        ),
        holds: |case| {
            let path = case.facts.start(1).split(|octet| *octet == b'?').next();
            case.rejects(Peer::Hyper, "invalid URI")
                && path.is_some_and(|path| path.contains(&b'`'))
        },
    },
    Class {
        name: "encoded-host",
        what: "The other reader accepts no percent-encoded octets in an authority.",
        section: "RFC 3986 section 3.2.2",
        why: Why::Theirs(
            &[Peer::Hyper, Peer::Go],
            "`Uri` of the crate http; `unescape` in `net/url`",
        ),
        holds: |case| {
            case.rejects_for(&["uri", "url"]) && authority(case.facts.start(1)).contains(&b'%')
        },
    },
    Class {
        name: "reason-text",
        what: "httparse shows a reason phrase with octets above 127 as empty.",
        section: "RFC 9112 section 4",
        why: Why::Theirs(&[Peer::Httparse], "`Response::reason`"),
        holds: |case| {
            case.difference == Difference::Reason
                && case.facts.lines.first().is_some_and(|line| !line.is_ascii())
        },
    },
    Class {
        name: "rewritten",
        what: "h11 replaces several equal lengths by one, and writes codings in lower case.",
        section: "RFC 9112 section 6.3",
        why: Why::Theirs(&[Peer::H11], "`normalize_and_validate` in `_headers.py`"),
        holds: |case| {
            case.difference == Difference::Fields
                && is_framing_field(case)
                && are_same_without_framing(case.peer, &case.ours.outcome, case.theirs)
        },
    },
    Class {
        name: "great-length",
        what: "The other reader has a smaller limit for a length, or for its digits.",
        section: "RFC 9110 section 8.6",
        why: Why::Theirs(
            &[Peer::Hyper, Peer::H11, Peer::Go],
            "`DecodedLength::MAX_LEN`; `CONTENT_LENGTH_MAX_DIGITS` in `_headers.py`; \
             `parseContentLength`, 63 bits",
        ),
        holds: |case| {
            case.rejects_for(&["content-length", "too-large"])
                && (has_great_length(case) || case.peer == Peer::Hyper && has_great_chunk(case))
        },
    },
    Class {
        name: "no-coding",
        what: "Bareline reads a response whose `Transfer-Encoding` is an empty list up to the \
               close. The other reader rejects it.",
        section: "RFC 9112 section 6.3",
        why: Why::Rule,
        holds: |case| case.rejects_for(FRAMING) && has_no_coding(case),
    },
    Class {
        name: "response-codings",
        what: "Bareline accepts other codings in a response, and the last one determines the \
               framing. The other reader accepts only `chunked`.",
        section: "RFC 9112 section 6.3",
        why: Why::Row("codings in a response, chunked last"),
        holds: |case| case.rejects_for(FRAMING) && has_other_coding(case),
    },
    Class {
        name: "long-size",
        what: "The other reader accepts no more digits of a chunk size than 64 bits need, leading \
               zeros included.",
        section: "RFC 9112 section 7.1",
        why: Why::Theirs(
            &[Peer::Httparse, Peer::H11, Peer::Go],
            "`parse_chunk_size`; `chunk_size` in `_abnf.py`; `parseHexUint` in `chunked.go`",
        ),
        holds: |case| case.rejects_for(&["chunk"]) && has_long_size(case),
    },
    Class {
        name: "long-line",
        what: "The other reader has a smaller limit for a chunk line.",
        section: "RFC 9112 section 7.1.1",
        why: Why::Theirs(&[Peer::Go], "`maxLineLength` in `chunked.go`"),
        holds: |case| {
            case.rejects(Peer::Go, "header line too long") && case.message.octets.len() > 4_000
        },
    },
    Class {
        name: "extension-space",
        what: "Bareline drops whitespace around `;` and `=` in a chunk line. The other reader \
               rejects it.",
        section: "RFC 9112 section 7.1.1",
        why: Why::Row("whitespace and bare LF in chunk lines"),
        holds: |case| case.rejects_for(&["chunk", "strict"]) && has_spaced_extension(case),
    },
    Class {
        name: "cut-trailers",
        what: "The connection closes within trailers. net/http returns an error.",
        section: "RFC 9112 section 8",
        why: Why::Theirs(&[Peer::Go], "`errTrailerEOF` and `readTrailer` in `transfer.go`"),
        holds: |case| {
            case.rejects_for(&["trailer"])
                && matches!(case.ours.outcome, Outcome::Incomplete(Some(_)))
        },
    },
    Class {
        name: "unfinished",
        what: "The connection closes within a chunk line or a trailer. The other reader judges the \
               incomplete line.",
        section: "RFC 9112 section 8",
        why: Why::Theirs(
            &Peer::ALL,
            "bareline judges a line when it is complete: DESIGN.md, Decisions",
        ),
        holds: |case| {
            they_reject(case)
                && matches!(case.ours.outcome, Outcome::Incomplete(_))
                && !case.message.octets.ends_with(b"\n")
        },
    },
];
