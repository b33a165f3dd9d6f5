//! Strategies for messages.

use bareline_core::error::WriteError;
use bareline_core::{Target, WireBuf};
use bareline_fuzz::{Asked, Ending, MessageModel, Octets, RequestModel, ResponseModel};
use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::ops::RangeInclusive;

/// `tchar` [RFC 9110 section 5.6.2]
const TCHARS: &[u8] =
    b"aA0-!#$%&'*+.^_`|~123456789BCDEFGHIJKLMNOPQRSTUVWXYZbcdefghijklmnopqrstuvwxyz";

/// `pchar` [RFC 3986 section 3.3], and `/`.
const PCHARS: &[&str] = &[
    "a", "/", "%41", "%2f", "%2F", "%00", "%0d", "%0A", "%fF", "-", ".", "_", "~", "!", "$", "&",
    "'", "(", ")", "*", "+", ",", ";", "=", ":", "@", "0", "9", "A", "Z", "z", "//", "..",
];

/// Octets of names, and of hosts [RFC 3986 section 3.2.2].
const HOST_OCTETS: &[u8] = b"a.-0bcxyz123456789ABC";

const HOSTS: &[&str] =
    &["192.0.2.1", "[::1]", "[2001:db8::192.0.2.1]", "[vF.a:b]", "a%2Db", "a%c3%a4"];

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "OPTIONS", "CONNECT", "TRACE", "M-SEARCH"];

/// The statuses; those that change the framing are frequent.
const STATUSES: &[u16] =
    &[200, 100, 101, 103, 204, 204, 205, 206, 299, 301, 304, 304, 304, 400, 426, 500, 599];

/// Generates octets of a class, of which the first is the plainest.
fn text(class: &'static [u8], len: RangeInclusive<usize>) -> BoxedStrategy<String> {
    vec(select(class), len).prop_map(|octets| octets.into_iter().map(char::from).collect()).boxed()
}

fn method() -> BoxedStrategy<String> {
    prop_oneof![3 => select(METHODS).prop_map(str::to_owned), 1 => text(TCHARS, 1..=12)].boxed()
}

fn host() -> BoxedStrategy<String> {
    prop_oneof![3 => text(HOST_OCTETS, 1..=16), 1 => select(HOSTS).prop_map(str::to_owned)].boxed()
}

fn path() -> BoxedStrategy<String> {
    let pchars = |len| vec(select(PCHARS), len).prop_map(|parts| parts.concat());
    let query = option::weighted(0.3, pchars(0..=8));
    let path = |(path, query): (String, Option<String>)| match query {
        Some(query) => format!("/{path}?{query}"),
        None => format!("/{path}"),
    };
    (pchars(0..=16), query).prop_map(path).boxed()
}

/// Generates methods with targets of a form that they allow.
fn start() -> BoxedStrategy<(String, String)> {
    let scheme = select(&["http", "HTTPS", "x+y"][..]);
    let parts = (method(), path(), option::weighted(0.25, (scheme, host())), any::<bool>());
    let connect = (host(), any::<u16>()).prop_map(|(host, port)| format!("{host}:{port}"));
    (parts, connect)
        .prop_map(|((method, path, absolute, is_asterisk), connect)| {
            let target = match (&method[..], absolute) {
                ("CONNECT", _) => connect,
                ("OPTIONS", _) if is_asterisk => "*".to_owned(),
                (_, Some((scheme, host))) => format!("{scheme}://{host}{path}"),
                (_, None) => path,
            };
            (method, target)
        })
        .boxed()
}

/// Returns octets of field values; octets with a meaning are frequent.
fn value_octets() -> Vec<u8> {
    let telling = [&b"a"[..], &b" \t,;=\"\\:0".repeat(8)].concat();
    telling.into_iter().chain(b' '..=b'~').chain(0x80..=0xff).collect()
}

/// Generates fields whose names begin with `X`, and so have no meaning for the writer.
fn fields() -> BoxedStrategy<Vec<(String, Vec<u8>)>> {
    let name = text(TCHARS, 0..=8).prop_map(|name| format!("X{name}"));
    vec((name, vec(select(value_octets()), 0..=16)), 0..=5).boxed()
}

fn body() -> BoxedStrategy<Vec<u8>> {
    let telling = [&b"a"[..], &b"\r\n0;:".repeat(12)].concat();
    vec(select(telling.into_iter().chain(0..=0xff).collect::<Vec<u8>>()), 0..=40).boxed()
}

/// Generates requests, some of which a writer rejects.
pub fn requests() -> BoxedStrategy<RequestModel> {
    let host_value = prop_oneof![7 => host(), 1 => Just(String::new())];
    let host = (host_value, any::<Index>(), any::<bool>());
    let parts = (start(), weighted(0.25), fields(), host, body(), weighted(0.25));
    parts
        .prop_map(|((method, target), is_http10, mut fields, host, body, is_chunked)| {
            let (host, at, is_without_host) = host;
            if !(is_http10 && is_without_host) {
                let authority = Target::new(&target).ok().and_then(|target| target.authority());
                let value = authority.map_or(host, str::to_owned).into_bytes();
                fields.insert(at.index(fields.len() + 1), ("Host".to_owned(), value));
            }
            RequestModel { method, target, is_http10, fields, body, is_chunked }
        })
        .boxed()
}

/// Generates responses, some of which a writer rejects.
pub fn responses() -> BoxedStrategy<ResponseModel> {
    let endings = [
        Ending::Whole,
        Ending::Pieces,
        Ending::Chunks,
        Ending::WholeUntilClose,
        Ending::PiecesUntilClose,
    ];
    let asked = prop_oneof![
        2 => Just(Asked::Get),
        1 => Just(Asked::Head),
        1 => Just(Asked::Connect),
    ];
    let status = prop_oneof![3 => select(STATUSES), 1 => 100..=599_u16];
    let versions = (weighted(0.2), weighted(0.2));
    (asked, versions, status, fields(), body(), select(endings.to_vec()))
        .prop_map(|(asked, (is_asked_http10, is_http10), status, fields, body, ending)| {
            ResponseModel { asked, is_asked_http10, status, is_http10, fields, body, ending }
        })
        .boxed()
}

/// Generates messages, some of which a writer rejects.
pub fn messages() -> BoxedStrategy<MessageModel> {
    let (requests, responses) = (requests(), responses());
    let request = requests.prop_map(MessageModel::Request);
    prop_oneof![request, responses.prop_map(MessageModel::Response)].boxed()
}

/// Generates requests that a writer accepts.
pub fn written_requests() -> BoxedStrategy<RequestModel> {
    requests()
        .prop_map(|mut model| {
            while let Some(rejection) = model.rejection() {
                if rejection == WriteError::BodyForbidden {
                    model.body.clear();
                }
                model.is_chunked = false;
            }
            model
        })
        .boxed()
}

/// Generates responses that a writer accepts.
pub fn written_responses() -> BoxedStrategy<ResponseModel> {
    responses()
        .prop_map(|mut model| {
            while let Some(rejection) = model.rejection() {
                match rejection {
                    WriteError::NeedsHttp11 => {
                        (model.is_http10, model.is_asked_http10) = (false, false);
                    }
                    WriteError::MissingUpgrade => model.status = 200,
                    _ => {
                        model.body.clear();
                        model.ending = Ending::Whole;
                    }
                }
            }
            model
        })
        .boxed()
}

/// Generates the octets of messages that a writer accepts.
pub fn written_messages() -> BoxedStrategy<Octets> {
    let request = written_requests().prop_map(MessageModel::Request);
    let response = written_responses().prop_map(MessageModel::Response);
    prop_oneof![request, response].prop_map(|model| Octets(written(&model))).boxed()
}

/// Returns the octets of a message; none if a writer rejects the message.
pub fn written(model: &MessageModel) -> Vec<u8> {
    let mut out = WireBuf::<16_384>::new();
    let _rejected = match model {
        MessageModel::Request(model) => model.write(&mut out),
        MessageModel::Response(model) => model.write(&mut out),
    };
    out.as_bytes().to_vec()
}
