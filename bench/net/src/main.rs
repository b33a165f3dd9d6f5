//! The servers, clients and UDP peers that `run` measures. Each run of this program is one of them.

mod bulk;
mod clients;
mod servers;
mod udp;

use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use std::num::NonZero;
use std::process::ExitCode;
use std::thread;

/// The body of every server's response.
const BODY: &str = "TCP connection";

/// A function that serves on a port, until the process is killed.
type Serve = fn(u16);

#[derive(Parser)]
#[command(about)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves HTTP on this port of 127.0.0.1, until it is killed.
    Serve { name: String, port: u16 },
    /// Sends COUNT GETs on one connection, and prints the time in nanoseconds.
    KeepAlive { name: String, server: SocketAddr, count: u32 },
    /// Sends COUNT GETs, each on a new connection, and prints the time in nanoseconds.
    Connect { name: String, server: SocketAddr, count: u32 },
    /// Receives COUNT responses of 100 MB on one connection, and prints the time in nanoseconds.
    Download { server: SocketAddr, count: u32 },
    /// Sends COUNT requests of 100 MB on one connection, and prints the time in nanoseconds.
    Upload { server: SocketAddr, count: u32 },
    /// Responds to each datagram with `udp server`, until it is killed.
    Udp { name: String, port: u16 },
    /// Sends datagrams with UNDER_WAY of them in flight, and prints the responses per second.
    UdpLoad { server: SocketAddr, under_way: u32, milliseconds: u64 },
}

fn main() -> ExitCode {
    let done = match Options::parse().command {
        Command::Serve { name, port } => named(servers::ALL, &name).map(|serve| serve(port)),
        Command::KeepAlive { name, server, count } => named(clients::KEEP_ALIVE, &name)
            .map(|get| println!("{}", clients::nanoseconds(get, server, count))),
        Command::Connect { name, server, count } => named(clients::CONNECT, &name)
            .map(|get| println!("{}", clients::nanoseconds(get, server, count))),
        Command::Download { server, count } => {
            println!("{}", clients::nanoseconds(bulk::download, server, count));
            Some(())
        }
        Command::Upload { server, count } => {
            println!("{}", clients::nanoseconds(bulk::upload, server, count));
            Some(())
        }
        Command::Udp { name, port } => named(udp::ALL, &name).map(|respond| respond(port)),
        Command::UdpLoad { server, under_way, milliseconds } => {
            println!("{:.0}", udp::responses_a_second(server, under_way, milliseconds));
            Some(())
        }
    };
    if done.is_none() {
        eprintln!("peer: unknown name for this command");
    }
    if done.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn named<T: Copy>(all: &[(&str, T)], name: &str) -> Option<T> {
    all.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}
