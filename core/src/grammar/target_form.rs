//! The four forms of a request target.

use super::terminal::{called, end, octet, rule};
use super::uri_host::check_host;
use super::{Position, Rule, exactly};
use crate::octets::{SCHEME, run_length};
use crate::scan::Input;
use nom::Parser;
use nom::branch::alt;
use nom::combinator::cut;

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
    let form = alt((
        origin_form().map(|()| TargetForm::Origin),
        asterisk_form().map(|()| TargetForm::Asterisk),
        absolute_form().map(|()| TargetForm::Absolute),
        authority_form().map(|()| TargetForm::Authority),
    ));
    exactly(form, target)
}

/// `origin-form = absolute-path [ "?" query ]` [RFC 9112 section 3.2.1]
fn origin_form<I: Input>() -> impl Rule<I, ()> {
    (octet(b'/'), path_and_query()).map(|_| ())
}

/// `asterisk-form = "*"` [RFC 9112 section 3.2.4]
fn asterisk_form<I: Input>() -> impl Rule<I, ()> {
    (octet(b'*'), end()).map(|_| ())
}

/// `absolute-form = absolute-URI` [RFC 9112 section 3.2.2], where `absolute-URI = scheme "://"
/// uri-host [ ":" port ] path-abempty [ "?" query ]` [RFC 9110 section 4.2]: narrower than that of
/// RFC 3986, with `://` and without userinfo
fn absolute_form<I: Input>() -> impl Rule<I, ()> {
    (called(scheme), cut(called(authority)), path_and_query()).map(|_| ())
}

/// `authority-form = uri-host ":" port` [RFC 9112 section 3.2.3], with a port that is not empty
fn authority_form<I: Input>() -> impl Rule<I, ()> {
    called(|octets, _| match check_host(octets) {
        Ok(host_end) if octets.len() > host_end.wrapping_add(1) => Ok(octets.len()),
        Ok(_) => Err(Position(octets.len())),
        Err(at) => Err(Position(at)),
    })
}

/// `scheme "://"`, where `scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )` [RFC 3986 section
/// 3.1]
#[inline(never)]
fn scheme(octets: &[u8], start: usize) -> Result<usize, Position> {
    let rest = octets.get(start..).unwrap_or(&[]);
    let end = start.wrapping_add(run_length(rest, SCHEME));
    match (rest.first(), octets.get(end..)) {
        (Some(first), Some([b':', b'/', b'/', ..])) if first.is_ascii_alphabetic() => {
            Ok(end.wrapping_add(3))
        }
        _ => Err(Position(start)),
    }
}

/// `authority = uri-host [ ":" port ]`, up to a `/`, a `?` or the end [RFC 3986 section 3.2]
fn authority(octets: &[u8], start: usize) -> Result<usize, Position> {
    let end = authority_end(octets, start);
    match check_host(octets.get(start..end).unwrap_or(&[])) {
        Ok(_) => Ok(end),
        Err(at) => Err(Position(start.wrapping_add(at))),
    }
}

/// `path-abempty [ "?" query ]`; the caller knows that these are octets of a target
fn path_and_query<I: Input>() -> impl Rule<I, ()> {
    rule(|input: I| Ok((input.at(input.octets().len()), ())))
}

/// Returns the start and end of the authority in the absolute form.
pub(crate) fn authority_range(target: &[u8]) -> Option<(usize, usize)> {
    let start = scheme(target, 0).ok()?;
    Some((start, authority_end(target, start)))
}

/// Returns the end of the authority that begins at `start`.
fn authority_end(target: &[u8], start: usize) -> usize {
    let mut end = start;
    while target.get(end).is_some_and(|octet| !matches!(octet, b'/' | b'?')) {
        end = end.wrapping_add(1);
    }
    end
}
