//! Verdicts of the parser, which can be compared and do not borrow the octets.

use crate::shown::{pairs, text};
use bareline_core::body::Framing;
use bareline_core::error::ParseError;
use bareline_core::head::{Fields, Parsed};
use bareline_core::{FieldSpans, Method, RequestHead, ResponseHead};
use std::fmt;

/// The result of parsing some octets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// A head that needs more octets.
    Incomplete,
    /// An error.
    Rejected(ParseError),
    /// A head.
    Head(Head),
}

/// A head that was accepted.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    /// The number of octets.
    pub len: usize,
    /// The parts of the start line; the version is the one by which the head is handled.
    pub start: [Vec<u8>; 3],
    /// The names and values of the fields.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// The framing of the body; of a response, the framings after GET, HEAD and CONNECT.
    pub framings: Vec<Result<Framing, ParseError>>,
    /// The dump of the head for a person.
    pub dump: String,
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, fields) = (self.start.each_ref().map(text).join(" "), pairs(&self.fields));
        write!(f, "Head({} octets, {start}, {fields:?}, {:?})", self.len, self.framings)
    }
}

/// The number of field lines that a verdict can hold.
const FIELDS: usize = 64;

/// Returns the verdict of [`RequestHead::parse`].
pub fn request_verdict(octets: &[u8]) -> Verdict {
    let mut spans = FieldSpans::<FIELDS>::new();
    verdict(RequestHead::parse(octets, spans.lend()), |head, len| Head {
        len,
        start: [
            head.method().as_bytes().to_vec(),
            head.target().as_bytes().to_vec(),
            head.version().to_string().into_bytes(),
        ],
        fields: fields(&head.fields()),
        framings: vec![Ok(head.framing())],
        dump: head.dump().to_string(),
    })
}

/// Returns the verdict of [`ResponseHead::parse`].
pub fn response_verdict(octets: &[u8]) -> Verdict {
    let mut spans = FieldSpans::<FIELDS>::new();
    verdict(ResponseHead::parse(octets, spans.lend()), |head, len| Head {
        len,
        start: [
            head.version().to_string().into_bytes(),
            head.status().code().to_string().into_bytes(),
            head.reason().to_vec(),
        ],
        fields: fields(&head.fields()),
        framings: [Method::GET, Method::HEAD, Method::CONNECT]
            .map(|method| head.framing(method))
            .to_vec(),
        dump: head.dump().to_string(),
    })
}

fn verdict<H>(
    parsed: Result<Parsed<H>, ParseError>,
    head: impl FnOnce(H, usize) -> Head,
) -> Verdict {
    match parsed {
        Err(error) => Verdict::Rejected(error),
        Ok(Parsed::Incomplete) => Verdict::Incomplete,
        Ok(Parsed::Complete { message, len }) => Verdict::Head(head(message, len)),
    }
}

fn fields(fields: &Fields<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    fields
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect()
}
