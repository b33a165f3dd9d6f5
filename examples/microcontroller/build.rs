//! Writes the memory map of each target for the linker.

use std::path::PathBuf;
use std::{env, fs, io};

/// The memory map of QEMU's mps2-an385 and lm3s6965evb, limited to the size of a small
/// microcontroller.
const CORTEX_M3: &str = "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 256K  RAM : ORIGIN = \
                         0x20000000, LENGTH = 32K }\n";
/// The memory map of the nRF51822 on the first micro:bit.
const NRF51: &str = "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 256K  RAM : ORIGIN = \
                     0x20000000, LENGTH = 16K }\n";

/// The memory map of QEMU's RISC-V board `virt`: parts of its RAM, of a microcontroller's size.
const VIRT: &str = r#"MEMORY {
    FLASH : ORIGIN = 0x80000000, LENGTH = 256K
    RAM : ORIGIN = 0x80040000, LENGTH = 16K
}
REGION_ALIAS("REGION_TEXT", FLASH);
REGION_ALIAS("REGION_RODATA", FLASH);
REGION_ALIAS("REGION_DATA", RAM);
REGION_ALIAS("REGION_BSS", RAM);
REGION_ALIAS("REGION_HEAP", RAM);
REGION_ALIAS("REGION_STACK", RAM);
"#;

fn main() -> io::Result<()> {
    let variable = |name| env::var(name).map_err(io::Error::other);
    let memory = match variable("TARGET")?.as_str() {
        "riscv32imc-unknown-none-elf" => VIRT,
        "thumbv6m-none-eabi" => NRF51,
        _ => CORTEX_M3,
    };
    let folder = variable("OUT_DIR")?;
    fs::write(PathBuf::from(&folder).join("memory.x"), memory)?;
    println!("cargo:rustc-link-search={folder}");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}
