//! Properties of bareline, and the models that generate messages for them.
//!
//! Each property is a function that a fuzz target and a test both call.

#![allow(clippy::expect_used, clippy::panic, reason = "a property fails by panicking")]

mod bodies;
mod buffers;
mod calls;
mod client_streams;
mod datagrams;
mod dialogues;
mod hostile;
mod http;
mod limits;
mod log;
mod memory;
mod model;
mod operations;
mod properties;
mod replay;
mod scan;
mod sequences;
mod server_streams;
mod shown;
mod streams;
mod verdict;
mod written;

pub use bodies::{
    BodyEvent, BodyFraming, BodyModel, BodyReading, body_events, decode_body,
    every_cut_of_a_body_gives_the_same_events, what_is_encoded_decodes,
};
pub use buffers::{BufferUse, a_receive_buffer_is_a_queue};
pub use calls::{Calls, End, TELLING, any_calls_that_succeed_write_what_is_meant};
pub use client_streams::{
    CallFraming, CallPlan, ClientScene, ResponsePlan, client_stream,
    each_response_is_that_of_its_request,
};
pub use datagrams::datagram;
pub use dialogues::{Asking, AskingMethod, a_dialogue_comes_to_an_end, dialogue};
pub use hostile::{
    Length, Line, Message, Mutation, Pause, PeerMove, PeerStep, Seen, StreamSettings,
};
pub use http::a_head_is_the_same_through_http;
pub use limits::TightLimits;
pub use log::{Entry, ServerManner, client_log, server_log};
pub use memory::{Clock, MemoryPeer, MemoryTransport, PeerAction};
pub use model::{Asked, Ending, MessageModel, RequestModel, ResponseModel};
pub use operations::{
    ClientOperation, HeadFinish, Operation, REQUESTED, REQUESTS, RESPONSES,
    any_operations_keep_a_client_valid, any_operations_keep_a_server_valid,
};
pub use properties::{
    a_dump_is_fit_for_a_terminal, a_gateway_writes_the_target_that_it_reads,
    an_accepted_head_has_its_grammar, an_owned_head_is_unchanged, every_cut_gives_the_same_verdict,
    every_cut_within_any_limits_gives_the_same_verdict, parse_request, parse_response, round_trip,
    what_follows_does_not_matter, what_is_written_parses_back,
};
pub use replay::{Target, replay};
pub use scan::{
    every_fast_path_is_its_rule, every_scan_finds_the_same_runs, is_name, is_target, is_text,
    is_token,
};
pub use sequences::{Reading, connection, every_cut_of_a_sequence_gives_the_same_events};
pub use server_streams::{
    BodyPlan, Handler, HandlerStep, RequestPlan, ServerScene, each_request_has_its_response,
    server_stream,
};
pub use shown::Octets;
pub use streams::{
    Content, HeadEnd, HeadOf, StreamCall, StreamStep, any_streams_share_their_buffers,
};
pub use verdict::{Head, Verdict, request_verdict, response_verdict};
pub use written::{Cut, Sent, Written, written_by};

/// The README's examples, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
