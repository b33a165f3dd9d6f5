//! Host and port, as in a `Host` field and a request target [RFC 9110 section 7.2, RFC 3986
//! section 3.2].

use crate::octets::{self, HEX_DIGIT, IP_FUTURE, REG_NAME, class_end, encoded_run_end, hex_value};
use crate::scan::{self, fast_path};

/// Parses `Host = uri-host [ ":" port ]` [RFC 9110 section 7.2] with a host that is not empty, and
/// returns the end of the host.
///
/// `uri-host = IP-literal / IPv4address / reg-name` [RFC 3986 section 3.2.2]. An `IPv4address` is a
/// `reg-name = *( unreserved / pct-encoded / sub-delims )`.
///
/// The error is the position of the first octet that breaks the rule, or the length when the end
/// is missing.
pub(crate) fn check_host(octets: &[u8]) -> Result<usize, usize> {
    let host_end = match octets.first() {
        Some(b'[') => address_in_brackets(octets, 1)?,
        _ => encoded_run_end(octets, 0, REG_NAME),
    };
    // An invalid port is an error at its colon.
    match octets.get(host_end..) {
        Some([]) if host_end > 0 => Ok(host_end),
        Some([b':', port @ ..]) if host_end > 0 && is_port(port) => Ok(host_end),
        _ => Err(host_end),
    }
}

/// `port = *DIGIT` [RFC 3986 section 3.2.3], at most 65535
fn is_port(octets: &[u8]) -> bool {
    let mut port = 0u32;
    octets.iter().all(|&octet| {
        octets::digit(octet).is_some_and(|digit| {
            port = port.wrapping_mul(10).wrapping_add(digit.into());
            port <= u16::MAX.into()
        })
    })
}

/// Returns whether the octets from `start` to `end` are a `Host`.
#[inline(always)]
pub(crate) fn is_host(octets: &[u8], start: usize, end: usize) -> bool {
    fast_path(octets).is_some_and(|octets| is_host_fast(octets, start, end))
        || is_host_slow(octets, start, end)
}

/// Fast path: a name without percent-encoded octets, alone or with a port of up to four digits.
#[inline(always)]
pub(crate) fn is_host_fast(octets: &[u8], start: usize, end: usize) -> bool {
    let name_end = scan::name_end(octets, start);
    match octets.get(name_end) {
        _ if name_end == start => false,
        _ if name_end == end => true,
        Some(b':') => match octets.get(name_end.wrapping_add(1)..end) {
            Some(port) => port.len() <= 4 && port.iter().all(u8::is_ascii_digit),
            None => false,
        },
        _ => false,
    }
}

#[cfg_attr(target_pointer_width = "64", inline(never))]
pub(crate) fn is_host_slow(octets: &[u8], start: usize, end: usize) -> bool {
    octets.get(start..end).is_some_and(|host| check_host(host).is_ok())
}

/// Returns the end of the rest of `IP-literal = "[" ( IPv6address / IPvFuture ) "]"` [RFC 3986
/// section 3.2.2]. An address is invalid as a whole.
#[inline(never)]
fn address_in_brackets(octets: &[u8], start: usize) -> Result<usize, usize> {
    let rest = octets.get(start..).unwrap_or(&[]);
    let length = rest.iter().position(|&octet| octet == b']').ok_or(octets.len())?;
    match rest.get(..length) {
        Some(address) if is_ipv6_address(address) || is_ipv_future(address) => {
            Ok(start.wrapping_add(length).wrapping_add(1))
        }
        _ => Err(start),
    }
}

/// `IPv6address` [RFC 3986 section 3.2.2]: eight groups of 16 bits, or fewer around one `::`
///
/// `IPv4address = dec-octet "." dec-octet "." dec-octet "." dec-octet` may be the end, and counts
/// for two groups.
fn is_ipv6_address(octets: &[u8]) -> bool {
    let (mut groups, mut has_gap) = (0usize, false);
    // The dots, and the colons that follow each other before this octet.
    let (mut dots, mut colons) = (0usize, 0);
    // The digits of this group, and their value.
    let (mut digits, mut number) = (0, 0);
    for &octet in octets {
        match (octet, hex_value(octet)) {
            (_, Some(digit)) => {
                // `h16 = 1*4HEXDIG`
                if digits == 4 || colons == 1 && groups == 0 {
                    return false;
                }
                digits += 1;
                number = number << 4 | usize::from(digit) | if digit > 9 { LETTER } else { 0 };
            }
            (b':', _) if dots == 0 => {
                if digits > 0 {
                    groups = groups.wrapping_add(1);
                    colons = 0;
                }
                colons += 1;
                if colons > 2 || colons == 2 && has_gap {
                    return false;
                }
                has_gap |= colons == 2;
                (digits, number) = (0, 0);
            }
            (b'.', _) if is_dec_octet(digits, number) => {
                dots = dots.wrapping_add(1);
                (digits, number) = (0, 0);
            }
            _ => return false,
        }
    }
    let last = match (dots, digits) {
        (0, 1..) => 1,
        (0, _) if colons == 2 => 0,
        (3, _) if is_dec_octet(digits, number) => 2,
        _ => return false,
    };
    groups = groups.wrapping_add(last);
    if has_gap { groups < 8 } else { groups == 8 }
}

/// A bit that no number of decimal digits has.
const LETTER: usize = 1 << 15;

/// Returns whether these are the digits of a `dec-octet` [RFC 3986 section 3.2.2]: of a number up
/// to 255, without leading zeros. The number has four bits for each digit.
fn is_dec_octet(digits: usize, number: usize) -> bool {
    number <= 0x255 && digits == 1 + usize::from(number > 0xf) + usize::from(number > 0xff)
}

/// `IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )` [RFC 3986 section 3.2.2]
fn is_ipv_future(octets: &[u8]) -> bool {
    if !matches!(octets, [b'v' | b'V', ..]) {
        return false;
    }
    let dot = class_end(octets, 1, HEX_DIGIT);
    let address = dot.wrapping_add(1);
    dot > 1
        && octets.get(dot) == Some(&b'.')
        && address < octets.len()
        && class_end(octets, address, IP_FUTURE) == octets.len()
}

#[cfg(test)]
mod tests {
    use super::{check_host, is_ipv6_address};

    #[test]
    fn rfc3986_3_2_2_every_shape_of_an_ipv6_address() {
        let is_ipv6 = |octets: &str| is_ipv6_address(octets.as_bytes());
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
            assert!(is_ipv6(valid), "{valid}");
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
            "::1.2.3.a",
            "1:",
            "::1:",
            "1:2:3:4:5:6:7:8:",
            ":1",
            "fe80::1%eth0",
        ] {
            assert!(!is_ipv6(invalid), "{invalid}");
        }
    }

    #[test]
    fn rfc9110_7_2_host_and_port() {
        let host_end = |octets: &str| check_host(octets.as_bytes());
        assert_eq!(host_end("a.example"), Ok(9));
        assert_eq!(host_end("a.example:"), Ok(9));
        assert_eq!(host_end("a.example:80"), Ok(9));
        assert_eq!(host_end("a.example:65535"), Ok(9));
        assert_eq!(host_end("a.example:65536"), Err(9));
        assert_eq!(host_end("a.example:8x"), Err(9));
        assert_eq!(host_end("[::1]:80"), Ok(5));
        assert_eq!(host_end("[::1]x"), Err(5));
        assert_eq!(host_end("[::1"), Err(4));
        assert_eq!(host_end("[v1.a:b]"), Ok(8));
        assert_eq!(host_end("[v.a]"), Err(1));
        assert_eq!(host_end("[v1.]"), Err(1));
        assert_eq!(host_end("a%2Eb"), Ok(5));
        assert_eq!(host_end("a%2b"), Ok(4));
        assert_eq!(host_end("a%2"), Err(1));
        assert_eq!(host_end("u@a"), Err(1));
        assert_eq!(host_end(":80"), Err(0));
        assert_eq!(host_end(""), Err(0));
    }
}
