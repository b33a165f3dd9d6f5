//! The peak use of the stack.

use core::ptr;

unsafe extern "C" {
    /// The end of the variables: the lowest address that the stack may reach.
    static mut __sheap: u32;
    /// The highest address of the stack, where it begins.
    static mut _stack_start: u32;
}

/// Returns the peak use of the stack since the start, in octets: the words whose paint is gone.
pub fn peak() -> usize {
    let (lowest, start) = (&raw const __sheap, &raw const _stack_start);
    let mut word = lowest;
    // SAFETY: all words between the two addresses are memory, and any bits are a valid `u32`.
    while word < start && unsafe { ptr::read_volatile(word) } == cortex_m_rt::STACK_PAINT_VALUE {
        word = word.wrapping_add(1);
    }
    start.addr().saturating_sub(word.addr())
}
