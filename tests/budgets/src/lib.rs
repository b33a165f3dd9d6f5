//! Measurements on an emulated board: peak stack and instructions, printed by semihosting.
//!
//! The emulator counts one nanosecond for each instruction (`-icount shift=0`).
#![no_std]

#[cfg_attr(target_arch = "arm", path = "cortex_m.rs")]
#[cfg_attr(target_arch = "riscv32", path = "riscv.rs")]
mod processor;

pub use processor::entry;

use core::convert::Infallible;
use core::hint::black_box;
use processor::{semihosting, stack_pointer, start_counter};

/// A request of 72 octets, as a small client sends it.
pub const SMALL_REQUEST: &[u8] = include_bytes!("../messages/small_request.http");
/// A request of 1,200 octets, as a browser sends it.
pub const LARGE_REQUEST: &[u8] = include_bytes!("../messages/large_request.http");
/// A response of 72 octets.
pub const SMALL_RESPONSE: &[u8] = include_bytes!("../messages/small_response.http");
/// A response of 1,200 octets.
pub const LARGE_RESPONSE: &[u8] = include_bytes!("../messages/large_response.http");
/// Five chunks of 7 to 512 octets, and the last chunk.
pub const CHUNKED_BODY: &[u8] = include_bytes!("../messages/chunked_body.http");
/// A request with that body.
pub const CHUNKED_REQUEST: &[u8] = include_bytes!("../messages/chunked_request.http");

const ROUNDS: u32 = 400;
const PAINT: u32 = 0x5eed_57ac;

unsafe extern "C" {
    fn a_panic_path_is_left() -> !;
    static mut __sheap: u32;
}

/// A transport in memory, whose peer sends prepared octets.
pub struct Peer<'o> {
    left: &'o [u8],
    sent: usize,
}

impl<'o> Peer<'o> {
    /// Returns a peer that sends these octets.
    pub const fn new(octets: &'o [u8]) -> Self {
        Self { left: octets, sent: 0 }
    }

    /// Returns the number of octets that were sent to the peer.
    pub const fn sent(&self) -> usize {
        self.sent
    }

    #[inline(never)]
    fn receive(&mut self, room: &mut [u8]) -> usize {
        let count = self.left.len().min(room.len());
        let (now, later) = self.left.split_at_checked(count).unwrap_or((self.left, &[]));
        room.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
        self.left = later;
        count
    }
}

impl embedded_io::ErrorType for Peer<'_> {
    type Error = Infallible;
}

impl embedded_io::Read for Peer<'_> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Infallible> {
        Ok(self.receive(room))
    }
}

impl embedded_io::Write for Peer<'_> {
    fn write(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        self.sent += black_box(octets).len();
        Ok(octets.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl embedded_io_async::Read for Peer<'_> {
    async fn read(&mut self, room: &mut [u8]) -> Result<usize, Infallible> {
        Ok(self.receive(room))
    }
}

impl embedded_io_async::Write for Peer<'_> {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        embedded_io::Write::write(self, octets)
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: never called; where it could be, the program does not link.
    unsafe { a_panic_path_is_left() }
}

/// Runs the work on each input, then prints the peak stack in octets and the instructions for each
/// input.
#[inline(always)]
pub fn measure(inputs: &[&[u8]], work: fn(&[u8]) -> usize) -> ! {
    // Each firmware contains all messages, so that none is larger by its own.
    black_box([
        SMALL_REQUEST,
        LARGE_REQUEST,
        SMALL_RESPONSE,
        LARGE_RESPONSE,
        CHUNKED_BODY,
        CHUNKED_REQUEST,
    ]);
    tell(stack_of(|| inputs.iter().for_each(|input| _ = black_box(work(black_box(input))))));
    start_counter();
    for input in inputs {
        tell(instructions_of(|| _ = black_box(work(black_box(input)))));
    }
    exit()
}

/// Returns the octets of stack that the work changes.
#[inline(never)]
fn stack_of(work: impl FnOnce()) -> u32 {
    let pointer = stack_pointer();
    let free = || {
        let mut next = &raw mut __sheap;
        core::iter::from_fn(move || {
            let word = next;
            next = next.wrapping_add(1);
            (word < pointer).then_some(word)
        })
    };
    // SAFETY: nothing uses the memory between the statics and the stack pointer, and this function
    // makes no call while it paints.
    free().for_each(|word| unsafe { word.write_volatile(PAINT) });
    work();
    // SAFETY: as above; the memory can be read.
    let untouched = free().take_while(|&word| unsafe { word.read_volatile() } == PAINT).count();
    (free().count() - untouched) as u32 * 4
}

/// Returns the number of instructions that the work takes.
#[inline(never)]
fn instructions_of(work: impl Fn()) -> u32 {
    let rounds_of = |work: &dyn Fn()| {
        processor::instructions_of(|| (0..black_box(ROUNDS)).for_each(|_| work()))
    };
    rounds_of(&work).saturating_sub(rounds_of(&|| _ = black_box(0))) / ROUNDS
}

/// Prints a number and a line end on the emulator's console.
#[inline(never)]
pub fn tell(number: u32) {
    let mut rest = number;
    let mut text = [b'0'; 12];
    text[10] = b'\n';
    text[11] = 0;
    for digit in text[..10].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    const WRITE_TEXT: u32 = 4;
    semihosting(WRITE_TEXT, text.as_ptr().addr() as u32);
}

/// Exits the emulator.
pub fn exit() -> ! {
    const REPORT: u32 = 0x18;
    const APPLICATION_EXIT: u32 = 0x20026;
    semihosting(REPORT, APPLICATION_EXIT);
    loop {}
}
