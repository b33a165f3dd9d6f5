//! A page of a fixed width: octets in rows, facts in wrapped lines.

use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;

/// The width of an offset, with the space after it, in columns.
pub(crate) const MARGIN: usize = 10;

/// The width of a fact's name, with the space around it, in columns.
const NAME: usize = 14;

pub(crate) const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
pub(crate) const WRONG: Style = AnsiColor::BrightRed.on_default().bold();

/// An octet in its printed form, or words in place of octets.
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) style: Style,
    pub(crate) is_wrong: bool,
}

impl Cell {
    pub(crate) const fn new(text: String, style: Style) -> Self {
        Self { text, style, is_wrong: false }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// The text so far, and the width of its lines.
pub(crate) struct Page {
    pub(crate) text: String,
    pub(crate) columns: usize,
}

impl Page {
    /// Writes cells in rows, from this offset on. Wrong cells are underlined.
    pub(crate) fn rows(&mut self, start: usize, cells: &[Cell]) {
        let mut rest = cells;
        let _ = write!(self.text, "{DIM}{start:>8}{DIM:#}  ");
        while !rest.is_empty() {
            let mut width = 0;
            let fits = rest.iter().take_while(|cell| {
                width += cell.width();
                width <= self.columns - MARGIN
            });
            let (row, after) = rest.split_at(fits.count().max(1));
            rest = after;
            for (at, Cell { text, style, .. }) in row.iter().enumerate() {
                // A space at the end of a row is invisible.
                let text = if at + 1 == row.len() && text == " " { "·" } else { text };
                let _ = write!(self.text, "{style}{text}{style:#}");
            }
            if let Some(first) = row.iter().position(|cell| cell.is_wrong) {
                let width = |cells: &[Cell]| cells.iter().map(Cell::width).sum::<usize>();
                let (before, wrong) = row.split_at(first);
                let wrong = wrong.iter().take_while(|cell| cell.is_wrong).map(Cell::width).sum();
                let _ = write!(self.text, "\n{:margin$}", "", margin = MARGIN + width(before));
                let _ = write!(self.text, "{WRONG}{}{WRONG:#}", "━".repeat(wrong));
            }
            if !rest.is_empty() {
                let _ = write!(self.text, "\n{:MARGIN$}", "");
            }
        }
        self.text.push('\n');
    }

    pub(crate) fn heading(&mut self, heading: &str) {
        let _ = writeln!(self.text, "{BOLD}{heading}{BOLD:#}\n");
    }

    /// Writes a fact about a message: its name, then its wrapped text.
    pub(crate) fn fact(&mut self, name: &str, fact: &str) {
        let _ = write!(self.text, "  {BOLD}{name}{BOLD:#}");
        let used = 2 + name.len();
        let _ = write!(self.text, "{:pad$}", "", pad = NAME.saturating_sub(used));
        self.words(fact, NAME, NAME);
    }

    /// Wraps words at a left margin; `used` columns of the first line are taken.
    ///
    /// A reference to a section stays on one line. A word longer than a line is cut.
    pub(crate) fn words(&mut self, words: &str, margin: usize, used: usize) {
        let mut column = used;
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words
            .replace(" section ", "\u{a0}section\u{a0}")
            .replace("RFC ", "RFC\u{a0}")
            .split(' ')
        {
            let mut word: Vec<char> = word
                .chars()
                .map(|character| if character == '\u{a0}' { ' ' } else { character })
                .collect();
            if column > margin && column + 1 + word.len() > self.columns {
                let _ = write!(self.text, "\n{:margin$}", "");
                column = margin;
            } else if column > margin {
                self.text.push(' ');
                column += 1;
            }
            while column + word.len() > self.columns {
                let rest = word.split_off(self.columns - column);
                self.text.extend(word);
                let _ = write!(self.text, "\n{:margin$}", "");
                (word, column) = (rest, margin);
            }
            column += word.len();
            self.text.extend(word);
        }
        self.text.push('\n');
    }
}
