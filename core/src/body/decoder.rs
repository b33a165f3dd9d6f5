//! A body on its way in.

use super::ChunkExtensions;
use crate::error::{ErrorKind, ParseError};
use crate::framing::Framing;
use crate::grammar::{ChunkLine, chunk_line, field_line_or_end};
use crate::head::Limits;
use crate::scan::Words;
use crate::value::{FieldName, FieldValue};
use nom::Err;

/// Tells the content in the octets that follow a head [RFC 9112 sections 6 and 7].
///
/// It keeps no octet: what it is given it hands out again, part by part, and what it has not used the caller presents again, with
/// more behind it.
///
/// ```text
///          Length           Chunked                          UntilClose   None, Tunnel
///            |                 |                                 |             |
///            v                 v         last chunk              v             |
///  +--> Octets left       Chunk line ------------> Trailers  All octets        |
///  |      |   |            |      ^                   |          |             |
///  +------+   |            v      | CR LF             | empty    | end of      |
///     Data    |          Octets left                  | line     | input       |
///             v               Data                    v          v             v
///            End <----------------------------------------------------------- End
/// ```
///
/// ```
/// use bareline_core::{BodyDecoder, BodyPart, Framing, Limits};
///
/// let mut body = BodyDecoder::new(Framing::Chunked, &Limits::DEFAULT);
/// let (mut input, mut content) = (&b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET /"[..], Vec::new());
/// loop {
///     let (used, part) = body.decode(input)?;
///     input = &input[used..];
///     match part {
///         BodyPart::Data(data) => content.extend(data),
///         BodyPart::Chunk { .. } | BodyPart::Trailer { .. } => {}
///         BodyPart::NeedMore => panic!("receive more"),
///         BodyPart::End => break,
///     }
/// }
/// assert_eq!((content, input), (b"abcde".to_vec(), &b"GET /"[..]));
/// # Ok::<(), bareline_core::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BodyDecoder {
    state: State,
    /// How many octets of an unfinished line have been searched for its end.
    searched: usize,
    /// How long the last input was.
    presented: usize,
    /// How much more content is allowed.
    body_left: u64,
    extensions_left: u16,
    trailers_left: u16,
    chunk_line: u16,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Octets(u64),
    ChunkLine,
    ChunkOctets(u64),
    ChunkEnd,
    Trailers,
    UntilClose,
    End,
    Refused(ParseError),
}

/// What a decoder has found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyPart<'b> {
    /// More octets are needed, with those not used in front.
    NeedMore,
    /// A chunk begins; its data follows. The last chunk has none.
    Chunk {
        /// How many octets of data it has.
        size: u64,
        /// Its extensions.
        extensions: ChunkExtensions<'b>,
    },
    /// Octets of the content.
    Data(&'b [u8]),
    /// A field of the trailer section.
    Trailer {
        /// Its name.
        name: FieldName<'b>,
        /// Its value.
        value: FieldValue<'b>,
    },
    /// The body is whole. The octets behind it belong to the next message, or to another protocol.
    End,
}

impl BodyDecoder {
    /// For a body with this framing.
    pub const fn new(framing: Framing, limits: &Limits) -> Self {
        let state = match framing {
            Framing::None | Framing::Tunnel | Framing::Length(0) => State::End,
            Framing::Length(length) if length > limits.body => State::Refused(ParseError::new(ErrorKind::BodyTooLarge, 0, 0)),
            Framing::Length(length) => State::Octets(length),
            Framing::Chunked => State::ChunkLine,
            Framing::UntilClose => State::UntilClose,
        };
        Self {
            state,
            searched: 0,
            presented: 0,
            body_left: limits.body,
            extensions_left: limits.chunk_extensions,
            trailers_left: limits.head,
            chunk_line: limits.chunk_line,
        }
    }

    /// Gives the next part, and how many octets of the input it and what stands before it have used.
    ///
    /// After an error every call gives that error; after [`BodyPart::End`] every call gives the end. Offsets count from the beginning
    /// of this input.
    pub fn decode<'b>(&mut self, input: &'b [u8]) -> Result<(usize, BodyPart<'b>), ParseError> {
        self.presented = input.len();
        let decoded = self.decode_part(input);
        if let Err(error) = decoded {
            self.state = State::Refused(error);
        }
        decoded
    }

    /// Takes note that the peer has closed, after all octets have been decoded.
    ///
    /// That ends a body of [`Framing::UntilClose`]. In any other that is not whole yet it is [`ErrorKind::Truncated`]
    /// [RFC 9112 section 8].
    pub fn end_of_input(&mut self) -> Result<(), ParseError> {
        match self.state {
            State::UntilClose | State::End => {
                self.state = State::End;
                Ok(())
            }
            State::Refused(error) => Err(error),
            _ => {
                let error = ParseError::new(ErrorKind::Truncated, self.presented, 0);
                self.state = State::Refused(error);
                Err(error)
            }
        }
    }

    /// Why nothing is decoded any more.
    pub(crate) const fn refusal(&self) -> Option<ParseError> {
        match self.state {
            State::Refused(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the body is whole.
    pub const fn is_end(&self) -> bool {
        matches!(self.state, State::End)
    }

    fn decode_part<'b>(&mut self, input: &'b [u8]) -> Result<(usize, BodyPart<'b>), ParseError> {
        match self.state {
            State::End => Ok((0, BodyPart::End)),
            State::Refused(error) => Err(error),
            State::Octets(left) => Ok(self.data(input, left, State::Octets, State::End)),
            State::ChunkOctets(left) => Ok(self.data(input, left, State::ChunkOctets, State::ChunkEnd)),
            State::UntilClose => {
                let allowed = usize::try_from(self.body_left).unwrap_or(input.len()).min(input.len());
                self.body_left = self.body_left.saturating_sub(allowed as u64);
                match input.get(..allowed) {
                    Some(data @ [_, ..]) => Ok((allowed, BodyPart::Data(data))),
                    _ if input.is_empty() => Ok((0, BodyPart::NeedMore)),
                    _ => Err(ParseError::new(ErrorKind::BodyTooLarge, 0, 1)),
                }
            }
            State::ChunkLine => self.chunk_line(input, 0),
            State::ChunkEnd => match input {
                [b'\r', b'\n', ..] => self.chunk_line(input, 2),
                [] | [b'\r'] => Ok((0, BodyPart::NeedMore)),
                [b'\r', ..] => Err(ParseError::new(ErrorKind::ChunkEnd, 1, 1)),
                _ => Err(ParseError::new(ErrorKind::ChunkEnd, 0, 1)),
            },
            State::Trailers => self.trailer(input),
        }
    }

    #[inline(always)]
    fn data<'b>(&mut self, input: &'b [u8], left: u64, still: impl FnOnce(u64) -> State, whole: State) -> (usize, BodyPart<'b>) {
        let data = match usize::try_from(left).ok().and_then(|left| input.get(..left)) {
            Some(data) => {
                self.state = whole;
                data
            }
            None => {
                self.state = still(left.wrapping_sub(input.len() as u64));
                input
            }
        };
        if data.is_empty() { (0, BodyPart::NeedMore) } else { (data.len(), BodyPart::Data(data)) }
    }

    /// Reads a chunk line at `start`; the octets before it are used with it.
    #[inline(always)]
    fn chunk_line<'b>(&mut self, input: &'b [u8], start: usize) -> Result<(usize, BodyPart<'b>), ParseError> {
        let Some(end) = self.line_end(input, start, self.chunk_line, ErrorKind::ChunkLineTooLong)? else {
            return Ok((0, BodyPart::NeedMore));
        };
        let line = input.get(start..end).unwrap_or(&[]);
        let ChunkLine { digits, size, extensions } = match chunk_line(Words::new(line)) {
            Ok((_, read)) => read,
            Err(Err::Error(stop) | Err::Failure(stop)) => return Err(stop.error(line, 0).behind(start)),
            // A line that ends in LF is never too short.
            Err(Err::Incomplete(_)) => return Err(ParseError::new(ErrorKind::ChunkSize, start, line.len())),
        };
        let at_digits = |kind| ParseError::new(kind, start, digits.len());
        let size = size.ok_or_else(|| at_digits(ErrorKind::ChunkSizeTooLarge))?;
        self.body_left = self.body_left.checked_sub(size).ok_or_else(|| at_digits(ErrorKind::BodyTooLarge))?;
        let length = u16::try_from(extensions.len()).unwrap_or(u16::MAX);
        self.extensions_left = self.extensions_left.checked_sub(length).ok_or_else(|| {
            ParseError::new(ErrorKind::ChunkLineTooLong, start.wrapping_add(extensions.start()), extensions.len())
        })?;
        self.state = if size == 0 { State::Trailers } else { State::ChunkOctets(size) };
        let extensions = ChunkExtensions::new(line.get(extensions.start()..).unwrap_or(&[]));
        Ok((end, BodyPart::Chunk { size, extensions }))
    }

    fn trailer<'b>(&mut self, input: &'b [u8]) -> Result<(usize, BodyPart<'b>), ParseError> {
        let Some(end) = self.line_end(input, 0, self.trailers_left, ErrorKind::TrailersTooLong)? else {
            return Ok((0, BodyPart::NeedMore));
        };
        self.trailers_left = self.trailers_left.saturating_sub(u16::try_from(end).unwrap_or(u16::MAX));
        let line = input.get(..end).unwrap_or(input);
        match field_line_or_end(Words::new(line)) {
            Ok((_, None)) => {
                self.state = State::End;
                Ok((end, BodyPart::End))
            }
            Ok((_, Some(field))) => {
                let name = FieldName::from_token(field.name.of(line));
                if name.is_message_control() {
                    return Err(ParseError::new(ErrorKind::ForbiddenTrailer, 0, field.name.len()));
                }
                let value = FieldValue::from_text(field.value.of(line));
                Ok((end, BodyPart::Trailer { name, value }))
            }
            Err(Err::Error(stop) | Err::Failure(stop)) => Err(stop.error(line, 0)),
            Err(Err::Incomplete(_)) => Err(ParseError::new(ErrorKind::FieldName, 0, line.len())),
        }
    }

    /// Where the line ends that begins at `start`, or `None` when its LF has not come yet. What has been searched once is not
    /// searched again.
    #[inline(always)]
    fn line_end(&mut self, input: &[u8], start: usize, limit: u16, too_long: ErrorKind) -> Result<Option<usize>, ParseError> {
        let limit_at = start.saturating_add(usize::from(limit));
        let allowed = input.get(..limit_at).unwrap_or(input);
        let from = start.saturating_add(self.searched);
        let found = allowed.get(from..).unwrap_or(&[]).iter().position(|&octet| octet == b'\n');
        match found {
            Some(length) => {
                self.searched = 0;
                Ok(Some(from.saturating_add(length).saturating_add(1)))
            }
            None if allowed.len() >= limit_at => Err(ParseError::new(too_long, limit_at, 0)),
            None => {
                self.searched = allowed.len().saturating_sub(start);
                Ok(None)
            }
        }
    }
}
