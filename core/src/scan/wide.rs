//! The scanner where registers are wide: bitmaps, by the widest registers the program is compiled
//! for.

use super::bitmaps::{self, Bitmaps};

#[cfg(all(feature = "simd", target_feature = "avx2"))]
use bitmaps::avx2::Avx2 as Best;
#[cfg(all(feature = "simd", target_arch = "aarch64", target_endian = "little"))]
use bitmaps::neon::Neon as Best;
#[cfg(not(all(
    feature = "simd",
    any(target_feature = "sse2", all(target_arch = "aarch64", target_endian = "little"))
)))]
use bitmaps::portable::Portable as Best;
#[cfg(all(feature = "simd", target_feature = "sse2", not(target_feature = "avx2")))]
use bitmaps::sse2::Sse2 as Best;

/// The source from which heads are parsed.
pub(crate) type HeadSource<'b> = Bitmaps<'b, Best>;

/// Returns the end of a run of `reg-name` without percent-encoded octets [RFC 3986 section 3.2.2].
#[inline(always)]
pub(crate) fn name_end(octets: &[u8], position: usize) -> usize {
    bitmaps::name_end::<Best>(octets, position)
}
