//! `defmt::Format` for texts and for types that log only their state; plain enums and records
//! derive it.

use crate::body::{ChunkExtension, ChunkExtensions};
use crate::connection::{ClientConnection, RecvBuf, ServerConnection};
use crate::error::ParseError;
use crate::head::{Fields, RequestHead, ResponseHead};
use crate::value::{FieldName, FieldValue, Method, Status, Target};
use crate::write::WireBuf;
use defmt::{Format, Formatter, write};

macro_rules! text {
    ($pattern:literal, $text:ident: $($type:ident)*) => {
        $(impl Format for $type<'_> {
            fn format(&self, f: Formatter<'_>) {
                write!(f, $pattern, self.$text());
            }
        })*
    };
}
text!("{=str}", as_str: Method Target FieldName);
text!("{=[u8]:a}", as_bytes: FieldValue ChunkExtensions);

impl Format for Status {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{=u16}", self.code());
    }
}

impl Format for ParseError {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{} at octet {=usize}", self.kind(), self.offset());
    }
}

impl Format for Fields<'_> {
    fn format(&self, f: Formatter<'_>) {
        for (name, value) in self.iter() {
            write!(f, "{}: {}; ", name, value);
        }
    }
}

impl Format for RequestHead<'_> {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{} {} {}; {}", self.method(), self.target(), self.version(), self.fields());
    }
}

impl Format for ResponseHead<'_> {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{} {}; {}", self.version(), self.status(), self.fields());
    }
}

impl Format for ChunkExtension<'_> {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{=str}", self.name());
    }
}

impl Format for ServerConnection {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "ServerConnection({})", self.state());
    }
}

impl Format for ClientConnection {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "ClientConnection({})", self.state());
    }
}

impl<const N: usize> Format for RecvBuf<N> {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "RecvBuf({=usize} of {=usize})", self.filled().len(), N);
    }
}

impl<const M: usize> Format for WireBuf<M> {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "WireBuf({=usize} of {=usize})", self.as_bytes().len(), M);
    }
}
