//! The documented loops, tried with requests of every kind.
//!
//! Each file in this folder is an example of a page, which a test compares. Those of the streams
//! are in `src/embedded/examples`, and rustdoc includes them.

use super::{Peer, at_once};
use bareline_core::connection::RecvBuf;
use bareline_core::embedded_io_07::{StreamError, StreamMemory};
use core::convert::Infallible;

type Served = Result<(), StreamError<Infallible>>;

mod blocking {
    include!("../../src/embedded/examples/blocking.rs");

    pub(super) fn run(peer: &mut super::Peer<'_>) -> super::Served {
        serve(peer, &mut StreamMemory::new())
    }
}

mod asynchronous {
    include!("../../src/embedded/examples/asynchronous.rs");

    pub(super) fn run(peer: &mut super::Peer<'_>) -> super::Served {
        super::at_once(serve(peer))
    }
}

mod echo {
    include!("../../src/embedded/examples/echo.rs");

    pub(super) fn run(peer: &mut super::Peer<'_>) -> super::Served {
        let mut memory = super::StreamMemory::<16, 512, 128>::new();
        let mut stream = super::super::embedded_io_07::ServerStream::new(peer, &mut memory);
        while let Some(exchange) = stream.next_request()? {
            echo(exchange)?;
        }
        Ok(())
    }
}

mod count {
    include!("../../src/embedded/examples/count.rs");

    pub(super) fn run(peer: &mut super::Peer<'_>) -> super::Served {
        super::at_once(async {
            let mut memory = super::StreamMemory::<16, 512, 128>::new();
            let mut stream =
                super::super::embedded_io_async_07::ServerStream::new(peer, &mut memory);
            while let Some(exchange) = stream.next_request().await? {
                count(exchange).await?;
            }
            Ok(())
        })
    }
}

mod uart {
    include!("uart.rs");

    pub(super) fn run(peer: &mut super::Peer<'_>) -> super::Served {
        serve(peer, &mut StreamMemory::new(), |_| {})
    }
}

#[path = "../../../examples/embassy/src/respond.rs"]
mod respond;

/// Runs the responses of the example for embassy-net.
fn embassy(peer: &mut Peer<'_>) -> Served {
    at_once(async {
        let mut memory = StreamMemory::<32, 2048, 256>::new();
        let mut stream = super::embedded_io_async_07::ServerStream::new(peer, &mut memory);
        while let Some(exchange) = stream.next_request().await? {
            respond::respond(exchange).await?;
        }
        Ok(())
    })
}

mod step {
    include!("step.rs");

    /// A socket that has room for all octets.
    struct Held<'s, 'o>(&'s mut super::Peer<'o>);

    impl Socket for Held<'_, '_> {
        fn room(&self) -> usize {
            512
        }

        fn recv_slice(&mut self, room: &mut [u8]) -> Result<usize, ()> {
            Ok(self.0.say(room))
        }

        fn send_slice(&mut self, octets: &[u8]) -> Result<usize, ()> {
            let mut rest = octets;
            while let Some(count @ 1..) = Some(self.0.hear(rest)) {
                rest = &rest[count..];
            }
            Ok(octets.len())
        }
    }

    pub(super) fn run(peer: &mut super::Peer<'_>) -> super::Served {
        let (mut connection, mut spans) = (ServerConnection::new(), FieldSpans::new());
        let mut received = super::RecvBuf::<512>::new();
        while !step(&mut connection, &mut spans, &mut received, &mut Held(peer))? {
            if peer.says.is_empty() {
                _ = connection.on_eof();
            }
        }
        Ok(())
    }
}

mod readme {
    include!("readme.rs");

    impl Read for super::Wired<'_, '_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            Ok(self.0.borrow_mut().say(buffer))
        }
    }

    impl Write for super::Wired<'_, '_> {
        fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
            Ok(self.0.borrow_mut().hear(octets))
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    pub(super) fn run(peer: &mut super::Peer<'_>) -> super::Served {
        let peer = core::cell::RefCell::new(peer);
        serve(super::Wired(&peer), super::Wired(&peer)).unwrap();
        Ok(())
    }
}

#[allow(dead_code, reason = "its `main`")]
#[path = "../../../examples/sans_io.rs"]
mod sans_io;

/// Runs the loop of the example for devices without a stream.
fn arrays(peer: &mut Peer<'_>) -> Served {
    let peer = core::cell::RefCell::new(peer);
    sans_io::serve(Wired(&peer), Wired(&peer)).unwrap();
    Ok(())
}

/// A half of a transport of the standard library.
struct Wired<'c, 'o>(&'c core::cell::RefCell<&'c mut Peer<'o>>);

type Serve = fn(&mut Peer<'_>) -> Served;

/// The loops by name.
const LOOPS: [(&str, Serve); 9] = [
    ("the blocking stream", blocking::run),
    ("the asynchronous stream", asynchronous::run),
    ("the blocking exchange", echo::run),
    ("the asynchronous exchange", count::run),
    ("a UART, in EMBEDDED.md", uart::run),
    ("smoltcp, in EMBEDDED.md", step::run),
    ("the server of README.md", readme::run),
    ("the example for embassy-net", embassy),
    ("the example sans_io", arrays),
];

/// Returns requests of every method, form of a target and version, with each way of a body, an
/// upgrade or an expectation.
fn requests() -> Vec<String> {
    let methods = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "M-SEARCH",
    ];
    let rests = [
        "\r\n",
        "Connection: close\r\n\r\n",
        "Connection: keep-alive\r\n\r\n",
        "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "Content-Length: 5\r\n\r\nhello",
        "Content-Length: 5\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nhello",
        "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
        "Expect: 100-continue\r\n\r\n",
        "Expect: the unexpected\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
    ];
    let mut requests = Vec::new();
    for method in methods {
        let targets: &[&str] = match method {
            "CONNECT" => &["a:1"],
            "OPTIONS" => &["/", "/led", "http://a:1/", "http://a:1", "*"],
            _ => &["/", "/led?on", "http://a:1/led", "http://a:1"],
        };
        for (target, version) in targets.iter().flat_map(|one| [(one, "1.1"), (one, "1.0")]) {
            for rest in rests {
                requests.push(format!("{method} {target} HTTP/{version}\r\nHost: a:1\r\n{rest}"));
            }
        }
    }
    requests
}

/// Returns the octets that a peer receives, after checking that the loop ends without an error of
/// its own.
fn heard(name: &str, serve: Serve, says: &str, at_a_time: usize) -> String {
    let mut peer = Peer { at_a_time, ..Peer::new(says.as_bytes()) };
    let served = serve(&mut peer);
    assert!(matches!(served, Ok(()) | Err(StreamError::Peer(_))), "{name}: {served:?} for {says}");
    String::from_utf8(peer.hears).unwrap()
}

#[test]
fn each_documented_loop_responds_to_every_request() {
    let next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    for request in requests() {
        for (name, serve) in LOOPS {
            for at_a_time in [usize::MAX, 7] {
                let text = heard(name, serve, &format!("{request}{next}"), at_a_time);
                let statuses: Vec<_> =
                    text.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.get(..3)).collect();
                let last = statuses.last().copied().unwrap_or_default();
                assert!(("200".."600").contains(&last), "{name}: {statuses:?} for {request}");
                // A status 2xx would begin a tunnel.
                let is_rejected = statuses.first().is_some_and(|one| ("400".."600").contains(one));
                assert!(is_rejected || !request.starts_with("CONNECT"), "{name}: {request}");
            }
        }
    }
}

#[test]
fn each_loop_of_a_page_is_the_one_that_is_tried() {
    let (embedded, readme) = (include_str!("../../EMBEDDED.md"), include_str!("../../README.md"));
    for (page, text) in [
        (embedded, include_str!("uart.rs")),
        (embedded, include_str!("step.rs")),
        (readme, include_str!("readme.rs")),
    ] {
        assert!(page.contains(text), "the page has another text than:\n{text}");
    }
}
