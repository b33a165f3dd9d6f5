//! The events of received octets.

use crate::body::{BodyPart, ChunkExtensions};
use crate::head::{RequestHead, ResponseHead};
use crate::value::{FieldName, FieldValue};
use core::convert::Infallible;

/// An event that a server receives.
///
/// ```
/// use bareline_core::Event;
/// use bareline_core::connection::ServerEvent;
///
/// /// Returns a line for a log.
/// fn line(event: &ServerEvent<'_>) -> String {
///     match event {
///         Event::Head(head) => format!("{} {}", head.method(), head.target()),
///         Event::Data(data) => format!("{} octets", data.len()),
///         event => format!("{event:?}"),
///     }
/// }
/// assert_eq!(line(&Event::Data(b"hi")), "2 octets");
/// ```
pub type ServerEvent<'b> = Event<'b, RequestHead<'b>>;
/// An event that a client receives.
///
/// ```
/// use bareline_core::Event;
/// use bareline_core::connection::ClientEvent;
///
/// /// Returns whether the final response begins.
/// fn is_final(event: &ClientEvent<'_>) -> bool {
///     matches!(event, Event::Head(head) if !head.status().is_informational())
/// }
/// assert!(!is_final(&Event::NeedMore));
/// ```
pub type ClientEvent<'b> = Event<'b, ResponseHead<'b>>;

/// An event of a body. It has no head.
///
/// ```
/// use bareline_core::Event;
/// use bareline_core::connection::BodyEvent;
///
/// /// Returns the content in an event.
/// fn content(event: BodyEvent<'_>) -> &[u8] {
///     match event {
///         Event::Data(data) => data,
///         _ => &[],
///     }
/// }
/// assert_eq!(content(Event::Data(b"hi")), b"hi");
/// ```
pub type BodyEvent<'b> = Event<'b, Infallible>;

/// A received event, and the number of octets that it takes.
///
/// The struct is exhaustive, since a caller takes it apart: a new field is a breaking change.
///
/// ```
/// use bareline_core::connection::Received;
/// use bareline_core::{Event, FieldSpans, ServerConnection};
///
/// let mut spans = FieldSpans::<8>::new();
/// let mut connection = ServerConnection::new();
/// let mut input = *b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET";
/// let Received { used, event } = connection.receive(&mut input, spans.lend())?;
/// assert!(matches!(event, Event::Head(head) if head.target() == "/"));
/// assert_eq!(&input[used..], b"GET");
/// # Ok::<(), bareline_core::error::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(clippy::exhaustive_structs, reason = "a caller takes it apart")]
#[must_use = "the caller presents the octets after the used ones next"]
pub struct Received<'b, H> {
    /// The number of octets used, from the first octet of the input on.
    pub used: usize,
    /// The event.
    pub event: Event<'b, H>,
}

impl<'b, H> Received<'b, H> {
    /// Returns an event that takes no octets.
    pub(super) const fn unused(event: Event<'b, H>) -> Self {
        Self { used: 0, event }
    }
}

/// An event: a head, a part of a body, or an end.
///
/// The enum is exhaustive, since a caller handles each variant: a new one is a breaking change.
///
/// ```
/// use bareline_core::{Event, FieldSpans, ServerConnection};
///
/// let (mut connection, mut spans) = (ServerConnection::new(), FieldSpans::<8>::new());
/// let mut input = *b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
/// let part = connection.receive(&mut input[..9], spans.lend())?;
/// assert!(matches!(part.event, Event::NeedMore));
/// let whole = connection.receive(&mut input, spans.lend())?;
/// assert!(matches!(whole.event, Event::Head(head) if head.target() == "/a"));
/// assert!(matches!(connection.receive(&mut [], spans.lend())?.event, Event::End));
/// # Ok::<(), bareline_core::error::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(clippy::exhaustive_enums, reason = "a caller handles each variant")]
pub enum Event<'b, H> {
    /// More octets are needed: the caller presents the unused ones again, followed by more.
    NeedMore,
    /// The head of a message. A client gets one for each interim response as well.
    Head(H),
    /// A chunk begins; its data follows.
    Chunk {
        /// The octets of data in the chunk, zero in the last one.
        size: u64,
        /// The extensions of the chunk.
        extensions: ChunkExtensions<'b>,
    },
    /// Octets of the content, the last ones of the octets used.
    ///
    /// A caller that cannot process all of them consumes the octets before them first. It presents
    /// no octets until it has processed and consumed the rest.
    #[doc(alias = "body")]
    Data(&'b [u8]),
    /// A field of the trailer section.
    Trailer {
        /// The name of the field.
        name: FieldName<'b>,
        /// The value of the field.
        value: FieldValue<'b>,
    },
    /// The message is complete. The octets after it belong to the next message.
    End,
    /// The octets are no longer HTTP: they belong to the new protocol, or go through the tunnel.
    Upgraded,
    /// No more octets are read.
    Closed,
}

impl<'b, H> From<BodyPart<'b>> for Event<'b, H> {
    fn from(part: BodyPart<'b>) -> Self {
        match part {
            BodyPart::NeedMore => Self::NeedMore,
            BodyPart::Chunk { size, extensions } => Self::Chunk { size, extensions },
            BodyPart::Data(data) => Self::Data(data),
            BodyPart::Trailer { name, value } => Self::Trailer { name, value },
            BodyPart::End => Self::End,
        }
    }
}
