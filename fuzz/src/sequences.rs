//! Properties of sequences of messages on a connection.

use crate::buffers::{BufferUse, a_receive_buffer_is_a_queue};
use crate::limits::{TightLimits, cuts};
use crate::log::{Entry, ServerManner, client_log, server_log};
use crate::operations::{
    ClientOperation, Operation, any_operations_keep_a_client_valid,
    any_operations_keep_a_server_valid,
};
use crate::streams::{StreamCall, any_streams_share_their_buffers};
use crate::written::{Sent, Written, note};
use arbitrary::{Arbitrary, Unstructured};
use bareline_core::Method;
use bareline_core::error::ParseErrorKind;
use bareline_core::head::Limits;
use std::fmt;

/// The way in which the octets of a sequence of messages arrive, and their readers.
#[derive(Clone, Copy, PartialEq, Eq, Arbitrary)]
pub struct Reading {
    /// The sizes of the pieces that arrive, in a cycle.
    pub pieces: [u8; 3],
    /// `true` if the peer closes after the last octet.
    pub closes: bool,
    /// The behaviour of the server.
    pub manner: ServerManner,
    /// The requests that a client has sent, as bits.
    pub requests: u8,
    /// The limits of both sides.
    pub limits: TightLimits,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pieces, closes, manner, limits, .. } = self;
        let close = if *closes { ", then closes" } else { "" };
        write!(
            f,
            "in pieces of {pieces:?}{close}, after {:?}, {manner:?}, {limits:?}",
            self.methods()
        )
    }
}

impl Reading {
    /// Returns the methods of the requests that a client has sent.
    fn methods(&self) -> [Method<'static>; 2] {
        let first = if self.requests & 2 == 0 { Method::GET } else { Method::HEAD };
        let second = if self.requests & 1 == 0 { Method::GET } else { Method::CONNECT };
        [first, second]
    }
}

/// Checks every property of connections, for a fuzz target.
pub fn connection(octets: &[u8]) {
    let mut u = Unstructured::new(octets);
    if let Ok(reading) = Reading::arbitrary(&mut u) {
        every_cut_of_a_sequence_gives_the_same_events(&reading, u.take_rest());
    }
    if let Ok(uses) = Vec::<BufferUse>::arbitrary(&mut Unstructured::new(octets)) {
        a_receive_buffer_is_a_queue(&uses);
    }
    if let Ok(operations) = Vec::<Operation>::arbitrary(&mut Unstructured::new(octets)) {
        any_operations_keep_a_server_valid(&operations);
    }
    if let Ok(operations) = Vec::<ClientOperation>::arbitrary(&mut Unstructured::new(octets)) {
        any_operations_keep_a_client_valid(&operations);
    }
    if let Ok(calls) = Vec::<StreamCall>::arbitrary(&mut Unstructured::new(octets)) {
        any_streams_share_their_buffers(&calls);
    }
}

/// Checks that the events do not depend on how a sequence of messages is cut, within any limits.
///
/// The events include what is sent and where the connection ends. Returns the events of a server
/// and of a client.
pub fn every_cut_of_a_sequence_gives_the_same_events(
    reading: &Reading,
    octets: &[u8],
) -> [Vec<Entry>; 2] {
    let Reading { closes, manner, .. } = *reading;
    let limits = Limits::new().chunk_line(64).chunk_extensions(200).body(500).drain(100).interim(4);
    let limits = reading.limits.or(limits);
    let tight = reading.limits;
    let methods = reading.methods();
    let whole = [octets.len().max(1)];
    let of_server = server_log(octets, &whole, closes, manner, limits);
    check_what_was_sent(&of_server);
    let of_client = client_log(&methods, octets, &whole, closes, limits);
    let mut arrivals = vec![vec![1], reading.pieces.map(usize::from).to_vec()];
    arrivals.extend(cuts(octets).into_iter().map(|cut| vec![cut, usize::MAX]));
    for pieces in arrivals {
        assert_eq!(
            server_log(octets, &pieces, closes, manner, limits),
            of_server,
            "a server, in pieces of {pieces:?}, {tight:?}"
        );
        assert_eq!(
            client_log(&methods, octets, &pieces, closes, limits),
            of_client,
            "a client, in pieces of {pieces:?}, {tight:?}"
        );
    }
    nothing_is_read_behind_the_last_message(&of_server);
    nothing_is_read_behind_the_last_message(&of_client);
    [of_server, of_client]
}

/// Checks that nothing is read after a message that ends the connection [RFC 9112 section 9.3].
fn nothing_is_read_behind_the_last_message(log: &[Entry]) {
    let mut last: Option<&String> = None;
    for entry in log {
        let Entry::Head(line, fields) = entry else { continue };
        if let Some(last) = last {
            panic!("{line} is read behind {last}, which ends the connection");
        }
        let is_http11 = line.ends_with(" HTTP/1.1") || line.starts_with("HTTP/1.1 ");
        let is_interim = line.starts_with("HTTP/1.1 1");
        let says = |wanted: &str| {
            let connection =
                fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("connection"));
            let mut options = connection.flat_map(|(_, value)| value.split(|&octet| octet == b','));
            options.any(|option| option.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
        };
        let goes_on = !says("close") && (is_http11 || says("keep-alive"));
        last = (!goes_on && !is_interim).then_some(line);
    }
}

/// Checks that a server has sent a sequence of complete responses, by our own parser.
///
/// Each request gets at most one final response, and so does a rejected one.
pub(crate) fn check_what_was_sent(log: &[Entry]) {
    let sent: Vec<u8> = log
        .iter()
        .flat_map(|entry| if let Entry::Sent(octets) = entry { octets.clone() } else { Vec::new() })
        .collect();
    let methods = log.iter().filter_map(|entry| match entry {
        Entry::Head(line, _) => line.split(' ').next(),
        _ => None,
    });
    responses_are_valid(&sent, methods);
}

/// Returns a method whose responses have the same framing. `method` need not be a token.
pub(crate) fn of_same_framing(method: &str) -> Method<'static> {
    match method {
        "HEAD" => Method::HEAD,
        "CONNECT" => Method::CONNECT,
        _ => Method::GET,
    }
}

/// Checks that these octets are responses to these requests and to one that could not be read.
///
/// Nothing else may follow. The last response may be cut short.
pub(crate) fn responses_are_valid<'m>(sent: &[u8], methods: impl Iterator<Item = &'m str>) {
    let methods: Vec<_> = methods.collect();
    note(|| {
        let methods = methods.iter().map(|method| (*method).to_owned()).collect();
        Written::cut(Sent::Responses(methods), sent.to_vec())
    });
    let methods = methods.into_iter().map(of_same_framing);
    // The response to a request whose head was rejected is read as one to GET.
    let methods: Vec<_> = methods.chain([Method::GET]).collect();
    let read = client_log(&methods, sent, &[sent.len().max(1)], true, Limits::new());
    let is_over =
        |kind: ParseErrorKind, at: usize| at == sent.len() && kind == ParseErrorKind::Truncated;
    let faults: Vec<_> = read
        .iter()
        .filter(|entry| matches!(entry, Entry::Rejected(kind, at, _) if !is_over(*kind, *at)))
        .collect();
    assert!(
        faults.is_empty(),
        "of {:?} the client rejects {faults:?}",
        sent.escape_ascii().to_string()
    );
    let is_final = |line: &str| line.contains(" 101") || !line.contains(" 1");
    let responses =
        read.iter().filter(|entry| matches!(entry, Entry::Head(line, _) if is_final(line))).count();
    let owed = methods.len();
    assert!(responses <= owed, "{responses} responses to {owed} requests");
}
