//! Parameters of transfer codings, and chunk extensions, which have the same syntax.

use super::terminal::token;
use super::{Part, Position, Span, Stop, read};
use crate::octets::{TCHAR, TEXT, class_end, is, ows_end};
use crate::scan::{Input, Words};

/// A parameter, as received.
#[derive(Clone, Copy)]
pub(crate) struct Parameter {
    pub(crate) name: Span,
    pub(crate) value: Option<Span>,
}

/// Parses the parameter at `start`, and returns its end as well.
///
/// `BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ]` is one chunk extension [RFC 9112
/// section 7.1.1]. A `transfer-parameter` has the same syntax, with a value [RFC 9110 section
/// 10.1.4].
#[inline(never)]
pub(crate) fn parameter(octets: &[u8], start: usize) -> Result<(usize, Parameter), Stop> {
    let part = |part| move |Position(position)| Stop { part, position };
    let name_start = after_ows_and(b';', octets, start).map_err(part(Part::ChunkSemicolon))?;
    let name_end = token_end(octets, name_start).map_err(part(Part::ChunkExtension))?;
    let name = Span::new(name_start, name_end);
    let Ok(value_start) = after_ows_and(b'=', octets, name_end) else {
        return Ok((name_end, Parameter { name, value: None }));
    };
    let value_end = value_end(octets, value_start).map_err(part(Part::ChunkExtension))?;
    Ok((value_end, Parameter { name, value: Some(Span::new(value_start, value_end)) }))
}

/// Returns the end of `OWS octet OWS`.
fn after_ows_and(octet: u8, octets: &[u8], start: usize) -> Result<usize, Position> {
    let at = ows_end(octets, start);
    if octets.get(at) == Some(&octet) {
        Ok(ows_end(octets, at.wrapping_add(1)))
    } else {
        Err(Position(at))
    }
}

/// Returns the end of `token = 1*tchar` [RFC 9110 section 5.6.2].
fn token_end(octets: &[u8], start: usize) -> Result<usize, Position> {
    match class_end(octets, start, TCHAR) {
        end if end > start => Ok(end),
        _ => Err(Position(start)),
    }
}

/// Returns the end of `token / quoted-string` [RFC 9110 section 5.6.6], where `quoted-string =
/// DQUOTE *( qdtext / quoted-pair ) DQUOTE` [RFC 9110 section 5.6.4].
fn value_end(octets: &[u8], start: usize) -> Result<usize, Position> {
    if octets.get(start) != Some(&b'"') {
        return token_end(octets, start);
    }
    let mut end = start.wrapping_add(1);
    loop {
        match octets.get(end) {
            Some(b'"') => return Ok(end.wrapping_add(1)),
            // `quoted-pair = "\" ( HTAB / SP / VCHAR / obs-text )`
            Some(b'\\') => end = end.wrapping_add(1),
            _ => {}
        }
        // `qdtext` are the other octets of TEXT.
        if !octets.get(end).is_some_and(|&octet| is(octet, TEXT)) {
            return Err(Position(end));
        }
        end = end.wrapping_add(1);
    }
}

/// Returns the name of a transfer coding, or `None` if the octets are not exactly one.
///
/// `transfer-coding = token *( OWS ";" OWS transfer-parameter )` [RFC 9110 section 10.1.4]
pub(crate) fn transfer_coding(octets: &[u8]) -> Option<&[u8]> {
    let (rest, name) = read(token(), Words::new(octets)).ok()?;
    let mut position = rest.position();
    while position < octets.len() {
        let (end, parameter) = parameter(octets, position).ok()?;
        parameter.value?;
        position = end;
    }
    Some(name.of(octets))
}
