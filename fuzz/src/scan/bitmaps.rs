//! Core's bitmaps, all of those that the program is compiled for.

#[cfg(target_feature = "avx2")]
#[path = "../../../core/src/scan/bitmaps/avx2.rs"]
pub(super) mod avx2;
#[path = "../../../core/src/scan/bitmaps/classes.rs"]
pub(super) mod classes;
#[path = "../../../core/src/scan/bitmaps/marked.rs"]
pub(super) mod marked;
#[path = "../../../core/src/scan/bitmaps/portable.rs"]
pub(super) mod portable;
#[cfg(target_feature = "sse2")]
#[path = "../../../core/src/scan/bitmaps/sse2.rs"]
pub(super) mod sse2;
