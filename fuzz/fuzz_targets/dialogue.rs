//! Fuzz target: see `bareline_fuzz::dialogue`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| bareline_fuzz::dialogue(octets));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    bareline_fuzz::replay("dialogue")
}
