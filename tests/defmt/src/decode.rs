//! Reads a log from standard input, with the texts in the firmware that the first argument names, and prints it.

use std::io::Read;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let firmware = std::fs::read(std::env::args().nth(1).ok_or("the firmware is not named")?)?;
    let table = defmt_decoder::Table::parse(&firmware)?.ok_or("the firmware has no log")?;
    let mut octets = Vec::new();
    std::io::stdin().read_to_end(&mut octets)?;
    let mut log = table.new_stream_decoder();
    log.received(&octets);
    while let Ok(frame) = log.decode() {
        println!("{}", frame.display_message());
    }
    Ok(())
}
