use bareline_core::embedded_io_07::{ServerStream, StreamError, StreamMemory};
use bareline_core::{FieldName, FieldValue, Method, Status};
use embedded_io_07::{Read, Write};

const TEXT: (FieldName, FieldValue) =
    (FieldName::CONTENT_TYPE, FieldValue::from_static("text/plain"));

fn serve<T: Read + Write>(
    uart: T,
    memory: &mut StreamMemory<8, 512, 256>,
    mut switch: impl FnMut(bool),
) -> Result<(), StreamError<T::Error>> {
    let mut stream = ServerStream::new(uart, memory);
    while let Some(mut exchange) = stream.next_request()? {
        let head = exchange.head();
        let is_led = head.target().has_path("/led") && head.method() == Method::PUT;
        if !is_led {
            exchange.respond(Status::NOT_FOUND, &[TEXT], b"there is /led\n")?;
            continue;
        }
        let (mut word, mut count) = ([0; 4], 0);
        while let more @ 1.. = exchange.read(word.get_mut(count..).unwrap_or(&mut []))? {
            count += more;
        }
        switch(word.get(..count) == Some(b"on"));
        exchange.respond(Status::NO_CONTENT, &[], b"")?;
    }
    Ok(())
}
