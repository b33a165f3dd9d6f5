//! Bitmaps of the octets outside a class, and the ways to make them: each that the target has.
#![cfg_attr(not(feature = "unstable-inside"), allow(dead_code, reason = "one way parses"))]

#[cfg(all(target_feature = "avx2", any(feature = "simd", feature = "unstable-inside")))]
pub(crate) mod avx2;
pub(crate) mod classes;
mod marked;
#[cfg(all(
    target_arch = "aarch64",
    target_endian = "little",
    any(feature = "simd", feature = "unstable-inside")
))]
pub(crate) mod neon;
pub(crate) mod portable;
#[cfg(all(target_feature = "sse2", any(feature = "simd", feature = "unstable-inside")))]
pub(crate) mod sse2;
#[cfg(any(target_feature = "avx2", target_arch = "aarch64"))]
mod table;

use crate::octets::REG_NAME;
pub(crate) use marked::Bitmaps;

/// Returns the end of a run of `reg-name` without percent-encoded octets [RFC 3986 section 3.2.2].
#[inline(always)]
pub(crate) fn name_end<C: classes::Classes>(octets: &[u8], position: usize) -> usize {
    marked::row_end::<C>(octets, position, C::nonname, REG_NAME)
}
