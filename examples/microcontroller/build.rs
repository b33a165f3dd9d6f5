//! Tells the linker what memory the machine of each target has.

use std::path::PathBuf;
use std::{env, fs, io};

/// QEMU's mps2-an385: of 4 MB each, as much as a small microcontroller has.
const MPS2: &str = "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 256K  RAM : ORIGIN = 0x20000000, LENGTH = 32K }\n";
/// The nRF51822 of the first micro:bit.
const NRF51: &str = "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 256K  RAM : ORIGIN = 0x20000000, LENGTH = 16K }\n";

fn main() -> io::Result<()> {
    let variable = |name| env::var(name).map_err(io::Error::other);
    let memory = if variable("TARGET")? == "thumbv6m-none-eabi" { NRF51 } else { MPS2 };
    let folder = variable("OUT_DIR")?;
    fs::write(PathBuf::from(&folder).join("memory.x"), memory)?;
    fs::write(PathBuf::from(&folder).join("device.x"), "")?; // the names of interrupts: there are none
    println!("cargo:rustc-link-search={folder}");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}
