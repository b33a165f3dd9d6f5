//! The inputs of the grammar: positions in the received octets that find the end of a run of a
//! class.
//!
//! The rules know only [`Input`]. Its implementations differ in how they find a run: [`Words`]
//! scans a machine word at a time and is small. `Bitmaps` marks the octets of a class in a row or a
//! block, and is fast where registers are wide. `--cfg bareline_scan="words"` selects `Words` on a
//! 64-bit machine too.
//!
//! All that differs between wide and narrow machines is here, but for hints to the inliner: `wide`
//! and `narrow` have the same functions.
//!
//! The feature `unstable-inside` compiles all implementations, for the comparison in
//! `crate::inside`.

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
pub(crate) use narrow::{
    HAS_ROOM_FOR_JUMP_TABLES, HeadSource, chunk_at, copy, copy_short, div_ten, fast_path,
    has_line_feed, hex_digit, is_http11, is_line_end, is_name, move_to_front, name_end,
};
#[cfg(all(target_pointer_width = "64", not(bareline_scan = "words")))]
pub(crate) use wide::{
    HAS_ROOM_FOR_JUMP_TABLES, HeadSource, chunk_at, copy, copy_short, div_ten, fast_path,
    has_line_feed, hex_digit, is_http11, is_line_end, is_name, move_to_front, name_end,
};
pub(crate) use words::Words;
