//! Flash memory, simulated in RAM, and the slot in it that an image is written to.

use sha2::{Digest, Sha256};

/// The octets that are erased, and programmed, together.
const PAGE: usize = 1024;
/// The pages of the slot: one for the mark, and those of the image.
const PAGES: usize = 1 + 30;
const ERASED: u8 = 0xff;

/// A page was programmed that had not been erased, or that does not exist.
#[derive(Debug)]
pub struct FlashError;

/// The pages of the slot. As in flash, only an erased page can be programmed.
pub struct Flash(&'static mut [[u8; PAGE]; PAGES]);

impl Flash {
    /// Returns the flash at this address.
    ///
    /// # Safety
    ///
    /// The memory of all pages is there, and nothing else uses it.
    pub unsafe fn at(address: usize) -> Self {
        // SAFETY: the caller promised it, and each value of the octets is valid.
        Self(unsafe { &mut *core::ptr::with_exposed_provenance_mut(address) })
    }

    fn erase(&mut self, page: usize) -> Result<(), FlashError> {
        self.0.get_mut(page).ok_or(FlashError)?.fill(ERASED);
        Ok(())
    }

    fn program(&mut self, page: usize, octets: &[u8; PAGE]) -> Result<(), FlashError> {
        let page = self.0.get_mut(page).ok_or(FlashError)?;
        if page.iter().any(|octet| *octet != ERASED) {
            return Err(FlashError);
        }
        *page = *octets;
        Ok(())
    }
}

/// The place for an image. Its first page is the mark: the length of a valid image, in 4 octets,
/// and its digest. A bootloader starts no image without the mark.
pub struct Slot {
    flash: Flash,
    /// The length of the image.
    length: usize,
    /// The octets of the image received so far.
    received: usize,
    /// The received octets of the page that is not full yet.
    page: [u8; PAGE],
}

impl Slot {
    /// The longest image, in octets.
    const ROOM: usize = (PAGES - 1) * PAGE;

    pub fn new(flash: Flash) -> Self {
        Self { flash, length: 0, received: 0, page: [ERASED; PAGE] }
    }

    /// Returns the length of the image in octets.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Returns the number of octets received so far.
    pub fn received(&self) -> usize {
        self.received
    }

    /// Returns whether all octets of an image have been received.
    pub fn is_complete(&self) -> bool {
        self.received == self.length && self.length > 0
    }

    /// Begins an image of this length, and erases the mark; returns whether it is neither empty nor
    /// too long.
    pub fn begin(&mut self, length: u64) -> Result<bool, FlashError> {
        let Some(length) =
            usize::try_from(length).ok().filter(|length| (1..=Self::ROOM).contains(length))
        else {
            return Ok(false);
        };
        (self.length, self.received, self.page) = (length, 0, [ERASED; PAGE]);
        self.flash.erase(0)?;
        Ok(true)
    }

    /// Appends octets of the image; writes each page that becomes full, and the last one.
    pub fn append(&mut self, octets: &[u8]) -> Result<(), FlashError> {
        for octet in octets {
            if let Some(to) = self.page.get_mut(self.received % PAGE) {
                *to = *octet;
            }
            self.received += 1;
            if self.received.is_multiple_of(PAGE) || self.received == self.length {
                let page = self.received.div_ceil(PAGE); // the mark is page 0
                self.flash.erase(page)?;
                self.flash.program(page, &self.page)?;
                self.page = [ERASED; PAGE];
            }
        }
        Ok(())
    }

    /// Marks a complete image as valid if the flash contains the octets with this digest; returns
    /// whether it does.
    pub fn finish(&mut self, digest: [u8; 32]) -> Result<bool, FlashError> {
        let [_, image @ ..] = &*self.flash.0;
        let image = image.as_flattened().get(..self.length).ok_or(FlashError)?;
        if <[u8; 32]>::from(Sha256::digest(image)) != digest {
            return Ok(false);
        }
        let mut mark = [ERASED; PAGE];
        let length = u32::try_from(self.length).unwrap_or(u32::MAX).to_le_bytes();
        mark.iter_mut().zip(length.iter().chain(&digest)).for_each(|(to, octet)| *to = *octet);
        self.flash.program(0, &mark)?;
        Ok(true)
    }
}
