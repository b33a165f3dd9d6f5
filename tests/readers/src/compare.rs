//! The comparison of what two readers read in a message.

use crate::message::{Field, Framing, Outcome, Reading, Role, trim};
use crate::reader::Peer;

/// The difference of two outcomes: the verdict, or the first part that differs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Difference {
    /// Bareline rejects a message that is accepted or incomplete for the other reader.
    WeReject,
    /// The other reader rejects a message that is accepted or incomplete for bareline.
    TheyReject,
    /// The message is incomplete for bareline and complete for the other reader.
    WeWait,
    /// The message is complete for bareline and incomplete for the other reader.
    TheyWait,
    /// The head is complete for only one of them.
    Head,
    Framing,
    Method,
    Target,
    Version,
    Status,
    Reason,
    Fields,
    Content,
    Trailers,
    End,
}

/// Returns the first difference.
///
/// Parts that a reader documents to normalise are normalised on both sides.
pub(crate) fn difference(
    peer: Peer,
    role: Role,
    ours: &Outcome,
    theirs: &Outcome,
) -> Option<Difference> {
    match (ours, theirs) {
        (Outcome::Rejected(_), Outcome::Rejected(_)) => None,
        (Outcome::Rejected(_), _) => Some(Difference::WeReject),
        (_, Outcome::Rejected(_)) => Some(Difference::TheyReject),
        // Without a body of the other reader, only the head is compared.
        (Outcome::Incomplete(Some(ours)), Outcome::Accepted(theirs))
            if theirs.content.is_none() =>
        {
            head_difference(peer, role, ours, theirs)
        }
        (Outcome::Incomplete(_), Outcome::Accepted(_)) => Some(Difference::WeWait),
        (Outcome::Accepted(_), Outcome::Incomplete(_)) => Some(Difference::TheyWait),
        (Outcome::Incomplete(Some(ours)), Outcome::Incomplete(Some(theirs))) => {
            head_difference(peer, role, ours, theirs)
        }
        (Outcome::Incomplete(None), Outcome::Incomplete(None)) => None,
        // Every reader shows a complete head.
        (Outcome::Incomplete(_), Outcome::Incomplete(_)) => Some(Difference::Head),
        (Outcome::Accepted(ours), Outcome::Accepted(theirs)) => {
            head_difference(peer, role, ours, theirs)
                .or_else(|| body_difference(peer, ours, theirs))
        }
    }
}

fn head_difference(peer: Peer, role: Role, ours: &Reading, theirs: &Reading) -> Option<Difference> {
    let places = match role {
        Role::Request => [Difference::Method, Difference::Target, Difference::Version],
        _ => [Difference::Version, Difference::Status, Difference::Reason],
    };
    // Not every reader reports an upgrade; for all of them the message has no body then.
    let body = |framing| if framing == Framing::Tunnel { Framing::None } else { framing };
    if let (Some(one), Some(other)) = (ours.framing, theirs.framing)
        && body(one) != body(other)
    {
        return Some(Difference::Framing);
    }
    for (place, (one, other)) in places.into_iter().zip(ours.start.iter().zip(&theirs.start)) {
        let (Some(one), Some(other)) = (one, other) else { continue };
        let is_same = match place {
            Difference::Target if peer == Peer::Hyper => is_uri(one, other),
            // Go and h11 trim the start of a reason phrase, hyper shows none.
            Difference::Reason => trim(one) == trim(other),
            _ => one == other,
        };
        if !is_same {
            return Some(place);
        }
    }
    (fields(peer, &ours.fields) != fields(peer, &theirs.fields)).then_some(Difference::Fields)
}

fn body_difference(peer: Peer, ours: &Reading, theirs: &Reading) -> Option<Difference> {
    if ours.content.is_some() && theirs.content.is_some() && ours.content != theirs.content {
        return Some(Difference::Content);
    }
    if let (Some(one), Some(other)) = (&ours.trailers, &theirs.trailers)
        && fields(peer, one) != fields(peer, other)
    {
        return Some(Difference::Trailers);
    }
    (ours.end.is_some() && theirs.end.is_some() && ours.end != theirs.end)
        .then_some(Difference::End)
}

/// Returns whether the targets are equal in hyper's form.
///
/// hyper writes scheme and host in lower case [RFC 3986 section 6.2.2.1], and adds the path `/` to
/// an absolute form without one [RFC 9112 section 3.2.1].
fn is_uri(ours: &[u8], theirs: &[u8]) -> bool {
    let query = ours.iter().position(|octet| *octet == b'?').unwrap_or(ours.len());
    let with_path = [&ours[..query], b"/", &ours[query..]].concat();
    theirs.eq_ignore_ascii_case(ours) || theirs.eq_ignore_ascii_case(&with_path)
}

/// The fields that Go's `Request` and `Response` move or drop.
const MOVED_BY_GO: &[&[u8]] = &[
    b"host",
    b"transfer-encoding",
    b"content-length",
    b"trailer",
    b"connection",
    b"cache-control",
];

/// Returns the fields in a form to compare, without whitespace around values.
///
/// With a map of fields, they are sorted by lower-case name, and those of one name keep their
/// order.
fn fields(peer: Peer, fields: &[Field]) -> Vec<Field> {
    let mut fields: Vec<_> =
        fields.iter().map(|(name, value)| (name.clone(), trim(value).to_vec())).collect();
    if matches!(peer, Peer::Go | Peer::Hyper) {
        fields.iter_mut().for_each(|(name, _)| name.make_ascii_lowercase());
        fields.sort_by(|one, other| one.0.cmp(&other.0));
    }
    if peer == Peer::Go {
        fields.retain(|(name, _)| !MOVED_BY_GO.contains(&&**name));
    }
    fields
}

/// Returns whether the fields are equal but for the number of consecutive spaces and tabs.
pub(crate) fn are_same_but_for_spaces(peer: Peer, ours: &Outcome, theirs: &Outcome) -> bool {
    narrow(peer, ours) == narrow(peer, theirs)
}

/// Returns whether the fields are equal without those of framing, whose values are rewritten.
pub(crate) fn are_same_without_framing(peer: Peer, ours: &Outcome, theirs: &Outcome) -> bool {
    let other = |outcome: &Outcome| {
        let mut fields = narrow(peer, outcome);
        let is_framing = |name: &[u8]| {
            name.eq_ignore_ascii_case(b"content-length")
                || name.eq_ignore_ascii_case(b"transfer-encoding")
        };
        fields.retain(|(name, _)| !is_framing(name));
        fields
    };
    other(ours) == other(theirs)
}

/// Returns the fields with each run of spaces and tabs replaced by one space.
fn narrow(peer: Peer, outcome: &Outcome) -> Vec<Field> {
    let shown = match outcome {
        Outcome::Accepted(reading) | Outcome::Incomplete(Some(reading)) => &*reading.fields,
        _ => &[],
    };
    let one_space = |value: &[u8]| {
        let parts: Vec<_> = value
            .split(|octet| matches!(octet, b' ' | b'\t'))
            .filter(|part| !part.is_empty())
            .collect();
        parts.join(&b' ')
    };
    fields(peer, shown).into_iter().map(|(name, value)| (name, one_space(&value))).collect()
}
