//! A register of a device.

/// One 32-bit register of a device, at a fixed address.
#[derive(Clone, Copy)]
pub struct Register(*mut u32);

impl Register {
    /// The register at this address.
    ///
    /// # Safety
    ///
    /// A device of this machine has a register there, whose reads and writes touch no memory that
    /// the program uses.
    pub const unsafe fn at(address: usize) -> Self {
        Self(core::ptr::with_exposed_provenance_mut(address))
    }

    /// What it says now.
    pub fn read(self) -> u32 {
        // SAFETY: whoever made this promised that it is a register.
        unsafe { self.0.read_volatile() }
    }

    /// Writes to it.
    pub fn write(self, value: u32) {
        // SAFETY: whoever made this promised that it is a register.
        unsafe { self.0.write_volatile(value) }
    }
}
