//! The four forms of a request target.

use super::uri_host::check_host;
use crate::octets::{SCHEME, class_end};

/// The form of a request target [RFC 9112 section 3.2].
///
/// The enum is exhaustive, since a caller handles each variant: a new one is a breaking change.
///
/// ```
/// use bareline_core::Target;
/// use bareline_core::value::TargetForm;
///
/// assert_eq!(Target::new("/led?on=1")?.form(), TargetForm::Origin);
/// assert_eq!(Target::new("http://board/led")?.form(), TargetForm::Absolute);
/// assert_eq!(Target::new("board:443")?.form(), TargetForm::Authority);
/// assert_eq!(Target::ASTERISK.form(), TargetForm::Asterisk);
/// # Ok::<(), bareline_core::error::InvalidValue>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(clippy::exhaustive_enums, reason = "a caller handles each variant")]
pub enum TargetForm {
    /// `/path?query`, the common form [RFC 9112 section 3.2.1].
    Origin,
    /// `http://host/path?query`, sent to a proxy [RFC 9112 section 3.2.2].
    Absolute,
    /// `host:port`, only for CONNECT [RFC 9112 section 3.2.3].
    Authority,
    /// `*`, only for OPTIONS [RFC 9112 section 3.2.4], and for `M-SEARCH` and `NOTIFY` in a
    /// datagram.
    Asterisk,
}

/// Returns the form of a target of valid octets. The error is the position of the first octet that
/// fits no form, or the length when the end is missing.
///
/// `request-target = origin-form / absolute-form / authority-form / asterisk-form` [RFC 9112
/// section 3.2]
pub(crate) fn target_form(target: &[u8]) -> Result<TargetForm, usize> {
    match target {
        // `origin-form = absolute-path [ "?" query ]` [RFC 9112 section 3.2.1]
        [b'/', ..] => Ok(TargetForm::Origin),
        // `asterisk-form = "*"` [RFC 9112 section 3.2.4]
        [b'*'] => Ok(TargetForm::Asterisk),
        _ => form_with_authority(target),
    }
}

/// `absolute-form = absolute-URI` [RFC 9112 section 3.2.2], where `absolute-URI = scheme "://"
/// uri-host [ ":" port ] path-abempty [ "?" query ]` [RFC 9110 section 4.2]: narrower than that of
/// RFC 3986, with `://` and without userinfo
///
/// `authority-form = uri-host ":" port` [RFC 9112 section 3.2.3], with a port that is not empty
fn form_with_authority(target: &[u8]) -> Result<TargetForm, usize> {
    let start = scheme_end(target);
    let is_absolute = start > 0;
    let end = if is_absolute { authority_end(target, start) } else { target.len() };
    match check_host(target.get(start..end).unwrap_or(&[])) {
        Err(at) => Err(start.wrapping_add(at)),
        Ok(_) if is_absolute => Ok(TargetForm::Absolute),
        Ok(host_end) if host_end.wrapping_add(1) < end => Ok(TargetForm::Authority),
        Ok(_) => Err(end),
    }
}

/// Returns the end of `scheme "://"`, where `scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )`
/// [RFC 3986 section 3.1], or 0.
fn scheme_end(target: &[u8]) -> usize {
    let end = class_end(target, 0, SCHEME);
    match (target.first(), target.get(end..)) {
        (Some(first), Some([b':', b'/', b'/', ..])) if first.is_ascii_alphabetic() => {
            end.wrapping_add(3)
        }
        _ => 0,
    }
}

/// Returns the start and end of the authority in the absolute form.
pub(crate) fn authority_range(target: &[u8]) -> Option<(usize, usize)> {
    match scheme_end(target) {
        0 => None,
        start => Some((start, authority_end(target, start))),
    }
}

/// Returns the end of the authority that begins at `start`.
fn authority_end(target: &[u8], start: usize) -> usize {
    let mut end = start;
    while target.get(end).is_some_and(|octet| !matches!(octet, b'/' | b'?')) {
        end = end.wrapping_add(1);
    }
    end
}
