//! Parsing of heads by the peers.

use super::with_version;
use crate::heads::{Contender, LINES, Seen, seen};
use std::hint::black_box;
use std::mem::MaybeUninit;

pub fn requests() -> Vec<Contender> {
    let (net_limits, mut net_fields) = (net_limits(), net_fields());
    vec![
        Contender::new("ntex", with_version("ntex-httparse"), |input| {
            let mut headers = [const { MaybeUninit::uninit() }; LINES];
            let mut request = ntex_httparse::Request::default();
            let Ok(ntex_httparse::Status::Complete(start)) = black_box(request.parse(input)) else {
                return None;
            };
            black_box(&request);
            ntex_headers(input, start, &mut headers)
        }),
        Contender::new(
            "pico",
            format!("{} (C, SSE4.2, lax)", with_version("picohttpparser-sys")),
            pico::request,
        ),
        Contender {
            hides_length: true,
            ..Contender::new(
                "khttp",
                format!("{} (lax, allocates)", with_version("khttp")),
                |input| {
                    let parsed = khttp::Request::parse(input);
                    let Ok(request) = black_box(&parsed) else { return None };
                    seen(request.headers.get_count(), request.buf_offset)
                },
            )
        },
        Contender::new(
            "http-net",
            format!("{} (strict, whole)", with_version("http-net")),
            move |input| {
                let parsed = http_net::parse_request_head(input, &net_limits, &mut net_fields);
                let Ok(http_net::Parsed::Complete { head, len }) = black_box(&parsed) else {
                    return None;
                };
                seen(head.view().headers().len(), *len)
            },
        ),
    ]
}

pub fn responses() -> Vec<Contender> {
    let (net_limits, mut net_fields) = (net_limits(), net_fields());
    vec![
        Contender::new("ntex", with_version("ntex-httparse"), |input| {
            let mut headers = [const { MaybeUninit::uninit() }; LINES];
            let mut response = ntex_httparse::Response::default();
            let Ok(ntex_httparse::Status::Complete(start)) = black_box(response.parse(input))
            else {
                return None;
            };
            black_box(&response);
            ntex_headers(input, start, &mut headers)
        }),
        Contender::new(
            "pico",
            format!("{} (C, SSE4.2, lax)", with_version("picohttpparser-sys")),
            pico::response,
        ),
        Contender {
            hides_length: true,
            ..Contender::new(
                "khttp",
                format!("{} (lax, allocates)", with_version("khttp")),
                |input| {
                    let parsed = khttp::Response::parse(input);
                    let Ok(response) = black_box(&parsed) else { return None };
                    seen(response.headers.get_count(), response.buf_offset)
                },
            )
        },
        Contender::new(
            "http-net",
            format!("{} (strict, whole)", with_version("http-net")),
            move |input| {
                let asked = http_net::Asked { head: false, connect: false };
                let parsed =
                    http_net::parse_response_head(input, &net_limits, asked, &mut net_fields);
                let Ok(http_net::Parsed::Complete { head, len }) = black_box(&parsed) else {
                    return None;
                };
                seen(head.view().headers().len(), *len)
            },
        ),
    ]
}

fn net_fields() -> [http_net::FieldSpan; LINES] {
    [http_net::FieldSpan::default(); LINES]
}

fn net_limits() -> http_net::Limits {
    http_net::Limits::new().with_max_body(u64::MAX)
}

/// Parses the field lines; this parser returns them one by one.
#[inline(always)]
fn ntex_headers(
    input: &[u8],
    start: usize,
    headers: &mut [MaybeUninit<ntex_httparse::Header>; LINES],
) -> Option<Seen> {
    use ntex_httparse::{Header, HeaderParsed, Status};
    let mut position = start;
    for fields in 0.. {
        let mut header = Header::default();
        match header.parse(&input[position..]) {
            Ok(Status::Complete(HeaderParsed::Header(length))) => {
                // Offsets count from the line; a caller needs them from the message.
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

/// The parser in C. Its results stay pointers, as a C program uses them.
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
        // SAFETY: the lengths are those of `input` and `headers`, and all pointers are to locals
        // that outlive the call.
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
