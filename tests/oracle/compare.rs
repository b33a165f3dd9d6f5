//! Compares the library's verdicts with the expected ones.

use crate::abnf::Lists;
use crate::elements::{ANY_OCTETS, ELEMENTS, Element, Reader};
use crate::exceptions::{self, Exception, Kind, Names};
use crate::rules::{Head, Rfc, Says, Verdict, is_http10, trim};
use bareline_core::body::Framing;
use bareline_core::connection::Received;
use bareline_core::head::{Fields, Limits, Parsed};
use bareline_core::{
    ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method, RequestHead, ResponseHead,
    Target, WireBuf,
};
use bareline_fuzz::{BodyEvent, body_events};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// The counts of strings, of accepted ones and of exceptions.
pub(crate) struct Tally {
    pub(crate) strings: u64,
    pub(crate) accepted: u64,
    pub(crate) exceptions: Vec<u64>,
    /// The shortest strings with a wrong verdict, sorted by length.
    pub(crate) failures: BTreeSet<(usize, String)>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            strings: 0,
            accepted: 0,
            exceptions: vec![0; Exception::ALL.len()],
            failures: BTreeSet::new(),
        }
    }
}

impl Tally {
    /// Compares one string; returns whether the library accepts it.
    pub(crate) fn compare(&mut self, rfc: &Rfc, reader: Reader, octets: &[u8]) -> bool {
        let (is_accepted, names, failure) = compare(rfc, reader, octets);
        self.strings += 1;
        self.accepted += u64::from(is_accepted);
        names.iter().for_each(|name| self.exceptions[name as usize] += 1);
        if let Some(failure) = failure {
            self.fail(octets.len(), || {
                format!("{reader:?} \"{}\": {failure}", octets.escape_ascii())
            });
        }
        is_accepted
    }

    /// Keeps a failure if its string is among the shortest.
    fn fail(&mut self, length: usize, failure: impl FnOnce() -> String) {
        if self.failures.len() < 4
            || self.failures.last().is_some_and(|(longest, _)| length < *longest)
        {
            self.failures.insert((length, failure()));
        }
        if self.failures.len() > 4 {
            self.failures.pop_last();
        }
    }

    /// Adds the counts of another tally.
    pub(crate) fn add(&mut self, other: &Self) {
        self.strings += other.strings;
        self.accepted += other.accepted;
        self.exceptions.iter_mut().zip(&other.exceptions).for_each(|(count, more)| *count += more);
        other.failures.iter().for_each(|(length, failure)| self.fail(*length, || failure.clone()));
    }

    /// Returns the exceptions that occurred, with their counts.
    pub(crate) fn named(&self) -> String {
        let counts = Exception::ALL.iter().zip(&self.exceptions).filter(|(_, count)| **count > 0);
        counts
            .map(|((name, _, _), count)| format!("{name:?} {count}"))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Fails if there is any difference without a name.
    pub(crate) fn check(&self) {
        let failures: Vec<_> = self.failures.iter().map(|(_, failure)| &failure[..]).collect();
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }
}

fn compare(rfc: &Rfc, reader: Reader, octets: &[u8]) -> (bool, Names, Option<String>) {
    match reader {
        Reader::Request => {
            let (expected, names) = exceptions::request(rfc, octets);
            let (verdict, parts) = request(octets);
            let failure =
                differ(expected, verdict, names).or_else(|| parts_differ(octets, 2, parts?));
            (verdict.is_accepted(), names, failure)
        }
        Reader::Response => {
            let (expected, names) = exceptions::response(rfc, octets);
            let (verdict, parts) = response(octets);
            let failure =
                differ(expected, verdict, names).or_else(|| parts_differ(octets, 0, parts?));
            (verdict.is_accepted(), names, failure)
        }
        Reader::Folded => {
            let (expected, mended, names) = exceptions::folded(rfc, octets);
            let (verdict, parts) = received_by_a_client(octets);
            let failure =
                differ(expected, verdict, names).or_else(|| parts_differ(&mended, 0, parts?));
            (verdict.is_accepted(), names, failure)
        }
        Reader::Body => {
            let (expected, names) = exceptions::body(rfc, octets);
            let events =
                body_events(Framing::Chunked, &Limits::new(), octets, &[octets.len()], false);
            let events = (events.last() == Some(&BodyEvent::End(octets.len()))).then_some(events);
            (events.is_some(), names, differ(expected, events, names))
        }
        Reader::Target | Reader::Method | Reader::FieldName | Reader::FieldValue => {
            // These take strings only: each octet becomes one character.
            let string: String = octets.iter().map(|octet| char::from(*octet)).collect();
            let (expected, names) = value(rfc, reader, string.as_bytes());
            let is_accepted = match reader {
                Reader::Target => Target::new(&string).is_ok(),
                Reader::Method => Method::new(&string).is_ok(),
                Reader::FieldName => FieldName::new(&string).is_ok(),
                _ => FieldValue::new(&string)
                    .is_ok_and(|value| value.as_bytes() == trim(string.as_bytes())),
            };
            (is_accepted, names, differ(expected, is_accepted, names))
        }
    }
}

fn differ<V: PartialEq + std::fmt::Debug>(expected: V, verdict: V, names: Names) -> Option<String> {
    (expected != verdict).then(|| format!("expected {expected:?} for {names:?}, got {verdict:?}"))
}

/// Returns whether a writer has to accept a value, and the exceptions from the RFC that apply.
fn value(rfc: &Rfc, reader: Reader, octets: &[u8]) -> (bool, Names) {
    let mut names = Names::default();
    match reader {
        Reader::Target => {
            let is_target = |target: &[u8]| {
                let forms = [&rfc.origin, &rfc.absolute, &rfc.authority];
                target == b"*" || forms.iter().any(|form| form.is_match(target))
            };
            let is_target = is_target(octets);
            if is_target {
                names = exceptions::target_rejected(rfc, None, octets);
            }
            (is_target && names.is_empty(), names)
        }
        Reader::FieldValue => (rfc.field_value.is_match(trim(octets)), names),
        _ => (rfc.token.is_match(octets), names),
    }
}

/// The parts of a head that the library returns.
pub(crate) type Parts = ([Vec<u8>; 3], Vec<(Vec<u8>, Vec<u8>)>);

/// Returns the library's verdict on exactly one request head.
pub(crate) fn request(octets: &[u8]) -> (Verdict, Option<Parts>) {
    let mut spans = FieldSpans::<64>::new();
    let Ok(Parsed::Complete { message: head, len }) = RequestHead::parse(octets, spans.lend())
    else {
        return (Verdict::Rejected, None);
    };
    if len != octets.len() {
        return (Verdict::Rejected, None);
    }
    let start = [
        head.method().as_bytes().to_vec(),
        head.target().as_bytes().to_vec(),
        head.version().to_string().into_bytes(),
    ];
    let says = Says {
        persists: head.persists(),
        expects_continue: head.expects_continue(),
        offers_upgrade: head.offers_upgrade(),
    };
    (Verdict::Head([Some(head.framing()); 3], says), Some((start, fields(head.fields()))))
}

/// Returns the library's verdict on exactly one response head.
pub(crate) fn response(octets: &[u8]) -> (Verdict, Option<Parts>) {
    let mut spans = FieldSpans::<64>::new();
    let Ok(Parsed::Complete { message: head, len }) = ResponseHead::parse(octets, spans.lend())
    else {
        return (Verdict::Rejected, None);
    };
    if len != octets.len() {
        return (Verdict::Rejected, None);
    }
    let (verdict, parts) = of_response(&head);
    (verdict, Some(parts))
}

fn of_response(head: &ResponseHead<'_>) -> (Verdict, Parts) {
    let framings =
        [Method::GET, Method::HEAD, Method::CONNECT].map(|method| head.framing(method).ok());
    let start = [
        head.version().to_string().into_bytes(),
        head.status().code().to_string().into_bytes(),
        head.reason().to_vec(),
    ];
    let says = Says { persists: head.persists(), expects_continue: false, offers_upgrade: false };
    (Verdict::Head(framings, says), (start, fields(head.fields())))
}

/// Returns the verdict of a client's connection on exactly one response head to GET.
///
/// The connection replaces folds in its buffer.
fn received_by_a_client(octets: &[u8]) -> (Verdict, Option<Parts>) {
    let (mut spans, mut out) = (FieldSpans::<64>::new(), WireBuf::<64>::new());
    let mut connection = ClientConnection::new();
    let head = connection.request(Method::GET, Target::ROOT, &mut out).unwrap();
    head.field(FieldName::HOST, FieldValue::from_static("a")).unwrap().without_body().unwrap();
    let mut received = octets.to_vec();
    match connection.receive(&mut received, spans.lend()) {
        Ok(Received { used, event: Event::Head(head) }) if used == octets.len() => {
            let (verdict, parts) = of_response(&head);
            (verdict, Some(parts))
        }
        _ => (Verdict::Rejected, None),
    }
}

/// Returns authority, path and query of the target of a request that the library accepts.
pub(crate) fn target_parts(octets: &[u8]) -> (Option<String>, String, Option<String>) {
    let mut spans = FieldSpans::<64>::new();
    let Ok(Parsed::Complete { message: head, .. }) = RequestHead::parse(octets, spans.lend())
    else {
        panic!("no request")
    };
    let target = head.target();
    (
        target.authority().map(str::to_owned),
        target.path().to_owned(),
        target.query().map(str::to_owned),
    )
}

fn fields(fields: Fields<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    fields
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect()
}

/// Compares the library's parts with the octets between spaces, colons and line ends.
fn parts_differ(octets: &[u8], version_at: usize, (start, fields): Parts) -> Option<String> {
    let first = octets.iter().position(|octet| !b"\r\n".contains(octet)).unwrap_or(0);
    let octets = exceptions::with_space(&octets[first..]);
    let mut head = Head::split(&octets)?;
    if !is_http10(head.start[version_at]) {
        head.start[version_at] = b"HTTP/1.1";
    }
    let is_same = start.iter().zip(head.start).all(|(read, stands)| read == stands)
        && fields
            .iter()
            .map(|(name, value)| (&name[..], &value[..]))
            .eq(head.fields.iter().copied());
    (!is_same).then(|| format!("read as {start:?} {fields:?}"))
}

/// Compares every string of up to this many tokens after these octets.
fn every_string_behind(
    rfc: &Rfc,
    reader: Reader,
    octets: &mut Vec<u8>,
    behind: &[u8],
    alphabet: &[&[u8]],
    length: usize,
    tally: &mut Tally,
) {
    let end = octets.len();
    octets.extend_from_slice(behind);
    tally.compare(rfc, reader, octets);
    octets.truncate(end);
    if length > 0 {
        for token in alphabet {
            octets.extend_from_slice(token);
            every_string_behind(rfc, reader, octets, behind, alphabet, length - 1, tally);
            octets.truncate(end);
        }
    }
}

/// Compares every string of an element's alphabet, and the short strings of all octets.
fn element(rfc: &Rfc, element: &Element, longer: isize) -> Tally {
    let mut tally = Tally::default();
    let any: Vec<[u8; 1]> = (0..=u8::MAX).map(|octet| [octet]).collect();
    let any: Vec<&[u8]> = any.iter().map(|octet| &octet[..]).collect();
    let mut any = Some(&any[..]);
    for (before, behind) in element.around {
        let mut octets = before.as_bytes().to_vec();
        let mut every_string = |alphabet, length| {
            every_string_behind(
                rfc,
                element.reader,
                &mut octets,
                behind.as_bytes(),
                alphabet,
                length,
                &mut tally,
            );
        };
        every_string(element.alphabet, element.length.saturating_add_signed(longer));
        any.take().into_iter().for_each(|any| every_string(any, ANY_OCTETS));
    }
    tally
}

/// Compares strings around the limits of length.
fn limits(rfc: &Rfc) -> Tally {
    let mut tally = Tally::default();
    for length in 4_090..=4_100 {
        let line = format!("0;{}\r\n\r\n", "a".repeat(length));
        tally.compare(rfc, Reader::Body, line.as_bytes());
    }
    for count in [4, 5] {
        let chunks = format!("1;{}\r\na\r\n", "a".repeat(4_000)).repeat(count) + "0\r\n\r\n";
        tally.compare(rfc, Reader::Body, chunks.as_bytes());
    }
    for length in [63, 64, 65] {
        tally.compare(
            rfc,
            Reader::Request,
            format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "M".repeat(length)).as_bytes(),
        );
    }
    for length in 16_380..=16_390 {
        tally.compare(
            rfc,
            Reader::Request,
            format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(length)).as_bytes(),
        );
    }
    for length in 65_490..=65_535 {
        tally.compare(
            rfc,
            Reader::Request,
            format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(length)).as_bytes(),
        );
        tally.compare(
            rfc,
            Reader::Response,
            format!("HTTP/1.1 200 \r\nX: {}\r\n\r\n", "a".repeat(length)).as_bytes(),
        );
    }
    tally
}

/// Returns the digits of a number, in groups of three.
fn grouped(number: u64) -> String {
    match (number / 1_000, number % 1_000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{},{rest:03}", grouped(thousands)),
    }
}

/// Prints a line; returns its start if README.md does not have it.
fn compared_with_the_page(start: String, rest: &str) -> Option<String> {
    println!("{start}{rest}");
    let is_there = include_str!("README.md").lines().any(|line| line.starts_with(&start));
    (!is_there).then_some(start)
}

#[test]
fn every_short_string_has_the_rfcs_verdict() {
    let longer = crate::longer();
    let rfc = Rfc::new(Lists::Received);
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let rfc = rfc.clone();
            scope.spawn(|| {
                let rfc = rfc;
                while let Some(one) = ELEMENTS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let begin = Instant::now();
                    let tally = element(&rfc, one, longer);
                    results.lock().unwrap().push((one, tally, begin.elapsed().as_secs_f64()));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(one, _, _)| std::ptr::from_ref(*one));
    let (mut all, mut not_on_page) = (limits(&rfc), Vec::new());
    for (one, tally, seconds) in &results {
        let counts = format!("{} | {}", grouped(tally.strings), grouped(tally.accepted));
        let row = format!(
            "| {} | {}, {} | {counts} |",
            one.name,
            one.alphabet.len(),
            one.length.saturating_add_signed(longer)
        );
        not_on_page
            .extend(compared_with_the_page(row, &format!(" {seconds:.1} | {}", tally.named())));
        all.add(tally);
    }
    for ((name, _, _), count) in
        Exception::ALL.iter().zip(&all.exceptions).filter(|(_, count)| **count > 0)
    {
        not_on_page
            .extend(compared_with_the_page(format!("| {name:?} | {} |", grouped(*count)), ""));
    }
    not_on_page.extend(compared_with_the_page(format!("{} strings", grouped(all.strings)), ""));
    println!("{:.1} s on all threads", results.iter().map(|(_, _, seconds)| seconds).sum::<f64>());
    all.check();
    let is_due = |kind: &Kind, count: u64| *kind != Kind::Elsewhere && count == 0;
    let missing = Exception::ALL
        .iter()
        .zip(&all.exceptions)
        .filter(|((_, kind, _), count)| is_due(kind, **count));
    let missing: Vec<_> = missing.map(|((name, _, _), _)| name).collect();
    // Some exceptions need strings of full length.
    assert!(longer < 0 || missing.is_empty(), "these no longer occur: {missing:?}");
    assert!(
        longer != 0 || not_on_page.is_empty(),
        "README.md has other counts:\n{}",
        not_on_page.join("\n")
    );
}

/// The table of CHOICES.md and the exceptions have the same names.
#[test]
fn every_choice_is_a_named_exception() {
    let table = include_str!("../../core/CHOICES.md");
    let rows =
        table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| construct"));
    let rows: Vec<_> =
        rows.map(|row| row.trim_start_matches("| ").split(" | ").next().unwrap()).collect();
    let named: Vec<_> = Exception::ALL.iter().map(|(_, _, cell)| *cell).collect();
    assert_eq!(rows, named);
}
