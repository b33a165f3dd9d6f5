//! Writing of a status line and five field lines.

use crate::inputs;
use crate::measure::{Group, Lane, Wanted};
use bareline_core::error::WriteError;
use bareline_core::write::{MessageWriter, RequestContext};
use bareline_core::{
    FieldName, FieldSpans, FieldValue, Method, ServerConnection, Status, Version, WireBuf,
};
use std::hint::black_box;
use std::io::Write;

/// The fields of the response. Its status (204) has no body, so the head is the complete message.
const FIELDS: [(&str, &str); 5] = [
    ("Date", "Sat, 22 Nov 2025 17:20:03 GMT"),
    ("Server", "board/2.4"),
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-cache"),
    ("ETag", "\"5f-1a2b3c4d5e\""),
];
/// The expected octets.
pub const HEAD: &[u8] = b"HTTP/1.1 204 No Content\r\nDate: Sat, 22 Nov 2025 17:20:03 GMT\r\n\
    Server: board/2.4\r\n\
    Content-Type: text/html; charset=utf-8\r\nCache-Control: no-cache\r\n\
    ETag: \"5f-1a2b3c4d5e\"\r\n\r\n";

/// The input of a writer: status code, reason phrase and fields.
type Known = (u16, &'static str, [(&'static str, &'static str); 5]);
type Write512 = Box<dyn Fn(&Known, &mut WireBuf<512>) -> Result<(), WriteError>>;
type Validated = [(FieldName<'static>, FieldValue<'static>); 5];

fn known() -> Known {
    (204, "No Content", FIELDS)
}

fn validated() -> Validated {
    FIELDS.map(|(name, value)| field(name, value).expect("the fields are valid"))
}

fn field(
    name: &'static str,
    value: &'static str,
) -> Result<(FieldName<'static>, FieldValue<'static>), WriteError> {
    Ok((FieldName::new(name)?, FieldValue::new(value)?))
}

pub fn groups(wanted: Wanted<'_>) -> Vec<Group> {
    let name = "serialise";
    if !wanted.group(name) {
        return Vec::new();
    }
    let fields = validated();
    let reserved = || Vec::with_capacity(512);
    let lanes = vec![
        into_vec("write", "`write!` into a `Vec`", formatted, reserved()),
        into_vec("extend", "extend, as hyper does it", extended, reserved()),
        of_ours("ours-validated", "bareline, values validated before", move |_, out| {
            ours(black_box(&fields), out)
        }),
        of_ours("ours-validating", "bareline, values validated here", |known, out| {
            let (.., [a, b, c, d, e]) = known;
            ours(
                &[
                    field(a.0, a.1)?,
                    field(b.0, b.1)?,
                    field(c.0, c.1)?,
                    field(d.0, d.1)?,
                    field(e.0, e.1)?,
                ],
                out,
            )
        }),
        respond(),
        into_vec(
            "memcpy",
            "limit: memcpy of the head",
            |_, out| out.extend_from_slice(black_box(HEAD)),
            reserved(),
        ),
    ];
    vec![Group::new(name, lanes)]
}

fn into_vec(
    id: &'static str,
    title: &str,
    write: fn(&Known, &mut Vec<u8>),
    mut out: Vec<u8>,
) -> Lane {
    write(&known(), &mut out);
    assert_eq!(out, HEAD, "{title}");
    let known = known();
    Lane::new(id, title, move |times| {
        for _ in 0..times {
            out.clear();
            black_box(write)(black_box(&known), &mut out);
            black_box(out.as_slice());
        }
    })
}

fn of_ours(
    id: &'static str,
    title: &str,
    write: impl Fn(&Known, &mut WireBuf<512>) -> Result<(), WriteError> + 'static,
) -> Lane {
    // Called through a pointer, as the others are.
    let write: Write512 = Box::new(write);
    let known = known();
    let mut out = WireBuf::new();
    write(&known, &mut out).expect("the head fits");
    assert_eq!(out.as_bytes(), HEAD, "{title}");
    Lane::new(id, title, move |times| {
        for _ in 0..times {
            out.clear();
            black_box(black_box(&write)(black_box(&known), &mut out)).ok();
            black_box(out.as_bytes());
        }
    })
}

fn formatted((code, reason, fields): &Known, out: &mut Vec<u8>) {
    write!(out, "HTTP/1.1 {code} {reason}\r\n").expect("a Vec takes all");
    for (name, value) in fields {
        write!(out, "{name}: {value}\r\n").expect("a Vec takes all");
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes with one `extend_from_slice` for each part and without checks, as servers with validated
/// values do.
fn extended((code, reason, fields): &Known, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(itoa::Buffer::new().format(*code).as_bytes());
    out.extend_from_slice(b" ");
    out.extend_from_slice(reason.as_bytes());
    out.extend_from_slice(b"\r\n");
    for (name, value) in fields {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

#[inline(always)]
fn ours(fields: &Validated, out: &mut WireBuf<512>) -> Result<(), WriteError> {
    let context = black_box(RequestContext::new(Method::GET, Version::Http11));
    MessageWriter::new()
        .response(context, black_box(Status::NO_CONTENT), out)?
        .fields(fields)?
        .without_body()
}

/// Returns a lane that writes through a connection, after receiving input a.
///
/// The response has an empty body, so the next request can come.
fn respond() -> Lane {
    let (mut connection, mut spans, mut out) =
        (ServerConnection::new(), FieldSpans::<64>::new(), WireBuf::<512>::new());
    let (fields, mut request) = (validated(), inputs::A.to_vec());
    Lane::new(
        "ours-connection",
        "bareline, a connection: input a received, a response written",
        move |times| {
            for _ in 0..times {
                out.clear();
                black_box(connection.receive(black_box(&mut request), spans.lend()).is_ok());
                let head = connection.respond(black_box(Status::OK), &mut out);
                head.and_then(|head| head.fields(black_box(&fields))?.without_body())
                    .expect("a response is due");
                black_box(out.as_bytes());
            }
        },
    )
}
