//! Shows what bareline reads in a message, octet by octet.

mod reading;

fn main() {}
