//! The request target.

use super::Method;
use super::form::{Decoded, FormPairs, PercentDecoded};
use super::text::{ascii, text};
use crate::error::{InvalidValue, WriteError, position};
use crate::grammar::{TargetForm, authority_range, target_form};
use crate::octets::{QUERY, encoded_run_end};
use crate::scan::{copy, is_same};

/// A request target in one of its four forms [RFC 9112 section 3.2].
///
/// The path and query of a received target may hold octets outside the grammar that browsers and
/// other clients send unencoded. A target that is created or written may not.
/// [`encoded`](Self::encoded) converts the former into the latter.
///
/// ```
/// use bareline_core::Target;
/// use bareline_core::error::InvalidValue;
/// use bareline_core::value::TargetForm;
///
/// let target = Target::new("/search?q=1")?;
/// assert_eq!(
///     (target.form(), target.path(), target.query()),
///     (TargetForm::Origin, "/search", Some("q=1"))
/// );
/// assert_eq!(Target::new("/a b"), Err(InvalidValue::Target { at: 2 }));
/// # Ok::<(), InvalidValue>(())
/// ```
#[doc(alias = "URL")]
#[doc(alias = "URI")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target<'a> {
    octets: &'a [u8],
    form: TargetForm,
}

/// The medium of a request.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Medium {
    Stream,
    /// `M-SEARCH` and `NOTIFY` may have the target `*`, as OPTIONS does.
    Datagram,
}

/// The forms of target that a request with one method may have: a bit for each.
#[derive(Clone, Copy)]
pub(crate) struct AllowedForms(u8);

impl AllowedForms {
    /// Returns the forms that a request with this method may have.
    pub(crate) fn of(method: Method<'_>, medium: Medium) -> Self {
        const ANY_METHOD: u8 = bit(TargetForm::Origin) | bit(TargetForm::Absolute);
        let is = |name: &[u8]| is_same(method.as_bytes(), name);
        if is(b"CONNECT") {
            Self(bit(TargetForm::Authority))
        } else if is(b"OPTIONS") || medium == Medium::Datagram && (is(b"M-SEARCH") || is(b"NOTIFY"))
        {
            Self(ANY_METHOD | bit(TargetForm::Asterisk))
        } else {
            Self(ANY_METHOD)
        }
    }

    /// Returns whether this form is one of them.
    pub(crate) const fn has(self, form: TargetForm) -> bool {
        self.0 & bit(form) != 0
    }
}

const fn bit(form: TargetForm) -> u8 {
    1 << form as u8
}

impl<'a> Target<'a> {
    /// The target `/`.
    pub const ROOT: Target<'static> = Target { octets: b"/", form: TargetForm::Origin };

    /// The target `*`, the server itself [RFC 9112 section 3.2.4].
    pub const ASTERISK: Target<'static> = Target { octets: b"*", form: TargetForm::Asterisk };

    /// Creates a target from a `&str` or octets.
    ///
    /// Fails with [`InvalidValue::Target`] when the target has none of the four forms, or an octet
    /// outside the grammar [RFC 3986 sections 3.3 and 3.4].
    pub fn new(target: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, InvalidValue> {
        let octets = target.as_ref();
        match target_form(octets) {
            Ok(form) => Self { octets, form }.check(),
            Err(at) => Err(InvalidValue::Target { at: position(at) }),
        }
    }

    /// Creates a target from octets that the grammar has parsed.
    pub(crate) const fn of_form(octets: &'a [u8], form: TargetForm) -> Self {
        Self { octets, form }
    }

    /// Returns the target if path and query follow the grammar.
    pub(crate) fn check(self) -> Result<Self, InvalidValue> {
        match self.valid_end() {
            end if end == self.octets.len() => Ok(self),
            at => Err(InvalidValue::Target { at: position(at) }),
        }
    }

    /// Returns the target in a form that can be written: percent-encodes the octets of path and
    /// query that are outside the grammar [RFC 3986 section 2.1].
    ///
    /// Gateways call this to forward a received target. A target that follows the grammar is
    /// returned unchanged, without using the buffer. Any other is written into the buffer, and
    /// becomes at most three times as long.
    ///
    /// Percent-encoded octets are unchanged. A `%` without two hexadecimal digits becomes `%25`,
    /// and a `\` in a query `%5C`.
    ///
    /// Fails with [`WriteError::BufferFull`] when the buffer is too small.
    ///
    /// ```
    /// use bareline_core::error::InvalidValue;
    /// use bareline_core::head::Parsed;
    /// use bareline_core::write::MessageWriter;
    /// use bareline_core::{FieldSpans, RequestHead, WireBuf};
    ///
    /// let mut spans = FieldSpans::<8>::new();
    /// let received = b"GET /a|b?q=[1] HTTP/1.0\r\n\r\n";
    /// let Parsed::Complete { message: head, .. } = RequestHead::parse(received, spans.lend())?
    /// else {
    ///     return Err("receive more".into());
    /// };
    /// let (mut out, mut buffer) = (WireBuf::<128>::new(), [0; 64]);
    /// let mut writer = MessageWriter::new();
    /// let as_it_is = writer.request(head.method(), head.target(), &mut out);
    /// assert_eq!(as_it_is.err(), Some(InvalidValue::Target { at: 2 }.into()));
    /// let target = head.target().encoded(&mut buffer)?;
    /// assert_eq!(target.as_str(), "/a%7Cb?q=%5B1%5D");
    /// assert!(writer.request(head.method(), target, &mut out).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn encoded<'b>(self, buffer: &'b mut [u8]) -> Result<Target<'b>, WriteError>
    where
        'a: 'b,
    {
        let mut end = self.valid_end();
        if end == self.octets.len() {
            return Ok(self);
        }
        let (mut start, mut len) = (0, 0usize);
        let mut put = |octets: &[u8]| {
            let room = buffer.get_mut(len..).and_then(|room| room.get_mut(..octets.len()));
            copy(octets, room.ok_or(WriteError::BufferFull)?);
            len = len.wrapping_add(octets.len());
            Ok::<(), WriteError>(())
        };
        loop {
            put(self.octets.get(start..end).unwrap_or(&[]))?;
            let Some(&octet) = self.octets.get(end) else { break };
            put(&[b'%', hexadecimal(octet >> 4), hexadecimal(octet & 0xf)])?;
            start = end.wrapping_add(1);
            end = encoded_run_end(self.octets, start, QUERY);
        }
        Ok(Target { octets: buffer.get(..len).unwrap_or(&[]), form: self.form })
    }

    /// Returns the position of the first octet of path or query outside the grammar, or the length.
    fn valid_end(&self) -> usize {
        let start = self.octets.len().wrapping_sub(self.path_and_query().len());
        encoded_run_end(self.octets, start, QUERY)
    }

    /// Returns the octets of the target as received.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.octets
    }

    /// Returns the target as a string; its octets are ASCII.
    pub fn as_str(&self) -> &'a str {
        as_text(self.octets)
    }

    /// Returns the form of the target.
    pub const fn form(&self) -> TargetForm {
        self.form
    }

    /// Returns host and port of the absolute or authority form. In the absolute form they override
    /// the `Host` field [RFC 9112 section 3.2.2].
    pub fn authority(&self) -> Option<&'a str> {
        let (start, end) = self.authority_range()?;
        self.octets.get(start..end).map(as_text)
    }

    /// Returns the start and end of the authority.
    pub(crate) fn authority_range(&self) -> Option<(usize, usize)> {
        match self.form {
            TargetForm::Origin | TargetForm::Asterisk => None,
            TargetForm::Authority => Some((0, self.octets.len())),
            TargetForm::Absolute => authority_range(self.octets),
        }
    }

    /// Returns the path, still percent-encoded: `/` for an absolute form without a path, `*` for
    /// the server itself, empty for `host:port`. [`has_path`](Self::has_path) compares it
    /// decoded; a crate such as `percent-encoding` decodes it.
    #[doc(alias = "decode")]
    #[doc(alias = "percent-decode")]
    pub fn path(&self) -> &'a str {
        as_text(self.path_as_bytes())
    }

    /// Returns the octets of the [`path`](Self::path). Saves 600 octets of flash in a program that
    /// converts no other octets to a string.
    pub fn path_as_bytes(&self) -> &'a [u8] {
        let octets = self.path_and_query();
        match (octets.get(..path_end(octets)).unwrap_or(octets), self.form) {
            ([], TargetForm::Absolute) => b"/",
            (path, _) => path,
        }
    }

    /// Returns whether the path, percent-decoded, is `path` [RFC 9110 section 4.2.3].
    ///
    /// An encoded `/` separates no segments, so it is not a `/` of `path`. Dot segments stay.
    ///
    /// ```
    /// use bareline_core::Target;
    ///
    /// assert!(Target::new("/%6Ced?on")?.has_path("/led"));
    /// assert!(!Target::new("/a%2Fb")?.has_path("/a/b"));
    /// # Ok::<(), bareline_core::error::InvalidValue>(())
    /// ```
    #[doc(alias = "percent-decode")]
    pub fn has_path(&self, path: &str) -> bool {
        let mut expected = path.bytes();
        let mut decoded = PercentDecoded::new(self.path_as_bytes());
        let is_same = decoded.all(|Decoded { octet, is_encoded }| {
            expected.next() == Some(octet) && !(is_encoded && octet == b'/')
        });
        is_same && expected.next().is_none()
    }

    /// Returns the query after the first `?`, still percent-encoded.
    #[doc(alias = "decode")]
    #[doc(alias = "percent-decode")]
    pub fn query(&self) -> Option<&'a str> {
        self.query_octets().map(as_text)
    }

    /// Returns the names and values in the query, still encoded; none without a query. Saves flash
    /// as [`path_as_bytes`](Self::path_as_bytes) does.
    ///
    /// ```
    /// # use bareline_core::Target;
    /// let target = Target::new("/search?page=2&q=caf%C3%A9")?;
    /// let words = target.query_pairs().find(|(name, _)| *name == "q");
    /// let words = words.map(|(_, words)| String::from_utf8(words.octets().collect()));
    /// assert_eq!(words, Some(Ok("café".to_owned())));
    /// # Ok::<(), bareline_core::error::InvalidValue>(())
    /// ```
    #[doc(alias = "form")]
    #[doc(alias = "parameters")]
    pub fn query_pairs(&self) -> FormPairs<'a> {
        FormPairs::new(self.query_octets().unwrap_or_default())
    }

    fn query_octets(&self) -> Option<&'a [u8]> {
        let octets = self.path_and_query();
        match octets.get(path_end(octets)..) {
            Some([b'?', query @ ..]) => Some(query),
            _ => None,
        }
    }

    fn path_and_query(&self) -> &'a [u8] {
        let start = self.authority_range().map_or(0, |(_, end)| end);
        self.octets.get(start..).unwrap_or(&[])
    }
}

text!(Target, PartialEq::eq);
ascii!(Target);

/// Returns the hexadecimal digit of a value below 16, in upper case [RFC 3986 section 2.1].
const fn hexadecimal(value: u8) -> u8 {
    if value < 10 { b'0' | value } else { value.wrapping_add(b'A' - 10) }
}

/// Returns octets of a target as a string; they are ASCII.
fn as_text(octets: &[u8]) -> &str {
    core::str::from_utf8(octets).unwrap_or_default()
}

/// Returns the end of the path: the position of the first `?`, or the length.
fn path_end(octets: &[u8]) -> usize {
    octets.iter().position(|&octet| octet == b'?').unwrap_or(octets.len())
}
