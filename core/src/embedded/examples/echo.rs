use bareline_core::Status;
use bareline_core::embedded_io_07::{Exchange, StreamError};
use embedded_io_07::{Read, Write};

fn echo<T: Read + Write>(mut one: Exchange<'_, '_, T>) -> Result<(), StreamError<T::Error>> {
    let mut buffer = [0; 64];
    one.begin_while_reading(Status::OK, &[])?;
    loop {
        match one.read(&mut buffer)? {
            0 => return one.finish(),
            count => one.write_all(buffer.get(..count).unwrap_or(&[]))?,
        }
    }
}
