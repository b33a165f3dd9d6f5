//! Compares what bareline and other HTTP/1.x parsers read in the same messages: `just readers`.

mod classes;
mod compare;
mod draft;
mod facts;
mod generator;
mod message;
mod mutators;
mod ours;
mod page;
mod proof;
mod reader;
mod tally;

use crate::generator::Generator;
use crate::reader::Peer;
use crate::tally::{Batch, Tally};
use clap::Parser;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Instant;
use std::{fs, io, thread};

/// Compares what bareline and other HTTP/1.x parsers read in the same messages.
///
/// Fails if a difference belongs to no class, if a class no longer occurs, or if the page differs
/// from the counts.
#[derive(Parser)]
struct Options {
    /// The number of messages to generate.
    #[arg(long, default_value_t = 10_000_000)]
    messages: usize,
    /// The seed of the generator.
    #[arg(long, default_value_t = 15)]
    seed: u64,
    /// The program of a reader, as `NAME=COMMAND`; a reader without a program is left out.
    #[arg(long)]
    program: Vec<String>,
    /// The page to compare with the counts.
    #[arg(long)]
    page: Option<PathBuf>,
    /// Writes the page instead of comparing it.
    #[arg(long, requires = "page")]
    update: bool,
}

/// The number of messages in a batch for a reader.
const BATCH: usize = 1_000;

/// The limit of batches that are queued for a slow reader.
const WAITING: usize = 8;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let started = Instant::now();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut generator = Generator::new(options.seed, seeds(&root.join("fuzz/seeds"))?);
    let seeds = generator.seed_messages();
    let total = options.messages + seeds;
    let (mut senders, mut threads) = (Vec::new(), Vec::new());
    for peer in Peer::ALL {
        let prefix = format!("{}=", peer.name());
        let command = options.program.iter().find_map(|program| program.strip_prefix(&prefix));
        if command.is_none() && peer.is_program() {
            println!("SKIPPED: {}, which no program is given for", peer.name());
            continue;
        }
        let command: Vec<_> = command.unwrap_or("").split_whitespace().map(str::to_owned).collect();
        let (sender, batches) = sync_channel::<Arc<Batch>>(WAITING);
        senders.push(sender);
        threads.push(thread::spawn(move || Tally::count(peer, &command, &batches)));
    }
    let mut first = 0;
    while first < total {
        let batch = Arc::new(Batch::new(first, BATCH.min(total - first), &mut generator));
        first += batch.len();
        for sender in &senders {
            // A failed reader reports its error at the end.
            let _ = sender.send(Arc::clone(&batch));
        }
    }
    drop(senders);
    let mut tallies = Vec::new();
    for thread in threads {
        let tally: io::Result<Tally> = thread.join().map_err(|_| "a reader panicked")?;
        tallies.push(tally?);
    }
    let mut is_good = true;
    for tally in &tallies {
        is_good &= tally.print_unclassed();
    }
    let choices = fs::read_to_string(root.join("core/CHOICES.md"))?;
    is_good &= page::rows_exist(&choices);
    if let Some(path) = &options.page {
        let run = page::Run { tallies: &tallies, messages: options.messages, seeds };
        is_good &= page::check(path, options.update, &run)?;
    }
    let compared: usize = tallies.iter().map(|tally| tally.messages).sum();
    let differences: usize = tallies.iter().map(Tally::differences).sum();
    println!(
        "readers: {total} messages, {compared} comparisons, {differences} differences, {:.0} s",
        started.elapsed().as_secs_f64()
    );
    Ok(is_good)
}

/// Reads the seeds of the fuzz targets.
///
/// The seeds of `decode_body` are also read as bodies, after a head.
fn seeds(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut paths = Vec::new();
    for target in fs::read_dir(folder)? {
        for seed in fs::read_dir(target?.path())? {
            paths.push(seed?.path());
        }
    }
    paths.sort();
    let mut seeds = Vec::new();
    for path in paths {
        let octets = fs::read(&path)?;
        if path.parent().is_some_and(|parent| parent.ends_with("decode_body")) {
            // The first fifteen octets are choices of the fuzz target.
            let body = octets.get(15..).unwrap_or(&[]);
            for head in [
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            ] {
                seeds.push([head.as_bytes(), body].concat());
            }
        }
        seeds.push(octets);
    }
    Ok(seeds)
}
