//! Strategies for streams of net with a hostile peer.

use crate::lines::random_octets;
use bareline_fuzz::{
    BodyPlan, CallFraming, CallPlan, ClientScene, Handler, HandlerStep, Length, Line, Mutation,
    Pause, PeerMove, PeerStep, RequestPlan, ResponsePlan, ServerScene, StreamSettings,
};
use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::fmt;

/// Generates scenes of a server's stream.
pub fn server_scenes() -> BoxedStrategy<ServerScene> {
    (settings(), lines(), vec(handlers(), 0..4), vec(moves(request_plans()), 1..8))
        .prop_map(|(settings, line, handlers, client)| ServerScene {
            settings,
            line,
            handlers,
            client,
        })
        .boxed()
}

/// Generates scenes of a client's stream.
pub fn client_scenes() -> BoxedStrategy<ClientScene> {
    (settings(), lines(), vec(call_plans(), 1..5), vec(moves(response_plans()), 1..8))
        .prop_map(|(settings, line, requests, server)| ClientScene {
            settings,
            line,
            requests,
            server,
        })
        .boxed()
}

fn settings() -> BoxedStrategy<StreamSettings> {
    let timeouts = ([any::<u8>(); 5], [any::<u8>(); 5], any::<u8>());
    let any = (timeouts, any::<(u8, u8, u8)>()).prop_map(|((first, second, rate), sizes)| {
        let [idle, response, head, continues, body] = first;
        let [write, exchange, linger, silence, _] = second;
        StreamSettings {
            idle,
            response,
            head,
            continues,
            body,
            write,
            exchange,
            linger,
            silence,
            rate,
            sizes,
        }
    });
    prop_oneof![Just(StreamSettings::default()), any].boxed()
}

fn lines() -> BoxedStrategy<Line> {
    let pieces = || prop_oneof![Just(0), 1..40_u8];
    let any = (pieces(), pieces(), option::weighted(0.5, 0..300_u16), weighted(0.2)).prop_map(
        |(read, write, room, has_no_half_close)| Line { read, write, room, has_no_half_close },
    );
    prop_oneof![2 => Just(Line::default()), 1 => any].boxed()
}

fn moves<M: fmt::Debug + Clone + 'static>(
    messages: BoxedStrategy<M>,
) -> BoxedStrategy<PeerMove<M>> {
    let step = prop_oneof![
        24 => messages.prop_map(PeerStep::Message),
        1 => random_octets().prop_map(PeerStep::Octets),
        1 => any::<u8>().prop_map(PeerStep::Telling),
        2 => (0..2000_u16).prop_map(PeerStep::Room),
        4 => Just(PeerStep::Eof),
        2 => Just(PeerStep::Reset),
    ];
    let cut = option::weighted(0.2, (0..40_u16, any::<u8>().prop_map(Pause)));
    // Only before a message it is usual to wait.
    (0..10_u8, pauses(), step, cut, option::weighted(0.05, mutations()))
        .prop_map(|(awaits, pause, step, cut, mutation)| PeerMove {
            awaits: awaits < if matches!(step, PeerStep::Message(_)) { 6 } else { 2 },
            pause,
            step,
            cut,
            mutation,
        })
        .boxed()
}

fn pauses() -> BoxedStrategy<Pause> {
    prop_oneof![3 => Just(Pause(0)), 1 => any::<u8>().prop_map(Pause)].boxed()
}

fn lengths() -> BoxedStrategy<Length> {
    prop_oneof![10 => 0..100_u8, 1 => any::<u8>(), 1 => 240..250_u8].prop_map(Length).boxed()
}

fn mutations() -> BoxedStrategy<Mutation> {
    prop_oneof![
        any::<(u16, u8)>().prop_map(|(at, octet)| Mutation::Replace(at, octet)),
        any::<(u16, u8)>().prop_map(|(at, octet)| Mutation::Insert(at, octet)),
        any::<u16>().prop_map(Mutation::Remove),
    ]
    .boxed()
}

fn bodies() -> BoxedStrategy<BodyPlan> {
    prop_oneof![
        3 => Just(BodyPlan::None),
        2 => lengths().prop_map(BodyPlan::Sized),
        2 => (lengths(), any::<u8>(), any::<bool>())
            .prop_map(|(length, size, trailers)| BodyPlan::Chunked(length, size, trailers)),
        3 => (lengths(), 0..20_u8).prop_map(|(length, less)| BodyPlan::Short(length, less)),
    ]
    .boxed()
}

fn request_plans() -> BoxedStrategy<RequestPlan> {
    (any::<u8>(), bodies(), weighted(0.3), any::<u8>(), weighted(0.4))
        .prop_map(|(method, body, is_http10, connection, expects_continue)| RequestPlan {
            method,
            body,
            is_http10,
            connection,
            expects_continue,
        })
        .boxed()
}

fn response_plans() -> BoxedStrategy<ResponsePlan> {
    (any::<u8>(), bodies(), weighted(0.2), any::<u8>(), weighted(0.2))
        .prop_map(|(status, body, is_http10, connection, is_folded)| ResponsePlan {
            status,
            body,
            is_http10,
            connection,
            is_folded,
        })
        .boxed()
}

fn handlers() -> BoxedStrategy<Handler> {
    let step = prop_oneof![
        1 => lengths().prop_map(HandlerStep::Read),
        6 => Just(HandlerStep::ReadAll),
        1 => pauses().prop_map(HandlerStep::Work),
        1 => Just(HandlerStep::Interim),
        1 => Just(HandlerStep::WhileReading),
        3 => lengths().prop_map(HandlerStep::Send),
        3 => Just(HandlerStep::Stream),
        2 => lengths().prop_map(HandlerStep::StreamSized),
        6 => Just(HandlerStep::Upgrade),
        4 => lengths().prop_map(HandlerStep::Write),
        1 => Just(HandlerStep::Flush),
        1 => Just(HandlerStep::Finish),
        1 => Just(HandlerStep::Drop),
    ];
    (vec(step, 0..6), weighted(0.9), any::<u8>(), weighted(0.1))
        .prop_map(|(steps, completes, status, says_close)| Handler {
            steps,
            completes,
            status,
            says_close,
        })
        .boxed()
}

fn call_plans() -> BoxedStrategy<CallPlan> {
    let framing = prop_oneof![
        4 => Just(CallFraming::Length),
        1 => Just(CallFraming::TooLong),
        4 => Just(CallFraming::Chunked),
        2 => Just(CallFraming::Trailer),
    ];
    let body = option::weighted(0.5, (framing, vec((pauses(), lengths()), 0..3)));
    let flags = (any::<bool>(), weighted(0.2), weighted(0.1), weighted(0.3), weighted(0.7));
    (pauses(), any::<u8>(), body, flags, vec((pauses(), lengths()), 0..2))
        .prop_map(|(pause, method, body, flags, reads)| {
            let (flushes, expects_continue, says_close, offers_upgrade, reads_all) = flags;
            let (framing, pieces) =
                body.map_or((None, Vec::new()), |(framing, pieces)| (Some(framing), pieces));
            CallPlan {
                pause,
                method,
                framing,
                pieces,
                flushes,
                expects_continue,
                says_close,
                offers_upgrade,
                reads,
                reads_all,
            }
        })
        .boxed()
}
