//! Tests of the page that `explain serve` sends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use bareline_core::{FieldName, FieldValue, Method};
use bareline_explain::reading::{Asked, requests, responses};
use bareline_explain::view;
use bareline_net::{Client, Settings};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).unwrap()
}

/// A running `explain serve`, which is killed on drop.
struct Served {
    child: Child,
    url: String,
    client: Client,
}

impl Served {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_explain"))
            .args(["serve", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("explain: listening on ").unwrap();
        let settings = Settings::new().body_limit(16 << 20);
        Self { child, url: format!("http://{address}/"), client: Client::new().settings(settings) }
    }

    /// Posts a form; returns the status and the page.
    fn post(&self, form: &[(&str, &str)]) -> (u16, String) {
        let body: String =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.client.request(Method::POST, &self.url).unwrap();
        let response = request.send_body(body.as_bytes()).unwrap();
        let status = response.status().code();
        (status, io::read_to_string(response).unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the text of HTML.
fn stripped(html: &str) -> String {
    let mut parts = html.split('<');
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        text += part.split_once('>').unwrap().1;
    }
    assert!(!text.contains('>'), "{text}");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// Each case is posted in hexadecimal. The page shows what the program prints, without other
/// elements than those of the page.
#[test]
fn a_page_shows_each_case_as_it_is_printed() {
    let (served, mut count, mut verdicts) = (Served::start(), 0, BTreeSet::new());
    for name in ["requests", "more_requests", "responses", "more_responses"] {
        for line in file(&format!("tests/cases/{name}.jsonl")).lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let (id, digits) = (&case["id"], case["hex"].as_str().unwrap());
            let octets = hex::decode(digits).unwrap();
            let methods = case["request_methods"].as_array();
            let to: Vec<_> =
                methods.into_iter().flatten().map(|method| method.as_str().unwrap()).collect();
            let sender = if methods.is_some() { "response" } else { "request" };
            let mut form = vec![("octets", digits), ("written", "hex"), ("sender", sender)];
            let to = to.join(" ");
            form.push(("to", &to));
            if case["eof"] == true {
                form.push(("closed", "on"));
            }
            let (status, page) = served.post(&form);
            if octets.len() > 16_384 {
                let is_told = page.contains("more than 16384 octets") && status == 400;
                assert!(is_told || status == 413, "{id}: {status}");
                continue;
            }
            let methods: Vec<_> =
                to.split_whitespace().map(|method| Method::new(method).unwrap()).collect();
            // Without methods a page assumes a GET.
            let reading = match sender {
                "request" => requests(&octets, &[]),
                _ if methods.is_empty() => continue,
                _ => {
                    let is_closed = case["eof"] == true;
                    let asked = Asked { methods: &methods, offers_upgrade: false, is_closed };
                    responses(&octets, asked, &[])
                }
            };
            let (_, shown) = page.split_once("</form>\n").unwrap();
            let (verdict, shown) = shown.split_once("<pre>").unwrap();
            let shown = shown.strip_suffix("</pre>\n").unwrap();
            for tag in shown.split('<').skip(1) {
                let tags =
                    ["span class=\"s", "/span>", "a href=\"https://www.rfc-editor.org/", "/a>"];
                assert!(tags.iter().any(|known| tag.starts_with(known)), "{tag}");
            }
            let text = view::text(&reading, &octets, "the form", 96);
            assert_eq!(stripped(shown), anstream::adapter::strip_str(&text).to_string(), "{id}");
            let class = format!("<p class=\"{}\">", reading.verdict());
            assert!(status == 200 && verdict.starts_with(&class), "{verdict}");
            if let Some(error) = reading.fault {
                let reason = format!("Rejected: {error}: {}.", reading.hint(&octets));
                assert_eq!(stripped(verdict).trim(), reason);
            }
            verdicts.insert(reading.verdict());
            count += 1;
        }
    }
    assert!(count > 750, "only {count} cases");
    assert_eq!(verdicts.len(), 3);
}

#[test]
fn a_form_has_octets_in_three_ways() {
    let served = Served::start();
    let verdict = |form: &[(&str, &str)]| {
        let (status, page) = served.post(form);
        let (_, shown) = page.split_once("</form>\n").unwrap();
        (status, stripped(shown.split_once("<pre>").map_or(shown, |(verdict, _)| verdict)))
    };
    let lf = "Rejected: line ended by LF alone at octet 14 (RFC 9112 section 2.2): end each line \
              with CR LF.\n";
    for (octets, written, expected) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "lines", "Accepted.\n"),
        ("GET / HTTP/1.1\nHost: a\n\n", "lines", "Accepted.\n"),
        ("GET / HTTP/1.1\nHost: a\n\n", "", "Accepted.\n"),
        ("GET / HTTP/1.1\\r\\nHost:\\ta\\r\\n\\r\\n", "escapes", "Accepted.\n"),
        ("GET / HTTP/1.1\\r\\n\r\nHost: a\\r\\n\\r\\n\r\n", "escapes", "Accepted.\n"),
        ("GET / HTTP/1.1\\nHost: a\\n\\n", "escapes", lf),
        ("GET / HTTP/1.1\\r\\nHost: \\0\\r\\n", "escapes", "Rejected: "),
        ("GET / HTTP/1.1\\r\\nHost: a\\r\\na: \\xfF\\\\\\r\\n\\r\\n", "escapes", "Accepted.\n"),
        ("47455420 2f20485454502f312e310a", "hex", lf),
        ("GET / HTTP/1.1\\r\\n", "lines", "Incomplete: more octets are needed.\n"),
        ("", "lines", "Incomplete: more octets are needed.\n"),
    ] {
        let form = [("octets", octets), ("written", written)];
        // Lines are the default.
        let (status, shown) = verdict(if written.is_empty() { &form[..1] } else { &form });
        assert!(status == 200 && shown.starts_with(expected), "{octets}: {shown}");
    }
    let octets = ("octets", "HTTP/1.1 200 OK\nContent-Length: 3\n\n");
    let response = ("sender", "response");
    for (form, expected) in [
        (vec![octets, response], "Incomplete"),
        (vec![octets, response, ("to", "HEAD")], "Accepted"),
        (vec![octets, ("sender", "request")], "Rejected"),
        (vec![octets, ("sender", "datagram")], "Rejected"),
        (vec![octets, ("sender", "datagram"), ("to", "HEAD")], "Accepted"),
    ] {
        assert!(verdict(&form).1.starts_with(expected), "{form:?}");
    }
    let upgrade = "HTTP/1.1 101 \nUpgrade: a\nConnection: upgrade\n\n";
    let upgrade = [("octets", upgrade), response, ("upgrade", "on")];
    assert!(
        verdict(&upgrade).1.starts_with("Accepted") && !verdict(&upgrade[..2]).1.starts_with("A")
    );
    for (form, expected) in [
        (
            vec![("octets", "\\"), ("written", "escapes")],
            "\\ is no escape: write \\\\ for a backslash",
        ),
        (vec![("octets", "\\x+f"), ("written", "escapes")], "\\x+f is no escape"),
        (vec![("octets", "\\x4"), ("written", "escapes")], "\\x4 is no escape"),
        (vec![("octets", "\\é"), ("written", "escapes")], "\\é is no escape"),
        (vec![("octets", "4"), ("written", "hex")], "an odd number of hexadecimal digits, 1"),
        (vec![("octets", "4"), ("written", "x")], "no such way to write octets"),
        (vec![octets, ("sender", "x")], "no such sender"),
        (vec![octets, response, ("to", "GET <b>")], "--to <b>: "),
        (vec![("octets", &"x".repeat(16_385))], "more than 16384 octets"),
    ] {
        let (status, shown) = verdict(&form);
        assert!(
            status == 400 && shown.starts_with(&format!("The form is invalid: {expected}")),
            "{shown}"
        );
    }
    let (status, _) = served.post(&[("octets", &"x".repeat(200_000))]);
    assert_eq!(status, 413);
}

/// The page shows the form as it was sent, and none of its values is HTML.
#[test]
fn a_form_is_shown_again_and_escaped() {
    let served = Served::start();
    let hostile = "\n</textarea></pre><script>alert(1)</script>&amp;\"'";
    for (name, value) in
        [("octets", hostile), ("to", hostile), ("written", hostile), ("x", hostile)]
    {
        for sender in ["request", "response", hostile] {
            let (_, page) = served.post(&[("sender", sender), (name, value)]);
            assert!(!page.contains("<script"), "{page}");
            assert_eq!(page.matches("</textarea>").count(), 1);
        }
    }
    let form = [
        ("octets", "\n<&amp;>"),
        ("written", "escapes"),
        ("sender", "datagram"),
        ("to", "\">"),
        ("closed", "on"),
    ];
    let (_, page) = served.post(&form);
    for shown in [
        "spellcheck=\"false\">\n\n&lt;&amp;amp;&gt;</textarea>",
        "value=\"escapes\" checked>",
        "value=\"datagram\" checked>",
        "name=\"to\" value=\"&quot;&gt;\"",
        "name=\"closed\" value=\"on\" checked>",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert_eq!(page.matches(" checked>").count(), 3);
    let response = served.client.get(&served.url).unwrap();
    let policy = response.head().fields().get(FieldName::CONTENT_SECURITY_POLICY).unwrap();
    assert!(policy.as_str().unwrap().starts_with("default-src 'none'; "));
    let page = io::read_to_string(response).unwrap();
    assert!(page.contains("Rejected: second Content-Length field at octet 77"), "{page}");
    let status = |method: Method<'_>, path: &str| {
        let request = served.client.request(method, &format!("{}{path}", served.url)).unwrap();
        request.send().unwrap().status().code()
    };
    assert_eq!((status(Method::DELETE, ""), status(Method::GET, "other")), (405, 404));
    assert_eq!(status(Method::HEAD, ""), 200);
}

/// A browser sends forms in UTF-8, and another client any octets.
#[test]
fn octets_that_are_not_utf_8_stay_octets() {
    let served = Served::start();
    for form in [
        "octets=GET+/+HTTP/1.1%0AHost:+a%0AX:+%22%ff%fe'%5C%0A%0A",
        r#"written=escapes&octets=GET+/+HTTP/1.1\r\nHost:+a\r\nX:+"%ff\xfe'\\\r\n\r\n"#,
    ] {
        let request = served.client.request(Method::POST, &served.url).unwrap();
        let page = io::read_to_string(request.send_body(form.as_bytes()).unwrap()).unwrap();
        assert!(page.contains("Accepted.") && !page.contains('\u{fffd}'), "{page}");
        // The page shows them as escapes, and the form again, so that it is the same message.
        assert!(stripped(&page).contains(r"\xff\xfe"), "{page}");
        let (_, area) = page.split_once("spellcheck=\"false\">\n").unwrap();
        let (area, _) = area.split_once("</textarea>").unwrap();
        assert_eq!(stripped(area), r#"GET / HTTP/1.1\r\nHost: a\r\nX: \"\xff\xfe\'\\\r\n\r\n"#);
        assert!(page.contains("value=\"escapes\" checked>"), "{page}");
        let (status, again) = served.post(&[("octets", &stripped(area)), ("written", "escapes")]);
        let shown = |page: &str| page.split_once("</form>\n").unwrap().1.to_owned();
        assert_eq!((status, shown(&again)), (200, shown(&page)));
    }
}

/// A form may come without a type, as from a program that sets none.
#[test]
fn content_that_is_no_form_gets_a_415() {
    let served = Served::start();
    for (kind, status) in [
        ("application/json", 415),
        ("multipart/form-data; boundary=a", 415),
        ("", 415),
        ("application/x-www-form-urlencoded", 200),
        ("Application/X-WWW-Form-URLencoded ; charset=utf-8", 200),
    ] {
        let request = served.client.request(Method::POST, &served.url).unwrap();
        let request = request.field(FieldName::CONTENT_TYPE, FieldValue::new(kind).unwrap());
        let response = request.send_body(b"octets=GET").unwrap();
        assert_eq!(response.status().code(), status, "{kind}");
        let accept = response.head().fields().get(FieldName::ACCEPT).is_some();
        assert_eq!(accept, status == 415, "{kind}");
        let text = io::read_to_string(response).unwrap();
        assert_eq!(text.starts_with("send a form, of the type "), status == 415, "{text}");
    }
}
