//! An input that marks the octets outside a class in a bitmap and scans its bits: fast where
//! registers are wide.

use super::classes::{BLOCK, Classes, HALF, ROW, first};
use crate::octets::{TARGET, TCHAR, TEXT, is, run_end};
use crate::scan::{Input, Words, copy};
use core::cell::Cell;
use core::marker::PhantomData;

/// Octets, and the run of text that was found last.
pub(crate) struct Bitmaps<'b, C> {
    octets: &'b [u8],
    run_start: Cell<usize>,
    run_end: Cell<usize>,
    classes: PhantomData<C>,
}

impl<'b, C: Classes> Bitmaps<'b, C> {
    /// Returns octets without a known run: the range is empty.
    #[inline(always)]
    pub(crate) const fn new(octets: &'b [u8]) -> Self {
        Self { octets, run_start: Cell::new(1), run_end: Cell::new(0), classes: PhantomData }
    }

    /// Returns the input at `position`.
    #[inline(always)]
    pub(crate) const fn at(&self, position: usize) -> At<'_, 'b, C> {
        At { bitmaps: self, position }
    }

    /// Returns the position of the first octet from `position` on that is marked as not text.
    #[inline(always)]
    fn nontext(&self, mut position: usize) -> usize {
        while position < self.octets.len() {
            if let Some(first) = first_nontext::<C>(self.octets, position) {
                return position.wrapping_add(first);
            }
            position = position.wrapping_add(BLOCK);
        }
        self.octets.len()
    }

    #[inline(always)]
    fn set_run(&self, start: usize, end: usize) {
        self.run_start.set(start);
        self.run_end.set(end);
    }
}

/// A position in octets with bitmaps.
pub(crate) struct At<'s, 'b, C> {
    bitmaps: &'s Bitmaps<'b, C>,
    position: usize,
}

impl<C> Clone for At<'_, '_, C> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for At<'_, '_, C> {}

impl<C: Classes> Input for At<'_, '_, C> {
    #[inline(always)]
    fn octets(&self) -> &[u8] {
        self.bitmaps.octets
    }

    #[inline(always)]
    fn position(&self) -> usize {
        self.position
    }

    #[inline(always)]
    fn at(self, position: usize) -> Self {
        Self { position, ..self }
    }

    #[inline(always)]
    fn token_end(&self) -> usize {
        row_end::<C>(self.octets(), self.position, C::nontoken, TCHAR)
    }

    /// Finds the end of the text around the token first. The CPU can then start on the next line
    /// without waiting for the end of this name.
    #[inline(always)]
    fn token_end_in_text(&self) -> usize {
        let start = self.position;
        let Some(block) = self.octets().get(start..).and_then(|rest| rest.first_chunk()) else {
            self.bitmaps.set_run(start, self.bitmaps.nontext(start));
            return self.token_end();
        };
        let (text, nontoken) = C::line(block);
        let end = match text {
            Some(length) => start.wrapping_add(length),
            None => self.bitmaps.nontext(start.wrapping_add(BLOCK)),
        };
        self.bitmaps.set_run(start, end);
        match first(nontoken) {
            Some(length) => settled::<C>(self.octets(), start.wrapping_add(length), TCHAR),
            None => self.at(start.wrapping_add(ROW)).token_end(),
        }
    }

    #[inline(always)]
    fn target_end(&self) -> usize {
        row_end::<C>(self.octets(), self.position, C::nontarget, TARGET)
    }

    #[inline(always)]
    fn text_end(&self) -> usize {
        let (start, known) = (self.bitmaps.run_start.get(), self.bitmaps.run_end.get());
        let end = if start <= self.position && self.position <= known {
            known
        } else {
            self.bitmaps.nontext(self.position)
        };
        match self.at(end).octet() {
            Some(octet) if octet != b'\r' && is(octet, TEXT) => rare_text(self.octets(), end),
            _ => end,
        }
    }
}

/// Returns the end of a run of a class, scanned in rows.
#[inline(always)]
pub(super) fn row_end<C: Classes>(
    octets: &[u8],
    mut position: usize,
    marks_of: fn(&[u8; ROW]) -> u64,
    class: u8,
) -> usize {
    loop {
        let next = position.wrapping_add(ROW);
        let marks = match octets.get(position..next).and_then(|row| row.try_into().ok()) {
            Some(row) => marks_of(row),
            None => return row_end_of_last::<C>(octets, position, marks_of, class),
        };
        if marks != 0 {
            return settled::<C>(
                octets,
                position.wrapping_add(marks.trailing_zeros() as usize),
                class,
            );
        }
        position = next;
    }
}

/// Returns the end of a run where less than a row is left.
///
/// Marks the last row of the octets, and shifts out the marks before `position`.
#[inline(never)]
fn row_end_of_last<C: Classes>(
    octets: &[u8],
    position: usize,
    marks_of: fn(&[u8; ROW]) -> u64,
    class: u8,
) -> usize {
    let left = octets.len().wrapping_sub(position);
    match octets.last_chunk() {
        Some(last) if left < ROW => match marks_of(last) >> (ROW.wrapping_sub(left) % ROW) {
            marks if marks == 0 || left == 0 => octets.len(),
            marks => {
                settled::<C>(octets, position.wrapping_add(marks.trailing_zeros() as usize), class)
            }
        },
        _ => rare(octets, position, class),
    }
}

/// Returns the end of a run at a marked octet, which may be a rare one of the class.
#[inline(always)]
fn settled<C: Classes>(octets: &[u8], end: usize, class: u8) -> usize {
    match octets.get(end) {
        Some(&octet) if !C::IS_EXACT && is(octet, class) => rare(octets, end, class),
        _ => end,
    }
}

/// Returns the number of octets before the first mark in up to a block, from `start` on.
#[inline(always)]
fn first_nontext<C: Classes>(octets: &[u8], start: usize) -> Option<usize> {
    if let Some(block) = octets.get(start..).and_then(|rest| rest.first_chunk()) {
        C::first_nontext(block, 0)
    } else if let Some(last) = octets.last_chunk() {
        // Less than a block is left: the last block has it.
        C::first_nontext(last, BLOCK.wrapping_sub(octets.len().wrapping_sub(start)))
    } else {
        first(nontext_of_all::<C>(octets) >> (start % BLOCK))
    }
}

/// Returns the marks of fewer octets than a block.
#[inline(always)]
fn nontext_of_all<C: Classes>(octets: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (octets.first_chunk::<HALF>(), octets.last_chunk()) {
        C::nontext_of_half(first)
            | C::nontext_of_half(last) << (octets.len().wrapping_sub(HALF) % BLOCK)
    } else if let (Some(first), Some(last)) = (octets.first_chunk::<ROW>(), octets.last_chunk()) {
        C::nontext(first) | C::nontext(last) << (octets.len().wrapping_sub(ROW) % BLOCK)
    } else {
        C::nontext(&padded(octets)) & !(u64::MAX << (octets.len() % BLOCK))
    }
}

/// Returns fewer octets than a row, padded to a row.
#[cold]
#[inline(never)]
fn padded(octets: &[u8]) -> [u8; ROW] {
    let mut row = [0; ROW];
    copy(octets, &mut row);
    row
}

/// Returns the end of a run of text at a marked octet, which may be a rare one.
#[cold]
#[inline(never)]
fn rare_text(octets: &[u8], position: usize) -> usize {
    Words::new(octets).at(position).text_end()
}

/// Returns the end of a run octet by octet, after a mark that is not exact and for fewer octets
/// than a row.
#[cold]
#[inline(never)]
fn rare(octets: &[u8], position: usize, class: u8) -> usize {
    run_end(octets, position, class)
}
