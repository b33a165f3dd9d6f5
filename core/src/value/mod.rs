//! Values that are valid by construction: parsed once, where they enter.

mod control_field;
mod dump;
mod field;
mod field_names;
mod form;
mod method;
mod status;
mod target;
mod text;
mod trailer;
mod version;

pub use crate::grammar::TargetForm;
pub(crate) use control_field::ControlField;
pub use dump::{Dump, dump};
pub(crate) use field::may_be_control;
pub use field::{FieldName, FieldValue};
pub use form::{FormPairs, FormText};
pub use method::Method;
pub use status::Status;
pub use target::Target;
pub(crate) use target::{AllowedForms, Medium};
pub use version::Version;
