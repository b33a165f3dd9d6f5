//! Names and values of a query or a form.

use crate::octets::hex_value;
use core::fmt;

/// The names and values of a query, or of content with the type
/// `application/x-www-form-urlencoded` [WHATWG URL section 5.1].
///
/// The pairs are in order, also those with the same name. Any octets are valid: a pair without `=`
/// has an empty value, and empty pairs are left out. Content has to be complete before it is
/// parsed.
///
/// ```
/// use bareline_core::Target;
///
/// let target = Target::new("/wifi?name=caf%C3%A9+2&hidden&channel=11")?;
/// let (mut buffer, mut channel) = ([0; 3], None);
/// for (name, value) in target.query_pairs() {
///     if name == "channel" {
///         channel = value.decode(&mut buffer).and_then(|octets| str::from_utf8(octets).ok());
///     }
/// }
/// assert_eq!(channel, Some("11"));
/// # Ok::<(), bareline_core::error::InvalidValue>(())
/// ```
#[doc(alias = "urlencoded")]
#[derive(Clone)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct FormPairs<'a> {
    rest: &'a [u8],
}

/// A name or a value of [`FormPairs`], still encoded: `+` is a space, and `%` with two hexadecimal
/// digits an octet. Any other `%` is itself.
///
/// ```
/// use bareline_core::value::FormPairs;
///
/// let (name, value) = FormPairs::new(b"a%62=1+%2B").next().ok_or("no pair")?;
/// assert!(name == "ab" && value == "1 +");
/// assert_eq!(value.decode(&mut [0; 8]), Some(&b"1 +"[..]));
/// assert_eq!(value.decode(&mut [0; 2]), None);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy)]
pub struct FormText<'a>(&'a [u8]);

impl<'a> FormPairs<'a> {
    /// Returns the pairs of these octets: a query without its `?`, or the content of a form.
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }
}

impl<'a> Iterator for FormPairs<'a> {
    type Item = (FormText<'a>, FormText<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let (pair, rest) = cut(self.rest, b'&');
            self.rest = rest;
            if !pair.is_empty() {
                let (name, value) = cut(pair, b'=');
                return Some((FormText(name), FormText(value)));
            }
        }
        None
    }
}

impl<'a> FormText<'a> {
    /// Returns the decoded octets one by one.
    pub fn octets(self) -> impl Iterator<Item = u8> + 'a {
        PercentDecoded::new(self.0).map(|decoded| match decoded {
            Decoded { octet: b'+', is_encoded: false } => b' ',
            Decoded { octet, .. } => octet,
        })
    }

    /// Decodes the text into `buffer`; returns the decoded octets, or `None` if they do not fit.
    ///
    /// They may be invalid UTF-8.
    pub fn decode(self, buffer: &mut [u8]) -> Option<&[u8]> {
        let mut count = 0usize;
        for octet in self.octets() {
            *buffer.get_mut(count)? = octet;
            count = count.wrapping_add(1);
        }
        buffer.get(..count)
    }
}

impl PartialEq<str> for FormText<'_> {
    fn eq(&self, text: &str) -> bool {
        self.octets().eq(text.bytes())
    }
}

impl PartialEq<&str> for FormText<'_> {
    fn eq(&self, text: &&str) -> bool {
        *self == **text
    }
}

impl fmt::Debug for FormPairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl fmt::Debug for FormText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Octets with percent-encoded ones [RFC 3986 section 2.1], decoded one by one.
pub(super) struct PercentDecoded<'a> {
    rest: &'a [u8],
}

/// An octet, and whether it was percent-encoded.
pub(super) struct Decoded {
    pub(super) octet: u8,
    pub(super) is_encoded: bool,
}

impl<'a> PercentDecoded<'a> {
    pub(super) const fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }
}

impl Iterator for PercentDecoded<'_> {
    type Item = Decoded;

    fn next(&mut self) -> Option<Decoded> {
        if let [b'%', high, low, rest @ ..] = self.rest
            && let (Some(high), Some(low)) = (hex_value(*high), hex_value(*low))
        {
            self.rest = rest;
            return Some(Decoded { octet: high << 4 | low, is_encoded: true });
        }
        let (octet, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(Decoded { octet: *octet, is_encoded: false })
    }
}

/// Returns the octets before the first `separator` and those after it: all, and none, without one.
fn cut(octets: &[u8], separator: u8) -> (&[u8], &[u8]) {
    let end = octets.iter().position(|&octet| octet == separator).unwrap_or(octets.len());
    let (before, after) = octets.split_at_checked(end).unwrap_or((octets, &[]));
    (before, after.get(1..).unwrap_or(&[]))
}
