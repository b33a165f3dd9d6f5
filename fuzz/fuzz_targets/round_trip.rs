//! Fuzz target: see `bareline_fuzz::round_trip`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| bareline_fuzz::round_trip(octets));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    bareline_fuzz::replay("round_trip")
}
