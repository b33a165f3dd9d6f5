//! The worst case of a server's memory, against the formula in the docs of `Server`.

use crate::{connect, lines, next, skip, status_of};
use bareline_core::{FieldName, FieldValue, Status};
use bareline_net::{Error, Exchange, Server};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;

/// The terms of the formula: octets of each connection that has a thread.
const TERMS: [(&str, u64); 8] = [
    ("head of the request", 65_536),
    ("receive buffer", 73_728),
    ("trailers", 66_048),
    ("send buffer", 8_192),
    ("head of a long response", 65_536),
    ("small writes, gathered", 4_096),
    ("memory that is freed while buffers grow", 12_288),
    ("stack", 16_384),
];
const STACK_WITHOUT_OPTIMIZATION: u64 = 217_088;
const DOCS: &str = include_str!("../../net/src/server/mod.rs");
/// The connections after which the allocator has its arenas.
const FIRST: u64 = 32;
const CONNECTIONS: u64 = 128;
static LONG: [u8; 65_400] = [b'x'; 65_400];
/// The environment variable by which this test runs as the server.
const IS_SERVER: &str = "BARELINE_MEMORY_SERVER";

/// A server's process, which ends with this value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Keeps everything of an exchange in memory: the head, the trailers with the buffer that they
/// arrived in, and a long response that is not sent yet.
fn keep_all(Exchange { mut body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
    io::copy(&mut body, &mut io::sink())?;
    assert_eq!(body.trailers().len(), 128);
    let field = (FieldName::from_static("X"), FieldValue::new(&LONG)?);
    let mut response = responder.stream(Status::OK, &[field])?;
    response.write_all(&[b'x'; 4_096])?;
    println!("\nkept");
    loop {
        thread::park();
    }
}

/// Serves until the parent closes stdin.
fn serve() {
    let server = Server::bind("127.0.0.1:0").unwrap();
    println!("\nlistening on {}", server.local_addr().unwrap());
    thread::spawn(move || server.serve(keep_all));
    let _ = io::stdin().read(&mut [0]);
}

/// Sends a head of 65,535 octets, a chunk, and 65,408 octets of trailers.
fn send_largest(mut stream: &TcpStream) {
    let head = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX: ";
    let filler = "x".repeat(65_535 - head.len() - 4);
    write!(stream, "{head}{filler}\r\n\r\n1\r\nx\r\n0\r\n").unwrap();
    stream.write_all(format!("a: {}\r\n", "x".repeat(506)).repeat(128).as_bytes()).unwrap();
    stream.write_all(b"\r\n").unwrap();
}

#[test]
fn the_memory_of_a_server_has_the_bound_of_its_docs() {
    if std::env::var_os(IS_SERVER).is_some() {
        return serve();
    }
    let pages = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    if pages.is_ok_and(|pages| pages.contains("[always]")) {
        return skip("each stack has a page of 2 MB");
    }
    let mut server = Command::new(std::env::current_exe().unwrap());
    server.args(["--exact", "--nocapture"]);
    server.arg("memory::the_memory_of_a_server_has_the_bound_of_its_docs").env(IS_SERVER, "");
    let server = server.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut server = Process(server.unwrap());
    let told = lines(server.0.stdout.take().unwrap());
    let wait_for = |start: &str| loop {
        if let Some(rest) = next(&told).strip_prefix(start) {
            break rest.to_owned();
        }
    };
    let address = wait_for("listening on ").parse().unwrap();
    // Without the pages of the program itself.
    let memory = || status_of(&server.0, "RssAnon:").unwrap() * 1024;
    let fill = |connections| {
        let streams: Vec<_> = (0..connections).map(|_| connect(address)).collect();
        streams.iter().for_each(send_largest);
        streams.iter().for_each(|_| _ = wait_for("kept"));
        streams
    };
    let _first = fill(FIRST);
    let before = memory();
    let _others = fill(CONNECTIONS);
    let each = (memory() - before) / CONNECTIONS;
    let of_docs: u64 = TERMS.iter().map(|(_, octets)| octets).sum();
    let stack = if cfg!(debug_assertions) { STACK_WITHOUT_OPTIMIZATION } else { TERMS[7].1 };
    let most = of_docs - TERMS[7].1 + stack;
    assert!(each <= most, "a connection takes {each} octets, and {most} by the formula");
    assert!(before <= 8_000_000 + FIRST * most, "{before} octets for the first {FIRST}");
    // The formula is no larger than needed: a buffer that grows is seen.
    assert!(each > most / 10 * 9, "a connection takes {each} octets, and {most} by the formula");

    for (term, octets) in TERMS {
        let row = format!("/// | {term} | {} |\n", with_commas(octets));
        assert!(DOCS.contains(&row), "{row}");
    }
    for octets in [of_docs, STACK_WITHOUT_OPTIMIZATION] {
        assert!(DOCS.contains(&format!(" {} octets", with_commas(octets))), "{octets}");
    }
}

/// Returns the number of up to six digits with a comma before the last three.
fn with_commas(number: u64) -> String {
    format!("{},{:03}", number / 1000, number % 1000)
}
