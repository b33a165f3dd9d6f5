//! The scanner where registers are narrow.

use super::Words;
use crate::octets::{REG_NAME, run_end};

/// The source from which heads are parsed.
pub(crate) type HeadSource<'b> = Words<'b>;

/// Returns the end of a run of `reg-name` without percent-encoded octets [RFC 3986 section 3.2.2].
pub(crate) fn name_end(octets: &[u8], position: usize) -> usize {
    run_end(octets, position, REG_NAME)
}
