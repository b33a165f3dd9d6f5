//! The properties of the fuzz targets, on cases that proptest generates.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use bareline_core::head::Limits;
use bareline_fuzz::{
    Handler, HandlerStep, Length, Line, Octets, Operation, Pause, PeerMove, PeerStep, RequestPlan,
    ServerScene, StreamSettings, Target, a_dialogue_comes_to_an_end,
    a_head_is_the_same_through_http, a_receive_buffer_is_a_queue, an_owned_head_is_unchanged,
    any_calls_that_succeed_write_what_is_meant, any_operations_keep_a_client_valid,
    any_operations_keep_a_server_valid, any_streams_share_their_buffers, datagram,
    each_request_has_its_response, each_response_is_that_of_its_request,
    every_cut_of_a_body_gives_the_same_events, every_cut_of_a_sequence_gives_the_same_events,
    every_cut_within_any_limits_gives_the_same_verdict, every_fast_path_is_its_rule,
    every_scan_finds_the_same_runs, parse_request, parse_response, what_is_encoded_decodes,
    what_is_written_parses_back,
};
use bareline_properties::{
    askings, body_models, body_octets, body_readings, broken, buffer_uses, calls,
    client_operations, client_scenes, early_operations, heads, lines, manners, messages,
    operations, random_octets, readings, request_sequences, response_sequences, runs,
    server_scenes, stream_calls, written_messages,
};
use proptest::prelude::*;
use proptest::sample::select;

mod kinds;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_holds_for_any_octets_holds_for_random_ones(octets in random_octets()) {
        parse_request(&octets);
        parse_response(&octets);
    }

    #[test]
    fn every_scan_finds_the_same_runs_in_random_octets(
        octets in prop_oneof![runs(), written_messages()], less in 0..72_usize,
    ) {
        // Any number of octets may follow a position.
        for end in (0..16).filter_map(|more| octets.len().checked_sub(less + more)) {
            every_scan_finds_the_same_runs(&octets[..end]);
        }
    }

    #[test]
    fn every_fast_path_is_its_rule_in_any_lines(
        octets in prop_oneof![heads(), lines(), broken(written_messages())],
    ) {
        every_fast_path_is_its_rule(&octets);
    }

    #[test]
    fn every_fast_path_is_its_rule_in_hosts(
        octets in "(a|a\\.b|\\[::1\\]|%41|%4)(:[0-9]{0,6}a?)?[ a\r]?",
    ) {
        every_fast_path_is_its_rule(octets.as_bytes());
    }

    #[test]
    fn every_fast_path_is_its_rule_in_request_lines(
        octets in "(GET|CONNECT|OPTIONS) (/|\\*|a:1|http://a/) HTTP/1\\.[01]\r\n",
    ) {
        every_fast_path_is_its_rule(octets.as_bytes());
    }

    #[test]
    fn every_fast_path_is_its_rule_in_lists(
        name in select(&["Connection", "Transfer-Encoding", "Content-Length", "Upgrade"][..]),
        value in "((close|Keep-Alive|upgrade|chunked|gzip|a;b=\"|\"|12)[, ]{0,2}){0,3}",
    ) {
        every_fast_path_is_its_rule(format!("{name}: {value}\r\n").as_bytes());
    }

    #[test]
    fn what_holds_for_any_octets_holds_for_messages(octets in written_messages()) {
        parse_request(&octets);
        parse_response(&octets);
    }

    #[test]
    fn what_holds_for_any_octets_holds_for_broken_messages(octets in broken(written_messages())) {
        parse_request(&octets);
        parse_response(&octets);
    }

    #[test]
    fn what_holds_for_any_octets_holds_for_lines_in_any_order(octets in heads()) {
        parse_request(&octets);
        parse_response(&octets);
    }

    #[test]
    fn every_cut_of_a_body_is_decoded_alike(reading in body_readings(), octets in body_octets()) {
        every_cut_of_a_body_gives_the_same_events(&reading, &octets);
    }

    #[test]
    fn every_cut_of_a_sequence_of_requests_gives_the_same_events(
        reading in readings(), requests in request_sequences(0..5),
    ) {
        every_cut_of_a_sequence_gives_the_same_events(&reading, &requests.concat());
    }

    #[test]
    fn every_cut_of_a_sequence_of_responses_gives_the_same_events(
        reading in readings(), responses in response_sequences(0..5),
    ) {
        every_cut_of_a_sequence_gives_the_same_events(&reading, &responses.concat());
    }

    #[test]
    fn every_cut_of_lines_behind_a_start_line_gives_the_same_events(
        reading in readings(),
        start in select(&[
            "",
            "\r\n",
            "HTTP/1.1 200 OK\r\n",
            "PUT / HTTP/1.1\r\nHost: a\r\n",
            "HTTP/1.1 103 \r\nX-A:\r\n",
        ][..]),
        lines in lines(),
    ) {
        let octets = [start.as_bytes(), &lines].concat();
        every_cut_of_a_sequence_gives_the_same_events(&reading, &octets);
    }

    #[test]
    fn every_cut_of_chunks_behind_a_head_gives_the_same_events(
        reading in readings(),
        head in select(&["PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"][..]),
        body in body_octets(),
    ) {
        every_cut_of_a_sequence_gives_the_same_events(&reading, &[head.as_bytes(), &body].concat());
    }

    #[test]
    fn any_operations_keep_a_server_connection_valid(operations in operations()) {
        any_operations_keep_a_server_valid(&operations);
    }

    #[test]
    fn any_operations_keep_a_client_connection_valid(operations in client_operations()) {
        any_operations_keep_a_client_valid(&operations);
    }

    #[test]
    fn rfc9112_9_3_no_response_outruns_its_request(operations in early_operations()) {
        any_operations_keep_a_server_valid(&operations);
    }

    #[test]
    fn no_second_head_stands_in_a_body_of_any_stream(calls in stream_calls()) {
        any_streams_share_their_buffers(&calls);
    }

    #[test]
    fn whatever_is_done_with_a_receive_buffer_it_is_a_queue(uses in buffer_uses()) {
        a_receive_buffer_is_a_queue(&uses);
    }

    #[test]
    fn any_dialogue_comes_to_an_end(
        requests in askings(), manner in manners(), up in 1..=40_u8, down in 1..=40_u8,
    ) {
        a_dialogue_comes_to_an_end(&requests, manner, (up, down));
    }

    #[test]
    fn any_request_of_a_hostile_client_has_its_response(scene in server_scenes()) {
        each_request_has_its_response(&scene);
    }

    #[test]
    fn any_response_of_a_hostile_server_is_that_of_its_request(scene in client_scenes()) {
        each_response_is_that_of_its_request(&scene);
    }

    #[test]
    fn what_holds_for_any_datagram(octets in heads()) {
        datagram(&octets);
        datagram(&[b"M-SEARCH * HTTP/1.1\r\nHost: a\r\n", &octets[..]].concat());
    }

    #[test]
    fn any_body_that_is_encoded_decodes(model in body_models()) {
        what_is_encoded_decodes(&model);
    }

    #[test]
    fn any_head_is_the_same_through_http(
        octets in prop_oneof![heads(), written_messages(), broken(written_messages())],
    ) {
        a_head_is_the_same_through_http(&octets);
    }

    #[test]
    fn any_owned_head_is_unchanged(octets in heads()) {
        an_owned_head_is_unchanged(&octets);
    }

    #[test]
    fn every_cut_within_any_limits_gives_the_same_verdict_on_lines(
        octets in heads(), method in 0..9u16, target in 0..20u16, head in 0..100u16,
    ) {
        let limits = Limits::new().method(method).target(target).head(head);
        every_cut_within_any_limits_gives_the_same_verdict(&octets, &limits);
    }

    #[test]
    fn any_message_that_is_written_parses_back(model in messages()) {
        what_is_written_parses_back(&model);
    }

    #[test]
    fn whatever_calls_succeed_write_what_is_meant(calls in calls()) {
        any_calls_that_succeed_write_what_is_meant(&calls);
    }
}

#[test]
fn every_seed_of_every_fuzz_target_holds() {
    for target in Target::ALL {
        let count = target.replay().unwrap();
        assert!(count > 0, "{} has no seeds", target.name);
    }
}

/// The octets that replace those of a method need not be a token.
#[test]
fn octets_in_place_of_a_method_keep_a_server_valid() {
    let other = |octets: &str| Operation::PresentOther(Octets(octets.into()));
    any_operations_keep_a_server_valid(&[
        other("HEAD / HTTP/1.1\r\n"),
        other("PUT / HTTP/1.1\r\nHost:"),
        Operation::ReceiveRequest("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Operation::Reject(400),
    ]);
}

/// The octets of a write that is too long are not sent, and those of the next ones are.
#[test]
fn octets_behind_a_failed_write_are_those_of_the_response() {
    let write = |octets| HandlerStep::Write(Length(octets));
    let handler = Handler {
        steps: vec![HandlerStep::StreamSized(Length(106)), write(241), write(26), write(2)],
        completes: true,
        status: 0,
        says_close: false,
    };
    let request = PeerMove {
        awaits: true,
        pause: Pause(0),
        step: PeerStep::Message(RequestPlan::default()),
        cut: None,
        mutation: None,
    };
    each_request_has_its_response(&ServerScene {
        settings: StreamSettings::default(),
        line: Line::default(),
        handlers: vec![handler],
        client: vec![request.clone(), request],
    });
}
