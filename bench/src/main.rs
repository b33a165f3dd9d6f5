//! Times bareline beside its peers, in one process and in turn, and runs one of them alone for a
//! count of its instructions.

mod chunked;
mod connection;
mod heads;
mod inputs;
mod limits;
mod measure;
mod peers;
mod rejected;
mod report;
mod serialise;
mod trickle;

use measure::{Group, Lane, Wanted};
use pico_args::{Arguments, Error};
use std::io::Write;

const USAGE: &str = "\
Times bareline beside its peers, and counts.

usage:
  bench header --rustc VERSION --command COMMAND
        Prints what stands before the tables: the machine, the method, the inputs.
  bench tables --section NAME [--rounds 160]
        Measures, and prints the tables as Markdown.
  bench names
        Prints the names that `count` takes, each with the messages or octets that one iteration
        stands for.
  bench count GROUP/CONTENDER ITERATIONS
        Runs one contender on one input, and nothing else that takes a varying time.
  bench show INPUT
        Prints an input, to look at it: `a` to `g`, or the number of a request of the mix.
";

enum Command {
    Header { rustc: String, command: String },
    Tables { section: String, rounds: usize },
    Names,
    Count { name: String, iterations: usize },
    Show { input: String },
}

impl Command {
    fn parse(mut arguments: Arguments) -> Result<Self, Error> {
        let name = arguments.subcommand()?;
        let command = match name.as_deref() {
            Some("header") => {
                let (rustc, command) =
                    (arguments.value_from_str("--rustc")?, arguments.value_from_str("--command")?);
                Self::Header { rustc, command }
            }
            Some("tables") => {
                let rounds = arguments.opt_value_from_str("--rounds")?.unwrap_or(160);
                Self::Tables { section: arguments.value_from_str("--section")?, rounds }
            }
            Some("names") => Self::Names,
            Some("count") => Self::Count {
                name: arguments.free_from_str()?,
                iterations: arguments.free_from_str()?,
            },
            Some("show") => Self::Show { input: arguments.free_from_str()? },
            _ => return Err(Error::ArgumentParsingFailed { cause: "no such command".to_owned() }),
        };
        match arguments.finish().first() {
            Some(rest) => Err(Error::ArgumentParsingFailed {
                cause: format!("{} is not expected", rest.display()),
            }),
            None => Ok(command),
        }
    }
}

fn main() {
    let command = Command::parse(Arguments::from_env()).unwrap_or_else(|error| {
        eprintln!("bench: {error}\n\n{USAGE}");
        std::process::exit(2)
    });
    match command {
        Command::Header { rustc, command } => report::header(&rustc, &command),
        Command::Tables { section, rounds } => report::tables(&section, rounds),
        Command::Names => {
            for group in groups(Wanted(None)) {
                group
                    .lanes
                    .iter()
                    .for_each(|lane| println!("{}/{} {}", group.name, lane.id, lane.step));
            }
        }
        Command::Count { name, iterations } => {
            let Some(mut lane) = find(&name) else {
                eprintln!("bench: no contender is called {name}; `bench names` prints the names");
                std::process::exit(2);
            };
            (lane.work)(iterations * lane.step);
        }
        Command::Show { input } => {
            std::io::stdout().write_all(&inputs::named(&input)).expect("standard output takes it")
        }
    }
}

fn groups(wanted: Wanted<'_>) -> Vec<Group> {
    let all = [
        heads::groups,
        chunked::groups,
        serialise::groups,
        trickle::groups,
        connection::groups,
        rejected::groups,
    ];
    all.iter().flat_map(|groups| groups(wanted)).collect()
}

fn find(name: &str) -> Option<Lane> {
    let (group, id) = name.rsplit_once('/')?;
    let mut lanes = groups(Wanted(Some((group, id)))).into_iter().flat_map(|group| group.lanes);
    lanes.find(|lane| lane.id == id)
}
