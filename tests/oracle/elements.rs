//! The elements of messages for which every short string is tried.

/// The reader of the strings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reader {
    Request,
    Response,
    /// A client's connection, which replaces folds of a response.
    Folded,
    Body,
    Target,
    Method,
    FieldName,
    FieldValue,
}

/// An element to try.
///
/// It has the octets before and after it, the tokens of its strings, and the longest string's
/// length in tokens.
pub(crate) struct Element {
    pub(crate) name: &'static str,
    pub(crate) reader: Reader,
    pub(crate) around: &'static [(&'static str, &'static str)],
    pub(crate) alphabet: &'static [&'static [u8]],
    pub(crate) length: usize,
}

macro_rules! elements {
    ($(
        $name:literal $reader:ident $length:literal
        [$($before:literal $behind:literal),*]
        [$($token:literal)*]
    )*) => {
        pub(crate) const ELEMENTS: &[Element] = &[$(Element {
            name: $name,
            reader: Reader::$reader,
            around: &[$(($before, $behind)),*],
            alphabet: &[$($token),*],
            length: $length,
        }),*];
    };
}

elements! {
    "origin form" Request 5 ["GET /" " HTTP/1.1\r\nHost: a\r\n\r\n"]
        [b"/" b"?" b"a" b"%" b"4" b"F" b":" b"@" b"[" b"{" b"\\" b"#" b"\"" b"*"]
    "scheme" Request 5 ["GET " "://a HTTP/1.1\r\nHost: a\r\n\r\n"]
        [b"a" b"Z" b"1" b"+" b"-" b"." b"_" b":"]
    "absolute form" Request 5 ["GET " " HTTP/1.1\r\nHost: a\r\n\r\n"]
        [b"http" b"://" b":" b"/" b"a" b"@" b"?" b"%" b"4" b"[" b"]" b"::1" b"65536" b"+" b"\\"]
    "authority form" Request 5 ["CONNECT " " HTTP/1.1\r\nHost: a\r\n\r\n"]
        [b"a" b"*" b"." b":" b"8" b"0" b"65535" b"65536" b"[" b"]" b"::1" b"%" b"/" b"@"]
    "asterisk form" Request 6
        ["OPTIONS " " HTTP/1.1\r\nHost: a\r\n\r\n", "GET " " HTTP/1.1\r\nHost: a\r\n\r\n"]
        [b"*" b"/" b"?" b"a" b":" b"\\"]
    "Host" Request 5 ["GET / HTTP/1.1\r\nHost:" "\r\n\r\n"]
        [b"a" b":" b"8" b"65535" b"65536" b"%" b"4" b"[" b"]" b"::1" b"," b" " b"\t" b"@"
            b"\r\nHost:"]
    "Host of HTTP/1.0" Request 4
        ["GET / HTTP/1.0\r\nHost:" "\r\n\r\n", "GET / HTTP/1.0\r\nX:" "\r\n\r\n"]
        [b"a" b":" b"8" b"65536" b"[" b"]" b"::1" b" " b"\r\nHost:"]
    "IPv6, groups" Request 9 ["GET / HTTP/1.1\r\nHost: [" "]\r\n\r\n"]
        [b"1:" b":" b"ffff" b"1.2.3.4"]
    "IPv6, octets" Request 7 ["GET / HTTP/1.1\r\nHost: [" "]\r\n\r\n"]
        [b"1" b"F" b":" b"g" b"." b"%"]
    "IPv6, IPv4" Request 7 ["GET / HTTP/1.1\r\nHost: [::" "]\r\n\r\n"]
        [b"0" b"1" b"25" b"5" b"256" b"."]
    "IPvFuture" Request 6 ["GET / HTTP/1.1\r\nHost: [" "]\r\n\r\n"]
        [b"v" b"V" b"1" b"g" b"." b":" b"%" b"~"]
    "Content-Length of a request" Request 4
        ["PUT / HTTP/1.1\r\nHost: a\r\nContent-Length:" "\r\n\r\n",
            "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length:" "\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length:" "\r\n\r\n"]
        [b"0" b"5" b"," b" " b"\t" b"+" b"-" b"x" b"18446744073709551615" b"18446744073709551616"
            b"\r\nContent-Length:"]
    "Content-Length of a response" Response 5
        ["HTTP/1.1 200 \r\nContent-Length:" "\r\n\r\n",
            "HTTP/1.1 304 \r\nContent-Length:" "\r\n\r\n"]
        [b"0" b"5" b"," b" " b"\t" b"+" b"-" b"x" b"18446744073709551615" b"18446744073709551616"
            b"\r\nContent-Length:"]
    "Transfer-Encoding of a request" Request 5
        ["PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:" "\r\n\r\n",
            "PUT / HTTP/1.0\r\nTransfer-Encoding:" "\r\n\r\n"]
        [b"chunked" b"Chunked" b"gzip" b"," b" " b"\t" b";" b"=" b"\"" b"\\"
            b"\r\nTransfer-Encoding:" b"\r\nContent-Length: 5"]
    "Transfer-Encoding of a response" Response 5
        ["HTTP/1.1 200 \r\nTransfer-Encoding:" "\r\n\r\n",
            "HTTP/1.0 200 \r\nTransfer-Encoding:" "\r\n\r\n"]
        [b"chunked" b"Chunked" b"gzip" b"," b" " b"\t" b";" b"=" b"\"" b"\\"
            b"\r\nTransfer-Encoding:" b"\r\nContent-Length: 5"]
    "Connection of a request" Request 5
        ["GET / HTTP/1.1\r\nHost: a\r\nConnection:" "\r\n\r\n",
            "GET / HTTP/1.0\r\nConnection:" "\r\n\r\n"]
        [b"close" b"Keep-Alive" b"a" b"," b" " b"\t" b";" b"=" b"\"" b"\r\nConnection:"]
    "Connection of a response" Response 5
        ["HTTP/1.1 200 \r\nConnection:" "\r\n\r\n", "HTTP/1.0 200 \r\nConnection:" "\r\n\r\n"]
        [b"close" b"Keep-Alive" b"a" b"," b" " b"\t" b";" b"=" b"\"" b"\r\nConnection:"]
    "Expect" Request 5
        ["PUT / HTTP/1.1\r\nHost: a\r\nExpect:" "\r\n\r\n", "PUT / HTTP/1.0\r\nExpect:" "\r\n\r\n"]
        [b"100-continue" b"100-Continue" b"," b" " b"a=\"" b"\"" b"\r\nExpect:"]
    "Upgrade" Request 5
        ["GET / HTTP/1.1\r\nHost: a\r\nConnection:" "\r\n\r\n",
            "GET / HTTP/1.0\r\nConnection:" "\r\n\r\n"]
        [b"upgrade" b"Upgrade" b"\r\nUpgrade:" b"," b" " b"a" b"\r\nConnection:"]
    "chunk extensions" Body 5 ["0" "\r\n\r\n", "1" "\r\na\r\n0\r\n\r\n"]
        [b";" b"a" b"=" b"\"" b"\\" b" " b"\t" b"," b"\r" b"\n" b"\x80" b"\x7f" b"\x00"]
    "quoted strings" Body 5 ["0;a=\"" "\"\r\n\r\n"]
        [b"\"" b"\\" b"a" b";" b" " b"\t" b"\r" b"\n" b"\x80" b"\x7f" b"\x00"]
    "chunk sizes" Body 5 ["" "\r\n\r\n", "" "\r\na\r\n0\r\n\r\n"]
        [b"0" b"1" b"a" b"G" b"x" b"-" b"+" b" " b"ffffffffffffffff" b"\t"]
    "chunked bodies" Body 7 ["" ""]
        [b"0" b"1" b"\r\n" b"a" b";" b"\n" b"\r" b" "]
    "trailers" Body 5 ["0\r\n" "\r\n\r\n"]
        [b"A" b":" b" " b"\r\n" b"\r" b"\n" b"\x00" b"\x7f" b"\x80" b"Host" b"b"]
    "field lines of a request" Request 6 ["GET / HTTP/1.1\r\nHost: a\r\n" "\r\n\r\n"]
        [b"a" b":" b" " b"\t" b"\r" b"\n" b"\x00" b"\x7f" b"\x80" b"("]
    "field lines of a response" Response 6 ["HTTP/1.1 200 \r\n" "\r\n\r\n"]
        [b"a" b":" b" " b"\t" b"\r" b"\n" b"\x00" b"\x7f" b"\x80" b"("]
    "folded lines" Folded 6 ["HTTP/1.1 200 \r\na:" "\r\n\r\n"]
        [b"a" b":" b" " b"\t" b"\r\n" b"\r" b"\n" b"\x00"]
    "status lines" Response 5 ["" "\r\n\r\n"]
        [b"HTTP/1.1" b"HTTP/1.0" b"HTTP/2.0" b" " b"200" b"0" b"1" b"9" b"a" b"\t" b"\r" b"\n"
            b"\x80" b"\x00" b"\x7f"]
    "status codes" Response 5 ["HTTP/1.1 " "\r\n\r\n", "HTTP/1.1 " "\r\nContent-Length: 5\r\n\r\n"]
        [b"0" b"1" b"2" b"3" b"4" b"9" b" " b"a" b"\t"]
    "versions" Request 6 ["GET / " "\r\nHost: a\r\n\r\n"]
        [b"HTTP" b"http" b"/" b"1" b"0" b"2" b"." b" "]
    "digits of a version" Request 4 ["GET / HTTP/" "\r\nHost: a\r\n\r\n", "GET / HTTP" "\r\n\r\n"]
        [b"/" b"0" b"1" b"2" b"9" b"." b" " b"a" b"-"]
    "digits of a response's version" Response 4 ["HTTP/" " 200 \r\n\r\n", "HTTP" " 200 \r\n\r\n"]
        [b"/" b"0" b"1" b"2" b"9" b"." b" " b"a" b"-"]
    "request lines" Request 6 ["" "\r\nHost: a\r\n\r\n"]
        [b"GET" b" " b"/" b"HTTP/1.1" b"*" b"CONNECT" b"a:1" b"\r\n" b"\r" b"\n" b"\t" b"\x00"]
    "methods" Request 5 ["" " / HTTP/1.1\r\nHost: a\r\n\r\n", "" " a:1 HTTP/1.1\r\nHost: a\r\n\r\n"]
        [b"G" b"t" b"!" b"\"" b"(" b"/" b"CONNECT" b"\t" b"\x7f" b"\x80"]
    "Target::new" Target 5 ["" ""]
        [b"http" b"://" b":" b"/" b"a" b"@" b"?" b"%" b"4" b"[" b"]" b"*" b"65536" b"|"]
    "Method::new" Method 6 ["" ""]
        [b"G" b"t" b"!" b"|" b"(" b" " b":" b"\x7f"]
    "FieldName::new" FieldName 6 ["" ""]
        [b"G" b"t" b"!" b"|" b"(" b" " b":" b"\x7f"]
    "FieldValue::new" FieldValue 6 ["" ""]
        [b"a" b" " b"\t" b"\r" b"\n" b"\x00" b"\x7f" b"\x80" b"\""]
}

/// The length of the strings of all 256 octets, which each element is tried with in its first
/// surroundings.
pub(crate) const ANY_OCTETS: usize = 2;
