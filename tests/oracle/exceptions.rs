//! Names of the choices and departures of the library from the RFCs.
//!
//! An exception predicts the library's verdict on a string; any other verdict is a failure.

use crate::rules::{Head, Rfc, Verdict, is_http10, is_port, members, port};
use bareline_core::body::Framing;
use bareline_fuzz::BodyEvent;
use std::borrow::Cow;
use std::fmt;

macro_rules! exceptions {
    ($($name:ident $kind:ident $text:literal)*) => {
        /// A named exception.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Exception { $($name),* }

        impl Exception {
            /// Every exception, with its kind and the first cell of its row in CHOICES.md.
            pub(crate) const ALL: &'static [(Exception, Kind, &'static str)] =
                &[$((Exception::$name, Kind::$kind, $text)),*];
        }
    };
}

/// The kind of an exception.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A row of CHOICES.md.
    Choice,
    /// A row of that table that no string shows, but another test.
    Elsewhere,
}

exceptions! {
    BareLf Choice "bare LF as a line end"
    BareCr Choice "bare CR"
    FoldInRequest Choice "folded line in a request"
    FoldInResponse Choice "folded line in a response"
    FoldInTrailers Choice "folded line in trailers"
    ControlTrailer Choice
        "fields in trailers that control the message, its routing or the connection"
    SpaceBeforeColon Choice "SP before the colon in a response"
    ControlOctet Choice "control octets in values"
    Pipelining Elsewhere "several requests sent before a response, by a client"
    StartLineSpace Choice "several spaces in a start line"
    EmptyLines Choice "empty lines before a request line"
    DatagramLines Elsewhere "empty lines around a request in a datagram"
    LinesBeforeStatus Choice "empty lines before a status line"
    RepeatedLength Choice "`Content-Length: 5, 5`, or twice"
    OtherNumber Choice "`Content-Length: +5`, ` 5 5`, `0x5`"
    LengthAndCoding Choice "`Content-Length` with `Transfer-Encoding`"
    UncountedLength Choice "any lengths in responses to HEAD, in 1xx, 204, 304"
    EmptyMember Choice "empty members around `chunked` in a request"
    OtherCoding Choice "codings besides chunked in a request"
    ResponseCoding Choice "codings in a response, chunked last"
    CodingInHttp10 Choice "`Transfer-Encoding` in HTTP/1.0"
    ChunkLineSpace Choice "whitespace and bare LF in chunk lines"
    LongExtension Choice "long chunk extensions"
    ConnectContent Choice "content in CONNECT"
    GetContent Choice "content in GET, HEAD, DELETE"
    ForeignOctet Choice "octets above 127, and `#` with a fragment, in a target"
    TargetOctet Choice
        "`{`, `}`, `^`, backtick, `[`, `]`, `\\|`, a stray `%` in path and query, `\\` in a query"
    AbsoluteForm Choice "absolute form without `://`, userinfo in it"
    OtherHost Choice "authority of the target and `Host` that differ"
    HostOrPort Choice "`Host` with a port above 65,535, or without a host"
    EmptyHost Choice "empty `Host`"
    HighOctet Choice "octets above 127 in values"
    UnknownMethod Choice "unknown methods"
    MinorVersion Choice "minor versions above 1"
    NoOption Choice "members of `Connection` that are no tokens"
    Expectation Choice "expectations besides 100-continue"
    AfterClose Elsewhere "octets after a message that closes"
    AfterLast Elsewhere "octets after the last response"
    MissingSpace Choice "status line without the SP behind the code"
    HighStatus Choice "status 600 to 999 in a response"
    LowStatus Choice "status 000 to 099 in a response"
}

/// A set of exceptions.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Names(u64);

impl Names {
    /// Adds an exception, if `is_in`.
    pub(crate) fn add(&mut self, name: Exception, is_in: bool) {
        self.0 |= u64::from(is_in) << name as u32;
    }

    /// Returns the exceptions in the set.
    pub(crate) fn iter(self) -> impl Iterator<Item = Exception> {
        let all = Exception::ALL.iter().map(|(name, _, _)| *name);
        all.filter(move |name| self.0 >> *name as u32 & 1 == 1)
    }

    /// Returns whether the set is empty.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn with(mut self, other: Self) -> Self {
        self.0 |= other.0;
        self
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A function that repairs octets; returns `None` if nothing needs repair.
type Mend = fn(&[u8]) -> Option<Vec<u8>>;

/// A function that repairs octets which the library accepts unchanged.
type Lenience = fn(&Rfc, &[u8]) -> Option<Vec<u8>>;

/// The errors that recipients may repair, and that the library rejects.
const REQUEST_MENDS: &[(Exception, Mend)] = &[
    (Exception::BareLf, bare_lf),
    (Exception::BareCr, bare_cr),
    (Exception::FoldInRequest, fold),
    (Exception::ControlOctet, control_octets),
    (Exception::ForeignOctet, foreign_octets),
    (Exception::StartLineSpace, start_line_space),
    (Exception::RepeatedLength, repeated_length),
    (Exception::OtherNumber, other_number),
    (Exception::CodingInHttp10, coding_in_http10),
];
const RESPONSE_MENDS: &[(Exception, Mend)] = &[
    (Exception::BareLf, bare_lf),
    (Exception::BareCr, bare_cr),
    (Exception::FoldInResponse, fold),
    (Exception::SpaceBeforeColon, space_before_colon),
    (Exception::ControlOctet, control_octets),
    (Exception::LinesBeforeStatus, lines_before_status),
    (Exception::StartLineSpace, start_line_space),
    (Exception::RepeatedLength, repeated_length),
    (Exception::OtherNumber, other_number),
    (Exception::CodingInHttp10, coding_in_http10),
];
const BODY_MENDS: &[(Exception, Mend)] =
    &[(Exception::ChunkLineSpace, chunk_line_space), (Exception::FoldInTrailers, fold)];

/// Returns the expected verdict on a request head, and the exceptions from the RFC that apply.
pub(crate) fn request(rfc: &Rfc, received: &[u8]) -> (Verdict, Names) {
    let mut names = Names::default();
    let octets = without_empty_lines(received);
    names.add(Exception::EmptyLines, octets.len() < received.len());
    let mut octets = Cow::Borrowed(octets);
    let mut verdict = rfc.request(&octets);
    for (name, mend) in
        [(Exception::TargetOctet, target_octets as Lenience), (Exception::NoOption, options)]
    {
        if verdict == Verdict::Rejected
            && let Some(mended) = mend(rfc, &octets)
        {
            names.add(name, true);
            verdict = rfc.request(&mended);
            octets = Cow::Owned(mended);
        }
    }
    let Some(head) = Head::split(&octets).filter(|_| verdict != Verdict::Rejected) else {
        return (
            Verdict::Rejected,
            mendable(REQUEST_MENDS, received, |mended| rfc.request(mended).is_accepted()),
        );
    };
    let rejection = why_rejected(rfc, &head, verdict);
    if !rejection.is_empty() {
        return (Verdict::Rejected, rejection);
    }
    names = names.with(let_through(&head, verdict));
    (verdict, names)
}

/// Returns the exceptions by which the library rejects a request that the RFC allows.
fn why_rejected(rfc: &Rfc, head: &Head<'_>, verdict: Verdict) -> Names {
    let [method, target, _] = head.start;
    let mut names = target_rejected(rfc, Some(method), target);
    let codings = head.members("transfer-encoding");
    names.add(Exception::LengthAndCoding, !codings.is_empty() && head.has("content-length"));
    names.add(Exception::EmptyMember, codings.iter().any(|coding| coding.is_empty()));
    names.add(
        Exception::OtherCoding,
        codings.iter().any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"chunked")),
    );
    names.add(Exception::ConnectContent, method == b"CONNECT" && has_content(verdict));
    names.add(
        Exception::HostOrPort,
        head.all("host").any(|host| !host.is_empty() && !is_host_and_port(host)),
    );
    names
}

/// Returns the exceptions by which the library rejects a target after this method, or any.
pub(crate) fn target_rejected(rfc: &Rfc, method: Option<&[u8]>, target: &[u8]) -> Names {
    let mut names = Names::default();
    let is_connect = method.is_none_or(|method| method == b"CONNECT");
    if target.starts_with(b"/") || target == b"*" {
        return names;
    }
    let is_authority = is_connect && rfc.authority.is_match(target);
    let has_port = port(target).is_some_and(|port| !port.is_empty());
    names.add(Exception::HostOrPort, is_authority && has_port && !is_host_and_port(target));
    if is_authority && has_port && names.is_empty() || method == Some(b"CONNECT") {
        return names;
    }
    let mut names_of_absolute = Names::default();
    match authority(target) {
        Some(authority) => {
            let has_userinfo = authority.contains(&b'@');
            names_of_absolute.add(Exception::AbsoluteForm, has_userinfo);
            names_of_absolute
                .add(Exception::HostOrPort, !has_userinfo && !is_host_and_port(authority));
        }
        None => names_of_absolute.add(Exception::AbsoluteForm, true),
    }
    if names_of_absolute.is_empty() { names_of_absolute } else { names.with(names_of_absolute) }
}

/// Returns the authority of an absolute form with `://`.
fn authority(target: &[u8]) -> Option<&[u8]> {
    let colon = target.iter().position(|&octet| octet == b':')?;
    let rest = target[colon..].strip_prefix(b"://")?;
    rest.split(|octet| b"/?".contains(octet)).next()
}

fn is_host_and_port(authority: &[u8]) -> bool {
    !authority.is_empty() && authority[0] != b':' && port(authority).is_none_or(is_port)
}

fn has_content(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Head([Some(Framing::Chunked | Framing::Length(1..)), ..], _))
}

/// Returns the exceptions by which the library accepts a request.
fn let_through(head: &Head<'_>, verdict: Verdict) -> Names {
    let [method, target, version] = head.start;
    let known: [&[u8]; 9] =
        [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH"];
    let authority = if method == b"CONNECT" { Some(target) } else { authority(target) };
    let is_other =
        |host: &[u8]| authority.is_some_and(|authority| !authority.eq_ignore_ascii_case(host));
    let mut names = Names::default();
    names.add(Exception::UnknownMethod, !known.contains(&method));
    names.add(
        Exception::GetContent,
        matches!(method, b"GET" | b"HEAD" | b"DELETE") && has_content(verdict),
    );
    names.add(Exception::OtherHost, head.all("host").any(is_other));
    names.add(Exception::EmptyHost, head.all("host").any(<[u8]>::is_empty));
    names.add(Exception::HighOctet, head.fields.iter().any(|(_, value)| !value.is_ascii()));
    names.add(Exception::MinorVersion, version[7] > b'1');
    names.add(Exception::Expectation, head.all("expect").any(|value| value != b"100-continue"));
    names
}

/// Returns the expected verdict on a response head, and the exceptions from the RFC that apply.
pub(crate) fn response(rfc: &Rfc, received: &[u8]) -> (Verdict, Names) {
    let mut names = Names::default();
    let mut octets = with_space(received);
    let mut verdict = rfc.response(&octets);
    names.add(Exception::MissingSpace, matches!(octets, Cow::Owned(_)) && verdict.is_accepted());
    if verdict == Verdict::Rejected
        && let Some(mended) = options(rfc, &octets)
    {
        names.add(Exception::NoOption, true);
        verdict = rfc.response(&mended);
        octets = Cow::Owned(mended);
    }
    let mendable =
        || mendable(RESPONSE_MENDS, received, |mended| rfc.response(mended).is_accepted());
    let Some(head) = Head::split(&octets).filter(|_| verdict != Verdict::Rejected) else {
        return (Verdict::Rejected, mendable());
    };
    let [version, status, _] = head.start;
    if status[0] == b'0' {
        names = Names::default();
        names.add(Exception::LowStatus, true);
        return (Verdict::Rejected, names);
    }
    let Verdict::Head(mut framings, says) = verdict else { return (verdict, names) };
    let has_both = head.has("transfer-encoding") && head.has("content-length");
    let is_uncounted =
        |framing: Option<Framing>| matches!(framing, Some(Framing::None | Framing::Tunnel));
    if has_both {
        let faulty = framings.map(|framing| if is_uncounted(framing) { framing } else { None });
        names.add(Exception::LengthAndCoding, faulty != framings);
        framings = faulty;
    }
    let verdict = Verdict::Head(framings, says);
    let is_code = |coding: &&[u8]| !coding.is_empty();
    let codings: Vec<_> = head.members("transfer-encoding").into_iter().filter(is_code).collect();
    names.add(
        Exception::ResponseCoding,
        codings.len() > 1 && framings.contains(&Some(Framing::Chunked)),
    );
    let has_any = head.has("transfer-encoding") || head.has("content-length");
    let is_uncounted = has_any && framings.iter().any(|framing| is_uncounted(*framing));
    let is_faulty = || !rfc.response(&with_status(&octets, b"200")).is_accepted();
    names.add(Exception::UncountedLength, is_uncounted && is_faulty());
    names.add(Exception::HighOctet, head.fields.iter().any(|(_, value)| !value.is_ascii()));
    names.add(Exception::MinorVersion, version[7] > b'1');
    names.add(Exception::HighStatus, status[0] > b'5');
    if !verdict.is_accepted() {
        names = names.with(mendable());
    }
    (verdict, names)
}

/// Returns the expected verdict on a response head whose folds may be replaced.
///
/// Also returns the head that has to be read then, and the exceptions from the RFC that apply.
pub(crate) fn folded(rfc: &Rfc, received: &[u8]) -> (Verdict, Vec<u8>, Names) {
    let mended = unfolded(received);
    let (verdict, mut names) = response(rfc, mended.as_deref().unwrap_or(received));
    if !verdict.is_accepted() {
        return (Verdict::Rejected, received.to_vec(), names);
    }
    let Some(mended) = mended else { return (verdict, received.to_vec(), names) };
    names.add(Exception::FoldInResponse, true);
    (verdict, mended, names)
}

/// Returns the expected events of a chunked body, and the exceptions from the RFC that apply.
pub(crate) fn body(rfc: &Rfc, octets: &[u8]) -> (Option<Vec<BodyEvent>>, Names) {
    let mut names = Names::default();
    let Some(events) = rfc.body(octets) else {
        return (None, mendable(BODY_MENDS, octets, |mended| rfc.body(mended).is_some()));
    };
    let mut extensions = 0;
    for event in &events {
        match event {
            BodyEvent::Chunk(size, extension) => {
                extensions += extension.len();
                let digits = format!("{size:x}").len();
                names.add(
                    Exception::LongExtension,
                    digits + extension.len() + 2 > 4_096 || extensions > 16_384,
                );
            }
            BodyEvent::Trailer(name, _) => names.add(Exception::ControlTrailer, is_control(name)),
            _ => {}
        }
    }
    (names.is_empty().then_some(events), names)
}

/// Returns whether a field controls the message, its routing or the connection [RFC 9110 section
/// 6.5.1].
pub(crate) fn is_control(name: &[u8]) -> bool {
    let names = "content-length transfer-encoding host connection keep-alive proxy-connection te \
                 trailer upgrade expect max-forwards";
    names.split(' ').any(|control| name.eq_ignore_ascii_case(control.as_bytes()))
}

/// Returns the exceptions whose repair makes the octets acceptable.
fn mendable(
    mends: &[(Exception, Mend)],
    octets: &[u8],
    is_accepted: impl Fn(&[u8]) -> bool,
) -> Names {
    let mut names = Names::default();
    for (name, mend) in mends {
        names.add(*name, mend(octets).is_some_and(|mended| is_accepted(&mended)));
    }
    names
}

fn without_empty_lines(mut octets: &[u8]) -> &[u8] {
    while let Some(rest) = octets.strip_prefix(b"\r\n") {
        octets = rest;
    }
    octets
}

/// Percent-encodes octets that are accepted in path and query of a request's target.
fn target_octets(_: &Rfc, octets: &[u8]) -> Option<Vec<u8>> {
    let start = octets.iter().position(|&octet| octet == b' ')? + 1;
    let end = start + octets[start..].iter().position(|&octet| octet == b' ')?;
    let mended = mended_target(&octets[start..end])?;
    Some([&octets[..start], &mended, &octets[end..]].concat())
}

/// Percent-encodes octets that are accepted in path and query of a target.
fn mended_target(target: &[u8]) -> Option<Vec<u8>> {
    let path = if target.starts_with(b"/") {
        0
    } else {
        let colon = target.iter().position(|&octet| octet == b':')?;
        colon + 3 + authority(target)?.len()
    };
    let query = path + target[path..].split(|&octet| octet == b'?').next()?.len();
    let is_stray = |at: usize| match target[at..] {
        [b'%', high, low, ..] => !high.is_ascii_hexdigit() || !low.is_ascii_hexdigit(),
        [b'\\', ..] => at > query,
        [octet, ..] => b"{}^`[]|%".contains(&octet),
        [] => false,
    };
    if !(path..target.len()).any(is_stray) {
        return None;
    }
    let mut mended = target[..path].to_vec();
    for (at, octet) in target.iter().enumerate().skip(path) {
        if is_stray(at) {
            mended.extend_from_slice(format!("%{octet:02x}").as_bytes())
        } else {
            mended.push(*octet)
        }
    }
    Some(mended)
}

/// Replaces each member of `Connection` that is not a token by `close`.
fn options(rfc: &Rfc, octets: &[u8]) -> Option<Vec<u8>> {
    let mut head = if has(octets, b"Connection") { Head::split(octets)? } else { return None };
    let is_valid = |member: &&[u8]| {
        !rfc.field_value.is_match(member) || member.is_empty() || rfc.token.is_match(member)
    };
    let (mut is_mended, mut values) = (false, Vec::new());
    for value in head.all("connection") {
        let members = members(value);
        is_mended |= !members.iter().all(&is_valid);
        let mended =
            members.into_iter().map(|member| if is_valid(&member) { member } else { b"close" });
        values.push(mended.collect::<Vec<_>>().join(&b','));
    }
    let fields =
        head.fields.iter_mut().filter(|(name, _)| name.eq_ignore_ascii_case(b"connection"));
    fields.zip(&values).for_each(|((_, value), mended)| *value = mended);
    is_mended.then(|| written(&head))
}

/// Inserts a space after a status code that the line end follows.
pub(crate) fn with_space(octets: &[u8]) -> Cow<'_, [u8]> {
    match octets {
        [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            _,
            b'.',
            _,
            b' ',
            b'0'..=b'9',
            b'0'..=b'9',
            b'0'..=b'9',
            b'\r',
            b'\n',
            ..,
        ] => Cow::Owned([&octets[..12], b" ", &octets[12..]].concat()),
        _ => Cow::Borrowed(octets),
    }
}

fn has(octets: &[u8], part: &[u8]) -> bool {
    octets.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

fn written(head: &Head<'_>) -> Vec<u8> {
    let mut octets = head.start.join(&b' ');
    for (name, value) in &head.fields {
        octets.extend([b"\r\n", *name, b": ", *value].concat());
    }
    [octets, b"\r\n\r\n".to_vec()].concat()
}

fn with_status(octets: &[u8], status: &[u8]) -> Vec<u8> {
    Head::split(octets)
        .map(|head| written(&Head { start: [head.start[0], status, head.start[2]], ..head }))
        .unwrap_or_default()
}

fn bare_lf(octets: &[u8]) -> Option<Vec<u8>> {
    replaced(octets, |before, octet, _| octet == b'\n' && before != Some(b'\r'), b"\r\n")
}

fn bare_cr(octets: &[u8]) -> Option<Vec<u8>> {
    replaced(octets, |_, octet, after| octet == b'\r' && after != Some(b'\n'), b" ")
}

/// Removes whitespace before the colon of field lines.
fn space_before_colon(octets: &[u8]) -> Option<Vec<u8>> {
    let mended =
        octets.split_inclusive(|&octet| octet == b'\n').enumerate().map(|(number, line)| {
            let colon =
                line.iter().position(|&octet| octet == b':').filter(|_| number > 0).unwrap_or(0);
            let name = line[..colon].trim_ascii_end();
            [name, &line[colon..]].concat()
        });
    let mended = mended.collect::<Vec<_>>().concat();
    (mended != octets).then_some(mended)
}

/// Replaces each control octet after the start line by a space.
fn control_octets(octets: &[u8]) -> Option<Vec<u8>> {
    let start = octets.iter().position(|&octet| octet == b'\n')?;
    let is_control = |octet: &u8| octet.is_ascii_control() && !b"\t\r\n".contains(octet);
    octets[start..].iter().any(is_control).then(|| {
        let behind =
            octets[start..].iter().map(|octet| if is_control(octet) { b' ' } else { *octet });
        octets[..start].iter().copied().chain(behind).collect()
    })
}

/// Removes empty lines before a status line.
fn lines_before_status(octets: &[u8]) -> Option<Vec<u8>> {
    let rest = without_empty_lines(octets);
    (rest.len() < octets.len()).then(|| with_space(rest).into_owned())
}

/// Percent-encodes octets above 127 in the target of a request, and removes its fragment.
fn foreign_octets(octets: &[u8]) -> Option<Vec<u8>> {
    let start = octets.iter().position(|&octet| octet == b' ')? + 1;
    let end = start + octets[start..].iter().position(|&octet| octet == b' ')?;
    let target = octets[start..end].split(|&octet| octet == b'#').next()?;
    let encoded = |octet: &u8| {
        if octet.is_ascii() { vec![*octet] } else { format!("%{octet:02x}").into_bytes() }
    };
    let mended: Vec<u8> = target.iter().flat_map(encoded).collect();
    (mended != octets[start..end]).then(|| [&octets[..start], &mended, &octets[end..]].concat())
}

/// Replaces octets, which are selected by the octets before and after them.
fn replaced(
    octets: &[u8],
    is_wrong: impl Fn(Option<u8>, u8, Option<u8>) -> bool,
    by: &[u8],
) -> Option<Vec<u8>> {
    let octet = |at: usize| octets.get(at).copied();
    let is_wrong = |at: usize| is_wrong(octet(at.wrapping_sub(1)), octets[at], octet(at + 1));
    if !(0..octets.len()).any(is_wrong) {
        return None;
    }
    Some(
        (0..octets.len())
            .flat_map(|at| if is_wrong(at) { by } else { &octets[at..=at] })
            .copied()
            .collect(),
    )
}

/// Replaces folds and the whitespace around them by spaces.
///
/// An obs-fold is both [RFC 9112 section 5.2].
fn unfolded(octets: &[u8]) -> Option<Vec<u8>> {
    let mut mended = fold(octets)?;
    let is_text = |octet: &u8| !b" \t".contains(octet);
    for at in 0..octets.len() {
        if octets[at] != mended[at] {
            let before = mended[..at].iter().rposition(is_text).map_or(0, |text| text + 1);
            let behind =
                mended[at..].iter().position(is_text).map_or(mended.len(), |text| at + text);
            mended[before..behind].fill(b' ');
        }
    }
    Some(mended)
}

/// Replaces folds by spaces, but not after the first line.
fn fold(octets: &[u8]) -> Option<Vec<u8>> {
    let first = octets.windows(2).position(|two| two == b"\r\n")? + 2;
    let mut mended = Cow::Borrowed(octets);
    for at in first..octets.len().saturating_sub(2) {
        if matches!(octets[at..at + 3], [b'\r', b'\n', b' ' | b'\t']) {
            mended.to_mut()[at..at + 2].fill(b' ');
        }
    }
    matches!(mended, Cow::Owned(_)).then(|| mended.into_owned())
}

/// Replaces each run of whitespace in a start line by one space.
fn start_line_space(octets: &[u8]) -> Option<Vec<u8>> {
    let end = octets.windows(2).position(|two| two == b"\r\n")?;
    let is_space = |octet: &u8| b" \t".contains(octet);
    let is_run = |two: &[u8]| is_space(&two[1]) && (is_space(&two[0]) || two[1] == b'\t');
    if !octets[..end].windows(2).any(is_run)
        && !octets.first().is_some_and(is_space)
        && !octets[..end].ends_with(b" ")
    {
        return None;
    }
    let words = octets[..end].split(is_space).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(&b' ');
    (line != octets[..end]).then(|| [&line, &octets[end..]].concat())
}

/// Replaces several equal lengths by one.
fn repeated_length(octets: &[u8]) -> Option<Vec<u8>> {
    if !has(octets, b"Content-Length") {
        return None;
    }
    let mut head = Head::split(octets)?;
    let lengths: Vec<_> = head.all("content-length").flat_map(members).collect();
    let first = *lengths.first()?;
    head.fields.retain(|(name, _)| !name.eq_ignore_ascii_case(b"content-length"));
    head.fields.push((b"Content-Length", first));
    (lengths.len() > 1 && lengths.iter().all(|length| *length == first)).then(|| written(&head))
}

/// Parses a length as the number parser of a language may.
fn other_number(octets: &[u8]) -> Option<Vec<u8>> {
    if !has(octets, b"Content-Length") {
        return None;
    }
    let mut head = Head::split(octets)?;
    let length = head.all("content-length").next()?;
    let digits: Vec<_> = length.iter().copied().filter(|octet| !b"+ \tx".contains(octet)).collect();
    let field =
        head.fields.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(b"content-length"))?;
    field.1 = &digits;
    (digits != length).then(|| written(&head))
}

fn coding_in_http10(octets: &[u8]) -> Option<Vec<u8>> {
    if !has(octets, b"HTTP/1.0") {
        return None;
    }
    let mut head = Head::split(octets)?;
    let is_meant = head.has("transfer-encoding") && head.start.iter().any(|part| is_http10(part));
    head.start.iter_mut().filter(|part| is_http10(part)).for_each(|part| *part = b"HTTP/1.1");
    is_meant.then(|| written(&head))
}

/// Removes whitespace at the ends of lines, and ends each line with CRLF.
fn chunk_line_space(octets: &[u8]) -> Option<Vec<u8>> {
    let ended = bare_lf(octets).unwrap_or_else(|| octets.to_vec());
    let mut mended = Vec::new();
    for octet in ended {
        if octet == b'\r' {
            while let Some(b' ' | b'\t') = mended.last() {
                mended.pop();
            }
        }
        mended.push(octet);
    }
    (mended != octets).then_some(mended)
}
