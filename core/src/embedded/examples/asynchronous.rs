use bareline_core::Status;
use bareline_core::embedded_io_async_07::{ServerStream, StreamError, StreamMemory};
use embedded_io_async_07::{Read, Write};

async fn serve<T: Read + Write>(link: T) -> Result<(), StreamError<T::Error>> {
    let mut memory = StreamMemory::<16, 1024, 256>::new();
    let mut stream = ServerStream::new(link, &mut memory);
    while let Some(exchange) = stream.next_request().await? {
        exchange.respond(Status::OK, &[], b"hello").await?;
    }
    Ok(())
}
