//! Tests of the redirections that a client follows.

use crate::service::Service;
use bareline_core::{FieldName, FieldValue, Method, Status};
use bareline_net::{
    Client, ClientResponse, Error, Exchange, PeerError, RedirectError, Untimed, UrlError,
};
use std::io::{self, Cursor, Read};
use std::net::TcpStream;

/// Redirects `/STATUS/REST` to `REST`, where `~` is a slash. Tells the request at other paths.
fn redirect(exchange: Exchange<'_>) -> Result<(), Error> {
    let Exchange { head, mut body, responder, .. } = exchange;
    let mut parts = head.target().path().splitn(3, '/').skip(1);
    let status = parts.next().and_then(|status| status.parse().ok()).map(Status::new);
    if let (Some(Ok(status)), Some(to)) = (status, parts.next()) {
        let to = to.replace('~', "/");
        let location = FieldValue::new(to.as_bytes())?;
        let fields = [(FieldName::LOCATION, location)];
        let fields = if to.is_empty() { &[][..] } else { &fields };
        return responder.send(status, fields, b"moved");
    }
    let mut text = format!("{:?} {}", head.method(), head.target().path());
    for (name, value) in head.fields() {
        text.push_str(&format!(" {name}={value}"));
    }
    text.push(' ');
    body.read_to_string(&mut text)?;
    responder.send(Status::OK, &[], text.as_bytes())
}

/// Returns a client whose hosts are all this server, by any scheme.
fn client(server: &Service) -> Client {
    let address = server.address;
    Client::new().connector(move |_, _| Ok(Box::new(TcpStream::connect(address)?)))
}

fn text(response: Result<ClientResponse, Error>) -> String {
    io::read_to_string(response.unwrap()).unwrap()
}

/// A server may send a path in another encoding than UTF-8.
#[test]
fn octets_of_a_location_are_kept() {
    let server = Service::new(
        |server| server,
        |exchange| {
            let path = exchange.head.target().path();
            if path != "/" {
                return exchange.responder.send(Status::OK, &[], path.as_bytes());
            }
            let location = FieldValue::new(b"/a%20b\xe9\xc3")?;
            exchange.responder.send(Status::FOUND, &[(FieldName::LOCATION, location)], b"")
        },
    );
    assert_eq!(text(client(&server).get("http://a/")), "/a%20b%E9%C3");
}

#[test]
fn rfc9110_15_4_a_redirection_is_followed() {
    let server = Service::new(|server| server, redirect);
    let client = client(&server);
    for (url, to) in [
        ("http://a/301/~b", "http://a/b"),
        ("http://a/302/..~b", "http://a/b"),
        ("http://a/307/http:~~b:81~c", "http://b:81/c"),
        ("http://a/308/https:~~b~c", "https://b/c"),
        ("http://a/303/~~b~c", "http://b/c"),
        ("http://a/301/~302~~303~~307~~d", "http://a/d"),
        ("https://a/301/~b?c", "https://a/b"),
    ] {
        let response = client.get(url);
        assert_eq!(response.as_ref().unwrap().url(), to, "{url}");
        assert!(text(response).starts_with("GET /"), "{url}");
    }
    // All redirections between hosts that are kept use a connection each.
    assert!(server.handle.counts().connections <= 6);
}

#[test]
fn rfc9110_15_4_method_and_body_are_those_of_the_status() {
    let server = Service::new(|server| server, redirect);
    let client = client(&server);
    for (method, status, then) in [
        (Method::POST, 301, "GET /b Host=a X=1 "),
        (Method::POST, 302, "GET /b Host=a X=1 "),
        (Method::POST, 303, "GET /b Host=a X=1 "),
        (Method::PUT, 303, "GET /b Host=a X=1 "),
        (Method::PUT, 301, "PUT /b Host=a X=1 Content-Type=a/b Content-Length=2 hi"),
        (Method::PUT, 302, "PUT /b Host=a X=1 Content-Type=a/b Content-Length=2 hi"),
        (Method::POST, 307, "POST /b Host=a X=1 Content-Type=a/b Content-Length=2 hi"),
        (Method::POST, 308, "POST /b Host=a X=1 Content-Type=a/b Content-Length=2 hi"),
        (Method::DELETE, 307, "DELETE /b Host=a X=1 Content-Type=a/b Content-Length=2 hi"),
    ] {
        let request = client.request(method, &format!("http://a/{status}/~b")).unwrap();
        let request = request
            .field(FieldName::from_static("X"), FieldValue::from_static("1"))
            .field(FieldName::CONTENT_TYPE, FieldValue::from_static("a/b"));
        assert_eq!(text(request.send_body(b"hi")), then, "{method:?} {status}");
    }
    let head = client.request(Method::HEAD, "http://a/303/~b").unwrap().send().unwrap();
    assert_eq!((head.status(), head.url()), (Status::OK, "http://a/b".to_owned()));
}

#[test]
fn a_body_that_cannot_be_repeated_is_not_redirected() {
    let server = Service::new(|server| server, redirect);
    let client = client(&server);
    let post = |url| client.request(Method::POST, url).unwrap();
    let response = post("http://a/307/~b").send_reader(Cursor::new("hi")).unwrap();
    assert_eq!(response.status(), Status::TEMPORARY_REDIRECT);
    assert_eq!(text(Ok(response)), "moved");
    let response = post("http://a/303/~b").send_reader(Cursor::new("hi"));
    assert_eq!(text(response), "GET /b Host=a ");
}

#[test]
fn another_origin_gets_no_credentials() {
    let server = Service::new(|server| server, redirect);
    let client = client(&server);
    for (url, is_told) in [
        ("http://a/302/~b", true),
        ("http://a/302/http:~~a:80~b", true),
        ("http://a/302/http:~~b~b", false),
        ("http://a/302/http:~~a:81~b", false),
        ("http://a/302/https:~~a~b", false),
        // Not even after the way back.
        ("http://a/302/http:~~b~302~http:~~a~b", false),
    ] {
        let secret = FieldValue::from_static("secret");
        let request = client.request(Method::GET, url).unwrap();
        let request = request
            .field(FieldName::AUTHORIZATION, secret)
            .field(FieldName::from_static("cookie"), secret)
            .field(FieldName::PROXY_AUTHORIZATION, secret)
            .field(FieldName::from_static("X"), FieldValue::from_static("1"));
        let text = text(request.send());
        let count = text.matches("=secret").count();
        assert_eq!(count, if is_told { 3 } else { 0 }, "{url}: {text}");
        let request = client.request(Method::GET, url).unwrap().bearer_auth("secret").unwrap();
        let text_of_token = self::text(request.field(FieldName::HOST, secret).send());
        let count = text_of_token.matches("secret").count();
        assert_eq!(count, if is_told { 2 } else { 0 }, "{url}: {text_of_token}");
        assert!(text.contains("X=1"), "{url}: {text}");
    }
}

#[test]
fn a_redirection_that_cannot_be_followed_is_returned() {
    let server = Service::new(|server| server, redirect);
    let client = client(&server);
    for url in ["http://a/301/", "http://a/300/~b", "http://a/305/~b"] {
        let status = client.get(url).unwrap().status();
        assert!(url.contains(&status.code().to_string()), "{url}");
    }
    let response = client.max_redirects(0).get("http://a/301/~b").unwrap();
    assert_eq!(
        (response.status(), response.url()),
        (Status::MOVED_PERMANENTLY, "http://a/301/~b".to_owned(),)
    );
}

#[test]
fn a_redirection_that_must_not_be_followed_is_an_error() {
    let server = Service::new(|server| server, redirect);
    let client = client(&server);
    let error = |client: &Client, url: &str| match client.get(url) {
        Err(Error::Redirected { url, error }) => match *error {
            Error::Peer(PeerError::Redirect(error)) => (url, error),
            other => panic!("{url}: {other:?}"),
        },
        other => panic!("{url}: {other:?}"),
    };
    let to_http = "https://a/302/http:~~a~b";
    assert_eq!(error(&client, to_http), ("http://a/b".to_owned(), RedirectError::ToHttp));
    assert_eq!(text(client.clone().redirect_to_http(true).get(to_http)), "GET /b Host=a ");
    for (path, to, expected) in [
        ("302/ftp:~~a", "ftp://a", UrlError::NotHttp),
        ("302/http:~~u@a~", "http://u@a/", UrlError::Userinfo { at: 7 }),
        ("302/http:~~", "http://", UrlError::NoHost { at: 7 }),
        ("302/http:~~a~302~g:h", "g:h", UrlError::NotHttp),
    ] {
        let expected = (to.to_owned(), RedirectError::Location(expected));
        assert_eq!(error(&client, &format!("http://a/{path}")), expected, "{path}");
    }
}

#[test]
fn a_loop_of_redirections_ends() {
    let hops = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = std::sync::Arc::clone(&hops);
    let server = Service::new(
        |server| server,
        move |exchange| {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let to = [(FieldName::LOCATION, FieldValue::from_static("/"))];
            exchange.responder.send(Status::FOUND, &to, b"")
        },
    );
    let url = format!("http://{}/", server.address);
    for (client, most) in [(Client::new(), 10), (Client::new().max_redirects(3), 3)] {
        let before = hops.load(std::sync::atomic::Ordering::SeqCst);
        let error = client.get(&url).unwrap_err();
        let Error::Redirected { url: at, error } = error else { panic!("{error:?}") };
        assert_eq!(at, url);
        let Error::Peer(PeerError::Redirect(error)) = *error else { panic!("{error:?}") };
        assert_eq!(error, RedirectError::TooMany { most });
        assert_eq!(hops.load(std::sync::atomic::Ordering::SeqCst) - before, most + 1);
    }
    // One connection carries all of a client's requests.
    assert!(crate::until(crate::TIMEOUT, || server.handle.counts().connections <= 2));
}

/// The second server times out, cannot be reached, or closes.
#[test]
fn an_error_after_a_redirection_has_the_url() {
    let server = Service::new(|server| server, redirect);
    let address = server.address;
    let client = Client::new().connector(move |origin, _| match origin.host() {
        "a" => Ok(Box::new(TcpStream::connect(address)?)),
        "late" => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        "empty" => Ok(Box::new(Untimed(Cursor::new(Vec::new())))),
        _ => Err(io::Error::from(io::ErrorKind::ConnectionRefused).into()),
    });
    for (to, told) in [
        ("302/http:~~b~c", "after a redirection to http://b/c: connection refused"),
        ("302/http:~~late:81~c", "after a redirection to http://late:81/c: timed out"),
        ("302/~302~~302~~~b~d", "after a redirection to http://b/d: connection refused"),
        ("307/http:~~empty~", "after a redirection to http://empty/: the server closed the"),
        ("302/~404~", "after a redirection to http://a/404/: the server responded 404"),
        ("302/~302~ftp:~~a", "after a redirection to ftp://a: the server redirects"),
    ] {
        let response = client.get(&format!("http://a/{to}"));
        let error = response.and_then(ClientResponse::successful).unwrap_err();
        assert!(error.to_string().starts_with(told), "{to}: {error}");
        assert_eq!(error.is_timeout(), to.contains("late"), "{to}");
    }
    let error = client.get("http://b/").unwrap_err();
    assert_eq!(error.to_string(), "connection refused");
}
