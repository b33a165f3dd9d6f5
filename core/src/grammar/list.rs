//! Lists of elements that commas separate [RFC 9110 section 5.6.1].

use crate::octets::{TCHAR, class_end, ows_end, trimmed_end};

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
        let (mut end, mut is_quoted) = (0usize, false);
        while let Some(&octet) = list.get(end) {
            match octet {
                b',' if !is_quoted => break,
                b'"' => is_quoted = !is_quoted,
                // The octet after it is quoted.
                b'\\' if is_quoted => end = end.wrapping_add(1),
                _ => {}
            }
            end = end.wrapping_add(1);
        }
        self.rest = list.get(end.wrapping_add(1)..);
        let start = ows_end(list, 0);
        list.get(start..trimmed_end(list, start, end.min(list.len())))
    }
}

/// Checks `[ token *( OWS "," OWS token ) ]`, which is `#token` to be sent [RFC 9110 section
/// 5.6.1.1], with OWS around it. The error is the position of the first invalid octet, or the
/// length when a token is missing.
pub(crate) fn check_tokens(list: &[u8]) -> Result<(), usize> {
    let mut next = 0usize;
    while !list.is_empty() {
        let start = ows_end(list, next);
        let end = class_end(list, start, TCHAR);
        next = ows_end(list, end).wrapping_add(1);
        match list.get(next.wrapping_sub(1)) {
            _ if start == end => return Err(end),
            None => break,
            Some(b',') => {}
            Some(_) => return Err(end),
        }
    }
    Ok(())
}
