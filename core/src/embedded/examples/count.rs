use bareline_core::Status;
use bareline_core::embedded_io_async_07::{Exchange, StreamError};
use embedded_io_async_07::{Read, Write};

async fn count<T: Read + Write>(
    mut one: Exchange<'_, '_, T>,
) -> Result<(), StreamError<T::Error>> {
    let (mut octets, mut buffer) = (0, [0; 64]);
    while let count @ 1.. = one.read(&mut buffer).await? {
        octets += count;
    }
    one.respond(Status::OK, &[], format!("{octets} octets").as_bytes()).await
}
