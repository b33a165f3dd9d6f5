//! Judges what the properties have written, by the grammar of senders.

use crate::abnf::Lists;
use crate::derive::Random;
use crate::exceptions::is_control;
use crate::rules::{Head, Rfc, Verdict};
use bareline_core::body::Framing;
use bareline_fuzz::{BodyEvent, Cut, Sent, Target, Written, written_by};
use std::panic::resume_unwind;

/// The counts of messages that were judged.
#[derive(Default, Debug)]
struct Judged {
    requests: u32,
    responses: u32,
    bodies: u32,
    cut_short: u32,
}

/// Counts a last message that is cut short, if the cut is allowed.
fn cut_short(count: &mut u32, cut: Cut) -> Result<(), String> {
    *count += 1;
    if cut == Cut::InLastBody { Ok(()) } else { Err("a message that is cut short".into()) }
}

impl Judged {
    fn judge(&mut self, rfc: &Rfc, written: &Written) -> Result<(), String> {
        let octets = &written.octets[..];
        let judged = match &written.messages {
            Sent::Requests => self.requests(rfc, written),
            Sent::Responses(methods) => self.responses(rfc, methods, written),
            Sent::ChunkedBody => {
                let rest = self.chunked(rfc, octets, written.cut);
                rest.map(|rest| assert!(rest.is_empty(), "octets behind a body"))
            }
        };
        judged.map_err(|fault| format!("{fault}: \"{}\"", octets.escape_ascii()))
    }

    fn requests(&mut self, rfc: &Rfc, written: &Written) -> Result<(), String> {
        let mut octets = &written.octets[..];
        while !octets.is_empty() {
            let (head, rest) = split(octets)?;
            let Verdict::Head([Some(framing), ..], _) = rfc.request(head) else {
                return Err("no request of the RFC".into());
            };
            let lines = Head::split(head).ok_or("no head")?;
            sender_rules(&lines, lines.start[2])?;
            self.requests += 1;
            let is_connect = lines.start[0] == b"CONNECT";
            octets = if is_connect { &[] } else { self.body(rfc, rest, framing, written.cut)? };
        }
        Ok(())
    }

    fn responses(
        &mut self,
        rfc: &Rfc,
        methods: &[String],
        written: &Written,
    ) -> Result<(), String> {
        let mut octets = &written.octets[..];
        // On a connection, the response to a rejected request is read as one to GET.
        let rejection = ["GET"].into_iter().filter(|_| written.cut == Cut::InLastBody);
        let mut methods = methods.iter().map(String::as_str).chain(rejection);
        let mut method = methods.next();
        while !octets.is_empty() {
            let (head, rest) = split(octets)?;
            let Verdict::Head([get, to_head, connect], _) = rfc.response(head) else {
                return Err("no response of the RFC".into());
            };
            let asked = method.ok_or("a response that no request asked for")?;
            let framing = match asked {
                "HEAD" => to_head,
                "CONNECT" => connect,
                _ => get,
            };
            let lines = Head::split(head).ok_or("no head")?;
            let [version, status, _] = lines.start;
            sender_rules(&lines, version)?;
            // RFC 9110 sections 15 and 8.6, RFC 9112 section 6.1: no length is allowed there.
            let is_tunnel = asked == "CONNECT" && status[0] == b'2';
            let has_length = lines.has("content-length") || lines.has("transfer-encoding");
            if !(b'1'..=b'5').contains(&status[0])
                || has_length && (status[0] == b'1' || status == b"204" || is_tunnel)
            {
                return Err("a status or a length that no sender may write".into());
            }
            self.responses += 1;
            let is_final = status[0] != b'1' || status == b"101";
            method = if is_final { methods.next() } else { method };
            octets = self.body(rfc, rest, framing.ok_or("no framing")?, written.cut)?;
        }
        Ok(())
    }

    /// Judges a body, and returns the octets after it.
    fn body<'o>(
        &mut self,
        rfc: &Rfc,
        octets: &'o [u8],
        framing: Framing,
        cut: Cut,
    ) -> Result<&'o [u8], String> {
        match framing {
            Framing::None => Ok(octets),
            Framing::Length(length) => {
                let length = usize::try_from(length).map_err(|_| "a length beyond memory")?;
                if octets.len() < length {
                    cut_short(&mut self.cut_short, cut)?;
                }
                Ok(octets.get(length..).unwrap_or_default())
            }
            Framing::UntilClose | Framing::Tunnel => Ok(&[]),
            Framing::Chunked => self.chunked(rfc, octets, cut),
        }
    }

    /// Judges the shortest chunked body that begins here.
    ///
    /// The body may be cut short after a chunk, if the cut is allowed.
    fn chunked<'o>(&mut self, rfc: &Rfc, octets: &'o [u8], cut: Cut) -> Result<&'o [u8], String> {
        let ends =
            (0..octets.len()).filter(|&at| octets[at..].starts_with(b"\r\n\r\n")).map(|at| at + 4);
        let Some((end, events)) =
            ends.into_iter().find_map(|end| Some((end, rfc.body(&octets[..end])?)))
        else {
            cut_short(&mut self.cut_short, cut)?;
            // The CRLF after the data of a chunk is written with the next chunk.
            let mut whole =
                [&b"0\r\n\r\n"[..], b"\r\n0\r\n\r\n"].map(|end| [octets, end].concat()).into_iter();
            let is_cut = whole.any(|whole| rfc.body(&whole).is_some());
            return if is_cut { Ok(&[]) } else { Err("no chunked body of the RFC".into()) };
        };
        self.bodies += 1;
        let is_late =
            |event: &BodyEvent| matches!(event, BodyEvent::Trailer(name, _) if is_control(name));
        // RFC 9110 section 6.5.1.
        if events.iter().any(is_late) {
            Err("a trailer that no sender may write".into())
        } else {
            Ok(&octets[end..])
        }
    }
}

/// Splits the octets after the first head.
fn split(octets: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let end =
        octets.windows(4).position(|four| four == b"\r\n\r\n").ok_or("a head that does not end")?;
    Ok(octets.split_at(end + 4))
}

/// Rejects a head that no sender may write, though a recipient accepts it.
fn sender_rules(head: &Head<'_>, version: &[u8]) -> Result<(), String> {
    let has_option = |name: &str| {
        head.members("connection").iter().any(|option| option.eq_ignore_ascii_case(name.as_bytes()))
    };
    // An empty list has no effect.
    let says = |name: &str| head.members(name).iter().any(|member| !member.is_empty());
    let faults = [
        // RFC 9112 section 2.3: the library speaks HTTP/1.1 and HTTP/1.0.
        (!matches!(version, b"HTTP/1.0" | b"HTTP/1.1"), "another version"),
        // RFC 9112 section 6.2.
        (head.has("content-length") && head.has("transfer-encoding"), "a length and a coding"),
        // RFC 9110 sections 7.8 and 10.1.4.
        (says("upgrade") && !has_option("upgrade"), "Upgrade without its option"),
        (says("te") && !has_option("te"), "TE without its option"),
        // RFC 9112 section 9.3.
        (has_option("close") && has_option("keep-alive"), "close and keep-alive"),
    ];
    faults.iter().find(|(is_fault, _)| *is_fault).map_or(Ok(()), |(_, fault)| Err((*fault).into()))
}

/// The seeds of the fuzz targets, and random octets, make the properties write.
#[test]
fn what_is_written_has_the_rfcs_grammar() {
    let (rfc, mut random, mut judged) = (Rfc::new(Lists::Sent), Random::new(15), Judged::default());
    let rounds = if crate::longer() > 0 { 200_000 } else { 12_000 };
    for target in Target::ALL.iter().filter(|target| target.name != "scan") {
        let mut judge = |property: &dyn Fn()| {
            // The judge does not depend on the property's own verdict.
            let (written, outcome) = written_by(property);
            for written in written {
                judged
                    .judge(&rfc, &written)
                    .unwrap_or_else(|fault| panic!("{}: {fault}", target.name));
            }
            outcome.unwrap_or_else(|panic| resume_unwind(panic));
        };
        judge(&|| {
            target.replay().unwrap();
        });
        for _ in 0..rounds {
            let octets: Vec<u8> =
                (0..random.below(300)).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
            judge(&|| (target.property)(&octets));
        }
    }
    println!("written: {judged:?}");
    let Judged { requests, responses, bodies, cut_short } = judged;
    let counts = [requests, responses, bodies, cut_short];
    assert!(counts.iter().all(|count| *count > 20), "{counts:?}");
}

/// The judge allows a cut and an unsolicited response only where they may occur, and no invalid
/// option.
#[test]
fn the_judge_excuses_no_more_than_it_says() {
    const HEAD: &str = "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n";
    const NO_CONTENT: &str = "HTTP/1.1 204 \r\n\r\n";
    const OPTION: &str = "HTTP/1.1 204 \r\nConnection: close,\r\n\r\n";
    let rfc = Rfc::new(Lists::Sent);
    let is_valid = |octets: &str, cut: Cut| {
        let messages = Sent::Responses(vec!["GET".to_owned()]);
        let written = Written { messages, octets: octets.as_bytes().to_vec(), cut };
        Judged::default().judge(&rfc, &written).is_ok()
    };
    for (octets, whole, cut) in [
        (format!("{HEAD}1\r\na\r\n0\r\n\r\n"), true, true),
        (format!("{HEAD}1\r\na\r\n"), false, true),
        (format!("{HEAD}1\r\na"), false, true),
        (format!("{HEAD}1\r\nab"), false, false),
        ("HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n".to_owned(), false, true),
        (NO_CONTENT.to_owned(), true, true),
        (NO_CONTENT.repeat(2), false, true),
        (NO_CONTENT.repeat(3), false, false),
        (OPTION.to_owned(), false, false),
    ] {
        let judged = (is_valid(&octets, Cut::Never), is_valid(&octets, Cut::InLastBody));
        assert_eq!(judged, (whole, cut), "{octets:?}");
    }
}
