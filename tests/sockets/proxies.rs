//! Tests of nginx and haproxy in front of our servers.
//!
//! Some clients upload, while others send requests all the time. The proxies keep connections to
//! the server alive, and share them among clients. They listen on Unix sockets, which need no port.

use crate::limited::Limited;
use crate::peers::has;
use crate::raw_client::{Received, Upload, read_response, upload};
use crate::tally::Tally;
use crate::{Program, TIMEOUT, run, text, until};
use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// One process, which keeps up to eight connections to the server alive.
const NGINX: &str = "daemon off; master_process off; pid FOLDER/pid; error_log FOLDER/log error;
events {}
http {
    access_log off; client_max_body_size 0; keepalive_requests 1000000;
    client_body_temp_path FOLDER; proxy_temp_path FOLDER; fastcgi_temp_path FOLDER;
    uwsgi_temp_path FOLDER; scgi_temp_path FOLDER;
    upstream server { server SERVER; keepalive 8; }
    server {
        listen unix:FOLDER/socket;
        location / {
            proxy_pass http://server; proxy_http_version 1.1; proxy_set_header Connection \"\";
            proxy_request_buffering BUFFERING;
        }
    }
}";

/// One thread, so that all clients share the connections to the server.
const HAPROXY: &str = "
global
    nbthread 1
    log stdout format raw local0
defaults
    mode http
    log global
    option httplog
    option dontlog-normal
    timeout connect 10s
    timeout client 20s
    timeout server 20s
    http-reuse always
frontend clients
    bind unix@FOLDER/socket
    default_backend server
backend server
    server one SERVER
";

/// A proxy, and its handling of request bodies.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    /// nginx by default: passes a request on when its body is complete.
    NginxBuffered,
    /// nginx that passes the body on as it arrives.
    NginxStreaming,
    /// haproxy, which passes the body on as it arrives.
    Haproxy,
}

/// A running proxy, which is killed on drop.
struct Proxy {
    child: Child,
    folder: PathBuf,
}

impl Proxy {
    /// Starts a proxy in front of this server, if it is installed.
    fn start(kind: Kind, server: SocketAddr) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let (program, version, config, buffering) = match kind {
            Kind::NginxBuffered => ("nginx", "-v", NGINX, "on"),
            Kind::NginxStreaming => ("nginx", "-v", NGINX, "off"),
            Kind::Haproxy => ("haproxy", "-v", HAPROXY, ""),
        };
        if !has(program, version) {
            return None;
        }
        // The path of a Unix socket has at most 108 octets.
        let name = format!(
            "bareline-proxy-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let config = config
            .replace("FOLDER", folder.to_str().unwrap())
            .replace("SERVER", &server.to_string());
        fs::write(folder.join("config"), config.replace("BUFFERING", buffering)).unwrap();
        let mut command = Command::new(program);
        match kind {
            Kind::Haproxy => command.args(["-db", "-f"]).arg(folder.join("config")),
            _ => command.arg("-p").arg(&folder).arg("-c").arg(folder.join("config")),
        };
        let log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let proxy = Self { child: command.spawn().unwrap(), folder };
        let listens = || UnixStream::connect(proxy.folder.join("socket")).is_ok();
        assert!(until(TIMEOUT, listens), "{program} does not listen\n{}", proxy.log());
        Some(proxy)
    }

    fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.folder.join("socket")).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        stream
    }

    /// Returns the last lines that the proxy has logged.
    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The number of rounds of each scenario.
const ROUNDS: usize = 50;

/// The clients that send requests all the time, and the number of their responses.
struct Innocents<'p> {
    proxy: &'p Proxy,
    count: AtomicUsize,
    is_over: AtomicBool,
}

/// The number of innocent clients. The first one keeps its connection to the proxy alive, the
/// second one does not.
const INNOCENTS: usize = 2;

impl Innocents<'_> {
    /// Sends GET and POST alternately, each with a target that is used once.
    fn ask(&self, name: usize) -> Tally {
        let mut tally = Tally::default();
        let mut stream = BufReader::new(self.proxy.connect());
        while !self.is_over.load(Ordering::Relaxed) {
            let word = format!("innocent={name}-{}.", tally.count);
            let outcome = ask(&mut stream, tally.count, &word);
            // If a connection to the server fails, haproxy responds 502 to a client's first
            // request, and closes without a response to a later one.
            let is_kept =
                name == 0 && outcome.as_ref().is_ok_and(|response| !response.says_close());
            if !is_kept {
                stream = BufReader::new(self.proxy.connect());
            }
            tally.add(match outcome {
                Err(error) => Err(error.kind().to_string()),
                Ok(response) if response.status() != "200" => Err(response.status().to_owned()),
                Ok(response) if !text(&response.body).contains(&word) => {
                    Err("the response of another request".to_owned())
                }
                Ok(_) => Ok(()),
            });
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        tally
    }

    /// Waits until the innocent clients have received more responses.
    fn wait(&self) {
        let begin = self.count.load(Ordering::Relaxed);
        let have_more = || self.count.load(Ordering::Relaxed) >= begin + 4 * INNOCENTS;
        assert!(until(TIMEOUT, have_more), "the innocent clients do not get on");
    }
}

/// Runs `round` fifty times in this number of threads, beside the innocent clients.
///
/// Fails if any request goes wrong.
fn beside_innocent_clients(
    proxy: &Proxy,
    threads: usize,
    round: impl Fn(usize, &Innocents<'_>) -> Result<(), String> + Sync,
) {
    let innocents =
        Innocents { proxy, count: AtomicUsize::new(0), is_over: AtomicBool::new(false) };
    let (rounds, begun) = (Mutex::new(Tally::default()), AtomicUsize::new(0));
    let run = || {
        loop {
            let number = begun.fetch_add(1, Ordering::Relaxed);
            if number >= ROUNDS {
                break;
            }
            let outcome = round(number, &innocents);
            rounds.lock().unwrap().add(outcome);
            innocents.wait();
        }
    };
    let innocent = thread::scope(|scope| {
        let asking: Vec<_> = (0..INNOCENTS)
            .map(|name| {
                let innocents = &innocents;
                scope.spawn(move || innocents.ask(name))
            })
            .collect();
        let runs: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let runs: Vec<_> = runs.into_iter().map(thread::ScopedJoinHandle::join).collect();
        innocents.is_over.store(true, Ordering::Relaxed);
        let mut innocent = Tally::default();
        asking.into_iter().for_each(|asking| innocent.extend(asking.join().unwrap()));
        runs.into_iter().for_each(|run| run.unwrap());
        innocent
    });
    let rounds = rounds.into_inner().unwrap();
    assert!(
        rounds.wrong.is_empty() && innocent.wrong.is_empty(),
        "uploads: {rounds}; innocent: {innocent}; the proxy: {}",
        proxy.log()
    );
}

fn ask(stream: &mut BufReader<UnixStream>, number: usize, word: &str) -> io::Result<Received> {
    let request = match number % 2 {
        0 => format!("GET /?{word} HTTP/1.1\r\nHost: a\r\n\r\n"),
        _ => format!(
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{word}",
            word.len()
        ),
    };
    stream.get_mut().write_all(request.as_bytes())?;
    read_response(stream)
}

/// Returns an error if a response does not have this status.
fn expect(status: &str, response: io::Result<Received>) -> Result<(), String> {
    match response {
        Ok(response) if response.status() == status => Ok(()),
        Ok(response) => Err(response.status().to_owned()),
        Err(error) => Err(error.kind().to_string()),
    }
}

/// Uploads 300 KB to a handler that does not read them.
fn unread(kind: Kind) {
    let server = Program::start("http_server");
    let Some(proxy) = Proxy::start(kind, server.tcp()) else { return };
    beside_innocent_clients(&proxy, 2, |round, _| {
        let (path, status) = [("/status/404", "404"), ("/", "200")][round % 2];
        expect(status, upload(&proxy.connect(), path, Upload::Length(300_000)))
    });
}

/// Uploads 2 MB, and every fifth time 20 MB, to a server that accepts 1 MiB.
fn too_large(kind: Kind) {
    let size = |round: usize| if round.is_multiple_of(5) { 20_000_000 } else { 2_000_000 };
    let server = Limited::start();
    let Some(proxy) = Proxy::start(kind, server.address) else { return };
    for body in [Upload::Length, Upload::Chunked] {
        beside_innocent_clients(&proxy, 2, |round, _| {
            expect("413", upload(&proxy.connect(), "/echo", body(size(round))))
        });
    }
    if !has("curl", "--version") {
        return;
    }
    let file = |round| proxy.folder.join(format!("{} octets", size(round)));
    (0..2)
        .for_each(|round| File::create(file(round)).unwrap().set_len(size(round) as u64).unwrap());
    beside_innocent_clients(&proxy, 2, |round, _| {
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
            "-H",
            "Expect:",
        ]);
        if round % 2 == 1 {
            curl.args(["-H", "Transfer-Encoding: chunked"]);
        }
        curl.arg("-T")
            .arg(file(round))
            .arg("--unix-socket")
            .arg(proxy.folder.join("socket"))
            .arg("http://a/echo");
        match run(&mut curl) {
            output if output.stdout == b"413" => Ok(()),
            output => Err(format!("{} {}", text(&output.stdout), text(&output.stderr))),
        }
    });
}

/// Sends a head whose body never arrives, or arrives after the response and looks like a request.
fn without_its_body(kind: Kind) {
    let server = Program::start("http_server");
    let Some(proxy) = Proxy::start(kind, server.tcp()) else { return };
    beside_innocent_clients(&proxy, 25, |round, innocents| {
        let mut stream = BufReader::new(proxy.connect());
        stream.get_ref().set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let head = "POST /status/404 HTTP/1.1\r\nHost: a\r\nContent-Length: 212\r\n\r\n";
        stream.get_mut().write_all(head.as_bytes()).unwrap();
        let outcome = match (kind, read_response(&mut stream)) {
            // nginx waits for the body before it connects to the server.
            (Kind::NginxBuffered, Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                Ok(())
            }
            (_, response) => expect("404", response),
        };
        innocents.wait();
        if round % 2 == 1 {
            let body = format!("GET /status/418?{:.<174} HTTP/1.1\r\nHost: a\r\n\r\n", "");
            let _ = stream.get_mut().write_all(body.as_bytes());
            innocents.wait();
        }
        outcome
    });
}

#[test]
fn nginx_that_buffers_passes_on_300_kb_that_nobody_reads() {
    unread(Kind::NginxBuffered);
}

#[test]
fn nginx_that_streams_passes_on_300_kb_that_nobody_reads() {
    unread(Kind::NginxStreaming);
}

#[test]
fn haproxy_passes_on_300_kb_that_nobody_reads() {
    unread(Kind::Haproxy);
}

#[test]
fn nginx_that_buffers_passes_on_each_413() {
    too_large(Kind::NginxBuffered);
}

#[test]
fn nginx_that_streams_passes_on_each_413() {
    too_large(Kind::NginxStreaming);
}

#[test]
fn haproxy_passes_on_each_413() {
    too_large(Kind::Haproxy);
}

#[test]
fn nginx_that_buffers_shares_no_connection_that_owes_a_body() {
    without_its_body(Kind::NginxBuffered);
}

#[test]
fn nginx_that_streams_shares_no_connection_that_owes_a_body() {
    without_its_body(Kind::NginxStreaming);
}

#[test]
fn haproxy_shares_no_connection_that_owes_a_body() {
    without_its_body(Kind::Haproxy);
}
