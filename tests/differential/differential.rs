//! A comparison with hyper: hyper reads each message that we accept as we do. And with
//! form_urlencoded, which decodes each form as we do.
//!
//! Each known difference is listed here with its clause.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use bareline_core::Target;
use bareline_core::body::Framing;
use bareline_core::value::{FormPairs, FormText};
use bareline_fuzz::{
    Asked, Head, MessageModel, RequestModel, Verdict, any_calls_that_succeed_write_what_is_meant,
    request_verdict, response_verdict,
};
use bareline_properties::{calls, written, written_requests, written_responses};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

/// A message as a library has read it: the start line, the fields by name, and the content.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Read {
    start: Vec<String>,
    fields: Vec<(String, Vec<u8>)>,
    content: Vec<u8>,
}

/// Sorts fields by lower-case name, and keeps the order of fields of one name, as a map does.
fn sorted(fields: impl Iterator<Item = (String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    let mut fields: Vec<_> =
        fields.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    fields
}

fn of_map(map: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    sorted(map.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())))
}

fn of_head(head: &Head, content: &[u8], start: Vec<String>) -> Read {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let fields = head.fields.iter().map(|(name, value)| (text(name), value.clone()));
    Read { start, fields: sorted(fields), content: content.to_vec() }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Returns the request that hyper's server reads in these octets.
fn hyper_request(octets: Vec<u8>) -> Option<Read> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let service = hyper::service::service_fn(|request: Request<Incoming>| {
        let seen = Arc::clone(&seen);
        async move {
            let (head, body) = request.into_parts();
            if let Ok(body) = body.collect().await {
                let start = vec![
                    head.method.to_string(),
                    head.uri.to_string(),
                    format!("{:?}", head.version),
                ];
                let content = body.to_bytes().to_vec();
                seen.lock().unwrap().push(Read { start, fields: of_map(&head.headers), content });
            }
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    block_on(async {
        let (mut client, server) = duplex(100_000);
        client.write_all(&octets).await.unwrap();
        client.shutdown().await.unwrap();
        let _ = hyper::server::conn::http1::Builder::new()
            .half_close(true)
            .serve_connection(TokioIo::new(server), service)
            .await;
    });
    // Exactly one request: octets left over would be a second one.
    let mut seen = std::mem::take(&mut *seen.lock().unwrap());
    if seen.len() == 1 { seen.pop() } else { None }
}

/// Returns the response that hyper's client reads in these octets.
fn hyper_response(octets: Vec<u8>, asked: Asked) -> Option<Read> {
    block_on(async {
        let (client, mut server) = duplex(100_000);
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(client)).await.ok()?;
        let target = if asked == Asked::Connect { "a:1" } else { "/" };
        let method = match asked {
            Asked::Get => "GET",
            Asked::Head => "HEAD",
            Asked::Connect => "CONNECT",
        };
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "a")
            .body(Empty::<Bytes>::new())
            .ok()?;
        let serve = async move {
            let mut head = vec![0; 1000];
            let _ = server.read(&mut head).await;
            server.write_all(&octets).await.unwrap();
            server.shutdown().await.unwrap();
            // Keeps the connection open until the client has read to the end.
            let _ = server.read(&mut head).await;
        };
        let ask = async move {
            let (head, body) = sender.send_request(request).await.ok()?.into_parts();
            let content = body.collect().await.ok()?.to_bytes().to_vec();
            let start = vec![format!("{:?}", head.version), head.status.as_u16().to_string()];
            Some(Read { start, fields: of_map(&head.headers), content })
        };
        let (_, _, read) = futures_join(connection.with_upgrades(), serve, ask).await;
        read
    })
}

/// Runs three futures until the last one has its result.
async fn futures_join<A, T>(
    one: impl Future<Output = A>,
    two: impl Future<Output = ()>,
    three: impl Future<Output = T>,
) -> ((), (), T) {
    let mut one = std::pin::pin!(async { drop(one.await) });
    let mut two = std::pin::pin!(two);
    let mut three = std::pin::pin!(three);
    let (mut is_one_done, mut is_two_done) = (false, false);
    std::future::poll_fn(move |context| {
        is_one_done = is_one_done || one.as_mut().poll(context).is_ready();
        is_two_done = is_two_done || two.as_mut().poll(context).is_ready();
        three.as_mut().poll(context).map(|read| ((), (), read))
    })
    .await
}

/// Returns the reason why hyper rejects a request that we accept, if it is known.
fn known_rejection(model: &RequestModel) -> Option<&'static str> {
    let authority = Target::new(&model.target).ok()?.authority()?;
    // `reg-name` may hold percent-encoded octets; hyper's URI allows none in an authority.
    authority.contains('%').then_some("RFC 3986 section 3.2.2")
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_form_has_the_pairs_that_form_urlencoded_finds(
        form in proptest::collection::vec(prop_oneof![
            prop::sample::select(b"=&%+04aAfFgG;".as_slice()),
            any::<u8>(),
        ], 0..40)
    ) {
        let text = |text: FormText<'_>| {
            String::from_utf8_lossy(&text.octets().collect::<Vec<_>>()).into_owned()
        };
        let ours: Vec<_> =
            FormPairs::new(&form).map(|(name, value)| (text(name), text(value))).collect();
        let theirs: Vec<_> = form_urlencoded::parse(&form).into_owned().collect();
        prop_assert_eq!(ours, theirs, "{}", form.escape_ascii());
    }

    #[test]
    fn hyper_reads_our_requests_as_we_do(model in written_requests()) {
        let octets = written(&MessageModel::Request(model.clone()));
        let Verdict::Head(head) = request_verdict(&octets) else {
            panic!("we refuse our own request")
        };
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let ours = of_head(&head, &model.body, head.start.iter().map(|part| text(part)).collect());
        match (hyper_request(octets.clone()), known_rejection(&model)) {
            (None, Some(_)) => {}
            (Some(mut theirs), None) => {
                // hyper writes scheme and host in lower case [RFC 3986 section 6.2.2.1], and adds
                // the path `/` to an absolute form without one [RFC 9112 section 3.2.1].
                let (own, target) = (&ours.start[1], &theirs.start[1]);
                if target.eq_ignore_ascii_case(own)
                    || target.eq_ignore_ascii_case(&format!("{own}/"))
                {
                    theirs.start[1].clone_from(&ours.start[1]);
                }
                prop_assert_eq!(theirs, ours, "{}", octets.escape_ascii());
            }
            (theirs, known) => {
                panic!("hyper reads {} as {theirs:?}; known: {known:?}", octets.escape_ascii())
            }
        }
    }

    #[test]
    fn hyper_reads_our_responses_as_we_do(model in written_responses()) {
        let asked = model.asked;
        // hyper does not report interim responses [RFC 9110 section 15.2].
        if matches!(model.status, 100..=199) {
            return Ok(());
        }
        let octets = written(&MessageModel::Response(model.clone()));
        let Verdict::Head(head) = response_verdict(&octets) else {
            panic!("we refuse our own response")
        };
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let start = head.start[..2].iter().map(|part| text(part)).collect();
        let content = match head.framings[asked as usize].unwrap() {
            Framing::None | Framing::Tunnel => Vec::new(),
            _ => model.body.clone(),
        };
        let ours = of_head(&head, &content, start);
        let theirs = hyper_response(octets.clone(), asked);
        prop_assert_eq!(theirs, Some(ours), "{}", octets.escape_ascii());
    }

    #[test]
    fn hyper_reads_what_any_calls_have_written_as_we_do(calls in calls()) {
        any_calls_that_succeed_write_what_is_meant(&calls);
        let Ok(octets) = calls.write() else { return Ok(()) };
        let asked = match &*calls.method {
            "HEAD" => Asked::Head,
            "CONNECT" => Asked::Connect,
            _ => Asked::Get,
        };
        let theirs = match &calls.target {
            Some(_) => hyper_request(octets.clone()),
            // hyper's client does not report interim responses, and does not read unsolicited ones.
            None if calls.status < 200 => return Ok(()),
            None => hyper_response(octets.clone(), asked),
        };
        let Some(theirs) = theirs else { panic!("hyper refuses {}", octets.escape_ascii()) };
        let is_added =
            |name: &str| ["content-length", "transfer-encoding", "connection"].contains(&name);
        let fields: Vec<_> =
            theirs.fields.into_iter().filter(|(name, _)| !is_added(name)).collect();
        let meant = sorted(calls.meant().into_iter())
            .into_iter()
            .filter(|(name, _)| !is_added(name))
            .collect::<Vec<_>>();
        prop_assert_eq!(fields, meant, "{}", octets.escape_ascii());
        match &calls.target {
            Some(_) => prop_assert_eq!(&theirs.start[0], &calls.method),
            None => prop_assert_eq!(&theirs.start[1], &calls.status.to_string()),
        }
        prop_assert_eq!(theirs.content, calls.body(), "{}", octets.escape_ascii());
    }
}
