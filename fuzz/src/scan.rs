//! Comparisons of all ways to find the end of a run of a class of octets, and of fast paths and
//! their rules.

use crate::shown::Shown;
use bareline_core::inside::{Ends, every_fast_path, every_scan};

/// Checks that each scan finds the runs that the RFCs define, from every position.
pub fn every_scan_finds_the_same_runs(octets: &[u8]) {
    let octets = octets.get(..200).unwrap_or(octets);
    let expected: Vec<Ends> =
        (0..=octets.len()).map(|position| by_the_rfc(octets, position)).collect();
    every_scan(octets, |name, found| {
        let agree = |position: usize, expected: &Ends| {
            assert_eq!(found(position), *expected, "{name} at {position}");
        };
        // A scan remembers what it knows of a block between calls, which come in any order.
        let positions = || expected.iter().enumerate();
        for (position, expected) in positions() {
            agree(position, expected);
        }
        for ((position, expected), (from_end, last)) in positions().zip(positions().rev()) {
            agree(from_end, last);
            agree(position, expected);
        }
    });
}

/// Checks that each fast path returns what its rule does, at every position.
pub fn every_fast_path_is_its_rule(octets: &[u8]) {
    for position in 0..=octets.len() {
        every_fast_path(octets, position, |name, is_alike| {
            assert!(is_alike, "{name} at {position} of {:?}", Shown(octets));
        });
    }
}

/// Returns whether the octet is a `tchar` [RFC 9110 section 5.6.2].
pub fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

/// Returns whether a request target may hold the octet [RFC 9112 section 3.2].
pub fn is_target(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/?[]|{}^`".contains(&octet)
}

/// Returns whether the octet is HTAB, SP, VCHAR or obs-text [RFC 9110 section 5.5].
pub fn is_text(octet: u8) -> bool {
    octet == b'\t' || (b' '..=b'~').contains(&octet) || octet >= 0x80
}

/// Returns whether `reg-name` may hold the octet unencoded [RFC 3986 section 3.2.2].
pub fn is_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&octet)
}

fn by_the_rfc(octets: &[u8], position: usize) -> Ends {
    let end = |is_inside: fn(u8) -> bool| {
        position + octets.iter().skip(position).take_while(|&&octet| is_inside(octet)).count()
    };
    let (token, text) = (end(is_token), end(is_text));
    Ends {
        token,
        token_in_text: token,
        target: end(is_target),
        text,
        text_behind_token: text,
        name: end(is_name),
    }
}
