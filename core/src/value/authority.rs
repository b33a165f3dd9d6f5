//! Host and port, as they stand in a `Host` field and in a request target [RFC 9110 section 7.2, RFC 3986 section 3.2].

use crate::octets::{IS_WIDE, REG_NAME, digit, is, run_end};
use crate::scan;

/// Checks `uri-host [ ":" port ]` with a host that is not empty, and gives the digits of the port if there is a colon.
///
/// The error is the position of the first octet that breaks the rule, or the length when more is needed.
pub(crate) fn check_authority(octets: &[u8]) -> Result<Option<&[u8]>, usize> {
    let host_end = host_end(octets)?;
    match octets.get(host_end..) {
        Some([b':', port @ ..]) if is_port(port) => Ok(Some(port)),
        Some([]) => Ok(None),
        _ => Err(host_end),
    }
}

/// Whether the octets from `start` to `end` are an authority, the usual ones without a closer look.
#[inline(always)]
pub(crate) fn is_authority(octets: &[u8], start: usize, end: usize) -> bool {
    if IS_WIDE {
        let name_end = scan::name_end(octets, start);
        match octets.get(name_end) {
            _ if start < name_end && name_end == end => return true,
            Some(b':') if start < name_end => return octets.get(name_end.wrapping_add(1)..end).is_some_and(is_port),
            Some(b'[' | b'%') => {}
            _ => return false,
        }
    }
    check_authority(octets.get(start..end).unwrap_or(&[])).is_ok()
}

/// `port = *DIGIT` [RFC 3986 section 3.2.3], no larger than a port can be.
fn is_port(digits: &[u8]) -> bool {
    is_decimal_up_to(0xffff, digits)
}

/// Where the host ends.
fn host_end(octets: &[u8]) -> Result<usize, usize> {
    if let [b'[', literal @ ..] = octets {
        let length = literal.iter().position(|&octet| octet == b']').ok_or(octets.len())?;
        return match literal.get(..length) {
            Some(inside) if is_ipv6(inside) || is_future(inside) => Ok(length.wrapping_add(2)),
            _ => Err(1),
        };
    }
    // `reg-name = *( unreserved / pct-encoded / sub-delims )` [RFC 3986 section 3.2.2].
    let mut end = 0;
    loop {
        end = run_end(octets, end, REG_NAME);
        match octets.get(end..) {
            Some([b'%', high, low, ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => end = end.wrapping_add(3),
            Some([b':', ..] | []) if end > 0 => return Ok(end),
            _ => return Err(end),
        }
    }
}

/// `IPv6address` [RFC 3986 section 3.2.2]: eight groups of 16 bits, or fewer around one `::`; an IPv4 address at the end counts for two.
fn is_ipv6(address: &[u8]) -> bool {
    let (mut rest, mut has_gap) = match address {
        [b':', b':', rest @ ..] => (rest, true),
        _ => (address, false),
    };
    let mut groups = 0u8;
    while !(has_gap && rest.is_empty()) {
        let digits = rest.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
        let after = rest.get(digits..).unwrap_or(&[]);
        groups = groups.saturating_add(1);
        rest = match after {
            [b'.', ..] if is_ipv4(rest) => {
                groups = groups.saturating_add(1);
                break;
            }
            _ if !matches!(digits, 1..=4) => return false,
            [] => break,
            [b':', b':', after @ ..] if !has_gap => {
                has_gap = true;
                after
            }
            [b':', after @ ..] if !after.is_empty() => after,
            _ => return false,
        };
    }
    if has_gap { groups < 8 } else { groups == 8 }
}

/// `IPv4address` [RFC 3986 section 3.2.2]: four numbers up to 255 without leading zeros.
fn is_ipv4(address: &[u8]) -> bool {
    let mut numbers = address.split(|&octet| octet == b'.');
    let mut is_dec_octet = || match numbers.next() {
        None | Some([] | [b'0', _, ..]) => false,
        Some(digits) => is_decimal_up_to(255, digits),
    };
    (0..4).all(|_| is_dec_octet()) && numbers.next().is_none()
}

/// `IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )` [RFC 3986 section 3.2.2].
fn is_future(address: &[u8]) -> bool {
    let [b'v' | b'V', rest @ ..] = address else {
        return false;
    };
    let digits = rest.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
    match rest.get(digits..) {
        Some([b'.', body @ ..]) if digits > 0 && !body.is_empty() => {
            body.iter().all(|&octet| octet == b':' || is(octet, REG_NAME))
        }
        _ => false,
    }
}

/// Whether all of these are decimal digits, of a number that is not larger; none make zero.
fn is_decimal_up_to(largest: u32, digits: &[u8]) -> bool {
    let number = digits.iter().try_fold(0u32, |number, &octet| {
        let number = number.wrapping_mul(10).wrapping_add(u32::from(digit(octet)?));
        (number <= largest).then_some(number)
    });
    number.is_some()
}

#[cfg(test)]
mod tests {
    use super::{check_authority, is_ipv6};

    #[test]
    fn rfc3986_3_2_2_every_shape_of_an_ipv6_address() {
        for valid in [
            "::",
            "::1",
            "1::",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1::8",
            "2001:db8::7",
            "::ffff:192.0.2.1",
            "1:2:3:4:5:6:192.0.2.1",
            "::192.0.2.1",
            "1:2:3:4:5::192.0.2.1",
            "ABCD:ef01::",
        ] {
            assert!(is_ipv6(valid.as_bytes()), "{valid}");
        }
        for invalid in [
            "",
            ":",
            ":::",
            "1",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7:8::",
            "::1:2:3:4:5:6:7:8",
            "1::2::3",
            "12345::",
            "g::",
            "1:2:3:4:5:6:7:192.0.2.1",
            "192.0.2.1::",
            "::192.0.2",
            "::192.0.2.256",
            "::192.0.02.1",
            "::192.0.2.1:1",
            "1:",
            ":1",
            "fe80::1%eth0",
        ] {
            assert!(!is_ipv6(invalid.as_bytes()), "{invalid}");
        }
    }

    #[test]
    fn rfc9110_7_2_host_and_port() {
        let port = |octets: &'static str| check_authority(octets.as_bytes());
        assert_eq!(port("a.example"), Ok(None));
        assert_eq!(port("a.example:"), Ok(Some(&b""[..])));
        assert_eq!(port("a.example:80"), Ok(Some(&b"80"[..])));
        assert_eq!(port("a.example:65535"), Ok(Some(&b"65535"[..])));
        assert_eq!(port("a.example:65536"), Err(9));
        assert_eq!(port("a.example:8x"), Err(9));
        assert_eq!(port("[::1]:80"), Ok(Some(&b"80"[..])));
        assert_eq!(port("[::1]x"), Err(5));
        assert_eq!(port("[::1"), Err(4));
        assert_eq!(port("[v1.a:b]"), Ok(None));
        assert_eq!(port("[v.a]"), Err(1));
        assert_eq!(port("[v1.]"), Err(1));
        assert_eq!(port("a%2Eb"), Ok(None));
        assert_eq!(port("a%2b"), Ok(None));
        assert_eq!(port("a%2"), Err(1));
        assert_eq!(port("u@a"), Err(1));
        assert_eq!(port(":80"), Err(0));
        assert_eq!(port(""), Err(0));
    }
}
