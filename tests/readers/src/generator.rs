//! A generator of messages: valid ones, most of which a mutator then breaks in one or two places.

use crate::draft::{Chunk, Draft, Line};
use crate::message::{Message, Role};
use crate::mutators::{mutate, mutate_octets};
use fastrand::Rng;

/// A source of messages that depend only on the seed.
pub(crate) struct Generator {
    rng: Rng,
    seeds: Vec<Vec<u8>>,
    next_seed: usize,
}

impl Generator {
    /// Returns a generator.
    ///
    /// The seeds of the fuzz targets come first, each in every role, and are then broken like other
    /// messages.
    pub(crate) fn new(seed: u64, seeds: Vec<Vec<u8>>) -> Self {
        Self { rng: Rng::with_seed(seed), seeds, next_seed: 0 }
    }

    /// Returns the number of messages that are unchanged seeds.
    pub(crate) fn seed_messages(&self) -> usize {
        self.seeds.len() * Role::ALL.len()
    }

    /// Generates the next message.
    pub(crate) fn message(&mut self) -> Message {
        let rng = &mut self.rng;
        if let Some(octets) = self.seeds.get(self.next_seed / Role::ALL.len()) {
            let role = Role::ALL[self.next_seed % Role::ALL.len()];
            self.next_seed += 1;
            return Message { role, octets: octets.clone() };
        }
        if !self.seeds.is_empty() && rng.u8(..) < 4 {
            let mut message = Message { role: role(rng), octets: pick(rng, &self.seeds).clone() };
            mutate_octets(rng, &mut message.octets);
            return message;
        }
        let mut draft = draft(rng);
        match rng.u8(..100) {
            0..15 => draft.write(),
            15..75 => {
                mutate(rng, &mut draft);
                draft.write()
            }
            75..87 => {
                mutate(rng, &mut draft);
                mutate(rng, &mut draft);
                draft.write()
            }
            _ => {
                let mut message = draft.write();
                mutate_octets(rng, &mut message.octets);
                message
            }
        }
    }
}

pub(crate) fn pick<'t, T>(rng: &mut Rng, table: &'t [T]) -> &'t T {
    &table[rng.usize(..table.len())]
}

fn role(rng: &mut Rng) -> Role {
    *pick(
        rng,
        &[
            Role::Request,
            Role::Request,
            Role::Request,
            Role::Get,
            Role::Get,
            Role::Head,
            Role::Connect,
        ],
    )
}

fn draft(rng: &mut Rng) -> Draft {
    let role = role(rng);
    let mut draft = Draft {
        role,
        before: Vec::new(),
        start: Default::default(),
        gaps: [b" ".to_vec(), b" ".to_vec()],
        start_end: b"\r\n".to_vec(),
        fields: Vec::new(),
        blank: b"\r\n".to_vec(),
        content: Vec::new(),
        chunks: Vec::new(),
        trailers: Vec::new(),
        trailers_end: Vec::new(),
        rest: Vec::new(),
    };
    let version = if rng.u8(..10) == 0 { "HTTP/1.0" } else { "HTTP/1.1" };
    if role == Role::Request {
        request(rng, &mut draft, version);
    } else {
        response(rng, &mut draft, version);
    }
    if rng.u8(..12) == 0 {
        draft.rest = pick(rng, RESTS).as_bytes().to_vec();
    }
    draft
}

const METHODS: &[&str] = &[
    "GET", "GET", "GET", "GET", "HEAD", "POST", "POST", "POST", "PUT", "PUT", "PATCH", "DELETE",
    "OPTIONS", "CONNECT", "TRACE", "PROPFIND", "SEARCH", "M-SEARCH", "NOTIFY", "PURGE",
];
const PATHS: &[&str] = &[
    "/",
    "/",
    "/a",
    "/index.html",
    "/a/b/c",
    "/a/../b",
    "//",
    "/a;b=c",
    "/%20",
    "/a%2Fb",
    "/?",
    "/?q=1&r=%41",
    "/a?b/c?d",
    "/~a/b.c-d_e",
    "/!$&'()*+,;=:@",
];
const AUTHORITIES: &[&str] = &[
    "a",
    "example.com",
    "example.com:80",
    "a:8080",
    "127.0.0.1",
    "[::1]",
    "[::1]:8080",
    "a-b.c",
    "a_b",
    "xn--bcher-kva.example",
    "a:",
];
const CONNECT_TARGETS: &[&str] = &["a:1", "example.com:443", "[::1]:443", "127.0.0.1:80"];
const OTHER_FIELDS: &[(&str, &str)] = &[
    ("Accept", "*/*"),
    ("User-Agent", "curl/8.5.0"),
    ("Accept-Encoding", "gzip, deflate, br"),
    ("Cookie", "a=b; c=\"d\""),
    ("Connection", "close"),
    ("Connection", "keep-alive"),
    ("Connection", "Keep-Alive, TE"),
    ("TE", "trailers"),
    ("Expect", "100-continue"),
    ("Cache-Control", "no-cache"),
    ("X-Empty", ""),
    ("X-Text", "a\tb  c"),
    ("X-Obs", "\u{e4}\u{20ac}"),
    ("x!#$%&'*+-.^_`|~9", "(){}<>@,;:\\\"/[]?="),
    ("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("Vary", "a"),
    ("Vary", "b"),
    ("Content-Type", "text/plain; charset=utf-8"),
    ("ETag", "\"x\""),
    ("Trailer", "X-Sum"),
];
const CONTENTS: &[&str] =
    &["", "a", "hello", "0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "0123456789abcdef", "\0\r\n\u{ff}"];
const RESTS: &[&str] =
    &["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "\r\n", "x", "\0\0"];
const STATUSES: &[&str] = &[
    "200", "200", "200", "200", "201", "204", "206", "301", "304", "400", "404", "500", "503",
    "299", "599", "205", "100", "103",
];
const REASONS: &[&str] = &["OK", "OK", "Not Found", "", "a b\tc", "\u{e4}"];

fn request(rng: &mut Rng, draft: &mut Draft, version: &str) {
    let method = *pick(rng, METHODS);
    let authority = *pick(rng, AUTHORITIES);
    let target = match (method, rng.u8(..10)) {
        ("CONNECT", _) => (*pick(rng, CONNECT_TARGETS)).to_owned(),
        ("OPTIONS", 0..5) => "*".to_owned(),
        (_, 0) => format!("http://{authority}{}", pick(rng, PATHS)),
        (_, 1) => format!("https://{authority}"),
        _ => (*pick(rng, PATHS)).to_owned(),
    };
    draft.start = [method.into(), target.into(), version.into()];
    if version == "HTTP/1.1" || rng.bool() {
        draft.field(b"Host", authority.as_bytes());
    }
    others(rng, draft);
    if rng.u8(..30) == 0 {
        draft.field(b"Upgrade", b"websocket");
        draft.field(b"Connection", b"upgrade");
    }
    let is_usual = matches!(method, "POST" | "PUT" | "PATCH");
    if method != "CONNECT" && (is_usual || rng.u8(..8) == 0) {
        body(rng, draft, version);
    }
    rng.shuffle(&mut draft.fields);
}

fn response(rng: &mut Rng, draft: &mut Draft, version: &str) {
    draft.start = [version.into(), (*pick(rng, STATUSES)).into(), (*pick(rng, REASONS)).into()];
    others(rng, draft);
    let status = draft.start[1].clone();
    let has_none =
        draft.role == Role::Head || matches!(&*status, b"204" | b"304" | b"100" | b"103");
    let is_tunnel = draft.role == Role::Connect && status.starts_with(b"2");
    if has_none && rng.u8(..4) == 0 {
        draft.field(b"Content-Length", b"5");
    } else if !has_none && !is_tunnel && rng.u8(..10) > 0 {
        body(rng, draft, version);
    } else if !has_none && !is_tunnel {
        draft.content = pick(rng, CONTENTS).as_bytes().to_vec();
    }
    rng.shuffle(&mut draft.fields);
}

fn others(rng: &mut Rng, draft: &mut Draft) {
    for _ in 0..rng.usize(..4) {
        let (name, value) = pick(rng, OTHER_FIELDS);
        draft.field(name.as_bytes(), value.as_bytes());
    }
}

fn body(rng: &mut Rng, draft: &mut Draft, version: &str) {
    if version == "HTTP/1.0" || rng.bool() {
        draft.content = pick(rng, CONTENTS).as_bytes().to_vec();
        let length = draft.content.len().to_string();
        draft.field(b"Content-Length", length.as_bytes());
        return;
    }
    draft.field(
        if rng.u8(..8) == 0 { b"transfer-encoding" } else { b"Transfer-Encoding" },
        b"chunked",
    );
    for _ in 0..rng.usize(..3) {
        let data = pick(rng, &CONTENTS[1..]).as_bytes().to_vec();
        let size =
            if rng.bool() { format!("{:x}", data.len()) } else { format!("{:X}", data.len()) };
        draft.chunks.push(Chunk { line: Line::new(size), data, end: b"\r\n".to_vec() });
    }
    draft.chunks.push(Chunk { line: Line::new("0"), data: Vec::new(), end: Vec::new() });
    for (name, value) in [("X-Sum", "1"), ("Vary", "c")] {
        if rng.u8(..8) == 0 {
            draft.trailers.push(Line::new(format!("{name}: {value}")));
        }
    }
    draft.trailers_end = b"\r\n".to_vec();
}
