use bareline_core::embedded_io_async_07::{ClientStream, StreamError, StreamMemory};
use bareline_core::{FieldName, FieldValue, Method, Status, Target};
use embedded_io_async_07::{Read, Write};

async fn is_up<T: Read + Write>(
    to: T,
    memory: &mut StreamMemory,
) -> Result<bool, StreamError<T::Error>> {
    let host = (FieldName::HOST, FieldValue::from_static("board.example"));
    let mut stream = ClientStream::new(to, memory);
    let response = stream.request(Method::GET, Target::ROOT, &[host], b"").await?;
    Ok(response.head().status() == Status::OK)
}
