//! The octets of memory of each part of a server's connection.
#![no_std]
#![no_main]

use bareline_core::body::BodyDecoder;
use bareline_core::connection::RecvBuf;
use bareline_core::embedded_io_07::{ServerStream, StreamMemory};
use bareline_core::{ClientConnection, FieldSpans, ServerConnection, WireBuf};
use budgets::{entry, exit, tell};
use core::cell::UnsafeCell;
use core::hint::black_box;

/// Buffers of a firmware, as a static variable.
///
/// The buffers are zero at first and take no flash, as `run` checks.
struct Held(UnsafeCell<StreamMemory<32, 1536, 512>>);

// SAFETY: nothing accesses the contents.
unsafe impl Sync for Held {}

static HELD: Held = Held(UnsafeCell::new(StreamMemory::new()));

#[entry]
fn main() -> ! {
    black_box(HELD.0.get());
    tell(size_of::<ServerConnection>() as u32);
    tell(size_of::<ClientConnection>() as u32);
    tell(size_of::<BodyDecoder>() as u32);
    tell(size_of::<FieldSpans<32>>() as u32);
    tell(size_of::<RecvBuf<1536>>() as u32);
    tell(size_of::<WireBuf<512>>() as u32);
    tell(size_of::<StreamMemory<32, 1536, 512>>() as u32);
    tell(size_of::<ServerStream<'_, ()>>() as u32);
    exit()
}
