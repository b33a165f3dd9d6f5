//! Judges messages by the RFCs' grammar and their other requirements.

use crate::abnf::{Grammar, Lists};
use bareline_core::body::Framing;
use bareline_fuzz::BodyEvent;
use regex::bytes::Regex;

/// The grammar of the RFCs.
pub(crate) const GRAMMAR: &str = include_str!("grammar.abnf");

/// The verdict on octets that should be exactly one head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// Octets that are not one head.
    Rejected,
    /// One head: its framing, and the meaning of its fields for the connection.
    ///
    /// A response has the framings after GET, HEAD and CONNECT.
    Head([Option<Framing>; 3], Says),
}

/// The meaning of a head's fields for the connection; a response has the first alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Says {
    pub(crate) persists: bool,
    pub(crate) expects_continue: bool,
    pub(crate) offers_upgrade: bool,
}

impl Verdict {
    /// Returns whether the head and its framing are accepted.
    pub(crate) fn is_accepted(self) -> bool {
        matches!(self, Self::Head([Some(_), ..], _))
    }
}

/// The lines of a head: the parts of the start line, and the names and values of fields.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Head<'m> {
    pub(crate) start: [&'m [u8]; 3],
    pub(crate) fields: Vec<(&'m [u8], &'m [u8])>,
}

impl<'m> Head<'m> {
    /// Splits a head at its line ends, the spaces of its start line and the colons after field
    /// names.
    pub(crate) fn split(octets: &'m [u8]) -> Option<Self> {
        let mut lines = lines(octets.strip_suffix(b"\r\n\r\n")?);
        let mut parts = lines.next()?.splitn(3, |&octet| octet == b' ');
        let start = [parts.next()?, parts.next()?, parts.next()?];
        let field = |line: &'m [u8]| {
            let colon = line.iter().position(|&octet| octet == b':')?;
            Some((&line[..colon], trim(&line[colon + 1..])))
        };
        Some(Self { start, fields: lines.map(field).collect::<Option<_>>()? })
    }

    /// Returns the values of the fields of this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &'m [u8]> {
        let fields = self
            .fields
            .iter()
            .filter(move |(found, _)| found.eq_ignore_ascii_case(name.as_bytes()));
        fields.map(|(_, value)| *value)
    }

    /// Returns whether there is a field of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// Returns the members of the lists of this name; a comma within quotes does not end one.
    pub(crate) fn members(&self, name: &str) -> Vec<&'m [u8]> {
        self.all(name).flat_map(members).collect()
    }
}

/// Returns the lines between CRLFs.
fn lines(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut is_over = false;
    std::iter::from_fn(move || {
        let end = text.windows(2).position(|two| two == b"\r\n");
        let line = (!is_over).then(|| &text[..end.unwrap_or(text.len())]);
        is_over |= end.is_none();
        text = end.map_or(&[], |end| &text[end + 2..]);
        line
    })
}

/// Returns the members of a list, empty ones included [RFC 9110 section 5.6.1].
pub(crate) fn members(list: &[u8]) -> Vec<&[u8]> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let split = list.split(|&octet| {
        let is_end = octet == b',' && !is_quoted;
        is_quoted ^= octet == b'"' && !is_escaped;
        is_escaped = octet == b'\\' && is_quoted && !is_escaped;
        is_end
    });
    split.map(trim).collect()
}

/// Returns the octets without whitespace around them.
pub(crate) fn trim(mut octets: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = octets {
        octets = rest;
    }
    octets
}

/// Returns the number, if it fits into 64 bits; more digits are an overflow [RFC 9110 section 8.6].
fn number(digits: &[u8], base: u32) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, base).ok()
}

/// The compiled expressions of the rules.
#[derive(Clone)]
pub(crate) struct Rfc {
    pub(crate) request: Regex,
    pub(crate) response: Regex,
    pub(crate) origin: Regex,
    pub(crate) absolute: Regex,
    pub(crate) authority: Regex,
    pub(crate) token: Regex,
    pub(crate) field_value: Regex,
    host: Regex,
    length: Regex,
    codings: Regex,
    connection: Regex,
    chunk_line: Regex,
    trailers: Regex,
}

impl Rfc {
    /// Compiles the grammar.
    pub(crate) fn new(lists: Lists) -> Self {
        let grammar = Grammar::new(GRAMMAR);
        let rule = |name| grammar.matcher(name, lists);
        Self {
            request: rule("HTTP-request"),
            response: rule("HTTP-response"),
            origin: rule("origin-form"),
            absolute: rule("absolute-form"),
            authority: rule("authority-form"),
            token: rule("token"),
            field_value: rule("field-value"),
            host: rule("Host"),
            length: rule("Content-Length"),
            codings: rule("Transfer-Encoding"),
            connection: rule("Connection"),
            chunk_line: rule("chunk-line"),
            trailers: rule("trailer-section"),
        }
    }

    /// Judges the head of a request.
    pub(crate) fn request(&self, octets: &[u8]) -> Verdict {
        let judge = || {
            if !self.request.is_match(octets) {
                return None;
            }
            let head = Head::split(octets)?;
            let [method, target, version] = head.start;
            // RFC 9112 section 3.2: exactly one Host in HTTP/1.1, never two, never an invalid one.
            let hosts = head.all("host").count();
            let is_host = if is_http10(version) { hosts <= 1 } else { hosts == 1 };
            let is_host = is_host && head.all("host").all(|value| self.host.is_match(value));
            let may_go_on = is_within_our_limits(method, target, octets)
                && is_host
                && is_version(version)
                && self.suits(method, target);
            let framing = may_go_on.then(|| self.framing(&head, version)).flatten()?;
            // RFC 9112 section 6.3: a request without a final chunked has no end.
            let framing = if framing == Framing::UntilClose && head.has("transfer-encoding") {
                return None;
            } else {
                framing
            };
            let framing = if framing == Framing::UntilClose { Framing::None } else { framing };
            Some(Verdict::Head([Some(framing); 3], self.says(&head, version)?))
        };
        judge().unwrap_or(Verdict::Rejected)
    }

    /// Judges the head of a response.
    pub(crate) fn response(&self, octets: &[u8]) -> Verdict {
        let judge = || {
            if !self.response.is_match(octets) {
                return None;
            }
            let head = Head::split(octets)?;
            let [version, status, _] = head.start;
            let says = Says {
                expects_continue: false,
                offers_upgrade: false,
                ..self.says(&head, version)?
            };
            if !is_version(version) || !is_within_our_limits(b"", b"", octets) {
                return None;
            }
            // RFC 9112 section 6.3, in its order.
            let any = || self.framing(&head, version);
            let [get, head, connect] = match status {
                b"101" => [Some(Framing::Tunnel); 3],
                b"304" | [b'1', ..] => [Some(Framing::None); 3],
                b"204" => [Some(Framing::None), Some(Framing::None), Some(Framing::Tunnel)],
                [b'2', ..] => [any(), Some(Framing::None), Some(Framing::Tunnel)],
                _ => [any(), Some(Framing::None), any()],
            };
            Some(Verdict::Head([get, head, connect], says))
        };
        judge().unwrap_or(Verdict::Rejected)
    }

    /// Returns whether a target may follow a method [RFC 9112 section 3.2].
    pub(crate) fn suits(&self, method: &[u8], target: &[u8]) -> bool {
        match (method, target) {
            // RFC 9110 section 9.3.6: an empty or an invalid port is rejected.
            (b"CONNECT", _) => {
                self.authority.is_match(target)
                    && port(target).is_some_and(|port| !port.is_empty() && is_port(port))
            }
            (b"OPTIONS", b"*") => true,
            _ => self.origin.is_match(target) || self.absolute.is_match(target),
        }
    }

    /// Returns the framing by the fields of a response, if it can be trusted [RFC 9112 section
    /// 6.3].
    fn framing(&self, head: &Head<'_>, version: &[u8]) -> Option<Framing> {
        if head.has("transfer-encoding") {
            let codings: Vec<_> = head
                .members("transfer-encoding")
                .into_iter()
                .filter(|coding| !coding.is_empty())
                .collect();
            let is_chunked = |coding: &&[u8]| coding.eq_ignore_ascii_case(b"chunked");
            // RFC 9112 section 7.1: parameters of chunked are an error.
            let has_parameters = |coding: &&[u8]| {
                let name = coding.split(|octet| b"; \t".contains(octet)).next().unwrap_or_default();
                is_chunked(&name) && !is_chunked(coding)
            };
            let is_valid = head.all("transfer-encoding").all(|value| self.codings.is_match(value));
            // RFC 9112 section 6.1: chunked once; the framing of a coding in HTTP/1.0 is invalid.
            let is_trusted = is_valid
                && !is_http10(version)
                && !codings.iter().any(has_parameters)
                && codings.iter().filter(|coding| is_chunked(coding)).count() <= 1;
            let is_last = codings.last().is_some_and(is_chunked);
            return is_trusted.then_some(if is_last {
                Framing::Chunked
            } else {
                Framing::UntilClose
            });
        }
        let lengths: Vec<_> = head.all("content-length").collect();
        match lengths[..] {
            [] => Some(Framing::UntilClose),
            // RFC 9110 section 8.6: one number.
            [length] if self.length.is_match(length) => number(length, 10).map(Framing::Length),
            _ => None,
        }
    }

    /// Returns the meaning of the fields for the connection, if its options are valid.
    ///
    /// The fields say whether the connection persists [RFC 9112 section 9.3], a 100 is expected
    /// [RFC 9110 section 10.1.1], and another protocol is offered [RFC 9110 section 7.8].
    fn says(&self, head: &Head<'_>, version: &[u8]) -> Option<Says> {
        let has_member = |list: &str, name: &str| {
            head.members(list).iter().any(|member| member.eq_ignore_ascii_case(name.as_bytes()))
        };
        let has = |name: &str| has_member("connection", name);
        let is_valid = head.all("connection").all(|value| self.connection.is_match(value));
        is_valid.then(|| Says {
            persists: !has("close") && (!is_http10(version) || has("keep-alive")),
            // A server ignores the expectations and the Upgrade of a client of HTTP/1.0.
            expects_continue: !is_http10(version) && has_member("expect", "100-continue"),
            offers_upgrade: !is_http10(version)
                && has("upgrade")
                && head.members("upgrade").iter().any(|member| !member.is_empty()),
        })
    }

    /// Decodes octets that are exactly one chunked body [RFC 9112 section 7.1].
    pub(crate) fn body(&self, octets: &[u8]) -> Option<Vec<BodyEvent>> {
        let mut events = Vec::new();
        let mut rest = octets;
        loop {
            let end = rest.windows(2).position(|two| two == b"\r\n")?;
            let (line, after) = (&rest[..end], &rest[end + 2..]);
            if !self.chunk_line.is_match(line) {
                return None;
            }
            let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
            let size = number(&line[..digits], 16)?;
            events.push(BodyEvent::Chunk(size, line[digits..].to_vec()));
            if size == 0 {
                rest = after;
                break;
            }
            let (data, after) = after.split_at_checked(usize::try_from(size).ok()?)?;
            events.push(BodyEvent::Content(data.to_vec()));
            rest = after.strip_prefix(b"\r\n")?;
        }
        let trailers = rest.strip_suffix(b"\r\n")?;
        if !self.trailers.is_match(trailers) {
            return None;
        }
        for line in lines(trailers).filter(|line| !line.is_empty()) {
            let colon = line.iter().position(|&octet| octet == b':')?;
            events.push(BodyEvent::Trailer(
                line[..colon].to_vec(),
                trim(&line[colon + 1..]).to_vec(),
            ));
        }
        events.push(BodyEvent::End(octets.len()));
        Some(events)
    }
}

/// Returns whether a head is within our limits.
///
/// The numbers are our own: RFC 9112 section 3 and RFC 9110 section 5.4 require limits, and give no
/// maximum.
fn is_within_our_limits(method: &[u8], target: &[u8], head: &[u8]) -> bool {
    method.len() <= 64 && target.len() <= 16_384 && head.len() <= 65_535
}

/// Returns whether a version is handled [RFC 9110 section 2.5]: another major version is rejected.
fn is_version(version: &[u8]) -> bool {
    version.starts_with(b"HTTP/1.")
}

/// Returns whether a version is HTTP/1.0.
pub(crate) fn is_http10(version: &[u8]) -> bool {
    version == b"HTTP/1.0"
}

/// Returns the port of a valid authority.
pub(crate) fn port(authority: &[u8]) -> Option<&[u8]> {
    let colon = authority.iter().rposition(|&octet| octet == b':')?;
    (!authority[colon..].contains(&b']')).then(|| &authority[colon + 1..])
}

/// Returns whether the digits are a TCP port.
pub(crate) fn is_port(digits: &[u8]) -> bool {
    digits.is_empty() || number(digits, 10).is_some_and(|port| port <= 65_535)
}
