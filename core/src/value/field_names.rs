//! The names of fields of daily use.

use super::FieldName;

macro_rules! names {
    ($($constant:ident $name:literal $source:literal)*) => {
        /// The names of fields. A constant that a program does not use takes no flash.
        impl FieldName<'_> {
            $(
                #[doc = concat!("`", $name, "` [", $source, "].")]
                pub const $constant: FieldName<'static> = FieldName::from_static($name);
            )*
        }

        #[cfg(test)]
        const NAMES: &[(&str, &str)] = &[$((stringify!($constant), $name)),*];
    };
}

names! {
    ACCEPT "Accept" "RFC 9110 section 12.5.1"
    ACCEPT_CHARSET "Accept-Charset" "RFC 9110 section 12.5.2"
    ACCEPT_ENCODING "Accept-Encoding" "RFC 9110 section 12.5.3"
    ACCEPT_LANGUAGE "Accept-Language" "RFC 9110 section 12.5.4"
    ACCEPT_RANGES "Accept-Ranges" "RFC 9110 section 14.3"
    ACCESS_CONTROL_ALLOW_CREDENTIALS "Access-Control-Allow-Credentials" "Fetch section 3.3"
    ACCESS_CONTROL_ALLOW_HEADERS "Access-Control-Allow-Headers" "Fetch section 3.3"
    ACCESS_CONTROL_ALLOW_METHODS "Access-Control-Allow-Methods" "Fetch section 3.3"
    ACCESS_CONTROL_ALLOW_ORIGIN "Access-Control-Allow-Origin" "Fetch section 3.3"
    ACCESS_CONTROL_EXPOSE_HEADERS "Access-Control-Expose-Headers" "Fetch section 3.3"
    ACCESS_CONTROL_MAX_AGE "Access-Control-Max-Age" "Fetch section 3.3"
    ACCESS_CONTROL_REQUEST_HEADERS "Access-Control-Request-Headers" "Fetch section 3.3"
    ACCESS_CONTROL_REQUEST_METHOD "Access-Control-Request-Method" "Fetch section 3.3"
    AGE "Age" "RFC 9111 section 5.1"
    ALLOW "Allow" "RFC 9110 section 10.2.1"
    AUTHENTICATION_INFO "Authentication-Info" "RFC 9110 section 11.6.3"
    AUTHORIZATION "Authorization" "RFC 9110 section 11.6.2"
    CACHE_CONTROL "Cache-Control" "RFC 9111 section 5.2"
    CONNECTION "Connection" "RFC 9110 section 7.6.1"
    CONTENT_DISPOSITION "Content-Disposition" "RFC 6266"
    CONTENT_ENCODING "Content-Encoding" "RFC 9110 section 8.4"
    CONTENT_LANGUAGE "Content-Language" "RFC 9110 section 8.5"
    CONTENT_LENGTH "Content-Length" "RFC 9110 section 8.6"
    CONTENT_LOCATION "Content-Location" "RFC 9110 section 8.7"
    CONTENT_RANGE "Content-Range" "RFC 9110 section 14.4"
    CONTENT_SECURITY_POLICY "Content-Security-Policy" "Content Security Policy section 3.1"
    CONTENT_TYPE "Content-Type" "RFC 9110 section 8.3"
    COOKIE "Cookie" "RFC 6265 section 4.2"
    DATE "Date" "RFC 9110 section 6.6.1"
    ETAG "ETag" "RFC 9110 section 8.8.3"
    EXPECT "Expect" "RFC 9110 section 10.1.1"
    EXPIRES "Expires" "RFC 9111 section 5.3"
    FORWARDED "Forwarded" "RFC 7239 section 4"
    FROM "From" "RFC 9110 section 10.1.2"
    HOST "Host" "RFC 9110 section 7.2"
    IF_MATCH "If-Match" "RFC 9110 section 13.1.1"
    IF_MODIFIED_SINCE "If-Modified-Since" "RFC 9110 section 13.1.3"
    IF_NONE_MATCH "If-None-Match" "RFC 9110 section 13.1.2"
    IF_RANGE "If-Range" "RFC 9110 section 13.1.5"
    IF_UNMODIFIED_SINCE "If-Unmodified-Since" "RFC 9110 section 13.1.4"
    KEEP_ALIVE "Keep-Alive" "RFC 9112 appendix C.2.2"
    LAST_MODIFIED "Last-Modified" "RFC 9110 section 8.8.2"
    LINK "Link" "RFC 8288 section 3"
    LOCATION "Location" "RFC 9110 section 10.2.2"
    MAX_FORWARDS "Max-Forwards" "RFC 9110 section 7.6.2"
    ORIGIN "Origin" "RFC 6454 section 7"
    PRAGMA "Pragma" "RFC 9111 section 5.4"
    PROXY_AUTHENTICATE "Proxy-Authenticate" "RFC 9110 section 11.7.1"
    PROXY_AUTHENTICATION_INFO "Proxy-Authentication-Info" "RFC 9110 section 11.7.3"
    PROXY_AUTHORIZATION "Proxy-Authorization" "RFC 9110 section 11.7.2"
    RANGE "Range" "RFC 9110 section 14.2"
    REFERER "Referer" "RFC 9110 section 10.1.3"
    REFERRER_POLICY "Referrer-Policy" "Referrer Policy section 4.1"
    RETRY_AFTER "Retry-After" "RFC 9110 section 10.2.3"
    SEC_WEBSOCKET_ACCEPT "Sec-WebSocket-Accept" "RFC 6455 section 11.3.3"
    SEC_WEBSOCKET_EXTENSIONS "Sec-WebSocket-Extensions" "RFC 6455 section 11.3.2"
    SEC_WEBSOCKET_KEY "Sec-WebSocket-Key" "RFC 6455 section 11.3.1"
    SEC_WEBSOCKET_PROTOCOL "Sec-WebSocket-Protocol" "RFC 6455 section 11.3.4"
    SEC_WEBSOCKET_VERSION "Sec-WebSocket-Version" "RFC 6455 section 11.3.5"
    SERVER "Server" "RFC 9110 section 10.2.4"
    SET_COOKIE "Set-Cookie" "RFC 6265 section 4.1"
    STRICT_TRANSPORT_SECURITY "Strict-Transport-Security" "RFC 6797 section 6.1"
    TE "TE" "RFC 9110 section 10.1.4"
    TRAILER "Trailer" "RFC 9110 section 6.6.2"
    TRANSFER_ENCODING "Transfer-Encoding" "RFC 9112 section 6.1"
    UPGRADE "Upgrade" "RFC 9110 section 7.8"
    USER_AGENT "User-Agent" "RFC 9110 section 10.1.5"
    VARY "Vary" "RFC 9110 section 12.5.5"
    VIA "Via" "RFC 9110 section 7.6.3"
    WWW_AUTHENTICATE "WWW-Authenticate" "RFC 9110 section 11.6.1"
    X_CONTENT_TYPE_OPTIONS "X-Content-Type-Options" "Fetch section 3.6"
    X_FORWARDED_FOR "X-Forwarded-For" "RFC 7239 section 1"
    X_FORWARDED_HOST "X-Forwarded-Host" "RFC 7239 section 1"
    X_FORWARDED_PROTO "X-Forwarded-Proto" "RFC 7239 section 1"
    X_FRAME_OPTIONS "X-Frame-Options" "RFC 7034"
}

#[cfg(test)]
mod tests {
    use super::NAMES;

    #[test]
    fn each_constant_has_the_name_of_its_field() {
        for (constant, name) in NAMES {
            let upper = name.bytes().map(|octet| match octet {
                b'-' => b'_',
                octet => octet.to_ascii_uppercase(),
            });
            assert!(upper.eq(constant.bytes()), "{constant} is {name}");
        }
        assert!(NAMES.is_sorted(), "in the order of the alphabet");
    }
}
