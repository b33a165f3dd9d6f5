//! Messages that are sent without a connection of this crate.

use super::body_encoder::{BodyStep, body_calls};
use super::head_writer::sealed::Sink;
use super::message::{Message, Request, Response};
use super::{
    BodyEncoder, HeadWriter, HeadWritten, RequestContext, StreamSink, TrailerField, WireView,
};
use crate::error::WriteError;
use crate::value::{AllowedForms, Medium, Method, Status, Target, Version};
use core::marker::PhantomData;

/// A writer of consecutive messages, for a stream without a connection of this crate.
///
/// A message begins when the body of the previous one has ended. A message is the last one if it
/// says `Connection: close`, ends with the close, or changes the protocol: no message begins after
/// it [RFC 9112 sections 9.6 and 9.8, RFC 9110 sections 7.8 and 9.3.6].
///
/// ```
/// use bareline_core::error::WriteError;
/// use bareline_core::write::{MessageWriter, RequestContext};
/// use bareline_core::{FieldName, FieldValue, Status, WireBuf};
///
/// let (mut out, mut writer) = (WireBuf::<128>::new(), MessageWriter::new());
/// writer.response(RequestContext::UNREAD, Status::OK, &mut out)?.chunked()?;
/// writer.send_data(b"hello, ", &mut out)?;
/// writer.send_data(b"world", &mut out)?;
/// const SUM: FieldName = FieldName::from_static("X-Sum");
/// writer.end_body(&[(SUM, FieldValue::new("7")?)], &mut out)?;
/// assert!(
///     out.as_bytes()
///         .ends_with(b"\r\n\r\n7\r\nhello, \r\n5\r\nworld\r\n0\r\nX-Sum: 7\r\n\r\n")
/// );
/// # Ok::<(), WriteError>(())
/// ```
#[derive(Debug)]
pub struct MessageWriter {
    body: BodyEncoder,
}

impl MessageWriter {
    /// Returns a writer for a new stream.
    pub const fn new() -> Self {
        Self { body: BodyEncoder::ended() }
    }

    /// Begins a request.
    ///
    /// Fails with
    /// - [`WriteError::TargetForm`] if the target's form does not suit the method,
    /// - [`WriteError::Value`] if the target was received and holds octets that must not be
    ///   written ([`Target::encoded`] encodes them),
    /// - [`WriteError::BodyNotEnded`], [`WriteError::Closed`] or [`WriteError::BufferInUse`] if no
    ///   message may begin.
    #[inline]
    pub fn request<'w>(
        &'w mut self,
        method: Method<'w>,
        target: Target<'w>,
        out: &'w mut WireView,
    ) -> Result<HeadWriter<'w, Detached<'w, Request<'w>>>, WriteError> {
        if !AllowedForms::of(method, Medium::Stream).has(target.form()) {
            return Err(WriteError::TargetForm);
        }
        let (sink, draft) = (self.detached()?, out.head_draft()?);
        Ok(HeadWriter::new(draft, sink, Request::new(method, target, Version::Http11)?))
    }

    /// Begins a response with this status and its registered reason phrase.
    ///
    /// Fails with [`WriteError::Value`] for a code over 599, which can be received but not
    /// sent. Fails as [`request`](Self::request) does if no message may begin.
    #[inline]
    pub fn response<'w>(
        &'w mut self,
        context: RequestContext,
        status: Status,
        out: &'w mut WireView,
    ) -> Result<HeadWriter<'w>, WriteError> {
        let (sink, draft) = (self.detached()?, out.head_draft()?);
        Ok(HeadWriter::new(draft, sink, Response::new(context, status)?))
    }

    fn detached<M>(&mut self) -> Result<Detached<'_, M>, WriteError> {
        if self.body.may_be_followed() {
            Ok(Detached { body: &mut self.body, message: PhantomData })
        } else if self.body.is_ended() {
            Err(WriteError::Closed)
        } else {
            Err(WriteError::BodyNotEnded)
        }
    }

    body_calls!();

    fn outgoing(&mut self, _: BodyStep) -> Result<&mut BodyEncoder, WriteError> {
        Ok(&mut self.body)
    }
}

impl Default for MessageWriter {
    fn default() -> Self {
        Self::new()
    }
}

/// The destination of the heads of a [`MessageWriter`].
///
/// A program does not name it: `HeadWriter<'_>` is the writer of a response to it.
///
/// ```
/// use bareline_core::error::WriteError;
/// use bareline_core::write::{HeadWriter, MessageWriter, RequestContext};
/// use bareline_core::{Status, WireBuf};
///
/// fn greet(head: HeadWriter<'_>) -> Result<(), WriteError> {
///     head.body(b"hello")
/// }
/// let (mut out, mut writer) = (WireBuf::<128>::new(), MessageWriter::new());
/// greet(writer.response(RequestContext::UNREAD, Status::OK, &mut out)?)?;
/// # Ok::<(), WriteError>(())
/// ```
#[derive(Debug)]
pub struct Detached<'w, M = Response> {
    body: &'w mut BodyEncoder,
    message: PhantomData<M>,
}

impl<M: Message> Sink for Detached<'_, M> {
    type Message = M;

    const IS_CONNECTION: bool = false;

    fn head_written(self, _: &M, written: HeadWritten) {
        *self.body = written.body;
    }
}

impl<M: Message> StreamSink for Detached<'_, M> {}
