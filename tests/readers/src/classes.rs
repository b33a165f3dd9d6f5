//! The classes of differences, each with its reason, or an error of ours.
//!
//! A difference belongs to the first class whose predicate holds. Where bareline rejects what
//! others accept, the class shows the error from the message's octets. Such a class names no
//! reader, since its sample could be used to attack that reader.

mod lax;
mod strict;

use crate::compare::Difference;
use crate::facts::Facts;
use crate::message::{Message, Outcome};
use crate::ours::Ours;
use crate::proof::Chunks;
use crate::reader::Peer;
use bareline_core::error::ParseErrorKind;

/// A message that two readers read in different ways.
pub(crate) struct Case<'c> {
    pub(crate) peer: Peer,
    pub(crate) message: &'c Message,
    pub(crate) ours: &'c Ours,
    pub(crate) theirs: &'c Outcome,
    pub(crate) difference: Difference,
    pub(crate) facts: Facts<'c>,
}

impl Case<'_> {
    /// Returns whether bareline rejects the message with an error of this kind.
    fn is(&self, kind: ParseErrorKind) -> bool {
        self.difference == Difference::WeReject
            && self.ours.error.is_some_and(|error| error.kind() == kind)
    }

    /// Returns the offset of bareline's error.
    fn offset(&self) -> usize {
        self.ours.error.map_or(0, |error| error.offset())
    }

    /// Returns the octet at this distance after the error's offset.
    fn octet(&self, behind: usize) -> Option<u8> {
        self.message.octets.get(self.offset() + behind).copied()
    }

    /// Returns the line that has the error, without its LF.
    fn line(&self) -> &[u8] {
        self.facts.body_line(self.offset())
    }

    /// Returns the method of a request.
    fn method(&self) -> &[u8] {
        self.facts.start(0)
    }

    /// Returns the request target.
    fn target(&self) -> &[u8] {
        self.facts.start(1)
    }

    /// Returns the first error in the chunks of a body, and the offset of its trailers.
    fn chunks(&self) -> Chunks {
        Chunks::of(self.facts.body())
    }

    /// Returns whether bareline's error is in the trailers of a chunked body.
    fn is_in_trailers(&self) -> bool {
        self.is_in_body()
            && self.chunks().trailers.is_some_and(|start| self.offset() >= self.facts.body + start)
    }

    fn octet_before(&self) -> Option<u8> {
        self.message.octets.get(self.offset().checked_sub(1)?).copied()
    }

    fn is_in_body(&self) -> bool {
        self.facts.is_head_whole && self.offset() >= self.facts.body
    }

    /// Returns whether the other reader rejects the message with a reason that contains one of
    /// these words.
    fn rejects_for(&self, words: &[&str]) -> bool {
        let Outcome::Rejected(given) = self.theirs else { return false };
        let given = given.to_ascii_lowercase().replace(['_', ' '], "-");
        self.difference == Difference::TheyReject && words.iter().any(|word| given.contains(word))
    }

    /// Returns whether this reader rejects the message with this reason.
    fn rejects(&self, peer: Peer, reason: &str) -> bool {
        let Outcome::Rejected(given) = self.theirs else { return false };
        self.peer == peer && self.difference == Difference::TheyReject && given.starts_with(reason)
    }
}

/// The reason for a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Why {
    /// The RFC or its grammar forbids the message.
    Rule,
    /// The RFC leaves a choice; this is the first cell of the row in CHOICES.md.
    Row(&'static str),
    /// A limit of bareline.
    Limit(&'static str),
    /// The other reader documents the behaviour, at this reference.
    Theirs(&'static [Peer], &'static str),
    /// The other reader's interface leaves a check to its caller, or makes it later.
    ///
    /// The class has no sample then.
    Interface(&'static [Peer], &'static str),
    /// The other reader documents the behaviour, which is laxer than ours: the reader is not named.
    Unnamed(&'static [Peer]),
    /// An error of bareline.
    Fault,
}

pub(crate) struct Class {
    pub(crate) name: &'static str,
    /// The description of the difference, as a sentence.
    pub(crate) what: &'static str,
    pub(crate) section: &'static str,
    pub(crate) why: Why,
    pub(crate) holds: fn(&Case<'_>) -> bool,
}

impl Class {
    /// Returns every class, in the order in which they are tried.
    pub(crate) fn all() -> impl Iterator<Item = &'static Class> {
        lax::FIRST.iter().chain(strict::LEFT).chain(strict::CLASSES).chain(lax::CLASSES)
    }

    /// Returns the class of a difference.
    ///
    /// A class for another reader's choice holds for that reader only.
    pub(crate) fn of(case: &Case<'_>) -> Option<&'static Class> {
        Self::all().find(|class| {
            let is_theirs = match class.why {
                Why::Theirs(peers, _) | Why::Interface(peers, _) | Why::Unnamed(peers) => {
                    peers.contains(&case.peer)
                }
                _ => true,
            };
            is_theirs && (class.holds)(case)
        })
    }
}
