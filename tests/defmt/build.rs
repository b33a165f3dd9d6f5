//! Gives the linker the memory map of the board and the section of the log texts.

use std::{env, fs, path::Path};

fn main() {
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") {
        let folder = env::var("OUT_DIR").expect("cargo sets it");
        fs::write(Path::new(&folder).join("memory.x"), include_str!("memory.x"))
            .expect("a folder to write to");
        println!("cargo::rustc-link-search={folder}");
        println!("cargo::rustc-link-arg-bins=-Tlink.x");
        println!("cargo::rustc-link-arg-bins=-Tdefmt.x");
    }
    println!("cargo::rerun-if-changed=memory.x");
}
