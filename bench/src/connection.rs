//! A server's complete work on a request: it is received, and a response of 13 octets is written.

use crate::inputs;
use crate::measure::{Group, Lane, Wanted};
use crate::peers::{self, with_version};
use bareline_core::connection::{Received, ServerState};
use bareline_core::{Event, FieldSpans, ServerConnection, Status, WireBuf};
use fastrand::Rng;
use std::cell::RefCell;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::rc::Rc;

pub const BODY: &[u8] = b"Hello, world!";
pub const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, world!";

/// A function that serves one request, in its own memory, and returns the length of the response.
pub type Serve = Box<dyn FnMut(&mut [u8]) -> usize>;

pub fn groups(wanted: Wanted<'_>) -> Vec<Group> {
    ["b", "m"]
        .into_iter()
        .filter(|name| wanted.group(&format!("connection/{name}")))
        .map(group)
        .collect()
}

fn group(name: &str) -> Group {
    let messages = inputs::messages(name);
    let order = Rc::new(RefCell::new((0..messages.len()).collect::<Vec<_>>()));
    let mut all: Vec<(&'static str, String, Serve)> = vec![
        (
            "httparse",
            format!("{} and an extend, no bookkeeping", with_version("httparse")),
            lower_bound(),
        ),
        ("ours", "bareline, ServerConnection".to_string(), ours()),
    ];
    if name == "b" {
        all.splice(1..1, peers::server());
    }
    let lanes = all.into_iter().map(|(id, title, mut serve)| {
        if name == "b" {
            assert_eq!(serve(&mut inputs::B.to_vec()), RESPONSE.len(), "the response of {title}");
        }
        let mut messages: Vec<_> = messages.iter().map(|message| message.to_vec()).collect();
        messages.iter_mut().for_each(|message| {
            assert!(serve(message) > 0, "{title} serves {}", message.escape_ascii())
        });
        let (order, step) = (order.clone(), messages.len());
        let work = move |times| {
            order
                .borrow()
                .iter()
                .cycle()
                .take(times)
                .for_each(|&at| _ = black_box(serve(black_box(&mut messages[at]))))
        };
        Lane::new(id, title, work).step(step)
    });
    let lanes = lanes.collect();
    let mut rng = Rng::with_seed(1);
    Group {
        name: format!("connection/{name}"),
        lanes,
        before_round: Box::new(move || rng.shuffle(&mut order.borrow_mut())),
    }
}

fn ours() -> Serve {
    let (mut spans, mut out) = (FieldSpans::<64>::new(), WireBuf::<512>::new());
    let mut connection = ServerConnection::new();
    Box::new(move |input| {
        let len = input.len();
        let received = connection.receive(input, spans.lend());
        let Ok(Received { used, event: Event::Head(_) }) = black_box(&received) else { return 0 };
        assert_eq!(*used, len);
        let written = connection.respond(Status::OK, &mut out).and_then(|head| head.body(BODY));
        black_box(written.is_ok());
        let length = black_box(out.as_bytes()).len();
        out.clear();
        // Some requests of the mix close, and some announce a body, which is absent here.
        if connection.state() != ServerState::Idle {
            connection = ServerConnection::new();
        }
        length
    })
}

fn lower_bound() -> Serve {
    let mut out = Vec::with_capacity(512);
    Box::new(move |input| {
        let mut headers = [MaybeUninit::uninit(); 64];
        let mut request = httparse::Request::new(&mut []);
        let parsed = request.parse_with_uninit_headers(&*input, &mut headers);
        let Ok(httparse::Status::Complete(used)) = black_box(parsed) else { return 0 };
        black_box(&request);
        assert_eq!(used, input.len());
        out.clear();
        out.extend_from_slice(b"HTTP/1.1 ");
        out.extend_from_slice(itoa::Buffer::new().format(black_box(200u16)).as_bytes());
        out.extend_from_slice(b" OK\r\nContent-Length: ");
        out.extend_from_slice(itoa::Buffer::new().format(black_box(BODY).len()).as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(black_box(BODY));
        black_box(out.as_slice()).len()
    })
}
