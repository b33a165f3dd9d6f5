//! Lists of elements that commas separate [RFC 9110 section 5.6.1].

use crate::octets::{check_token, is_alike, trim_ows, trim_ows_start};

/// `#element = [ element ] *( OWS "," OWS [ element ] )` [RFC 9110 section 5.6.1.2]: the elements,
/// empty ones included
///
/// A comma in a quoted string is no separator [RFC 9110 section 5.6.4].
pub(crate) const fn members(list: &[u8]) -> Members<'_> {
    Members { rest: Some(list) }
}

/// The iterator that [`members`] returns.
pub(crate) struct Members<'l> {
    rest: Option<&'l [u8]>,
}

impl<'l> Iterator for Members<'l> {
    type Item = &'l [u8];

    #[inline(never)]
    fn next(&mut self) -> Option<&'l [u8]> {
        let list = self.rest?;
        let (mut is_quoted, mut is_escaped) = (false, false);
        let is_end = |&octet: &u8| {
            match (octet, core::mem::take(&mut is_escaped)) {
                (b'"', false) => is_quoted = !is_quoted,
                (b'\\', false) => is_escaped = is_quoted,
                _ => {}
            }
            octet == b',' && !is_quoted
        };
        let end = list.iter().position(is_end).unwrap_or(list.len());
        self.rest = list.get(end.wrapping_add(1)..);
        list.get(..end).map(trim_ows)
    }
}

/// Returns whether the list has this member, ignoring case.
pub(crate) fn has_member(list: &[u8], member: &[u8]) -> bool {
    members(list).any(|found| is_alike(found, member))
}

/// Checks `[ token *( OWS "," OWS token ) ]`, which is `#token` to be sent [RFC 9110 section
/// 5.6.1.1], with OWS around it. The error is the position of the first invalid octet, or the
/// length when a token is missing.
pub(crate) fn check_tokens(list: &[u8]) -> Result<(), usize> {
    if list.is_empty() {
        return Ok(());
    }
    let mut start = 0usize;
    for member in list.split(|&octet| octet == b',') {
        let token = trim_ows_start(member);
        let skipped = member.len().wrapping_sub(token.len());
        check_token(trim_ows(token)).map_err(|at| start.wrapping_add(skipped).wrapping_add(at))?;
        start = start.wrapping_add(member.len()).wrapping_add(1);
    }
    Ok(())
}
