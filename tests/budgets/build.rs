//! Puts the board's memory map into the linker's search path.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let memory = match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("riscv32") => include_str!("virt.x"),
        _ => include_str!("mps2.x"),
    };
    fs::write(folder.join("memory.x"), memory).expect("a folder to write to");
    println!("cargo::rustc-link-search={}", folder.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    // Peers may panic, and so may a future that is polled after its end.
    for piece in ["peer_httparse", "stream_async", "client_stream_async"] {
        println!("cargo::rustc-link-arg-bin={piece}=--defsym=a_panic_path_is_left=0");
    }
    println!("cargo::rerun-if-changed=mps2.x");
    println!("cargo::rerun-if-changed=virt.x");
}
