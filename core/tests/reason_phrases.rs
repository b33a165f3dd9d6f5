//! Status lines with the feature `reason-phrases`, and without it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use bareline_core::head::Parsed;
use bareline_core::write::{MessageWriter, RequestContext};
use bareline_core::{FieldSpans, FieldValue, ResponseHead, Status, WireBuf};

#[test]
fn rfc9112_4_the_sp_after_the_code_stays_without_a_phrase() {
    let (mut writer, mut out) = (MessageWriter::new(), WireBuf::<64>::new());
    let head = writer.response(RequestContext::UNREAD, Status::NOT_FOUND, &mut out).unwrap();
    head.without_body().unwrap();
    let phrase = if cfg!(feature = "reason-phrases") { "Not Found" } else { "" };
    let written = format!("HTTP/1.1 404 {phrase}\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(out.as_bytes(), written.as_bytes());

    let mut spans = FieldSpans::<1>::new();
    let parsed = ResponseHead::parse(out.as_bytes(), spans.lend()).unwrap();
    let Parsed::Complete { message: head, .. } = parsed else { panic!("{parsed:?}") };
    assert_eq!((head.status(), head.reason()), (Status::NOT_FOUND, phrase.as_bytes()));
}

#[test]
fn rfc9112_4_a_phrase_of_the_caller_is_written() {
    let (mut writer, mut out) = (MessageWriter::new(), WireBuf::<64>::new());
    let head = writer.response(RequestContext::UNREAD, Status::NO_CONTENT, &mut out).unwrap();
    head.reason(FieldValue::from_static("Done")).unwrap().without_body().unwrap();
    assert_eq!(out.as_bytes(), b"HTTP/1.1 204 Done\r\n\r\n");
    assert_eq!(Status::NO_CONTENT.reason(), "No Content");
}
