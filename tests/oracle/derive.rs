//! Derives messages from the grammar at random, and changes them by an octet.

use crate::abnf::{Grammar, Lists, Node};
use crate::compare::{Parts, Tally, request, response, target_parts};
use crate::elements::Reader;
use crate::exceptions::Exception;
use crate::rules::{GRAMMAR, Rfc, trim};
use bareline_core::body::Framing;
use bareline_core::head::Limits;
use bareline_fuzz::{BodyEvent, body_events};
use std::collections::BTreeSet;
use std::ops::Range;

/// Random numbers (SplitMix64), the same in every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ mixed >> 31) % bound as u64).unwrap()
    }

    fn choose<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }
}

/// The strings to which a rule is derived half of the time.
///
/// Otherwise most messages would be rejected for one part.
const LIKELY: &[(&str, &[&str])] = &[
    ("HTTP-version", &["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0"]),
    ("method", &["GET", "PUT", "CONNECT", "OPTIONS"]),
    ("status-code", &["200", "204", "304", "101", "404", "600"]),
    ("field-name", &["Host", "Expect", "X-A", "Trailer"]),
    ("transfer-coding", &["chunked", "Chunked", "gzip"]),
    ("Content-Length", &["0", "5", "5"]),
    ("Host", &["a", "a:80", "[::1]:80"]),
    ("connection-option", &["close", "Keep-Alive"]),
    ("port", &["80", "65535", "65536"]),
];

/// The rules that occur in no accepted message.
///
/// A target with userinfo or without `://` is rejected after any method (`CONNECT a:1` is read as
/// an authority).
const REJECTED: &[&str] =
    &["path-absolute", "path-empty", "path-rootless", "segment-nz", "userinfo"];

/// A string of the grammar, and the ranges of the rules that it was derived by.
#[derive(Default)]
pub(crate) struct Derivation {
    pub(crate) octets: Vec<u8>,
    rules: Vec<(String, Range<usize>)>,
    chunk: usize,
}

impl Derivation {
    /// Derives a string from a rule.
    pub(crate) fn of(grammar: &Grammar, rule: &str, random: &mut Random) -> Self {
        let mut derivation = Self::default();
        derivation.node(grammar, &Node::Rule(rule.to_owned()), random);
        derivation
    }

    fn node(&mut self, grammar: &Grammar, node: &Node, random: &mut Random) {
        match node {
            Node::Either(nodes) => {
                let node = random.choose(nodes);
                self.node(grammar, node, random);
            }
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.node(grammar, node, random)),
            Node::Repeat(least, most, node) => {
                let most = most.unwrap_or(least + 3).min(least + 3);
                let count = *least as usize + random.below((most - least + 1) as usize);
                (0..count).for_each(|_| self.node(grammar, node, random));
            }
            Node::List(member) => {
                for at in 0..random.below(4) {
                    if at > 0 {
                        self.octets
                            .extend_from_slice(random.choose(&[",", ", ", "\t,"]).as_bytes());
                    }
                    if random.below(5) > 0 {
                        self.node(grammar, member, random);
                    }
                }
            }
            Node::Rule(name) => {
                let start = self.octets.len();
                let likely = LIKELY
                    .iter()
                    .find(|(likely, _)| likely == name)
                    .filter(|_| random.below(2) == 0);
                match (likely, &name[..]) {
                    (Some((_, strings)), _) => {
                        self.octets.extend_from_slice(random.choose(strings).as_bytes())
                    }
                    // The size of a chunk determines the length of its data.
                    (None, "chunk-size") => {
                        self.chunk = 1 + random.below(20);
                        let width = random.below(4);
                        let size = random
                            .choose(&[
                                format!("{:0width$x}", self.chunk),
                                format!("{:X}", self.chunk),
                            ])
                            .clone();
                        self.octets.extend_from_slice(size.as_bytes());
                    }
                    (None, "chunk-data") => {
                        (0..self.chunk).for_each(|_| {
                            self.node(grammar, &Node::Rule("OCTET".to_owned()), random)
                        });
                    }
                    (None, name) => self.node(grammar, grammar.rule(name), random),
                }
                self.rules.push((name.clone(), start..self.octets.len()));
            }
            Node::Text(string) => string.bytes().for_each(|octet| {
                let is_changed = octet.is_ascii_alphabetic() && random.below(4) == 0;
                self.octets.push(if is_changed { octet ^ 0x20 } else { octet });
            }),
            Node::Octets(first, last) => {
                let octet = usize::from(*first) + random.below(usize::from(last - first) + 1);
                self.octets.push(u8::try_from(octet).unwrap());
            }
        }
    }

    /// Returns all strings that were derived from a rule.
    fn all(&self, rule: &str) -> impl Iterator<Item = Vec<u8>> {
        let found = self.rules.iter().filter(move |(name, _)| name == rule);
        found.map(|(_, range)| self.octets[range.clone()].to_vec())
    }

    /// Returns authority, path and query of the target.
    ///
    /// After CONNECT, `a:1` is an authority, though it can also be derived as a URI with the scheme
    /// `a`.
    fn target_parts(&self) -> (Option<String>, String, Option<String>) {
        let one =
            |rule: &str| self.all(rule).next().map(|octets| String::from_utf8(octets).unwrap());
        let target = one("request-target").unwrap();
        if one("method").unwrap() == "CONNECT" {
            return (Some(target), String::new(), None);
        }
        let path = match target.as_bytes()[0] {
            b'*' => target,
            b'/' => one("absolute-path").unwrap(),
            _ => one("path-abempty")
                .filter(|path| !path.is_empty())
                .unwrap_or_else(|| "/".to_owned()),
        };
        (one("authority"), path, one("query"))
    }

    /// Returns names and values of the lines, in order.
    fn fields(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let values = ["Host", "Content-Length", "Transfer-Encoding", "Connection"];
        let mut fields: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for (name, range) in &self.rules {
            let octets = &self.octets[range.clone()];
            match &name[..] {
                "field-name" => fields.push((octets.to_vec(), Vec::new())),
                "field-value" => fields.last_mut().unwrap().1 = octets.to_vec(),
                name if values.contains(&name) => {
                    // The name begins the line.
                    let start = self.octets[..range.start]
                        .iter()
                        .rposition(|&octet| octet == b'\n')
                        .unwrap()
                        + 1;
                    fields.push((
                        self.octets[start..start + name.len()].to_vec(),
                        trim(octets).to_vec(),
                    ));
                }
                _ => {}
            }
        }
        fields
    }
}

/// Changes an octet: inserts, deletes, replaces or swaps one.
fn mutant(octets: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mutant = octets.to_vec();
    let at = random.below(octets.len());
    let octet = match random.below(2) {
        0 => *random.choose(b"\r\n\t\0 :,;/?*%[]@\"\\=\x7f\x80\xff019aA-."),
        _ => u8::try_from(random.below(256)).unwrap(),
    };
    match random.below(4) {
        0 => mutant.insert(at, octet),
        1 => drop(mutant.remove(at)),
        2 => mutant[at] = octet,
        _ => mutant.swap(at, random.below(octets.len())),
    }
    mutant
}

/// Returns the version by which a message is handled.
fn handled(version: Vec<u8>) -> Vec<u8> {
    if version == b"HTTP/1.0" { version } else { b"HTTP/1.1".to_vec() }
}

/// Compares the parts of an accepted message with those that it was derived from.
fn check_parts(derivation: &Derivation, reader: Reader) {
    let one = |rule: &str| derivation.all(rule).next().unwrap_or_default();
    let check = |(start, fields): Parts, expected: [Vec<u8>; 3]| {
        assert_eq!(
            (start, fields),
            (expected, derivation.fields()),
            "{}",
            derivation.octets.escape_ascii()
        );
    };
    match reader {
        Reader::Request => {
            let expected = [one("method"), one("request-target"), handled(one("HTTP-version"))];
            check(request(&derivation.octets).1.unwrap(), expected);
            assert_eq!(
                target_parts(&derivation.octets),
                derivation.target_parts(),
                "{}",
                derivation.octets.escape_ascii()
            );
        }
        Reader::Response => {
            let expected = [handled(one("HTTP-version")), one("status-code"), one("reason-phrase")];
            check(response(&derivation.octets).1.unwrap(), expected);
        }
        _ => {
            let octets = &derivation.octets;
            let (mut content, mut trailers, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
            for event in
                body_events(Framing::Chunked, &Limits::new(), octets, &[octets.len()], false)
            {
                match event {
                    BodyEvent::Content(data) => content.extend(data),
                    BodyEvent::Trailer(name, value) => trailers.push((name, value)),
                    BodyEvent::Chunk(size, _) => sizes.push(size),
                    _ => {}
                }
            }
            let data: Vec<_> = derivation.all("chunk-data").collect();
            assert_eq!(content, data.concat());
            assert_eq!(
                sizes,
                data.iter().map(|data| data.len() as u64).chain([0]).collect::<Vec<_>>()
            );
            assert_eq!(trailers, derivation.fields());
        }
    }
}

#[test]
fn every_derivation_is_read_as_it_was_derived() {
    let (grammar, rfc, mut random) =
        (Grammar::new(GRAMMAR), Rfc::new(Lists::Received), Random::new(15));
    let rounds = if crate::longer() > 0 { 1_000_000 } else { 20_000 };
    let starts = [
        ("request-head", Reader::Request),
        ("response-head", Reader::Response),
        ("chunked-body", Reader::Body),
        ("HTTP-request", Reader::Request),
        ("HTTP-response", Reader::Response),
    ];
    let (mut derived, mut changed) = (Tally::default(), Tally::default());
    let (mut reached, mut accepted_rules) = (BTreeSet::new(), BTreeSet::new());
    for (start, reader) in starts {
        let before = derived.accepted;
        for _ in 0..rounds {
            let derivation = Derivation::of(&grammar, start, &mut random);
            if derived.compare(&rfc, reader, &derivation.octets) {
                check_parts(&derivation, reader);
                accepted_rules.extend(derivation.rules.iter().map(|(name, _)| name.clone()));
            }
            for _ in 0..3 {
                changed.compare(&rfc, reader, &mutant(&derivation.octets, &mut random));
            }
            reached.extend(derivation.rules.into_iter().map(|(name, _)| name));
        }
        let accepted = derived.accepted - before;
        assert!(accepted > rounds / 50, "{accepted} of {rounds} are accepted");
    }
    println!("derived: {}, accepted {}; {}", derived.strings, derived.accepted, derived.named());
    println!(
        "changed by an octet: {}, accepted {}; {}",
        changed.strings,
        changed.accepted,
        changed.named()
    );
    derived.check();
    changed.check();
    // A chunk line is derived as a part of other rules.
    let is_due = |name: &&str| *name != "chunk-line";
    let is_reached = |name: &str| {
        if REJECTED.contains(&name) { &reached } else { &accepted_rules }.contains(name)
    };
    let missing: Vec<_> = grammar.names().filter(is_due).filter(|name| !is_reached(name)).collect();
    assert!(missing.is_empty(), "not reached: {missing:?}");
    assert!(derived.exceptions[Exception::OtherHost as usize] > 0);
}

/// Prints derivations of each rule and mutants of them, with our compiler's verdict, for
/// `compare_abnf`.
#[test]
#[ignore = "a recipe, `just oracle-abnf`, reads what it prints"]
fn samples_for_another_implementation() {
    let (grammar, mut random) = (Grammar::new(GRAMMAR), Random::new(16));
    for name in grammar.names() {
        let rule = grammar.matcher(name, Lists::Received);
        for _ in 0..30 {
            let derivation = Derivation::of(&grammar, name, &mut random).octets;
            let changed = if derivation.is_empty() {
                b"a".to_vec()
            } else {
                mutant(&derivation, &mut random)
            };
            for sample in [derivation, changed] {
                println!("sample {name} {} \"{}\"", rule.is_match(&sample), sample.escape_ascii());
            }
        }
    }
}
