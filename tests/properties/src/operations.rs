//! Strategies for calls on a connection, on streams, and on a buffer.

use crate::lines::one_of;
use crate::shown::Listed;
use bareline_fuzz::{
    BufferUse, ClientOperation, Content, HeadEnd, HeadFinish, HeadOf, Octets, Operation, REQUESTED,
    REQUESTS, RESPONSES, StreamCall, StreamStep,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Generates statuses; those that change the framing or the state are frequent.
fn code() -> BoxedStrategy<u16> {
    prop_oneof![7 => select(&[200, 200, 200, 204, 304, 100, 101][..]), 1 => 100..=599_u16].boxed()
}

fn finish() -> BoxedStrategy<HeadFinish> {
    select(HeadFinish::ALL).boxed()
}

/// Generates octets of a body, or of its framing.
fn octets() -> BoxedStrategy<Octets> {
    vec(select(&b"abc12\r\n0"[..]), 0..6).prop_map(Octets).boxed()
}

/// Generates messages for a server or a client, complete or cut.
fn presented(all: &'static [&'static str]) -> BoxedStrategy<Octets> {
    let cut = (select(all), 1..40_usize).prop_map(|(message, len)| {
        let octets = message.as_bytes();
        Octets(octets.get(..len).unwrap_or(octets).to_vec())
    });
    prop_oneof![octets(), cut].boxed()
}

/// Generates all calls on a server's connection.
pub fn operations() -> BoxedStrategy<Listed<Operation>> {
    let rare = prop_oneof![
        presented(REQUESTS).prop_map(Operation::PresentOther),
        Just(Operation::GiveUp),
        (400..=599_u16).prop_map(Operation::Reject),
        Just(Operation::Overflow),
        presented(REQUESTS).prop_map(Operation::Receive),
    ];
    Listed::of(prop_oneof![4 => early_operation(), 1 => rare], 0..16)
}

/// Generates calls of a server that responds before the body has arrived.
pub fn early_operations() -> BoxedStrategy<Listed<Operation>> {
    Listed::of(early_operation(), 1..16)
}

fn early_operation() -> BoxedStrategy<Operation> {
    let respond = (code(), finish()).prop_map(|(code, finish)| Operation::Respond(code, finish));
    let meanwhile = (code(), finish())
        .prop_map(|(code, finish)| Operation::RespondWhileReceiving(code, finish));
    let by_half = (code(), finish(), any::<bool>()).prop_map(|(code, finish, is_meanwhile)| {
        Operation::RespondByHalf(code, finish, is_meanwhile)
    });
    prop_oneof![
        3 => one_of(REQUESTS).prop_map(Operation::ReceiveRequest),
        2 => octets().prop_map(Operation::Receive),
        2 => respond,
        3 => meanwhile,
        1 => by_half,
        1 => Just(Operation::Discard),
        2 => octets().prop_map(Operation::SendData),
        2 => Just(Operation::EndBody),
        1 => Just(Operation::PeerClosed),
    ]
    .boxed()
}

/// Generates all calls on a client's connection.
pub fn client_operations() -> BoxedStrategy<Listed<ClientOperation>> {
    let request = (one_of(REQUESTED), finish())
        .prop_map(|(line, finish)| ClientOperation::Request(line, finish));
    let received = prop_oneof![
        3 => one_of(RESPONSES).prop_map(ClientOperation::ReceiveResponse),
        1 => presented(RESPONSES).prop_map(ClientOperation::Receive),
    ];
    let operation = prop_oneof![
        4 => request,
        4 => received,
        2 => octets().prop_map(ClientOperation::SendData),
        2 => Just(ClientOperation::EndBody),
        1 => Just(ClientOperation::GiveUp),
        1 => Just(ClientOperation::PeerClosed),
        1 => Just(ClientOperation::Overflow),
        1 => presented(RESPONSES).prop_map(ClientOperation::PresentOther),
    ];
    Listed::of(operation, 0..16)
}

/// Generates calls on two streams with two buffers, mostly for bodies in parts.
pub fn stream_calls() -> BoxedStrategy<Listed<StreamCall>> {
    let contents = [Content::None, Content::Short, Content::AHead, Content::LastChunk];
    let content = || select(contents.to_vec());
    let rare = vec![HeadOf::GetAndClose, HeadOf::Head, HeadOf::Connect];
    let head_of = prop_oneof![4 => Just(HeadOf::Get), 1 => select(rare)];
    let head_end = prop_oneof![
        1 => content().prop_map(HeadEnd::Whole),
        2 => content().prop_map(HeadEnd::Length),
        4 => Just(HeadEnd::Chunked),
        1 => select(vec![HeadEnd::Interim, HeadEnd::Empty, HeadEnd::UntilClose]),
    ];
    let step = prop_oneof![
        3 => (head_of, head_end).prop_map(|(of, end)| StreamStep::Head(of, end)),
        4 => content().prop_map(StreamStep::Data),
        2 => content().prop_map(StreamStep::Frame),
        2 => Just(StreamStep::End),
        2 => Just(StreamStep::Clear),
    ];
    let call = (any::<bool>(), any::<bool>(), step).prop_map(|(stream, buffer, step)| StreamCall {
        stream,
        buffer,
        step,
    });
    Listed::of(call, 1..24)
}

/// Generates operations on a receive buffer of 24 octets.
pub fn buffer_uses() -> BoxedStrategy<Listed<BufferUse>> {
    let count = || 0..16_u8;
    let pin = (count(), count(), count())
        .prop_map(|(pin, fill, consume)| BufferUse::Pin(pin, fill, consume));
    let used = prop_oneof![
        3 => count().prop_map(BufferUse::Fill),
        2 => count().prop_map(BufferUse::Consume),
        2 => pin,
        1 => Just(BufferUse::Unpin),
    ];
    Listed::of(used, 0..24)
}
