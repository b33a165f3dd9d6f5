//! Shows how bareline parses octets, part by part: as text, as HTML, or as a JSON object.
//!
//! ```
//! use bareline_explain::{reading, view};
//!
//! let octets = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
//! let reading = reading::requests(octets, &[]);
//! assert!(reading.is_accepted());
//! assert_eq!(reading.messages[0].end, octets.len());
//! print!("{}", view::text(&reading, octets, "example", 80));
//! ```

pub mod html;
pub mod json;
mod page;
#[allow(missing_docs, reason = "parts of a message have the names of the RFCs")]
pub mod reading;
pub mod view;
