use bareline_core::embedded_io_07::{ClientStream, StreamError, StreamMemory};
use bareline_core::{FieldName, FieldValue, Method, Target};
use embedded_io_07::{Read, Write};

const HOST: (FieldName, FieldValue) = (FieldName::HOST, FieldValue::from_static("time.example"));

fn unix_time<T: Read + Write>(
    link: T,
    memory: &mut StreamMemory<16, 1024, 256>,
) -> Result<Option<u32>, StreamError<T::Error>> {
    let mut stream = ClientStream::new(link, memory);
    let mut response = stream.request(Method::GET, Target::ROOT, &[HOST], b"")?;
    let (mut text, mut count) = ([0; 10], 0);
    while let more @ 1.. = response.read(text.get_mut(count..).unwrap_or(&mut []))? {
        count += more;
    }
    Ok(text.get(..count).and_then(|text| str::from_utf8(text).ok()?.parse().ok()))
}
