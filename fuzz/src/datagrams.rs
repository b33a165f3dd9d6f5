//! Properties of datagrams.

use crate::log::FIELDS;
use bareline_core::value::TargetForm;
use bareline_core::{FieldSpans, Method, RequestHead};

/// Checks every property of any octets in a datagram.
///
/// A message leaves no octets over. A stream accepts each request but those in asterisk form.
pub fn datagram(octets: &[u8]) {
    let mut spans = FieldSpans::<FIELDS>::new();
    if let Ok((head, body)) = bareline_core::datagram::parse_request(octets, spans.lend()) {
        let len = leading_line_ends(octets) + head.as_bytes().len();
        let rest = octets.get(len..).unwrap_or_default();
        assert!(
            rest == body || (body.is_empty() && leading_line_ends(rest) == rest.len()),
            "octets are left over"
        );
        let form = head.target().form();
        let mut spans = FieldSpans::<FIELDS>::new();
        let parsed = RequestHead::parse(octets, spans.lend());
        assert!(parsed.is_ok() || form == TargetForm::Asterisk, "a stream rejects it: {parsed:?}");
    }
    for method in [Method::GET, Method::HEAD, Method::CONNECT] {
        let mut spans = FieldSpans::<FIELDS>::new();
        if let Ok((head, body)) =
            bareline_core::datagram::parse_response(octets, method, spans.lend())
        {
            assert_eq!(octets.len() - body.len(), head.as_bytes().len(), "octets are left over");
        }
    }
}

fn leading_line_ends(octets: &[u8]) -> usize {
    octets.chunks(2).take_while(|pair| *pair == b"\r\n").count() * 2
}
