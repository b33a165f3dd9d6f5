//! How much stack has been used.

use core::ptr;

unsafe extern "C" {
    /// Where the variables end, and the memory begins that the stack may grow down to.
    static mut __sheap: u32;
    /// Where the stack begins.
    static mut _stack_start: u32;
}

/// The most octets of stack that have been in use since the start. The start paints all that
/// memory; what is not painted any more has been used.
pub fn peak() -> usize {
    let (lowest, start) = (&raw const __sheap, &raw const _stack_start);
    let mut word = lowest;
    // SAFETY: all words between the two are memory, and none is taken to be of any type.
    while word < start && unsafe { ptr::read_volatile(word) } == cortex_m_rt::STACK_PAINT_VALUE {
        word = word.wrapping_add(1);
    }
    start.addr().saturating_sub(word.addr())
}
