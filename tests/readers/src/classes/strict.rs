//! Messages that bareline rejects, and another reader accepts. Each class shows the error from the
//! octets.

use super::{Case, Class, Why};
use crate::compare::Difference;
use crate::facts::{Facts, is_token};
use crate::message::{Message, Outcome, Role, trim};
use crate::ours::Ours;
use crate::proof::{
    ChunkFault, behind_scheme, has_userinfo, host_and_port, is_chunked, is_control_field,
    is_digits, is_host_without_meaning, is_target, members, number, suits,
};
use crate::reader::Peer;
use bareline_core::error::ParseErrorKind;

/// Returns whether bareline rejects a message with an error that the end of its head shows.
///
/// A class has to show the error.
pub(super) fn is_rejected_at_the_end(message: &Message, ours: &Ours) -> bool {
    let facts = Facts::new(message);
    let (difference, theirs) = (Difference::WeReject, &Outcome::Incomplete(None));
    let case = Case { peer: Peer::Httparse, message, ours, theirs, difference, facts };
    is_shown(&case, OF_HOST) || is_shown(&case, OF_FRAMING)
}

/// Returns whether bareline's error is of one of these kinds, and a class shows the error.
fn is_shown(case: &Case<'_>, kinds: &[ParseErrorKind]) -> bool {
    kinds.iter().any(|kind| case.is(*kind)) && CLASSES.iter().any(|class| (class.holds)(case))
}

/// Returns whether the complete lines of an incomplete head have an error.
fn is_unjudged(case: &Case<'_>) -> bool {
    if case.difference != Difference::WeReject
        || *case.theirs != Outcome::Incomplete(None)
        || case.facts.is_head_whole
    {
        return false;
    }
    let octets = &case.message.octets;
    let whole = octets.iter().rposition(|octet| *octet == b'\n').map_or(0, |place| place + 1);
    let message = Message { role: case.message.role, octets: octets[..whole].to_vec() };
    let shortened = Case { message: &message, facts: Facts::new(&message), ..*case };
    CLASSES.iter().any(|class| (class.holds)(&shortened))
        || is_no_method(&shortened)
        || is_blank_before_fields(&shortened)
        || is_version_alone(&shortened)
}

fn is_no_method(case: &Case<'_>) -> bool {
    case.is(ParseErrorKind::Method) && !is_token(case.method())
}

/// Returns whether a status line ends after the version [RFC 9112 section 4].
fn is_version_alone(case: &Case<'_>) -> bool {
    let line = case.facts.lines.first().copied().unwrap_or(&[]);
    let is_version = matches!(line, [b'H', b'T', b'T', b'P', b'/', _, b'.', _]);
    case.message.role != Role::Request && case.is(ParseErrorKind::Version) && is_version
}

/// Returns whether whitespace precedes the first field [RFC 9112 section 2.2].
fn is_blank_before_fields(case: &Case<'_>) -> bool {
    let first = case.facts.lines.get(1).and_then(|line| line.first());
    case.is(ParseErrorKind::LineFolding) && is_space(first.copied())
}

/// Returns whether a `Content-Length` in a request is folded.
fn has_folded_length(case: &Case<'_>) -> bool {
    let is_folded = |lines: &[&[u8]]| {
        trim(name(lines[0])).eq_ignore_ascii_case(b"content-length")
            && is_space(lines[1].first().copied())
    };
    case.message.role == Role::Request && case.facts.lines.windows(2).any(is_folded)
}

fn is_space(octet: Option<u8>) -> bool {
    matches!(octet, Some(b' ' | b'\t' | b'\x0b' | b'\x0c' | b'\r'))
}

/// `code = DIGIT DIGIT DIGIT`
fn is_code(part: &[u8]) -> bool {
    part.len() == 3 && is_digits(part)
}

/// Returns whether a start line has a tab, a second space, or a space after the version.
fn has_other_space(case: &Case<'_>) -> bool {
    let is_of_version = case.is(ParseErrorKind::Version);
    let is_in_start_line =
        is_of_version || case.is(ParseErrorKind::Target) || case.is(ParseErrorKind::StatusCode);
    let is_other = matches!(case.octet(0), Some(b'\t' | b'\x0b' | b'\x0c'));
    let is_second =
        case.octet(0) == Some(b' ') && matches!(case.octet_before(), Some(b' ' | b'\t'));
    let is_last = case.octet(0) == Some(b' ') && is_of_version && case.octet(1) == Some(b'\r');
    is_in_start_line && (is_other || is_second || is_last)
}

/// Returns whether the version is in its position, followed by nothing or by one space.
fn is_version_line(case: &Case<'_>) -> bool {
    let is_version = matches!(
        case.facts.version(),
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9']
    );
    is_version && (case.message.role != Role::Request || case.facts.start(3).is_empty())
}

/// Returns a field name as it is written in a line.
fn name(line: &[u8]) -> &[u8] {
    line.split(|octet| *octet == b':').next().unwrap_or(&[])
}

/// Returns whether a scheme lacks its `://`, and the target is not an authority.
fn is_without_slashes(case: &Case<'_>) -> bool {
    case.method() != b"CONNECT"
        && behind_scheme(case.target()).is_some_and(|rest| !rest.starts_with(b"//"))
}

fn has_coding(case: &Case<'_>) -> bool {
    case.facts.has("transfer-encoding")
}

/// Returns the numbers of all `Content-Length` fields, without leading zeros, if there are several.
///
/// Invalid numbers do not count where bareline's error is that there are several.
fn lengths(case: &Case<'_>) -> Option<Vec<Vec<u8>>> {
    let values = case.facts.values("content-length");
    let members = members(&values);
    let number = |member: &&[u8]| {
        member.iter().skip_while(|digit| **digit == b'0').copied().collect::<Vec<_>>()
    };
    let numbers: Vec<_> = members.iter().copied().filter(|member| is_digits(member)).collect();
    let are_all = numbers.len() == members.len() || case.is(ParseErrorKind::RepeatedContentLength);
    (numbers.len() > 1 && are_all).then(|| numbers.iter().map(number).collect())
}

fn is_of_length(case: &Case<'_>) -> bool {
    case.is(ParseErrorKind::ContentLength) || case.is(ParseErrorKind::RepeatedContentLength)
}

fn codings(case: &Case<'_>) -> Codings {
    let values = case.facts.values("transfer-encoding");
    let members = members(&values);
    let named: Vec<_> = members.iter().filter(|member| !member.is_empty()).collect();
    let chunked = named.iter().filter(|member| is_chunked(member)).count();
    Codings {
        chunked,
        others: named.len() - chunked,
        empty: members.len() - named.len(),
        ends_chunked: named.last().is_some_and(|member| is_chunked(member)),
    }
}

/// Returns whether `chunked` has a parameter, which is not defined.
fn has_parameter(case: &Case<'_>) -> bool {
    let values = case.facts.values("transfer-encoding");
    let is_with = |member: &&[u8]| {
        let coding = member.split(|octet| *octet == b';').next().unwrap_or(&[]);
        coding.len() < member.len() && is_chunked(trim(coding))
    };
    members(&values).iter().any(is_with)
}

/// The numbers of codings of a message: `chunked`, other codings, and empty members.
struct Codings {
    chunked: usize,
    others: usize,
    empty: usize,
    ends_chunked: bool,
}

/// Returns whether the chunks of the body have this error, and bareline's error is in the body.
fn has_chunk_fault(case: &Case<'_>, fault: ChunkFault) -> bool {
    case.is_in_body() && case.chunks().fault == Some(fault)
}

fn is_of_chunk_line(case: &Case<'_>) -> bool {
    [ParseErrorKind::ChunkSize, ParseErrorKind::ChunkLineWhitespace, ParseErrorKind::ChunkExtension]
        .iter()
        .any(|&kind| case.is(kind))
}

const OF_HOST: &[ParseErrorKind] =
    &[ParseErrorKind::MissingHost, ParseErrorKind::RepeatedHost, ParseErrorKind::InvalidHost];
const OF_FRAMING: &[ParseErrorKind] = &[
    ParseErrorKind::ContentLength,
    ParseErrorKind::RepeatedContentLength,
    ParseErrorKind::ContentLengthTooLarge,
    ParseErrorKind::LengthAndCoding,
    ParseErrorKind::TransferCoding,
    ParseErrorKind::NotChunkedLast,
    ParseErrorKind::ChunkedTwice,
    ParseErrorKind::UnsupportedCoding,
    ParseErrorKind::CodingInHttp10,
    ParseErrorKind::ContentInConnect,
];

/// The classes that are tried before the others: a reader leaves a check to its caller, or checks
/// later.
pub(super) const LEFT: &[Class] = &[
    Class {
        name: "left-host",
        what: "The reader leaves `Host` to its caller.",
        section: "RFC 9112 section 3.2",
        why: Why::Interface(
            &[Peer::Httparse, Peer::Llhttp],
            "httparse parses only heads, llhttp does not check hosts",
        ),
        holds: |case| is_shown(case, OF_HOST),
    },
    Class {
        name: "left-form",
        what: "The reader leaves the check of the target's form to its caller.",
        section: "RFC 9112 section 3.2",
        why: Why::Interface(
            &[Peer::Httparse, Peer::Llhttp],
            "httparse parses only heads, llhttp returns the target unchanged",
        ),
        holds: |case| is_shown(case, &[ParseErrorKind::TargetForm]),
    },
    Class {
        name: "left-framing",
        what: "The reader leaves the fields of framing to its caller.",
        section: "RFC 9112 section 6.3",
        why: Why::Interface(&[Peer::Httparse], "it parses only heads"),
        holds: |case| is_shown(case, OF_FRAMING),
    },
    Class {
        name: "unjudged",
        what: "The connection closes within a head that has an error in its complete lines. The \
               other reader judges only a complete head.",
        section: "RFC 9112 section 8",
        why: Why::Interface(&Peer::ALL, "each reader judges a line, or a head, at another octet"),
        holds: is_unjudged,
    },
];

pub(super) const CLASSES: &[Class] = &[
    Class {
        name: "bare-lf",
        what: "Bareline rejects a line that ends with LF alone.",
        section: "RFC 9112 section 2.2",
        why: Why::Row("bare LF as a line end"),
        holds: |case| {
            case.is(ParseErrorKind::BareLf)
                && case.octet(0) == Some(b'\n')
                && case.octet_before() != Some(b'\r')
        },
    },
    Class {
        name: "bare-cr",
        what: "Bareline rejects a CR without LF.",
        section: "RFC 9112 section 2.2",
        why: Why::Row("bare CR"),
        holds: |case| {
            case.is(ParseErrorKind::BareCr)
                && case.octet(0) == Some(b'\r')
                && case.octet(1) != Some(b'\n')
        },
    },
    Class {
        name: "fold-trailer",
        what: "Bareline rejects a folded line in trailers.",
        section: "RFC 9112 section 5.2",
        why: Why::Row("folded line in trailers"),
        holds: |case| {
            case.is(ParseErrorKind::LineFolding) && is_space(case.octet(0)) && case.is_in_trailers()
        },
    },
    Class {
        name: "fold-request",
        what: "Bareline rejects a folded line in a request.",
        section: "RFC 9112 section 5.2",
        why: Why::Row("folded line in a request"),
        holds: |case| {
            case.is(ParseErrorKind::LineFolding)
                && is_space(case.octet(0))
                && case.message.role == Role::Request
                || case.is(ParseErrorKind::ContentLength) && has_folded_length(case)
        },
    },
    Class {
        name: "method-length",
        what: "Bareline rejects a method of more than 64 octets.",
        section: "RFC 9112 section 3",
        why: Why::Limit("`Limits::method`"),
        holds: |case| case.is(ParseErrorKind::MethodTooLong) && case.facts.start(0).len() > 64,
    },
    Class {
        name: "spaces",
        what: "Bareline rejects a start line with other whitespace than one space between its \
               parts.",
        section: "RFC 9112 section 3",
        why: Why::Row("several spaces in a start line"),
        holds: has_other_space,
    },
    Class {
        name: "userinfo",
        what: "Bareline rejects an absolute form with userinfo, or without `://`.",
        section: "RFC 9110 section 4.2.4",
        why: Why::Row("absolute form without `://`, userinfo in it"),
        holds: |case| {
            case.is(ParseErrorKind::Target)
                && (has_userinfo(case.method(), case.target()) || is_without_slashes(case))
        },
    },
    Class {
        name: "target",
        what: "Bareline rejects a request target with an octet or an authority that the grammar \
               does not allow.",
        section: "RFC 9112 section 3.2",
        why: Why::Rule,
        holds: |case| case.is(ParseErrorKind::Target) && !is_target(case.target()),
    },
    Class {
        name: "target-form",
        what: "Bareline rejects a form of the request target that the method does not allow.",
        section: "RFC 9112 section 3.2",
        why: Why::Rule,
        holds: |case| {
            (case.is(ParseErrorKind::TargetForm) || case.is(ParseErrorKind::Target))
                && !suits(case.method(), case.target())
        },
    },
    Class {
        name: "no-version",
        what: "Bareline rejects a request line without a version, or without a target.",
        section: "RFC 9112 section 3",
        why: Why::Rule,
        holds: |case| case.is(ParseErrorKind::RequestLine) && case.facts.start(2).is_empty(),
    },
    Class {
        name: "before-status",
        what: "Bareline rejects octets before a status line, empty lines included.",
        section: "RFC 9112 section 4",
        why: Why::Rule,
        holds: |case| {
            case.is(ParseErrorKind::Version)
                && case.message.role != Role::Request
                && case.message.octets.first().is_some_and(|octet| !octet.is_ascii_alphanumeric())
        },
    },
    Class {
        name: "version",
        what: "Bareline rejects a version that is not `HTTP/`, digit, `.`, digit.",
        section: "RFC 9112 section 2.3",
        why: Why::Rule,
        holds: |case| case.is(ParseErrorKind::Version) && !is_version_line(case),
    },
    Class {
        name: "major",
        what: "Bareline rejects a major version that is not 1.",
        section: "RFC 9110 section 15.6.6",
        why: Why::Rule,
        holds: |case| {
            case.is(ParseErrorKind::VersionNotSupported)
                && matches!(
                    case.facts.version(),
                    [b'H', b'T', b'T', b'P', b'/', b'0' | b'2'..=b'9', b'.', b'0'..=b'9']
                )
        },
    },
    Class {
        name: "low-status",
        what: "Bareline rejects a status code below 100.",
        section: "RFC 9110 section 15",
        why: Why::Row("status 000 to 099 in a response"),
        holds: |case| {
            case.is(ParseErrorKind::StatusCode)
                && is_code(case.facts.start(1))
                && case.facts.start(1).starts_with(b"0")
        },
    },
    Class {
        name: "status",
        what: "Bareline rejects a status code that is not three digits.",
        section: "RFC 9112 section 4",
        why: Why::Rule,
        holds: |case| case.is(ParseErrorKind::StatusCode) && !is_code(case.facts.start(1)),
    },
    Class {
        name: "reason",
        what: "Bareline rejects a control octet in a reason phrase.",
        section: "RFC 9112 section 4",
        why: Why::Rule,
        holds: |case| {
            case.is(ParseErrorKind::Reason)
                && case.octet(0).is_some_and(|octet| octet.is_ascii_control() && octet != b'\t')
        },
    },
    Class {
        name: "field-name",
        what: "Bareline rejects a field name that is empty or not a token.",
        section: "RFC 9110 section 5.1",
        why: Why::Rule,
        holds: |case| case.is(ParseErrorKind::FieldName) && !is_token(trim(name(case.line()))),
    },
    Class {
        name: "space-colon",
        what: "Bareline rejects whitespace between a field name and its colon.",
        section: "RFC 9112 section 5.1",
        why: Why::Rule,
        holds: |case| {
            let name = name(case.line());
            case.is(ParseErrorKind::WhitespaceBeforeColon)
                && trim(name).len() < name.len()
                && case.line().contains(&b':')
        },
    },
    Class {
        name: "no-colon",
        what: "Bareline rejects a field line without a colon.",
        section: "RFC 9112 section 5",
        why: Why::Rule,
        holds: |case| {
            case.is(ParseErrorKind::MissingColon)
                && !case.facts.body_line(case.offset()).contains(&b':')
        },
    },
    Class {
        name: "field-value",
        what: "Bareline rejects a control octet in a field value.",
        section: "RFC 9110 section 5.5",
        why: Why::Rule,
        holds: |case| {
            case.is(ParseErrorKind::FieldValue)
                && case.octet(0).is_some_and(|octet| octet.is_ascii_control() && octet != b'\t')
        },
    },
    Class {
        name: "no-host",
        what: "Bareline rejects an HTTP/1.1 request without `Host`.",
        section: "RFC 9112 section 3.2",
        why: Why::Rule,
        holds: |case| {
            case.is(ParseErrorKind::MissingHost)
                && !case.facts.has("host")
                && case.facts.version() != b"HTTP/1.0"
        },
    },
    Class {
        name: "two-hosts",
        what: "Bareline rejects a second `Host`.",
        section: "RFC 9112 section 3.2",
        why: Why::Rule,
        holds: |case| case.is(ParseErrorKind::RepeatedHost) && case.facts.values("host").len() > 1,
    },
    Class {
        name: "host-port",
        what: "Bareline rejects a `Host` with a port above 65,535, or without a host.",
        section: "RFC 3986 section 3.2",
        why: Why::Row("`Host` with a port above 65,535, or without a host"),
        holds: |case| {
            case.is(ParseErrorKind::InvalidHost)
                && case.facts.values("host").iter().any(|value| is_host_without_meaning(value))
        },
    },
    Class {
        name: "host",
        what: "Bareline rejects a `Host` that is not a host with an optional port.",
        section: "RFC 9112 section 3.2",
        why: Why::Rule,
        holds: |case| {
            case.is(ParseErrorKind::InvalidHost)
                && case.facts.values("host").iter().any(|value| host_and_port(value).is_none())
        },
    },
    Class {
        name: "same-lengths",
        what: "Bareline rejects a length that is given twice, with one value.",
        section: "RFC 9112 section 6.3",
        why: Why::Row("`Content-Length: 5, 5`, or twice"),
        holds: |case| {
            let is_one = |lengths: Vec<Vec<u8>>| lengths.iter().all(|length| *length == lengths[0]);
            is_of_length(case) && lengths(case).is_some_and(is_one)
        },
    },
    Class {
        name: "two-lengths",
        what: "Bareline rejects lengths that differ.",
        section: "RFC 9112 section 6.3",
        why: Why::Rule,
        holds: |case| {
            let differ = |lengths: Vec<Vec<u8>>| lengths.iter().any(|length| *length != lengths[0]);
            is_of_length(case) && lengths(case).is_some_and(differ)
        },
    },
    Class {
        name: "length",
        what: "Bareline rejects a `Content-Length` that is not only digits.",
        section: "RFC 9110 section 8.6",
        why: Why::Row("`Content-Length: +5`, ` 5 5`, `0x5`"),
        holds: |case| {
            case.is(ParseErrorKind::ContentLength)
                && case.facts.values("content-length").iter().any(|value| !is_digits(value))
        },
    },
    Class {
        name: "huge-length",
        what: "Bareline rejects a `Content-Length` of 2 to the 64th or more.",
        section: "RFC 9110 section 8.6",
        why: Why::Rule,
        holds: |case| {
            let is_huge = |value: &Vec<u8>| is_digits(value) && number(value).is_none();
            case.is(ParseErrorKind::ContentLengthTooLarge)
                && case.facts.values("content-length").iter().any(is_huge)
        },
    },
    Class {
        name: "length-and-coding",
        what: "Bareline rejects `Content-Length` with `Transfer-Encoding`.",
        section: "RFC 9112 section 6.1",
        why: Why::Row("`Content-Length` with `Transfer-Encoding`"),
        holds: |case| {
            case.is(ParseErrorKind::LengthAndCoding)
                && case.facts.has("content-length")
                && case.facts.has("transfer-encoding")
        },
    },
    Class {
        name: "invalid-coding",
        what: "Bareline rejects a `Transfer-Encoding` that is not a list of codings.",
        section: "RFC 9112 section 7",
        why: Why::Rule,
        holds: |case| case.is(ParseErrorKind::TransferCoding) && case.facts.has_invalid_coding(),
    },
    Class {
        name: "chunked-parameter",
        what: "Bareline rejects `chunked` with a parameter.",
        section: "RFC 9112 section 7.1",
        why: Why::Rule,
        holds: |case| case.is(ParseErrorKind::TransferCoding) && has_parameter(case),
    },
    Class {
        name: "empty-members",
        what: "Bareline rejects empty members around `chunked` in a request.",
        section: "RFC 9110 section 5.6.1.2",
        why: Why::Row("empty members around `chunked` in a request"),
        holds: |case| {
            let is_chunked = |codings: Codings| codings.ends_chunked && codings.empty > 0;
            (case.is(ParseErrorKind::UnsupportedCoding) || case.is(ParseErrorKind::NotChunkedLast))
                && is_chunked(codings(case))
        },
    },
    Class {
        name: "not-chunked",
        what: "Bareline rejects a request whose `Transfer-Encoding` does not end in `chunked`.",
        section: "RFC 9112 section 6.3",
        why: Why::Rule,
        holds: |case| {
            case.is(ParseErrorKind::NotChunkedLast)
                && has_coding(case)
                && !codings(case).ends_chunked
        },
    },
    Class {
        name: "chunked-twice",
        what: "Bareline rejects `chunked` applied twice.",
        section: "RFC 9112 section 6.1",
        why: Why::Rule,
        holds: |case| case.is(ParseErrorKind::ChunkedTwice) && codings(case).chunked > 1,
    },
    Class {
        name: "codings",
        what: "Bareline rejects a request with codings besides `chunked`.",
        section: "RFC 9112 section 6.1",
        why: Why::Row("codings besides chunked in a request"),
        holds: |case| case.is(ParseErrorKind::UnsupportedCoding) && codings(case).others > 0,
    },
    Class {
        name: "old-coding",
        what: "Bareline rejects `Transfer-Encoding` in HTTP/1.0.",
        section: "RFC 9112 section 6.1",
        why: Why::Row("`Transfer-Encoding` in HTTP/1.0"),
        holds: |case| {
            case.is(ParseErrorKind::CodingInHttp10)
                && case.facts.version() == b"HTTP/1.0"
                && has_coding(case)
        },
    },
    Class {
        name: "connect-content",
        what: "Bareline rejects content in CONNECT.",
        section: "RFC 9110 section 9.3.6",
        why: Why::Row("content in CONNECT"),
        holds: |case| {
            let is_some = |value: &Vec<u8>| number(value).is_none_or(|length| length > 0);
            case.is(ParseErrorKind::ContentInConnect)
                && case.method() == b"CONNECT"
                && (has_coding(case) || case.facts.values("content-length").iter().any(is_some))
        },
    },
    Class {
        name: "chunk-space",
        what: "Bareline rejects whitespace in a chunk line other than around `;` or `=`.",
        section: "RFC 9112 section 7.1",
        why: Why::Row("whitespace and bare LF in chunk lines"),
        holds: |case| is_of_chunk_line(case) && has_chunk_fault(case, ChunkFault::Space),
    },
    Class {
        name: "chunk-size",
        what: "Bareline rejects a chunk line that does not begin with a size.",
        section: "RFC 9112 section 7.1",
        why: Why::Rule,
        holds: |case| is_of_chunk_line(case) && has_chunk_fault(case, ChunkFault::Size),
    },
    Class {
        name: "huge-chunk",
        what: "Bareline rejects a chunk size of 2 to the 64th or more.",
        section: "RFC 9112 section 7.1",
        why: Why::Rule,
        holds: |case| {
            case.is(ParseErrorKind::ChunkSizeTooLarge)
                && has_chunk_fault(case, ChunkFault::HugeSize)
        },
    },
    Class {
        name: "huge-body",
        what: "Bareline rejects chunks of 2 to the 64th octets in all.",
        section: "RFC 9112 section 7.1",
        why: Why::Limit("`Limits::body`"),
        holds: |case| {
            case.is(ParseErrorKind::BodyTooLarge) && has_chunk_fault(case, ChunkFault::HugeBody)
        },
    },
    Class {
        name: "extension",
        what: "Bareline rejects a chunk extension that the grammar does not allow.",
        section: "RFC 9112 section 7.1.1",
        why: Why::Rule,
        holds: |case| is_of_chunk_line(case) && has_chunk_fault(case, ChunkFault::Extension),
    },
    Class {
        name: "chunk-junk",
        what: "Bareline rejects octets after a chunk size that are no extension.",
        section: "RFC 9112 section 7.1",
        why: Why::Rule,
        holds: |case| is_of_chunk_line(case) && has_chunk_fault(case, ChunkFault::Junk),
    },
    Class {
        name: "long-extension",
        what: "Bareline rejects a chunk line of more than 4,096 octets.",
        section: "RFC 9112 section 7.1.1",
        why: Why::Row("long chunk extensions"),
        holds: |case| {
            case.is(ParseErrorKind::ChunkLineTooLong) && has_chunk_fault(case, ChunkFault::LongLine)
        },
    },
    Class {
        name: "chunk-end",
        what: "Bareline rejects chunk data without CR LF after it.",
        section: "RFC 9112 section 7.1",
        why: Why::Rule,
        holds: |case| case.is(ParseErrorKind::ChunkEnd) && has_chunk_fault(case, ChunkFault::End),
    },
    Class {
        name: "forbidden-trailer",
        what: "Bareline rejects a trailer field that controls the message, its routing or the \
               connection.",
        section: "RFC 9110 section 6.5.1",
        why: Why::Row("fields in trailers that control the message, its routing or the connection"),
        holds: |case| {
            case.is(ParseErrorKind::ForbiddenTrailer)
                && case.is_in_trailers()
                && is_control_field(name(case.line()))
        },
    },
];
