//! Replay of the seeds, without a fuzzer.

use crate::bodies::decode_body;
use crate::client_streams::client_stream;
use crate::datagrams::datagram;
use crate::dialogues::dialogue;
use crate::properties::{parse_request, parse_response, round_trip};
use crate::scan::every_scan_finds_the_same_runs;
use crate::sequences::connection;
use crate::server_streams::server_stream;
use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

/// A fuzz target and the property that it checks.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of the target, of its program and of its folder of seeds.
    pub name: &'static str,
    /// The property.
    pub property: fn(&[u8]),
}

impl Target {
    /// All fuzz targets.
    pub const ALL: &'static [Target] = &[
        Target { name: "parse_request", property: parse_request },
        Target { name: "parse_response", property: parse_response },
        Target { name: "decode_body", property: decode_body },
        Target { name: "connection", property: connection },
        Target { name: "dialogue", property: dialogue },
        Target { name: "server_stream", property: server_stream },
        Target { name: "client_stream", property: client_stream },
        Target { name: "datagram", property: datagram },
        Target { name: "round_trip", property: round_trip },
        Target { name: "scan", property: every_scan_finds_the_same_runs },
    ];

    /// Runs the property on each seed, and returns the number of seeds.
    pub fn replay(&self) -> io::Result<usize> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(self.name);
        let mut count = 0;
        for seed in fs::read_dir(folder)? {
            (self.property)(&fs::read(seed?.path())?);
            count += 1;
        }
        Ok(count)
    }
}

/// Replays the seeds of a fuzz target that was built without a fuzzer.
pub fn replay(name: &str) -> ExitCode {
    match Target::ALL.iter().find(|target| target.name == name).map(Target::replay) {
        Some(Ok(count @ 1..)) => {
            println!("{name}: {count} seeds replayed");
            return ExitCode::SUCCESS;
        }
        Some(Ok(_)) => eprintln!("{name}: no seeds"),
        Some(Err(error)) => eprintln!("{name}: {error}"),
        None => eprintln!("{name}: no such target"),
    }
    ExitCode::FAILURE
}
