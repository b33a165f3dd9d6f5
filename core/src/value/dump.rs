//! Printable form of received octets.

use core::fmt::{self, Write};

/// Formats octets for a terminal or a log. Escapes control octets, invalid UTF-8, and characters
/// that reorder text; lines and other text are unchanged.
///
/// ```
/// use bareline_core::value::dump;
///
/// assert_eq!(dump(b"a\r\nb\x1b[1m\xff").to_string(), "a\nb\\x1b[1m\\xff");
/// assert_eq!(dump(b"a\r\nb").on_one_line().to_string(), "a\\r\\nb");
/// assert_eq!(dump("\u{202e}".as_bytes()).to_string(), "\\xe2\\x80\\xae");
/// ```
pub const fn dump(octets: &[u8]) -> Dump<'_> {
    Dump { octets, lines: Lines::Kept }
}

/// The result of [`dump`], with a `Display` implementation.
///
/// ```
/// use bareline_core::value::{Dump, dump};
///
/// /// Returns a line for a log.
/// fn line(received: Dump<'_>) -> String {
///     format!("received {}", received.on_one_line())
/// }
/// assert_eq!(line(dump(b"GET /\r\n")), "received GET /\\r\\n");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dump<'b> {
    octets: &'b [u8],
    lines: Lines,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Lines {
    Kept,
    Escaped,
}

impl Dump<'_> {
    /// Escapes line ends too, for a log with one line per entry.
    pub const fn on_one_line(self) -> Self {
        Self { lines: Lines::Escaped, ..self }
    }
}

impl fmt::Display for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.octets.utf8_chunks() {
            let mut text = chunk.valid().chars().peekable();
            while let Some(character) = text.next() {
                match character {
                    ' '..='~' => f.write_char(character)?,
                    '\r' if self.lines == Lines::Kept && text.peek() == Some(&'\n') => {}
                    '\n' if self.lines == Lines::Kept => f.write_char('\n')?,
                    '\t' => f.write_char('\t')?,
                    '\r' => f.write_str("\\r")?,
                    '\n' => f.write_str("\\n")?,
                    control if control.is_control() || turns_text(control) => {
                        let mut octets = [0; 4];
                        escape(f, control.encode_utf8(&mut octets).as_bytes())?;
                    }
                    character => f.write_char(character)?,
                }
            }
            escape(f, chunk.invalid())?;
        }
        Ok(())
    }
}

/// Returns whether a character reorders the displayed text around it, or ends a line: a peer could
/// forge an entry of a log.
fn turns_text(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

fn escape(f: &mut fmt::Formatter<'_>, octets: &[u8]) -> fmt::Result {
    octets.iter().try_for_each(|octet| write!(f, "\\x{octet:02x}"))
}
