//! Host and port, as in a `Host` field and a request target [RFC 9110 section 7.2, RFC 3986
//! section 3.2].

use crate::octets::{HEX_DIGIT, IS_WIDE, REG_NAME, digit, encoded_run_end, is, run_length};
use crate::scan;

/// Parses `uri-host [ ":" port ]` with a host that is not empty, and returns the end of the host.
///
/// The error is the position of the first octet that breaks the rule, or the length when the end
/// is missing.
pub(crate) fn check_authority(octets: &[u8]) -> Result<usize, usize> {
    let host_end = host_end(octets)?;
    match octets.get(host_end..) {
        Some([b':', port @ ..]) if is_port(port) => Ok(host_end),
        Some([]) => Ok(host_end),
        _ => Err(host_end),
    }
}

/// Returns whether the octets from `start` to `end` are an authority. Plain host names take the
/// fast path.
#[inline(always)]
pub(crate) fn is_authority(octets: &[u8], start: usize, end: usize) -> bool {
    if IS_WIDE {
        let name_end = scan::name_end(octets, start);
        match octets.get(name_end) {
            _ if start < name_end && name_end == end => return true,
            Some(b':') if start < name_end => {
                return octets.get(name_end.wrapping_add(1)..end).is_some_and(is_port);
            }
            Some(b'[' | b'%') => {}
            _ => return false,
        }
    }
    octets.get(start..end).is_some_and(|authority| check_authority(authority).is_ok())
}

/// Returns whether the octets are `port = *DIGIT` [RFC 3986 section 3.2.3], at most 65535.
#[inline(always)]
fn is_port(digits: &[u8]) -> bool {
    // Four digits always fit into 16 bits.
    match IS_WIDE && digits.len() <= 4 {
        true => digits.iter().all(u8::is_ascii_digit),
        false => is_any_port(digits),
    }
}

#[cfg_attr(target_pointer_width = "64", inline(never))]
fn is_any_port(digits: &[u8]) -> bool {
    let port = digits
        .iter()
        .try_fold(0u16, |port, &octet| port.checked_mul(10)?.checked_add(digit(octet)?.into()));
    port.is_some()
}

/// Returns the end of the host, or the position of the first invalid octet.
fn host_end(octets: &[u8]) -> Result<usize, usize> {
    if let [b'[', literal @ ..] = octets {
        let length = literal.iter().position(|&octet| octet == b']').ok_or(octets.len())?;
        return match literal.get(..length) {
            Some(inside) if is_ipv6(inside) || is_future(inside) => Ok(length.wrapping_add(2)),
            _ => Err(1),
        };
    }
    // `reg-name = *( unreserved / pct-encoded / sub-delims )` [RFC 3986 section 3.2.2].
    let end = encoded_run_end(octets, 0, REG_NAME);
    match octets.get(end..) {
        Some([b':', ..] | []) if end > 0 => Ok(end),
        _ => Err(end),
    }
}

/// `IPv6address` [RFC 3986 section 3.2.2]: eight groups of 16 bits, or fewer around one `::`; an
/// IPv4 address at the end counts for two.
#[inline(never)]
fn is_ipv6(address: &[u8]) -> bool {
    let (mut rest, mut has_gap) = match address {
        [b':', b':', rest @ ..] => (rest, true),
        _ => (address, false),
    };
    let mut groups = 0usize;
    while !(has_gap && rest.is_empty()) {
        let digits = run_length(rest, HEX_DIGIT);
        groups = groups.wrapping_add(1);
        rest = match rest.get(digits..) {
            Some([b'.', ..]) if is_ipv4(rest) => {
                groups = groups.wrapping_add(1);
                break;
            }
            _ if !matches!(digits, 1..=4) => return false,
            Some([b':', b':', after @ ..]) if !has_gap => {
                has_gap = true;
                after
            }
            Some([b':', after @ ..]) if !after.is_empty() => after,
            Some([]) => break,
            _ => return false,
        };
    }
    if has_gap { groups < 8 } else { groups == 8 }
}

/// `IPv4address` [RFC 3986 section 3.2.2]: four numbers up to 255 without leading zeros.
fn is_ipv4(address: &[u8]) -> bool {
    let (mut dots, mut number) = (0, None);
    for &octet in address {
        number = match (number, octet) {
            (None, b'0'..=b'9') => Some(u16::from(octet & 0xf)),
            (Some(number @ 1..=25), b'0'..=b'9') => Some(number * 10 + u16::from(octet & 0xf)),
            (Some(..=255), b'.') if dots < 3 => {
                dots += 1;
                None
            }
            _ => return false,
        }
    }
    dots == 3 && matches!(number, Some(..=255))
}

/// `IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )` [RFC 3986 section 3.2.2].
fn is_future(address: &[u8]) -> bool {
    let [b'v' | b'V', rest @ ..] = address else {
        return false;
    };
    let digits = run_length(rest, HEX_DIGIT);
    match rest.get(digits..) {
        Some([b'.', body @ ..]) if digits > 0 && !body.is_empty() => {
            body.iter().all(|&octet| octet == b':' || is(octet, REG_NAME))
        }
        _ => false,
    }
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
        let host_end = |octets: &str| check_authority(octets.as_bytes());
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
