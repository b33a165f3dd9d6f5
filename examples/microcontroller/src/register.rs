//! A register of a device.

/// One register of a device, at a fixed address, of 32 bits or of the width of `T`.
#[derive(Clone, Copy)]
pub struct Register<T = u32>(*mut T);

impl<T> Register<T> {
    /// Returns the register at this address.
    ///
    /// # Safety
    ///
    /// A device has a register at the address, and its reads and writes touch no memory that the
    /// program uses.
    pub const unsafe fn at(address: usize) -> Self {
        Self(core::ptr::with_exposed_provenance_mut(address))
    }

    /// Reads the register.
    pub fn read(self) -> T {
        // SAFETY: the caller of `at` promised that a register is there.
        unsafe { self.0.read_volatile() }
    }

    /// Writes to the register.
    pub fn write(self, value: T) {
        // SAFETY: the caller of `at` promised that a register is there.
        unsafe { self.0.write_volatile(value) }
    }
}
