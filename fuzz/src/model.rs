//! Models of messages, for the writer to write and the parser to read back.

use crate::shown::{field_lines, text};
use arbitrary::{Arbitrary, Result, Unstructured};
use bareline_core::error::WriteError;
use bareline_core::write::{HeadSink, HeadWriter, MessageWriter, RequestContext};
use bareline_core::{FieldName, FieldValue, Method, Status, Target, Version, WireBuf};
use std::fmt;

/// A message of either role.
#[derive(Clone, PartialEq, Eq, Arbitrary)]
pub enum MessageModel {
    /// A request.
    Request(RequestModel),
    /// A response.
    Response(ResponseModel),
}

/// A request to be written.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestModel {
    /// The method: a token.
    pub method: String,
    /// The target, of a form that the method allows.
    pub target: String,
    /// `true` for an HTTP/1.0 request.
    pub is_http10: bool,
    /// The names and values of the fields.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// `true` if the body is sent in chunks.
    pub is_chunked: bool,
}

/// A response to be written, and the request that it responds to.
#[derive(Clone, PartialEq, Eq)]
pub struct ResponseModel {
    /// The method of the request.
    pub asked: Asked,
    /// `true` if the request was an HTTP/1.0 one.
    pub is_asked_http10: bool,
    /// The status, 100 to 599.
    pub status: u16,
    /// `true` for an HTTP/1.0 response.
    pub is_http10: bool,
    /// The names and values of the fields.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// The call that ends the head.
    pub ending: Ending,
}

/// The methods on which the framing of a response depends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum Asked {
    /// GET, which represents all other methods.
    Get,
    /// HEAD.
    Head,
    /// CONNECT.
    Connect,
}

impl Asked {
    /// Returns the method.
    pub fn method(self) -> Method<'static> {
        match self {
            Self::Get => Method::GET,
            Self::Head => Method::HEAD,
            Self::Connect => Method::CONNECT,
        }
    }
}

/// The calls that end a head.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum Ending {
    /// `body`, with the complete body.
    Whole,
    /// `length`; the body follows in pieces.
    Pieces,
    /// `chunked`; the body follows in pieces.
    Chunks,
    /// `body_until_close`, with the complete body.
    WholeUntilClose,
    /// `until_close`; the body follows in pieces.
    PiecesUntilClose,
}

impl RequestModel {
    /// Returns the version of the request.
    pub fn version(&self) -> Version {
        version(self.is_http10)
    }

    /// Returns the reason why the request cannot be written, if there is one.
    pub fn rejection(&self) -> Option<WriteError> {
        let forbids_content = matches!(&self.method[..], "CONNECT" | "TRACE");
        match self.is_chunked {
            true if forbids_content => Some(WriteError::BodyForbidden),
            true if self.is_http10 => Some(WriteError::NeedsHttp11),
            _ => (forbids_content && !self.body.is_empty()).then_some(WriteError::BodyForbidden),
        }
    }

    /// Writes the request.
    pub fn write<const M: usize>(
        &self,
        out: &mut WireBuf<M>,
    ) -> core::result::Result<(), WriteError> {
        let mut writer = MessageWriter::new();
        let head = writer
            .request(Method::new(&self.method)?, Target::new(&self.target)?, out)?
            .version(self.version());
        let head = with_fields(head, &self.fields)?;
        if self.is_chunked {
            head.chunked()?;
            write_pieces(&self.body, writer, out)
        } else {
            head.body(&self.body)
        }
    }
}

impl ResponseModel {
    /// Returns the version of the response.
    pub fn version(&self) -> Version {
        version(self.is_http10)
    }

    /// Returns the reason why the response cannot be written, if there is one.
    pub fn rejection(&self) -> Option<WriteError> {
        let is_tunnel = self.asked == Asked::Connect && matches!(self.status, 200..=299);
        let has_no_body = is_tunnel || matches!(self.status, 100..=199 | 204 | 205 | 304);
        let is_streamed = matches!(
            self.ending,
            Ending::Chunks | Ending::WholeUntilClose | Ending::PiecesUntilClose
        );
        let says_a_length =
            self.ending == Ending::Pieces && (is_tunnel || !matches!(self.status, 304 | 205));
        let says_only = self.status == 304 && !is_tunnel && self.ending == Ending::Pieces;
        let sends_a_body = !self.body.is_empty() && !says_only;
        if has_no_body && (sends_a_body || is_streamed || says_a_length) {
            return Some(WriteError::BodyForbidden);
        }
        let is_any_http10 = self.is_http10 || self.is_asked_http10;
        match self.status {
            _ if self.ending == Ending::Chunks && is_any_http10 => Some(WriteError::NeedsHttp11),
            100..=199 if is_any_http10 => Some(WriteError::NeedsHttp11),
            101 | 426 => Some(WriteError::MissingUpgrade),
            _ => None,
        }
    }

    /// Writes the response.
    pub fn write<const M: usize>(
        &self,
        out: &mut WireBuf<M>,
    ) -> core::result::Result<(), WriteError> {
        let context = RequestContext::new(self.asked.method(), version(self.is_asked_http10));
        let mut writer = MessageWriter::new();
        let head =
            writer.response(context, Status::new(self.status)?, out)?.version(self.version());
        let head = with_fields(head, &self.fields)?;
        // A 304 states the length, and sends no body.
        let sent = if self.status == 304 { &[] } else { &self.body[..] };
        match self.ending {
            Ending::Whole => head.body(&self.body),
            Ending::WholeUntilClose => head.body_until_close(&self.body),
            Ending::Pieces => {
                head.length(self.body.len() as u64)?;
                write_pieces(sent, writer, out)
            }
            Ending::Chunks => {
                head.chunked()?;
                write_pieces(sent, writer, out)
            }
            Ending::PiecesUntilClose => {
                head.until_close()?;
                write_pieces(sent, writer, out)
            }
        }
    }
}

fn write_pieces<const M: usize>(
    octets: &[u8],
    mut writer: MessageWriter,
    out: &mut WireBuf<M>,
) -> core::result::Result<(), WriteError> {
    for piece in octets.chunks(7) {
        writer.send_data(piece, out)?;
    }
    writer.end_body(&[], out)
}

fn version(is_http10: bool) -> Version {
    if is_http10 { Version::Http10 } else { Version::Http11 }
}

fn with_fields<'w, S: HeadSink>(
    mut head: HeadWriter<'w, S>,
    fields: &[(String, Vec<u8>)],
) -> core::result::Result<HeadWriter<'w, S>, WriteError> {
    for (name, value) in fields {
        head = head.field(FieldName::new(name)?, FieldValue::new(value)?)?;
    }
    Ok(head)
}

impl fmt::Debug for MessageModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(model) => model.fmt(f),
            Self::Response(model) => model.fmt(f),
        }
    }
}

impl fmt::Debug for RequestModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = if self.is_chunked { "in chunks" } else { "with its length" };
        write!(
            f,
            "a request\n    {} {} {}",
            text(&self.method),
            text(&self.target),
            self.version()
        )?;
        field_lines(f, &self.fields)?;
        body_shown(f, &self.body, ending)
    }
}

impl fmt::Debug for ResponseModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (asked, asked_in) = (self.asked.method(), version(self.is_asked_http10));
        write!(f, "a response to {asked} in {asked_in}\n    {} {}", self.version(), self.status)?;
        field_lines(f, &self.fields)?;
        body_shown(f, &self.body, &format!("ended by {:?}", self.ending))
    }
}

fn body_shown(f: &mut fmt::Formatter<'_>, body: &[u8], ending: &str) -> fmt::Result {
    match body {
        [] => write!(f, "\n    (empty body {ending})"),
        body => write!(f, "\n\n    {}\n    (body {ending})", text(body)),
    }
}

impl<'a> Arbitrary<'a> for RequestModel {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let method = match u.int_in_range(0..=3)? {
            0 => octets_of(u, TCHARS, 1..=12)?,
            _ => (*u.choose(&[
                "GET", "HEAD", "POST", "PUT", "TRACE", "CONNECT", "OPTIONS", "M-SEARCH",
            ])?)
            .to_owned(),
        };
        let target = match &method[..] {
            "CONNECT" => format!("{}:{}", host(u)?, u.arbitrary::<u16>()?),
            "OPTIONS" if u.arbitrary()? => "*".to_owned(),
            _ if u.ratio(1, 4)? => {
                format!("{}://{}{}", u.choose(&["http", "HTTPS", "x+y"])?, host(u)?, path(u)?)
            }
            _ => path(u)?,
        };
        let is_http10 = u.ratio(1, 4)?;
        let mut fields = fields(u)?;
        if !is_http10 || u.arbitrary()? {
            let at = u.int_in_range(0..=fields.len())?;
            let authority = Target::new(&target).ok().and_then(|target| target.authority());
            let value = match authority {
                Some(authority) => authority.to_owned(),
                None if u.ratio(1, 8)? => String::new(),
                None => host(u)?,
            };
            fields.insert(at, ("Host".to_owned(), value.into_bytes()));
        }
        Ok(Self { method, target, is_http10, fields, body: body(u)?, is_chunked: u.ratio(1, 4)? })
    }
}

impl<'a> Arbitrary<'a> for ResponseModel {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            asked: u.arbitrary()?,
            is_asked_http10: u.ratio(1, 4)?,
            status: if u.arbitrary()? {
                *u.choose(&[100, 101, 103, 200, 204, 205, 206, 301, 304, 400, 426, 500, 599])?
            } else {
                u.int_in_range(100..=599)?
            },
            is_http10: u.ratio(1, 4)?,
            fields: fields(u)?,
            body: body(u)?,
            ending: u.arbitrary()?,
        })
    }
}

const TCHARS: &[u8] =
    b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The octets of `pchar`, and `/`; a `%` begins a triplet.
const PCHARS: &[u8] = b"-._~!$&'()*+,;=:@%%0123456789ABCXYZabcxyz//";

fn octets_of(
    u: &mut Unstructured<'_>,
    class: &[u8],
    len: std::ops::RangeInclusive<usize>,
) -> Result<String> {
    let len = u.int_in_range(len)?;
    (0..len).map(|_| Ok(char::from(*u.choose(class)?))).collect()
}

fn host(u: &mut Unstructured<'_>) -> Result<String> {
    match u.int_in_range(0..=3)? {
        0 => Ok((*u.choose(&[
            "[::1]",
            "[2001:db8::192.0.2.1]",
            "192.0.2.1",
            "[vF.a:b]",
            "a%2Db",
        ])?)
        .to_owned()),
        _ => octets_of(u, b"-.0123456789abcxyzABC", 1..=16),
    }
}

fn pchars(u: &mut Unstructured<'_>, len: std::ops::RangeInclusive<usize>) -> Result<String> {
    let chosen = octets_of(u, PCHARS, len)?;
    let octet = |character| match character {
        '%' => Ok(if u.arbitrary()? {
            format!("%{:02x}", u.arbitrary::<u8>()?)
        } else {
            format!("%{:02X}", u.arbitrary::<u8>()?)
        }),
        character => Ok(character.to_string()),
    };
    chosen.chars().map(octet).collect()
}

fn path(u: &mut Unstructured<'_>) -> Result<String> {
    let path = pchars(u, 0..=24)?;
    let query = if u.ratio(1, 3)? { format!("?{}", pchars(u, 0..=12)?) } else { String::new() };
    Ok(format!("/{path}{query}"))
}

fn fields(u: &mut Unstructured<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    let count = u.int_in_range(0..=8)?;
    (0..count)
        .map(|_| {
            // The prefix avoids the fields that have a meaning for the writer.
            let name = format!("X{}", octets_of(u, TCHARS, 0..=12)?);
            let len = u.int_in_range(0..=32)?;
            let is_text = |octet: &u8| *octet == b'\t' || (*octet >= b' ' && *octet != 0x7f);
            let value = u.bytes(len.min(u.len()))?.iter().copied().filter(is_text).collect();
            Ok((name, value))
        })
        .collect()
}

fn body(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let len = u.int_in_range(0..=64usize)?;
    Ok(u.bytes(len.min(u.len()))?.to_vec())
}
