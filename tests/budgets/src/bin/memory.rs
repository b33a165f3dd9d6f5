//! How many octets the parts of a server's connection take in memory.
#![no_std]
#![no_main]

use bareline_core::{BodyDecoder, ClientConnection, FieldSpans, RecvBuf, RequestParts, ServerConnection, WireBuf};
use budgets::{exit, tell};

#[cortex_m_rt::entry]
fn main() -> ! {
    tell(size_of::<ServerConnection>() as u32);
    tell(size_of::<ClientConnection>() as u32);
    tell(size_of::<BodyDecoder>() as u32);
    tell(size_of::<RequestParts>() as u32);
    tell(size_of::<FieldSpans<32>>() as u32);
    tell(size_of::<RecvBuf<1536>>() as u32);
    tell(size_of::<WireBuf<512>>() as u32);
    exit()
}
