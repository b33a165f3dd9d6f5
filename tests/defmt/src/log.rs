//! Logs values, heads, events, states and errors.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod board {
    use bareline_core::body::{BodyDecoder, ChunkExtension, Decoded, Framing};
    use bareline_core::connection::RecvBuf;
    use bareline_core::error::{ParseError, WriteError};
    use bareline_core::head::{Limits, Parsed};
    use bareline_core::{
        ClientConnection, FieldSpans, Method, RequestHead, ResponseHead, ServerConnection, Status,
        Target, WireBuf,
    };
    use {cortex_m as _, defmt_semihosting as _};

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        semihosting::process::exit(1)
    }

    #[cortex_m_rt::entry]
    fn main() -> ! {
        semihosting::process::exit(match log() {
            Ok(()) => 0,
            Err(error) => {
                defmt::error!("{}", error);
                2
            }
        })
    }

    fn log() -> Result<(), ParseError> {
        let mut spans = FieldSpans::<4>::new();
        let request = b"GET /a?b HTTP/1.1\r\nHost: a\r\nX-Y: \xe9 z\r\n\r\n";
        if let Parsed::Complete { message: head, .. } = RequestHead::parse(request, spans.lend())? {
            defmt::info!("{}", head);
            defmt::info!(
                "{} {} {} {}",
                head.method(),
                head.target(),
                head.version(),
                head.target().form()
            );
            head.fields().iter().for_each(|(name, value)| defmt::info!("{}={}", name, value));
        }
        let mut spans = FieldSpans::<4>::new();
        if let Parsed::Complete { message: head, .. } =
            ResponseHead::parse(b"HTTP/1.0 404 Gone\r\nA: b\r\n\r\n", spans.lend())?
        {
            defmt::info!("{} {}", head, Status::NOT_FOUND);
        }
        let mut spans = FieldSpans::<4>::new();
        defmt::warn!("{}", RequestHead::parse(b"G@T / HTTP/1.1\r\n", spans.lend()).err());
        defmt::warn!(
            "{} {} {}",
            Target::new("a b").err(),
            Method::new("").err(),
            WriteError::BufferFull
        );
        let mut decoder = BodyDecoder::new(Framing::Chunked, &Limits::new());
        let Decoded { used, part } = decoder.decode(b"3;a=b\r\n")?;
        defmt::info!("{} {} {}", used, part, decoder.decode(b"abc")?.part);
        let extension: Option<ChunkExtension<'_>> = None;
        defmt::info!("{} {} {}", Framing::Length(7), Limits::new(), extension);
        let mut connection = ServerConnection::new();
        let mut spans = FieldSpans::<4>::new();
        let mut head = *b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        defmt::info!("{} {}", connection, ClientConnection::new());
        defmt::info!("{}", connection.receive(&mut head, spans.lend())?.event);
        defmt::info!("{} {} {}", connection.state(), RecvBuf::<16>::new(), WireBuf::<32>::new());
        Ok(())
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
