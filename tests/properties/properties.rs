//! The properties of the fuzz targets, on cases that proptest makes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use arbitrary::{Arbitrary, Unstructured};
use bareline_core::{Limits, WireBuf};
use bareline_fuzz::{
    Content, Entry, HeadEnd, HeadOf, MessageModel, Operation, Reading, StreamCall, StreamStep, Target,
    any_operations_keep_a_server_valid, any_streams_share_their_buffers, connection, datagram, decode_body, dialogue,
    every_cut_of_a_sequence_gives_the_same_events, every_cut_within_any_limits_gives_the_same_verdict,
    every_scan_finds_the_same_runs, parse_request, parse_response, round_trip, what_is_put_back_is_valid,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;

/// What a model that these octets choose is on the wire.
fn written(choices: &[u8]) -> Option<Vec<u8>> {
    let mut out = WireBuf::<16_384>::new();
    match MessageModel::arbitrary(&mut Unstructured::new(choices)).ok()? {
        MessageModel::Request(request) => request.write(&mut out).ok()?,
        MessageModel::Response(response) => response.write(&mut out).ok()?,
    }
    Some(out.as_bytes().to_vec())
}

fn messages() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..400).prop_filter_map("a model that is refused", |choices| written(&choices))
}

/// What a caller does who responds before the body is there.
fn operation() -> impl Strategy<Value = Operation> {
    let status = || prop_oneof![Just(0_u16), any::<u16>()];
    let body = || vec(select(b"abc12\r\n0".to_vec()), 0..6);
    prop_oneof![
        3 => any::<u8>().prop_map(Operation::ReceiveRequest),
        2 => body().prop_map(Operation::Receive),
        2 => (status(), any::<u8>()).prop_map(|(status, ending)| Operation::Respond(status, ending)),
        3 => (status(), any::<u8>()).prop_map(|(status, ending)| Operation::RespondWhileReceiving(status, ending)),
        1 => (status(), any::<u8>(), any::<bool>())
            .prop_map(|(status, ending, is_meanwhile)| Operation::RespondByHalf(status, ending, is_meanwhile)),
        1 => Just(Operation::Discard),
        2 => body().prop_map(Operation::SendData),
        2 => Just(Operation::EndBody),
        1 => Just(Operation::Next),
        1 => Just(Operation::PeerClosed),
    ]
}

/// Bodies in parts above all, of the two streams and in the two buffers.
fn stream_call() -> impl Strategy<Value = StreamCall> {
    let content = || select(vec![Content::None, Content::Short, Content::AHead, Content::LastChunk]);
    let head_of = || prop_oneof![4 => Just(HeadOf::Get), 1 => select(vec![HeadOf::GetAndClose, HeadOf::Head, HeadOf::Connect])];
    let head_end = prop_oneof![
        4 => Just(HeadEnd::Chunked),
        2 => content().prop_map(HeadEnd::Length),
        1 => content().prop_map(HeadEnd::Whole),
        1 => select(vec![HeadEnd::Interim, HeadEnd::Empty, HeadEnd::UntilClose]),
    ];
    let step = prop_oneof![
        3 => (head_of(), head_end).prop_map(|(of, end)| StreamStep::Head(of, end)),
        4 => content().prop_map(StreamStep::Data),
        2 => content().prop_map(StreamStep::Frame),
        2 => Just(StreamStep::End),
        2 => Just(StreamStep::Clear),
    ];
    (any::<bool>(), any::<bool>(), step).prop_map(|(stream, buffer, step)| StreamCall { stream, buffer, step })
}

/// Octets that mean something somewhere in a head.
fn telling_octets() -> impl Strategy<Value = u8> {
    prop_oneof![select(b"\r\n\t\0 :,/?*%[]{\\^@\"\x7f\x80\xff09AH".to_vec()), any::<u8>()]
}

/// Runs of octets of one class, with one between them that may be of another.
fn runs() -> impl Strategy<Value = Vec<u8>> {
    let of_one_octet = (telling_octets(), 1..90usize).prop_map(|(octet, count)| vec![octet; count]);
    let of_letters = vec(select(b"abcXYZ-019".to_vec()), 1..90);
    vec((prop_oneof![of_one_octet, of_letters], telling_octets()), 1..6)
        .prop_map(|runs| runs.into_iter().flat_map(|(run, between)| run.into_iter().chain([between])).collect())
}

/// Lines that mean something, right and wrong ones.
fn telling_lines() -> impl Strategy<Value = Vec<u8>> {
    select(vec![
        "GET / HTTP/1.1\r\n",
        "POST http://a.example:80/x?y HTTP/1.0\r\n",
        "CONNECT a:1 HTTP/1.1\r\n",
        "GET /{a}?b\\c^%4 HTTP/1.1\r\n",
        "GET /a\\b?c HTTP/1.1\r\n",
        "GET http://a?\\` HTTP/1.0\r\n",
        "GET /\r\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 304 \r\n",
        "HTTP/1.1 101 \r\n",
        "HTTP/2.0 200 OK\r\n",
        "Host: a.example\r\n",
        "Host: \r\n",
        "Host: [::1]:80\r\n",
        "host: a b\r\n",
        "Content-Length: 5\r\n",
        "content-length: 18446744073709551616\r\n",
        "Content-Length: +5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked,\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Expect: 100-continue\r\n",
        "X-A: b\r\n",
        " folded\r\n",
        "X-A : b\r\n",
        "X-A\r\n",
        ": b\r\n",
        "X-A:\t b \r\n",
        "X-A: b\n",
        "X-A: b\rc\r\n",
        "X-A: \0\r\n",
        "X-A: \u{e9}\r\n",
        "\r\n",
        "\n",
        "\r",
        "",
    ])
    .prop_map(|line| line.as_bytes().to_vec())
}

/// Pieces of chunked bodies, right and wrong ones.
fn telling_pieces() -> impl Strategy<Value = Vec<u8>> {
    select(vec![
        "0\r\n",
        "1\r\n",
        "3\r\n",
        "0A;a\r\n",
        "5 ;a = \"b\\\"c\"\r\n",
        "1;\r\n",
        "1 \r\n",
        "fffffffffffffffff\r\n",
        "012c\r\n",
        "x\r\n",
        "a",
        "abc",
        "hello",
        "0123456789",
        "\r\n",
        "\r",
        "\n",
        "X: a\r\n",
        "Host: a\r\n",
        " a: b\r\n",
        "X\r\n",
        ";",
        "",
    ])
    .prop_map(|piece| piece.as_bytes().to_vec())
}

/// Requests of many kinds, right and wrong ones.
fn telling_requests() -> impl Strategy<Value = Vec<u8>> {
    let whole = select(vec![
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /2 HTTP/1.0\r\n\r\n",
        "GET /3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "HEAD /4 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /5 HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n",
        "PUT /6 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "PUT /7 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
        "PUT /8 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
        "GET /9 HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "PUT /10 HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
        "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 110\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n",
        "x",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\n\r\n",
    ])
    .prop_map(|request| request.as_bytes().to_vec());
    prop_oneof![4 => whole, 1 => telling_lines()]
}

/// Responses of many kinds, right and wrong ones.
fn telling_responses() -> impl Strategy<Value = Vec<u8>> {
    let whole = select(vec![
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 204 \r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 \r\nLink: a\r\n\r\n",
        "HTTP/1.1 101 \r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\tc\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nX:\r\n \r\n \tb \r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n X: a\r\n\r\n",
        "HTTP/1.1 304 \r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nX: a\r\n \0\r\n\r\n",
        "x",
    ])
    .prop_map(|response| response.as_bytes().to_vec());
    prop_oneof![4 => whole, 1 => telling_lines()]
}

/// How a sequence arrives.
fn reading() -> impl Strategy<Value = Reading> {
    vec(any::<u8>(), 64).prop_filter_map("no reading", |choices| Reading::arbitrary(&mut Unstructured::new(&choices)).ok())
}

fn heads_of_telling_lines() -> impl Strategy<Value = Vec<u8>> {
    vec(telling_lines(), 0..9).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_holds_for_any_octets_holds_for_random_ones(octets in vec(any::<u8>(), 0..200)) {
        parse_request(&octets);
        parse_response(&octets);
    }

    #[test]
    fn every_scan_finds_the_same_runs_in_random_octets(octets in prop_oneof![runs(), vec(telling_octets(), 0..200), messages()]) {
        // However few octets are behind a position.
        for end in octets.len().saturating_sub(80)..=octets.len() {
            every_scan_finds_the_same_runs(&octets[..end]);
        }
    }

    #[test]
    fn what_holds_for_any_octets_holds_for_messages(octets in messages()) {
        parse_request(&octets);
        parse_response(&octets);
    }

    #[test]
    fn what_holds_for_any_octets_holds_for_broken_messages(
        mut octets in messages(), at in any::<Index>(), octet in telling_octets(), change in 0..3,
    ) {
        let at = at.index(octets.len());
        match change {
            0 => octets[at] = octet,
            1 => octets.insert(at, octet),
            _ => drop(octets.remove(at)),
        }
        parse_request(&octets);
        parse_response(&octets);
    }

    #[test]
    fn what_holds_for_any_octets_holds_for_lines_in_any_order(octets in heads_of_telling_lines()) {
        parse_request(&octets);
        parse_response(&octets);
    }

    #[test]
    fn what_holds_for_any_body_holds_for_telling_pieces(
        choices in vec(any::<u8>(), 6), pieces in vec(telling_pieces(), 0..12),
    ) {
        decode_body(&[choices, pieces.concat()].concat());
    }

    #[test]
    fn every_cut_of_a_sequence_of_requests_gives_the_same_events(
        reading in reading(), requests in vec(telling_requests(), 0..6),
    ) {
        every_cut_of_a_sequence_gives_the_same_events(&reading, &requests.concat());
    }

    #[test]
    fn every_cut_of_a_sequence_of_responses_gives_the_same_events(
        reading in reading(), responses in vec(telling_responses(), 0..6),
    ) {
        every_cut_of_a_sequence_gives_the_same_events(&reading, &responses.concat());
    }

    #[test]
    fn every_cut_of_lines_behind_a_start_line_gives_the_same_events(
        reading in reading(),
        start in select(vec!["", "\r\n", "PUT / HTTP/1.1\r\nHost: a\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 103 \r\nX-A:\r\n"]),
        lines in heads_of_telling_lines(),
    ) {
        every_cut_of_a_sequence_gives_the_same_events(&reading, &[start.as_bytes(), &lines].concat());
    }

    #[test]
    fn every_cut_of_chunks_behind_a_head_gives_the_same_events(
        reading in reading(),
        head in select(vec!["PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]),
        pieces in vec(telling_pieces(), 0..12),
    ) {
        every_cut_of_a_sequence_gives_the_same_events(&reading, &[head.as_bytes(), &pieces.concat()].concat());
    }

    #[test]
    fn any_operations_keep_a_connection_valid(choices in vec(any::<u8>(), 0..300)) {
        connection(&choices);
    }

    #[test]
    fn rfc9112_9_3_no_response_outruns_its_request(operations in vec(operation(), 1..16)) {
        any_operations_keep_a_server_valid(&operations);
    }

    #[test]
    fn no_second_head_stands_in_a_body_of_any_stream(calls in vec(stream_call(), 1..24)) {
        any_streams_share_their_buffers(&calls);
    }

    #[test]
    fn a_dialogue_comes_to_an_end(choices in vec(any::<u8>(), 0..300)) {
        dialogue(&choices);
    }

    #[test]
    fn what_holds_for_any_datagram(octets in heads_of_telling_lines()) {
        datagram(&octets);
        datagram(&[b"M-SEARCH * HTTP/1.1\r\nHost: a\r\n", &octets[..]].concat());
    }

    #[test]
    fn what_is_encoded_decodes(choices in vec(any::<u8>(), 6..200)) {
        decode_body(&choices);
    }

    #[test]
    fn what_is_put_back_over_other_octets_is_valid(
        mut octets in messages(), changes in vec((any::<Index>(), telling_octets()), 1..4),
    ) {
        let parsed = octets.clone();
        for (at, octet) in changes {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        what_is_put_back_is_valid(&parsed, &octets);
    }

    #[test]
    fn every_cut_within_any_limits_gives_the_same_verdict_on_lines(
        octets in heads_of_telling_lines(), method in 0..9u16, target in 0..20u16, head in 0..100u16,
    ) {
        let limits = Limits { method, target, head, ..Limits::DEFAULT };
        every_cut_within_any_limits_gives_the_same_verdict(&octets, &limits);
    }

    #[test]
    fn what_is_written_parses_back(choices in vec(any::<u8>(), 0..400)) {
        round_trip(&choices);
    }
}

#[test]
fn every_seed_of_every_fuzz_target_holds() {
    for target in Target::ALL {
        let count = target.replay().unwrap();
        assert!(count > 0, "{} has no seeds", target.name);
    }
}

/// The sequences are read: a property that holds since every sequence is rejected at its first
/// octet shows nothing.
#[test]
fn sequences_of_messages_are_read() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut heads_in = |messages: BoxedStrategy<Vec<u8>>, role: usize| {
        let cases = (reading(), vec(messages, 2..6));
        let heads = (0..500).map(|_| {
            let (reading, messages) = cases.new_tree(&mut runner).unwrap().current();
            let logs = every_cut_of_a_sequence_gives_the_same_events(&reading, &messages.concat());
            logs[role].iter().filter(|entry| matches!(entry, Entry::Head(..))).count()
        });
        heads.sum::<usize>()
    };
    let (requests, responses) = (heads_in(telling_requests().boxed(), 0), heads_in(telling_responses().boxed(), 1));
    assert!(requests > 200 && responses > 200, "{requests} requests, {responses} responses in 500 sequences each");
}

/// The models of the injection property make messages that are written, and ones that are refused: neither alone would show anything.
#[test]
fn calls_succeed_and_fail() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let choices = (0..500).filter_map(|_| vec(any::<u8>(), 40..300).new_tree(&mut runner).ok().map(|tree| tree.current()));
    let calls = choices.filter_map(|choices| bareline_fuzz::Calls::arbitrary(&mut Unstructured::new(&choices)).ok());
    let written: Vec<_> = calls.map(|calls| calls.write().is_ok()).collect();
    let succeeded = written.iter().filter(|is_written| **is_written).count();
    assert!((50..450).contains(&succeeded), "{succeeded} of {}", written.len());
}
