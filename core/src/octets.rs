//! Octet classes in one table, and functions that scan and compare octets.

/// `tchar` [RFC 9110 section 5.6.2].
pub(crate) const TCHAR: u8 = 1;
/// The octets of a received request target: [`QUERY`], `%`, and the octets that browsers and other
/// clients send unencoded. A query may also hold `\`, as the WHATWG URL standard leaves it there.
pub(crate) const TARGET: u8 = 1 << 1;
/// The octets of path and query without percent-encoded ones: `pchar`, `/`, `?` [RFC 3986 section
/// 3.4].
pub(crate) const QUERY: u8 = 1 << 6;
/// The octets of `reg-name` without percent-encoded ones [RFC 3986 section 3.2.2].
pub(crate) const REG_NAME: u8 = 1 << 2;
/// The octets of a field value or a reason phrase: HTAB, SP, VCHAR, obs-text [RFC 9110 section
/// 5.5].
pub(crate) const TEXT: u8 = 1 << 3;
/// `HEXDIG`, in either case [RFC 5234 appendix B.1].
pub(crate) const HEX_DIGIT: u8 = 1 << 4;
/// The octets of a scheme: `ALPHA`, `DIGIT`, `+`, `-`, `.` [RFC 3986 section 3.1].
pub(crate) const SCHEME: u8 = 1 << 5;

/// The octets of an `IPvFuture` after its version: [`REG_NAME`], and `:` [RFC 3986 section 3.2.2].
pub(crate) const IP_FUTURE: u8 = 1 << 7;

/// Returns whether `octet` belongs to one of `classes`.
#[inline(always)]
pub(crate) const fn is(octet: u8, classes: u8) -> bool {
    #[allow(clippy::indexing_slicing, reason = "a table of 256 entries has one for every u8")]
    let found = CLASSES[octet as usize];
    found & classes != 0
}

/// Returns the position of the first octet, at or after `position`, that belongs to none of
/// `classes`, or the length.
#[inline(always)]
pub(crate) fn run_end(octets: &[u8], position: usize, classes: u8) -> usize {
    let mut end = position;
    while octets.get(end).is_some_and(|&octet| is(octet, classes)) {
        end = end.wrapping_add(1);
    }
    end
}

/// Returns the end of `*( octet of these classes / pct-encoded )` that begins at `position` [RFC
/// 3986 section 2.1].
pub(crate) fn encoded_run_end(octets: &[u8], position: usize, classes: u8) -> usize {
    let mut end = position;
    loop {
        end = run_end(octets, end, classes);
        match octets.get(end..) {
            Some([b'%', high, low, ..]) if is(*high, HEX_DIGIT) && is(*low, HEX_DIGIT) => {
                end = end.wrapping_add(3);
            }
            _ => return end,
        }
    }
}

/// Returns the end of a run as [`run_end`] does: a call, which is smaller, and in which the loop
/// has the registers to itself.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn class_end(octets: &[u8], position: usize, classes: u8) -> usize {
    run_end(octets, position, classes)
}

/// Returns the position after the empty lines that begin at `position`.
pub(crate) fn empty_lines_end(octets: &[u8], position: usize) -> usize {
    let mut end = position;
    while octets.get(end) == Some(&b'\r') && octets.get(end.wrapping_add(1)) == Some(&b'\n') {
        end = end.wrapping_add(2);
    }
    end
}

/// Checks `token = 1*tchar` [RFC 9110 section 5.6.2]. The error is the position of the first octet
/// that is not `tchar`, or 0 for an empty token.
pub(crate) fn check_token(octets: &[u8]) -> Result<(), usize> {
    match octets.iter().position(|&octet| !is(octet, TCHAR)) {
        None if !octets.is_empty() => Ok(()),
        at => Err(at.unwrap_or(0)),
    }
}

/// Returns whether two names are equal, ignoring case.
#[inline(never)]
pub(crate) fn is_alike(one: &[u8], other: &[u8]) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Returns the value of a decimal digit.
#[inline(always)]
pub(crate) const fn digit(octet: u8) -> Option<u8> {
    match octet.wrapping_sub(b'0') {
        value @ 0..=9 => Some(value),
        _ => None,
    }
}

/// Returns the value of a hexadecimal digit.
#[inline(always)]
pub(crate) const fn hex_value(octet: u8) -> Option<u8> {
    match is(octet, HEX_DIGIT) {
        // The low four bits of `A` and of `a` are 1.
        true if octet > b'9' => Some((octet & 0xf).wrapping_add(9)),
        true => Some(octet & 0xf),
        false => None,
    }
}

/// Returns whether `octet` is optional whitespace: SP or HTAB [RFC 9110 section 5.6.3].
#[inline(always)]
pub(crate) const fn is_ows(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// Returns the end of the optional whitespace that begins at `start`.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn ows_end(octets: &[u8], start: usize) -> usize {
    let mut end = start;
    while octets.get(end).is_some_and(|&octet| is_ows(octet)) {
        end = end.wrapping_add(1);
    }
    end
}

/// Returns the end of the text from `start` to `end`, without trailing whitespace.
#[cold]
#[inline(never)]
pub(crate) fn trimmed_end(octets: &[u8], start: usize, mut end: usize) -> usize {
    // The only controls in text are whitespace.
    while end > start && matches!(octets.get(end.wrapping_sub(1)), Some(..=b' ')) {
        end = end.wrapping_sub(1);
    }
    end
}

/// Returns the octets without optional whitespace at both ends.
#[inline]
pub(crate) fn trim_ows(octets: &[u8]) -> &[u8] {
    let mut octets = trim_ows_start(octets);
    while let [rest @ .., b' ' | b'\t'] = octets {
        octets = rest;
    }
    octets
}

/// Returns the octets without optional whitespace at the beginning.
#[inline]
pub(crate) fn trim_ows_start(mut octets: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = octets {
        octets = rest;
    }
    octets
}

#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated at compile time, over 0..256"
)]
const CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let octet = at as u8;
        let unreserved =
            octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~');
        let sub_delim = matches!(
            octet,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
        );
        if octet.is_ascii_alphanumeric()
            || matches!(
                octet,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            )
        {
            table[at] |= TCHAR;
        }
        let query = unreserved || sub_delim || matches!(octet, b':' | b'@' | b'/' | b'?');
        if query {
            table[at] |= QUERY;
        }
        if query || matches!(octet, b'%' | b'[' | b']' | b'|' | b'{' | b'}' | b'^' | b'`') {
            table[at] |= TARGET;
        }
        if unreserved || sub_delim {
            table[at] |= REG_NAME;
        }
        if unreserved || sub_delim || octet == b':' {
            table[at] |= IP_FUTURE;
        }
        if octet == b'\t' || (octet >= b' ' && octet != 0x7f) {
            table[at] |= TEXT;
        }
        if octet.is_ascii_hexdigit() {
            table[at] |= HEX_DIGIT;
        }
        if octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.') {
            table[at] |= SCHEME;
        }
        at += 1;
    }
    table
};
