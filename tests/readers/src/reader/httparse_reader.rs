//! The reader httparse: heads, and chunks if the head declares them.

use crate::message::{Field, Framing, Message, Outcome, Reading, Role};
use httparse::{EMPTY_HEADER, Error, Header, Status};

/// The number of fields that hyper accepts.
const FIELDS: usize = 100;

pub(super) fn read(message: &Message) -> Outcome {
    let mut headers = [EMPTY_HEADER; FIELDS];
    let octets = &message.octets;
    let of_text = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
    let of_version = |minor: Option<u8>| minor.map(|minor| format!("HTTP/1.{minor}").into_bytes());
    let (parsed, start, headers) = if message.role == Role::Request {
        let mut request = httparse::Request::new(&mut headers);
        let parsed = request.parse(octets);
        (
            parsed,
            [of_text(request.method), of_text(request.path), of_version(request.version)],
            request.headers,
        )
    } else {
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(octets);
        let code = response.code.map(|code| code.to_string().into_bytes());
        (parsed, [of_version(response.version), code, of_text(response.reason)], response.headers)
    };
    let len = match parsed {
        Ok(Status::Complete(len)) => len,
        Ok(Status::Partial) => return Outcome::Incomplete(None),
        Err(error) => return rejected(error),
    };
    let fields = of_headers(headers);
    let has = |wanted: &str| {
        fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes())).count()
    };
    let is_chunked = fields.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case(b"transfer-encoding") && value.eq_ignore_ascii_case(b"chunked")
    });
    let reading = Reading { start, fields: fields.clone(), ..Reading::default() };
    // httparse leaves the framing to its caller: only unambiguous framing is followed.
    let is_old = reading.start.iter().flatten().any(|part| part == b"HTTP/1.0");
    match is_chunked
        && !is_old
        && message.role != Role::Head
        && has("transfer-encoding") == 1
        && has("content-length") == 0
    {
        true if has_content(&reading, message.role) => chunks(octets, len, reading),
        _ => Outcome::Accepted(reading),
    }
}

fn has_content(reading: &Reading, role: Role) -> bool {
    let status = reading.start[1].as_deref().unwrap_or(b"");
    match role {
        Role::Request => reading.start[0].as_deref() != Some(b"CONNECT"),
        Role::Connect if status.starts_with(b"2") => false,
        _ => !(status.starts_with(b"1") || matches!(status, b"204" | b"304")),
    }
}

fn chunks(octets: &[u8], mut end: usize, mut reading: Reading) -> Outcome {
    reading.framing = Some(Framing::Chunked);
    let mut content = Vec::new();
    loop {
        match httparse::parse_chunk_size(&octets[end..]) {
            Ok(Status::Complete((used, 0))) => {
                end += used;
                break;
            }
            Ok(Status::Complete((used, size))) => {
                end += used;
                let Some(data) =
                    usize::try_from(size).ok().and_then(|size| octets[end..].get(..size))
                else {
                    return Outcome::Incomplete(Some(Reading { content: None, ..reading }));
                };
                content.extend_from_slice(data);
                end += data.len();
                match &octets[end..] {
                    [b'\r', b'\n', ..] => end += 2,
                    [] | [b'\r'] => return Outcome::Incomplete(Some(reading)),
                    _ => return Outcome::Rejected("no line end behind the data".to_owned()),
                }
            }
            Ok(Status::Partial) => return Outcome::Incomplete(Some(reading)),
            Err(_) => return Outcome::Rejected("InvalidChunkSize".to_owned()),
        }
    }
    let mut headers = [EMPTY_HEADER; FIELDS];
    match httparse::parse_headers(&octets[end..], &mut headers) {
        Ok(Status::Complete((used, headers))) => {
            reading.trailers = Some(of_headers(headers));
            reading.content = Some(content);
            reading.end = Some(end + used);
            Outcome::Accepted(reading)
        }
        Ok(Status::Partial) => Outcome::Incomplete(Some(reading)),
        Err(error) => rejected(error),
    }
}

fn rejected(error: Error) -> Outcome {
    Outcome::Rejected(format!("{error:?}"))
}

fn of_headers(headers: &[Header<'_>]) -> Vec<Field> {
    headers.iter().map(|header| (header.name.as_bytes().to_vec(), header.value.to_vec())).collect()
}
