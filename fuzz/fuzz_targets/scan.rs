//! Fuzz target: see `bareline_fuzz::every_scan_finds_the_same_runs`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| bareline_fuzz::every_scan_finds_the_same_runs(octets));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    bareline_fuzz::replay("scan")
}
