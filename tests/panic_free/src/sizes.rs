//! The sizes of core's main types in octets, on 64-bit and on 32-bit machines.

use bareline_core::body::{BodyDecoder, BodyPart};
use bareline_core::connection::{Received, RecvBuf};
use bareline_core::error::{ParseError, WriteError};
use bareline_core::head::{Fields, Limits, OwnedRequestHead, Parsed};
use bareline_core::write::{HeadWriter, MessageWriter, RequestContext};
use bareline_core::{
    ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method, RequestHead, ResponseHead,
    ServerConnection, Status, Target, WireBuf,
};

/// Checks each size when it is compiled: a type that grows takes memory in every connection.
macro_rules! sizes {
    ($($type:ty: $wide:literal, $narrow:literal;)*) => {
        $(const _: () = assert!(
            size_of::<$type>() == if cfg!(target_pointer_width = "64") { $wide } else { $narrow },
            concat!(stringify!($type), " has neither ", $wide, " nor ", $narrow, " octets"),
        );)*
    };
}

sizes! {
    Method<'_>: 16, 8;
    FieldName<'_>: 16, 8;
    FieldValue<'_>: 16, 8;
    Status: 2, 2;
    Target<'_>: 24, 12;
    Limits: 32, 32;
    FieldSpans<0>: 8, 4;
    FieldSpans<32>: 264, 260;
    Fields<'_>: 32, 16;
    RequestHead<'_>: 64, 48;
    ResponseHead<'_>: 64, 40;
    OwnedRequestHead<[u8; 256], 8>: 368, 360;
    Parsed<RequestHead<'_>>: 72, 56;
    Event<'_, RequestHead<'_>>: 64, 48;
    Received<'_, RequestHead<'_>>: 72, 56;
    BodyDecoder: 56, 40;
    BodyPart<'_>: 40, 24;
    ServerConnection: 256, 200;
    ClientConnection: 248, 200;
    RecvBuf<1024>: 1056, 1040;
    WireBuf<256>: 272, 264;
    HeadWriter<'_>: 40, 24;
    MessageWriter: 32, 24;
    RequestContext: 2, 2;
    ParseError: 16, 8;
    WriteError: 4, 4;
    Option<ParseError>: 16, 8;
    Result<(), WriteError>: 4, 4;
}
