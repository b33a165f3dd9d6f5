//! Writes the memory map of each target for the linker, and compresses the page.

use std::path::PathBuf;
use std::{env, fs, io};

/// The memory map of QEMU's mps2-an385, limited to the size of a small microcontroller.
const MPS2: &str = "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 256K  RAM : ORIGIN = \
                    0x20000000, LENGTH = 32K }\n";
/// The memory map of the nRF51822 on the first micro:bit.
const NRF51: &str = "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 256K  RAM : ORIGIN = \
                     0x20000000, LENGTH = 16K }\n";

const PAGE: &str = "src/board/page.html";

/// Returns these octets as a gzip file [RFC 1952].
fn gzip(octets: &[u8]) -> io::Result<Vec<u8>> {
    let checksum = !octets.iter().fold(u32::MAX, |sum, octet| {
        (0..8).fold(sum ^ u32::from(*octet), |sum, _| {
            if sum & 1 == 0 { sum >> 1 } else { sum >> 1 ^ 0xedb8_8320 }
        })
    });
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff];
    let compressed = miniz_oxide::deflate::compress_to_vec(octets, 10);
    let length = u32::try_from(octets.len()).map_err(io::Error::other)?;
    Ok([&header[..], &compressed, &checksum.to_le_bytes(), &length.to_le_bytes()].concat())
}

fn main() -> io::Result<()> {
    let variable = |name| env::var(name).map_err(io::Error::other);
    let memory = if variable("TARGET")? == "thumbv6m-none-eabi" { NRF51 } else { MPS2 };
    let folder = variable("OUT_DIR")?;
    fs::write(PathBuf::from(&folder).join("memory.x"), memory)?;
    // cortex-m-rt includes a file with the names of interrupts; no interrupt is handled.
    fs::write(PathBuf::from(&folder).join("device.x"), "")?;
    fs::write(PathBuf::from(&folder).join("page.html.gz"), gzip(&fs::read(PAGE)?)?)?;
    println!("cargo:rustc-link-search={folder}");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={PAGE}");
    Ok(())
}
