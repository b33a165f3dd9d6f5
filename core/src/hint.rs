//! Hints: advice on how to correct an error, with the octets received.

use crate::error::{ParseError, ParseErrorKind};
use crate::octets::trim_ows;
use crate::value::{Method, dump};
use core::fmt;

/// Advice on how to correct an error, with the octets received. Displayed as one line of text.
///
/// ```
/// use bareline_core::{FieldSpans, RequestHead};
///
/// let input = b"GET / HTTP/1.1\r\nHost: http://a\r\n\r\n";
/// let error = RequestHead::parse(input, FieldSpans::<8>::new().lend()).unwrap_err();
/// assert_eq!(
///     error.hint_in(input).to_string(),
///     "received http://a: send host or host:port, without scheme, userinfo or path"
/// );
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Hint<'i> {
    error: ParseError,
    input: &'i [u8],
}

/// Another protocol instead of HTTP/1.x, usually because of a wrong port.
///
/// ```
/// use bareline_core::hint::OtherProtocol;
///
/// assert_eq!(OtherProtocol::of(b"\x16\x03\x01\x02\x00"), Some(OtherProtocol::Tls));
/// assert_eq!(OtherProtocol::of(b"GET / HTTP/1.1\r\n"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum OtherProtocol {
    /// A TLS record: a handshake, or the alert of a server [RFC 8446 section 5.1].
    Tls,
    /// The banner of SSH [RFC 4253 section 4.2].
    Ssh,
    /// The preface of an HTTP/2 client, or a frame on stream 0 [RFC 9113 section 3.4].
    Http2,
    /// A status line of SHOUTcast.
    Icy,
}

impl OtherProtocol {
    /// Returns the protocol whose messages begin as these octets do.
    pub const fn of(octets: &[u8]) -> Option<Self> {
        match octets {
            // No HTTP/1.x message begins with either octet.
            [0x15 | 0x16] | [0x15 | 0x16, 0x03, ..] => Some(Self::Tls),
            [b'S', b'S', b'H', b'-', ..] => Some(Self::Ssh),
            [b'P', b'R', b'I', b' ', b'*', b' ', b'H', b'T', b'T', b'P', b'/', b'2', ..] => {
                Some(Self::Http2)
            }
            // SETTINGS, GOAWAY.
            [0, _, _, 4 | 7, _, 0, 0, 0, 0, ..] => Some(Self::Http2),
            [b'I', b'C', b'Y', b' ', ..] => Some(Self::Icy),
            _ => None,
        }
    }
}

/// Displays the protocol that arrived, and advice.
impl fmt::Display for OtherProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls => {
                "TLS arrived in place of HTTP; either both ends use TLS, as with https, or neither"
            }
            Self::Ssh => {
                "an SSH banner arrived in place of HTTP; the port is that of another service"
            }
            Self::Http2 => {
                "HTTP/2 arrived in place of HTTP/1.1; the peer has to speak HTTP/1.1 at this port"
            }
            Self::Icy => {
                "an ICY status line arrived in place of HTTP; SHOUTcast needs a client of its own"
            }
        })
    }
}

/// The maximum number of octets of the input in a hint.
const SHOWN: usize = 40;

impl ParseError {
    /// Returns the advice of [`hint`](Self::hint), with the octets from the parsed `input`. If
    /// the input is [another protocol](OtherProtocol), the hint names the protocol.
    ///
    /// ```
    /// use bareline_core::{FieldSpans, RequestHead};
    ///
    /// let input = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n";
    /// let error = RequestHead::parse(input, FieldSpans::<8>::new().lend()).unwrap_err();
    /// assert_eq!(
    ///     error.hint_in(input).to_string(),
    ///     "two lengths disagree, 5 and 7: send one Content-Length"
    /// );
    /// ```
    pub const fn hint_in<'i>(&self, input: &'i [u8]) -> Hint<'i> {
        Hint { error: *self, input }
    }

    /// Returns the protocol that arrived instead of HTTP/1.x, if the error is in the first line of
    /// the message.
    pub fn other_protocol(&self, input: &[u8]) -> Option<OtherProtocol> {
        if is_of_start_line(self.kind()) {
            OtherProtocol::of(self.hint_in(input).whole_line())
        } else {
            None
        }
    }
}

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { error, input } = self;
        let (kind, hint) = (error.kind(), error.hint());
        if let (ParseErrorKind::Target | ParseErrorKind::Version, Some(mended)) =
            (kind, self.mended_request_line())
        {
            return write!(f, "{mended}");
        }
        let rest = input.get(error.offset()..).unwrap_or(&[]);
        let line = rest.split(|&octet| octet == b'\n').next().unwrap_or(rest);
        // The ends of the lines before this one, and of this one.
        let before = input
            .get(..error.offset())
            .unwrap_or(&[])
            .iter()
            .rposition(|&octet| octet == b'\n')
            .unwrap_or(0);
        let with = error.offset().saturating_add(line.len());
        let wrong = Shown(trim_ows(line.strip_suffix(b"\r").unwrap_or(line)));
        if let Some(other) = error.other_protocol(input) {
            return write!(f, "{other}");
        }
        match (kind, wrong.0) {
            (ParseErrorKind::TargetForm, _) => match in_capitals(self.whole_line()) {
                Some(method) => write!(f, "write {method} in capitals: {hint}"),
                None => f.write_str(hint),
            },
            (ParseErrorKind::RepeatedContentLength, second) => {
                match self.field(b"content-length", before) {
                    Some(first) if first == second => {
                        write!(f, "the length {wrong} is sent twice: {hint}")
                    }
                    Some(first) => {
                        write!(f, "two lengths disagree, {} and {wrong}: {hint}", Shown(first))
                    }
                    None => f.write_str(hint),
                }
            }
            (ParseErrorKind::LengthAndCoding, _) => {
                match (self.field(b"content-length", with), self.field(b"transfer-encoding", with))
                {
                    (Some(length), Some(coding)) => {
                        let (length, coding) = (Shown(length), Shown(coding));
                        write!(
                            f,
                            "Content-Length is {length}, Transfer-Encoding is {coding}: {hint}"
                        )
                    }
                    _ => f.write_str(hint),
                }
            }
            // After the head of a datagram: the body is chunked.
            (ParseErrorKind::UnsupportedCoding, _) if self.is_behind_head() => {
                f.write_str("a datagram cannot be chunked: send Content-Length, or neither field")
            }
            (
                ParseErrorKind::ContentLength
                | ParseErrorKind::InvalidHost
                | ParseErrorKind::ContentLengthTooLarge,
                [_, ..],
            )
            | (
                ParseErrorKind::TransferCoding
                | ParseErrorKind::NotChunkedLast
                | ParseErrorKind::ChunkedTwice
                | ParseErrorKind::UnsupportedCoding,
                [_, ..],
            ) => {
                write!(f, "received {wrong}: {hint}")
            }
            // Something is missing: the octet at the offset is not the cause.
            (ParseErrorKind::Target, _) if error.len() == 0 => f.write_str(hint),
            (
                ParseErrorKind::Method
                | ParseErrorKind::Target
                | ParseErrorKind::Version
                | ParseErrorKind::StatusCode
                | ParseErrorKind::Reason
                | ParseErrorKind::FieldName
                | ParseErrorKind::FieldValue
                | ParseErrorKind::ChunkSize
                | ParseErrorKind::ChunkExtension
                | ParseErrorKind::ChunkEnd,
                _,
            ) => match rest.first() {
                Some(octet) => write!(f, "octet 0x{octet:02x} is not allowed here: {hint}"),
                None => f.write_str(hint),
            },
            _ => f.write_str(hint),
        }
    }
}

/// Returns whether an error of this kind may be in the first line of a message.
const fn is_of_start_line(kind: ParseErrorKind) -> bool {
    matches!(
        kind,
        ParseErrorKind::Method
            | ParseErrorKind::Target
            | ParseErrorKind::RequestLine
            | ParseErrorKind::Version
            | ParseErrorKind::VersionNotSupported
            | ParseErrorKind::BareLf
    )
}

/// Returns the method with its own target form that begins this line in other than capitals.
fn in_capitals(line: &[u8]) -> Option<Method<'static>> {
    let method = line.split(|&octet| octet == b' ').next().unwrap_or(line);
    let known = [
        Method::CONNECT,
        Method::OPTIONS,
        Method::from_token(b"M-SEARCH"),
        Method::from_token(b"NOTIFY"),
    ];
    let is_it = |known: &Method<'_>| {
        known.as_bytes().eq_ignore_ascii_case(method) && known.as_bytes() != method
    };
    known.into_iter().find(is_it)
}

impl<'i> Hint<'i> {
    /// Returns a specific correction of the request line, if there is one.
    fn mended_request_line(&self) -> Option<Mended<'i>> {
        let (before, rest) = self.input.split_at_checked(self.error.offset())?;
        let before = before.rsplit(|&octet| octet == b'\n').next()?;
        let rest = rest.split(|&octet| octet == b'\r').next()?;
        if before.ends_with(b" ") && rest.starts_with(b" ") {
            return Some(Mended::Line("write one space between method, target and version"));
        }
        let (_, target) =
            before.split_at_checked(before.iter().position(|&octet| octet == b' ')?)?;
        let target = trim_ows(target);
        let is_version = self.error.kind() == ParseErrorKind::Version;
        // A valid version follows later: the target contains a space.
        if is_version
            && matches!(rest.split_last_chunk(), Some(([_, ..], b" HTTP/1.0" | b" HTTP/1.1")))
        {
            return Some(Mended::Line("write a space in the target as %20"));
        }
        if is_version && (before.ends_with(b" HTTP/1.0") || before.ends_with(b" HTTP/1.1")) {
            return Some(Mended::Line("write nothing after the version, not even a space"));
        }
        if let Some(version) = other_version(self.whole_line()) {
            return Some(Mended::OtherVersion(version));
        }
        if is_version {
            return None;
        }
        let character = rest.get(..4).unwrap_or(rest).utf8_chunks().next()?.valid().chars().next();
        match character {
            _ if is_behind_authority(target) => {
                rest.get(..character.map_or(1, char::len_utf8)).map(Mended::Octets)
            }
            Some('#') if !target.is_empty() => Some(Mended::Line("leave out the fragment")),
            Some(character) if !character.is_ascii() => {
                Some(Mended::Line("raw UTF-8: write a host in punycode, and percent-encode a path"))
            }
            _ => None,
        }
    }

    /// Returns whether an empty line precedes the error.
    fn is_behind_head(&self) -> bool {
        self.input.get(..self.error.offset()).is_some_and(|before| before.ends_with(b"\r\n\r\n"))
    }

    /// Returns the input from the beginning of the line with the error.
    fn whole_line(&self) -> &'i [u8] {
        let before = self.input.get(..self.error.offset()).unwrap_or(&[]);
        let start =
            before.iter().rposition(|&octet| octet == b'\n').map_or(0, |at| at.saturating_add(1));
        self.input.get(start..).unwrap_or(&[])
    }

    /// Returns the value of the last field before `end` with this name, ignoring case.
    fn field(&self, name: &[u8], end: usize) -> Option<&'i [u8]> {
        let input = self.input.get(..end).unwrap_or(self.input);
        input.rsplit(|&octet| octet == b'\n').find_map(|line| {
            let (found, rest) = line.split_at_checked(name.len())?;
            let value = rest.strip_prefix(b":").filter(|_| found.eq_ignore_ascii_case(name))?;
            Some(trim_ows(value.strip_suffix(b"\r").unwrap_or(value)))
        })
    }
}

/// Returns whether these first octets of a target extend into its path or query.
fn is_behind_authority(target: &[u8]) -> bool {
    let is_scheme_end = |at: &usize| target.get(*at..).is_some_and(|rest| rest.starts_with(b"://"));
    let authority =
        (0..target.len()).find(is_scheme_end).and_then(|at| target.get(at.saturating_add(3)..));
    target.starts_with(b"/")
        || authority.is_some_and(|rest| rest.iter().any(|octet| matches!(octet, b'/' | b'?')))
}

/// Returns the version at the end of a request line if it is another protocol's.
fn other_version(line: &[u8]) -> Option<&[u8]> {
    let line = line.split(|octet| matches!(octet, b'\r' | b'\n')).next()?;
    let version = line.rsplit(|&octet| octet == b' ').next()?;
    let (name, [b'/', major, b'.', minor]) = version.split_last_chunk()? else { return None };
    let is_other = !name.is_empty() && name != b"HTTP" && name.iter().all(u8::is_ascii_uppercase);
    (is_other && major.is_ascii_digit() && minor.is_ascii_digit()).then_some(version)
}

/// A correction of a request line.
enum Mended<'i> {
    /// Advice.
    Line(&'static str),
    /// The version of another protocol.
    OtherVersion(&'i [u8]),
    /// One octet, or a character in UTF-8, to be percent-encoded.
    Octets(&'i [u8]),
}

impl fmt::Display for Mended<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = match *self {
            Self::Line(text) => return f.write_str(text),
            Self::OtherVersion(version) => {
                return write!(f, "{} is another protocol: speak HTTP/1.1", Shown(version));
            }
            Self::Octets(octets) => octets,
        };
        match octets {
            [octet] if octet.is_ascii_graphic() => write!(f, "write {}", char::from(*octet))?,
            [octet] if octet.is_ascii() => write!(f, "write octet 0x{octet:02x}")?,
            [octet] => write!(f, "not ASCII: write octet 0x{octet:02x}")?,
            character => write!(f, "raw UTF-8: write {}", Shown(character))?,
        }
        f.write_str(" as ")?;
        octets.iter().try_for_each(|octet| write!(f, "%{octet:02X}"))?;
        f.write_str(if octets == b"#" { ", or leave out the fragment" } else { "" })
    }
}

/// Octets of the peer, escaped, and cut after [`SHOWN`].
struct Shown<'i>(&'i [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.get(..SHOWN) {
            Some(start) if self.0.len() > SHOWN => write!(f, "{}...", dump(start).on_one_line()),
            _ => write!(f, "{}", dump(self.0).on_one_line()),
        }
    }
}
