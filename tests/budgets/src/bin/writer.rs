//! Writing of a response: a status line, four fields, the length and a body.
#![no_std]
#![no_main]

use bareline_core::error::WriteError;
use bareline_core::write::{MessageWriter, RequestContext};
use bareline_core::{FieldName, FieldValue, Method, Status, Version, WireBuf};
use budgets::{SMALL_REQUEST, entry, measure};

#[entry]
fn main() -> ! {
    measure(&[SMALL_REQUEST], |input| write(input).unwrap_or(0))
}

const FIELDS: [(FieldName<'_>, FieldValue<'_>); 4] = [
    (FieldName::CONTENT_TYPE, FieldValue::from_static("application/json")),
    (FieldName::from_static("Cache-Control"), FieldValue::from_static("no-store")),
    (FieldName::from_static("X-Frame-Options"), FieldValue::from_static("DENY")),
    (FieldName::from_static("Access-Control-Allow-Origin"), FieldValue::from_static("*")),
];

fn write(input: &[u8]) -> Result<usize, WriteError> {
    let mut out = WireBuf::<512>::new();
    let context = RequestContext::new(Method::GET, Version::Http11);
    MessageWriter::new().response(context, Status::OK, &mut out)?.fields(&FIELDS)?.body(input)?;
    Ok(out.as_bytes().len())
}
