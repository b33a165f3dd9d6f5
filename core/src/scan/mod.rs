//! What the grammar runs on: a position in the received octets that can tell where a run of a class of octets ends.
//!
//! The rules know nothing but [`Input`]. How the runs are found is the business of those who implement it: [`Words`] looks at a machine
//! word at a time and is small, `Bitmaps` marks the octets of a class in a row or a block of them and is fast where registers are wide.
//! `--cfg bareline_scan="words"` takes the first on a 64-bit machine too, to try it there.

#[cfg(all(target_pointer_width = "64", not(bareline_scan = "words")))]
mod bitmaps;
mod input;
mod words;

pub(crate) use input::Input;
pub(crate) use words::Words;

#[cfg(all(target_pointer_width = "64", not(bareline_scan = "words")))]
pub(crate) use bitmaps::name_end;

/// What heads are read on.
#[cfg(all(target_pointer_width = "64", not(bareline_scan = "words")))]
pub(crate) type HeadSource<'b> = bitmaps::Bitmaps<'b, bitmaps::Best>;
/// What heads are read on.
#[cfg(not(all(target_pointer_width = "64", not(bareline_scan = "words"))))]
pub(crate) type HeadSource<'b> = Words<'b>;

/// The end of a run of `reg-name` without percent-encoded octets [RFC 3986 section 3.2.2].
#[cfg(not(all(target_pointer_width = "64", not(bareline_scan = "words"))))]
pub(crate) fn name_end(octets: &[u8], position: usize) -> usize {
    crate::octets::run_end(octets, position, crate::octets::REG_NAME)
}
