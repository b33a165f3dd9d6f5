//! `Debug` of records with many fields.

/// Implements `Debug` for a type with these fields, and no others. What is derived for more than
/// five fields compares two lengths and panics where they differ, which stays in the link.
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
