//! Passes growing messages to a connection one octet at a time: `octet_by_octet KIND SIZE`. `just
//! linear` counts its instructions.

use bareline_core::body::{BodyDecoder, BodyPart, Decoded, Framing};
use bareline_core::head::Limits;
use bareline_core::{
    ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method, ServerConnection, Target,
    WireBuf,
};

const LIMITS: Limits =
    Limits::new().chunk_line(u16::MAX).chunk_extensions(u16::MAX).trailers(u16::MAX);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(kind), Some(size)) = (arguments.next(), arguments.next()) else {
        return Err("usage: octet_by_octet KIND SIZE".into());
    };
    let size: usize = size.parse()?;
    // `size` octets of lines, or of one line, and the parts around them.
    let lines = |line: &str| line.repeat(size / line.len());
    let one_line =
        |front: &str| format!("{front}{}\r\n", "x".repeat(size.saturating_sub(front.len() + 2)));
    let field = "X-Field: a value of some length, as they are\r\n";
    let octets = match &*kind {
        "empty-lines" => format!("{}GET / HTTP/1.0\r\n\r\n", lines("\r\n")),
        "head-lines" => format!("GET / HTTP/1.0\r\n{}\r\n", lines(field)),
        "head-value" => format!("GET / HTTP/1.0\r\n{}\r\n", one_line("X: ")),
        "response-lines" => format!("HTTP/1.1 204 \r\n{}\r\n", lines(field)),
        "response-folds" => format!("HTTP/1.1 204 \r\nX: a\r\n{}\r\n", lines(" folded\r\n")),
        "blank-folds" => format!("HTTP/1.1 204 \r\nX: a\r\n{}\r\n", lines(" \r\n")),
        "chunk-line" => format!("{}\r\n", one_line("0;a=")),
        "chunk-lines" => format!("{}0\r\n\r\n", lines("4;a=b\r\ndata\r\n")),
        "trailer-lines" => format!("0\r\n{}\r\n", lines(field)),
        "trailer-value" => format!("0\r\n{}\r\n", one_line("X: ")),
        _ => return Err("no such kind".into()),
    };
    let mut octets = octets.into_bytes();
    match &*kind {
        "empty-lines" | "head-lines" | "head-value" => request(&mut octets),
        "response-lines" | "response-folds" | "blank-folds" => response(&mut octets),
        _ => body(&octets),
    }
}

fn request(octets: &mut [u8]) -> Result<(), Box<dyn std::error::Error>> {
    let (mut connection, mut spans) =
        (ServerConnection::with_limits(LIMITS), Box::new(FieldSpans::<2048>::new()));
    for end in 1..=octets.len() {
        let presented = octets.get_mut(..end).unwrap_or_default();
        if let Event::Head(_) = connection.receive(presented, spans.lend())?.event {
            return Ok(());
        }
    }
    Err("no head".into())
}

fn response(octets: &mut [u8]) -> Result<(), Box<dyn std::error::Error>> {
    let (mut connection, mut spans, mut out) = (
        ClientConnection::with_limits(LIMITS),
        Box::new(FieldSpans::<2048>::new()),
        WireBuf::<64>::new(),
    );
    let head = connection.request(Method::GET, Target::ROOT, &mut out)?;
    head.field(FieldName::HOST, FieldValue::from_static("a"))?.without_body()?;
    for end in 1..=octets.len() {
        let presented = octets.get_mut(..end).unwrap_or_default();
        if let Event::Head(_) = connection.receive(presented, spans.lend())?.event {
            return Ok(());
        }
    }
    Err("no head".into())
}

fn body(octets: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    let (mut decoder, mut start) = (BodyDecoder::new(Framing::Chunked, &LIMITS), 0);
    for end in 1..=octets.len() {
        loop {
            let Decoded { used, part } =
                decoder.decode(octets.get(start..end).unwrap_or_default())?;
            start += used;
            match part {
                BodyPart::End => return Ok(()),
                BodyPart::NeedMore => break,
                _ => {}
            }
        }
    }
    Err("no end".into())
}
