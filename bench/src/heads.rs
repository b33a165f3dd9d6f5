//! Heads parsed, by everybody.

use crate::measure::{Group, Lane, Wanted};
use crate::peers::with_version;
use crate::{inputs, limits};
use bareline_core::inside::Lines;
use bareline_core::{FieldSpans, Method, Parsed, RequestHead, ResponseHead};
use fastrand::Rng;
use std::cell::RefCell;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::rc::Rc;

/// How many field lines everybody has room for.
const LINES: usize = 64;

/// What a parser has found: all must find the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    // Two numbers that fit into registers: through memory they would cost everybody some nanoseconds.
    pub fields: u32,
    pub length: u32,
}

fn seen(fields: usize, length: usize) -> Option<Seen> {
    Some(Seen { fields: u32::try_from(fields).ok()?, length: u32::try_from(length).ok()? })
}

/// Parses one message, and has all that it finds in memory, as a caller would who goes on with it. `None` when it is refused.
pub type Parse = Box<dyn FnMut(&[u8]) -> Option<Seen>>;

/// A parser in its best settings.
pub struct Contender {
    pub id: &'static str,
    pub title: String,
    pub parse: Parse,
    /// It does not keep `Content-Length` among the fields.
    hides_length: bool,
}

impl Contender {
    fn new(id: &'static str, title: impl Into<String>, parse: impl FnMut(&[u8]) -> Option<Seen> + 'static) -> Self {
        Self { id, title: title.into(), parse: Box::new(parse), hides_length: false }
    }
}

/// Those that measure nothing but a limit; nobody is slower than a peer because of them.
pub fn is_limit(id: &str) -> bool {
    matches!(id, "memcpy" | "bitmaps")
}

/// All who parse requests, or responses.
pub fn contenders(is_response: bool) -> Vec<Contender> {
    let mut all = match is_response {
        false => requests(),
        true => responses(),
    };
    let mut buffer = [0; 8192];
    all.push(Contender::new("memcpy", "limit: memcpy", move |input| seen(0, limits::copy(input, &mut buffer))));
    #[cfg(target_arch = "x86_64")]
    all.push(Contender::new("bitmaps", "limit: two bitmaps, SSE2", |input| seen(0, limits::bitmaps(input))));
    all
}

fn requests() -> Vec<Contender> {
    let (mut spans, mut lines, mut net_fields) = (FieldSpans::<LINES>::new(), Lines::default(), net_fields());
    let net_limits = net_limits();
    vec![
        Contender::new("httparse", with_version("httparse"), |input| {
            let mut headers = [MaybeUninit::uninit(); LINES];
            let mut request = httparse::Request::new(&mut []);
            let parsed = request.parse_with_uninit_headers(input, &mut headers);
            let Ok(httparse::Status::Complete(length)) = black_box(parsed) else { return None };
            black_box(&request);
            seen(request.headers.len(), length)
        }),
        Contender::new("ntex", with_version("ntex-httparse"), |input| {
            let mut headers = [const { MaybeUninit::uninit() }; LINES];
            let mut request = ntex_httparse::Request::default();
            let Ok(ntex_httparse::Status::Complete(start)) = black_box(request.parse(input)) else { return None };
            black_box(&request);
            ntex_headers(input, start, &mut headers)
        }),
        Contender::new("pico", format!("{} (C, SSE4.2, lax)", with_version("picohttpparser-sys")), pico::request),
        Contender {
            hides_length: true,
            ..Contender::new("khttp", format!("{} (lax, allocates)", with_version("khttp")), |input| {
                let parsed = khttp::Request::parse(input);
                let Ok(request) = black_box(&parsed) else { return None };
                seen(request.headers.get_count(), request.buf_offset)
            })
        },
        Contender::new("http-net", format!("{} (strict, whole)", with_version("http-net")), move |input| {
            let parsed = http_net::parse_request_head(input, &net_limits, &mut net_fields);
            let Ok(http_net::Parsed::Complete { head, len }) = black_box(&parsed) else { return None };
            seen(head.view().headers().len(), *len)
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
    let (mut spans, mut lines, mut net_fields) = (FieldSpans::<LINES>::new(), Lines::default(), net_fields());
    let net_limits = net_limits();
    vec![
        Contender::new("httparse", with_version("httparse"), |input| {
            let mut headers = [MaybeUninit::uninit(); LINES];
            let mut response = httparse::Response::new(&mut []);
            let config = httparse::ParserConfig::default();
            let parsed = config.parse_response_with_uninit_headers(&mut response, input, &mut headers);
            let Ok(httparse::Status::Complete(length)) = black_box(parsed) else { return None };
            black_box(&response);
            seen(response.headers.len(), length)
        }),
        Contender::new("ntex", with_version("ntex-httparse"), |input| {
            let mut headers = [const { MaybeUninit::uninit() }; LINES];
            let mut response = ntex_httparse::Response::default();
            let Ok(ntex_httparse::Status::Complete(start)) = black_box(response.parse(input)) else { return None };
            black_box(&response);
            ntex_headers(input, start, &mut headers)
        }),
        Contender::new("pico", format!("{} (C, SSE4.2, lax)", with_version("picohttpparser-sys")), pico::response),
        Contender {
            hides_length: true,
            ..Contender::new("khttp", format!("{} (lax, allocates)", with_version("khttp")), |input| {
                let parsed = khttp::Response::parse(input);
                let Ok(response) = black_box(&parsed) else { return None };
                seen(response.headers.get_count(), response.buf_offset)
            })
        },
        Contender::new("http-net", format!("{} (strict, whole)", with_version("http-net")), move |input| {
            let asked = http_net::Asked { head: false, connect: false };
            let parsed = http_net::parse_response_head(input, &net_limits, asked, &mut net_fields);
            let Ok(http_net::Parsed::Complete { head, len }) = black_box(&parsed) else { return None };
            seen(head.view().headers().len(), *len)
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

fn net_fields() -> [http_net::FieldSpan; LINES] {
    [http_net::FieldSpan::default(); LINES]
}

fn net_limits() -> http_net::Limits {
    http_net::Limits::new().with_max_body(u64::MAX)
}

/// The field lines: this parser gives them one by one.
#[inline(always)]
fn ntex_headers(input: &[u8], start: usize, headers: &mut [MaybeUninit<ntex_httparse::Header>; LINES]) -> Option<Seen> {
    use ntex_httparse::{Header, HeaderParsed, Status};
    let mut position = start;
    for fields in 0.. {
        let mut header = Header::default();
        match header.parse(&input[position..]) {
            Ok(Status::Complete(HeaderParsed::Header(length))) => {
                // Its positions count from the line, a caller's from the message.
                for part in [&mut header.name, &mut header.value] {
                    (part.start, part.end) = (part.start + position, part.end + position);
                }
                headers.get_mut(fields)?.write(header);
                position += length;
            }
            Ok(Status::Complete(HeaderParsed::Eof(length))) => {
                black_box(&headers);
                return seen(fields, position + length);
            }
            _ => return None,
        }
    }
    None
}

/// The parser in C. Its results stay pointers, as a C program takes them.
#[allow(unsafe_code)]
mod pico {
    use super::{LINES, Seen, seen};
    use libc::{c_char, c_int};
    use picohttpparser_sys::{phr_header, phr_parse_request, phr_parse_response};
    use std::hint::black_box;
    use std::mem::MaybeUninit;
    use std::ptr::null;

    pub(super) fn request(input: &[u8]) -> Option<Seen> {
        let mut headers = [const { MaybeUninit::<phr_header>::uninit() }; LINES];
        let (mut method, mut path) = ((null::<c_char>(), 0), (null::<c_char>(), 0));
        let (mut minor, mut fields): (c_int, _) = (0, LINES);
        // SAFETY: the length is that of the slice, `fields` is that of `headers`, and all pointers are to locals that outlive the call.
        let length = unsafe {
            phr_parse_request(
                input.as_ptr().cast(),
                input.len(),
                &mut method.0,
                &mut method.1,
                &mut path.0,
                &mut path.1,
                &mut minor,
                headers.as_mut_ptr().cast(),
                &mut fields,
                0,
            )
        };
        black_box((&headers, method, path, minor));
        seen(fields, usize::try_from(length).ok()?)
    }

    pub(super) fn response(input: &[u8]) -> Option<Seen> {
        let mut headers = [const { MaybeUninit::<phr_header>::uninit() }; LINES];
        let mut reason = (null::<c_char>(), 0);
        let (mut minor, mut status, mut fields): (c_int, c_int, _) = (0, 0, LINES);
        // SAFETY: as above.
        let length = unsafe {
            phr_parse_response(
                input.as_ptr().cast(),
                input.len(),
                &mut minor,
                &mut status,
                &mut reason.0,
                &mut reason.1,
                headers.as_mut_ptr().cast(),
                &mut fields,
                0,
            )
        };
        black_box((&headers, reason, minor, status));
        seen(fields, usize::try_from(length).ok()?)
    }
}

/// A group for each input.
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
        1 => Group::new(group_name, contenders.into_iter().map(|contender| of_one(contender, messages[0].clone())).collect()),
        _ => {
            let order: Vec<usize> = (0..messages.len()).collect();
            let order = Rc::new(RefCell::new(order));
            let lanes = contenders.into_iter().map(|contender| of_mix(contender, &messages, &order)).collect();
            let mut rng = Rng::with_seed(1);
            let before_round = Box::new(move || rng.shuffle(&mut order.borrow_mut()));
            Group { name: group_name, lanes, before_round }
        }
    }
}

/// The same message again and again. What it says is hidden from the compiler.
fn of_one(contender: Contender, message: Vec<u8>) -> Lane {
    let Contender { id, title, mut parse, .. } = contender;
    Lane::new(id, title, move |times| {
        for _ in 0..times {
            black_box(parse(black_box(&message)));
        }
    })
}

/// All messages, in an order that is another one in each round.
fn of_mix(contender: Contender, messages: &Rc<Vec<Vec<u8>>>, order: &Rc<RefCell<Vec<usize>>>) -> Lane {
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

/// Everybody has to read every message to its end, and to find the same number of fields.
fn check(name: &str, messages: &[Vec<u8>], contenders: &mut [Contender]) {
    for (at, message) in messages.iter().enumerate() {
        let text = || message.escape_ascii();
        let lines = message.windows(2).filter(|pair| pair == b"\r\n").count() - 2;
        let lower = message.to_ascii_lowercase();
        let length_lines = lower.split(|&octet| octet == b'\n').filter(|line| line.starts_with(b"content-length:")).count();
        for contender in contenders.iter_mut() {
            let fields = match contender.id {
                id if is_limit(id) => 0,
                _ if contender.hides_length => lines - length_lines,
                _ => lines,
            };
            let found = (contender.parse)(message);
            let expected = seen(fields, message.len());
            assert_eq!(found, expected, "{} on message {at} of {name}: \"{}\"", contender.title, text());
        }
    }
}
