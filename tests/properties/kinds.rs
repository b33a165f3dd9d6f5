//! Checks that the strategies generate cases of every kind.
//!
//! A property shows nothing if all cases are rejected at their first octet.

use bareline_core::head::Limits;
use bareline_fuzz::{
    Asked, BodyEvent, BodyReading, Calls, End, Ending, Entry, MessageModel, Octets, Reading, Seen,
    Verdict, body_events, each_request_has_its_response, each_response_is_that_of_its_request,
    every_cut_of_a_sequence_gives_the_same_events, request_verdict, response_verdict,
};
use bareline_properties::{
    Listed, body_octets, body_readings, broken, calls, client_scenes, heads, messages, readings,
    request_sequences, response_sequences, server_scenes, written, written_messages,
    written_requests, written_responses,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// The name of a kind, and a predicate for its cases.
type Kind<'k, T> = (&'k str, &'k dyn Fn(&T) -> bool);

/// Checks that at least 10 of 1000 cases are of each kind.
fn are_made<T>(cases: impl Strategy<Value = T>, kinds: &[Kind<'_, T>]) {
    let mut runner = TestRunner::deterministic();
    let cases: Vec<_> = (0..1000).map(|_| cases.new_tree(&mut runner).unwrap().current()).collect();
    for (name, is_of_kind) in kinds {
        let count = cases.iter().filter(|case| is_of_kind(case)).count();
        assert!(count >= 10, "{name}: {count} of 1000");
    }
}

#[test]
fn requests_of_every_kind_are_made() {
    are_made(
        written_requests(),
        &[
            ("CONNECT", &|model| model.method == "CONNECT"),
            ("a method of its own", &|model| model.method.len() > 9),
            ("absolute-form", &|model| model.target.contains("://")),
            ("asterisk-form", &|model| model.target == "*"),
            ("query", &|model| model.target.contains('?')),
            ("HTTP/1.0", &|model| model.is_http10),
            ("no Host", &|model| !model.fields.iter().any(|(name, _)| name == "Host")),
            ("empty Host", &|model| model.fields.iter().any(|(_, value)| value.is_empty())),
            ("chunked", &|model| model.is_chunked && model.body.len() > 7),
            ("length", &|model| !model.is_chunked && model.body.len() > 9),
        ],
    );
}

#[test]
fn responses_of_every_kind_are_made() {
    are_made(
        written_responses(),
        &[
            ("interim", &|model| matches!(model.status, 100 | 102..=199)),
            ("tunnel", &|model| model.asked == Asked::Connect && matches!(model.status, 200..=299)),
            ("HEAD with a length", &|model| model.asked == Asked::Head && !model.body.is_empty()),
            ("304 with a length", &|model| model.status == 304 && model.ending == Ending::Pieces),
            ("HTTP/1.0", &|model| model.is_http10),
            ("to HTTP/1.0", &|model| model.is_asked_http10),
            ("chunked", &|model| model.ending == Ending::Chunks && model.body.len() > 7),
            ("length", &|model| model.ending == Ending::Pieces && model.body.len() > 9),
            ("until close", &|model| model.ending == Ending::PiecesUntilClose),
        ],
    );
}

#[test]
fn every_mended_message_is_written() {
    let mut runner = TestRunner::deterministic();
    let messages = written_messages();
    for _ in 0..1000 {
        let octets = messages.new_tree(&mut runner).unwrap().current();
        assert!(!octets.is_empty(), "a message is rejected");
    }
}

#[test]
fn messages_are_written_and_rejected() {
    are_made(
        messages(),
        &[
            ("written", &|model| !written(model).is_empty()),
            ("rejected request", &|model| match model {
                MessageModel::Request(model) => model.rejection().is_some(),
                MessageModel::Response(_) => false,
            }),
            ("rejected response", &|model| match model {
                MessageModel::Request(_) => false,
                MessageModel::Response(model) => model.rejection().is_some(),
            }),
        ],
    );
}

#[test]
fn calls_succeed_and_fail() {
    let has = |calls: &Calls, wanted: &str| calls.fields.iter().any(|(name, _)| name == wanted);
    are_made(
        calls(),
        &[
            ("written request", &|calls| calls.target.is_some() && calls.write().is_ok()),
            ("written response", &|calls| calls.target.is_none() && calls.write().is_ok()),
            ("rejected", &|calls| calls.write().is_err()),
            ("CONNECT", &|calls| calls.method == "CONNECT" && calls.write().is_ok()),
            ("chunked", &|calls| calls.end == End::Chunked && calls.write().is_ok()),
            ("trailers", &|calls| !calls.trailers.is_empty() && calls.write().is_ok()),
            ("Connection", &|calls| has(calls, "Connection") && calls.write().is_ok()),
            ("Upgrade", &|calls| has(calls, "Upgrade") && calls.write().is_ok()),
        ],
    );
}

#[test]
fn octets_are_accepted_rejected_and_cut() {
    let kinds: &[Kind<'_, Octets>] = &[
        ("request", &|octets| matches!(request_verdict(octets), Verdict::Head(_))),
        ("rejected request", &|octets| matches!(request_verdict(octets), Verdict::Rejected(_))),
        ("cut request", &|octets| request_verdict(octets) == Verdict::Incomplete),
        ("response", &|octets| matches!(response_verdict(octets), Verdict::Head(_))),
        ("rejected response", &|octets| matches!(response_verdict(octets), Verdict::Rejected(_))),
        ("cut response", &|octets| response_verdict(octets) == Verdict::Incomplete),
    ];
    are_made(heads(), kinds);
    let is_cut = |name: &str| name.starts_with("cut");
    let kinds: Vec<_> = kinds.iter().copied().filter(|(name, _)| !is_cut(name)).collect();
    are_made(broken(written_messages()), &kinds);
}

#[test]
fn bodies_of_every_kind_are_read() {
    let events = (body_readings(), body_octets()).prop_map(|(reading, octets)| {
        let BodyReading { framing, closes, limits, .. } = reading;
        let limits = limits.or(Limits::new());
        body_events(framing, &limits, &octets, &[octets.len().max(1)], closes)
    });
    let any = |is_one: fn(&BodyEvent) -> bool| move |all: &Vec<_>| all.iter().any(is_one);
    are_made(
        events,
        &[
            ("chunk", &any(|event| matches!(event, BodyEvent::Chunk(1.., _)))),
            (
                "extension",
                &any(|event| matches!(event, BodyEvent::Chunk(_, text) if !text.is_empty())),
            ),
            ("trailer", &any(|event| matches!(event, BodyEvent::Trailer(..)))),
            ("end", &any(|event| matches!(event, BodyEvent::End(3..)))),
            ("rejected", &any(|event| matches!(event, BodyEvent::Rejected(..)))),
            ("waiting", &any(|event| matches!(event, BodyEvent::Waiting))),
        ],
    );
}

fn logs(
    sequences: BoxedStrategy<Listed<Octets>>,
    role: usize,
) -> impl Strategy<Value = (Vec<u8>, Vec<Entry>)> {
    (readings(), sequences).prop_map(move |(reading, messages): (Reading, Listed<Octets>)| {
        let octets = messages.concat();
        let mut logs = every_cut_of_a_sequence_gives_the_same_events(&reading, &octets);
        (octets, std::mem::take(&mut logs[role]))
    })
}

type Log = (Vec<u8>, Vec<Entry>);

fn any(is_one: fn(&Entry) -> bool) -> impl Fn(&Log) -> bool {
    move |(_, entries)| entries.iter().any(is_one)
}

fn is_head(entry: &Entry) -> bool {
    matches!(entry, Entry::Head(..))
}

fn has_sent(octets: &'static [u8]) -> impl Fn(&Log) -> bool {
    let has = move |sent: &[u8]| sent.windows(octets.len()).any(|part| part == octets);
    move |(_, entries)| entries.iter().any(|entry| matches!(entry, Entry::Sent(sent) if has(sent)))
}

#[test]
fn requests_of_every_kind_are_read() {
    are_made(
        logs(request_sequences(1..5), 0),
        &[
            ("two heads", &|(_, log)| log.iter().filter(|entry| is_head(entry)).count() > 1),
            (
                "absolute-form",
                &any(|entry| matches!(entry, Entry::Head(line, _) if line.contains("://"))),
            ),
            ("extension", &any(|entry| matches!(entry, Entry::Chunk(_, text) if !text.is_empty()))),
            ("trailer", &any(|entry| matches!(entry, Entry::Trailer(..)))),
            ("data", &any(|entry| matches!(entry, Entry::Data(_)))),
            ("rejected", &any(|entry| matches!(entry, Entry::Rejected(..)))),
            ("handover", &any(|entry| matches!(entry, Entry::Upgraded(_)))),
            ("waiting", &any(|entry| matches!(entry, Entry::Waiting("idle")))),
            ("100 is sent", &has_sent(b" 100 ")),
            ("101 is sent", &has_sent(b" 101 ")),
            ("a chunked response is sent", &has_sent(b"chunked")),
            ("close is sent", &has_sent(b"close")),
        ],
    );
}

#[test]
fn responses_of_every_kind_are_read() {
    let is_interim = |line: &str| line.contains(" 10") && !line.contains(" 101");
    let is_folded = |(octets, log): &Log| {
        octets.windows(3).any(|part| part == b"\r\n ") && log.iter().any(is_head)
    };
    are_made(
        logs(response_sequences(1..5), 1),
        &[
            ("two heads", &|(_, log)| log.iter().filter(|entry| is_head(entry)).count() > 1),
            ("interim", &|(_, log)| {
                log.iter().any(|entry| matches!(entry, Entry::Head(line, _) if is_interim(line)))
            }),
            ("fold", &is_folded),
            ("extension", &any(|entry| matches!(entry, Entry::Chunk(_, text) if !text.is_empty()))),
            ("trailer", &any(|entry| matches!(entry, Entry::Trailer(..)))),
            ("data", &any(|entry| matches!(entry, Entry::Data(_)))),
            ("rejected", &any(|entry| matches!(entry, Entry::Rejected(..)))),
            ("handover", &any(|entry| matches!(entry, Entry::Upgraded(_)))),
            ("closed", &any(|entry| matches!(entry, Entry::Closed(1..)))),
        ],
    );
}

/// Checks that at least 10 of 4000 runs show each of these.
fn are_shown(runs: impl Strategy<Value = Seen>, all: &[&str]) {
    let mut runner = TestRunner::deterministic();
    let runs: Vec<_> = (0..4000).map(|_| runs.new_tree(&mut runner).unwrap().current()).collect();
    for one in all {
        let count = runs.iter().filter(|seen| seen.contains(one)).count();
        assert!(count >= 10, "{one}: {count} of 4000");
    }
}

#[test]
fn streams_of_a_server_of_every_kind_are_run() {
    let all = [
        "100",
        "103",
        "400",
        "408",
        "413",
        "500",
        "a body in chunks",
        "a body until the close",
        "a body with a length",
        "a response without a body",
        "a switch",
        "upgrade",
        "upgrade with octets",
        "body timeout",
        "head timeout",
        "write timeout",
        "lingering close",
        "cut short",
        "incomplete response",
        "invalid request",
        "truncated request",
        "reset",
        "two responses",
    ];
    are_shown(server_scenes().prop_map(|scene| each_request_has_its_response(&scene)), &all);
}

#[test]
fn streams_of_a_client_of_every_kind_are_run() {
    let all = [
        "a body to its end",
        "another request",
        "upgraded",
        "closed",
        "usage",
        "body timeout",
        "exchange timeout",
        "head timeout",
        "response timeout",
        "write timeout",
        "invalid response",
        "limit",
        "no response",
        "reset",
        "truncated response",
        "unsolicited",
    ];
    are_shown(client_scenes().prop_map(|scene| each_response_is_that_of_its_request(&scene)), &all);
}
