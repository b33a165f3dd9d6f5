//! What the grammar runs on: a position in the received octets that can tell where a run of a class
//! of octets ends.
//!
//! The rules know nothing but [`Input`]. How the runs are found is the business of those who
//! implement it: [`Words`] looks at a machine word at a time and is small, `Bitmaps` marks the
//! octets of a class in a row or a block of them and is fast where registers are wide.
//! `--cfg bareline_scan="words"` takes the first on a 64-bit machine too, to try it there.
//!
//! The feature `unstable-inside` compiles all of them, for the comparison in `crate::inside`.

#[cfg(any(
    feature = "unstable-inside",
    all(target_pointer_width = "64", not(bareline_scan = "words"))
))]
pub(crate) mod bitmaps;
mod input;
#[cfg(not(all(target_pointer_width = "64", not(bareline_scan = "words"))))]
mod narrow;
#[cfg(all(target_pointer_width = "64", not(bareline_scan = "words")))]
mod wide;
mod words;

pub(crate) use input::Input;
#[cfg(not(all(target_pointer_width = "64", not(bareline_scan = "words"))))]
pub(crate) use narrow::{HeadSource, name_end};
#[cfg(all(target_pointer_width = "64", not(bareline_scan = "words")))]
pub(crate) use wide::{HeadSource, name_end};
pub(crate) use words::Words;
