//! A page that takes octets and shows them part by part. It works without JavaScript.

use crate::{method, octets_of};
use bareline_core::Method;
use bareline_core::value::{FormPairs, FormText, dump};
use bareline_explain::html::{escaped, html};
use bareline_explain::reading::{Asked, Reading, one_datagram, requests, responses};
use bareline_explain::view;
use bareline_net::{Error, Exchange, FieldName, FieldValue, Server, Settings, Status};
use std::collections::HashMap;
use std::io::{self, Read, Write};

/// The limit of octets that are shown.
const MOST: usize = 16_384;

const STYLE: &str = include_str!("page.css");

/// No script runs, and nothing is loaded.
const POLICY: FieldValue = FieldValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);

/// A message about which readers disagree.
const EXAMPLE: &str = "PUT /notes/7 HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\
                       Content-Length: 7\r\n\r\nhello";

/// The type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// The values of a form by their names. A browser sends UTF-8, other clients any octets.
struct Form(HashMap<Vec<u8>, Vec<u8>>);

impl Form {
    fn parse(content: &[u8]) -> Self {
        let octets = |text: FormText<'_>| text.octets().collect();
        Self(FormPairs::new(content).map(|(name, value)| (octets(name), octets(value))).collect())
    }

    /// Returns the value of this name, or its default.
    fn get(&self, name: &str) -> &[u8] {
        let default: &[u8] = match name {
            "written" => b"lines",
            "sender" => b"request",
            _ => b"",
        };
        self.0.get(name.as_bytes()).map_or(default, Vec::as_slice)
    }

    fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.0.insert(name.into(), value.into());
    }
}

/// Serves the page at this address.
pub(crate) fn serve(address: &str) -> Result<(), Error> {
    // In a form an octet takes up to six, such as `%5Cx00`. A page takes some megabytes at most, so
    // few are made at a time.
    let settings = Settings::new().body_limit(8 * MOST as u64);
    let server = Server::bind(address)?.settings(settings).max_handlers(16);
    let _ = writeln!(io::stderr(), "explain: listening on {}", server.local_addr()?);
    server.serve(respond)
}

fn respond(Exchange { head, mut body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
    let mut form = Form(HashMap::new());
    match (head.target().path(), head.method()) {
        ("/", Method::GET | Method::HEAD) => form.set("octets", EXAMPLE),
        ("/", Method::POST)
            if head.fields().only(FieldName::CONTENT_TYPE)?.is_some_and(is_other) =>
        {
            let accept = [(FieldName::ACCEPT, FieldValue::from_static(FORM))];
            let text = format!("send a form, of the type {FORM}\n");
            return responder.send(Status::UNSUPPORTED_MEDIA_TYPE, &accept, text.as_bytes());
        }
        ("/", Method::POST) => {
            let mut content = Vec::new();
            body.read_to_end(&mut content)?;
            form = Form::parse(&content);
        }
        ("/", _) => {
            let allow = [(FieldName::ALLOW, FieldValue::from_static("GET, HEAD, POST"))];
            return responder.send(Status::METHOD_NOT_ALLOWED, &allow, b"");
        }
        _ => return responder.send(Status::NOT_FOUND, &[], b"use /\n"),
    }
    let (status, shown) = match read(&form) {
        Ok((octets, reading)) => {
            // A text area has characters alone: other octets are shown as escapes.
            if str::from_utf8(form.get("octets")).is_err() {
                form.set("octets", octets.escape_ascii().to_string());
                form.set("written", "escapes");
            }
            (Status::OK, shown(&reading, &octets))
        }
        Err(error) => {
            let error = escaped(&error.to_string());
            (Status::BAD_REQUEST, format!("<p class=\"reject\">The form is invalid: {error}.\n"))
        }
    };
    let fields = [
        (FieldName::CONTENT_TYPE, FieldValue::from_static("text/html; charset=utf-8")),
        (FieldName::CONTENT_SECURITY_POLICY, POLICY),
        (FieldName::X_CONTENT_TYPE_OPTIONS, FieldValue::from_static("nosniff")),
    ];
    responder.send(status, &fields, page(&form, &shown).as_bytes())
}

/// Returns whether this is another type than that of a form.
fn is_other(content_type: FieldValue<'_>) -> bool {
    let mut parts = content_type.as_bytes().split(|octet| *octet == b';');
    !parts.next().unwrap_or_default().trim_ascii().eq_ignore_ascii_case(FORM.as_bytes())
}

/// Reads the octets of a form as its other values say.
fn read(form: &Form) -> io::Result<(Vec<u8>, Reading)> {
    let text = form.get("octets");
    let octets = match form.get("written") {
        b"lines" => lines(text),
        b"escapes" => unescaped(text)?,
        b"hex" => octets_of(text.to_vec())?,
        _ => return Err(io::Error::other("no such way to write octets")),
    };
    if octets.len() > MOST {
        let advice = format!("more than {MOST} octets: use `explain request FILE`");
        return Err(io::Error::other(advice));
    }
    let to = dump(form.get("to")).to_string();
    let to = to.split_whitespace().map(method).collect::<io::Result<Vec<_>>>()?;
    let reading = match form.get("sender") {
        b"request" => requests(&octets, &[]),
        b"response" => {
            let asked = Asked {
                methods: if to.is_empty() { &[Method::GET] } else { &to },
                offers_upgrade: form.get("upgrade") == b"on",
                is_closed: form.get("closed") == b"on",
            };
            responses(&octets, asked, &[])
        }
        b"datagram" => {
            let search = Method::new("M-SEARCH").map_err(io::Error::other)?;
            one_datagram(&octets, to.first().copied().unwrap_or(search))
        }
        _ => return Err(io::Error::other("no such sender")),
    };
    Ok((octets, reading))
}

/// Ends each line by CR LF. A browser does so, other clients may end it by LF.
fn lines(text: &[u8]) -> Vec<u8> {
    let lines = text.split_inclusive(|octet| *octet == b'\n').map(|line| match line {
        [line @ .., b'\r', b'\n'] | [line @ .., b'\n'] => [line, b"\r\n"].concat(),
        line => line.to_vec(),
    });
    lines.collect::<Vec<_>>().concat()
}

/// Decodes `\r`, `\n`, `\t`, `\0`, `\\`, `\'`, `\"` and `\xHH`; line ends do not count.
fn unescaped(text: &[u8]) -> io::Result<Vec<u8>> {
    let text: Vec<_> = text.iter().copied().filter(|octet| !b"\r\n".contains(octet)).collect();
    let (mut octets, mut rest) = (Vec::new(), &text[..]);
    let invalid = |rest: &[u8]| {
        let found = dump(rest.get(..4).unwrap_or(rest));
        io::Error::other(format!("{found} is no escape: write \\\\ for a backslash"))
    };
    loop {
        let (octet, len) = match rest {
            [] => return Ok(octets),
            [b'\\', b'r', ..] => (b'\r', 2),
            [b'\\', b'n', ..] => (b'\n', 2),
            [b'\\', b't', ..] => (b'\t', 2),
            [b'\\', b'0', ..] => (0, 2),
            [b'\\', octet @ (b'\\' | b'\'' | b'"'), ..] => (*octet, 2),
            [b'\\', b'x', digits @ ..] => {
                let digits = digits.get(..2).and_then(|digits| hex::decode(digits).ok());
                let octet = digits.and_then(|octets| octets.first().copied());
                (octet.ok_or_else(|| invalid(rest))?, 4)
            }
            [b'\\', ..] => return Err(invalid(rest)),
            [octet, ..] => (*octet, 1),
        };
        octets.push(octet);
        rest = rest.get(len..).unwrap_or_default();
    }
}

/// Returns the verdict, and the octets part by part.
fn shown(reading: &Reading, octets: &[u8]) -> String {
    let verdict = match reading.fault {
        Some(error) => format!("Rejected: {error}: {}", reading.hint(octets)),
        None if reading.is_accepted() => "Accepted".to_owned(),
        None => "Incomplete: more octets are needed".to_owned(),
    };
    let text = view::text(reading, octets, "the form", 96);
    let (class, verdict) = (reading.verdict(), html(&verdict));
    format!("<p class=\"{class}\">{verdict}.\n<pre>{}</pre>\n", html(&text))
}

/// Returns the page with this form, and below it these elements.
fn page(form: &Form, shown: &str) -> String {
    let choices = |choices: &[[&str; 4]]| {
        let choice = |[kind, name, value, label]: &[&str; 4]| {
            let checked = if form.get(name) == value.as_bytes() { " checked" } else { "" };
            let input = format!("type=\"{kind}\" name=\"{name}\" value=\"{value}\"{checked}");
            format!("<label><input {input}> {label}</label>\n")
        };
        choices.iter().map(choice).collect::<String>()
    };
    let written = choices(&[
        ["radio", "written", "lines", "lines, each ended by CR LF"],
        ["radio", "written", "escapes", "escapes, such as \\r\\n and \\x00"],
        ["radio", "written", "hex", "hexadecimal digits"],
    ]);
    let sender = choices(&[
        ["radio", "sender", "request", "requests, from a client"],
        ["radio", "sender", "response", "responses, from a server"],
        ["radio", "sender", "datagram", "one datagram"],
    ]);
    let context = choices(&[
        ["checkbox", "upgrade", "on", "upgrade offered (--upgrade)"],
        ["checkbox", "closed", "on", "server has closed (--closed)"],
    ]);
    // The first line end in a text area is dropped.
    let text = |name| escaped(&String::from_utf8_lossy(form.get(name)));
    let (octets, to) = (text("octets"), text("to"));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>explain</title>\n\
         <style>\n{STYLE}</style>\n<h1>HTTP/1.x, octet by octet</h1>\n<form method=\"post\">\n\
         <textarea name=\"octets\" rows=\"8\" aria-label=\"Octets\" spellcheck=\"false\">\n{octets}\
         </textarea>\n<fieldset>\n{written}</fieldset>\n<fieldset>\n{sender}</fieldset>\n\
         <fieldset>\nOf responses: <label>to \
         <input name=\"to\" value=\"{to}\" placeholder=\"GET\" size=\"12\"></label>\n\
         {context}</fieldset>\n<button>Explain</button>\n</form>\n{shown}"
    )
}
