//! Tests of a client whose connections the caller opens.

use bareline_net::{Client, Error, PeerError, Settings, Wait};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Returns the folder of a socket for this test alone, whose path is short.
#[cfg(unix)]
fn path(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("bareline-{name}-{}", std::process::id()))
}

#[cfg(unix)]
#[test]
fn a_connector_opens_unix_sockets_for_the_pool() {
    use bareline_net::{Server, Status};
    use std::os::unix::net::{UnixListener, UnixStream};
    let path = path("pool");
    let server = Server::from_listener(UnixListener::bind(&path).unwrap()).unwrap();
    let handle = server.handle();
    let served = std::thread::spawn(move || {
        server.serve(|exchange| {
            let host = exchange.head.target().path().to_owned();
            exchange.responder.send(Status::OK, &[], host.as_bytes())
        })
    });
    let opened = Arc::new(Mutex::new(Vec::new()));
    let (seen, socket) = (Arc::clone(&opened), path.clone());
    let client = Client::new().connector(move |origin, _| {
        let origin = (origin.scheme(), origin.host().to_owned(), origin.port());
        seen.lock().unwrap().push(origin);
        Ok(Box::new(UnixStream::connect(&socket)?))
    });
    let get = |url: &str| std::io::read_to_string(client.get(url).unwrap()).unwrap();
    for _ in 0..3 {
        assert_eq!(get("http://localhost/a"), "/a");
    }
    // Each origin has its own connection.
    for url in ["https://localhost/a", "http://localhost:443/a", "http://[::1]/a"] {
        assert_eq!([get(url), get(url)], ["/a", "/a"]);
    }
    let origin = |scheme, host: &str, port| (scheme, host.to_owned(), port);
    assert_eq!(
        *opened.lock().unwrap(),
        [
            origin("http", "localhost", 80),
            origin("https", "localhost", 443),
            origin("http", "localhost", 443),
            origin("http", "::1", 80),
        ]
    );
    handle.shutdown();
    served.join().unwrap().unwrap();
    std::fs::remove_file(path).unwrap();
}

#[cfg(unix)]
#[test]
fn timeouts_hold_for_a_connector_of_unix_sockets() {
    use std::os::unix::net::{UnixListener, UnixStream};
    let path = path("timeouts");
    // It accepts no connection, so that the request waits in the backlog.
    let _listener = UnixListener::bind(&path).unwrap();
    let socket = path.clone();
    let client = Client::new().connector(move |_, _| Ok(Box::new(UnixStream::connect(&socket)?)));
    let short = Duration::from_millis(50);
    for (settings, waited) in [
        (Settings::new().response_timeout(short), Wait::Response),
        (Settings::new().exchange_timeout(short), Wait::Exchange),
    ] {
        let error = client.clone().settings(settings).get("http://localhost/").unwrap_err();
        assert!(
            matches!(error, Error::Peer(PeerError::TimedOut { wait, .. }) if wait == waited),
            "{error:?}"
        );
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_connector_is_told_the_time_that_is_left() {
    let most = Arc::new(Mutex::new(Duration::ZERO));
    let told = Arc::clone(&most);
    let client = Client::new().connector(move |_, left| {
        *told.lock().unwrap() = left;
        Err(Error::other("offline"))
    });
    let seconds = Duration::from_secs;
    for (connect, exchange, at_most, at_least) in
        [(7, 60, 7, 7), (60, 30, 30, 20), (u64::MAX, u64::MAX, u64::MAX, u64::MAX)]
    {
        let settings =
            Settings::new().connect_timeout(seconds(connect)).exchange_timeout(seconds(exchange));
        let error = client.clone().settings(settings).get("http://localhost/").unwrap_err();
        assert_eq!(error.to_string(), "offline");
        let left = *most.lock().unwrap();
        assert!(left <= seconds(at_most) && left >= seconds(at_least), "{left:?}");
    }
}

#[test]
fn a_connector_is_not_called_after_the_exchange_timeout() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let client = Client::new().connector(move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        Err(Error::other("offline"))
    });
    let client = client.settings(Settings::new().exchange_timeout(Duration::ZERO));
    let error = client.get("http://localhost/").unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}
