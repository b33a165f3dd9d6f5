//! Fuzz target: see `bareline_fuzz::decode_body`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| bareline_fuzz::decode_body(octets));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    bareline_fuzz::replay("decode_body")
}
