//! Puts the board's memory map into the linker's search path.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(folder.join("memory.x"), include_str!("memory.x")).expect("a folder to write to");
    println!("cargo::rustc-link-search={}", folder.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    // Peers may panic.
    println!("cargo::rustc-link-arg-bin=peer_httparse=--defsym=a_panic_path_is_left=0");
    println!("cargo::rerun-if-changed=memory.x");
}
