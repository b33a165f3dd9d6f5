//! `Debug` for structs with many fields.

/// Implements `Debug` for a struct with exactly these fields. A derived `Debug` of more than five
/// fields compares two lengths, and links a panic for the case that the lengths differ.
macro_rules! debug_record {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl core::fmt::Debug for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let Self { $($field),* } = self;
                f.debug_struct(stringify!($type))$(.field(stringify!($field), $field))*.finish()
            }
        }
    };
}
pub(crate) use debug_record;
