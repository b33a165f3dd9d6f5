//! Properties of bodies.

use crate::limits::{TightLimits, cuts};
use crate::shown::{Octets, Shown, text};
use crate::written::{Sent, Written, note};
use arbitrary::{Arbitrary, Unstructured};
use bareline_core::body::{BodyDecoder, BodyPart, Decoded, Framing};
use bareline_core::error::{ParseError, ParseErrorKind, WriteError};
use bareline_core::head::Limits;
use bareline_core::inside::decode_slow;
use bareline_core::write::{MessageWriter, RequestContext};
use bareline_core::{FieldName, FieldValue, Status, WireBuf};
use std::fmt;

/// The events that a decoder reports for some octets, independent of their pieces.
#[derive(Clone, PartialEq, Eq)]
pub enum BodyEvent {
    /// A chunk of this size, with these extensions.
    Chunk(u64, Vec<u8>),
    /// Content, joined up to the next other event.
    Content(Vec<u8>),
    /// A trailer field: name and value.
    Trailer(Vec<u8>, Vec<u8>),
    /// The end of the body, and its number of octets.
    End(usize),
    /// An error, and the range of octets that shows it.
    Rejected(ParseErrorKind, usize, usize),
    /// The end of the octets, without a close by the peer.
    Waiting,
}

impl fmt::Debug for BodyEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chunk(size, extensions) => write!(f, "Chunk({size}, {:?})", Shown(extensions)),
            Self::Content(data) => write!(f, "Content({:?})", Shown(data)),
            Self::Trailer(name, value) => write!(f, "Trailer({}: {})", text(name), text(value)),
            Self::End(at) => write!(f, "End({at})"),
            Self::Rejected(kind, at, len) => write!(f, "Refused({kind:?}, {at}, {len})"),
            Self::Waiting => write!(f, "Waiting"),
        }
    }
}

/// Decodes octets that arrive in pieces of these sizes, the last of which repeats.
///
/// Then the peer closes, if `closes`.
pub fn body_events(
    framing: Framing,
    limits: &Limits,
    octets: &[u8],
    pieces: &[usize],
    closes: bool,
) -> Vec<BodyEvent> {
    events_by(BodyDecoder::decode, framing, limits, octets, pieces, closes)
}

/// A function that asks a decoder for its next part.
type Ask = for<'b> fn(&mut BodyDecoder, &'b [u8]) -> Result<Decoded<'b>, ParseError>;

fn events_by(
    ask: Ask,
    framing: Framing,
    limits: &Limits,
    octets: &[u8],
    pieces: &[usize],
    closes: bool,
) -> Vec<BodyEvent> {
    let mut decoder = BodyDecoder::new(framing, limits);
    let (mut at, mut arrived) = (0, 0);
    let mut pieces =
        pieces.iter().copied().chain(std::iter::repeat(pieces.last().copied().unwrap_or(1)));
    let mut events = Vec::new();
    loop {
        let presented = octets.get(at..arrived).unwrap_or_default();
        match ask(&mut decoder, presented) {
            Err(error) => {
                assert_eq!(ask(&mut decoder, presented), Err(error), "an error stays");
                events.push(BodyEvent::Rejected(error.kind(), at + error.offset(), error.len()));
                return events;
            }
            Ok(Decoded { used, part }) => {
                at += used;
                assert!(at <= arrived, "more octets were used than given");
                match part {
                    BodyPart::NeedMore if arrived < octets.len() => {
                        arrived = octets
                            .len()
                            .min(arrived.saturating_add(pieces.next().unwrap_or(1).max(1)));
                    }
                    BodyPart::NeedMore if !closes => {
                        events.push(BodyEvent::Waiting);
                        return events;
                    }
                    BodyPart::NeedMore => {
                        if let Err(error) = decoder.on_eof() {
                            events.push(BodyEvent::Rejected(
                                error.kind(),
                                at + error.offset(),
                                error.len(),
                            ));
                            return events;
                        }
                    }
                    BodyPart::Chunk { size, extensions } => {
                        events.push(BodyEvent::Chunk(size, extensions.as_bytes().to_vec()));
                        // Reading the extensions never fails: the decoder has checked them.
                        let names = extensions
                            .iter()
                            .map(|one| one.name().len() + one.value().map_or(0, Iterator::count));
                        assert!(names.sum::<usize>() <= extensions.as_bytes().len());
                    }
                    BodyPart::Data(data) => {
                        assert!(!data.is_empty());
                        assert!(
                            octets.get(..at).is_some_and(|used| used.ends_with(data)),
                            "the data is not at the end of what is used"
                        );
                        match events.last_mut() {
                            Some(BodyEvent::Content(content)) => content.extend_from_slice(data),
                            _ => events.push(BodyEvent::Content(data.to_vec())),
                        }
                    }
                    BodyPart::Trailer { name, value } => {
                        events.push(BodyEvent::Trailer(
                            name.as_bytes().to_vec(),
                            value.as_bytes().to_vec(),
                        ));
                    }
                    BodyPart::End => {
                        events.push(BodyEvent::End(at));
                        return events;
                    }
                }
            }
        }
    }
}

/// The way in which the octets of a body arrive, and their reader's limits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BodyReading {
    /// The framing that the head declares.
    pub framing: Framing,
    /// `true` if the peer closes after the last octet.
    pub closes: bool,
    /// The sizes of the pieces that arrive; the last one repeats.
    pub pieces: [u8; 4],
    /// The limits.
    pub limits: TightLimits,
}

impl fmt::Debug for BodyReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { framing, closes, pieces, limits } = self;
        let close = if *closes { ", then closes" } else { "" };
        write!(f, "{framing:?}, in pieces of {pieces:?}{close}, {limits:?}")
    }
}

impl<'a> Arbitrary<'a> for BodyReading {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let choice: u8 = u.arbitrary()?;
        let framing = match choice % 8 {
            0 => Framing::Length(u64::from(choice)),
            1 => Framing::UntilClose,
            2 => Framing::None,
            _ => Framing::Chunked,
        };
        let (closes, pieces, limits) = u.arbitrary()?;
        Ok(Self { framing, closes, pieces, limits })
    }
}

/// Checks every property of any octets of a body.
pub fn decode_body(octets: &[u8]) {
    let mut u = Unstructured::new(octets);
    let Ok(reading) = BodyReading::arbitrary(&mut u) else { return };
    let rest = u.take_rest();
    every_cut_of_a_body_gives_the_same_events(&reading, rest);
    if let Ok(model) = BodyModel::arbitrary(&mut Unstructured::new(rest)) {
        what_is_encoded_decodes(&model);
    }
}

/// Checks that the events do not depend on how the octets of a body are cut, within any limits.
pub fn every_cut_of_a_body_gives_the_same_events(reading: &BodyReading, octets: &[u8]) {
    let BodyReading { framing, closes, pieces, limits: tight } = *reading;
    let (trailers_limit, body_limit) = (5, 300);
    let usual = Limits::new().chunk_line(64).chunk_extensions(200).head(128);
    let limits = &tight.or(usual.trailers(trailers_limit).body(u64::from(body_limit)));
    let whole = body_events(framing, limits, octets, &[octets.len()], closes);
    let without_lines = without_chunk_lines(&whole);
    let slow = events_by(decode_slow, framing, limits, octets, &[octets.len()], closes);
    assert_eq!(slow, whole, "without the fast path, {tight:?}");
    let mut arrivals = vec![vec![octets.len()], vec![1], pieces.map(usize::from).to_vec()];
    arrivals.extend(cuts(octets).into_iter().map(|cut| vec![cut, usize::MAX]));
    for pieces in arrivals {
        let events = body_events(framing, limits, octets, &pieces, closes);
        assert_eq!(events, whole, "in pieces of {pieces:?}, {tight:?}");
        let content = events_by(BodyDecoder::content, framing, limits, octets, &pieces, closes);
        assert_eq!(content, without_lines, "content, in pieces of {pieces:?}, {tight:?}");
        let read = events_by(read_three, framing, limits, octets, &pieces, closes);
        assert_eq!(read, without_lines, "read by three, in pieces of {pieces:?}, {tight:?}");
    }
    let content: usize = whole
        .iter()
        .map(|event| if let BodyEvent::Content(data) = event { data.len() } else { 0 })
        .sum();
    let limit = usize::from(tight.body().unwrap_or(body_limit));
    assert!(content <= limit, "more content than the limit");
    let trailers = whole.iter().filter(|event| matches!(event, BodyEvent::Trailer(..))).count();
    let limit = usize::from(tight.trailers().unwrap_or(trailers_limit));
    assert!(trailers <= limit, "more trailers than the limit");
}

/// Reads at most three octets of content.
fn read_three<'b>(body: &mut BodyDecoder, input: &'b [u8]) -> Result<Decoded<'b>, ParseError> {
    let mut buffer = [0; 3];
    let read = body.read(input, &mut buffer);
    if let Ok(Decoded { part: BodyPart::Data(data), .. }) = &read {
        assert_eq!(buffer.get(..data.len()), Some(*data));
    }
    read
}

/// Returns the events for a reader of the content alone: content of several chunks is joined.
fn without_chunk_lines(events: &[BodyEvent]) -> Vec<BodyEvent> {
    let mut without: Vec<BodyEvent> = Vec::new();
    for event in events {
        match (event, without.last_mut()) {
            (BodyEvent::Chunk(..), _) => {}
            (BodyEvent::Content(more), Some(BodyEvent::Content(content))) => {
                content.extend_from_slice(more)
            }
            (event, _) => without.push(event.clone()),
        }
    }
    without
}

/// A body to be written.
#[derive(Clone, PartialEq, Eq, Arbitrary)]
pub struct BodyModel {
    /// The pieces in which the body is sent.
    pub pieces: Vec<Octets>,
    /// Trailer fields: each name is an `X` and this number.
    pub trailers: Vec<(u8, Octets)>,
    /// The framing of the body.
    pub framing: BodyFraming,
    /// `true` if the caller sends the framed octets himself.
    pub is_framed: bool,
}

impl fmt::Debug for BodyModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pieces, trailers, framing, is_framed } = self;
        let call = if *is_framed { "frame_data" } else { "send_data" };
        write!(f, "a body ended by {framing:?}, sent by {call}:")?;
        pieces.iter().try_for_each(|piece| write!(f, " {piece:?}"))?;
        trailers.iter().try_for_each(|(name, value)| write!(f, "\n    X{name}: {}", text(&value.0)))
    }
}

/// The framing of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum BodyFraming {
    /// By its length.
    Length,
    /// By a last chunk.
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

/// Checks that an encoded body decodes to the same body and trailers.
pub fn what_is_encoded_decodes(model: &BodyModel) {
    let mut out = Box::new(WireBuf::<8_192>::new());
    let body = model.pieces.iter().flat_map(|piece| piece.0.clone()).collect::<Vec<_>>();
    let trailers: Vec<_> =
        model.trailers.iter().map(|(name, value)| (format!("X{name}"), value)).collect();
    let trailers: Option<Vec<_>> = trailers
        .iter()
        .map(|(name, value)| Some((FieldName::new(name).ok()?, FieldValue::new(&value.0).ok()?)))
        .collect();
    let Some(trailers) = trailers else { return };
    let mut writer = MessageWriter::new();
    let head =
        writer.response(RequestContext::UNREAD, Status::OK, &mut out).expect("a head that fits");
    let (begun, framing) = match model.framing {
        BodyFraming::Length => (head.length(body.len() as u64), Framing::Length(body.len() as u64)),
        BodyFraming::Chunked => (head.chunked(), Framing::Chunked),
        BodyFraming::UntilClose => (head.until_close(), Framing::UntilClose),
    };
    begun.expect("a head that fits");
    out.clear();
    let mut wire = Vec::new();
    for piece in &model.pieces {
        let sent = if model.is_framed {
            writer.frame_data(piece, &mut out)
        } else {
            writer.send_data(piece, &mut out).map(|()| &[][..])
        };
        let Ok(sent) = sent else { return };
        wire.extend_from_slice(out.as_bytes());
        wire.extend_from_slice(sent);
        out.clear();
    }
    match writer.end_body(&trailers, &mut out) {
        Err(WriteError::TrailersNeedChunked) => {
            return assert!(framing != Framing::Chunked && !trailers.is_empty());
        }
        Err(WriteError::BufferFull) => return,
        ended => ended.expect("an end"),
    }
    wire.extend_from_slice(out.as_bytes());
    if framing == Framing::Chunked {
        note(|| Written::whole(Sent::ChunkedBody, wire.clone()));
    }
    let limits = Limits::new().trailers(u16::MAX);
    let events = body_events(framing, &limits, &wire, &[wire.len()], true);
    let content: Vec<u8> = events
        .iter()
        .flat_map(
            |event| if let BodyEvent::Content(data) = event { data.clone() } else { Vec::new() },
        )
        .collect();
    assert_eq!(Shown(&content), Shown(&body));
    assert_eq!(events.last(), Some(&BodyEvent::End(wire.len())));
    let read = events.into_iter().filter_map(|event| match event {
        BodyEvent::Trailer(name, value) => Some((name, value)),
        _ => None,
    });
    let meant =
        trailers.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
    assert!(read.eq(meant), "{trailers:?}");
}
