//! Octets by bitmaps of the classes to which they belong, and how the bitmaps are made.

#[cfg(all(feature = "simd", target_feature = "avx2"))]
mod avx2;
mod classes;
mod marked;
#[cfg(not(all(feature = "simd", target_feature = "sse2")))]
mod portable;
#[cfg(all(feature = "simd", target_feature = "sse2", not(target_feature = "avx2")))]
mod sse2;

use crate::octets::REG_NAME;
#[cfg(all(feature = "simd", target_feature = "avx2"))]
pub(super) use avx2::Avx2 as Best;
pub(super) use marked::Bitmaps;
#[cfg(not(all(feature = "simd", target_feature = "sse2")))]
pub(super) use portable::Portable as Best;
#[cfg(all(feature = "simd", target_feature = "sse2", not(target_feature = "avx2")))]
pub(super) use sse2::Sse2 as Best;

/// The end of a run of `reg-name` without percent-encoded octets [RFC 3986 section 3.2.2].
#[inline(always)]
pub(crate) fn name_end(octets: &[u8], position: usize) -> usize {
    marked::row_end::<Best>(octets, position, <Best as classes::Classes>::nonname, REG_NAME)
}
