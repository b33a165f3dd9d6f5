//! The request target.

use super::{Method, check_authority};
use crate::error::WriteError;
use crate::octets::{SCHEME, TARGET, is, run_length};
use core::fmt;

/// A request target in one of its four forms [RFC 9112 section 3.2].
///
/// ```
/// use bareline_core::{Target, TargetForm, WriteError};
///
/// let target = Target::new("/search?q=1")?;
/// assert_eq!((target.form(), target.path(), target.query()), (TargetForm::Origin, "/search", Some("q=1")));
/// assert_eq!(Target::new("/a b"), Err(WriteError::InvalidTarget { at: 2 }));
/// # Ok::<(), WriteError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target<'a> {
    octets: &'a [u8],
    form: TargetForm,
}

/// The form of a request target [RFC 9112 section 3.2].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TargetForm {
    /// `/path?query`, the usual one [RFC 9112 section 3.2.1].
    Origin,
    /// `http://host/path?query`, as sent to a proxy [RFC 9112 section 3.2.2].
    Absolute,
    /// `host:port`, for CONNECT alone [RFC 9112 section 3.2.3].
    Authority,
    /// `*`, for OPTIONS alone [RFC 9112 section 3.2.4].
    Asterisk,
}

impl TargetForm {
    /// Whether a request with this method may have a target of this form.
    pub(crate) fn suits(self, method: Method<'_>) -> bool {
        match self {
            Self::Asterisk => method == Method::OPTIONS,
            _ => (self == Self::Authority) == (method == Method::CONNECT),
        }
    }

    /// The form of octets that a target may hold. The error is the position of the first octet that fits no form, or the
    /// length when more is needed.
    pub(crate) fn of(target: &[u8]) -> Result<Self, usize> {
        match target {
            [b'/', ..] => Ok(Self::Origin),
            [b'*'] => Ok(Self::Asterisk),
            _ => match after_scheme(target) {
                Some(rest) => {
                    let at = target.len().wrapping_sub(rest.len());
                    let authority = rest.get(..authority_end(rest)).unwrap_or(rest);
                    check_authority(authority).map_err(|offset| at.wrapping_add(offset))?;
                    Ok(Self::Absolute)
                }
                None => match target.get(check_authority(target)?..) {
                    Some([b':', _, ..]) => Ok(Self::Authority),
                    _ => Err(target.len()),
                },
            },
        }
    }
}

impl<'a> Target<'a> {
    /// `/`, the root.
    pub const ROOT: Target<'static> = Target { octets: b"/", form: TargetForm::Origin };

    /// `*`, the server itself [RFC 9112 section 3.2.4].
    pub const ASTERISK: Target<'static> = Target { octets: b"*", form: TargetForm::Asterisk };

    /// A target of these octets. Fails with [`WriteError::InvalidTarget`] when an octet may not stand there or the whole has
    /// none of the four forms.
    pub fn new(target: &'a str) -> Result<Self, WriteError> {
        let octets = target.as_bytes();
        let bad = octets.iter().position(|&octet| !is(octet, TARGET));
        match bad.map_or_else(|| TargetForm::of(octets), Err) {
            Ok(form) => Ok(Self { octets, form }),
            Err(at) => Err(WriteError::InvalidTarget { at }),
        }
    }

    /// Octets that the grammar has read and found to be of this form.
    pub(crate) const fn of_form(octets: &'a [u8], form: TargetForm) -> Self {
        Self { octets, form }
    }

    /// The octets of the target, as they came.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.octets
    }

    /// The target as a string; its octets are ASCII.
    pub fn as_str(&self) -> &'a str {
        ascii(self.octets)
    }

    /// Which of the four forms it has.
    pub const fn form(&self) -> TargetForm {
        self.form
    }

    /// Host and port: of the absolute form, where they count more than the `Host` field [RFC 9112 section 3.2.2], or of the
    /// authority form.
    pub fn authority(&self) -> Option<&'a str> {
        let (start, end) = self.authority_range()?;
        self.octets.get(start..end).map(ascii)
    }

    /// Where the authority stands.
    pub(crate) fn authority_range(&self) -> Option<(usize, usize)> {
        match self.form {
            TargetForm::Origin | TargetForm::Asterisk => None,
            TargetForm::Authority => Some((0, self.octets.len())),
            TargetForm::Absolute => {
                let rest = after_scheme(self.octets)?;
                let start = self.octets.len().wrapping_sub(rest.len());
                Some((start, start.saturating_add(authority_end(rest))))
            }
        }
    }

    /// The path, still percent-encoded: `/` where an absolute form has none, `*` for the server itself, empty for a
    /// `host:port`.
    pub fn path(&self) -> &'a str {
        ascii(self.path_as_bytes())
    }

    /// The octets of the [`path`](Self::path): 600 octets of flash less, where nothing else makes a string of octets.
    pub fn path_as_bytes(&self) -> &'a [u8] {
        let octets = self.path_and_query();
        match (octets.get(..path_end(octets)).unwrap_or(octets), self.form) {
            ([], TargetForm::Absolute) => b"/",
            (path, _) => path,
        }
    }

    /// The query, still percent-encoded: what follows the first `?`.
    pub fn query(&self) -> Option<&'a str> {
        let octets = self.path_and_query();
        match octets.get(path_end(octets)..) {
            Some([b'?', query @ ..]) => Some(ascii(query)),
            _ => None,
        }
    }

    fn path_and_query(&self) -> &'a [u8] {
        match self.form {
            TargetForm::Origin | TargetForm::Asterisk => self.octets,
            TargetForm::Authority => &[],
            TargetForm::Absolute => {
                let rest = after_scheme(self.octets).unwrap_or(&[]);
                rest.get(authority_end(rest)..).unwrap_or(&[])
            }
        }
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What follows `scheme "://"` [RFC 3986 section 3].
fn after_scheme(target: &[u8]) -> Option<&[u8]> {
    match target.get(run_length(target, SCHEME)..) {
        Some([b':', b'/', b'/', rest @ ..]) if target.first().is_some_and(u8::is_ascii_alphabetic) => Some(rest),
        _ => None,
    }
}

/// Octets of a target as a string: they are ASCII.
fn ascii(octets: &[u8]) -> &str {
    core::str::from_utf8(octets).unwrap_or_default()
}

/// Where the path ends: at the `?`, or with the target.
fn path_end(octets: &[u8]) -> usize {
    octets.iter().position(|&octet| octet == b'?').unwrap_or(octets.len())
}

/// Where the authority ends that stands at the beginning of `rest`.
fn authority_end(rest: &[u8]) -> usize {
    rest.iter().position(|octet| matches!(octet, b'/' | b'?')).unwrap_or(rest.len())
}
