//! Parsing of heads, by all parsers.

use crate::measure::{Group, Lane, Wanted};
use crate::peers::{self, with_version};
use crate::{inputs, limits};
use bareline_core::head::Parsed;
use bareline_core::inside::Lines;
use bareline_core::{FieldSpans, Method, RequestHead, ResponseHead};
use fastrand::Rng;
use std::cell::RefCell;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::rc::Rc;

/// The limit of field lines, equal for all parsers.
pub const LINES: usize = 64;

/// The result of a parser; all parsers must agree on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    // Two numbers that fit in registers: returning them through memory costs some nanoseconds.
    pub fields: u32,
    pub length: u32,
}

pub fn seen(fields: usize, length: usize) -> Option<Seen> {
    Some(Seen { fields: u32::try_from(fields).ok()?, length: u32::try_from(length).ok()? })
}

/// A function that parses one message and leaves its results in memory, as a caller needs them.
/// Returns `None` for a rejected message.
pub type Parse = Box<dyn FnMut(&[u8]) -> Option<Seen>>;

/// A parser in its best settings.
pub struct Contender {
    pub id: &'static str,
    pub title: String,
    pub parse: Parse,
    /// The parser does not count `Content-Length` among the fields.
    pub hides_length: bool,
}

impl Contender {
    pub fn new(
        id: &'static str,
        title: impl Into<String>,
        parse: impl FnMut(&[u8]) -> Option<Seen> + 'static,
    ) -> Self {
        Self { id, title: title.into(), parse: Box::new(parse), hides_length: false }
    }
}

/// Returns whether a contender measures a limit. Limits are not compared with bareline as peers.
pub fn is_limit(id: &str) -> bool {
    matches!(id, "memcpy" | "bitmaps")
}

/// Returns all parsers of requests, or of responses.
pub fn contenders(is_response: bool) -> Vec<Contender> {
    let mut all = if is_response { responses() } else { requests() };
    all.splice(1..1, if is_response { peers::responses() } else { peers::requests() });
    let mut buffer = [0; 8192];
    all.push(Contender::new("memcpy", "limit: memcpy", move |input| {
        seen(0, limits::copy(input, &mut buffer))
    }));
    #[cfg(target_arch = "x86_64")]
    all.push(Contender::new("bitmaps", "limit: two bitmaps, SSE2", |input| {
        seen(0, limits::bitmaps(input))
    }));
    all
}

fn requests() -> Vec<Contender> {
    let (mut spans, mut lines) = (FieldSpans::<LINES>::new(), Lines::default());
    vec![
        Contender::new("httparse", with_version("httparse"), |input| {
            let mut headers = [MaybeUninit::uninit(); LINES];
            let mut request = httparse::Request::new(&mut []);
            let parsed = request.parse_with_uninit_headers(input, &mut headers);
            let Ok(httparse::Status::Complete(length)) = black_box(parsed) else { return None };
            black_box(&request);
            seen(request.headers.len(), length)
        }),
        Contender::new("ours-head", "bareline, head only", move |input| {
            let length = black_box(lines.of_request(input))?;
            black_box(&lines);
            seen(lines.count(), length)
        }),
        Contender::new("ours-whole", "bareline, whole", move |input| {
            let parsed = RequestHead::parse(input, spans.lend());
            let Ok(Parsed::Complete { message, len }) = black_box(&parsed) else { return None };
            seen(message.fields().len(), *len)
        }),
    ]
}

fn responses() -> Vec<Contender> {
    let (mut spans, mut lines) = (FieldSpans::<LINES>::new(), Lines::default());
    vec![
        Contender::new("httparse", with_version("httparse"), |input| {
            let mut headers = [MaybeUninit::uninit(); LINES];
            let mut response = httparse::Response::new(&mut []);
            let config = httparse::ParserConfig::default();
            let parsed =
                config.parse_response_with_uninit_headers(&mut response, input, &mut headers);
            let Ok(httparse::Status::Complete(length)) = black_box(parsed) else { return None };
            black_box(&response);
            seen(response.headers.len(), length)
        }),
        Contender::new("ours-head", "bareline, head only", move |input| {
            let length = black_box(lines.of_response(input))?;
            black_box(&lines);
            seen(lines.count(), length)
        }),
        Contender::new("ours-whole", "bareline, whole", move |input| {
            let parsed = ResponseHead::parse(input, spans.lend());
            let Ok(Parsed::Complete { message, len }) = black_box(&parsed) else { return None };
            black_box(&message.framing(Method::GET)).is_ok().then_some(())?;
            seen(message.fields().len(), *len)
        }),
    ]
}

/// Returns a group for each input.
pub fn groups(wanted: Wanted<'_>) -> Vec<Group> {
    let named = |name: &&str| wanted.group(&format!("head/{name}"));
    inputs::NAMES.into_iter().filter(named).map(|name| group(name, wanted)).collect()
}

fn group(name: &str, wanted: Wanted<'_>) -> Group {
    let messages: Rc<Vec<Vec<u8>>> = Rc::new(inputs::messages(name));
    let mut contenders = contenders(inputs::is_response(name));
    contenders.retain(|contender| wanted.lane(contender.id));
    check(name, &messages, &mut contenders);
    let group_name = format!("head/{name}");
    match messages.len() {
        1 => Group::new(
            group_name,
            contenders
                .into_iter()
                .map(|contender| of_one(contender, messages[0].clone()))
                .collect(),
        ),
        _ => {
            let order: Vec<usize> = (0..messages.len()).collect();
            let order = Rc::new(RefCell::new(order));
            let lanes = contenders
                .into_iter()
                .map(|contender| of_mix(contender, &messages, &order))
                .collect();
            let mut rng = Rng::with_seed(1);
            let before_round = Box::new(move || rng.shuffle(&mut order.borrow_mut()));
            Group { name: group_name, lanes, before_round }
        }
    }
}

/// Returns a lane that parses one message repeatedly. The compiler does not see its octets.
fn of_one(contender: Contender, message: Vec<u8>) -> Lane {
    let Contender { id, title, mut parse, .. } = contender;
    Lane::new(id, title, move |times| {
        for _ in 0..times {
            black_box(parse(black_box(&message)));
        }
    })
}

/// Returns a lane that parses all messages, in an order that changes with each round.
fn of_mix(
    contender: Contender,
    messages: &Rc<Vec<Vec<u8>>>,
    order: &Rc<RefCell<Vec<usize>>>,
) -> Lane {
    let Contender { id, title, mut parse, .. } = contender;
    let (messages, order, step) = (messages.clone(), order.clone(), messages.len());
    Lane::new(id, title, move |times| {
        let order = order.borrow();
        for &at in order.iter().cycle().take(times) {
            black_box(parse(black_box(&messages[at])));
        }
    })
    .step(step)
}

/// Checks that every parser parses every message to its end, with the right number of fields.
fn check(name: &str, messages: &[Vec<u8>], contenders: &mut [Contender]) {
    for (at, message) in messages.iter().enumerate() {
        let text = || message.escape_ascii();
        let lines = message.windows(2).filter(|pair| pair == b"\r\n").count() - 2;
        let lower = message.to_ascii_lowercase();
        let length_lines = lower
            .split(|&octet| octet == b'\n')
            .filter(|line| line.starts_with(b"content-length:"))
            .count();
        for contender in contenders.iter_mut() {
            let fields = match contender.id {
                id if is_limit(id) => 0,
                _ if contender.hides_length => lines - length_lines,
                _ => lines,
            };
            let found = (contender.parse)(message);
            let expected = seen(fields, message.len());
            assert_eq!(
                found,
                expected,
                "{} on message {at} of {name}: \"{}\"",
                contender.title,
                text()
            );
        }
    }
}
