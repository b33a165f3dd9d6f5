//! Logs values of bareline-core by defmt.

use bareline_core::body::{BodyPart, ChunkExtension, ChunkExtensions, Decoded, Framing};
use bareline_core::connection::{ClientState, Received, RecvBuf, ServerEvent, ServerState};
use bareline_core::embedded_io_07::StreamError;
use bareline_core::error::{InvalidValue, ParseError, ParseErrorKind, WriteError};
use bareline_core::head::{Fields, Limits, Parsed, RepeatedField};
use bareline_core::hint::OtherProtocol;
use bareline_core::value::TargetForm;
use bareline_core::{
    ClientConnection, FieldName, FieldValue, Method, RequestHead, ResponseHead, ServerConnection,
    Status, Target, Version, WireBuf,
};
use core::hint::black_box;

/// A logger that the optimizer knows nothing about.
#[defmt::global_logger]
struct Log;

// SAFETY: there is one thread, and nothing interrupts it.
unsafe impl defmt::Logger for Log {
    fn acquire() {}

    unsafe fn flush() {}

    unsafe fn release() {}

    unsafe fn write(octets: &[u8]) {
        black_box(octets);
    }
}

defmt::timestamp!("");

/// Links the logging of any value of these types.
macro_rules! logged {
    ($($type:ty,)*) => {$({
        fn log(value: &$type) {
            defmt::println!("{}", value);
        }
        // The address escapes: any code may call the function, with any value.
        black_box(log as fn(&$type));
    })*};
}

pub fn all() {
    logged!(
        BodyPart<'_>,
        Decoded<'_>,
        InvalidValue,
        Received<'_, RequestHead<'_>>,
        ChunkExtension<'_>,
        ChunkExtensions<'_>,
        ClientConnection,
        ClientState,
        ParseErrorKind,
        FieldName<'_>,
        FieldValue<'_>,
        Fields<'_>,
        Framing,
        Limits,
        Method<'_>,
        OtherProtocol,
        ParseError,
        Parsed<RequestHead<'_>>,
        RecvBuf<512>,
        RepeatedField,
        RequestHead<'_>,
        ResponseHead<'_>,
        ServerConnection,
        ServerEvent<'_>,
        ServerState,
        Status,
        StreamError<u8>,
        Target<'_>,
        TargetForm,
        Version,
        WireBuf<256>,
        WriteError,
    );
}
