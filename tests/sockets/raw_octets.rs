//! Tests of other people's clients that send target octets outside the grammar.

use crate::TIMEOUT;
use crate::peers::{CHROMIUM, curl, folder, go, has, output};
use crate::uploads::{node, python};
use bareline_core::{FieldName, FieldValue, Status};
use bareline_net::Server;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// The octets that the WHATWG URL standard leaves raw in a query.
const IN_QUERY: &str = "{}^`\\|[]";

/// The octets that a server accepts in a path, too.
const IN_PATH: &str = "{}^`|[]";

/// A server that sends a page for `/`, and a script for any other target, which it reports.
struct Told {
    address: String,
    targets: Receiver<String>,
}

fn server(page: String) -> Told {
    let server = Server::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    let (sender, targets) = channel();
    thread::spawn(move || {
        server.serve(move |exchange| {
            let target = exchange.head.target();
            let (kind, body) = match target.as_str() {
                "/" => ("text/html", page.as_str()),
                _ => ("text/javascript", "count += 1; document.title = 'seen ' + count;"),
            };
            if target.as_str().contains("octet") {
                sender.send(target.to_string()).unwrap();
            }
            exchange.responder.send(
                Status::OK,
                &[(FieldName::CONTENT_TYPE, FieldValue::from_static(kind))],
                body.as_bytes(),
            )
        })
    });
    Told { address, targets }
}

/// Returns targets with each octet in the query.
fn queries() -> Vec<String> {
    IN_QUERY.chars().map(|octet| format!("/octet?a{octet}b")).collect()
}

/// Returns targets with each octet in the path.
fn paths() -> Vec<String> {
    IN_PATH.chars().map(|octet| format!("/octet{octet}b")).collect()
}

impl Told {
    /// Checks that the queries have arrived raw, and that the paths have arrived with their
    /// meaning.
    fn check(&self, queries: &[String], paths: &[String]) {
        for sent in queries {
            assert_eq!(self.targets.recv_timeout(TIMEOUT).as_ref(), Ok(sent));
        }
        for sent in paths {
            let came = self.targets.recv_timeout(TIMEOUT).unwrap();
            let octet = sent.as_bytes()["/octet".len()];
            assert!(
                came == *sent || came == format!("/octet%{octet:02X}b"),
                "{sent} came as {came}"
            );
        }
        assert!(self.targets.try_recv().is_err(), "there is more");
    }
}

/// Has a program request all targets, and checks the status that it prints for each.
///
/// The status of the `last` targets may differ from 200.
fn each_is_taken(command: &mut Command, server: &Told, last: &[(&str, &str)]) {
    let (queries, paths) = (queries(), paths());
    let last_targets = last.iter().map(|(target, _)| *target);
    let targets: Vec<_> =
        queries.iter().chain(&paths).map(String::as_str).chain(last_targets).collect();
    let printed = output(command.args(targets));
    let taken = queries.iter().chain(&paths).map(|_| "200");
    let expected: Vec<_> = taken.chain(last.iter().map(|(_, status)| *status)).collect();
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
    server.check(&queries, &paths);
}

#[test]
fn curl_sends_each_octet_raw() {
    if !has("curl", "--version") {
        return;
    }
    let server = server(String::new());
    let (queries, paths) = (queries(), paths());
    let sent: Vec<_> = queries.iter().chain(&paths).cloned().collect();
    let urls = sent
        .iter()
        .map(String::as_str)
        .chain(["/octet\\b"])
        .map(|target| format!("http://{}{target}", server.address));
    let arguments: Vec<_> =
        urls.flat_map(|url| ["-o".to_owned(), "/dev/null".to_owned(), url]).collect();
    let arguments: Vec<_> = ["-g", "-w", "%{http_code} "]
        .into_iter()
        .chain(arguments.iter().map(String::as_str))
        .collect();
    // curl sends a backslash in the path, too, which is rejected.
    assert_eq!(curl(&arguments), "200 ".repeat(sent.len()) + "400 ");
    for sent in sent {
        assert_eq!(server.targets.recv_timeout(TIMEOUT), Ok(sent));
    }
    assert!(server.targets.try_recv().is_err());
}

#[test]
fn python_sends_each_octet_raw() {
    let Some(mut command) = python() else { return };
    let server = server(String::new());
    each_is_taken(command.args(["targets", &server.address]), &server, &[("/octet\\b", "400")]);
}

#[test]
fn node_sends_each_octet_raw_in_a_query() {
    let Some(mut command) = node("fetch") else { return };
    let server = server(String::new());
    each_is_taken(command.args(["targets", &server.address]), &server, &[]);
}

#[test]
fn go_sends_each_octet_raw_in_a_query() {
    if !has("go", "version") {
        return;
    }
    let (folder, server) = (folder("go-targets"), server(String::new()));
    each_is_taken(Command::new(go(&folder)).args(["targets", &server.address]), &server, &[]);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn chromium_sends_each_octet_raw_in_a_query() {
    if !has("chromium", "--version") {
        return;
    }
    let (queries, paths) = (queries(), paths());
    // The scripts are loaded one after the other, and each runs if its status is 200.
    let scripts =
        queries.iter().chain(&paths).map(|target| format!("<script src=\"{target}\"></script>"));
    let server = server(format!("<script>count = 0</script>{}", scripts.collect::<String>()));
    let folder = folder("chromium-octets");
    let mut command = Command::new("chromium");
    command.args(CHROMIUM.split_whitespace()).arg(format!("--user-data-dir={}", folder.display()));
    let page = output(command.arg(format!("http://{}/", server.address)).stderr(Stdio::null()));
    assert!(
        page.contains(&format!("<title>seen {}</title>", queries.len() + paths.len())),
        "{page}"
    );
    // Chromium requests several scripts at a time.
    let mut came: Vec<_> = server.targets.try_iter().collect();
    came.retain(|target| target.contains('?'));
    came.sort();
    let mut sent = queries;
    sent.sort();
    assert_eq!(came, sent);
    let _ = fs::remove_dir_all(folder);
}
