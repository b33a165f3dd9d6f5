use bareline_core::embedded_io_07::{RequestWriter, StreamError};
use embedded_io_07::{Read, Write};

/// Sends samples as they are taken; returns whether the server took them.
fn upload<T: Read + Write>(
    mut request: RequestWriter<'_, '_, T>,
    samples: impl Iterator<Item = [u8; 2]>,
) -> Result<bool, StreamError<T::Error>> {
    for sample in samples {
        request.write_all(&sample)?;
    }
    Ok(request.finish()?.head().status().is_successful())
}
