//! Host and port, as they stand in a `Host` field and in a request target [RFC 9110 section 7.2, RFC 3986 section 3.2].

use crate::octets::{REG_NAME, digit, is};
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
    let name_end = scan::name_end(octets, start);
    match octets.get(name_end) {
        _ if start < name_end && name_end == end => true,
        Some(b':') if start < name_end => octets.get(name_end.wrapping_add(1)..end).is_some_and(is_port),
        Some(b'[' | b'%') => check_authority(octets.get(start..end).unwrap_or(&[])).is_ok(),
        _ => false,
    }
}

/// `port = *DIGIT` [RFC 3986 section 3.2.3], no larger than a port can be.
fn is_port(digits: &[u8]) -> bool {
    decimal(digits).is_some_and(|port| port <= 0xffff)
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
    let end = octets.iter().position(|&octet| octet == b':').unwrap_or(octets.len());
    match octets.get(..end) {
        Some([]) | None => Err(0),
        Some(name) => check_reg_name(name).map(|()| end),
    }
}

/// `reg-name = *( unreserved / pct-encoded / sub-delims )` [RFC 3986 section 3.2.2].
fn check_reg_name(name: &[u8]) -> Result<(), usize> {
    let mut rest = name;
    loop {
        rest = match rest {
            [] => return Ok(()),
            [b'%', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => after,
            [octet, after @ ..] if is(*octet, REG_NAME) => after,
            _ => return Err(name.len().wrapping_sub(rest.len())),
        }
    }
}

/// `IPv6address` [RFC 3986 section 3.2.2]: eight groups of 16 bits, or fewer around one `::`.
fn is_ipv6(address: &[u8]) -> bool {
    let gap = address.windows(2).position(|pair| pair == b"::");
    match gap {
        None => groups(address, Tail::MayBeIpv4) == Some(8),
        Some(at) => {
            let before = address.get(..at).unwrap_or(address);
            let after = address.get(at.wrapping_add(2)..).unwrap_or(address);
            match (groups(before, Tail::IsGroup), groups(after, Tail::MayBeIpv4)) {
                (Some(before), Some(after)) => before.saturating_add(after) <= 7,
                _ => false,
            }
        }
    }
}

/// What the last part of a run of groups may be.
#[derive(Clone, Copy, PartialEq)]
enum Tail {
    IsGroup,
    MayBeIpv4,
}

/// How many groups of 16 bits stand here, an IPv4 address at the end counting for two.
fn groups(text: &[u8], tail: Tail) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let mut parts = text.split(|&octet| octet == b':').peekable();
    let mut count = 0usize;
    while let Some(part) = parts.next() {
        let is_group = matches!(part.len(), 1..=4) && part.iter().all(u8::is_ascii_hexdigit);
        let is_tail = tail == Tail::MayBeIpv4 && parts.peek().is_none() && is_ipv4(part);
        count = count.checked_add(match (is_group, is_tail) {
            (true, _) => 1,
            (_, true) => 2,
            _ => return None,
        })?;
    }
    Some(count)
}

/// `IPv4address` [RFC 3986 section 3.2.2]: four numbers up to 255 without leading zeros.
fn is_ipv4(address: &[u8]) -> bool {
    let numbers = address.split(|&octet| octet == b'.');
    let is_dec_octet = |number: &[u8]| match number {
        [] | [b'0', _, ..] => false,
        digits => decimal(digits).is_some_and(|number| number <= 255),
    };
    numbers.clone().count() == 4 && numbers.clone().all(is_dec_octet)
}

/// `IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )` [RFC 3986 section 3.2.2].
fn is_future(address: &[u8]) -> bool {
    let [b'v' | b'V', rest @ ..] = address else {
        return false;
    };
    let mut parts = rest.splitn(2, |&octet| octet == b'.');
    let (Some(version), Some(body)) = (parts.next(), parts.next()) else {
        return false;
    };
    let is_body = |&octet: &u8| octet == b':' || is(octet, REG_NAME);
    !version.is_empty() && version.iter().all(u8::is_ascii_hexdigit) && !body.is_empty() && body.iter().all(is_body)
}

/// A number of decimal digits; none makes zero.
fn decimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |number, &octet| number.checked_mul(10)?.checked_add(u32::from(digit(octet)?)))
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
