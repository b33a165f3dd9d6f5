use bareline_core::Status;
use bareline_core::embedded_io_07::{ServerStream, StreamError, StreamMemory};
use embedded_io_07::{Read, Write};

fn serve<T: Read + Write>(link: T, memory: &mut StreamMemory) -> Result<(), StreamError<T::Error>> {
    let mut stream = ServerStream::new(link, memory);
    while let Some(exchange) = stream.next_request()? {
        match exchange.head().target().path() {
            "/" => exchange.respond(Status::OK, &[], b"hello")?,
            _ => exchange.respond(Status::NOT_FOUND, &[], b"")?,
        }
    }
    Ok(())
}
