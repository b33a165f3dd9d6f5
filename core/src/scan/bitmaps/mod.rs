//! Bitmaps of the octets of a class, and the ways to make them.

#[cfg(all(target_feature = "avx2", any(feature = "unstable-inside", feature = "simd")))]
mod avx2;
mod classes;
mod marked;
#[cfg(any(feature = "unstable-inside", not(all(feature = "simd", target_feature = "sse2"))))]
mod portable;
#[cfg(all(
    target_feature = "sse2",
    any(feature = "unstable-inside", all(feature = "simd", not(target_feature = "avx2")))
))]
mod sse2;

use crate::octets::REG_NAME;
#[cfg(all(target_feature = "avx2", any(feature = "unstable-inside", feature = "simd")))]
pub(crate) use avx2::Avx2;
#[cfg(feature = "unstable-inside")]
pub(crate) use classes::Classes;
pub(crate) use marked::Bitmaps;
#[cfg(any(feature = "unstable-inside", not(all(feature = "simd", target_feature = "sse2"))))]
pub(crate) use portable::Portable;
#[cfg(all(
    target_feature = "sse2",
    any(feature = "unstable-inside", all(feature = "simd", not(target_feature = "avx2")))
))]
pub(crate) use sse2::Sse2;

/// Returns the end of a run of `reg-name` without percent-encoded octets [RFC 3986 section 3.2.2].
#[inline(always)]
pub(crate) fn name_end<C: classes::Classes>(octets: &[u8], position: usize) -> usize {
    marked::row_end::<C>(octets, position, C::nonname, REG_NAME)
}
