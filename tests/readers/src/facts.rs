//! Facts about a message's octets, for the classes.
//!
//! Nothing is judged: a line ends at any LF, and a name at the colon.

use crate::message::{Message, Role, trim};
use crate::proof::{host_and_port, is_chunked, is_digits, suits};

pub(crate) struct Facts<'m> {
    message: &'m Message,
    /// The lines of the head, without their ends, up to the empty line.
    pub(crate) lines: Vec<&'m [u8]>,
    /// `true` if the head has its empty line.
    pub(crate) is_head_whole: bool,
    /// The offset of the body.
    pub(crate) body: usize,
}

impl<'m> Facts<'m> {
    pub(crate) fn new(message: &'m Message) -> Self {
        let (mut lines, mut is_head_whole, mut body) = (Vec::new(), false, 0);
        for line in message.octets.split_inclusive(|octet| *octet == b'\n') {
            body += line.len();
            let text = line
                .strip_suffix(b"\n")
                .map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
            // Leading empty lines are skipped.
            if text.is_empty() && !lines.is_empty() {
                is_head_whole = line.ends_with(b"\n");
                break;
            }
            if !text.is_empty() {
                lines.push(text);
            }
        }
        Self { message, lines, is_head_whole, body }
    }

    /// Returns one of the three parts of the start line, which are separated by spaces.
    pub(crate) fn start(&self, place: usize) -> &'m [u8] {
        let line = self.lines.first().copied().unwrap_or(&[]);
        line.split(|octet| *octet == b' ').filter(|part| !part.is_empty()).nth(place).unwrap_or(&[])
    }

    fn is_request(&self) -> bool {
        self.message.role == Role::Request
    }

    pub(crate) fn version(&self) -> &'m [u8] {
        self.start(if self.is_request() { 2 } else { 0 })
    }

    /// Returns the values of the fields of this name, unfolded and trimmed.
    pub(crate) fn values(&self, name: &str) -> Vec<Vec<u8>> {
        let mut values: Vec<Vec<u8>> = Vec::new();
        let mut is_named = false;
        for line in self.lines.iter().skip(1) {
            if let (true, Some(value)) = (
                line.starts_with(b" ") || line.starts_with(b"\t"),
                values.last_mut().filter(|_| is_named),
            ) {
                value.push(b' ');
                value.extend_from_slice(trim(line));
                *value = trim(value).to_vec();
                continue;
            }
            let colon = line.iter().position(|octet| *octet == b':').unwrap_or(line.len());
            is_named =
                colon < line.len() && trim(&line[..colon]).eq_ignore_ascii_case(name.as_bytes());
            if is_named {
                values.push(trim(&line[colon + 1..]).to_vec());
            }
        }
        values
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        !self.values(name).is_empty()
    }

    /// Returns whether a line of the head begins with whitespace.
    pub(crate) fn has_fold(&self) -> bool {
        self.lines.iter().skip(1).any(|line| line.starts_with(b" ") || line.starts_with(b"\t"))
    }

    /// Returns whether no body can follow, with any fields [RFC 9112 section 6.3].
    pub(crate) fn is_without_body(&self) -> bool {
        let status = self.start(1);
        match self.message.role {
            Role::Request => false,
            Role::Head => true,
            Role::Connect if status.starts_with(b"2") => true,
            _ => status.starts_with(b"1") || status == b"204" || status == b"304",
        }
    }

    pub(crate) fn is_interim(&self) -> bool {
        !self.is_request() && self.start(1).starts_with(b"1")
    }

    /// Returns whether a `Transfer-Encoding` value is not a list of codings [RFC 9112 section 7].
    pub(crate) fn has_invalid_coding(&self) -> bool {
        self.values("transfer-encoding").iter().any(|value| {
            split(value, b',').iter().any(|member| !member.is_empty() && !is_coding(member))
        })
    }

    /// Returns the number of unusual parts of the head: a sample of a class has few of them.
    pub(crate) fn oddities(&self) -> usize {
        let (lengths, codings, hosts) =
            (self.values("content-length"), self.values("transfer-encoding"), self.values("host"));
        let is_one = |values: &[Vec<u8>], is_usual: fn(&[u8]) -> bool| match values {
            [] => true,
            [value] => is_usual(value),
            _ => false,
        };
        let head = &self.message.octets[..self.body.min(self.message.octets.len())];
        let is_line_end =
            |place: usize| head[place] != b'\n' || place > 0 && head[place - 1] == b'\r';
        let is_host_usual = hosts.len() == 1
            || !self.is_request()
            || hosts.is_empty() && self.version() == b"HTTP/1.0";
        let usual = [
            self.is_head_whole,
            head.is_ascii(),
            (0..head.len()).all(is_line_end),
            !self.has_fold(),
            lengths.is_empty() || codings.is_empty(),
            is_one(&lengths, is_digits),
            is_one(&codings, is_chunked),
            codings.is_empty() || self.version() == b"HTTP/1.1",
            matches!(self.version(), b"HTTP/1.1" | b"HTTP/1.0"),
            is_host_usual && hosts.iter().all(|host| host_and_port(host).is_some()),
            !self.is_request() || suits(self.start(0), self.start(1)),
            self.is_request() || matches!(self.start(1), [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9']),
        ];
        usual.into_iter().filter(|is_usual| !is_usual).count()
    }

    pub(crate) fn body(&self) -> &'m [u8] {
        self.message.octets.get(self.body..).unwrap_or(&[])
    }

    /// Returns the line of the body that has this octet.
    pub(crate) fn body_line(&self, octet: usize) -> &'m [u8] {
        let octets = &self.message.octets;
        let start = octets[..octet.min(octets.len())]
            .iter()
            .rposition(|octet| *octet == b'\n')
            .map_or(0, |place| place + 1);
        octets[start..].split(|octet| *octet == b'\n').next().unwrap_or(&[])
    }
}

pub(crate) fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty()
        && octets
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet))
}

/// `transfer-coding = token *( OWS ";" OWS token BWS "=" BWS ( token / quoted-string ) )`
fn is_coding(member: &[u8]) -> bool {
    let parts = split(member, b';');
    let is_parameter = |part: &&[u8]| {
        let Some(place) = part.iter().position(|octet| *octet == b'=') else { return false };
        let value = trim(&part[place + 1..]);
        let is_quoted = value.len() > 1 && value.starts_with(b"\"") && value.ends_with(b"\"");
        is_token(trim(&part[..place])) && (is_token(value) || is_quoted)
    };
    parts
        .split_first()
        .is_some_and(|(coding, parameters)| is_token(coding) && parameters.iter().all(is_parameter))
}

/// Splits a list at separators outside of quoted strings.
pub(crate) fn split(value: &[u8], separator: u8) -> Vec<&[u8]> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = value.split(|octet| {
        let was_escaped = is_escaped;
        is_escaped = is_quoted && !was_escaped && *octet == b'\\';
        if *octet == b'"' && !was_escaped {
            is_quoted = !is_quoted;
        }
        *octet == separator && !is_quoted
    });
    parts.map(trim).collect()
}
