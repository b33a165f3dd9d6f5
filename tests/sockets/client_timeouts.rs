//! Tests of a client's timeouts, each to a hundredth of a second.

use crate::clocked::{
    MANY_SIGNALS, NO_SIGNALS, Signalled, Signals, ms, repeat, s, send, shown, stop_at,
};
use bareline_core::error::ParseErrorKind;
use bareline_core::{FieldName, FieldValue, Method, Target};
use bareline_fuzz::{Clock, MemoryPeer, MemoryTransport, PeerAction};
use bareline_net::{ClientStream, Error, PeerError, Settings};
use std::io::{self, Write};
use std::time::Duration;

const HI: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const HINTS: &str = "HTTP/1.1 103 Early Hints\r\n\r\n";
const EXPECT: (FieldName<'_>, FieldValue<'_>) =
    (FieldName::EXPECT, FieldValue::from_static("100-continue"));

type Client = ClientStream<Signalled>;
type Script<'s> = &'s dyn Fn(&MemoryPeer);
type Exchange = fn(&mut Client, &Clock) -> Result<String, Error>;

/// Makes an exchange with a server of this script. Returns the text or the error, and the time.
fn asked(
    settings: Settings,
    signals: Signals,
    script: Script<'_>,
    exchange: Exchange,
) -> (String, MemoryPeer) {
    let clock = Clock::new();
    let (transport, peer) = MemoryTransport::new(&clock);
    script(&peer);
    let transport = Signalled::new(transport, &clock, signals);
    let mut client = ClientStream::with_settings(transport, "a", settings);
    let text = exchange(&mut client, &clock).unwrap_or_else(|error| error.to_string());
    assert_eq!(peer.fault(), None);
    (format!("{text} at {}", shown(clock.elapsed())), peer)
}

/// Checks the outcome of this exchange with the server of each script.
fn check(exchange: Exchange, cases: &[(Script<'_>, &str)]) {
    for (number, (script, expected)) in cases.iter().enumerate() {
        let (seen, _) = asked(Settings::new(), NO_SIGNALS, script, exchange);
        assert_eq!(seen, *expected, "case {number}");
    }
}

/// Gets `/`. Returns the body.
fn get(client: &mut Client, _: &Clock) -> Result<String, Error> {
    let mut response = client.request(Method::GET, Target::ROOT, &[], b"")?;
    Ok(io::read_to_string(&mut response.body)?)
}

/// Puts 100 KB.
fn put(client: &mut Client, _: &Clock) -> Result<String, Error> {
    let mut response = client.request(Method::PUT, Target::ROOT, &[], &[b'x'; 100_000])?;
    Ok(io::read_to_string(&mut response.body)?)
}

#[test]
fn a_response_has_30_s_to_its_first_octet() {
    let late = "timed out after 30 s waiting for a response at 30.00 s";
    check(
        get,
        &[
            (&|_| {}, late),
            (&|peer| peer.at(ms(29_990), send(HI)), "hi at 29.99 s"),
            // Interim responses do not extend the wait.
            (&|peer| repeat(peer, &send(HINTS), s(7), 0..20), late),
        ],
    );
    // The wait counts from the end of the request, which takes its time here.
    let put_slowly: Exchange = |client, clock| {
        let mut request = client.begin(Method::PUT, Target::ROOT, |head| head.chunked())?;
        for _ in 0..10 {
            request.write_all(b"x")?;
            request.flush()?;
            clock.advance(s(20));
        }
        Ok(io::read_to_string(request.finish()?.body)?)
    };
    check(put_slowly, &[(&|_| {}, &late.replace("at 30.00", "at 230.00"))]);
}

#[test]
fn a_head_of_a_response_has_10_s_from_its_first_octet() {
    let late = |at: &str| format!("timed out after 10 s waiting for the end of the head at {at} s");
    let (most, last) = HI.split_at(30);
    check(
        get,
        &[
            (&|peer| peer.at(s(29), send("H")), &late("39.00")),
            (
                &|peer| {
                    peer.at(s(29), send(most));
                    peer.at(ms(38_990), send(last));
                },
                "hi at 38.99 s",
            ),
            (
                &|peer| {
                    peer.at(s(0), send("HTTP/1.1 200 OK\r\nX"));
                    repeat(peer, &send("x"), s(1), 1..25);
                },
                &late("10.00"),
            ),
            // Each head begins before the end of the one before.
            (
                &|peer| {
                    peer.at(s(3), send("H"));
                    repeat(peer, &send("TTP/1.1 103 \r\n\r\nH"), s(9), 1..20);
                },
                "timed out after 30 s waiting for a response at 36.00 s",
            ),
        ],
    );
}

#[test]
fn a_stream_of_events_lasts_while_no_pause_takes_60_s() {
    let late = "timed out after 60 s waiting for the end of the body";
    check(
        get,
        &[
            (
                &|peer| {
                    peer.at(s(0), send(CHUNKED));
                    repeat(peer, &send("1\r\nx\r\n"), s(59), 0..600);
                    peer.at(600 * s(59), send("0\r\n\r\n"));
                },
                &format!("{} at 35400.00 s", "x".repeat(600)),
            ),
            (&|peer| peer.at(s(0), send(CHUNKED)), &format!("{late} at 60.00 s")),
            // A single octet is no pause, and earns no more than its minute.
            (
                &|peer| {
                    peer.at(s(0), send(CHUNKED));
                    repeat(peer, &send("1"), s(50), 0..3);
                    peer.at(s(100), send("\r\nxxxxx"));
                },
                &format!("{late} at 160.00 s"),
            ),
        ],
    );
}

#[test]
fn an_exchange_timeout_ends_each_wait() {
    let settings = Settings::new().exchange_timeout(s(20));
    let expect: Exchange = |client, clock| {
        clock.advance(s(100));
        let mut request =
            client.begin(Method::PUT, Target::ROOT, |head| head.fields(&[EXPECT])?.length(2))?;
        // The caller's own work counts too.
        clock.advance(Duration::from_millis(19_500));
        request.write_all(b"hi")?;
        Ok(io::read_to_string(request.finish()?.body)?)
    };
    let unread: Exchange = |client, clock| {
        client.request(Method::GET, Target::ROOT, &[], b"")?;
        get(client, clock)
    };
    let cases: [(Exchange, Script<'_>, &str); 7] = [
        (get, &|_| {}, "20.00"),
        (get, &|peer| peer.at(s(15), send("HTTP/1.1 200 OK\r\n")), "20.00"),
        (
            get,
            &|peer| {
                peer.at(s(0), send(CHUNKED));
                repeat(peer, &send("1\r\nx\r\n"), s(1), 0..100);
            },
            "20.00",
        ),
        (put, &|peer| peer.set_room(0), "20.00"),
        (
            put,
            &|peer| {
                peer.set_room(0);
                repeat(peer, &PeerAction::Room(1000), s(1), 0..200);
            },
            "20.00",
        ),
        (expect, &|_| {}, "120.00"),
        // The drain of the previous response belongs to the next exchange.
        (
            unread,
            &|peer| {
                peer.at(s(10), send(CHUNKED));
                repeat(peer, &send("1\r\nx\r\n"), s(1), 11..100);
            },
            "30.00",
        ),
    ];
    for (number, (exchange, script, at)) in cases.into_iter().enumerate() {
        let (seen, _) = asked(settings, NO_SIGNALS, script, exchange);
        let late = "timed out after 20 s waiting for the end of the exchange";
        assert_eq!(seen, format!("{late} at {at} s"), "case {number}");
    }
}

/// Octets that are received or taken in each millisecond do not hide that a wait has expired.
#[test]
fn a_flood_of_octets_does_not_extend_an_exchange() {
    let settings = Settings::new().exchange_timeout(s(20));
    let half = Duration::from_micros(500);
    let endless: Exchange = |client, _| {
        let mut request = client.begin(Method::PUT, Target::ROOT, |head| head.chunked())?;
        while !request.is_ended_early() {
            request.write_all(&[b'x'; 4097])?;
        }
        request.finish().map(|_| "a response".to_owned())
    };
    let exchange_late = "20 s waiting for the end of the exchange at 20.10 s";
    let head_late = "10 s waiting for the end of the head at 10.10 s";
    let cases: [(Exchange, &str, Script<'_>); 3] = [
        (get, exchange_late, &|peer| {
            peer.at(s(0), send(CHUNKED));
            repeat(peer, &send("1\r\nx\r\n"), half, 0..80_000);
        }),
        (get, head_late, &|peer| {
            peer.at(s(0), send("HTTP/1.1 200 OK\r\nX: "));
            repeat(peer, &send("x"), half, 0..80_000);
        }),
        (endless, exchange_late, &|peer| {
            peer.set_room(0);
            repeat(peer, &PeerAction::Room(5000), half, 0..80_000);
        }),
    ];
    for (number, (exchange, expected, script)) in cases.into_iter().enumerate() {
        let (seen, _) = asked(settings, NO_SIGNALS, script, exchange);
        assert_eq!(seen, format!("timed out after {expected}"), "case {number}");
    }
}

#[test]
fn rfc9110_10_1_1_a_body_waits_for_a_100_for_1_s() {
    let expect: Exchange = |client, _| {
        let mut response = client.request(Method::PUT, Target::ROOT, &[EXPECT], b"hello")?;
        Ok(io::read_to_string(&mut response.body)?)
    };
    const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
    let cases: [(Script<'_>, &str, &str); 6] = [
        (
            &|peer| {
                peer.set_room(0);
                peer.at(s(5), PeerAction::Room(1_000_000));
                peer.at(ms(5500), send(CONTINUE));
                peer.after(b"hello", s(2), send(HI));
            },
            "5.50 s",
            "hi at 7.50 s",
        ),
        (&|_| {}, "1.00 s", "timed out after 30 s waiting for a response at 31.00 s"),
        (
            &|peer| {
                peer.at(ms(400), send(CONTINUE));
                peer.after(b"hello", s(2), send(HI));
            },
            "0.40 s",
            "hi at 2.40 s",
        ),
        (
            &|peer| {
                peer.at(ms(400), send(HINTS));
                peer.at(ms(990), send(&CONTINUE[..5]));
                peer.at(ms(1500), send(&CONTINUE[5..]));
                peer.after(b"hello", s(2), send(HI));
            },
            "1.00 s",
            "hi at 3.00 s",
        ),
        (&|peer| peer.at(ms(700), send(HI)), "no time", "hi at 0.70 s"),
        // The wait for the response begins behind the body.
        (&|peer| peer.after(b"hello", ms(29_990), send(HI)), "1.00 s", "hi at 30.99 s"),
    ];
    for (script, sent, expected) in cases {
        let (seen, peer) = asked(Settings::new(), NO_SIGNALS, script, expect);
        let body = peer.writes().into_iter().find(|(_, octets)| octets.ends_with(b"hello"));
        assert_eq!(body.map_or_else(|| "no time".to_owned(), |(at, _)| shown(at)), sent);
        assert_eq!(seen, expected);
    }
}

#[test]
fn an_unread_response_is_drained_for_60_s_in_all() {
    let twice: Exchange = |client, clock| {
        client.request(Method::GET, Target::ROOT, &[], b"")?;
        let second = get(client, clock);
        assert!(second.is_ok() || matches!(get(client, clock), Err(Error::Closed)), "{second:?}");
        second
    };
    let late = "timed out after 60 s waiting for the end of the body";
    check(
        twice,
        &[
            (
                &|peer| {
                    peer.at(s(10), send(CHUNKED));
                    repeat(peer, &send("1\r\nx\r\n"), s(1), 11..200);
                },
                &format!("{late} at 70.00 s"),
            ),
            (
                &|peer| {
                    peer.at(s(10), send(CHUNKED));
                    peer.at(s(69), send("1\r\nx\r\n0\r\n\r\n"));
                    peer.after(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", s(0), send(""));
                    peer.after(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", s(9), send(HI));
                },
                "hi at 78.00 s",
            ),
        ],
    );
}

#[test]
fn a_request_has_30_s_to_be_taken_and_1_s_for_512_octets() {
    let cases: [(Script<'_>, &str); 4] = [
        (&|_| {}, "30.00 s"),
        (&|peer| peer.at(s(10), PeerAction::Room(512)), "31.00 s"),
        (&|peer| peer.at(s(10), PeerAction::Room(51_200)), "40.00 s"),
        (&|peer| repeat(peer, &PeerAction::Room(256), s(1), 0..200), "59.50 s"),
    ];
    let put: Exchange = |client, clock| {
        let mut request = client.begin(Method::PUT, Target::ROOT, |head| head.length(100_000))?;
        request.write_all(&[b'x'; 100_000])?;
        assert!(request.is_ended_early());
        let given_up = shown(clock.elapsed());
        let error = request.finish().unwrap_err();
        assert_eq!(error.to_string(), "timed out after 30 s waiting for the peer to read");
        Ok(given_up)
    };
    for (script, expected) in cases {
        let script = |peer: &MemoryPeer| {
            peer.set_room(0);
            script(peer);
        };
        let (seen, _) = asked(Settings::new(), NO_SIGNALS, &script, put);
        assert!(seen.starts_with(expected), "{seen}, not {expected}");
    }
}

/// A response that comes too late is not that of the next request.
#[test]
fn rfc9112_9_2_a_late_response_is_not_the_next_one() {
    let twice: Exchange = |client, clock| {
        let first = get(client, clock).unwrap_err();
        assert!(matches!(first, Error::Peer(PeerError::TimedOut { .. })), "{first:?}");
        assert!(!client.is_open());
        clock.advance(s(100));
        let second = get(client, clock).unwrap_err();
        assert!(matches!(second, Error::Closed), "{second:?}");
        Ok("late".to_owned())
    };
    for (first, rest) in [("", HI), (&HI[..20], &HI[20..]), (&HI[..HI.len() - 1], "i")] {
        let script = |peer: &MemoryPeer| {
            peer.at(s(1), send(first));
            peer.at(s(70), send([rest, HI].concat()));
        };
        let (_, peer) = asked(Settings::new(), NO_SIGNALS, &script, twice);
        assert_eq!(peer.writes().len(), 1, "requests");
    }
}

/// A connection on which anything arrives between two requests carries no more.
#[test]
fn rfc9112_9_2_a_stale_connection_gets_no_request() {
    let cases = [
        (send(HI), "unsolicited"),
        (send("\r\nH"), "unsolicited"),
        (PeerAction::Eof, "closed"),
        (PeerAction::Reset, "closed"),
    ];
    for (action, expected) in cases {
        let script = |peer: &MemoryPeer| {
            peer.at(s(1), send(HI));
            peer.at(s(500), action.clone());
        };
        let twice: Exchange = |client, clock| {
            assert_eq!(get(client, clock)?, "hi");
            clock.advance(s(1000));
            Ok(match client.request(Method::POST, Target::ROOT, &[], b"once").unwrap_err() {
                Error::Closed => "closed".to_owned(),
                Error::Peer(PeerError::Response(error))
                    if error.kind() == ParseErrorKind::Unsolicited =>
                {
                    "unsolicited".to_owned()
                }
                error => error.to_string(),
            })
        };
        let (seen, peer) = asked(Settings::new(), NO_SIGNALS, &script, twice);
        assert_eq!((seen, peer.writes().len()), (format!("{expected} at 1001.00 s"), 1));
    }
}

/// Octets that arrive while the process is stopped are read before a timeout is judged.
#[test]
fn a_stopped_process_blames_no_server() {
    let cases: [(Exchange, Script<'_>, &str); 5] = [
        (get, &|peer| peer.at(s(500), send(HI)), "hi"),
        (
            get,
            &|peer| {
                peer.at(s(1), send(&HI[..9]));
                peer.at(s(500), send(&HI[9..]));
            },
            "hi",
        ),
        (
            get,
            &|peer| {
                peer.at(s(1), send(&HI[..HI.len() - 1]));
                peer.at(s(500), send("i"));
            },
            "hi",
        ),
        (
            put,
            &|peer| {
                peer.set_room(1);
                peer.at(s(500), PeerAction::Room(1_000_000));
                peer.after(b"x", s(0), send(HI));
            },
            "hi",
        ),
        (
            get,
            &|peer| peer.at(s(1), send(&HI[..9])),
            "timed out after 10 s waiting for the end of the head",
        ),
    ];
    for (number, (exchange, script, expected)) in cases.into_iter().enumerate() {
        let (seen, _) = asked(Settings::new(), stop_at(s(5)), script, exchange);
        assert_eq!(seen, format!("{expected} at 1005.00 s"), "case {number}");
    }
    // The process is stopped before it reads the body.
    let stopped: Exchange = |client, clock| {
        let mut response = client.request(Method::GET, Target::ROOT, &[], b"")?;
        clock.advance(s(1000));
        Ok(io::read_to_string(&mut response.body)?)
    };
    check(
        stopped,
        &[(
            &|peer| {
                peer.at(s(1), send(&HI[..HI.len() - 1]));
                peer.at(s(500), send("i"));
            },
            "hi at 1001.00 s",
        )],
    );
}

#[test]
fn signals_extend_no_wait_of_a_client() {
    let cases: [(Exchange, Script<'_>); 4] = [
        (get, &|_| {}),
        (get, &|peer| peer.at(s(3), send(&HI[..9]))),
        (get, &|peer| peer.at(s(3), send(&HI[..HI.len() - 1]))),
        (put, &|peer| peer.set_room(1)),
    ];
    for (number, (exchange, script)) in cases.into_iter().enumerate() {
        let [plain, interrupted] = [NO_SIGNALS, MANY_SIGNALS]
            .map(|signals| asked(Settings::new(), signals, script, exchange).0);
        assert_eq!(plain, interrupted, "case {number}");
    }
}

#[test]
fn a_server_that_reads_nothing_is_given_up_after_30_s() {
    check(
        put,
        &[
            (
                &|peer| peer.set_room(0),
                "timed out after 30 s waiting for the peer to read at 31.00 s",
            ),
            // A response that has arrived counts.
            (
                &|peer| {
                    peer.set_room(0);
                    peer.at(s(7), send(HI));
                },
                "hi at 30.00 s",
            ),
        ],
    );
}
