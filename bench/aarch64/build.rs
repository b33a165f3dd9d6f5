//! Writes the messages of the benchmark as one Rust file, since a board has no random numbers.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

#[path = "../src/inputs.rs"]
#[allow(dead_code, reason = "the benchmark uses the rest")]
mod inputs;

fn main() {
    let folder = PathBuf::from(env::var("OUT_DIR").unwrap());
    let mut text = String::from("[\n");
    for name in inputs::NAMES {
        let messages = inputs::messages(name);
        let is_response = inputs::is_response(name);
        writeln!(text, "    ({name:?}, {is_response}, &[").unwrap();
        for message in messages {
            writeln!(text, "        b\"{}\",", message.escape_ascii()).unwrap();
        }
        text += "    ]),\n";
    }
    text += "]\n";
    fs::write(folder.join("inputs.rs"), text).unwrap();
    println!("cargo::rerun-if-changed=../src/inputs.rs");
    let layout = concat!(env!("CARGO_MANIFEST_DIR"), "/layout.ld");
    println!("cargo::rustc-link-arg-bins=-T{layout}");
}
