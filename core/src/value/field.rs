//! Field names and values.

use super::dump;
use super::text::{ascii, text};
use crate::error::{InvalidValue, position};
use crate::octets::{TCHAR, TEXT, check_token, is, is_alike, trim_ows};
use crate::scan::is_plain;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::Utf8Error;

/// A field name: a token, compared without regard to case [RFC 9110 section 5.1].
///
/// `==`, the order and the hash ignore the case. So compare a name with a constant by `==`: a
/// pattern of `match` would not ignore it, and does not compile.
///
/// Constants exist for the fields of RFC 9110 and others of daily use. Create others by
/// [`from_static`](Self::from_static).
///
/// ```
/// use bareline_core::FieldName;
/// use bareline_core::error::InvalidValue;
///
/// assert_eq!(FieldName::new("host"), Ok(FieldName::HOST));
/// assert_eq!(FieldName::ETAG, "etag");
/// assert_eq!(FieldName::new("X A"), Err(InvalidValue::FieldName { at: 1 }));
/// const X_REQUEST_ID: FieldName = FieldName::from_static("X-Request-Id");
/// ```
#[doc(alias = "header")]
#[doc(alias = "HeaderName")]
#[derive(Clone, Copy)]
pub struct FieldName<'a>(&'a [u8]);

impl<'a> FieldName<'a> {
    /// Creates a field name from a `&str` or octets.
    ///
    /// Fails with [`InvalidValue::FieldName`] unless `name` is a token.
    pub fn new(name: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, InvalidValue> {
        let name = name.as_ref();
        match check_token(name) {
            Ok(()) => Ok(Self(name)),
            Err(at) => Err(InvalidValue::FieldName { at: position(at) }),
        }
    }

    /// Creates a field name, checked at compile time in a `const`.
    ///
    /// # Panics
    ///
    /// Panics when the name is not a token; in a `const` the panic is a compile error.
    pub const fn from_static(name: &'static str) -> FieldName<'static> {
        let mut rest = name.as_bytes();
        assert!(!rest.is_empty(), "a field name is not empty");
        while let [octet, after @ ..] = rest {
            assert!(is(*octet, TCHAR), "a field name is a token");
            rest = after;
        }
        FieldName(name.as_bytes())
    }

    /// Creates a field name from a token that the grammar has parsed.
    pub(crate) const fn from_token(token: &'a [u8]) -> Self {
        Self(token)
    }

    /// Returns whether this name may be one that controls the message or the connection: a fast
    /// filter by length and first letter.
    #[inline(always)]
    pub(crate) fn may_be_control(&self) -> bool {
        self.0.first().is_some_and(|first| may_be_control(*first, self.0.len()))
    }

    /// Returns the octets of the name, in the case received.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Returns the name as a string; a token is ASCII.
    pub fn as_str(&self) -> &'a str {
        core::str::from_utf8(self.0).unwrap_or_default()
    }
}

/// Returns whether a name with this first octet and length may be one that controls the message
/// or the connection.
#[inline(always)]
#[allow(clippy::indexing_slicing, reason = "a remainder of the table's length is in the table")]
pub(crate) const fn may_be_control(first: u8, length: usize) -> bool {
    first | 0x20 == FIRST_LETTERS[length % FIRST_LETTERS.len()]
}

/// The first letters of the names that control the message or the connection, indexed by the
/// length of the name. The lengths all differ.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
const FIRST_LETTERS: [u8; 32] = {
    let mut letters = [0; 32];
    let mut names: &[&str] =
        &["te", "host", "expect", "upgrade", "connection", "content-length", "transfer-encoding"];
    while let [name, rest @ ..] = names {
        letters[name.len()] = name.as_bytes()[0];
        names = rest;
    }
    letters
};

impl PartialEq<FieldName<'_>> for FieldName<'_> {
    fn eq(&self, other: &FieldName<'_>) -> bool {
        is_alike(self.0, other.0)
    }
}

impl Eq for FieldName<'_> {}

impl PartialOrd for FieldName<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FieldName<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        lower_case(self.0).cmp(lower_case(other.0))
    }
}

impl Hash for FieldName<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        lower_case(self.0).for_each(|octet| state.write_u8(octet));
        // No name has this octet: a name and its neighbour in a tuple hash like no other two.
        state.write_u8(0xff);
    }
}

fn lower_case(octets: &[u8]) -> impl Iterator<Item = u8> {
    octets.iter().map(u8::to_ascii_lowercase)
}

text!(FieldName, is_alike);
ascii!(FieldName);

/// A field value without surrounding whitespace. HTAB is its only control octet [RFC 9110 section
/// 5.5].
///
/// ```
/// use bareline_core::FieldValue;
/// use bareline_core::error::InvalidValue;
///
/// assert_eq!(FieldValue::new(" a b ")?, "a b");
/// assert_eq!(FieldValue::new(b"caf\xe9")?.to_string(), "caf\\xe9");
/// assert_eq!(FieldValue::new("a\r\nb"), Err(InvalidValue::FieldValue { at: 1 }));
/// # Ok::<(), InvalidValue>(())
/// ```
#[doc(alias = "header")]
#[doc(alias = "HeaderValue")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldValue<'a>(&'a [u8]);

impl<'a> FieldValue<'a> {
    /// Creates a value from a `&str` or octets, without the whitespace around it.
    ///
    /// Fails with [`InvalidValue::FieldValue`] for a control octet other than HTAB.
    pub fn new(value: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, InvalidValue> {
        let value = value.as_ref();
        if is_plain(value) {
            return Ok(Self(trim_ows(value)));
        }
        match value.iter().position(|&octet| !is(octet, TEXT)) {
            None => Ok(Self(trim_ows(value))),
            Some(at) => Err(InvalidValue::FieldValue { at: position(at) }),
        }
    }

    /// Creates a value, checked at compile time in a `const`.
    ///
    /// # Panics
    ///
    /// Panics when the value has a control octet other than HTAB, or begins or ends with
    /// whitespace. In a `const` the panic is a compile error.
    pub const fn from_static(value: &'static str) -> FieldValue<'static> {
        let mut rest = value.as_bytes();
        assert!(
            !matches!(rest, [b' ' | b'\t', ..] | [.., b' ' | b'\t']),
            "a field value neither begins nor ends with whitespace"
        );
        while let [octet, after @ ..] = rest {
            assert!(is(*octet, TEXT), "a field value holds no control octet");
            rest = after;
        }
        FieldValue(value.as_bytes())
    }

    /// Creates a value from text that the grammar has parsed.
    pub(crate) const fn from_text(text: &'a [u8]) -> Self {
        Self(text)
    }

    /// Returns the octets of the value.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Returns the value as a string. Fails when its octets are not UTF-8.
    pub fn as_str(&self) -> Result<&'a str, Utf8Error> {
        core::str::from_utf8(self.0)
    }
}

text!(FieldValue, PartialEq::eq);

/// Prints the text, with octets that are not UTF-8 and characters that reorder text escaped, as
/// [`dump`] does.
impl fmt::Display for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        dump(self.0).on_one_line().fmt(f)
    }
}

impl fmt::Debug for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::FieldValue;
    use crate::error::{InvalidValue, position};

    #[test]
    fn rfc9110_5_5_a_value_holds_no_control_octet_anywhere() {
        for (length, octet) in
            (1..=20).flat_map(|length| (0..=255).map(move |octet| (length, octet)))
        {
            for at in 0..length {
                let mut octets = [b'a'; 20];
                octets.iter_mut().skip(at).take(1).for_each(|one| *one = octet);
                let value = octets.get(..length).unwrap_or_default();
                let expected = match octet {
                    0..=8 | 10..=31 | 127 => Err(InvalidValue::FieldValue { at: position(at) }),
                    b'\t' | b' ' if at == 0 => Ok(value.get(1..).unwrap_or_default()),
                    b'\t' | b' ' if at == length - 1 => Ok(value.get(..at).unwrap_or_default()),
                    _ => Ok(value),
                };
                assert_eq!(
                    FieldValue::new(value).map(|value| value.as_bytes()),
                    expected,
                    "{octet} at {at} of {length}"
                );
            }
        }
    }

    #[test]
    fn a_position_beyond_16_bits_is_65_535() {
        let at = |count: usize| {
            let mut octets = [b'a'; 65_540];
            octets.iter_mut().skip(count).take(1).for_each(|octet| *octet = 0);
            FieldValue::new(&octets).map(drop)
        };
        let expected = [65_534, 65_535, 65_535, 65_535];
        let expected = expected.map(|at| Err(InvalidValue::FieldValue { at }));
        assert_eq!([65_534, 65_535, 65_536, 65_539].map(at), expected);
    }
}
