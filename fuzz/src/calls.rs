//! Any calls on a writer, and the message that they write.

use crate::shown::{Shown, field_lines, pairs as pairs_shown, text};
use crate::written::{Sent, Written, note};
use arbitrary::{Arbitrary, Result, Unstructured};
use bareline_core::body::{BodyDecoder, BodyPart, Decoded, Framing};
use bareline_core::error::WriteError;
use bareline_core::head::{Limits, Parsed};
use bareline_core::write::{HeadWriter, MessageWriter, RequestContext, StreamSink};
use bareline_core::{
    FieldName, FieldSpans, FieldValue, Method, RequestHead, ResponseHead, Status, Target, Version,
    WireBuf,
};
use std::fmt;

/// The calls with which a caller writes a message, from strings of any kind, also invalid ones.
#[derive(Clone)]
pub struct Calls {
    /// The method of the message, or of the request that a response responds to.
    pub method: String,
    /// The request target; `None` for a response.
    pub target: Option<String>,
    /// The status of a response.
    pub status: u16,
    /// The reason phrase of a response, if it is not the default one.
    pub reason: Option<Vec<u8>>,
    /// The names and values of the fields.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The call that ends the head.
    pub end: End,
    /// The pieces of the body.
    pub pieces: Vec<Vec<u8>>,
    /// The trailer fields.
    pub trailers: Vec<(String, Vec<u8>)>,
}

/// The calls that end a head.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum End {
    /// `without_body`
    Nothing,
    /// `body`, with all pieces
    Whole,
    /// `length`
    Length(u8),
    /// `length` with the length of all pieces
    RightLength,
    /// `chunked`
    Chunked,
    /// `until_close`
    UntilClose,
}

/// Strings that make a part of a head invalid.
pub const TELLING: &[&str] = &[
    "\r\n",
    "\r",
    "\n",
    "\0",
    " ",
    "\t",
    ":",
    "\r\n\r\n",
    "\r\nX: y",
    "\r\nContent-Length: 9",
    "\u{e9}",
    "\u{7f}",
    ",",
    "\"",
    "/",
    "#",
    "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "chunked",
    "http://u@h/",
    "//",
    "%0d%0a",
    "%",
    "%4",
    "[",
    "{",
    "\\",
];

/// Chooses one of the common strings, sometimes with another string inserted.
fn string(u: &mut Unstructured<'_>, usual: &[&str]) -> Result<String> {
    let mut string = (*u.choose(usual)?).to_owned();
    if u.ratio(1, 12)? {
        let at = u.int_in_range(0..=string.len())?;
        string.insert_str(at, u.choose(TELLING)?);
    }
    Ok(string)
}

fn pairs(u: &mut Unstructured<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    let names = [
        "Host",
        "X-A",
        "x-a",
        "Connection",
        "Upgrade",
        "Expect",
        "TE",
        "Date",
        "Set-Cookie",
        "Trailer",
        "Content-Length",
    ];
    let values = [
        "a",
        "",
        "b c",
        "close",
        "upgrade",
        "100-continue",
        "trailers",
        "5",
        "Mon, 23 Nov 2026 00:00:00 GMT",
    ];
    let count = u.int_in_range(0..=4)?;
    (0..count).map(|_| Ok((string(u, &names)?, string(u, &values)?.into_bytes()))).collect()
}

impl<'a> Arbitrary<'a> for Calls {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let method = string(u, &["GET", "GET", "POST", "HEAD", "CONNECT", "OPTIONS", "M-SEARCH"])?;
        let targets = if method == "CONNECT" {
            &["a:1", "a"][..]
        } else {
            &["/", "/a?b", "*", "http://a/b", "/a/b"]
        };
        let target = if u.arbitrary()? { Some(string(u, targets)?) } else { None };
        let mut fields = pairs(u)?;
        if target.is_some() && !fields.iter().any(|(name, _)| name == "Host") {
            fields.insert(
                0,
                (
                    "Host".to_owned(),
                    if method == "CONNECT" { b"a:1".to_vec() } else { b"a".to_vec() },
                ),
            );
        }
        let status = *u.choose(&[200, 200, 404, 500, 204, 304, 205, 100, 101, 426, 599, 600])?;
        let reason = if u.ratio(1, 3)? {
            Some(string(u, &["OK", "Fine by me", ""])?.into_bytes())
        } else {
            None
        };
        let pieces = u.int_in_range(0..=3)?;
        let pieces = (0..pieces).map(|_| {
            Ok(string(u, &["hello", "", "0\r\n\r\n", "\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"])?
                .into_bytes())
        });
        let (pieces, end) = (pieces.collect::<Result<_>>()?, u.arbitrary()?);
        let trailers = if u.ratio(1, 3)? { pairs(u)? } else { Vec::new() };
        Ok(Self { method, target, status, reason, fields, end, pieces, trailers })
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = text(&self.method);
        match &self.target {
            Some(target) => write!(f, "a request\n    {method} {}", text(target))?,
            None => {
                let reason = self.reason.as_ref().map(text).unwrap_or_default();
                write!(f, "a response to {method}\n    {} {reason}", self.status)?;
            }
        }
        field_lines(f, &self.fields)?;
        let pieces: Vec<_> = self.pieces.iter().map(text).collect();
        write!(
            f,
            "\n    (body ended by {:?}) {pieces:?} {:?}",
            self.end,
            pairs_shown(&self.trailers)
        )
    }
}

impl Calls {
    /// Makes the calls, and returns the octets if all calls succeed.
    pub fn write(&self) -> std::result::Result<Vec<u8>, WriteError> {
        let mut out = WireBuf::<4096>::new();
        let mut writer = MessageWriter::new();
        let written = self.write_to(&mut writer, &mut out);
        if written.is_err() {
            // A rejected head writes nothing. After a rejected body the head stays, and the body is
            // owed.
            let is_body_owed =
                writer.response(RequestContext::UNREAD, Status::OK, &mut out).is_err();
            assert!(out.as_bytes().is_empty() || is_body_owed, "{self:?} left {out:?}");
        }
        written.map(|()| out.as_bytes().to_vec())
    }

    fn write_to(
        &self,
        writer: &mut MessageWriter,
        out: &mut WireBuf<4096>,
    ) -> std::result::Result<(), WriteError> {
        let method = Method::new(&self.method)?;
        let is_body_next = match &self.target {
            Some(target) => {
                self.finish_head(writer.request(method, Target::new(target)?, out)?)?
            }
            None => {
                let context = RequestContext::new(method, Version::Http11);
                let mut head = writer.response(context, Status::new(self.status)?, out)?;
                if let Some(reason) = &self.reason {
                    head = head.reason(FieldValue::new(reason)?)?;
                }
                match self.end {
                    End::UntilClose => self.put_fields(head)?.until_close().map(|()| true)?,
                    _ => self.finish_head(head)?,
                }
            }
        };
        if !is_body_next {
            return Ok(());
        }
        for piece in &self.pieces {
            writer.send_data(piece, out)?;
        }
        let trailers: std::result::Result<Vec<_>, WriteError> = self
            .trailers
            .iter()
            .map(|(name, value)| Ok((FieldName::new(name)?, FieldValue::new(value)?)))
            .collect();
        writer.end_body(&trailers?, out)
    }

    fn put_fields<'w, S: StreamSink>(
        &self,
        mut head: HeadWriter<'w, S>,
    ) -> std::result::Result<HeadWriter<'w, S>, WriteError> {
        for (name, value) in &self.fields {
            head = head.field(FieldName::new(name)?, FieldValue::new(value)?)?;
        }
        Ok(head)
    }

    /// Writes the fields and ends the head; returns whether the body follows. The body of a request
    /// never ends by the close: it is chunked instead.
    fn finish_head(
        &self,
        head: HeadWriter<'_, impl StreamSink>,
    ) -> std::result::Result<bool, WriteError> {
        let head = self.put_fields(head)?;
        match self.end {
            End::Nothing => head.without_body().map(|()| false),
            End::Whole => head.body(&self.pieces.concat()).map(|()| false),
            End::Length(length) => head.length(u64::from(length)).map(|()| true),
            End::RightLength => head.length(self.pieces.concat().len() as u64).map(|()| true),
            End::Chunked | End::UntilClose => head.chunked().map(|()| true),
        }
    }

    /// Returns the body that a reader has to see.
    pub fn body(&self) -> Vec<u8> {
        let is_withheld = self.target.is_none() && (self.method == "HEAD" || self.status == 304);
        if self.end == End::Nothing || is_withheld { Vec::new() } else { self.pieces.concat() }
    }

    /// Returns the fields that a reader has to see.
    ///
    /// The writer adds `Content-Length`, `Transfer-Encoding` and `Connection` to these fields.
    pub fn meant(&self) -> Vec<(String, Vec<u8>)> {
        self.fields.iter().map(|(name, value)| (name.clone(), trimmed(value))).collect()
    }
}

fn trimmed(value: &[u8]) -> Vec<u8> {
    let is_text = |octet: &u8| !matches!(octet, b' ' | b'\t');
    let start = value.iter().position(is_text).unwrap_or(value.len());
    let end = value.iter().rposition(is_text).map_or(start, |at| at + 1);
    value.get(start..end).unwrap_or_default().to_vec()
}

/// A message that our own parser has read, and its number of octets.
struct Read {
    start: Vec<Vec<u8>>,
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    trailers: Vec<(String, Vec<u8>)>,
    len: usize,
}

/// Checks that calls that all succeed write exactly the message that was meant.
pub fn any_calls_that_succeed_write_what_is_meant(calls: &Calls) {
    let Ok(octets) = calls.write() else { return };
    note(|| {
        let messages = match calls.target {
            Some(_) => Sent::Requests,
            None => Sent::Responses(vec![calls.method.clone()]),
        };
        Written::whole(messages, octets.clone())
    });
    let read = read(calls, &octets);
    let shown = || format!("{calls:?} became {}", octets.escape_ascii());
    let start = match &calls.target {
        Some(target) => vec![calls.method.as_bytes().to_vec(), target.as_bytes().to_vec()],
        None => {
            let reason = calls.reason.as_ref().map(|reason| trimmed(reason));
            let usual = || {
                Status::new(calls.status)
                    .map(|status| status.reason().as_bytes().to_vec())
                    .unwrap_or_default()
            };
            vec![calls.status.to_string().into_bytes(), reason.unwrap_or_else(usual)]
        }
    };
    let texts = |parts: &[Vec<u8>]| parts.iter().map(text).collect::<Vec<_>>();
    assert_eq!(texts(&read.start), texts(&start), "{}", shown());
    let is_added = |name: &str| ["Content-Length", "Transfer-Encoding"].contains(&name);
    let mut seen: Vec<_> = read.fields.into_iter().filter(|(name, _)| !is_added(name)).collect();
    let meant = calls.meant();
    // The writer adds `Connection: close` after the other fields.
    if seen.len() == meant.len() + 1 {
        assert_eq!(seen.pop(), Some(("Connection".to_owned(), b"close".to_vec())), "{}", shown());
    }
    assert!(seen == meant, "{:?} are read, not those of {}", pairs_shown(&seen), shown());
    assert_eq!(Shown(&read.body), Shown(&calls.body()), "{}", shown());
    let trailers: Vec<_> =
        calls.trailers.iter().map(|(name, value)| (name.clone(), trimmed(value))).collect();
    let is_chunked = (calls.end == End::Chunked
        || (calls.end == End::UntilClose && calls.target.is_some()))
        && (calls.target.is_some() || (calls.method != "HEAD" && calls.status != 304));
    let (sent, read_trailers) = (if is_chunked { trailers } else { Vec::new() }, read.trailers);
    assert!(
        read_trailers == sent,
        "{:?} are read, not those of {}",
        pairs_shown(&read_trailers),
        shown()
    );
    assert_eq!(read.len, octets.len(), "{}", shown());
}

fn read(calls: &Calls, octets: &[u8]) -> Read {
    let mut spans = FieldSpans::<16>::new();
    let field = |(name, value): (FieldName<'_>, FieldValue<'_>)| {
        (name.as_str().to_owned(), value.as_bytes().to_vec())
    };
    let (start, fields, framing, head) = match calls.target {
        Some(_) => match RequestHead::parse(octets, spans.lend()) {
            Ok(Parsed::Complete { message, len }) => {
                let start = vec![
                    message.method().as_bytes().to_vec(),
                    message.target().as_bytes().to_vec(),
                ];
                (start, message.fields().iter().map(field).collect(), message.framing(), len)
            }
            other => panic!("{calls:?} became {}: {other:?}", octets.escape_ascii()),
        },
        None => match ResponseHead::parse(octets, spans.lend()) {
            Ok(Parsed::Complete { message, len }) => {
                let framing =
                    message.framing(Method::new(&calls.method).expect("one that was written with"));
                let start = vec![
                    message.status().code().to_string().into_bytes(),
                    message.reason().to_vec(),
                ];
                (
                    start,
                    message.fields().iter().map(field).collect(),
                    framing.expect("a framing of our own"),
                    len,
                )
            }
            other => panic!("{calls:?} became {}: {other:?}", octets.escape_ascii()),
        },
    };
    let mut read = Read { start, fields, body: Vec::new(), trailers: Vec::new(), len: head };
    let mut decoder = BodyDecoder::new(framing, &Limits::new());
    if framing == Framing::Tunnel {
        return read;
    }
    loop {
        let Decoded { used, part } =
            decoder.decode(octets.get(read.len..).unwrap_or_default()).expect("a body of our own");
        read.len += used;
        match part {
            BodyPart::Data(data) => read.body.extend_from_slice(data),
            BodyPart::Trailer { name, value } => read.trailers.push(field((name, value))),
            BodyPart::NeedMore => decoder.on_eof().expect("a whole body"),
            BodyPart::End => return read,
            BodyPart::Chunk { .. } => {}
        }
    }
}
