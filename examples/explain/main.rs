//! Shows what bareline reads in octets, part by part: for when two systems disagree about a message.

mod json;
mod reading;
mod view;

use bareline_core::Method;
use clap::{Parser, Subcommand};
use reading::{Reading, requests, responses};
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;

/// Shows what bareline reads in octets, part by part. The exit status is 0 when a message is accepted and none refused, 1 when one is refused or
/// none is whole, 2 when nothing could be read.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    role: Role,
    /// The input is hexadecimal digits; whitespace between them does not matter.
    #[arg(long, global = true)]
    hex: bool,
    /// One JSON object on one line, in place of the text for people.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Role {
    /// What a client sends, one request after the other.
    Request {
        /// The file with the octets, 64 MB at the most, or `-` for standard input.
        file: String,
    },
    /// What a server sends.
    Response {
        /// The method of the request that is answered; once for each request.
        #[arg(long, value_name = "METHOD", default_value = "GET")]
        to: Vec<String>,
        /// The server closes the connection behind it.
        #[arg(long)]
        closed: bool,
        /// The file with the octets, 64 MB at the most, or `-` for standard input.
        file: String,
    },
}

const MOST: u64 = 64 << 20;

fn main() -> ExitCode {
    match explain(&Arguments::parse()) {
        Ok(reading) if reading.is_accepted() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "explain: {error}");
            ExitCode::from(2)
        }
    }
}

fn explain(arguments: &Arguments) -> io::Result<Reading> {
    let Arguments { role, hex, json } = arguments;
    let (Role::Request { file } | Role::Response { file, .. }) = role;
    let octets = read(file, *hex).map_err(|error| io::Error::other(format!("cannot read {file}: {error}")))?;
    let reading = match role {
        Role::Request { .. } => requests(&octets, &[]),
        Role::Response { to, closed, .. } => {
            let methods: Result<Vec<_>, _> = to.iter().map(|method| Method::new(method)).collect();
            responses(&octets, &methods.map_err(io::Error::other)?, *closed, &[])
        }
    };
    let shown = match json {
        true => writeln!(io::stdout(), "{}", json::object(&reading, &octets)),
        false if file == "-" => view::show(&reading, &octets, "standard input"),
        false => view::show(&reading, &octets, file),
    };
    match shown {
        // Whoever reads this has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(reading),
        shown => shown.map(|()| reading),
    }
}

fn read(file: &str, is_hex: bool) -> io::Result<Vec<u8>> {
    let source: Box<dyn Read> = match file {
        "-" => Box::new(io::stdin()),
        file => Box::new(File::open(file)?),
    };
    // In hexadecimal there are two digits and perhaps a space an octet.
    let most = if is_hex { 3 * MOST } else { MOST };
    let mut octets = Vec::new();
    source.take(most + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > most {
        return Err(io::Error::other("more than 64 MB"));
    }
    if is_hex {
        octets.retain(|octet| !octet.is_ascii_whitespace());
        octets = hex::decode(&octets).map_err(io::Error::other)?;
    }
    Ok(octets)
}
