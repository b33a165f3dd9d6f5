//! Classes of octets: which octet may stand where, in one table.

/// `tchar` [RFC 9110 section 5.6.2].
pub(crate) const TCHAR: u8 = 1;
/// What a request target may hold: `pchar`, `/`, `?` [RFC 3986 section 3.3], and `[`, `]`, `|`, which browsers send unescaped.
pub(crate) const TARGET: u8 = 1 << 1;
/// `reg-name` without its percent-encoded octets [RFC 3986 section 3.2.2].
pub(crate) const REG_NAME: u8 = 1 << 2;
/// What a field value or a reason phrase may hold: HTAB, SP, VCHAR, obs-text [RFC 9110 section 5.5].
pub(crate) const TEXT: u8 = 1 << 3;

/// Whether `octet` belongs to one of `classes`.
#[inline(always)]
pub(crate) const fn is(octet: u8, classes: u8) -> bool {
    #[allow(clippy::indexing_slicing, reason = "a table of 256 entries has one for every u8")]
    let found = CLASSES[octet as usize];
    found & classes != 0
}

/// `token = 1*tchar` [RFC 9110 section 5.6.2]. The error is the position of the first octet that is none, or 0 when there is none at all.
pub(crate) fn check_token(octets: &[u8]) -> Result<(), usize> {
    match octets.iter().position(|&octet| !is(octet, TCHAR)) {
        None if !octets.is_empty() => Ok(()),
        at => Err(at.unwrap_or(0)),
    }
}

/// The value of a decimal digit.
#[inline(always)]
pub(crate) const fn digit(octet: u8) -> Option<u8> {
    match octet.wrapping_sub(b'0') {
        value @ 0..=9 => Some(value),
        _ => None,
    }
}

/// Optional whitespace: SP or HTAB [RFC 9110 section 5.6.3].
#[inline(always)]
pub(crate) const fn is_ows(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// The octets without optional whitespace around them.
#[inline]
pub(crate) fn trim_ows(octets: &[u8]) -> &[u8] {
    let mut octets = trim_ows_start(octets);
    while let [rest @ .., b' ' | b'\t'] = octets {
        octets = rest;
    }
    octets
}

/// The octets without optional whitespace before them.
#[inline]
pub(crate) fn trim_ows_start(mut octets: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = octets {
        octets = rest;
    }
    octets
}

/// The members of a comma-separated list, empty ones included [RFC 9110 section 5.6.1].
///
/// Only for lists whose members hold no quoted string: connection options and transfer codings.
pub(crate) fn members(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&octet| octet == b',').map(trim_ows)
}

/// Whether the list has this member, whatever its case.
pub(crate) fn has_member(list: &[u8], member: &[u8]) -> bool {
    members(list).any(|found| found.eq_ignore_ascii_case(member))
}

#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "evaluated at compile time, over 0..256")]
const CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let octet = at as u8;
        let unreserved = octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~');
        let sub_delim = matches!(octet, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=');
        if octet.is_ascii_alphanumeric()
            || matches!(
                octet,
                b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            )
        {
            table[at] |= TCHAR;
        }
        if unreserved || sub_delim || matches!(octet, b':' | b'@' | b'%' | b'/' | b'?' | b'[' | b']' | b'|') {
            table[at] |= TARGET;
        }
        if unreserved || sub_delim {
            table[at] |= REG_NAME;
        }
        if octet == b'\t' || (octet >= b' ' && octet != 0x7f) {
            table[at] |= TEXT;
        }
        at += 1;
    }
    table
};
