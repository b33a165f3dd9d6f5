//! Messages, and the readings of them.

/// The role of a message: a request, or a response to one of three methods.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Request,
    /// A response to GET.
    Get,
    /// A response to HEAD.
    Head,
    /// A response to CONNECT.
    Connect,
}

impl Role {
    pub(crate) const ALL: [Role; 4] = [Role::Request, Role::Get, Role::Head, Role::Connect];

    /// Returns the method that the response responds to.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Role::Request | Role::Get => "GET",
            Role::Head => "HEAD",
            Role::Connect => "CONNECT",
        }
    }
}

/// The octets that a peer sends before it closes the connection.
///
/// Only the first message in them is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Message {
    pub(crate) role: Role,
    pub(crate) octets: Vec<u8>,
}

/// The outcome of reading a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// A rejection, with the reader's own name of the error.
    Rejected(String),
    /// A connection that was closed before the end of the message.
    ///
    /// The reading is that of the head, if the head is complete.
    Incomplete(Option<Reading>),
    Accepted(Reading),
}

impl Outcome {
    /// Returns the second part of the start line, which is the status code of a response.
    pub(crate) fn status(&self) -> Option<&[u8]> {
        match self {
            Outcome::Accepted(reading) | Outcome::Incomplete(Some(reading)) => {
                reading.start[1].as_deref()
            }
            _ => None,
        }
    }
}

/// The framing of the body. A length of zero is no body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Framing {
    None,
    Length(u64),
    Chunked,
    UntilClose,
    Tunnel,
}

/// The parts of a message. A part is `None` where the reader's interface does not show it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) framing: Option<Framing>,
    /// The method, target and version; or the version, status and reason.
    pub(crate) start: [Option<Vec<u8>>; 3],
    pub(crate) fields: Vec<Field>,
    pub(crate) content: Option<Vec<u8>>,
    pub(crate) trailers: Option<Vec<Field>>,
    /// The number of octets of the message.
    pub(crate) end: Option<usize>,
}

/// A field: name and value.
pub(crate) type Field = (Vec<u8>, Vec<u8>);

/// Removes spaces and tabs at both ends.
pub(crate) fn trim(octets: &[u8]) -> &[u8] {
    let is_space = |octet: &u8| matches!(octet, b' ' | b'\t');
    let start = octets.iter().position(|octet| !is_space(octet)).unwrap_or(octets.len());
    let end = octets.iter().rposition(|octet| !is_space(octet)).map_or(start, |last| last + 1);
    &octets[start..end]
}
