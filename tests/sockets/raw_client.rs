//! A client on a plain socket, which reads while it writes and never repeats a request.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

/// A response as it was received.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// Returns the status code, as it is written.
    pub(crate) fn status(&self) -> &str {
        self.head.get(9..12).unwrap_or_default()
    }

    /// Returns the value of a field that occurs once, in lower case.
    fn field(&self, name: &str) -> Option<String> {
        let values = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut values = values.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.trim().to_ascii_lowercase())
    }

    /// Returns whether the response says that the connection closes.
    pub(crate) fn says_close(&self) -> bool {
        self.field("Connection").is_some_and(|value| value == "close")
    }
}

/// Reads one final response to its end.
pub(crate) fn read_response(from: &mut impl BufRead) -> io::Result<Received> {
    let mut received = Received { head: String::new(), body: Vec::new() };
    loop {
        while !received.head.ends_with("\r\n\r\n") {
            if from.read_line(&mut received.head)? == 0 {
                let reason = format!("closed after {:?}", received.head);
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason));
            }
        }
        if !received.status().starts_with('1') {
            break;
        }
        received.head.clear();
    }
    let length = received.field("Content-Length").and_then(|length| length.parse().ok());
    match length {
        _ if matches!(received.status(), "204" | "304") => {}
        Some(length) => {
            received.body.resize(length, 0);
            from.read_exact(&mut received.body)?;
        }
        None if received.field("Transfer-Encoding").is_some() => received.body = read_chunks(from)?,
        None => _ = from.read_to_end(&mut received.body)?,
    }
    Ok(received)
}

fn read_chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim_end(), 16)
            .map_err(|_| io::Error::other(format!("chunk {line:?}")))?;
        let begin = body.len();
        from.take(size + 2).read_to_end(&mut body)?;
        if body.len() as u64 != begin as u64 + size + 2 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        body.truncate(body.len() - 2);
        if size == 0 {
            return Ok(body);
        }
    }
}

/// A connected socket of either kind, which two threads can use.
pub(crate) trait Socket: Read + Write + Sized + Send {
    fn twin(&self) -> io::Result<Self>;
    fn end(&self, direction: Shutdown) -> io::Result<()>;
}

impl Socket for TcpStream {
    fn twin(&self) -> io::Result<Self> {
        self.try_clone()
    }

    fn end(&self, direction: Shutdown) -> io::Result<()> {
        self.shutdown(direction)
    }
}

#[cfg(unix)]
impl Socket for std::os::unix::net::UnixStream {
    fn twin(&self) -> io::Result<Self> {
        self.try_clone()
    }

    fn end(&self, direction: Shutdown) -> io::Result<()> {
        self.shutdown(direction)
    }
}

/// The framing and length of an upload's body.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Upload {
    Length(usize),
    Chunked(usize),
}

/// Sends a POST with this body in a thread, and reads the response meanwhile.
///
/// The body is sent to its end even after the response, unless the server closes.
pub(crate) fn upload(stream: &impl Socket, path: &str, body: Upload) -> io::Result<Received> {
    let (mut writer, reader) = (stream.twin()?, stream.twin()?);
    thread::scope(|scope| {
        // The server may close before the end of the body: only its response counts.
        let writing = scope.spawn(move || write_post(&mut writer, path, body));
        let response = read_response(&mut BufReader::new(reader));
        if response.is_err() {
            let _ = stream.end(Shutdown::Both);
        }
        let _ = writing.join();
        response
    })
}

fn write_post(to: &mut impl Write, path: &str, body: Upload) -> io::Result<()> {
    const PIECE: &[u8] = &[b'x'; 64_000];
    let (Upload::Length(mut left) | Upload::Chunked(mut left)) = body;
    let framing = match body {
        Upload::Length(length) => format!("Content-Length: {length}"),
        Upload::Chunked(_) => "Transfer-Encoding: chunked".to_owned(),
    };
    write!(to, "POST {path} HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n")?;
    while let Some(piece) = PIECE.get(..left.min(PIECE.len())).filter(|piece| !piece.is_empty()) {
        left -= piece.len();
        match body {
            Upload::Length(_) => to.write_all(piece)?,
            Upload::Chunked(_) => {
                let size = format!("{:x}\r\n", piece.len());
                to.write_all(&[size.as_bytes(), piece, b"\r\n"].concat())?;
            }
        }
    }
    match body {
        Upload::Length(_) => Ok(()),
        Upload::Chunked(_) => to.write_all(b"0\r\n\r\n"),
    }
}
