//! The properties of heads and of messages that are written.

use crate::calls::{Calls, any_calls_that_succeed_write_what_is_meant};
use crate::http::a_head_is_the_same_through_http;
use crate::limits::cuts;
use crate::model::{MessageModel, RequestModel, ResponseModel};
use crate::shown::{Octets, Shown, pairs, text};
use crate::verdict::{Head, Verdict, request_verdict, response_verdict};
use crate::written::{Sent, Written, note};
use arbitrary::{Arbitrary, Unstructured};
use bareline_core::body::{BodyDecoder, BodyPart, Decoded, Framing};
use bareline_core::error::{InvalidValue, ParseError, WriteError};
use bareline_core::head::{Limits, Parsed};
use bareline_core::write::MessageWriter;
use bareline_core::{FieldSpans, RequestHead, ResponseHead, Target, WireBuf};

/// Checks every property of any octets that a server receives.
pub fn parse_request(octets: &[u8]) {
    holds_for_any_octets(octets, request_verdict);
    holds_within_any_limits(octets);
    an_owned_head_is_unchanged(octets);
    a_gateway_writes_the_target_that_it_reads(octets);
    a_head_is_the_same_through_http(octets);
    if let Verdict::Head(head) = request_verdict(octets) {
        an_accepted_head_has_its_grammar(
            octets,
            &head,
            &[&head.start[0], &head.start[1], b"HTTP/1."],
        );
    }
}

/// Checks every property of any octets that a client receives.
pub fn parse_response(octets: &[u8]) {
    holds_for_any_octets(octets, response_verdict);
    holds_within_any_limits(octets);
    an_owned_head_is_unchanged(octets);
    a_head_is_the_same_through_http(octets);
    if let Verdict::Head(head) = response_verdict(octets) {
        let version = octets.get(..8).unwrap_or_default();
        let start = [version, &head.start[1], &head.start[2]];
        // Without a SP after the code there is no reason phrase.
        let start = if octets.get(12) == Some(&b'\r') {
            start.get(..2).unwrap_or_default()
        } else {
            &start
        };
        an_accepted_head_has_its_grammar(octets, &head, start);
    }
}

/// Checks every property of any message that a caller writes.
pub fn round_trip(octets: &[u8]) {
    if let Ok(model) = MessageModel::arbitrary(&mut Unstructured::new(octets)) {
        what_is_written_parses_back(&model);
    }
    if let Ok(calls) = Calls::arbitrary(&mut Unstructured::new(octets)) {
        any_calls_that_succeed_write_what_is_meant(&calls);
    }
}

/// Checks that a target that was read is written unchanged, or rejected at an octet to encode.
///
/// The percent-encoded target is always valid, and has the meaning of the target that was read.
pub fn a_gateway_writes_the_target_that_it_reads(octets: &[u8]) {
    let mut spans = FieldSpans::<16>::new();
    let Ok(Parsed::Complete { message: head, .. }) = RequestHead::parse(octets, spans.lend())
    else {
        return;
    };
    let target = head.target();
    let mut room = vec![0; 3 * target.as_bytes().len()];
    let encoded = target.encoded(&mut room).expect("room for each octet as a triplet");
    assert_eq!(Target::new(encoded.as_str()), Ok(encoded), "of {target}");
    assert_eq!(
        (encoded.form(), encoded.authority()),
        (target.form(), target.authority()),
        "{target}"
    );
    assert_eq!(
        decoded_triplets(encoded.path_as_bytes()),
        decoded_triplets(target.path_as_bytes()),
        "{target}"
    );
    let queries = [encoded, target]
        .map(|target| target.query().map(|query| decoded_triplets(query.as_bytes())));
    assert_eq!(queries[0], queries[1], "{target}");
    let mut out = WireBuf::<16_384>::new();
    let as_it_is = MessageWriter::new().request(head.method(), target, &mut out).map(drop);
    match as_it_is {
        Err(WriteError::Value(InvalidValue::Target { at })) => {
            let at = usize::from(at);
            assert_eq!(encoded.as_bytes().get(..at), target.as_bytes().get(..at), "{target}");
            assert!(
                target.as_bytes().get(at).is_some_and(|octet| b"[]|{}^`\\%".contains(octet)),
                "{target} at {at}"
            );
            let end = target.as_bytes().len() - 1;
            let mut cramped = room.get_mut(..end).map(|room| target.encoded(room).err());
            assert_eq!(cramped.take(), Some(Some(WriteError::BufferFull)), "{target}");
        }
        _ => assert_eq!(encoded, target),
    }
}

/// Returns the octets with each triplet decoded.
fn decoded_triplets(mut octets: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let digit =
        |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let [first, rest @ ..] = octets {
        let triplet = match octets {
            [b'%', high, low, after @ ..] => {
                digit(*high).zip(digit(*low)).map(|(high, low)| (high << 4 | low, after))
            }
            _ => None,
        };
        let (octet, rest) = triplet.unwrap_or((*first, rest));
        decoded.push(octet);
        octets = rest;
    }
    decoded
}

/// Checks that an owned head is the head it was made from, and that it needs that much memory.
pub fn an_owned_head_is_unchanged(octets: &[u8]) {
    let mut spans = FieldSpans::<16>::new();
    if let Ok(Parsed::Complete { message: head, len }) = RequestHead::parse(octets, spans.lend()) {
        let owned = head.to_owned_in::<_, 16>(vec![b'!'; len + 9]).expect("it fits");
        assert_eq!(format!("{owned:?}"), format!("{head:?}"));
        assert_eq!(owned.head().as_bytes(), head.as_bytes());
        assert!(head.to_owned_in::<_, 16>(vec![0; len - 1]).is_none(), "an octet is missing");
        let fits_one = head.to_owned_in::<_, 1>(vec![0; len]).is_some();
        assert_eq!(fits_one, head.fields().len() <= 1);
        let short = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let mut spans = FieldSpans::<16>::new();
        let Ok(Parsed::Complete { message, .. }) = RequestHead::parse(short, spans.lend()) else {
            panic!("a valid request")
        };
        let mut other = message.to_owned_in::<_, 16>(vec![0; short.len()]).expect("it fits");
        let is_replaced = other.replace(&head);
        assert_eq!((is_replaced, other.capacity()), (len <= short.len(), short.len()));
        let shown = if is_replaced { format!("{head:?}") } else { format!("{message:?}") };
        assert_eq!(format!("{other:?}"), shown);
    }
    let mut spans = FieldSpans::<16>::new();
    if let Ok(Parsed::Complete { message: head, len }) = ResponseHead::parse(octets, spans.lend()) {
        let owned = head.to_owned_in::<_, 16>(vec![b'!'; len]).expect("it fits");
        assert_eq!(format!("{owned:?}"), format!("{head:?}"));
        assert_eq!(
            (owned.head().as_bytes(), owned.head().reason()),
            (head.as_bytes(), head.reason())
        );
        assert!(head.to_owned_in::<_, 16>(vec![0; len - 1]).is_none(), "an octet is missing");
        assert_eq!(head.to_owned_in::<_, 1>([0; 65_535]).is_some(), head.fields().len() <= 1);
    }
}

/// Takes limits from the first octets, and reads the others within them.
fn holds_within_any_limits(octets: &[u8]) {
    let [method, target, head, short @ ..] = octets else { return };
    let short = short.get(..100).unwrap_or(short);
    let [method, target, head] = [method % 8, target % 16, head % 80].map(u16::from);
    every_cut_within_any_limits_gives_the_same_verdict(
        short,
        &Limits::new().method(method).target(target).head(head),
    );
}

/// Checks that the verdict within any limits does not depend on the cut, in either role.
pub fn every_cut_within_any_limits_gives_the_same_verdict(octets: &[u8], limits: &Limits) {
    let request = |octets: &[u8]| {
        let mut spans = FieldSpans::<4>::new();
        RequestHead::parse_within(octets, spans.lend(), limits).map(|parsed| parsed.map(|_| ()))
    };
    let response = |octets: &[u8]| {
        let mut spans = FieldSpans::<4>::new();
        ResponseHead::parse_within(octets, spans.lend(), limits).map(|parsed| parsed.map(|_| ()))
    };
    for verdict in [&request as &dyn Fn(&[u8]) -> _, &response] {
        let whole = verdict(octets);
        let mut is_settled = false;
        for cut in 0..=octets.len() {
            let now = verdict(octets.get(..cut).unwrap_or(octets));
            is_settled |= now != Ok(Parsed::Incomplete);
            assert!(
                !is_settled || now == whole,
                "{limits:?}: {cut} octets are {now:?}, all are {whole:?}"
            );
        }
    }
}

fn holds_for_any_octets(octets: &[u8], verdict: fn(&[u8]) -> Verdict) {
    every_cut_gives_the_same_verdict(octets, verdict);
    what_follows_does_not_matter(octets, b"\n", verdict);
    what_follows_does_not_matter(octets, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", verdict);
    match verdict(octets) {
        Verdict::Incomplete => {}
        Verdict::Rejected(error) => {
            let end = error.offset().saturating_add(error.len());
            assert!(
                end <= octets.len(),
                "{error} points behind the input: {end} of {}",
                octets.len()
            );
        }
        Verdict::Head(head) => a_dump_is_fit_for_a_terminal(&head.dump),
    }
}

/// Checks that the verdict does not depend on how the octets are cut.
///
/// The verdict is incomplete up to some octet, and constant from there on. Each strict prefix of a
/// head is incomplete.
pub fn every_cut_gives_the_same_verdict(octets: &[u8], verdict: fn(&[u8]) -> Verdict) {
    let whole = verdict(octets);
    let mut is_settled = false;
    for cut in cuts(octets) {
        let prefix = octets.get(..cut).unwrap_or(octets);
        let now = verdict(prefix);
        if let Verdict::Head(Head { len, .. }) = &whole {
            assert_eq!(
                now == Verdict::Incomplete,
                cut < *len,
                "of a head of {len} octets, {cut} were judged as {now:?}"
            );
        }
        is_settled |= now != Verdict::Incomplete;
        if is_settled {
            assert_eq!(
                now,
                whole,
                "the verdict on {cut} octets is not the one on {}",
                octets.len()
            );
        }
    }
}

/// Checks that octets after a head or an error do not change the verdict.
pub fn what_follows_does_not_matter(octets: &[u8], more: &[u8], verdict: fn(&[u8]) -> Verdict) {
    let before = verdict(octets);
    if before != Verdict::Incomplete {
        assert_eq!(verdict(&[octets, more].concat()), before);
    }
}

/// Checks that the octets of an accepted head are lines of the grammar.
///
/// These are `start` parts with one SP between them, `name ":" OWS value OWS`, each ended by CRLF,
/// and an empty line.
pub fn an_accepted_head_has_its_grammar(octets: &[u8], head: &Head, start: &[&[u8]]) {
    let accepted = octets.get(..head.len).unwrap_or_default();
    let text = accepted.strip_suffix(b"\r\n\r\n").expect("a head ends with an empty line");
    let mut lines =
        text.split(|&octet| octet == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let line = lines.find(|line| !line.is_empty()).expect("a head has a start line");
    assert!(line.starts_with(&start.join(&b' ')), "{start:?} is not in {line:?}");
    for (name, value) in &head.fields {
        let line = lines.next().expect("a field has its line");
        let rest = line
            .strip_prefix(&name[..])
            .and_then(|rest| rest.strip_prefix(b":"))
            .expect("a line begins with its name");
        assert_eq!(Shown(trim(rest)), Shown(value));
        assert!(
            !name.is_empty()
                && name.iter().all(
                    |octet| octet.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(octet)
                )
        );
        assert!(value.iter().all(|&octet| octet == b'\t' || (octet >= b' ' && octet != 0x7f)));
    }
    assert_eq!(lines.next(), None, "a line is no field");
}

fn trim(mut octets: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = octets {
        octets = rest;
    }
    octets
}

/// Checks that no octet of a message controls the terminal that shows it.
pub fn a_dump_is_fit_for_a_terminal(dump: &str) {
    let control =
        dump.chars().find(|character| character.is_control() && !matches!(character, '\n' | '\t'));
    assert_eq!(control, None, "{dump:?}");
}

/// Checks that a written message parses back completely, and that a rejected one writes nothing.
pub fn what_is_written_parses_back(model: &MessageModel) {
    let mut out = WireBuf::<16_384>::new();
    match model {
        MessageModel::Request(model) => request_parses_back(model, &mut out),
        MessageModel::Response(model) => response_parses_back(model, &mut out),
    }
}

fn request_parses_back(model: &RequestModel, out: &mut WireBuf<16_384>) {
    let written = model.write(out);
    assert_eq!(written.err(), model.rejection());
    if written.is_err() {
        return assert_eq!(Shown(out.as_bytes()), Shown(b""));
    }
    note(|| Written::whole(Sent::Requests, out.as_bytes().to_vec()));
    let Verdict::Head(head) = request_verdict(out.as_bytes()) else {
        panic!("{out:?} does not parse back")
    };
    let start = [&model.method, &model.target, &model.version().to_string()];
    assert_eq!(head.start.each_ref().map(text), start.map(text));
    fields_parse_back(&model.fields, &head);
    let body = out.as_bytes().get(head.len..).unwrap_or_default();
    match head.framings[..] {
        [Ok(Framing::Chunked)] => {
            return assert_eq!(
                decoded(body, Framing::Chunked),
                Ok((Octets(model.body.clone()), body.len()))
            );
        }
        [Ok(Framing::Length(length))] => assert_eq!(length, body.len() as u64),
        [Ok(Framing::None)] => assert_eq!(Shown(body), Shown(b"")),
        ref other => panic!("{other:?}"),
    }
    assert_eq!(Shown(body), Shown(&model.body));
}

fn response_parses_back(model: &ResponseModel, out: &mut WireBuf<16_384>) {
    let written = model.write(out);
    assert_eq!(written.err(), model.rejection());
    if written.is_err() {
        return assert_eq!(Shown(out.as_bytes()), Shown(b""));
    }
    note(|| {
        let messages = Sent::Responses(vec![model.asked.method().to_string()]);
        Written::whole(messages, out.as_bytes().to_vec())
    });
    let Verdict::Head(head) = response_verdict(out.as_bytes()) else {
        panic!("{out:?} does not parse back")
    };
    let [version, code, _] = &head.start;
    let meant = [model.version().to_string(), model.status.to_string()];
    assert_eq!([version, code].map(text), meant);
    fields_parse_back(&model.fields, &head);
    let body = out.as_bytes().get(head.len..).unwrap_or_default();
    let framing = head.framings.get(model.asked as usize).copied();
    match framing.expect("a framing for each method").expect("a framing of our own") {
        Framing::Length(length) => {
            assert_eq!((length, Shown(body)), (model.body.len() as u64, Shown(&model.body)));
        }
        Framing::UntilClose => assert_eq!(Shown(body), Shown(&model.body)),
        Framing::None | Framing::Tunnel => assert_eq!(Shown(body), Shown(b"")),
        Framing::Chunked => assert_eq!(
            decoded(body, Framing::Chunked),
            Ok((Octets(model.body.clone()), body.len()))
        ),
    }
}

/// Returns the content in these octets, and the number of octets that the body has.
fn decoded(octets: &[u8], framing: Framing) -> Result<(Octets, usize), ParseError> {
    let (mut decoder, mut content, mut at) =
        (BodyDecoder::new(framing, &Limits::new()), Vec::new(), 0);
    loop {
        let Decoded { used, part } = decoder.decode(octets.get(at..).unwrap_or_default())?;
        at += used;
        match part {
            BodyPart::Data(data) => content.extend_from_slice(data),
            BodyPart::NeedMore => decoder.on_eof()?,
            BodyPart::End => return Ok((Octets(content), at)),
            BodyPart::Chunk { .. } | BodyPart::Trailer { .. } => {}
        }
    }
}

/// Checks that the fields are those of the model, in order, apart from those that the writer adds.
fn fields_parse_back(fields: &[(String, Vec<u8>)], head: &Head) {
    let is_added =
        |name: &[u8]| [&b"Content-Length"[..], b"Transfer-Encoding", b"Connection"].contains(&name);
    let read = head.fields.iter().filter(|(name, _)| !is_added(name));
    let meant = fields.iter().map(|(name, value)| (name.as_bytes().to_vec(), trim(value).to_vec()));
    assert!(read.cloned().eq(meant), "{:?} became {:?}", pairs(fields), pairs(&head.fields));
}
