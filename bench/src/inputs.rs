//! The inputs: fixed realistic messages, and mixes of random ones.
//!
//! A fixed message, parsed repeatedly, trains the branch predictor on its delimiters, unlike any
//! message on a server. So the mixes are the realistic inputs; the fixed messages compare kinds of
//! messages.

use fastrand::Rng;

/// A tiny request.
pub const A: &[u8] = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
/// A simple client's request.
pub const B: &[u8] =
    b"GET / HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: first-client/0.1.0\r\n\r\n";
/// A command line tool's request.
pub const C: &[u8] =
    b"GET /measurements/latest?n=10 HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/8.14.1\r\n\
        Accept: */*\r\n\r\n";
/// A browser's request, with cookies.
pub const D: &[u8] = concat!(
    "GET /rooms/kitchen/sensors?unit=celsius&since=1764000000 HTTP/1.1\r\n",
    "Host: house.example:8443\r\n",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0\r\n",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.\
     8\r\n",
    "Accept-Language: de-AT,de;q=0.7,en;q=0.3\r\n",
    "Accept-Encoding: gzip, deflate, br, zstd\r\n",
    "Referer: https://house.example:8443/rooms/kitchen\r\n",
    "DNT: 1\r\n",
    "Connection: keep-alive\r\n",
    "Cookie: sid=7f3b19c02ad84e5591d6; theme=dark; tz=Europe%2FVienna; seen=1763990000.17; \
     consent=necessary+statistics; ",
    "last=%2Frooms%2Fcellar; v=2; floor=basement2\r\n",
    "Upgrade-Insecure-Requests: 1\r\n",
    "Sec-Fetch-Dest: document\r\n",
    "Sec-Fetch-Mode: navigate\r\n",
    "Priority: u=0, i\r\n",
    "\r\n"
)
.as_bytes();
/// A browser's request, with many fields.
pub const E: &[u8] = concat!(
    "GET /search/results?q=pressure+sensor&category=i2c&page=13&sort=price%2Casc&currency=EUR \
     HTTP/1.1\r\n",
    "Host: parts.shop.example\r\n",
    "Connection: keep-alive\r\n",
    "sec-ch-ua: \"Chromium\";v=\"141\", \"Not?A_Brand\";v=\"8\"\r\n",
    "sec-ch-ua-mobile: ?0\r\n",
    "sec-ch-ua-platform: \"Linux\"\r\n",
    "Upgrade-Insecure-Requests: 1\r\n",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/141.0.0.0 Safari/537.36\r\n",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/\
     apng,*/*;q=0.8\r\n",
    "Sec-Fetch-Site: same-origin\r\n",
    "Sec-Fetch-Mode: navigate\r\n",
    "Sec-Fetch-Dest: document\r\n",
    "Referer: https://parts.shop.example/search/results?q=pressure+sensor&category=i2c&page=2\r\n",
    "Accept-Encoding: gzip, deflate, br, zstd\r\n",
    "Accept-Language: pl-PL,pl;q=0.9,en-US;q=0.8,en;q=0.7\r\n",
    "Cookie: basket=3b8e0a54-77d1-4c0f-9a36-51f0c2be9d18; visitor=1.1763812345.8812907733; \
     currency=EUR; lang=pl; ",
    "recent=bmp390%7Clps22hb%7Cms5611; ab=checkout-b.search-a; csrf=Zk9vQ2t4d0pXb1R1; \
     zone=attic\r\n",
    "If-None-Match: W/\"5f1c-19a9d0e7c40\"\r\n",
    "If-Modified-Since: Fri, 14 Nov 2025 09:12:44 GMT\r\n",
    "\r\n"
)
.as_bytes();
/// A response.
pub const F: &[u8] = concat!(
    "HTTP/1.1 200 OK\r\n",
    "Date: Sat, 22 Nov 2025 17:20:03 GMT\r\n",
    "Server: board/2.4 (kitchen, north 1)\r\n",
    "Content-Type: application/json; charset=utf-8\r\n",
    "Content-Length: 18230\r\n",
    "Connection: keep-alive\r\n",
    "Cache-Control: private, max-age=30, must-revalidate\r\n",
    "ETag: \"4736-19aac5d1f68\"\r\n",
    "Last-Modified: Sat, 22 Nov 2025 17:19:58 GMT\r\n",
    "Vary: Accept-Encoding, Accept-Language\r\n",
    "Set-Cookie: sid=0c7d55a1e2; Path=/; HttpOnly; SameSite=Lax\r\n",
    "Strict-Transport-Security: max-age=31536000\r\n",
    "X-Content-Type-Options: nosniff\r\n",
    "\r\n"
)
.as_bytes();

/// The names of the inputs, which are the columns of the tables of heads.
pub const NAMES: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "m", "mr"];

/// The number of messages in a mix.
pub const MIX: usize = 512;

/// Returns whether the input of this name has responses.
pub fn is_response(name: &str) -> bool {
    matches!(name, "f" | "mr")
}

/// Returns the first message of an input, or a random request by its number.
pub fn named(name: &str) -> Vec<u8> {
    messages(name).swap_remove(0)
}

/// Returns the messages of an input.
pub fn messages(name: &str) -> Vec<Vec<u8>> {
    match name {
        "a" => vec![A.to_vec()],
        "b" => vec![B.to_vec()],
        "c" => vec![C.to_vec()],
        "d" => vec![D.to_vec()],
        "e" => vec![E.to_vec()],
        "f" => vec![F.to_vec()],
        "g" => vec![g()],
        "m" => mix(request),
        "mr" => mix(response),
        number => {
            match number.parse().ok().and_then(|number: usize| mix(request).into_iter().nth(number))
            {
                Some(message) => vec![message],
                None => panic!("unknown input {name}: use `a` to `g`, or a number below {MIX}"),
            }
        }
    }
}

/// Returns a request with one cookie of 4 KB.
fn g() -> Vec<u8> {
    let mut message = b"GET /account HTTP/1.1\r\nHost: a.example\r\nCookie: session=".to_vec();
    message.extend(text(&mut Rng::with_seed(7), BASE64, 4096 - "session=".len()));
    message.extend(b"\r\n\r\n");
    message
}

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const HEX: &[u8] = b"0123456789abcdef";

fn text(rng: &mut Rng, of: &[u8], length: usize) -> Vec<u8> {
    (0..length).map(|_| of[rng.usize(..of.len())]).collect()
}

fn mix(one: fn(&mut Rng) -> Vec<u8>) -> Vec<Vec<u8>> {
    let mut rng = Rng::with_seed(0x9112);
    (0..MIX).map(|_| one(&mut rng)).collect()
}

fn pick<'a, T: ?Sized>(rng: &mut Rng, of: &[&'a T]) -> &'a T {
    of[rng.usize(..of.len())]
}

/// Returns true with this probability in percent.
fn chance(rng: &mut Rng, percent: u8) -> bool {
    rng.u8(..100) < percent
}

fn random(rng: &mut Rng, of: &[u8], lengths: std::ops::Range<usize>) -> String {
    let length = rng.usize(lengths);
    String::from_utf8(text(rng, of, length)).expect("the alphabets are ASCII")
}

const WORDS: &[&str] = &[
    "api",
    "v1",
    "v2",
    "users",
    "orders",
    "img",
    "static",
    "a",
    "rooms",
    "sensors",
    "search",
    "login",
    "assets",
    "reports",
    "2025",
    "export",
    "events",
    "firmware",
    "index.html",
    "app.js",
    "style.css",
    "favicon.ico",
    "items",
    "en",
    "media",
    "t",
    "status",
    "configuration",
    "measurements",
    "subscriptions",
];
const KEYS: &[&str] = &[
    "q",
    "id",
    "page",
    "limit",
    "sort",
    "token",
    "from",
    "to",
    "lang",
    "utm_source",
    "filter",
    "_",
    "v",
    "callback",
];
const AGENTS: &[&str] = &[
    "curl/8.14.1",
    "Wget/1.25.0",
    "python-requests/2.32.5",
    "Go-http-client/1.1",
    "okhttp/5.1.0",
    "bareline/0.1.0",
    "board-updater/0.9 (esp32c6; rev 2)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
     Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
];
const TYPES: &[&str] = &[
    "text/html; charset=utf-8",
    "application/json",
    "application/octet-stream",
    "text/plain",
    "image/webp",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=----part4f9d2c",
    "font/woff2",
    "text/javascript",
    "application/problem+json",
];
const DATES: &[&str] = &[
    "Sat, 22 Nov 2025 17:20:03 GMT",
    "Fri, 14 Nov 2025 09:12:44 GMT",
    "Mon, 01 Sep 2025 00:00:00 GMT",
    "Wed, 05 Nov 2025 23:59:59 GMT",
];

fn target(rng: &mut Rng) -> String {
    let mut target = String::new();
    for _ in 0..rng.usize(0..5) {
        target.push('/');
        if chance(rng, 75) {
            target.push_str(pick(rng, WORDS))
        } else {
            target.push_str(&random(rng, HEX, 2..37))
        }
    }
    if target.is_empty() || chance(rng, 15) {
        target.push('/');
    }
    if chance(rng, 40) {
        for (at, _) in (0..rng.usize(1..5)).enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            target.push_str(pick(rng, KEYS));
            target.push('=');
            match rng.u8(..6) {
                0 => target.push_str("a%20b%2Cc"),
                1 => target.push_str(&random(rng, BASE64, 12..60)),
                2 => target.push_str(pick(rng, WORDS)),
                _ => target.push_str(&rng.u32(..100_000).to_string()),
            }
        }
    }
    target
}

fn host(rng: &mut Rng) -> String {
    const HOSTS: &[&str] = &[
        "a.example",
        "www.shop.example",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "api.eu-central.cloud.example",
        "board-17.local",
        "10.0.0.23",
    ];
    let name = pick(rng, HOSTS);
    match rng.u8(..10) {
        0..=5 => name.to_string(),
        6 | 7 => format!("{name}:8080"),
        _ => format!("{name}:{}", rng.u16(1024..)),
    }
}

fn cookies(rng: &mut Rng) -> String {
    const NAMES: &[&str] = &[
        "sid",
        "session_id",
        "theme",
        "_ga",
        "csrf_token",
        "lang",
        "consent",
        "visitor",
        "__Host-auth",
        "cart",
    ];
    let pairs: Vec<String> = (0..rng.usize(1..6))
        .map(|_| format!("{}={}", pick(rng, NAMES), random(rng, BASE64, 1..40)))
        .collect();
    pairs.join("; ")
}

type Value = fn(&mut Rng) -> String;

/// The fields of a request besides Host and framing, each with the percentage of requests that have
/// it.
const REQUEST_FIELDS: &[(&str, u8, Value)] = &[
    ("User-Agent", 88, |rng| pick(rng, AGENTS).to_string()),
    ("Accept", 80, |rng| {
        pick(
            rng,
            &[
                "*/*",
                "application/json",
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                "image/*;q=0.8",
            ],
        )
        .to_string()
    }),
    ("Accept-Encoding", 65, |rng| {
        pick(rng, &["gzip", "gzip, deflate", "gzip, deflate, br, zstd", "identity"]).to_string()
    }),
    ("Accept-Language", 45, |rng| {
        pick(rng, &["en", "de-AT,de;q=0.7,en;q=0.3", "pl-PL,pl;q=0.9,en-US;q=0.8"]).to_string()
    }),
    ("Connection", 45, |rng| pick(rng, &["keep-alive", "close", "Keep-Alive"]).to_string()),
    ("Cookie", 38, cookies),
    ("Referer", 30, |rng| {
        format!("https://{}{}", pick(rng, &["a.example", "www.shop.example"]), target(rng))
    }),
    ("Origin", 14, |rng| format!("https://{}", pick(rng, &["a.example", "www.shop.example"]))),
    ("Authorization", 18, |rng| format!("Bearer {}", random(rng, BASE64, 24..220))),
    ("Cache-Control", 24, |rng| pick(rng, &["no-cache", "max-age=0", "no-store"]).to_string()),
    ("Pragma", 8, |_| "no-cache".to_string()),
    ("If-None-Match", 14, |rng| format!("\"{}\"", random(rng, HEX, 8..33))),
    ("If-Modified-Since", 10, |rng| pick(rng, DATES).to_string()),
    ("Range", 5, |rng| format!("bytes={}-", rng.u32(..1_000_000))),
    ("X-Forwarded-For", 22, |rng| {
        format!("{}.{}.{}.{}", rng.u8(1..), rng.u8(..), rng.u8(..), rng.u8(1..))
    }),
    ("X-Forwarded-Proto", 18, |_| "https".to_string()),
    ("X-Request-ID", 26, |rng| random(rng, HEX, 32..33)),
    ("traceparent", 14, |rng| {
        format!("00-{}-{}-01", random(rng, HEX, 32..33), random(rng, HEX, 16..17))
    }),
    ("Upgrade-Insecure-Requests", 22, |_| "1".to_string()),
    ("Sec-Fetch-Dest", 26, |rng| pick(rng, &["document", "empty", "image", "script"]).to_string()),
    ("Sec-Fetch-Mode", 26, |rng| pick(rng, &["navigate", "cors", "no-cors"]).to_string()),
    ("Sec-Fetch-Site", 26, |rng| pick(rng, &["same-origin", "none", "cross-site"]).to_string()),
    ("sec-ch-ua", 16, |_| "\"Chromium\";v=\"141\", \"Not?A_Brand\";v=\"8\"".to_string()),
    ("sec-ch-ua-platform", 14, |rng| {
        pick(rng, &["\"Linux\"", "\"Windows\"", "\"Android\""]).to_string()
    }),
    ("DNT", 14, |_| "1".to_string()),
    ("Via", 8, |_| "1.1 proxy-3".to_string()),
    ("X-Empty", 3, |_| String::new()),
];

fn request(rng: &mut Rng) -> Vec<u8> {
    const BODILESS: &[&str] =
        &["GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "OPTIONS", "DELETE", "PROPFIND"];
    const WITH_BODY: &[&str] = &["POST", "POST", "POST", "PUT", "PATCH"];
    let has_body = chance(rng, 28);
    let method = pick(rng, if has_body { WITH_BODY } else { BODILESS });
    let is_http10 = chance(rng, 8);
    let start = format!("{method} {} HTTP/1.{}", target(rng), if is_http10 { 0 } else { 1 });
    let mut fields = some_of(rng, REQUEST_FIELDS);
    if has_body {
        let framing = if is_http10 || chance(rng, 65) {
            ("Content-Length", rng.u32(1..200_000).to_string())
        } else {
            ("Transfer-Encoding", "chunked".to_string())
        };
        fields.push(framing);
        fields.push(("Content-Type", pick(rng, TYPES).to_string()));
    }
    rng.shuffle(&mut fields);
    if !is_http10 || chance(rng, 60) {
        let at = if chance(rng, 85) { 0 } else { rng.usize(..=fields.len()) };
        fields.insert(at, ("Host", host(rng)));
    }
    written(rng, start, fields)
}

/// The fields of a response besides framing, each with the percentage of responses that have it.
const RESPONSE_FIELDS: &[(&str, u8, Value)] = &[
    ("Date", 92, |rng| pick(rng, DATES).to_string()),
    ("Server", 78, |rng| {
        pick(rng, &["nginx", "Apache/2.4.65 (Debian)", "board/2.4", "cloudfront", "envoy"])
            .to_string()
    }),
    ("Content-Type", 85, |rng| pick(rng, TYPES).to_string()),
    ("Connection", 40, |rng| pick(rng, &["keep-alive", "close"]).to_string()),
    ("Keep-Alive", 14, |_| "timeout=5, max=100".to_string()),
    ("Cache-Control", 60, |rng| {
        pick(
            rng,
            &[
                "no-store",
                "public, max-age=31536000, immutable",
                "private, max-age=30, must-revalidate",
                "no-cache",
            ],
        )
        .to_string()
    }),
    ("ETag", 40, |rng| format!("\"{}\"", random(rng, HEX, 8..40))),
    ("Last-Modified", 36, |rng| pick(rng, DATES).to_string()),
    ("Expires", 18, |rng| pick(rng, DATES).to_string()),
    ("Vary", 40, |rng| {
        pick(rng, &["Accept-Encoding", "Accept-Encoding, Accept-Language", "Origin"]).to_string()
    }),
    ("Set-Cookie", 28, |rng| {
        format!(
            "{}; Path=/; HttpOnly; SameSite=Lax",
            cookies(rng).split("; ").next().unwrap_or_default()
        )
    }),
    ("Set-Cookie", 10, |rng| format!("theme=dark; Expires={}", pick(rng, DATES))),
    ("Strict-Transport-Security", 32, |_| "max-age=31536000; includeSubDomains".to_string()),
    ("X-Content-Type-Options", 34, |_| "nosniff".to_string()),
    ("X-Frame-Options", 24, |_| "SAMEORIGIN".to_string()),
    ("Content-Security-Policy", 18, |_| {
        "default-src 'self'; img-src 'self' data:; script-src 'self' 'unsafe-inline'".to_string()
    }),
    ("Referrer-Policy", 18, |_| "strict-origin-when-cross-origin".to_string()),
    ("Access-Control-Allow-Origin", 20, |_| "*".to_string()),
    ("Accept-Ranges", 28, |_| "bytes".to_string()),
    ("Content-Encoding", 26, |rng| pick(rng, &["gzip", "br", "zstd"]).to_string()),
    ("Age", 18, |rng| rng.u32(..90_000).to_string()),
    ("X-Cache", 18, |rng| pick(rng, &["Hit from cdn", "Miss from cdn"]).to_string()),
    ("X-Request-ID", 30, |rng| random(rng, HEX, 32..33)),
    ("Via", 14, |_| "1.1 varnish, 1.1 proxy-3".to_string()),
    ("Alt-Svc", 16, |_| "h3=\":443\"; ma=86400".to_string()),
    ("Server-Timing", 10, |rng| format!("total;dur={}.{}", rng.u32(..900), rng.u8(..10))),
];

fn response(rng: &mut Rng) -> Vec<u8> {
    const STATUSES: &[&str] = &[
        "200 OK",
        "200 OK",
        "200 OK",
        "200 OK",
        "201 Created",
        "206 Partial Content",
        "301 Moved Permanently",
        "302 Found",
        "304 Not Modified",
        "204 No Content",
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "404 Not Found",
        "500 Internal Server Error",
        "503 Service Unavailable",
    ];
    let status = pick(rng, STATUSES);
    let is_http10 = chance(rng, 4);
    let mut fields = some_of(rng, RESPONSE_FIELDS);
    let may_have_body = !status.starts_with("204") && !status.starts_with("304");
    if may_have_body && chance(rng, 92) {
        fields.push(if is_http10 || chance(rng, 70) {
            ("Content-Length", rng.u32(..2_000_000).to_string())
        } else {
            ("Transfer-Encoding", "chunked".to_string())
        });
    }
    rng.shuffle(&mut fields);
    written(rng, format!("HTTP/1.{} {status}", if is_http10 { 0 } else { 1 }), fields)
}

fn some_of(rng: &mut Rng, fields: &[(&'static str, u8, Value)]) -> Vec<(&'static str, String)> {
    // A machine sends few fields and a browser many, so the probability varies with the message.
    let talkative = pick(rng, &[&70u32, &110, &150, &185]);
    let mut chosen = Vec::new();
    for (name, percent, value) in fields {
        if rng.u32(..100) * 100 < u32::from(*percent) * talkative {
            chosen.push((*name, value(rng)));
        }
    }
    chosen
}

/// Returns the message as octets. Most have names as the RFCs write them, some in lower case, as
/// gateways from HTTP/2 send them.
fn written(rng: &mut Rng, start: String, fields: Vec<(&'static str, String)>) -> Vec<u8> {
    let is_lower = chance(rng, 18);
    let mut message = start;
    message.push_str("\r\n");
    for (name, value) in fields {
        if is_lower {
            message.push_str(&name.to_ascii_lowercase())
        } else {
            message.push_str(name)
        }
        let separator = if chance(rng, 2) {
            ":"
        } else if chance(rng, 1) {
            ":  "
        } else {
            ": "
        };
        message.push_str(separator);
        message.push_str(&value);
        message.push_str("\r\n");
    }
    message.push_str("\r\n");
    message.into_bytes()
}

/// Returns the average length of a mix's messages, in octets.
pub fn average(name: &str) -> usize {
    messages(name).iter().map(Vec::len).sum::<usize>() / MIX
}

/// Checks the lengths of the inputs, which the tables state.
pub fn check() {
    let expected =
        [("a", 35), ("b", 72), ("c", 102), ("d", 703), ("e", 1061), ("f", 491), ("g", 4148)];
    for (name, length) in expected {
        assert_eq!(named(name).len(), length, "the length of input {name}");
    }
    assert!(
        (460..=490).contains(&average("m")),
        "the requests of the mix have {} octets on average",
        average("m")
    );
    assert!(
        (380..=520).contains(&average("mr")),
        "the responses of the mix have {} octets on average",
        average("mr")
    );
}
