//! Times bareline beside its peers, in one process and in turn, and runs one of them alone for a count of its instructions.

mod chunked;
mod connection;
mod heads;
mod inputs;
mod limits;
mod measure;
mod peers;
mod refused;
mod report;
mod serialise;
mod trickle;

use clap::{Parser, Subcommand};
use measure::{Group, Lane, Wanted};
use std::io::Write;

#[derive(Parser)]
#[command(about)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prints what stands before the tables: the machine, the method, the inputs.
    Header {
        /// What `rustc --version` says.
        #[arg(long)]
        rustc: String,
        /// What was typed to get the document.
        #[arg(long)]
        command: String,
    },
    /// Measures, and prints the tables as Markdown.
    Tables {
        /// Which build this is.
        #[arg(long)]
        section: String,
        /// How often all take turns.
        #[arg(long, default_value_t = 160)]
        rounds: usize,
    },
    /// Prints the names that `count` takes, each with the messages or octets that one iteration stands for.
    Names,
    /// Runs one contender on one input, and nothing else that takes a varying time.
    Count {
        /// `GROUP/CONTENDER`, as `names` prints it.
        name: String,
        /// How many iterations.
        iterations: usize,
    },
    /// Prints an input, to look at it: `a` to `g`, or the number of a request of the mix.
    Show {
        /// Which.
        input: String,
    },
}

fn main() {
    match Options::parse().command {
        Command::Header { rustc, command } => report::header(&rustc, &command),
        Command::Tables { section, rounds } => report::tables(&section, rounds),
        Command::Names => {
            for group in groups(Wanted(None)) {
                group.lanes.iter().for_each(|lane| println!("{}/{} {}", group.name, lane.id, lane.step));
            }
        }
        Command::Count { name, iterations } => {
            let Some(mut lane) = find(&name) else {
                eprintln!("bench: no contender is called {name}; `bench names` prints the names");
                std::process::exit(2);
            };
            (lane.work)(iterations * lane.step);
        }
        Command::Show { input } => std::io::stdout().write_all(&inputs::named(&input)).expect("standard output takes it"),
    }
}

fn groups(wanted: Wanted<'_>) -> Vec<Group> {
    let all = [heads::groups, chunked::groups, serialise::groups, trickle::groups, connection::groups, refused::groups];
    all.iter().flat_map(|groups| groups(wanted)).collect()
}

fn find(name: &str) -> Option<Lane> {
    let (group, id) = name.rsplit_once('/')?;
    let mut lanes = groups(Wanted(Some((group, id)))).into_iter().flat_map(|group| group.lanes);
    lanes.find(|lane| lane.id == id)
}
