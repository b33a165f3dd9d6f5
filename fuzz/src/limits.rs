//! Limits that short messages reach.

use arbitrary::Arbitrary;
use bareline_core::head::Limits;
use std::fmt;

/// Limits that a message of a few lines may reach.
#[derive(Clone, Copy, PartialEq, Eq, Default, Arbitrary)]
pub struct TightLimits {
    /// The limit of a method, below 8.
    pub method: Option<u8>,
    /// The limit of a target, below 16.
    pub target: Option<u8>,
    /// The limit of a head, of any value.
    pub head: Option<u8>,
    /// The limit of trailers, below 4.
    pub trailers: Option<u8>,
    /// The limit of a chunk line, below 16.
    pub chunk_line: Option<u8>,
    /// The limit of chunk extensions, below 16.
    pub chunk_extensions: Option<u8>,
    /// The limit of a body, below 16.
    pub body: Option<u8>,
    /// The limit of octets to drain, below 32.
    pub drain: Option<u8>,
    /// The limit of interim responses, below 3.
    pub interim: Option<u8>,
}

impl fmt::Debug for TightLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            ("method", self.method),
            ("target", self.target),
            ("head", self.head),
            ("trailers", self.trailers),
            ("chunk_line", self.chunk_line),
            ("chunk_extensions", self.chunk_extensions),
            ("body", self.body),
            ("drain", self.drain),
            ("interim", self.interim),
        ];
        let tight = all.iter().filter_map(|(name, limit)| Some(format!("{name} {}", (*limit)?)));
        match tight.collect::<Vec<_>>() {
            tight if tight.is_empty() => f.write_str("usual limits"),
            tight => write!(f, "limits: {}", tight.join(", ")),
        }
    }
}

impl TightLimits {
    /// Returns these limits, with the limits of `others` where none is tight.
    pub fn or(self, others: Limits) -> Limits {
        let below = |limit: Option<u8>, bound: u8| limit.map(|limit| u16::from(limit % bound));
        let mut limits = others;
        let mut set = |value: Option<u16>, setter: fn(Limits, u16) -> Limits| {
            limits = value.map_or(limits, |value| setter(limits, value));
        };
        set(below(self.method, 8), Limits::method);
        set(below(self.target, 16), Limits::target);
        set(self.head.map(u16::from), Limits::head);
        set(self.trailers(), Limits::trailers);
        set(below(self.chunk_line, 16), Limits::chunk_line);
        set(below(self.chunk_extensions, 16), Limits::chunk_extensions);
        set(self.body(), |limits, body| limits.body(u64::from(body)));
        set(below(self.drain, 32), |limits, drain| limits.drain(u32::from(drain)));
        set(below(self.interim, 3), Limits::interim);
        limits
    }

    /// Returns the limit of trailers.
    pub(crate) fn trailers(self) -> Option<u16> {
        self.trailers.map(|limit| u16::from(limit % 4))
    }

    /// Returns the limit of a body.
    pub(crate) fn body(self) -> Option<u16> {
        self.body.map(|limit| u16::from(limit % 16))
    }
}

/// Returns the positions at which to cut octets in two.
///
/// These are all positions of short octets, and of long ones those around line ends and some
/// others.
pub(crate) fn cuts(octets: &[u8]) -> Vec<usize> {
    let is_near_line_end = |at: usize| {
        octets
            .get(at.saturating_sub(2)..)
            .unwrap_or_default()
            .iter()
            .take(4)
            .any(|&octet| octet == b'\n')
    };
    let is_long = octets.len() > 400;
    (0..=octets.len()).filter(|&at| !is_long || at % 97 == 0 || is_near_line_end(at)).collect()
}
