//! The inputs of the grammar: positions in the received octets that find the end of a run of a
//! class.
//!
//! The rules know only [`Input`]. Its implementations differ in how they find a run: [`Words`]
//! scans text a machine word at a time and is small. `Bitmaps` marks the octets outside a class,
//! and is fast where registers are wide. `--cfg bareline_scan="words"` selects `Words` on a 64-bit
//! machine too.
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
#[path = "narrow.rs"]
mod machine;
#[cfg(all(target_pointer_width = "64", not(bareline_scan = "words")))]
#[path = "wide.rs"]
mod machine;
mod words;

pub(crate) use input::Input;
pub(crate) use machine::{
    HAS_ROOM_FOR_JUMP_TABLES, HeadSource, chunk_at, copy, copy_short, div_ten, fast_path,
    has_line_feed, hex_digit, is_http11, is_line_end, is_name, is_plain, is_same, move_to_front,
    name_end,
};
pub(crate) use words::Words;

#[cfg(test)]
mod tests {
    use super::is_name;
    use crate::octets::is_alike;

    /// Compares `is_name` with `is_alike` for a name, and all names that differ in one octet.
    fn is_alike_in_each_octet<const N: usize>(name: &[u8; N]) {
        for (at, octet) in (0..N).flat_map(|at| (b'!'..=b'~').map(move |octet| (at, octet))) {
            let mut token = *name;
            token.iter_mut().skip(at).take(1).for_each(|one| *one = octet);
            assert_eq!(is_name(&token, name), is_alike(&token, name), "{}", token.escape_ascii());
        }
    }

    #[test]
    fn each_octet_of_a_name_counts() {
        is_alike_in_each_octet(b"te");
        is_alike_in_each_octet(b"host");
        is_alike_in_each_octet(b"close");
        is_alike_in_each_octet(b"expect");
        is_alike_in_each_octet(b"upgrade");
        is_alike_in_each_octet(b"chunked");
        is_alike_in_each_octet(b"connection");
        is_alike_in_each_octet(b"keep-alive");
        is_alike_in_each_octet(b"content-length");
        is_alike_in_each_octet(b"transfer-encoding");
    }
}
