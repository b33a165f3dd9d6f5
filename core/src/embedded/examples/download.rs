use bareline_core::embedded_io_07::{Response, StreamError};
use embedded_io_07::{Read, Write};

fn download<T: Read + Write>(
    mut response: Response<'_, '_, T>,
    mut store: impl FnMut(&[u8]),
) -> Result<(), StreamError<T::Error>> {
    let mut page = [0; 256];
    while let count @ 1.. = response.read(&mut page)? {
        store(page.get(..count).unwrap_or(&[]));
    }
    Ok(())
}
