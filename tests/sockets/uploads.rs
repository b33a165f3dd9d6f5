//! Tests of uploads by other people's clients and our own, which no handler reads or which are too
//! large.

use crate::limited::Limited;
use crate::peers::{folder, has, output};
use crate::tally::Tally;
use crate::{Program, run, text};
use bareline_core::Method;
use bareline_net::{Client, Error};
use std::fs::{self, File};
use std::io;
use std::process::Command;

/// The sizes of the uploads, all above the limit of 1 MiB.
const SIZES: [usize; 3] = [1_100_000, 5_000_000, 20_000_000];

/// The number of uploads that alternate with a GET.
const ROUNDS: usize = 200;

pub(crate) fn python() -> Option<Command> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peer.py");
    has("python3", "--version").then(|| {
        let mut command = Command::new("python3");
        command.arg(script);
        command
    })
}

pub(crate) fn node(client: &str) -> Option<Command> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peer.js");
    has("node", "--version").then(|| {
        let mut command = Command::new("node");
        command.args([script, client]);
        command
    })
}

/// Adds the outcome of each line that the program prints to the tally.
fn tell(tally: &mut Tally, printed: &str, status: impl Fn(&str) -> &'static str) {
    for line in printed.lines() {
        let (what, got) = line.split_once(' ').unwrap();
        tally.add(if got == status(what) { Ok(()) } else { Err(line.to_owned()) });
    }
}

/// Checks that a program gets 404 from a handler that does not read, and 413 above the limit.
fn gets_each_404_and_413(program: impl Fn() -> Option<Command>, count: usize) {
    let (server, limited) = (Program::start("http_server"), Limited::start());
    let mut tally = Tally::default();
    for (address, path, status) in
        [(&server.address, "/status/404", "404"), (&limited.address.to_string(), "/echo", "413")]
    {
        let Some(mut command) = program() else { return };
        command.args(["uploads", address, path]).args(SIZES.map(|size| size.to_string()));
        tell(&mut tally, &output(&mut command), |_| status);
    }
    assert_eq!(tally.count, count);
    tally.check();
}

/// Checks that a program with a pool of connections gets a response to each request.
fn loses_no_request(program: Option<Command>) {
    let Some(mut command) = program else { return };
    let server = Program::start("http_server");
    let mut tally = Tally::default();
    let printed = output(command.args(["alternate", &server.address, &ROUNDS.to_string()]));
    tell(&mut tally, &printed, |method| if method == "GET" { "200" } else { "404" });
    assert_eq!(tally.count, 2 * ROUNDS);
    tally.check();
}

#[test]
fn pythons_client_gets_each_404_and_413() {
    gets_each_404_and_413(python, 36);
}

#[test]
fn nodes_agent_gets_each_404_and_413() {
    gets_each_404_and_413(|| node("agent"), 18);
}

#[test]
fn nodes_fetch_gets_each_404_and_413() {
    gets_each_404_and_413(|| node("fetch"), 18);
}

#[test]
fn pythons_client_loses_no_request_behind_an_unread_body() {
    loses_no_request(python());
}

#[test]
fn nodes_agent_loses_no_request_behind_an_unread_body() {
    loses_no_request(node("agent"));
}

#[test]
fn nodes_fetch_loses_no_request_behind_an_unread_body() {
    loses_no_request(node("fetch"));
}

#[test]
fn curl_gets_each_404_and_413() {
    if !has("curl", "--version") {
        return;
    }
    let folder = folder("curl-uploads");
    let (server, limited) = (Program::start("http_server"), Limited::start());
    let mut tally = Tally::default();
    for size in SIZES {
        let file = folder.join(size.to_string());
        File::create(&file).unwrap().set_len(size as u64).unwrap();
        for (url, status) in [
            (format!("{}/status/404", server.address), "404"),
            (format!("{}/echo", limited.address), "413"),
        ] {
            for fields in [
                &["-H", "Expect:"][..],
                &["-H", "Expect:", "-H", "Transfer-Encoding: chunked"],
                &[],
            ] {
                let mut curl = Command::new("curl");
                curl.args([
                    "-sS",
                    "--max-time",
                    "20",
                    "-o",
                    "/dev/null",
                    "-w",
                    "%{http_code}",
                    "-X",
                    "POST",
                    "-T",
                ]);
                curl.arg(&file).args(fields).arg(&url);
                for _ in 0..3 {
                    let output = run(&mut curl);
                    let got = text(&output.stdout);
                    tally.add(if got == status && output.status.success() {
                        Ok(())
                    } else {
                        Err(format!("{size} octets: {got} {}", text(&output.stderr).trim()))
                    });
                }
            }
        }
    }
    fs::remove_dir_all(folder).unwrap();
    tally.check();
}

/// Posts this number of octets, and returns the status of the response.
fn post(client: &Client, url: &str, size: usize) -> Result<u16, Error> {
    let mut response = client.request(Method::POST, url)?.send_body(&vec![b'x'; size])?;
    io::copy(&mut response, &mut io::sink())?;
    Ok(response.status().code())
}

fn expect(status: u16, got: Result<u16, Error>, what: &str) -> Result<(), String> {
    match got {
        Ok(code) if code == status => Ok(()),
        Ok(code) => Err(format!("{what}: {code}")),
        Err(error) => Err(format!("{what}: {error}")),
    }
}

#[test]
fn our_client_gets_each_404_and_413() {
    let (server, limited) = (Program::start("http_server"), Limited::start());
    let client = Client::new();
    let mut tally = Tally::default();
    for size in SIZES {
        for (url, status) in [
            (format!("http://{}/status/404", server.address), 404),
            (format!("http://{}/echo", limited.address), 413),
        ] {
            for _ in 0..5 {
                tally.add(expect(status, post(&client, &url, size), &format!("{size} octets")));
            }
        }
    }
    tally.check();
}

#[test]
fn our_client_loses_no_request_behind_an_unread_body() {
    let server = Program::start("http_server");
    let client = Client::new();
    let url = |path: &str| format!("http://{}{path}", server.address);
    let mut tally = Tally::default();
    for number in 0..ROUNDS {
        tally.add(expect(404, post(&client, &url("/status/404"), 300_000), "POST"));
        // Our client repeats a GET when a connection fails, but not a POST.
        tally.add(expect(200, post(&client, &url("/echo"), 10), "small POST"));
        let target = format!("/?number={number}");
        let page = client.get(&url(&target)).and_then(|response| Ok(io::read_to_string(response)?));
        tally.add(match page {
            Ok(page) if page.contains(&target) => Ok(()),
            Ok(_) => Err("GET: the response of another request".to_owned()),
            Err(error) => Err(format!("GET: {error}")),
        });
    }
    tally.check();
}
