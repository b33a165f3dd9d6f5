//! A reading as a JSON object.
#![doc = include_str!("JSON.md")]

use crate::reading::{Field, Message, Part, PartKind, Reading, StartLine};
use bareline_core::Status;
use bareline_core::body::Framing;
use serde_json::{Map, Value, json};

/// Returns the JSON object. Strings hold octets as Latin-1 code points.
pub fn object(reading: &Reading, octets: &[u8]) -> Value {
    let whole = reading.messages.iter().filter(|message| message.is_whole);
    let leftover = octets.get(reading.end..).unwrap_or_default();
    let error = reading.fault.map(|error| {
        let section = error.kind().section().trim_start_matches("RFC ").replacen("section ", "", 1);
        json!({
            "kind": format!("{:?}", error.kind()), "offset": error.offset(), "length": error.len(),
            "section": section, "status": reading.status().map(Status::code),
            "message": format!("{error}: {}", reading.hint(octets)),
        })
    });
    json!({
        "verdict": reading.verdict(),
        "messages": whole.map(|whole| message(whole, octets)).collect::<Value>(),
        "leftover": hex::encode(leftover),
        "tail": reading.tail.name(),
        "error": error,
    })
}

fn message(message: &Message, octets: &[u8]) -> Value {
    let mut object = Map::new();
    object.insert("start".to_owned(), message.start.into());
    object.insert("end".to_owned(), message.end.into());
    match &message.start_line {
        StartLine::Request { method, target, expect_continue, upgrade } => {
            object.insert("method".to_owned(), method.as_str().into());
            object.insert("target".to_owned(), target.as_str().into());
            object.insert("expect_continue".to_owned(), (*expect_continue).into());
            object.insert("upgrade".to_owned(), (*upgrade).into());
        }
        StartLine::Response { status, reason, informational, .. } => {
            let informational = informational.iter().map(
                |(status, headers)| json!({"status": status.code(), "headers": fields(headers)}),
            );
            object.insert("status".to_owned(), status.code().into());
            object.insert("reason".to_owned(), latin1(reason).into());
            object.insert("informational".to_owned(), informational.collect());
        }
    }
    let framing = match message.framing {
        Framing::None | Framing::Tunnel => "none",
        Framing::Length(_) => "length",
        Framing::Chunked => "chunked",
        Framing::UntilClose => "until-close",
    };
    object.extend([
        ("version".to_owned(), message.version.as_str().into()),
        ("headers".to_owned(), fields(&message.headers)),
        ("framing".to_owned(), framing.into()),
        ("body".to_owned(), hex::encode(&message.body).into()),
        ("trailers".to_owned(), fields(&message.trailers)),
        ("keep_alive".to_owned(), message.keep_alive.into()),
        ("parts".to_owned(), parts(message, octets)),
    ]);
    object.into()
}

fn parts(message: &Message, octets: &[u8]) -> Value {
    let part = |part: &Part| {
        let mut object = json!({"part": part.kind.name(), "start": part.start, "end": part.end});
        if let (Value::Object(object), true) = (&mut object, part.kind != PartKind::Data) {
            object.insert(
                "text".to_owned(),
                latin1(octets.get(part.start..part.end).unwrap_or_default()).into(),
            );
        }
        object
    };
    message.parts.iter().map(part).collect()
}

fn fields(fields: &[Field]) -> Value {
    fields.iter().map(|(name, value)| json!([name, latin1(value)])).collect()
}

fn latin1(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}
