//! Host and port, as in a `Host` field and a request target [RFC 9110 section 7.2, RFC 3986
//! section 3.2].

use super::terminal::{after, called, end, literal, octet, rule, run, some, stop};
use super::{Position, Read, Rule, exactly, read};
use crate::octets::{self, HEX_DIGIT, REG_NAME, encoded_run_end, is};
use crate::scan::{self, Input, Words, fast_path};
use nom::Parser;
use nom::branch::alt;
use nom::combinator::{not, opt};
use nom::sequence::{preceded, terminated};

/// Parses `Host`, and returns the end of the host.
///
/// The error is the position of the first octet that breaks the rule, or the length when the end
/// is missing.
pub(crate) fn check_host(octets: &[u8]) -> Result<usize, usize> {
    exactly(host(), octets)
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

/// `Host = uri-host [ ":" port ]` [RFC 9110 section 7.2], with a host that is not empty: the end of
/// the host
pub(super) fn host<I: Input>() -> impl Rule<I, usize> {
    // An invalid port is an error at its colon.
    terminated(uri_host(), opt((octet(b':'), rule(port), end())))
}

/// `uri-host = IP-literal / IPv4address / reg-name` [RFC 3986 section 3.2.2]: its end. An
/// `IPv4address` is a `reg-name`.
#[inline(always)]
fn uri_host<I: Input>() -> impl Rule<I, usize> {
    rule(|input: I| {
        let (after, ()) = read(alt((reg_name(), ip_literal())), input)?;
        Ok((after, after.position()))
    })
}

/// `port = *DIGIT` [RFC 3986 section 3.2.3], at most 65535
fn port<I: Input>(mut input: I) -> Read<I, ()> {
    let mut port = 0u16;
    while let Some(digit) = input.octet().and_then(octets::digit) {
        let longer = port.checked_mul(10).and_then(|port| port.checked_add(digit.into()));
        port = longer.ok_or(Position(input.position()))?;
        input = after(input, 1);
    }
    Ok((input, ()))
}

/// `reg-name = *( unreserved / pct-encoded / sub-delims )` [RFC 3986 section 3.2.2], not empty
fn reg_name<I: Input>() -> impl Rule<I, ()> {
    rule(|input: I| {
        run(input, encoded_run_end(input.octets(), input.position(), REG_NAME))
            .map(|(after, _)| (after, ()))
    })
}

/// `IP-literal = "[" ( IPv6address / IPvFuture ) "]"` [RFC 3986 section 3.2.2]
fn ip_literal<I: Input>() -> impl Rule<I, ()> {
    preceded(octet(b'['), called(address_in_brackets))
}

/// Returns the end of `( IPv6address / IPvFuture ) "]"`. An address is invalid as a whole.
#[inline(never)]
fn address_in_brackets(octets: &[u8], start: usize) -> Result<usize, Position> {
    let address = (alt((rule(ipv6_address), ipv_future())), octet(b']'));
    match read(address, Words::new(octets).at(start)) {
        Ok((after, _)) => Ok(after.position()),
        Err(_) if octets.iter().skip(start).any(|&octet| octet == b']') => Err(Position(start)),
        Err(_) => Err(Position(octets.len())),
    }
}

/// `IPv6address` [RFC 3986 section 3.2.2]: eight groups of 16 bits, or fewer around one `::`
fn ipv6_address<I: Input>(input: I) -> Read<I, ()> {
    let (end, before) = groups(input.octets(), input.position());
    match read(literal(b"::"), input.at(end)) {
        Ok((rest, ())) => match groups(input.octets(), rest.position()) {
            (end, behind) if before.wrapping_add(behind) < 8 => Ok((input.at(end), ())),
            _ => stop(input.position()),
        },
        Err(_) if before == 8 => Ok((input.at(end), ())),
        Err(_) => stop(input.position()),
    }
}

/// Returns the end of `[ h16 *( ":" h16 ) ]`, and the number of groups. An `IPv4address` at the end
/// counts for two.
#[inline(never)]
fn groups(octets: &[u8], start: usize) -> (usize, usize) {
    let (mut end, mut count) = (start, 0usize);
    let mut next = Words::new(octets).at(start);
    loop {
        if let Ok((after, _)) = read((rule(ipv4_address), not(octet(b':'))), next) {
            return (after.position(), count.wrapping_add(2));
        }
        let Ok((after, ())) = read(h16(), next) else { return (end, count) };
        (end, count) = (after.position(), count.wrapping_add(1));
        next = match read(octet(b':'), after) {
            Ok((after, ())) => after,
            Err(_) => return (end, count),
        };
    }
}

/// `h16 = 1*4HEXDIG` [RFC 3986 section 3.2.2]
fn h16<I: Input>() -> impl Rule<I, ()> {
    rule(|input: I| match read(some(is_hex_digit), input) {
        Ok((rest, ())) if rest.position().wrapping_sub(input.position()) <= 4 => Ok((rest, ())),
        _ => stop(input.position()),
    })
}

fn is_hex_digit(octet: u8) -> bool {
    is(octet, HEX_DIGIT)
}

/// `IPv4address = dec-octet "." dec-octet "." dec-octet "." dec-octet` [RFC 3986 section 3.2.2]
fn ipv4_address<I: Input>(input: I) -> Read<I, ()> {
    let (mut input, ()) = read(called(dec_octet), input)?;
    for _ in 1..4 {
        (input, _) = read((octet(b'.'), called(dec_octet)), input)?;
    }
    Ok((input, ()))
}

/// `dec-octet` [RFC 3986 section 3.2.2]: a number up to 255 without leading zeros
#[inline(never)]
fn dec_octet(octets: &[u8], start: usize) -> Result<usize, Position> {
    let digit_at = |position: usize| octets.get(position).and_then(|&octet| octets::digit(octet));
    let (mut number, mut end) = (0u16, start);
    while let Some(digit) = digit_at(end)
        && (number > 0 || end == start)
    {
        number = number.wrapping_mul(10).wrapping_add(digit.into());
        end = end.wrapping_add(1);
        if number > 255 {
            return Err(Position(end));
        }
    }
    if end == start { Err(Position(start)) } else { Ok(end) }
}

/// `IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )` [RFC 3986 section 3.2.2]
fn ipv_future<I: Input>() -> impl Rule<I, ()> {
    let version = (alt((octet(b'v'), octet(b'V'))), some(is_hex_digit));
    (version, octet(b'.'), some(|octet| octet == b':' || is(octet, REG_NAME))).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::{Words, check_host, exactly, ipv6_address, rule};

    #[test]
    fn rfc3986_3_2_2_every_shape_of_an_ipv6_address() {
        let is_ipv6 =
            |octets: &str| exactly(rule(ipv6_address::<Words<'_>>), octets.as_bytes()).is_ok();
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
            "1:",
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
