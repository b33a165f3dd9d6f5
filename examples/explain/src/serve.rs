//! A page that takes octets and shows them part by part. It works without JavaScript.

use crate::{method, octets_of};
use bareline_core::Method;
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

/// The values of a form by their names.
struct Form(HashMap<String, String>);

impl Form {
    /// Returns the value of this name, or its default.
    fn get(&self, name: &str) -> &str {
        let default = match name {
            "written" => "lines",
            "sender" => "request",
            _ => "",
        };
        self.0.get(name).map_or(default, String::as_str)
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
    let form = match (head.target().path(), head.method()) {
        ("/", Method::GET | Method::HEAD) => [("octets".to_owned(), EXAMPLE.to_owned())].into(),
        ("/", Method::POST) => {
            let mut octets = Vec::new();
            body.read_to_end(&mut octets)?;
            form_urlencoded::parse(&octets).into_owned().collect()
        }
        ("/", _) => {
            let allow = [(FieldName::ALLOW, FieldValue::from_static("GET, HEAD, POST"))];
            return responder.send(Status::METHOD_NOT_ALLOWED, &allow, b"");
        }
        _ => return responder.send(Status::NOT_FOUND, &[], b"use /\n"),
    };
    let form = Form(form);
    let (status, shown) = match read(&form) {
        Ok((octets, reading)) => (Status::OK, shown(&reading, &octets)),
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

/// Reads the octets of a form as its other values say.
fn read(form: &Form) -> io::Result<(Vec<u8>, Reading)> {
    let text = form.get("octets");
    let octets = match form.get("written") {
        // A browser ends lines by CR LF, other clients by LF.
        "lines" => text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes(),
        "escapes" => unescaped(text)?,
        "hex" => octets_of(text.as_bytes().to_vec())?,
        _ => return Err(io::Error::other("no such way to write octets")),
    };
    if octets.len() > MOST {
        let advice = format!("more than {MOST} octets: use `explain request FILE`");
        return Err(io::Error::other(advice));
    }
    let to = form.get("to").split_whitespace().map(method).collect::<io::Result<Vec<_>>>()?;
    let reading = match form.get("sender") {
        "request" => requests(&octets, &[]),
        "response" => {
            let asked = Asked {
                methods: if to.is_empty() { &[Method::GET] } else { &to },
                offers_upgrade: form.get("upgrade") == "on",
                is_closed: form.get("closed") == "on",
            };
            responses(&octets, asked, &[])
        }
        "datagram" => {
            let search = Method::new("M-SEARCH").map_err(io::Error::other)?;
            one_datagram(&octets, to.first().copied().unwrap_or(search))
        }
        _ => return Err(io::Error::other("no such sender")),
    };
    Ok((octets, reading))
}

/// Decodes `\r`, `\n`, `\t`, `\0`, `\\` and `\xHH`; line ends do not count.
fn unescaped(text: &str) -> io::Result<Vec<u8>> {
    let text: String = text.split(['\r', '\n']).collect();
    let (mut octets, mut rest) = (Vec::new(), text.as_bytes());
    let invalid = |rest: &[u8]| {
        let found = String::from_utf8_lossy(rest.get(..4).unwrap_or(rest));
        io::Error::other(format!("{found} is no escape: write \\\\ for a backslash"))
    };
    loop {
        let (octet, len) = match rest {
            [] => return Ok(octets),
            [b'\\', b'r', ..] => (b'\r', 2),
            [b'\\', b'n', ..] => (b'\n', 2),
            [b'\\', b't', ..] => (b'\t', 2),
            [b'\\', b'0', ..] => (0, 2),
            [b'\\', b'\\', ..] => (b'\\', 2),
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
            let checked = if form.get(name) == *value { " checked" } else { "" };
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
    let (octets, to) = (escaped(form.get("octets")), escaped(form.get("to")));
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
