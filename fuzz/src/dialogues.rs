//! Dialogues between a client and a server.

use crate::log::{CLOSE, FIELDS, ServerManner, begin_echo, respond, wishes};
use crate::shown::Octets;
use crate::written::{Sent, Written, note};
use arbitrary::{Arbitrary, Unstructured};
use bareline_core::connection::{ClientState, Received, ServerState};
use bareline_core::head::Limits;
use bareline_core::{
    ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method, ServerConnection, Status,
    Target, WireBuf,
};
use std::fmt;

/// Runs the dialogue that these octets choose, for a fuzz target.
pub fn dialogue(octets: &[u8]) {
    let mut u = Unstructured::new(octets);
    let chosen = <(ServerManner, (u8, u8), Vec<Asking>)>::arbitrary(&mut u);
    if let Ok((manner, pieces, mut requests)) = chosen {
        requests.iter_mut().for_each(|asking| {
            asking.pieces.truncate(8);
            asking.pieces.iter_mut().for_each(|piece| piece.0.truncate(200));
        });
        a_dialogue_comes_to_an_end(&requests, manner, pieces);
    }
}

/// A request in a dialogue.
#[derive(Clone, PartialEq, Eq, Arbitrary)]
pub struct Asking {
    /// The method of the request.
    pub method: AskingMethod,
    /// The body of the request, in the pieces in which it is sent.
    pub pieces: Vec<Octets>,
    /// `true` if the body is sent in chunks.
    pub is_chunked: bool,
    /// `true` if the body waits for 100 (Continue).
    pub expects_continue: bool,
    /// `true` if the request says `Connection: close`.
    pub says_close: bool,
}

/// The method of a request in a dialogue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AskingMethod {
    /// GET
    Get,
    /// HEAD
    Head,
    /// PUT
    Put,
    /// DELETE
    Delete,
}

impl<'a> Arbitrary<'a> for AskingMethod {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(match u.arbitrary::<u8>()? % 4 {
            0 => Self::Get,
            1 => Self::Head,
            2 => Self::Put,
            _ => Self::Delete,
        })
    }
}

impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (", in chunks", self.is_chunked),
            (", expects 100", self.expects_continue),
            (", says close", self.says_close),
        ];
        write!(f, "{}", self.method())?;
        self.pieces.iter().try_for_each(|piece| write!(f, " {piece:?}"))?;
        all.iter().filter(|(_, is_so)| *is_so).try_for_each(|(name, _)| f.write_str(name))
    }
}

impl Asking {
    fn method(&self) -> Method<'static> {
        match self.method {
            AskingMethod::Get => Method::GET,
            AskingMethod::Head => Method::HEAD,
            AskingMethod::Put => Method::PUT,
            AskingMethod::Delete => Method::DELETE,
        }
    }

    fn body(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|piece| piece.0.clone()).collect()
    }
}

/// Checks that a dialogue between our client and our server ends, in pieces of any size.
///
/// Every request gets its response, or a side has closed. Each side receives what the other sends.
pub fn a_dialogue_comes_to_an_end(requests: &[Asking], manner: ServerManner, pieces: (u8, u8)) {
    let (mut up, mut down) = (Wire::default(), Wire::default());
    converse(requests, manner, pieces, &mut up, &mut down);
    let methods = || requests.iter().map(|asking| asking.method().to_string()).collect();
    note(|| Written::cut(Sent::Requests, up.sent));
    note(|| Written::cut(Sent::Responses(methods()), down.sent));
}

fn converse(
    requests: &[Asking],
    manner: ServerManner,
    pieces: (u8, u8),
    up: &mut Wire,
    down: &mut Wire,
) {
    let limits = Limits::new().drain(64);
    let (mut client, mut server) =
        (ClientConnection::with_limits(limits), ServerConnection::with_limits(limits));
    let (mut client_spans, mut server_spans) =
        (FieldSpans::<FIELDS>::new(), FieldSpans::<FIELDS>::new());
    let mut out = WireBuf::<16_384>::new();
    let (mut bodies_sent, mut bodies_received) = (Vec::<Vec<u8>>::new(), Vec::<Vec<u8>>::new());
    let (mut responses, mut asked, mut waited) = (0, 0, 0);
    let mut offers_upgrade = false;
    let mut rest: &[Octets] = &[];
    for _ in 0..100_000 {
        up.carry(pieces.0);
        down.carry(pieces.1);
        // The client writes in its states that send, and reads in the others.
        let before =
            (up.sent.len(), up.used, down.used, rest.len(), client.state(), server.state());
        match client.state() {
            ClientState::Idle => {
                let Some(asking) = requests.get(asked) else {
                    assert_eq!(responses, asked);
                    // A server that responds early may not have received all of the last body yet.
                    let is_all = |sent: &Vec<u8>, received: &Vec<u8>| {
                        sent == received || manner.responds_early
                    };
                    let mut both = bodies_sent.iter().zip(&bodies_received);
                    assert!(both.all(
                        |(sent, received)| sent.starts_with(received) && is_all(sent, received)
                    ));
                    return;
                };
                (asked, waited) = (asked + 1, 0);
                rest = &asking.pieces;
                bodies_sent.push(asking.body());
                ask(&mut client, asking, &mut out);
            }
            ClientState::Continue if waited < 10 => waited += 1,
            ClientState::Continue | ClientState::SendBody => match rest {
                [piece, after @ ..] => {
                    client.send_data(piece, &mut out).expect("data that fits");
                    rest = after;
                }
                [] => client.end_body(&[], &mut out).expect("an end that fits"),
            },
            ClientState::Close | ClientState::Upgraded => return,
            ClientState::Head | ClientState::Body => {}
        }
        up.send(out.as_bytes());
        out.clear();
        let Received { used, event } =
            client.receive(&mut down.arrived, client_spans.lend()).expect("a valid response");
        if let Event::Head(head) = &event {
            responses += usize::from(
                !head.status().is_informational() || head.status() == Status::SWITCHING_PROTOCOLS,
            );
        }
        down.consume(used);
        // The server.
        let has_left =
            server.state() == ServerState::Close && down.is_empty() && down.arrived.is_empty();
        if has_left && client.on_eof().is_err() {
            return;
        }
        let mut has_response = false;
        match server.state() {
            ServerState::SendResponse => has_response = true,
            ServerState::Body if manner.responds_early => has_response = true,
            _ => {}
        }
        if has_response {
            // The server does not read the body: the octets that have arrived are discarded before
            // the response.
            up.consume(server.discard_body(&up.arrived));
            respond(&mut server, &mut out, manner, offers_upgrade);
            down.send(out.as_bytes());
            out.clear();
        }
        let Received { used, event } = match server.receive(&mut up.arrived, server_spans.lend()) {
            Ok(received) => received,
            Err(error) => panic!("a valid request is rejected: {error}"),
        };
        let (mut is_head, mut expects) = (false, false);
        match &event {
            Event::Head(head) => {
                is_head = true;
                (offers_upgrade, expects) = wishes(head);
                bodies_received.push(Vec::new());
            }
            Event::Data(data) => {
                bodies_received.last_mut().expect("a head came before").extend_from_slice(data);
                if server.state() == ServerState::SendBody {
                    server.send_data(data, &mut out).expect("data that fits");
                }
            }
            Event::End if server.state() == ServerState::SendBody => {
                server.end_body(&[], &mut out).expect("the end of a whole exchange");
            }
            _ => {}
        }
        up.consume(used);
        if is_head && server.state() == ServerState::Body && !manner.responds_early {
            if manner.echoes {
                begin_echo(&mut server, &mut out, expects && manner.sends_continue);
            } else if manner.sends_continue {
                let head = server.respond(Status::CONTINUE, &mut out);
                head.and_then(|head| head.without_body()).expect("an interim response");
            }
        }
        down.send(out.as_bytes());
        out.clear();
        let after = (up.sent.len(), up.used, down.used, rest.len(), client.state(), server.state());
        let is_moving = before != after
            || !up.is_empty()
            || !down.is_empty()
            || client.state() == ClientState::Continue;
        assert!(is_moving, "nothing moves any more: {after:?}");
    }
    panic!("the dialogue does not come to an end");
}

/// Octets in transit.
#[derive(Default)]
struct Wire {
    travelling: Vec<u8>,
    arrived: Vec<u8>,
    sent: Vec<u8>,
    used: usize,
}

impl Wire {
    fn send(&mut self, octets: &[u8]) {
        self.travelling.extend_from_slice(octets);
        self.sent.extend_from_slice(octets);
    }

    fn carry(&mut self, piece: u8) {
        let count = usize::from(piece).max(1).min(self.travelling.len());
        self.arrived.extend(self.travelling.drain(..count));
    }

    fn consume(&mut self, count: usize) {
        self.arrived.drain(..count);
        self.used += count;
    }

    fn is_empty(&self) -> bool {
        self.travelling.is_empty()
    }
}

fn ask(client: &mut ClientConnection, asking: &Asking, out: &mut WireBuf<16_384>) {
    let has_body = !asking.body().is_empty();
    let mut head = client.request(asking.method(), Target::ROOT, out).expect("the client's turn");
    head = head.field(FieldName::HOST, FieldValue::from_static("a")).expect("a field that fits");
    if asking.says_close {
        head = head.field(FieldName::CONNECTION, CLOSE).expect("a field that fits");
    }
    if asking.expects_continue && has_body {
        let value = FieldValue::from_static("100-continue");
        head = head.field(FieldName::EXPECT, value).expect("a field that fits");
    }
    match (asking.is_chunked, has_body) {
        (true, _) => head.chunked(),
        (false, true) => head.length(asking.pieces.iter().map(|piece| piece.len() as u64).sum()),
        (false, false) => head.length(0),
    }
    .expect("a head that fits");
}
