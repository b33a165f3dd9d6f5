//! Bareline rejects what another reader accepts.

use super::{Case, Class, Group, Why};
use crate::compare::Difference;
use crate::facts::is_token;
use crate::message::{Outcome, Role, trim};
use crate::reader::Peer;
use bareline_core::ErrorKind;

/// The kinds of errors that concern what httparse and llhttp leave to their caller.
fn is_left_to_the_caller(case: &Case<'_>) -> bool {
    let host = [ErrorKind::MissingHost, ErrorKind::RepeatedHost, ErrorKind::InvalidHost, ErrorKind::TargetForm];
    let framing = [
        ErrorKind::ContentLength,
        ErrorKind::RepeatedContentLength,
        ErrorKind::ContentLengthTooLarge,
        ErrorKind::LengthAndCoding,
        ErrorKind::NotChunkedLast,
        ErrorKind::ChunkedTwice,
        ErrorKind::UnsupportedCoding,
        ErrorKind::CodingInHttp10,
        ErrorKind::ContentInConnect,
    ];
    let has = |kinds: &[ErrorKind]| kinds.iter().any(|kind| case.is(*kind));
    match case.peer {
        Peer::Httparse => has(&host) || has(&framing),
        _ => has(&host),
    }
}

fn is_unjudged(case: &Case<'_>) -> bool {
    case.difference == Difference::WeReject && *case.theirs == Outcome::Incomplete(None) && !case.facts.is_head_whole
}

fn is_space(octet: Option<u8>) -> bool {
    matches!(octet, Some(b' ' | b'\t' | b'\x0b' | b'\x0c' | b'\r'))
}

fn is_digits(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(u8::is_ascii_digit)
}

/// `code = DIGIT DIGIT DIGIT`, and not below 100
fn is_code(part: &[u8]) -> bool {
    part.len() == 3 && is_digits(part) && part[0] != b'0'
}

/// A path and query with nothing in it that needs a second look.
fn is_plain_path(target: &[u8]) -> bool {
    target.starts_with(b"/")
        && target.iter().all(|octet| octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(octet))
}

/// A host with nothing in it that needs a second look, and a port.
fn is_plain_host(value: &[u8]) -> bool {
    let (host, port) =
        value.iter().position(|octet| *octet == b':').map_or((value, &b""[..]), |place| (&value[..place], &value[place + 1..]));
    host.iter().all(|octet| octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(octet))
        && (port.is_empty() || is_digits(port))
}

/// The version is in its place and followed by nothing, or by one space.
fn is_version_line(case: &Case<'_>) -> bool {
    let is_version = matches!(case.facts.version(), [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9']);
    is_version && (case.message.role != Role::Request || case.facts.start(3).is_empty())
}

/// The members of all `Content-Length` fields are one number.
fn is_one_length(case: &Case<'_>) -> bool {
    let values = case.facts.values("content-length");
    let mut members = values.iter().flat_map(|value| value.split(|octet| *octet == b',')).map(trim);
    let number = |member: &[u8]| member.iter().skip_while(|digit| **digit == b'0').copied().collect::<Vec<_>>();
    let first = members.next().unwrap_or(&[]);
    is_digits(first) && members.all(|member| is_digits(member) && number(member) == number(first))
}

/// An absolute form, or the authority form of CONNECT, has an `@` in its authority.
fn has_userinfo(case: &Case<'_>) -> bool {
    let target = case.facts.start(1);
    let behind_scheme = target.windows(3).position(|part| part == b"://").map(|place| &target[place + 3..]);
    let authority = match behind_scheme {
        Some(rest) => rest.split(|octet| *octet == b'/').next().unwrap_or(&[]),
        None if case.facts.start(0) == b"CONNECT" => target,
        None => &[],
    };
    authority.contains(&b'@')
}

fn has_empty_member(case: &Case<'_>) -> bool {
    case.facts
        .values("transfer-encoding")
        .iter()
        .any(|value| value.split(|octet| *octet == b',').any(|member| trim(member).is_empty()))
}

/// The port of a `Host` is too large, or there is no host in front of it.
fn is_without_meaning(case: &Case<'_>) -> bool {
    case.facts.values("host").iter().any(|value| {
        let (host, port) =
            value.iter().rposition(|octet| *octet == b':').map_or((&**value, &b""[..]), |place| value.split_at(place));
        let digits = port.get(1..).unwrap_or(&[]);
        host.is_empty()
            || (is_digits(digits) && std::str::from_utf8(digits).ok().and_then(|port| port.parse::<u16>().ok()).is_none())
    })
}

pub(super) const CLASSES: &[Class] = &[
    Class {
        name: "head-only",
        group: Group::Framing,
        what: "The reader leaves `Host` and the form of the target to its caller; httparse the fields of framing too.",
        section: "RFC 9112 section 3.2",
        why: Why::Theirs(&[Peer::Httparse, Peer::Llhttp], "httparse shows heads alone, llhttp no host: their interfaces"),
        holds: is_left_to_the_caller,
    },
    Class {
        name: "unjudged",
        group: Group::Ends,
        what: "The connection closes within a head that is invalid already. The other reader judges it when it is whole.",
        section: "RFC 9112 section 8",
        why: Why::Theirs(&Peer::ALL, "each reader judges a line, or a head, at another octet"),
        holds: is_unjudged,
    },
    Class {
        name: "connect-wildcard",
        group: Group::StartLine,
        what: "Bareline rejects a `*` in the host of a CONNECT target, which `reg-name` allows.",
        section: "RFC 3986 section 3.2.2",
        why: Why::Fault,
        holds: |case| {
            case.is(ErrorKind::Target)
                && case.facts.start(0) == b"CONNECT"
                && case.facts.start(1).contains(&b'*')
                && !case.facts.start(1).contains(&b'@')
        },
    },
    Class {
        name: "bare-lf",
        group: Group::Lines,
        what: "Bareline rejects a line that ends with LF alone.",
        section: "RFC 9112 section 2.2",
        why: Why::Row("bare LF as a line end"),
        holds: |case| case.is(ErrorKind::BareLf) && case.octet(0) == Some(b'\n') && case.octet_before() != Some(b'\r'),
    },
    Class {
        name: "bare-cr",
        group: Group::Lines,
        what: "Bareline rejects a CR without LF.",
        section: "RFC 9112 section 2.2",
        why: Why::Row("bare CR"),
        holds: |case| case.is(ErrorKind::BareCr) && case.octet(0) == Some(b'\r') && case.octet(1) != Some(b'\n'),
    },
    Class {
        name: "fold-trailer",
        group: Group::Chunks,
        what: "Bareline rejects a folded line in trailers.",
        section: "RFC 9112 section 5.2",
        why: Why::Row("folded line in trailers"),
        holds: |case| case.is(ErrorKind::LineFolding) && is_space(case.octet(0)) && case.is_in_body(),
    },
    Class {
        name: "fold-request",
        group: Group::Lines,
        what: "Bareline rejects a folded line in a request.",
        section: "RFC 9112 section 5.2",
        why: Why::Row("folded line in a request"),
        holds: |case| case.is(ErrorKind::LineFolding) && is_space(case.octet(0)) && case.message.role == Role::Request,
    },
    Class {
        name: "method-length",
        group: Group::StartLine,
        what: "Bareline rejects a method of more than 64 octets.",
        section: "RFC 9112 section 3",
        why: Why::Limit("`Limits::method`"),
        holds: |case| case.is(ErrorKind::MethodTooLong) && case.facts.start(0).len() > 64,
    },
    Class {
        name: "spaces",
        group: Group::StartLine,
        what: "Bareline rejects a start line with other whitespace than one space between its parts.",
        section: "RFC 9112 section 3",
        why: Why::Row("several spaces in a start line"),
        holds: |case| {
            (case.is(ErrorKind::Target) || case.is(ErrorKind::Version) || case.is(ErrorKind::StatusCode))
                && is_space(case.octet(0))
                && case.octet(0) != Some(b'\r')
        },
    },
    Class {
        name: "userinfo",
        group: Group::StartLine,
        what: "Bareline rejects an absolute form with userinfo, or without `://`.",
        section: "RFC 9110 section 4.2.4",
        why: Why::Row("absolute form without `://`, userinfo in it"),
        holds: |case| {
            let target = case.facts.start(1);
            let scheme = target.iter().position(|octet| *octet == b':').map_or(target, |place| &target[..place]);
            let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic) && is_token(scheme);
            case.is(ErrorKind::Target)
                && (has_userinfo(case)
                    || (is_scheme && scheme.len() < target.len() && !target[scheme.len()..].starts_with(b"://")))
        },
    },
    Class {
        name: "target",
        group: Group::StartLine,
        what: "Bareline rejects a request target with an octet or an authority that the grammar does not have.",
        section: "RFC 9112 section 3.2",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::Target) && !is_plain_path(case.facts.start(1)),
    },
    Class {
        name: "target-form",
        group: Group::StartLine,
        what: "Bareline rejects a form of the request target that does not suit the method.",
        section: "RFC 9112 section 3.2",
        why: Why::Rule,
        holds: |case| {
            case.is(ErrorKind::TargetForm) && (case.facts.start(0) == b"CONNECT" || !case.facts.start(1).starts_with(b"/"))
        },
    },
    Class {
        name: "no-version",
        group: Group::StartLine,
        what: "Bareline rejects a request line without a version, or without a target.",
        section: "RFC 9112 section 3",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::RequestLine) && case.facts.start(2).is_empty(),
    },
    Class {
        name: "before-status",
        group: Group::Lines,
        what: "Bareline rejects octets in front of a status line, empty lines too.",
        section: "RFC 9112 section 4",
        why: Why::Rule,
        holds: |case| {
            case.is(ErrorKind::Version)
                && case.message.role != Role::Request
                && case.message.octets.first().is_some_and(|octet| !octet.is_ascii_alphanumeric())
        },
    },
    Class {
        name: "version",
        group: Group::StartLine,
        what: "Bareline rejects what is not `HTTP/`, digit, `.`, digit in the place of the version.",
        section: "RFC 9112 section 2.3",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::Version) && !is_version_line(case),
    },
    Class {
        name: "major",
        group: Group::StartLine,
        what: "Bareline rejects a major version that is not 1.",
        section: "RFC 9110 section 15.6.6",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::VersionNotSupported) && !case.facts.version().starts_with(b"HTTP/1."),
    },
    Class {
        name: "no-space",
        group: Group::StartLine,
        what: "Bareline rejects a status line that ends behind the code, without a space.",
        section: "RFC 9112 section 4",
        why: Why::Rule,
        holds: |case| {
            case.is(ErrorKind::StatusCode) && case.octet(0) == Some(b'\r')
                || case.is(ErrorKind::StatusCode)
                    && is_digits(case.facts.start(1))
                    && case.facts.start(1).len() == 3
                    && !case.facts.start(1).starts_with(b"0")
        },
    },
    Class {
        name: "status",
        group: Group::StartLine,
        what: "Bareline rejects a status code that is not three digits from 100 on.",
        section: "RFC 9112 section 4",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::StatusCode) && !is_code(case.facts.start(1)),
    },
    Class {
        name: "reason",
        group: Group::StartLine,
        what: "Bareline rejects a control octet in a reason phrase.",
        section: "RFC 9112 section 4",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::Reason) && case.octet(0).is_some_and(|octet| octet.is_ascii_control()),
    },
    Class {
        name: "field-name",
        group: Group::Fields,
        what: "Bareline rejects a field name that is empty or no token.",
        section: "RFC 9110 section 5.1",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::FieldName) && case.octet(0).is_none_or(|octet| !is_token(&[octet])),
    },
    Class {
        name: "space-colon",
        group: Group::Fields,
        what: "Bareline rejects whitespace between a field name and its colon.",
        section: "RFC 9112 section 5.1",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::WhitespaceBeforeColon) && is_space(case.octet(0)),
    },
    Class {
        name: "no-colon",
        group: Group::Fields,
        what: "Bareline rejects a field line without a colon.",
        section: "RFC 9112 section 5",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::MissingColon) && !case.facts.body_line(case.offset()).contains(&b':'),
    },
    Class {
        name: "field-value",
        group: Group::Fields,
        what: "Bareline rejects a control octet in a field value.",
        section: "RFC 9110 section 5.5",
        why: Why::Rule,
        holds: |case| {
            case.is(ErrorKind::FieldValue) && case.octet(0).is_some_and(|octet| octet.is_ascii_control() && octet != b'\t')
        },
    },
    Class {
        name: "no-host",
        group: Group::Host,
        what: "Bareline rejects an HTTP/1.1 request without `Host`.",
        section: "RFC 9112 section 3.2",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::MissingHost) && !case.facts.has("host"),
    },
    Class {
        name: "two-hosts",
        group: Group::Host,
        what: "Bareline rejects a second `Host`.",
        section: "RFC 9112 section 3.2",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::RepeatedHost) && case.facts.values("host").len() > 1,
    },
    Class {
        name: "host-port",
        group: Group::Host,
        what: "Bareline rejects a `Host` with a port above 65,535, or without a host.",
        section: "RFC 3986 section 3.2",
        why: Why::Row("`Host` with a port above 65,535, or without a host"),
        holds: |case| case.is(ErrorKind::InvalidHost) && is_without_meaning(case),
    },
    Class {
        name: "host",
        group: Group::Host,
        what: "Bareline rejects a `Host` that is not a host with an optional port.",
        section: "RFC 9112 section 3.2",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::InvalidHost) && !case.facts.values("host").iter().all(|value| is_plain_host(value)),
    },
    Class {
        name: "same-lengths",
        group: Group::Framing,
        what: "Bareline rejects a length that is given twice, with one value.",
        section: "RFC 9112 section 6.3",
        why: Why::Row("`Content-Length: 5, 5`, or twice"),
        holds: |case| (case.is(ErrorKind::ContentLength) || case.is(ErrorKind::RepeatedContentLength)) && is_one_length(case),
    },
    Class {
        name: "two-lengths",
        group: Group::Framing,
        what: "Bareline rejects a second `Content-Length` with another value.",
        section: "RFC 9112 section 6.3",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::RepeatedContentLength),
    },
    Class {
        name: "length",
        group: Group::Framing,
        what: "Bareline rejects a `Content-Length` that is not digits alone.",
        section: "RFC 9110 section 8.6",
        why: Why::Row("`Content-Length: +5`, ` 5 5`, `0x5`"),
        holds: |case| {
            case.is(ErrorKind::ContentLength)
                && (case.facts.has_fold() || !case.facts.values("content-length").iter().all(|value| is_digits(value)))
        },
    },
    Class {
        name: "huge-length",
        group: Group::Framing,
        what: "Bareline rejects a `Content-Length` from 2 to the 64th on.",
        section: "RFC 9110 section 8.6",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::ContentLengthTooLarge),
    },
    Class {
        name: "length-and-coding",
        group: Group::Framing,
        what: "Bareline rejects `Content-Length` with `Transfer-Encoding`.",
        section: "RFC 9112 section 6.1",
        why: Why::Row("`Content-Length` with `Transfer-Encoding`"),
        holds: |case| {
            case.is(ErrorKind::LengthAndCoding) && case.facts.has("content-length") && case.facts.has("transfer-encoding")
        },
    },
    Class {
        name: "not-chunked",
        group: Group::Framing,
        what: "Bareline rejects a request whose `Transfer-Encoding` does not end in `chunked`.",
        section: "RFC 9112 section 6.3",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::NotChunkedLast) && case.facts.has("transfer-encoding"),
    },
    Class {
        name: "chunked-twice",
        group: Group::Framing,
        what: "Bareline rejects `chunked` applied twice.",
        section: "RFC 9112 section 6.1",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::ChunkedTwice) && case.facts.has("transfer-encoding"),
    },
    Class {
        name: "empty-members",
        group: Group::Framing,
        what: "Bareline rejects empty members around `chunked` in a request.",
        section: "RFC 9110 section 5.6.1.2",
        why: Why::Row("empty members around `chunked` in a request"),
        holds: |case| case.is(ErrorKind::UnsupportedCoding) && has_empty_member(case),
    },
    Class {
        name: "codings",
        group: Group::Framing,
        what: "Bareline rejects a request with codings besides `chunked`.",
        section: "RFC 9112 section 6.1",
        why: Why::Row("codings besides chunked in a request"),
        holds: |case| case.is(ErrorKind::UnsupportedCoding) && case.facts.has("transfer-encoding"),
    },
    Class {
        name: "old-coding",
        group: Group::Framing,
        what: "Bareline rejects `Transfer-Encoding` in HTTP/1.0.",
        section: "RFC 9112 section 6.1",
        why: Why::Row("`Transfer-Encoding` in HTTP/1.0"),
        holds: |case| case.is(ErrorKind::CodingInHttp10) && case.facts.version() == b"HTTP/1.0",
    },
    Class {
        name: "connect-content",
        group: Group::Framing,
        what: "Bareline rejects content in CONNECT.",
        section: "RFC 9110 section 9.3.6",
        why: Why::Row("content in CONNECT"),
        holds: |case| case.is(ErrorKind::ContentInConnect) && case.facts.start(0) == b"CONNECT",
    },
    Class {
        name: "chunk-space",
        group: Group::Chunks,
        what: "Bareline rejects whitespace that stands alone, CR or LF in a chunk line.",
        section: "RFC 9112 section 7.1",
        why: Why::Row("whitespace and bare LF in chunk lines"),
        holds: |case| {
            (case.is(ErrorKind::ChunkSize) || case.is(ErrorKind::ChunkExtension))
                && matches!(case.octet(0), Some(b' ' | b'\t' | b'\r' | b'\n'))
        },
    },
    Class {
        name: "chunk-size",
        group: Group::Chunks,
        what: "Bareline rejects a chunk size that is not hexadecimal digits alone.",
        section: "RFC 9112 section 7.1",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::ChunkSize) && case.is_in_body(),
    },
    Class {
        name: "huge-chunk",
        group: Group::Chunks,
        what: "Bareline rejects a chunk size from 2 to the 64th on.",
        section: "RFC 9112 section 7.1",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::ChunkSizeTooLarge) && case.is_in_body(),
    },
    Class {
        name: "huge-body",
        group: Group::Chunks,
        what: "Bareline rejects chunks of 2 to the 64th octets in all.",
        section: "RFC 9112 section 7.1",
        why: Why::Limit("`Limits::body`"),
        holds: |case| case.is(ErrorKind::BodyTooLarge) && case.facts.has("transfer-encoding"),
    },
    Class {
        name: "extension",
        group: Group::Chunks,
        what: "Bareline rejects a chunk extension that the grammar does not have.",
        section: "RFC 9112 section 7.1.1",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::ChunkExtension) && case.facts.body_line(case.offset()).contains(&b';'),
    },
    Class {
        name: "chunk-junk",
        group: Group::Chunks,
        what: "Bareline rejects what follows a chunk size and is no extension.",
        section: "RFC 9112 section 7.1",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::ChunkExtension) && case.is_in_body(),
    },
    Class {
        name: "long-extension",
        group: Group::Chunks,
        what: "Bareline rejects a chunk line of more than 4,096 octets.",
        section: "RFC 9112 section 7.1.1",
        why: Why::Row("long chunk extensions"),
        holds: |case| case.is(ErrorKind::ChunkLineTooLong) && case.message.octets.len() > 4_096,
    },
    Class {
        name: "chunk-end",
        group: Group::Chunks,
        what: "Bareline rejects chunk data without CR LF behind it.",
        section: "RFC 9112 section 7.1",
        why: Why::Rule,
        holds: |case| case.is(ErrorKind::ChunkEnd) && case.is_in_body(),
    },
    Class {
        name: "forbidden-trailer",
        group: Group::Chunks,
        what: "Bareline rejects a trailer field that controls the message, its routing or the connection.",
        section: "RFC 9110 section 6.5.1",
        why: Why::Row("fields in trailers that control the message, its routing or the connection"),
        holds: |case| case.is(ErrorKind::ForbiddenTrailer) && case.is_in_body(),
    },
];
