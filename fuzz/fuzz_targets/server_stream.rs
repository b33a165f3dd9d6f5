//! Fuzz target: see `bareline_fuzz::server_stream`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| bareline_fuzz::server_stream(octets));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    bareline_fuzz::replay("server_stream")
}
