//! Mutators, each of which breaks one part of a message, or makes it unusual.

use crate::draft::{Draft, Line};
use crate::generator::pick;
use crate::message::Role;
use fastrand::Rng;

/// Breaks one part. If a mutator finds nothing to break, another one is tried.
pub(crate) fn mutate(rng: &mut Rng, draft: &mut Draft) {
    for _ in 0..20 {
        if pick(rng, MUTATORS)(rng, draft) {
            return;
        }
    }
}

type Mutator = fn(&mut Rng, &mut Draft) -> bool;

/// The mutators; those of framing are listed more than once, to be frequent.
const MUTATORS: &[Mutator] = &[
    line_end,
    line_end,
    gap,
    before,
    method,
    target,
    target,
    version,
    field_name,
    field_name,
    value_octet,
    value_octet,
    white_value,
    fold,
    content_length,
    content_length,
    content_length,
    second_length,
    transfer_encoding,
    transfer_encoding,
    transfer_encoding,
    second_coding,
    length_and_coding,
    length_and_coding,
    body_length,
    chunk_line,
    chunk_line,
    chunk_line,
    chunk_line_end,
    chunk_end,
    last_chunk,
    trailer,
    trailer,
    host,
    host,
    host,
    second_host,
    no_host,
    connection,
    status,
    status,
    reason,
    no_colon,
    cut,
    swap,
    unframed,
    old_version_with_coding,
    insert,
];

const LINE_ENDS: &[&[u8]] = &[
    b"\n",
    b"\n",
    b"\n",
    b"\r",
    b"\r\r\n",
    b"\n\r",
    b"",
    b" \r\n",
    b"\t\r\n",
    b"\r\n\r\n",
    b"\n\n",
    b"\r \n",
    b"\0\r\n",
];
const GAPS: &[&[u8]] =
    &[b"  ", b"\t", b"", b" \t", b"\t ", b"\x0b", b"\x0c", b"\r", b"\xa0", b"\0", b"\r\n ", b"   "];
const OCTETS: &[u8] =
    b"\0\x01\x08\t\n\x0b\x0c\r\x1b\x1f !\"#%&'(),/:;<=>?@[\\]^`{|}~\x7f\x80\x85\xa0\xff09aZ_+-*";

fn line_end(rng: &mut Rng, draft: &mut Draft) -> bool {
    let end = pick(rng, LINE_ENDS).to_vec();
    let count = draft.fields.len();
    match rng.usize(..count + 3) {
        0 => draft.start_end = end,
        1 => draft.blank = end,
        // All of them.
        2 => {
            let ends = draft
                .fields
                .iter_mut()
                .map(|(_, line)| &mut line.end)
                .chain([&mut draft.start_end, &mut draft.blank]);
            ends.for_each(|place| place.clone_from(&end));
        }
        place => draft.fields[place - 3].1.end = end,
    }
    true
}

fn gap(rng: &mut Rng, draft: &mut Draft) -> bool {
    *pick_mut(rng, &mut draft.gaps) = pick(rng, GAPS).to_vec();
    true
}

fn before(rng: &mut Rng, draft: &mut Draft) -> bool {
    let table: &[&[u8]] =
        &[b"\r\n", b"\r\n\r\n", b"\n", b" ", b"\r", b"\r\n\n", b"\t", b"\0", b"\xef\xbb\xbf"];
    draft.before = pick(rng, table).to_vec();
    true
}

fn method(rng: &mut Rng, draft: &mut Draft) -> bool {
    let table: &[&str] = &[
        "get",
        "Get",
        "GETX",
        "X",
        "X-OWN",
        "a!#$%&'*+-.^_`|~9",
        "PRI",
        "SOURCE",
        "DESCRIBE",
        "QUERY",
        "LINK",
    ];
    if draft.role != Role::Request {
        return false;
    }
    match rng.u8(..6) {
        0 => insert_octet(rng, &mut draft.start[0]),
        1 => draft.start[0].clear(),
        2 => draft.start[0] = vec![b'A'; rng.usize(30..70)],
        _ => draft.start[0] = pick(rng, table).as_bytes().to_vec(),
    }
    true
}

const TARGETS: &[&str] = &[
    "",
    "*",
    "a",
    "?a",
    "#",
    "/#",
    "/a#b",
    "/a b",
    "/a\tb",
    "//a",
    "//a:1/b",
    "/%",
    "/%4",
    "/%zz",
    "/%00",
    "/[",
    "/]",
    "/|",
    "/{",
    "/}",
    "/\"",
    "/<",
    "/>",
    "/\\",
    "\\",
    "/^",
    "/`",
    "/\x7f",
    "/\0",
    "/\x01",
    "/\u{e9}",
    "/?\u{e9}",
    "/?[",
    "/?|",
    "/?\"",
    "/?#a",
    "/?%",
    "a:1",
    "a:b",
    ":1",
    "a:",
    "a:65536",
    "a:65535",
    "a:0",
    "a:99999",
    "[::1]:1",
    "[::1]",
    "[::1",
    "[::1]:",
    "[v1.a]:1",
    "[]:1",
    "*.a:443",
    "a%41:1",
    "a b:1",
    "u@a:1",
    "1.2.3.4:1",
    "a_b:1",
    "a,b:1",
    "a:1/",
    "a:1?b",
    "http:",
    "http:/",
    "http://",
    "http:///",
    "http:///a",
    "http://:80/",
    "http:/a",
    "http:a",
    "http://a",
    "http://a/",
    "http://a?b",
    "http://a#b",
    "http://a:/",
    "http://a:80/",
    "http://a:65536/",
    "http://a:99999",
    "http://u@a/",
    "http://u:p@a/",
    "http://@a/",
    "http://[::1]/",
    "http://[::1",
    "http://[::1%25a]/",
    "http://[v1.a]/",
    "http://[a]/",
    "http://a%41/",
    "http://a%4/",
    "http://a_b/",
    "http://a,b/",
    "http://*.a/",
    "http://a\\b/",
    "http://a b/",
    "HTTP://A/",
    "hTTp://a/%zz",
    "ftp://a/x",
    "urn:x",
    "x+y-z.1://a",
    "1a://a",
    "://a",
    "+://a/",
    "http://a/[",
    "http://a//b",
    "/http://a/",
];

fn target(rng: &mut Rng, draft: &mut Draft) -> bool {
    if draft.role != Role::Request {
        return false;
    }
    match rng.u8(..4) {
        0 => insert_octet(rng, &mut draft.start[1]),
        _ => draft.start[1] = pick(rng, TARGETS).as_bytes().to_vec(),
    }
    true
}

const VERSIONS: &[&str] = &[
    "HTTP/1.2",
    "HTTP/1.9",
    "HTTP/0.9",
    "HTTP/2.0",
    "HTTP/3.0",
    "HTTP/9.9",
    "HTTP/0.0",
    "HTTP/1",
    "HTTP/2",
    "HTTP/1.",
    "HTTP/.1",
    "HTTP/1.10",
    "HTTP/1.01",
    "HTTP/01.1",
    "HTTP/11.1",
    "http/1.1",
    "Http/1.1",
    "HTTP/1.1 ",
    "HTTP/1.1\t",
    "HTTP/1.1x",
    "HTTP/1.1 x",
    "HTP/1.1",
    "ICE/1.0",
    "RTSP/1.0",
    "",
    "HTTP/ 1.1",
    "HTTP/1. 1",
    "HTTP/1,1",
    "HTTPS/1.1",
    "HTTP-1.1",
    "HTTP",
    "HTTP/",
    "HTTP/1.a",
    "HTTP/-1.1",
    "HTTP/+1.1",
    "HTTP /1.1",
    "HTTP/1.0",
    "HTTP/1.1",
    "HTTP/1.1\u{c}",
    "TTP/1.1",
];

fn version(rng: &mut Rng, draft: &mut Draft) -> bool {
    let place = if draft.role == Role::Request { 2 } else { 0 };
    draft.start[place] = pick(rng, VERSIONS).as_bytes().to_vec();
    true
}

fn field_name(rng: &mut Rng, draft: &mut Draft) -> bool {
    let table: &[&[u8]] =
        &[b" ", b"\t", b"  ", b"\r\n ", b"\x0b", b"\0", b"\x80", b"_", b":", b"\n", b"\r"];
    if draft.fields.is_empty() {
        return false;
    }
    let (name, _) = pick_mut(rng, &mut draft.fields);
    match rng.u8(..8) {
        0..3 => name.extend_from_slice(pick::<&[u8]>(rng, table)),
        3 => name.insert(0, *pick(rng, b" \t\0\x80:(")),
        4 => name.clear(),
        5 => name.iter_mut().for_each(|octet| {
            if *octet == b'-' {
                *octet = *b"_ .".get(usize::from(*octet) % 3).unwrap_or(&b'_')
            }
        }),
        _ => insert_octet(rng, name),
    }
    true
}

fn value_octet(rng: &mut Rng, draft: &mut Draft) -> bool {
    if draft.fields.is_empty() {
        return false;
    }
    let (_, line) = pick_mut(rng, &mut draft.fields);
    let place = rng.usize(1.min(line.octets.len())..=line.octets.len());
    line.octets.insert(place, *pick(rng, OCTETS));
    true
}

fn white_value(rng: &mut Rng, draft: &mut Draft) -> bool {
    let table: &[&[u8]] =
        &[b"", b"\t", b"  ", b" \t ", b"\x0b", b"\x0c", b"\xa0", b"\x85", b"\r", b"\r\n ", b"\0"];
    if draft.fields.is_empty() {
        return false;
    }
    let (_, line) = pick_mut(rng, &mut draft.fields);
    let value = line.octets.get(2..).unwrap_or(&[]).to_vec();
    line.octets = [b":", *pick(rng, table), &value, *pick(rng, table)].concat();
    true
}

fn fold(rng: &mut Rng, draft: &mut Draft) -> bool {
    let table: &[&[u8]] = &[
        b"\r\n ",
        b"\r\n\t",
        b"\r\n  ",
        b"\r\n \r\n ",
        b"\n ",
        b"\r\n a",
        b" \r\n ",
        b"\r\n\tb:c",
    ];
    if draft.fields.is_empty() {
        return false;
    }
    if rng.u8(..6) == 0 {
        draft.start_end.extend_from_slice(b" ");
        return true;
    }
    let (_, line) = pick_mut(rng, &mut draft.fields);
    let place = rng.usize(1.min(line.octets.len())..=line.octets.len());
    line.octets.splice(place..place, pick(rng, table).iter().copied());
    true
}

/// The values of `Content-Length`; `N` is the length of the content.
const LENGTHS: &[&str] = &[
    "N",
    "+N",
    "-N",
    "N, N",
    "N,N",
    "N, 7",
    "7, N",
    "N,",
    ",N",
    "N N",
    "0xN",
    "0N",
    "00000000000000000000000N",
    "",
    " ",
    "1e1",
    "N.0",
    "N\t",
    "N;",
    "\"N\"",
    "_N",
    "N_",
    "Nx",
    "xN",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999999",
    "-1",
    "-0",
    "+0",
    "0",
    "1",
    "3",
    "7",
    "1000",
    "\u{662}",
    "N\u{b}",
    "\u{b}N",
    "N\0",
    "identity",
    "N\r\n ",
    "\r\n N",
    "4294967296",
    "N\u{a0}",
];

fn length_value(rng: &mut Rng, draft: &Draft) -> Vec<u8> {
    pick(rng, LENGTHS).replace('N', &draft.content.len().to_string()).into_bytes()
}

/// Replaces the chunks of a message by plain content.
fn unchunk(draft: &mut Draft) {
    draft.chunks.clear();
    draft.trailers.clear();
    draft.trailers_end.clear();
    if let Some(place) = draft.position(b"transfer-encoding") {
        draft.fields.remove(place);
    }
}

fn content_length(rng: &mut Rng, draft: &mut Draft) -> bool {
    if draft.content.is_empty() && rng.u8(..4) > 0 {
        draft.content = b"hello".to_vec();
    }
    unchunk(draft);
    let value = length_value(rng, draft);
    draft.set(b"Content-Length", &value);
    true
}

fn second_length(rng: &mut Rng, draft: &mut Draft) -> bool {
    if draft.position(b"content-length").is_none() {
        return false;
    }
    let names: &[&[u8]] = &[
        b"Content-Length",
        b"content-length",
        b"Content-Length",
        b"Content_Length",
        b"Content-Length ",
        b" Content-Length",
    ];
    let value = if rng.bool() {
        draft.content.len().to_string().into_bytes()
    } else {
        length_value(rng, draft)
    };
    draft.field(pick::<&[u8]>(rng, names), &value);
    true
}

const CODINGS: &[&str] = &[
    "chunked",
    "Chunked",
    "CHUNKED",
    " chunked",
    "\tchunked",
    "chunked ",
    "chunked\t",
    "chunked,",
    ",chunked",
    ", chunked",
    "chunked, ",
    "chunked, chunked",
    "chunked,chunked",
    "gzip, chunked",
    "gzip,chunked",
    "chunked, gzip",
    "identity",
    "gzip",
    "\"chunked\"",
    "chunked;q=1",
    "chunked;",
    "chunked;a",
    "chunked; a=b",
    "xchunked",
    "chunkedx",
    "x-chunked",
    "chunked\u{b}",
    "\u{b}chunked",
    "chunked, identity",
    "identity, chunked",
    "cow",
    "",
    " ",
    ",",
    "gzip;a=b, chunked",
    "gzip;a=\"x, y\", chunked",
    "gzip;a=\"chunked",
    "trailers, chunked",
    "chunked\0",
    "chun ked",
    "chunk",
    "gzip, , chunked",
    "gzip chunked",
    "chunked gzip",
    "chunked\r\n ",
    "\r\n chunked",
    "gzip;a, chunked",
    "gzip;, chunked",
    "gzip;a=, chunked",
    "gzip@, chunked",
    "(chunked)",
    "chunked()",
    "\u{a0}chunked",
    "chunked\u{85}",
    "'chunked'",
    "\u{131}",
    "gzip ; a = b, chunked",
    "deflate, gzip, chunked",
    "null",
    "chunked;a=\"b",
    "gzip;q=0.5, chunked;q=1",
];

fn transfer_encoding(rng: &mut Rng, draft: &mut Draft) -> bool {
    if draft.chunks.is_empty() && rng.u8(..4) > 0 {
        return false;
    }
    let value = pick(rng, CODINGS).as_bytes().to_vec();
    draft.set(b"Transfer-Encoding", &value);
    true
}

fn second_coding(rng: &mut Rng, draft: &mut Draft) -> bool {
    if draft.position(b"transfer-encoding").is_none() {
        return false;
    }
    let names: &[&[u8]] = &[
        b"Transfer-Encoding",
        b"transfer-encoding",
        b"Transfer_Encoding",
        b"Transfer-Encoding ",
        b" Transfer-Encoding",
    ];
    let value =
        if rng.bool() { b"chunked".to_vec() } else { pick(rng, CODINGS).as_bytes().to_vec() };
    let place = rng.usize(..=draft.fields.len());
    draft.fields.insert(place, (pick(rng, names).to_vec(), Line::new([b": ", &*value].concat())));
    true
}

fn length_and_coding(rng: &mut Rng, draft: &mut Draft) -> bool {
    let lengths: &[&[u8]] = &[b"0", b"3", b"5", b"100", b""];
    if draft.chunks.is_empty() {
        if draft.position(b"content-length").is_none() {
            return false;
        }
        let value =
            if rng.bool() { b"chunked".to_vec() } else { pick(rng, CODINGS).as_bytes().to_vec() };
        draft.set(b"Transfer-Encoding", &value);
    } else if rng.bool() {
        draft.set(b"Content-Length", pick::<&[u8]>(rng, lengths));
    } else {
        draft.field(b"Content-Length", pick::<&[u8]>(rng, lengths));
    }
    true
}

fn body_length(rng: &mut Rng, draft: &mut Draft) -> bool {
    if draft.content.is_empty() {
        return false;
    }
    if rng.bool() {
        draft.content.truncate(rng.usize(..draft.content.len()))
    } else {
        draft.content.extend_from_slice(b"more")
    }
    true
}

/// The lines of a chunk; `N` is the size of the chunk.
const CHUNK_LINES: &[&str] = &[
    "+N",
    "-N",
    "0xN",
    "N ",
    "N\t",
    "N  ",
    " N",
    "\tN",
    "N;",
    "N; ",
    "N;a",
    "N;a=b",
    "N; a=b",
    "N ;a",
    "N\t; a",
    "N;a =b",
    "N;a= b",
    "N;a=\"b\"",
    "N;a=\"b",
    "N;a=\"b;c\"",
    "N;a=\"\\\"\"",
    "N;a=\"\\",
    "N;a=\"\"",
    "N;;a",
    "N;=b",
    "N;a=",
    "N;a=b c",
    "N;a;b",
    "N;a;b=c;d=\"e\"",
    "N;a\u{80}",
    "N;a=\"\u{80}\"",
    "N;a=\0",
    "N;a=\"\u{7f}\"",
    "N;a=\"\t\"",
    "0N",
    "000000000000000N",
    "0000000000000000N",
    "00000000000000000000N",
    "000000000000000000000000N",
    "G",
    "",
    "N\0",
    "N N",
    "N,",
    "N a",
    "N_",
    "N.",
    "FFFFFFFFFFFFFFFFF",
    "ffffffffffffffff",
    "7fffffffffffffff",
    "8000000000000000",
    "10000000000000000",
    "Ng",
    "N:a",
    "N\u{b}",
    "\u{b}N",
    "N;a\rb",
    "N;a\nb",
    "N;\ta=b",
    "N;@",
    "N;a@b",
    "N;a=@",
];

fn chunk_line(rng: &mut Rng, draft: &mut Draft) -> bool {
    if draft.chunks.is_empty() {
        return false;
    }
    let chunk = pick_mut(rng, &mut draft.chunks);
    let size = format!("{:x}", chunk.data.len());
    chunk.line.octets = match rng.u8(..20) {
        0 => format!("{size};a={}", "b".repeat(rng.usize(4_000..5_000))).into_bytes(),
        _ => pick(rng, CHUNK_LINES).replace('N', &size).into_bytes(),
    };
    true
}

fn chunk_line_end(rng: &mut Rng, draft: &mut Draft) -> bool {
    if draft.chunks.is_empty() {
        return false;
    }
    pick_mut(rng, &mut draft.chunks).line.end = pick(rng, LINE_ENDS).to_vec();
    true
}

fn chunk_end(rng: &mut Rng, draft: &mut Draft) -> bool {
    let table: &[&[u8]] = &[
        b"",
        b"\n",
        b"\r",
        b"x\r\n",
        b"\r\n\r\n",
        b"\r\r\n",
        b" \r\n",
        b"\n\r\n",
        b"xx",
        b"\r\nx",
    ];
    if draft.chunks.len() < 2 {
        return false;
    }
    let last = draft.chunks.len() - 1;
    pick_mut(rng, &mut draft.chunks[..last]).end = pick(rng, table).to_vec();
    true
}

fn last_chunk(rng: &mut Rng, draft: &mut Draft) -> bool {
    let table: &[&str] =
        &["00", "0;a", "0;a=b", "000000000000000000000", "", "0 ", "0x0", "-0", "+0"];
    let Some(last) = draft.chunks.last_mut() else { return false };
    match rng.u8(..4) {
        0 => _ = draft.chunks.pop(),
        1 => draft.trailers_end = pick(rng, LINE_ENDS).to_vec(),
        _ => last.line.octets = pick(rng, table).as_bytes().to_vec(),
    }
    true
}

const TRAILERS: &[&[u8]] = &[
    b"a: b",
    b"a:b",
    b"a:",
    b": b",
    b"a : b",
    b" a: b",
    b"a",
    b"a: \0",
    b"a: \x7f",
    b"a: \x80",
    b"a\x80: b",
    b"a b: c",
    b"Content-Length: 5",
    b"Transfer-Encoding: chunked",
    b"Host: a",
    b"Connection: close",
    b"Trailer: b",
    b"Authorization: a",
    b"Set-Cookie: a",
    b"a: b\r\n c",
    b"a: b\rc",
    b"a: b\nc: d",
    b"Content-Type: a",
    b"Cache-Control: a",
    b"TE: trailers",
    b"Upgrade: a",
    b"x-a: b",
    b"Expect: a",
    b"Content-Length : 5",
];

fn trailer(rng: &mut Rng, draft: &mut Draft) -> bool {
    if draft.chunks.is_empty() {
        return false;
    }
    let mut line = Line::new(*pick(rng, TRAILERS));
    if rng.u8(..6) == 0 {
        line.end = pick(rng, LINE_ENDS).to_vec();
    }
    draft.trailers.push(line);
    true
}

const HOSTS: &[&str] = &[
    "",
    "a",
    "a:80",
    "a:",
    ":80",
    ":",
    "a:b",
    "a b",
    "a,b",
    "a, b",
    "[::1]",
    "[::1]:80",
    "[::1",
    "::1",
    "[::1]a",
    "[::1]:",
    "[]",
    "[::g]",
    "[1::2::3]",
    "[v1.a]",
    "[vf.a:b]",
    "[v.a]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[::ffff:1.2.3.4]",
    "[::1.2.3.256]",
    "1.2.3.4",
    "1.2.3.4.5",
    "a/b",
    "a/",
    "a@b",
    "u:p@a",
    "http://a",
    "a:65535",
    "a:65536",
    "a:99999",
    "a:080",
    "a:00000000080",
    "a:-1",
    "a:+1",
    "a%41",
    "a%4",
    "a%zz",
    "a%00",
    "a_b",
    "\u{e4}",
    "*.a",
    "*",
    "a\\b",
    "a?b",
    "a#b",
    "a..b",
    ".",
    "-",
    "~!$&'()*+;=",
    "a\tb",
    "a\"b",
    "a<b",
    "a|b",
    "a^b",
    "a{b}",
    "a`b",
    "a\u{7f}",
    "a:80:80",
    "a:80,b:80",
    "A.B",
];

fn host(rng: &mut Rng, draft: &mut Draft) -> bool {
    if draft.role != Role::Request {
        return false;
    }
    let value = pick(rng, HOSTS).as_bytes().to_vec();
    draft.set(b"Host", &value);
    true
}

fn second_host(rng: &mut Rng, draft: &mut Draft) -> bool {
    let Some(place) = draft.position(b"host") else { return false };
    let names: &[&[u8]] = &[b"Host", b"host", b"Host ", b" Host"];
    let value = if rng.bool() {
        draft.fields[place].1.octets.get(2..).unwrap_or(&[]).to_vec()
    } else {
        b"b".to_vec()
    };
    draft.field(pick::<&[u8]>(rng, names), &value);
    true
}

fn no_host(_: &mut Rng, draft: &mut Draft) -> bool {
    let Some(place) = draft.position(b"host") else { return false };
    draft.fields.remove(place);
    true
}

fn connection(rng: &mut Rng, draft: &mut Draft) -> bool {
    let table: &[&str] = &[
        "close",
        "keep-alive",
        "close, keep-alive",
        "Upgrade",
        "TE, close",
        ",close",
        "close,",
        "x y",
        "\"close\"",
        "",
        "content-length",
        "transfer-encoding",
        "host",
        "close;a",
        "Keep-Alive",
        "upgrade, close",
    ];
    let upgrades: &[&str] = &["h2c", "websocket", "TLS/1.0", "", "a/b, c"];
    let value = pick(rng, table).as_bytes().to_vec();
    draft.set(b"Connection", &value);
    if rng.u8(..4) == 0 {
        draft.set(b"Upgrade", pick(rng, upgrades).as_bytes());
    }
    true
}

fn status(rng: &mut Rng, draft: &mut Draft) -> bool {
    let table: &[&str] = &[
        "20", "2", "", "2000", "2x0", "099", "600", "999", "000", "700", "0200", " 200", "+20",
        "-20", "1e2", "101", "102", "204", "304", "205", "199", "2 0", "200\t", "200,", "2.0",
        "20\u{a0}", "0x2", "200 ", "150",
    ];
    if draft.role == Role::Request {
        return false;
    }
    if rng.u8(..5) == 0 {
        draft.gaps[1].clear();
        draft.start[2].clear();
    } else {
        draft.start[1] = pick(rng, table).as_bytes().to_vec();
    }
    true
}

fn reason(rng: &mut Rng, draft: &mut Draft) -> bool {
    if draft.role == Role::Request {
        return false;
    }
    insert_octet(rng, &mut draft.start[2]);
    true
}

fn no_colon(rng: &mut Rng, draft: &mut Draft) -> bool {
    if draft.fields.is_empty() {
        return false;
    }
    let (_, line) = pick_mut(rng, &mut draft.fields);
    match rng.u8(..3) {
        0 => line.octets.clear(),
        1 => line.octets = line.octets.get(1..).unwrap_or(&[]).to_vec(),
        _ => _ = line.octets.splice(..1.min(line.octets.len()), *b" "),
    }
    true
}

fn cut(rng: &mut Rng, draft: &mut Draft) -> bool {
    // Cuts only after the start line, so that most of the message stays.
    match rng.u8(..4) {
        0 => {
            draft.fields.truncate(rng.usize(..=draft.fields.len()));
            draft.blank.clear();
            draft.rest.clear();
            draft.content.clear();
            draft.chunks.clear();
            draft.trailers.clear();
            draft.trailers_end.clear();
        }
        1 => draft.trailers_end.truncate(rng.usize(..=1)),
        2 if !draft.chunks.is_empty() => draft.chunks.truncate(rng.usize(..draft.chunks.len())),
        _ => return false,
    }
    true
}

fn swap(rng: &mut Rng, draft: &mut Draft) -> bool {
    if draft.fields.is_empty() {
        return false;
    }
    // Repeats a line.
    let line = pick(rng, &draft.fields).clone();
    draft.fields.push(line);
    true
}

fn unframed(rng: &mut Rng, draft: &mut Draft) -> bool {
    let statuses: &[&str] = &["204", "304", "100", "103", "101", "199"];
    if draft.role == Role::Request {
        return false;
    }
    draft.start[1] = pick(rng, statuses).as_bytes().to_vec();
    true
}

fn old_version_with_coding(_: &mut Rng, draft: &mut Draft) -> bool {
    if draft.position(b"transfer-encoding").is_none() {
        return false;
    }
    let place = if draft.role == Role::Request { 2 } else { 0 };
    draft.start[place] = b"HTTP/1.0".to_vec();
    true
}

fn insert(rng: &mut Rng, draft: &mut Draft) -> bool {
    let lines: &[&[u8]] = &[
        b"",
        b" ",
        b"\t",
        b"x",
        b":",
        b": a",
        b"a",
        b" a: b",
        b"\0",
        b"a:\0",
        b"a\0:b",
        b"HTTP/1.1 200 OK",
        b"GET / HTTP/1.1",
    ];
    let place = rng.usize(..=draft.fields.len());
    draft.fields.insert(place, (pick(rng, lines).to_vec(), Line::new("")));
    true
}

/// Inserts, replaces or removes one octet, or cuts the message.
pub(crate) fn mutate_octets(rng: &mut Rng, octets: &mut Vec<u8>) {
    if octets.is_empty() {
        return;
    }
    let place = rng.usize(..octets.len());
    match rng.u8(..8) {
        0..3 => octets.insert(place, *pick(rng, OCTETS)),
        3..5 => octets[place] = *pick(rng, OCTETS),
        5..7 => _ = octets.remove(place),
        _ => octets.truncate(place),
    }
}

fn insert_octet(rng: &mut Rng, octets: &mut Vec<u8>) {
    let place = rng.usize(..=octets.len());
    octets.insert(place, *pick(rng, OCTETS));
}

fn pick_mut<'t, T>(rng: &mut Rng, table: &'t mut [T]) -> &'t mut T {
    let place = rng.usize(..table.len());
    &mut table[place]
}
