//! Times bareline and its peers in one process, in turns, or runs one of them alone to count its
//! instructions.

mod chunked;
mod connection;
#[cfg(feature = "net")]
mod exchange;
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
Times bareline and its peers, or runs one of them to count its instructions.

usage:
  bench header --rustc VERSION --command COMMAND
        Prints the text before the tables: the machine, the method, the inputs.
  bench tables --section NAME [--rounds 160]
        Measures, and prints the tables as Markdown.
  bench names
        Prints the names for `count`, each with the messages or octets in one iteration.
  bench count GROUP/CONTENDER ITERATIONS
        Runs one contender on one input, for a tool that counts instructions.
  bench show INPUT
        Prints an input: `a` to `g`, or the number of a request of the mix.
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
            _ => return Err(Error::ArgumentParsingFailed { cause: "unknown command".to_owned() }),
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
                eprintln!("bench: unknown contender {name}: `bench names` prints the names");
                std::process::exit(2);
            };
            (lane.work)(iterations * lane.step);
        }
        Command::Show { input } => {
            std::io::stdout().write_all(&inputs::named(&input)).expect("standard output is open")
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
        #[cfg(feature = "net")]
        exchange::groups,
        rejected::groups,
    ];
    all.iter().flat_map(|groups| groups(wanted)).collect()
}

fn find(name: &str) -> Option<Lane> {
    let (group, id) = name.rsplit_once('/')?;
    let mut lanes = groups(Wanted(Some((group, id)))).into_iter().flat_map(|group| group.lanes);
    lanes.find(|lane| lane.id == id)
}
