//! Shows how bareline parses octets, part by part: for when two systems disagree about a message.

mod serve;

use bareline_core::Method;
use bareline_explain::reading::{Asked, one_datagram, requests, responses};
use bareline_explain::{json, view};
use clap::{Parser, Subcommand};
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;

/// Shows how bareline parses octets, part by part.
#[derive(Parser)]
#[command(
    next_line_help = true,
    after_help = EXIT_STATUS,
    after_long_help = format!("{EXIT_STATUS}\n\n{JSON}"),
)]
struct Arguments {
    #[command(subcommand)]
    input: Input,
    /// Read the input as hexadecimal digits; whitespace is ignored
    #[arg(long, global = true)]
    hex: bool,
    /// Print one JSON object on one line; `explain --help` describes it
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Input {
    /// The octets that a client sends on a connection: one or more requests
    #[command(next_line_help = true)]
    Request {
        /// The file to read, at most 64 MB, or `-` for standard input
        file: String,
    },
    /// The octets that a server sends on a connection: one or more responses
    #[command(next_line_help = true)]
    Response {
        #[arg(long, value_name = "METHOD", default_value = "GET", help = TO)]
        to: Vec<String>,
        /// Assume that each request offered an upgrade, so that a 101 is valid
        #[arg(long)]
        upgrade: bool,
        /// Assume that the server closed the connection after these octets
        #[arg(long)]
        closed: bool,
        /// The file to read, at most 64 MB, or `-` for standard input
        file: String,
    },
    /// One datagram, a request or a response, as in SSDP
    #[command(next_line_help = true)]
    Datagram {
        /// The method of the request, if this is a response
        #[arg(long, value_name = "METHOD", default_value = "M-SEARCH")]
        to: String,
        /// The file to read, at most 64 MB, or `-` for standard input
        file: String,
    },
    /// Serves a page that takes octets and shows the same, until Ctrl-C
    #[command(next_line_help = true)]
    Serve {
        /// The address to listen on, HOST:PORT
        #[arg(default_value = "127.0.0.1:8080")]
        address: String,
    },
}

const TO: &str = "\
The method of each request, in order; repeatable.
Octets after the last response belong to no request";

const EXIT_STATUS: &str = "\
Exit status: 0 when a message is accepted and none rejected, 1 when one is
rejected or none is complete, 2 when the arguments or the input are invalid.";

const JSON: &str = include_str!("JSON.md");

const MOST: u64 = 64 << 20;

fn main() -> ExitCode {
    match explain(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "explain: {error}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether the octets are accepted.
fn explain(arguments: &Arguments) -> io::Result<bool> {
    let Arguments { input, hex, json } = arguments;
    let file = match input {
        Input::Request { file } | Input::Response { file, .. } | Input::Datagram { file, .. } => {
            file
        }
        Input::Serve { .. } if *hex || *json => {
            let error =
                "serve takes neither --hex nor --json: its page has a choice of hexadecimal";
            return Err(io::Error::other(error));
        }
        Input::Serve { address } => {
            serve::serve(address)?;
            return Ok(true);
        }
    };
    let name = if file == "-" { "standard input" } else { file };
    let octets = read(file, *hex)
        .map_err(|error| io::Error::other(format!("cannot read {name}: {error}")))?;
    let reading = match input {
        Input::Request { .. } | Input::Serve { .. } => requests(&octets, &[]),
        Input::Response { to, upgrade, closed, .. } => {
            let methods = to.iter().map(|to| method(to)).collect::<Result<Vec<_>, _>>()?;
            responses(
                &octets,
                Asked { methods: &methods, offers_upgrade: *upgrade, is_closed: *closed },
                &[],
            )
        }
        Input::Datagram { to, .. } => one_datagram(&octets, method(to)?),
    };
    let shown = if *json {
        writeln!(io::stdout(), "{}", json::object(&reading, &octets))
    } else {
        view::show(&reading, &octets, name)
    };
    match shown {
        // The reader of the pipe has stopped reading.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(reading.is_accepted()),
        shown => shown.map(|()| reading.is_accepted()),
    }
}

fn method(text: &str) -> io::Result<Method<'_>> {
    Method::new(text).map_err(|error| io::Error::other(format!("--to {text}: {error}")))
}

fn read(file: &str, is_hex: bool) -> io::Result<Vec<u8>> {
    let source: Box<dyn Read> = match file {
        "-" => Box::new(io::stdin()),
        file => Box::new(File::open(file)?),
    };
    // In hexadecimal, an octet takes two digits and perhaps a space.
    let most = if is_hex { 3 * MOST } else { MOST };
    let mut octets = Vec::new();
    source.take(most + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > most {
        return Err(io::Error::other("more than 64 MB"));
    }
    if is_hex { octets_of(octets) } else { Ok(octets) }
}

/// Decodes hexadecimal digits. An error has the line and column of an invalid one.
fn octets_of(mut digits: Vec<u8>) -> io::Result<Vec<u8>> {
    if let Some(at) =
        digits.iter().position(|octet| !octet.is_ascii_hexdigit() && !octet.is_ascii_whitespace())
    {
        let (before, rest) = digits.split_at(at);
        let line = 1 + before.iter().filter(|&&octet| octet == b'\n').count();
        let column = 1 + before.iter().rev().take_while(|&&octet| octet != b'\n').count();
        let character = rest.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
        let wrong = match (character, rest) {
            (None, [octet, ..]) => format!("octet 0x{octet:02x}"),
            (character, _) => format!("{:?}", character.unwrap_or_default()),
        };
        return Err(io::Error::other(format!(
            "line {line}, column {column}: {wrong} is not a hexadecimal digit"
        )));
    }
    digits.retain(|octet| !octet.is_ascii_whitespace());
    if !digits.len().is_multiple_of(2) {
        return Err(io::Error::other(format!(
            "an odd number of hexadecimal digits, {}: an octet has two",
            digits.len()
        )));
    }
    hex::decode(&digits).map_err(io::Error::other)
}
