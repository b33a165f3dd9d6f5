//! The conformance cases of `tests/cases`.
//!
//! Each case is read at once, octet by octet and in two pieces, with the same result.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use bareline_core::error::{InvalidValue, WriteError};
use bareline_core::write::{HeadWriter, MessageWriter, RequestContext, StreamSink};
use bareline_core::{FieldName, FieldValue, Method, Status, Target, Version, WireBuf};
use bareline_explain::reading::{Asked, Field, Message, Reading, StartLine, requests, responses};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Returns the cases of a file.
fn cases(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases").join(file);
    fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}"))
}

fn octets(hexadecimal: &str) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).unwrap().to_le_bytes()[0];
    hexadecimal
        .as_bytes()
        .chunks(2)
        .map(|digits| digit(digits[0]) << 4 | digit(digits[1]))
        .collect()
}

/// Returns a string whose code points are the octets.
fn latin1(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

/// Returns the cuts to try: all, and one at each position.
///
/// A long input is cut near its line ends and limits, and at many other positions.
fn cuts(input: &[u8]) -> Vec<Vec<usize>> {
    let mut cuts: Vec<Vec<usize>> = vec![(1..=input.len()).collect()];
    let mut places: Vec<usize> = (1..input.len()).collect();
    if input.len() > 4096 {
        let ends = input.iter().enumerate().filter(|(_, octet)| **octet == b'\n').map(|(at, _)| at);
        let near: Vec<usize> = ends
            .chain([4096, 8192, 16_384, 65_535])
            .flat_map(|at| at.saturating_sub(2)..=at + 3)
            .collect();
        // A random number generator with the same numbers in each run.
        let mut number = input.len() as u64;
        let mut random = || {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(number >> 33).unwrap() % input.len()
        };
        places = near
            .into_iter()
            .chain(std::iter::repeat_with(&mut random).take(500))
            .filter(|at| (1..input.len()).contains(at))
            .collect();
        places.sort_unstable();
        places.dedup();
    }
    cuts.extend(places.into_iter().map(|place| vec![place]));
    cuts
}

/// Returns a reading without its parts, which depend on the cuts, and whether it has a head.
fn outcome(mut reading: Reading) -> (Reading, bool) {
    let has_head = !reading.messages.is_empty();
    reading.messages.retain(|message| message.is_whole);
    reading.messages.iter_mut().for_each(|message| message.parts.clear());
    (reading, has_head)
}

fn fields(fields: &[Field]) -> Value {
    fields.iter().map(|(name, value)| Value::from(vec![name.clone(), latin1(value)])).collect()
}

/// Replaces each run of SP by one SP.
fn squeezed(value: &Value) -> String {
    value.to_string().split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns the difference from the expected message, if there is one.
fn difference(message: &Message, expected: &Value, is_folded: bool) -> Option<String> {
    let mut seen = vec![
        ("version", Value::from(message.version.as_str())),
        ("headers", fields(&message.headers)),
        ("trailers", fields(&message.trailers)),
    ];
    match &message.start_line {
        StartLine::Request { method, target, expect_continue, upgrade } => seen.extend([
            ("method", Value::from(method.as_str())),
            ("target", Value::from(target.as_str())),
            ("expect_continue", Value::from(*expect_continue)),
            ("upgrade", Value::from(*upgrade)),
        ]),
        StartLine::Response { status, informational, reason, .. } => {
            let heads = informational
                .iter()
                .map(|(status, headers)| {
                    serde_json::json!({"status": status.code(), "headers": fields(headers)})
                });
            seen.push(("status", Value::from(status.code())));
            seen.push(("informational", heads.collect()));
            let key =
                if expected["response_reason"].is_null() { "reason" } else { "response_reason" };
            if !expected[key].is_null() {
                seen.push((key, Value::from(latin1(reason))));
            }
        }
    }
    let is_same = |(key, value): &(&str, Value)| match (&expected[key], *key) {
        // A fold becomes one SP or more.
        (fields, "headers") if is_folded => squeezed(fields) == squeezed(value),
        (Value::Null, "upgrade") => true,
        (expected, _) => expected == value,
    };
    if let Some((key, value)) = seen.iter().find(|seen| !is_same(seen)) {
        return Some(format!("{key} is {value}"));
    }
    if message.body != octets(text(expected, "body")) {
        return Some(format!("body is {}", message.body.escape_ascii()));
    }
    // To close is always allowed, to keep a connection that has to be closed is not.
    if message.keep_alive && expected["keep_alive"] == false {
        return Some("keep_alive is true".to_owned());
    }
    None
}

/// The part of a reading that is wrong: the error's offset alone, or more.
enum Wrong {
    Place(String),
    Outcome(String),
}

/// Returns the part of a case's reading that is wrong, if there is one.
fn wrong(case: &Value, input: &[u8], reading: &Reading) -> Option<Wrong> {
    let got = reading.verdict();
    let is_first = got == text(case, "verdict");
    if !is_first && !case["alt"].as_array().unwrap().iter().any(|alt| alt == got) {
        return Some(Wrong::Outcome(format!("verdict is {got}: {:?}", reading.fault)));
    }
    let whole: Vec<_> = reading.messages.iter().filter(|message| message.is_whole).collect();
    let expected = if is_first { case } else { &case["alt_accept"] };
    let is_folded = text(case, "text").contains("\\n ") || text(case, "text").contains("\\n\\t");
    if got == "accept" && !expected.is_null() {
        let messages = match (&expected["messages"], &expected["sequence"]) {
            (Value::Array(messages), _) | (_, Value::Array(messages)) => messages.clone(),
            _ => vec![expected.clone()],
        };
        if messages.len() != whole.len() {
            return Some(Wrong::Outcome(format!("{} messages", whole.len())));
        }
        let differences = whole
            .iter()
            .zip(&messages)
            .filter_map(|(message, expected)| difference(message, expected, is_folded));
        if let Some(difference) = differences.into_iter().next() {
            return Some(Wrong::Outcome(difference));
        }
        let leftover = &input[reading.end..];
        if leftover != octets(text(expected, "leftover"))
            || reading.tail.name() != text(expected, "tail")
        {
            return Some(Wrong::Outcome(format!(
                "{} behind it: {}",
                reading.tail.name(),
                leftover.escape_ascii()
            )));
        }
    }
    if is_first && got == "incomplete" && case["head_complete"] != !reading.messages.is_empty() {
        return Some(Wrong::Outcome(format!("head_complete is {}", !reading.messages.is_empty())));
    }
    if let (true, Some(error)) = (is_first, reading.fault) {
        let range: Vec<usize> = case["at"]
            .as_array()
            .unwrap()
            .iter()
            .map(|at| at.as_u64().unwrap().try_into().unwrap())
            .collect();
        if error.offset() > range[1] + 1 || error.offset() + error.len() < range[0] {
            return Some(Wrong::Place(format!(
                "{error}, {} octets, but expected in {range:?}",
                error.len()
            )));
        }
        let statuses = [&case["status"], &case["alt_status"]];
        let is_status = |status: &Value| match status {
            Value::Array(statuses) => statuses.iter().any(|status| status == error.status().code()),
            status => status == error.status().code(),
        };
        if case["request_methods"].is_null() && !statuses.into_iter().any(is_status) {
            return Some(Wrong::Outcome(format!("{error}: status {}", error.status().code())));
        }
        if case["messages"] != whole.len() || reading.tail.name() != text(case, "tail") {
            return Some(Wrong::Outcome(format!(
                "{} messages before it, {} behind",
                whole.len(),
                reading.tail.name()
            )));
        }
        if let (Some(message), false) = (whole.first(), case["headers"].is_null()) {
            return difference(message, case, false).map(Wrong::Outcome);
        }
    }
    None
}

/// Runs the cases of a file.
fn run(file: &str, count: usize, read: impl Fn(&Value, &[u8], &[usize]) -> Reading) {
    let (mut faults, mut readings) = (Vec::new(), 0);
    let disputed =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases/DISPUTED.md"))
            .unwrap();
    let cases = cases(file);
    assert_eq!(cases.len(), count);
    for case in &cases {
        let (id, input) = (text(case, "id"), octets(text(case, "hex")));
        let is_disputed = disputed.contains(&format!("`{id}`"));
        let whole = read(case, &input, &[]);
        let wrong = match wrong(case, &input, &whole) {
            // A disputed case has to differ in the offset, and in nothing else.
            Some(Wrong::Place(_)) if is_disputed => None,
            None if is_disputed => Some("is as expected, and disputed".to_owned()),
            wrong => wrong.map(|(Wrong::Place(wrong) | Wrong::Outcome(wrong))| wrong),
        };
        faults.extend(wrong.map(|wrong| format!("{id}: {wrong}")));
        let expected = outcome(whole);
        for cuts in cuts(&input) {
            readings += 1;
            if outcome(read(case, &input, &cuts)) != expected {
                faults.push(format!("{id}, cut at {:?}: another outcome", cuts.first()));
                break;
            }
        }
    }
    println!("{file}: {} cases, {readings} readings", cases.len());
    assert!(faults.is_empty(), "{} wrong:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_request_case_has_its_verdict_at_every_cut() {
    for (file, count) in [("requests.jsonl", 413), ("more_requests.jsonl", 154)] {
        run(file, count, |_, input, cuts| requests(input, cuts));
    }
}

#[test]
fn every_response_case_has_its_verdict_at_every_cut() {
    for (file, count) in [("responses.jsonl", 149), ("more_responses.jsonl", 89)] {
        run(file, count, |case, input, cuts| {
            let methods = case["request_methods"]
                .as_array()
                .unwrap()
                .iter()
                .map(|method| method.as_str().unwrap());
            let methods: Vec<_> = methods.map(|method| Method::new(method).unwrap()).collect();
            // The cases expect each 101 to be one that the request offered.
            let asked =
                Asked { methods: &methods, offers_upgrade: true, is_closed: case["eof"] == true };
            responses(input, asked, cuts)
        });
    }
}

/// Returns the octets that are the code points of a string.
fn from_latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

/// Ends a head with the fields of a case, and returns whether a body follows.
///
/// The fields that frame the body become the call for that framing; a second one is an ordinary
/// field.
fn end<'w, S: StreamSink>(
    mut head: HeadWriter<'w, S>,
    headers: &[(String, Vec<u8>)],
    body: &[Vec<u8>],
    until_close: impl FnOnce(HeadWriter<'w, S>) -> Result<(), WriteError>,
) -> Result<bool, WriteError> {
    let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    let is_framing = |name: &str| is(name, "content-length") || is(name, "transfer-encoding");
    let framing = headers.iter().position(|(name, _)| is_framing(name));
    for (at, (name, value)) in headers.iter().enumerate() {
        let says = std::str::from_utf8(value).ok().and_then(|value| value.parse::<u64>().ok());
        let is_said = value.eq_ignore_ascii_case(b"chunked") || says.is_some();
        if Some(at) != framing || !is_said {
            head = head.field(FieldName::new(name)?, FieldValue::new(value)?)?;
        }
    }
    let is_empty = framing.is_none() && body.iter().all(Vec::is_empty);
    match framing.map(|at| std::str::from_utf8(&headers[at].1).unwrap()) {
        Some(length) if !is(length, "chunked") => {
            head.length(length.parse().map_err(|_| WriteError::FramingField)?)
        }
        Some(_) => head.chunked(),
        None if is_empty => head.without_body(),
        None => until_close(head),
    }?;
    Ok(!is_empty)
}

/// Writes a message as a case gives it.
fn write(case: &Value) -> Result<Vec<u8>, WriteError> {
    let input = &case["input"];
    let pairs = |key: &str| -> Vec<(String, Vec<u8>)> {
        let pair = |pair: &Value| {
            (pair[0].as_str().unwrap().to_owned(), from_latin1(pair[1].as_str().unwrap()))
        };
        input[key].as_array().unwrap().iter().map(pair).collect()
    };
    let version = |key: &str| if input[key] == "1.0" { Version::Http10 } else { Version::Http11 };
    if !["1.0", "1.1"].contains(&text(input, "version")) {
        return Err(WriteError::NeedsHttp11); // there is no such `Version`
    }
    let body: Vec<_> = input["body"]
        .as_array()
        .unwrap()
        .iter()
        .map(|piece| octets(piece.as_str().unwrap()))
        .collect();
    let mut out = WireBuf::<4096>::new();
    let is_request = text(case, "kind") == "request";
    let mut writer = MessageWriter::new();
    let has_body = if is_request {
        let (method, target) =
            (Method::new(text(input, "method"))?, Target::new(text(input, "target"))?);
        let head = writer.request(method, target, &mut out)?;
        // A request has no such call.
        let until_close = |_: HeadWriter<'_, _>| Err(WriteError::BodyForbidden);
        end(head.version(version("version")), &pairs("headers"), &body, until_close)?
    } else {
        let context = RequestContext::new(
            Method::new(text(input, "request_method"))?,
            version("request_version"),
        );
        let code = u16::try_from(input["status"].as_u64().unwrap())
            .map_err(|_| InvalidValue::Status { code: 0 })?;
        let status = Status::new(code)?;
        let mut head = writer.response(context, status, &mut out)?.version(version("version"));
        if text(input, "reason") != status.reason() {
            let reason = from_latin1(text(input, "reason"));
            head = head.reason(FieldValue::new(&reason)?)?;
        }
        end(head, &pairs("headers"), &body, HeadWriter::until_close)?
    };
    for piece in body.iter().filter(|_| has_body) {
        writer.send_data(piece, &mut out)?;
    }
    let trailers = pairs("trailers");
    let trailers: Result<Vec<_>, WriteError> = trailers
        .iter()
        .map(|(name, value)| Ok((FieldName::new(name)?, FieldValue::new(value)?)))
        .collect();
    if has_body {
        writer.end_body(&trailers?, &mut out)?;
    } else if !trailers?.is_empty() {
        return Err(WriteError::TrailersNeedChunked);
    }
    Ok(out.as_bytes().to_vec())
}

/// Returns the sorted lines of the head, and the body: the writer chooses the order of fields.
fn sorted(message: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let end = message.windows(4).position(|octets| octets == b"\r\n\r\n").unwrap();
    let mut lines: Vec<_> =
        message[..end].split(|&octet| octet == b'\n').map(<[u8]>::trim_ascii_end).collect();
    lines[1..].sort_unstable();
    (lines, &message[end..])
}

#[test]
fn every_serializer_case_is_written_or_rejected() {
    let cases = cases("serialize.jsonl");
    assert_eq!(cases.len(), 108);
    let mut faults = Vec::new();
    for case in &cases {
        let id = text(case, "id");
        let also: Vec<_> = case["accept_also"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|hex| octets(hex.as_str().unwrap()))
            .collect();
        let expected = case["hex"].as_str().map(octets).into_iter().chain(also).collect::<Vec<_>>();
        match write(case) {
            Ok(written) if expected.iter().any(|expected| sorted(expected) == sorted(&written)) => {
            }
            // The writer trimmed the value: the message has no whitespace at a line end.
            Ok(written)
                if case["accept_trimmed"] == true
                    && !written.windows(3).any(|octets| octets == b" \r\n") => {}
            Ok(written) => faults.push(format!("{id}: written as {}", written.escape_ascii())),
            // A full buffer is not a rejection.
            Err(error)
                if error != WriteError::BufferFull
                    && (case["expect"] == "reject" || case["also_reject"] == true) => {}
            Err(error) => faults.push(format!("{id}: {error}")),
        }
    }
    assert!(faults.is_empty(), "{} of {} wrong:\n{}", faults.len(), cases.len(), faults.join("\n"));
}
