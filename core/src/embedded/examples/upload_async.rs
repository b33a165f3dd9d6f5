use bareline_core::embedded_io_async_07::{RequestWriter, StreamError};
use embedded_io_async_07::{Read, Write};

/// Sends samples as they are taken; returns whether the server took them.
async fn upload<T: Read + Write>(
    mut request: RequestWriter<'_, '_, T>,
    samples: impl Iterator<Item = [u8; 2]>,
) -> Result<bool, StreamError<T::Error>> {
    for sample in samples {
        request.write_all(&sample).await?;
    }
    Ok(request.finish().await?.head().status().is_successful())
}
