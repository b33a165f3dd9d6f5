//! Lines of so many columns: octets in rows, facts in words.

use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;

/// The columns that an offset takes, with the space behind it.
pub(crate) const MARGIN: usize = 10;

/// The columns that a name of a fact takes, with the space around it.
const NAME: usize = 14;

pub(crate) const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
pub(crate) const WRONG: Style = AnsiColor::BrightRed.on_default().bold();

/// An octet as it is shown, or some words in its place.
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

/// What has been written.
pub(crate) struct Page {
    pub(crate) text: String,
    pub(crate) columns: usize,
}

impl Page {
    /// Writes cells from this offset on, in as many rows as they take. What is wrong is underlined.
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
                // Nobody sees a space at the end of a row.
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

    /// Writes what is true of a message, behind a name for it.
    pub(crate) fn fact(&mut self, name: &str, fact: &str) {
        let _ = write!(self.text, "  {BOLD}{name}{BOLD:#}");
        let used = 2 + name.len();
        let _ = write!(self.text, "{:pad$}", "", pad = NAME.saturating_sub(used));
        self.words(fact, NAME, NAME);
    }

    /// Writes words in lines that begin behind this margin; the first one is `used` columns long
    /// already. The name of a section stays in one line; a word that is too long for one is cut.
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
