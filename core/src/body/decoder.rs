//! The decoder of a received body.

use super::ChunkExtensions;
use crate::error::{ParseError, ParseErrorKind};
use crate::framing::Framing;
use crate::grammar::{ChunkLine, chunk_line, field_line_or_end};
use crate::head::Limits;
use crate::record::debug_record;
use crate::scan::{self, Input, Words, fast_path};
use crate::value::{FieldName, FieldValue};

/// A decoder of the content that follows a head [RFC 9112 sections 6 and 7].
///
/// The decoder stores no octets: each part borrows from the input. The caller presents unused
/// octets again, followed by more.
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
/// use bareline_core::body::{BodyDecoder, BodyPart, Decoded, Framing};
/// use bareline_core::head::Limits;
///
/// let mut body = BodyDecoder::new(Framing::Chunked, &Limits::new());
/// let (mut input, mut content) = (&b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET /"[..], Vec::new());
/// while !body.is_end() {
///     let Decoded { used, part } = body.decode(input)?; // `NeedMore`: receive more
///     input = &input[used..];
///     if let BodyPart::Data(data) = part {
///         content.extend(data);
///     }
/// }
/// assert_eq!((content, input), (b"abcde".to_vec(), &b"GET /"[..]));
/// # Ok::<(), bareline_core::error::ParseError>(())
/// ```
#[derive(Clone)]
#[doc(alias = "chunked transfer encoding")]
pub struct BodyDecoder {
    state: State,
    /// The octets left of the body or the chunk.
    left: u64,
    rejection: Option<ParseError>,
    /// The octets that were unused when more were needed: an unfinished line, with the CR LF before
    /// it. They are not searched again for its end.
    searched: usize,
    /// The octets of content that are still allowed.
    body_left: u64,
    extensions_left: u16,
    trailers_left: u16,
    /// The field lines that the trailer section may still have.
    trailer_lines_left: u16,
    chunk_line_limit: u16,
}

debug_record!(BodyDecoder {
    state,
    left,
    rejection,
    searched,
    body_left,
    extensions_left,
    trailers_left,
    trailer_lines_left,
    chunk_line_limit,
});

#[derive(Clone, Copy, PartialEq, Debug)]
enum State {
    Octets,
    ChunkLine,
    ChunkOctets,
    ChunkEnd,
    Trailers,
    UntilClose,
    End,
    Rejected,
}

/// A decoded part of a body, and the number of octets that it takes.
///
/// The struct is exhaustive, since a caller takes it apart: a new field is a breaking change.
///
/// ```
/// use bareline_core::body::{BodyDecoder, BodyPart, Decoded, Framing};
/// use bareline_core::head::Limits;
///
/// let mut body = BodyDecoder::new(Framing::Length(2), &Limits::new());
/// let Decoded { used, part } = body.decode(b"hiGET /")?;
/// assert_eq!((used, part), (2, BodyPart::Data(b"hi")));
/// # Ok::<(), bareline_core::error::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(clippy::exhaustive_structs, reason = "a caller takes it apart")]
#[must_use = "the caller presents the octets after the used ones next"]
pub struct Decoded<'b> {
    /// The number of octets used, from the first octet of the input on.
    pub used: usize,
    /// The part, which is in these octets.
    pub part: BodyPart<'b>,
}

/// A part of a body.
///
/// The enum is exhaustive, since a caller handles each variant: a new one is a breaking change.
///
/// ```
/// use bareline_core::body::{BodyDecoder, BodyPart, Framing};
/// use bareline_core::head::Limits;
///
/// let mut body = BodyDecoder::new(Framing::Length(5), &Limits::new());
/// assert_eq!(body.decode(b"hel")?.part, BodyPart::Data(b"hel"));
/// assert_eq!(body.decode(b"")?.part, BodyPart::NeedMore);
/// assert_eq!(body.decode(b"loGET /")?.part, BodyPart::Data(b"lo"));
/// assert_eq!(body.decode(b"GET /")?.part, BodyPart::End);
/// # Ok::<(), bareline_core::error::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(clippy::exhaustive_enums, reason = "a caller handles each variant")]
pub enum BodyPart<'b> {
    /// More octets are needed: the caller presents the unused ones again, followed by more.
    NeedMore,
    /// A chunk begins; its data follows. The last chunk has no data.
    Chunk {
        /// The octets of data in the chunk.
        size: u64,
        /// The extensions of the chunk.
        extensions: ChunkExtensions<'b>,
    },
    /// Octets of the content.
    #[doc(alias = "body")]
    Data(&'b [u8]),
    /// A field of the trailer section.
    Trailer {
        /// The name of the field.
        name: FieldName<'b>,
        /// The value of the field.
        value: FieldValue<'b>,
    },
    /// The body is complete. The octets after it belong to the next message or to another protocol.
    End,
}

impl BodyDecoder {
    /// Returns a decoder for a body with this framing.
    pub const fn new(framing: Framing, limits: &Limits) -> Self {
        let (state, left) = match framing {
            Framing::None | Framing::Tunnel | Framing::Length(0) => (State::End, 0),
            Framing::Length(length) if length > limits.body => (State::Rejected, 0),
            Framing::Length(length) => (State::Octets, length),
            Framing::Chunked => (State::ChunkLine, 0),
            Framing::UntilClose => (State::UntilClose, 0),
        };
        Self {
            state,
            left,
            rejection: match state {
                State::Rejected => Some(ParseError::new(ParseErrorKind::BodyTooLarge, 0, 0)),
                _ => None,
            },
            searched: 0,
            body_left: limits.body,
            extensions_left: limits.chunk_extensions,
            trailers_left: limits.head,
            trailer_lines_left: limits.trailers,
            chunk_line_limit: limits.chunk_line,
        }
    }

    /// Decodes the next part of the body.
    ///
    /// After an error, every call returns that error. After [`BodyPart::End`], every call returns
    /// `End`. Offsets count from the start of `input`.
    #[inline(always)]
    pub fn decode<'b>(&mut self, input: &'b [u8]) -> Result<Decoded<'b>, ParseError> {
        if let Some(input) = fast_path(input)
            && let Some(part) = self.decode_fast(input)
        {
            return Ok(part);
        }
        self.decode_slow(input)
    }

    /// Decodes as [`decode`](Self::decode) does, but skips chunk lines, so that a chunk is one
    /// part.
    ///
    /// ```
    /// use bareline_core::body::{BodyDecoder, BodyPart, Framing};
    /// use bareline_core::head::Limits;
    ///
    /// let mut body = BodyDecoder::new(Framing::Chunked, &Limits::new());
    /// let decoded = body.content(b"3\r\nabc\r\n0\r\n\r\n")?;
    /// assert_eq!((decoded.used, decoded.part), (6, BodyPart::Data(b"abc")));
    /// assert_eq!(body.content(b"\r\n0\r\n\r\n")?.part, BodyPart::End);
    /// # Ok::<(), bareline_core::error::ParseError>(())
    /// ```
    #[inline(always)]
    #[doc(alias = "body")]
    pub fn content<'b>(&mut self, input: &'b [u8]) -> Result<Decoded<'b>, ParseError> {
        self.content_up_to(input, usize::MAX)
    }

    /// Decodes as [`content`](Self::content) does, and copies the octets of each part of content
    /// into `buffer`, as many as fit. The rest is not used. An empty buffer gets no content.
    ///
    /// ```
    /// use bareline_core::body::{BodyDecoder, BodyPart, Framing};
    /// use bareline_core::head::Limits;
    ///
    /// let mut body = BodyDecoder::new(Framing::Length(5), &Limits::new());
    /// let mut buffer = [0; 4];
    /// assert_eq!(body.read(b"hello", &mut buffer)?.part, BodyPart::Data(b"hell"));
    /// assert_eq!(&buffer, b"hell");
    /// # Ok::<(), bareline_core::error::ParseError>(())
    /// ```
    pub fn read<'b>(
        &mut self,
        input: &'b [u8],
        buffer: &mut [u8],
    ) -> Result<Decoded<'b>, ParseError> {
        if buffer.is_empty() {
            return Ok(Decoded { used: 0, part: BodyPart::Data(&[]) });
        }
        let read = self.content_up_to(input, buffer.len());
        if let Ok(Decoded { part: BodyPart::Data(data), .. }) = &read {
            scan::copy(data, buffer);
        }
        read
    }

    /// Decodes as [`content`](Self::content) does, but at most this number of octets of content.
    #[inline(always)]
    fn content_up_to<'b>(
        &mut self,
        input: &'b [u8],
        most: usize,
    ) -> Result<Decoded<'b>, ParseError> {
        if let Some(input) = fast_path(input)
            && let Some(part) = self.content_fast(input, most)
        {
            return Ok(part);
        }
        self.content_slow(input, most)
    }

    #[cfg_attr(target_pointer_width = "64", inline(never))]
    fn content_slow<'b>(
        &mut self,
        input: &'b [u8],
        most: usize,
    ) -> Result<Decoded<'b>, ParseError> {
        let mut line_end = 0;
        loop {
            let rest = input.get(line_end..).unwrap_or(&[]);
            let is_data =
                matches!(self.state, State::Octets | State::ChunkOctets | State::UntilClose);
            let rest = if is_data { rest.get(..most).unwrap_or(rest) } else { rest };
            match self.decode(rest) {
                Ok(Decoded { used, part: BodyPart::Chunk { .. } }) => {
                    line_end = line_end.saturating_add(used)
                }
                Ok(Decoded { used, part }) => {
                    return Ok(Decoded { used: line_end.saturating_add(used), part });
                }
                Err(error) => return Err(self.reject(error.offset_by(line_end))),
            }
        }
    }

    fn reject(&mut self, error: ParseError) -> ParseError {
        self.state = State::Rejected;
        self.rejection = Some(error);
        error
    }

    /// Records the end of input, after all octets have been decoded.
    ///
    /// The end completes a body of [`Framing::UntilClose`]. Any other incomplete body fails with
    /// [`ParseErrorKind::Truncated`] [RFC 9112 section 8], whose offset counts from the first
    /// unused octet.
    pub fn on_eof(&mut self) -> Result<(), ParseError> {
        match (self.state, self.rejection) {
            (State::UntilClose | State::End, _) => {
                self.state = State::End;
                Ok(())
            }
            (_, Some(error)) => Err(error),
            _ => Err(self.reject(ParseError::new(ParseErrorKind::Truncated, self.searched, 0))),
        }
    }

    /// Returns the error that ended decoding.
    pub(crate) const fn rejection(&self) -> Option<ParseError> {
        self.rejection
    }

    /// Returns whether the body is complete.
    pub const fn is_end(&self) -> bool {
        matches!(self.state, State::End)
    }

    /// Returns the octets left of a declared length, `None` without one.
    pub(crate) const fn declared_left(&self) -> Option<u64> {
        match self.state {
            State::Octets => Some(self.left),
            _ => None,
        }
    }

    /// Returns the number of octets that come next and are all content.
    pub(crate) const fn content_ahead(&self) -> u64 {
        match self.state {
            State::Octets | State::ChunkOctets => self.left,
            State::UntilClose => u64::MAX,
            _ => 0,
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline(never))]
    pub(crate) fn decode_slow<'b>(&mut self, input: &'b [u8]) -> Result<Decoded<'b>, ParseError> {
        if let Some(error) = self.rejection {
            return Err(error);
        }
        match self.state {
            State::End | State::Rejected => Ok(Decoded { used: 0, part: BodyPart::End }),
            State::Octets | State::ChunkOctets => Ok(self.data(input)),
            State::UntilClose => self.data_until_close(input),
            State::ChunkLine => self.chunk_line(input, 0),
            State::ChunkEnd => match input {
                [b'\r', b'\n', ..] => self.chunk_line(input, 2),
                [] | [b'\r'] => {
                    self.searched = input.len();
                    Ok(Decoded { used: 0, part: BodyPart::NeedMore })
                }
                [b'\r', ..] => Err(ParseError::new(ParseErrorKind::ChunkEnd, 1, 1)),
                _ => Err(ParseError::new(ParseErrorKind::ChunkEnd, 0, 1)),
            },
            State::Trailers => self.trailer(input),
        }
        .map_err(|error| self.reject(error))
    }

    /// Decodes octets of the body or of the chunk.
    fn data<'b>(&mut self, input: &'b [u8]) -> Decoded<'b> {
        let data = match usize::try_from(self.left).ok().and_then(|left| input.get(..left)) {
            Some(data) => {
                self.state = if self.state == State::Octets { State::End } else { State::ChunkEnd };
                data
            }
            None => {
                self.left = self.left.wrapping_sub(input.len() as u64);
                input
            }
        };
        let part = if data.is_empty() { BodyPart::NeedMore } else { BodyPart::Data(data) };
        Decoded { used: data.len(), part }
    }

    /// Decodes octets of a body that the close of the connection ends.
    fn data_until_close<'b>(&mut self, input: &'b [u8]) -> Result<Decoded<'b>, ParseError> {
        let allowed = usize::try_from(self.body_left).unwrap_or(input.len()).min(input.len());
        self.body_left = self.body_left.saturating_sub(allowed as u64);
        match input.get(..allowed) {
            Some(data @ [_, ..]) => Ok(Decoded { used: allowed, part: BodyPart::Data(data) }),
            _ if input.is_empty() => Ok(Decoded { used: 0, part: BodyPart::NeedMore }),
            _ => Err(ParseError::new(ParseErrorKind::BodyTooLarge, 0, 1)),
        }
    }

    /// Parses the chunk line at `start`; the octets used include those before the line.
    fn chunk_line<'b>(&mut self, input: &'b [u8], start: usize) -> Result<Decoded<'b>, ParseError> {
        let Some(end) =
            self.line_end(input, start, self.chunk_line_limit, ParseErrorKind::ChunkLineTooLong)?
        else {
            return Ok(Decoded { used: 0, part: BodyPart::NeedMore });
        };
        let line = input.get(start..end).unwrap_or(&[]);
        let (_, ChunkLine { digits, size, extensions }) =
            chunk_line(Words::new(line)).map_err(|stop| stop.error(line, 0).offset_by(start))?;
        let at_digits = |kind| ParseError::new(kind, start, digits.len());
        let size = size.ok_or_else(|| at_digits(ParseErrorKind::ChunkSizeTooLarge))?;
        self.body_left = self
            .body_left
            .checked_sub(size)
            .ok_or_else(|| at_digits(ParseErrorKind::BodyTooLarge))?;
        let extensions = match extensions {
            None => &[],
            Some(extensions) => {
                let length = u16::try_from(extensions.len()).unwrap_or(u16::MAX);
                self.extensions_left =
                    self.extensions_left.checked_sub(length).ok_or_else(|| {
                        ParseError::new(
                            ParseErrorKind::ChunkLineTooLong,
                            start.wrapping_add(extensions.start()),
                            extensions.len(),
                        )
                    })?;
                line.get(extensions.start()..).unwrap_or(&[])
            }
        };
        self.state = if size == 0 { State::Trailers } else { State::ChunkOctets };
        self.left = size;
        let extensions = ChunkExtensions::new(extensions);
        Ok(Decoded { used: end, part: BodyPart::Chunk { size, extensions } })
    }

    fn trailer<'b>(&mut self, input: &'b [u8]) -> Result<Decoded<'b>, ParseError> {
        let Some(end) =
            self.line_end(input, 0, self.trailers_left, ParseErrorKind::TrailersTooLong)?
        else {
            return Ok(Decoded { used: 0, part: BodyPart::NeedMore });
        };
        self.trailers_left =
            self.trailers_left.saturating_sub(u16::try_from(end).unwrap_or(u16::MAX));
        let line = input.get(..end).unwrap_or(input);
        let (_, field) = field_line_or_end(Words::new(line)).map_err(|stop| stop.error(line, 0))?;
        let Some(field) = field else {
            self.state = State::End;
            return Ok(Decoded { used: end, part: BodyPart::End });
        };
        let name = FieldName::from_token(field.name.of(line));
        self.trailer_lines_left = self
            .trailer_lines_left
            .checked_sub(1)
            .ok_or_else(|| ParseError::new(ParseErrorKind::TooManyFields, 0, end))?;
        if name.is_message_control() {
            return Err(ParseError::new(ParseErrorKind::ForbiddenTrailer, 0, field.name.len()));
        }
        let value = FieldValue::from_text(field.value.of(line));
        Ok(Decoded { used: end, part: BodyPart::Trailer { name, value } })
    }

    /// Returns the end of the line that begins at `start`, or `None` before its LF arrives. Octets
    /// searched once are not searched again.
    fn line_end(
        &mut self,
        input: &[u8],
        start: usize,
        limit: u16,
        too_long: ParseErrorKind,
    ) -> Result<Option<usize>, ParseError> {
        let limit_at = start.saturating_add(usize::from(limit));
        let allowed = input.get(..limit_at).unwrap_or(input);
        let from = start.max(self.searched);
        let found = allowed.get(from..).unwrap_or(&[]).iter().position(|&octet| octet == b'\n');
        match found {
            Some(length) => {
                self.searched = 0;
                Ok(Some(from.saturating_add(length).saturating_add(1)))
            }
            None if allowed.len() >= limit_at => Err(ParseError::new(too_long, limit_at, 0)),
            None => {
                self.searched = allowed.len();
                Ok(None)
            }
        }
    }
}

/// The fast path: a complete chunk line without extensions, and all the data of a chunk.
impl BodyDecoder {
    /// Decodes a chunk line, or all the data of a chunk; `None` for the slow path.
    #[inline(always)]
    fn decode_fast<'b>(&mut self, input: &'b [u8]) -> Option<Decoded<'b>> {
        if self.state == State::ChunkOctets {
            let data = input.get(..usize::try_from(self.left).ok()?)?;
            self.state = State::ChunkEnd;
            return Some(Decoded { used: data.len(), part: BodyPart::Data(data) });
        }
        let (end, size) = self.line_fast(input)?;
        self.body_left = self.body_left.wrapping_sub(size);
        self.state = State::ChunkOctets;
        self.left = size;
        let extensions = ChunkExtensions::new(&[]);
        Some(Decoded { used: end, part: BodyPart::Chunk { size, extensions } })
    }

    /// Decodes a chunk line and the data after it, if at most `most` octets.
    #[inline(always)]
    fn content_fast<'b>(&mut self, input: &'b [u8], most: usize) -> Option<Decoded<'b>> {
        let (line_end, size) = self.line_fast(input)?;
        let data = input.get(line_end..)?.get(..usize::try_from(size).ok()?)?;
        if data.len() > most {
            return None;
        }
        self.body_left = self.body_left.wrapping_sub(size);
        self.state = State::ChunkEnd;
        Some(Decoded { used: line_end.wrapping_add(data.len()), part: BodyPart::Data(data) })
    }

    /// Returns the end of a chunk line, and its size, without changing the decoder.
    #[inline(always)]
    fn line_fast(&self, input: &[u8]) -> Option<(usize, u64)> {
        let start = match self.state {
            // A line that was incomplete before is resumed at its search position.
            _ if self.searched > 0 => return None,
            State::ChunkEnd if input.first_chunk() == Some(b"\r\n") => 2,
            State::ChunkLine => 0,
            _ => return None,
        };
        let Ok((after, ChunkLine { size: Some(size @ 1..), extensions: None, .. })) =
            chunk_line(Words::new(input).at(start))
        else {
            return None;
        };
        let end = after.position();
        let is_within =
            end.wrapping_sub(start) <= usize::from(self.chunk_line_limit) && size <= self.body_left;
        is_within.then_some((end, size))
    }
}
