//! The reading of a message by bareline.

use crate::message::{Field, Framing, Message, Outcome, Reading, Role};
use bareline_core::body::{BodyDecoder, BodyPart, Decoded};
use bareline_core::connection::Received;
use bareline_core::error::{ParseError, ParseErrorKind};
use bareline_core::head::{Fields, Limits, Parsed};
use bareline_core::{
    ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method, RequestHead, ResponseHead,
    Target, WireBuf,
};

/// The number of fields that hyper accepts.
const FIELDS: usize = 100;

/// The outcome of bareline, with its error if it rejects.
#[derive(Clone, Debug)]
pub(crate) struct Ours {
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<ParseError>,
}

/// Reads a message with bareline: heads with `parse`, bodies with `BodyDecoder`.
///
/// A response with folded lines goes through `ClientConnection`, which unfolds them.
pub(crate) fn read(message: &Message) -> Ours {
    match read_head(message) {
        Ok(None) => Ours { outcome: Outcome::Incomplete(None), error: None },
        Ok(Some((reading, len))) => match read_body(reading, &message.octets, len) {
            Ok(outcome) => Ours { outcome, error: None },
            Err(error) => rejected(error),
        },
        Err(error) => rejected(error),
    }
}

fn rejected(error: ParseError) -> Ours {
    Ours { outcome: Outcome::Rejected(format!("{:?}", error.kind())), error: Some(error) }
}

fn read_head(message: &Message) -> Result<Option<(Reading, usize)>, ParseError> {
    let mut spans = FieldSpans::<FIELDS>::new();
    if message.role == Role::Request {
        let Parsed::Complete { message: head, len } =
            RequestHead::parse(&message.octets, spans.lend())?
        else {
            return Ok(None);
        };
        let start = [
            head.method().as_bytes().to_vec(),
            head.target().as_bytes().to_vec(),
            head.version().to_string().into_bytes(),
        ];
        let framing = framing(head.framing());
        let reading = Reading {
            framing: Some(framing),
            start: start.map(Some),
            fields: fields(&head.fields()),
            ..Reading::default()
        };
        return Ok(Some((reading, len)));
    }
    match ResponseHead::parse(&message.octets, spans.lend()) {
        Ok(Parsed::Complete { message: head, len }) => {
            Ok(Some((of_response(&head, message.role)?, len)))
        }
        Ok(Parsed::Incomplete) => Ok(None),
        Err(error) if error.kind() == ParseErrorKind::LineFolding => unfolded(message),
        Err(error) => Err(error),
    }
}

fn of_response(head: &ResponseHead<'_>, role: Role) -> Result<Reading, ParseError> {
    let method = match role {
        Role::Request | Role::Get => Method::GET,
        Role::Head => Method::HEAD,
        Role::Connect => Method::CONNECT,
    };
    let start = [
        head.version().to_string().into_bytes(),
        head.status().code().to_string().into_bytes(),
        head.reason().to_vec(),
    ];
    let framing = framing(head.framing(method)?);
    Ok(Reading {
        framing: Some(framing),
        start: start.map(Some),
        fields: fields(&head.fields()),
        ..Reading::default()
    })
}

/// Reads a response with folded lines as a client does.
fn unfolded(message: &Message) -> Result<Option<(Reading, usize)>, ParseError> {
    let (mut spans, mut out) = (FieldSpans::<FIELDS>::new(), WireBuf::<128>::new());
    let mut connection = ClientConnection::new();
    let (method, target, host) = match message.role {
        Role::Request | Role::Get => (Method::GET, Target::ROOT, "a"),
        Role::Head => (Method::HEAD, Target::ROOT, "a"),
        Role::Connect => (Method::CONNECT, Target::new("a:1").expect("a target"), "a:1"),
    };
    let mut head = connection.request(method, target, &mut out).expect("a request");
    // The request offers an upgrade, so that a 101 is no error.
    for (name, value) in
        [(FieldName::HOST, host), (FieldName::CONNECTION, "upgrade"), (FieldName::UPGRADE, "a")]
    {
        head = head.field(name, FieldValue::from_static(value)).expect("a field");
    }
    head.without_body().expect("a request");
    let mut octets = message.octets.clone();
    match connection.receive(&mut octets, spans.lend())? {
        Received { used, event: Event::Head(head) } => {
            Ok(Some((of_response(&head, message.role)?, used)))
        }
        _ => Ok(None),
    }
}

/// Reads the body after a head of this length, up to the close of the connection.
fn read_body(mut reading: Reading, octets: &[u8], len: usize) -> Result<Outcome, ParseError> {
    let ours = match reading.framing {
        Some(Framing::Length(length)) => bareline_core::body::Framing::Length(length),
        Some(Framing::Chunked) => bareline_core::body::Framing::Chunked,
        Some(Framing::UntilClose) => bareline_core::body::Framing::UntilClose,
        _ => bareline_core::body::Framing::None,
    };
    let mut body = BodyDecoder::new(ours, &Limits::new());
    let (mut end, mut content, mut trailers) = (len, Vec::new(), Vec::new());
    let is_whole = loop {
        let Decoded { used, part } =
            body.decode(&octets[end..]).map_err(|error| error.offset_by(end))?;
        end += used;
        match part {
            BodyPart::Data(data) => content.extend_from_slice(data),
            BodyPart::Trailer { name, value } => {
                trailers.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            }
            BodyPart::Chunk { .. } => {}
            BodyPart::End => break true,
            BodyPart::NeedMore => break body.on_eof().is_ok(),
        }
    };
    reading.content = Some(content);
    reading.trailers = Some(trailers);
    reading.end = Some(end);
    Ok(if is_whole { Outcome::Accepted(reading) } else { Outcome::Incomplete(Some(reading)) })
}

fn framing(framing: bareline_core::body::Framing) -> Framing {
    match framing {
        bareline_core::body::Framing::None | bareline_core::body::Framing::Length(0) => {
            Framing::None
        }
        bareline_core::body::Framing::Length(length) => Framing::Length(length),
        bareline_core::body::Framing::Chunked => Framing::Chunked,
        bareline_core::body::Framing::UntilClose => Framing::UntilClose,
        bareline_core::body::Framing::Tunnel => Framing::Tunnel,
    }
}

fn fields(fields: &Fields<'_>) -> Vec<Field> {
    fields
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect()
}
