//! Tests of a server's timeouts, each to a hundredth of a second and with the default settings.

use crate::clocked::{
    MANY_SIGNALS, NO_SIGNALS, Signalled, Signals, ms, repeat, s, seen, send, stop_at,
};
use bareline_core::{FieldName, FieldValue, Status};
use bareline_fuzz::{Clock, MemoryPeer, MemoryTransport, PeerAction};
use bareline_net::{Error, Exchange, ServerStream, Settings};
use std::io::{self, Read, Write};
use std::time::Duration;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const PUT: &str = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
const PUT_5: &str = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
const PUT_CHUNKED: &str = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
/// A request that is rejected for its head.
const INVALID: &str = "GET / HTTP/1.1\r\nHost : a\r\n\r\n";
const LATE_HEAD: &str = ": timed out after 10 s waiting for the end of the head";
const LATE_BODY: &str = ": timed out after 60 s waiting for the end of the body";
const LATE_READER: &str = ": timed out after 30 s waiting for the peer to read";

type Script<'s> = &'s dyn Fn(&MemoryPeer);
type Handler = fn(Exchange<'_, Signalled>, &Clock) -> Result<(), Error>;

/// Serves a connection until it ends. Returns what the peer has seen, and the error.
fn served(signals: Signals, script: Script<'_>, handler: Handler) -> (String, MemoryPeer) {
    let clock = Clock::new();
    let (transport, peer) = MemoryTransport::new(&clock);
    script(&peer);
    let mut stream = ServerStream::new(Signalled::new(transport, &clock, signals));
    let mut serve = || {
        while let Some(exchange) = stream.next_request()? {
            handler(exchange, &clock)?;
        }
        Ok::<_, Error>(())
    };
    let result = serve();
    drop(stream);
    assert_eq!(peer.fault(), None);
    let error = result.map_or_else(|error| format!(": {error}"), |()| String::new());
    (seen(&peer) + &error, peer)
}

/// Checks what the peer of each script sees.
fn check(handler: Handler, cases: &[(Script<'_>, String)]) {
    for (number, (script, expected)) in cases.iter().enumerate() {
        assert_eq!(served(NO_SIGNALS, script, handler).0, *expected, "case {number}");
    }
}

/// Reads the body, and responds.
fn read_and_respond(exchange: Exchange<'_, Signalled>, _: &Clock) -> Result<(), Error> {
    let Exchange { mut body, responder, .. } = exchange;
    io::copy(&mut body, &mut io::sink())?;
    responder.send(Status::OK, &[], b"hi")
}

/// Responds, and leaves the body unread.
fn respond(exchange: Exchange<'_, Signalled>, _: &Clock) -> Result<(), Error> {
    exchange.responder.send(Status::OK, &[], b"hi")
}

/// Responds with 100 KB.
fn respond_at_length(exchange: Exchange<'_, Signalled>, _: &Clock) -> Result<(), Error> {
    exchange.responder.send(Status::OK, &[], &[b'x'; 100_000])
}

#[test]
fn an_idle_connection_is_closed_after_75_s() {
    check(
        read_and_respond,
        &[
            (&|_| {}, "end at 75.00 s, close at 75.00 s".into()),
            // An empty line is no request [RFC 9112 section 2.2].
            (&|peer| peer.at(s(10), send("\r\n")), "end at 75.00 s, close at 75.00 s".into()),
            (
                &|peer| {
                    repeat(peer, &send("\r"), s(12), 0..20);
                    (0..20).for_each(|at| peer.at(s(6 + 12 * at), send("\n")));
                },
                "end at 78.00 s, close at 78.00 s".into(),
            ),
            (&|peer| peer.at(s(74), PeerAction::Eof), "end at 74.00 s, close at 74.00 s".into()),
            (
                &|peer| {
                    peer.at(s(70), send(GET));
                    peer.at(s(140), send(GET));
                },
                "200 at 70.00 s, 200 at 140.00 s, end at 215.00 s, close at 215.00 s".into(),
            ),
        ],
    );
}

#[test]
fn a_head_has_10_s_from_its_first_octet() {
    let (most, last) = GET.split_at(GET.len() - 1);
    check(
        read_and_respond,
        &[
            (
                &|peer| peer.at(s(50), send("G")),
                format!("408 at 60.00 s, end at 60.00 s, close at 65.00 s{LATE_HEAD}"),
            ),
            // A peer that does not read the response either has its 30 s for that.
            (
                &|peer| {
                    peer.set_room(0);
                    peer.at(s(0), send("G"));
                },
                format!("close at 40.00 s{LATE_HEAD}"),
            ),
            // Octets extend nothing but the silence of the lingering close.
            (
                &|peer| repeat(peer, &send("x"), s(1), 0..25),
                format!("408 at 10.00 s, end at 10.00 s, close at 29.00 s{LATE_HEAD}"),
            ),
            (
                &|peer| {
                    peer.at(s(0), send([GET, most].concat()));
                    peer.at(s(11), send(last));
                },
                format!(
                    "200 at 0.00 s, 408 at 10.00 s, end at 10.00 s, close at 16.00 s{LATE_HEAD}"
                ),
            ),
            (
                &|peer| {
                    peer.at(s(20), send(most));
                    peer.at(ms(29_990), send(last));
                },
                "200 at 29.99 s, end at 104.99 s, close at 104.99 s".into(),
            ),
        ],
    );
}

#[test]
fn a_body_has_60_s_of_waiting_and_1_s_for_512_octets() {
    let put = |peer: &MemoryPeer| peer.at(s(0), send(PUT));
    let late = |at: &str, close: &str| {
        format!("408 at {at} s, end at {at} s, close at {close} s{LATE_BODY}")
    };
    check(
        read_and_respond,
        &[
            (&|peer| peer.at(s(10), send(PUT)), late("70.00", "75.00")),
            (&|peer| peer.at(s(10), send(PUT_CHUNKED)), late("70.00", "75.00")),
            (
                &|peer| {
                    put(peer);
                    peer.at(s(30), send([b'x'; 512]));
                },
                late("61.00", "66.00"),
            ),
            // Never more than 60 s are left.
            (
                &|peer| {
                    put(peer);
                    peer.at(s(1), send([b'x'; 51_200]));
                },
                late("61.00", "66.00"),
            ),
            (
                &|peer| {
                    put(peer);
                    repeat(peer, &send("x"), s(1), 0..62);
                },
                late("60.11", "66.00"),
            ),
            (
                &|peer| {
                    put(peer);
                    repeat(peer, &send([b'x'; 256]), s(1), 0..200);
                },
                late("119.50", "149.50"),
            ),
            (
                &|peer| {
                    put(peer);
                    repeat(peer, &send([b'x'; 500]), s(1), 0..2000);
                },
                "200 at 1999.00 s, end at 2074.00 s, close at 2074.00 s".into(),
            ),
        ],
    );
}

#[test]
fn the_time_of_a_handler_is_not_that_of_the_body() {
    let handler: Handler = |exchange, clock| {
        let Exchange { mut body, responder, .. } = exchange;
        body.read_exact(&mut [0; 2])?;
        clock.advance(s(1000));
        io::copy(&mut body, &mut io::sink())?;
        responder.send(Status::OK, &[], b"hi")
    };
    let late = format!("408 at 1060.00 s, end at 1060.00 s, close at 1065.00 s{LATE_BODY}");
    check(
        handler,
        &[
            (&|peer| peer.at(s(0), send([PUT_5, "he"].concat())), late.clone()),
            (
                &|peer| {
                    peer.at(s(0), send(PUT_5));
                    peer.at(s(30), send("he"));
                },
                late,
            ),
            (
                &|peer| {
                    peer.at(s(0), send(PUT_5));
                    peer.at(s(30), send("he"));
                    peer.at(s(500), send("llo"));
                },
                "200 at 1030.00 s, end at 1105.00 s, close at 1105.00 s".into(),
            ),
        ],
    );
}

#[test]
fn a_response_has_30_s_to_be_read_and_1_s_for_512_octets() {
    let get = |peer: &MemoryPeer| {
        peer.set_room(0);
        peer.at(s(0), send(GET));
    };
    check(
        respond_at_length,
        &[
            (&get, format!("close at 30.00 s{LATE_READER}")),
            (
                &|peer| {
                    get(peer);
                    peer.at(s(10), PeerAction::Room(512));
                },
                format!("200 at 10.00 s, close at 31.00 s{LATE_READER}"),
            ),
            // Never more than 30 s are left.
            (
                &|peer| {
                    get(peer);
                    peer.at(s(10), PeerAction::Room(51_200));
                },
                format!("200 at 10.00 s, close at 40.00 s{LATE_READER}"),
            ),
            (
                &|peer| {
                    get(peer);
                    repeat(peer, &PeerAction::Room(256), s(1), 0..200);
                },
                format!("200 at 0.00 s, close at 59.50 s{LATE_READER}"),
            ),
            (
                &|peer| {
                    get(peer);
                    repeat(peer, &PeerAction::Room(500), s(1), 0..1000);
                },
                "200 at 0.00 s, end at 275.00 s, close at 275.00 s".into(),
            ),
        ],
    );
}

/// Responds with 100 KB in pieces that are sent one by one.
fn respond_in_pieces(exchange: Exchange<'_, Signalled>, _: &Clock) -> Result<(), Error> {
    let mut response = exchange.responder.stream_sized(Status::OK, &[], 100_000)?;
    for _ in 0..100 {
        response.write_all(&[b'x'; 1000])?;
        response.flush()?;
    }
    response.finish()
}

#[test]
fn the_pieces_of_a_response_share_its_30_s() {
    check(
        respond_in_pieces,
        &[(
            &|peer| {
                peer.set_room(0);
                peer.at(s(0), send(GET));
                repeat(peer, &PeerAction::Room(256), s(1), 0..200);
            },
            format!("200 at 0.00 s, close at 59.50 s{LATE_READER}"),
        )],
    );
}

/// Begins a response while the body is read, and leaves the body unread.
fn respond_while_reading(exchange: Exchange<'_, Signalled>, _: &Clock) -> Result<(), Error> {
    let mut response = exchange.responder.while_reading().stream(Status::OK, &[])?;
    response.write_all(b"hi")?;
    response.finish()
}

/// Sends the body back while it arrives.
fn echo(exchange: Exchange<'_, Signalled>, _: &Clock) -> Result<(), Error> {
    let Exchange { mut body, responder, .. } = exchange;
    let mut response = responder.while_reading().stream(Status::OK, &[])?;
    io::copy(&mut body, &mut response)?;
    response.finish()
}

#[test]
fn the_wait_for_a_reader_is_none_for_octets() {
    let deaf_until_20_s = |peer: &MemoryPeer, request: &str| {
        peer.set_room(0);
        peer.at(s(0), send(request));
        peer.at(s(20), PeerAction::Room(1_000_000));
    };
    check(
        read_and_respond,
        &[
            (
                &|peer| {
                    deaf_until_20_s(peer, &PUT_5.replace("Con", "Expect: 100-continue\r\nCon"));
                    peer.at(s(79), send("hello"));
                    peer.at(s(80), PeerAction::Eof);
                },
                "100 at 20.00 s, 200 at 79.00 s, end at 80.00 s, close at 80.00 s".into(),
            ),
            (
                &|peer| {
                    deaf_until_20_s(peer, &format!("{GET}GET / HT"));
                    peer.at(s(29), send("TP/1.1\r\nHost: a\r\n\r\n"));
                    peer.at(s(30), PeerAction::Eof);
                },
                "200 at 20.00 s, 200 at 29.00 s, end at 30.00 s, close at 30.00 s".into(),
            ),
        ],
    );
    check(
        respond_while_reading,
        &[(
            &|peer| {
                deaf_until_20_s(peer, PUT_5);
                peer.at(ms(20_050), send("hello"));
                peer.at(s(30), PeerAction::Eof);
            },
            "200 at 20.00 s, end at 30.00 s, close at 30.00 s".into(),
        )],
    );
    check(
        echo,
        &[(
            &|peer| {
                deaf_until_20_s(peer, &[PUT_5, "h"].concat());
                // Room for the head and the first chunk, and not all of the second.
                peer.at(s(0), PeerAction::Room(55));
                peer.at(s(1), send("e"));
                peer.at(s(78), send("llo"));
                peer.at(s(79), PeerAction::Eof);
            },
            "200 at 0.00 s, end at 79.00 s, close at 79.00 s".into(),
        )],
    );
}

#[test]
fn a_connection_that_may_not_linger_is_half_closed() {
    let settings = Settings::new();
    for settings in [settings.linger_limit(0), settings.linger_timeout(Duration::ZERO)] {
        let (transport, peer) = MemoryTransport::new(&Clock::new());
        drop(ServerStream::with_settings(transport, settings));
        assert_eq!((peer.half_closed(), peer.dropped()), (Some(s(0)), Some(s(0))));
    }
}

#[test]
fn rfc9112_9_6_a_lingering_close_ends_in_time() {
    let invalid = |peer: &MemoryPeer| peer.at(s(0), send(INVALID));
    let close = |at: &str| {
        let reason = "whitespace before the colon at octet 20 (RFC 9112 section 5.1)";
        format!("400 at 0.00 s, end at 0.00 s, close at {at} s: {reason}")
    };
    let cases: [(Script<'_>, String); 7] = [
        (&invalid, close("5.00")),
        (
            &|peer| {
                invalid(peer);
                peer.at(ms(4900), send(GET));
            },
            close("9.90"),
        ),
        (
            &|peer| {
                invalid(peer);
                repeat(peer, &send("x"), s(4), 0..100);
            },
            close("30.00"),
        ),
        (
            &|peer| {
                invalid(peer);
                repeat(peer, &send(vec![b'x'; 1 << 20]), ms(100), 0..80);
            },
            close("6.40"),
        ),
        (
            &|peer| {
                invalid(peer);
                peer.at(s(2), PeerAction::Eof);
            },
            close("2.00"),
        ),
        (
            &|peer| {
                invalid(peer);
                peer.at(s(3), PeerAction::Reset);
            },
            close("3.00"),
        ),
        (
            &|peer| {
                invalid(peer);
                peer.forbid_half_close();
            },
            close("0.00").replace("end at 0.00 s, ", ""),
        ),
    ];
    for (number, (script, expected)) in cases.iter().enumerate() {
        let (seen, _) = served(NO_SIGNALS, script, read_and_respond);
        assert!(seen.starts_with(expected), "case {number}: {seen}");
    }
}

/// The server waits for the close of a client only if more octets of the client may arrive.
#[test]
fn rfc9112_9_6_nothing_is_waited_for_behind_the_last_request() {
    let handler: Handler = |exchange, _| {
        let Exchange { mut body, responder, .. } = exchange;
        io::copy(&mut body, &mut io::sink())?;
        responder.begin(Status::OK, |head| head.body_until_close(b"hi"))?.finish()
    };
    let seen = |close: &str| format!("200 at 0.00 s, end at 0.00 s, close at {close}");
    let (now, later) = (seen("0.00 s"), seen("5.00 s"));
    let last = GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    check(
        handler,
        &[
            (&|peer| peer.at(s(0), send(&last)), now.clone()),
            (&|peer| peer.at(s(0), send("GET / HTTP/1.0\r\n\r\n")), now),
            // Some clients send an empty line after a body [RFC 9112 section 2.2].
            (
                &|peer| peer.at(s(0), send("PUT / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi")),
                later.clone(),
            ),
            (&|peer| peer.at(s(0), send([&last, "more"].concat())), later.clone()),
            (&|peer| peer.at(s(0), send(GET)), later),
        ],
    );
    // A large response may still be on its way.
    check(respond_at_length, &[(&|peer| peer.at(s(0), send(&last)), seen("5.00 s"))]);
}

#[test]
fn an_unread_body_is_awaited_for_100_ms_in_all() {
    let close = |at: &str, close: &str| format!("200 at {at} s, end at {at} s, close at {close} s");
    let kept = |at: &str, end: &str| format!("200 at {at} s, end at {end} s, close at {end} s");
    let put = |peer: &MemoryPeer| peer.at(s(0), send(PUT_5));
    check(
        respond,
        &[
            (&put, close("0.10", "5.10")),
            (
                &|peer| {
                    put(peer);
                    peer.at(ms(50), send("hello"));
                },
                kept("0.05", "75.05"),
            ),
            (
                &|peer| {
                    put(peer);
                    repeat(peer, &send("x"), ms(20), 0..5);
                },
                kept("0.08", "75.08"),
            ),
            (
                &|peer| {
                    peer.at(s(0), send(PUT_CHUNKED));
                    repeat(peer, &send("1\r\nx\r\n"), ms(20), 0..50);
                },
                close("0.10", "5.98"),
            ),
            // The rest of the body and what follows it is no request.
            (
                &|peer| {
                    put(peer);
                    peer.at(ms(200), send(["hello", GET].concat()));
                },
                close("0.10", "5.20"),
            ),
            // The rest is longer than what is discarded, or waits for a 100.
            (&|peer| peer.at(s(0), send(PUT)), close("0.00", "5.00")),
            (
                &|peer| {
                    peer.at(
                        s(0),
                        send(PUT_5.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n")),
                    )
                },
                close("0.00", "5.00"),
            ),
        ],
    );
    // Head and body together exceed the buffer: the head is written twice.
    let handler: Handler = |exchange, _| {
        let value = FieldValue::new(&[b'x'; 62_000])?;
        exchange.responder.send(Status::OK, &[(FieldName::from_static("X"), value)], &[b'y'; 4000])
    };
    check(handler, &[(&put, close("0.10", "5.10"))]);
    let handler: Handler = |exchange, _| {
        let mut response = exchange.responder.while_reading().stream(Status::OK, &[])?;
        response.write_all(b"hi")?;
        response.flush()?;
        response.finish()
    };
    let unread = "200 at 0.00 s, end at 0.10 s, close at 5.10 s: response before the end of the";
    assert!(served(NO_SIGNALS, &put, handler).0.starts_with(unread));
}

/// Octets that arrive in each millisecond do not hide that a wait has expired.
#[test]
fn a_flood_of_octets_does_not_extend_a_head() {
    let half = Duration::from_micros(500);
    let head: Script<'_> = &|peer| {
        peer.at(s(0), send("GET / HTTP/1.1\r\nX: "));
        repeat(peer, &send("x"), half, 1..40_000);
    };
    let (seen, _) = served(NO_SIGNALS, head, read_and_respond);
    assert_eq!(seen, format!("408 at 10.10 s, end at 10.10 s, close at 25.00 s{LATE_HEAD}"));
}

/// A response that streams while the body is read is cut short for the same reason.
#[test]
fn a_body_that_is_too_slow_ends_the_connection() {
    let handler: Handler = |exchange, _| {
        let Exchange { mut body, responder, .. } = exchange;
        let response = responder.while_reading().stream(Status::OK, &[])?;
        let read = Error::from(io::copy(&mut body, &mut io::sink()).unwrap_err());
        assert!(LATE_BODY.ends_with(&read.to_string()), "{read}");
        response.finish()
    };
    let script = |peer: &MemoryPeer| peer.at(s(0), send([PUT_5, "x"].concat()));
    let (seen, peer) = served(NO_SIGNALS, &script, handler);
    let expected = "200 at 0.00 s, end at 60.00 s, close at 65.00 s";
    assert_eq!(seen, [expected, LATE_BODY].concat());
    assert!(peer.written().ends_with(b"Transfer-Encoding: chunked\r\n\r\n"));
}

/// A body that comes too late is no request.
#[test]
fn rfc9112_9_3_octets_behind_a_408_are_no_request() {
    for (request, rest, late) in
        [(&PUT_5[..PUT_5.len() - 2], "\r\nhello", LATE_HEAD), (PUT_5, "hello", LATE_BODY)]
    {
        let script = |peer: &MemoryPeer| {
            peer.at(s(0), send(request));
            peer.after(b"408", s(1), send([rest, GET].concat()));
        };
        let (seen, peer) = served(NO_SIGNALS, &script, read_and_respond);
        assert!(seen.starts_with("408 at ") && seen.ends_with(late), "{seen}");
        let responses = String::from_utf8(peer.written()).unwrap();
        assert_eq!(responses.matches("HTTP/1.1 ").count(), 1, "{responses}");
        assert!(responses.contains("Connection: close\r\n"), "{responses}");
    }
}

/// Octets that arrive while the process is stopped are read before a timeout is judged.
#[test]
fn a_stopped_process_blames_no_client() {
    let rest = |first: &'static str, rest: &'static str| {
        move |peer: &MemoryPeer| {
            peer.at(s(0), send(first));
            peer.at(s(500), send(rest));
        }
    };
    let cases: [(Handler, Script<'_>, &str); 6] = [
        (read_and_respond, &|peer| peer.at(s(500), send(GET)), "200 at 1005.00 s, "),
        (read_and_respond, &rest("GET / HT", "TP/1.1\r\nHost: a\r\n\r\n"), "200 at 1005.00 s, "),
        (read_and_respond, &rest(PUT_5, "hello"), "200 at 1005.00 s, "),
        (read_and_respond, &rest(&PUT_5[..9], ""), "408 at 1005.00 s, "),
        (read_and_respond, &rest(PUT_5, "hell"), "408 at 1005.00 s, "),
        (
            respond_at_length,
            &|peer| {
                peer.set_room(1);
                peer.at(s(0), send(GET));
                peer.at(s(500), PeerAction::Room(1_000_000));
            },
            "200 at 0.00 s, end at 1080.00 s, ",
        ),
    ];
    for (number, (handler, script, expected)) in cases.into_iter().enumerate() {
        let (seen, _) = served(stop_at(s(5)), script, handler);
        assert!(seen.starts_with(expected), "case {number}: {seen}");
    }
    let (seen, _) = served(stop_at(ms(50)), &rest(PUT_5, "hello"), respond);
    assert_eq!(seen, "200 at 1000.05 s, end at 1075.05 s, close at 1075.05 s");
    // The process is stopped in the handler.
    let handler: Handler = |exchange, clock| {
        clock.advance(s(1000));
        respond(exchange, clock)
    };
    let (seen, _) = served(NO_SIGNALS, &rest(PUT_5, "hello"), handler);
    assert_eq!(seen, "200 at 1000.00 s, end at 1075.00 s, close at 1075.00 s");
}

#[test]
fn signals_extend_no_wait_of_a_server() {
    let cases: [(Handler, Script<'_>); 7] = [
        (read_and_respond, &|_| {}),
        (read_and_respond, &|peer| peer.at(s(3), send(&GET[..9]))),
        (read_and_respond, &|peer| peer.at(s(3), send(PUT_5))),
        (read_and_respond, &|peer| {
            peer.at(s(0), send(INVALID));
            repeat(peer, &send("x"), s(4), 0..100);
        }),
        (read_and_respond, &|peer| peer.at(s(0), send(INVALID))),
        (respond_at_length, &|peer| {
            peer.at(s(3), send(GET));
            peer.set_room(1);
        }),
        (respond, &|peer| peer.at(s(3), send(PUT_5))),
    ];
    for (number, (handler, script)) in cases.into_iter().enumerate() {
        let [plain, interrupted] =
            [NO_SIGNALS, MANY_SIGNALS].map(|signals| served(signals, script, handler).0);
        assert_eq!(plain, interrupted, "case {number}");
    }
}
