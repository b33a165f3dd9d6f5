//! The blocking and the asynchronous module, from one macro: they differ in `async` and `.await`.

/// Generates the types that read and write, with `async` and `.await`, or without them.
macro_rules! server_stream {
    (
        $traits:ident, [$($asynchronous:ident)?], [$($await:tt)*],
        $(#[$stream_example:meta])* ServerStream,
        $(#[$exchange_example:meta])* Exchange
    ) => {
        pub use crate::embedded::StreamError;
        use crate::embedded::wire::{Responded, Step, Wire};
        use crate::head::{Limits, RequestHead, RequestParts};
        use crate::value::Status;
        use core::fmt;
        use ::$traits::{ErrorType, Read, Write};

        /// A server connection on a transport: returns one request after the other, and sends the
        /// responses.
        ///
        /// It holds up to `FIELDS` field lines, a receive buffer of `RECEIVED` octets, and a send
        /// buffer of `SENT` octets.
        ///
        /// Each buffer has to hold the longest head. The receive buffer also needs room after the
        /// head for the longest chunk line or trailer; some 512 octets make bodies fast. A send
        /// buffer of 128 octets holds every error response of the stream.
        ///
        /// The stream flushes the transport before it reads, and when the connection ends. Timeouts
        /// are the transport's: a read or write that times out has to fail there. The connection is
        /// over after an error, or when a future is dropped before its end. CONNECT and upgrades
        /// need a [`ServerConnection`](crate::ServerConnection).
        ///
        $(#[$stream_example])*
        pub struct ServerStream<
            T,
            const FIELDS: usize = 32,
            const RECEIVED: usize = 2048,
            const SENT: usize = 512,
        > {
            transport: T,
            wire: Wire<FIELDS, RECEIVED, SENT>,
            /// True while written octets have not all reached the transport.
            is_sending: bool,
            /// True while the transport may hold back octets.
            is_held: bool,
        }

        /// A request, and the response that it waits for.
        ///
        /// Reading returns the content without chunk lines, and 0 at its end. Writing sends octets
        /// of the response's body, after [`begin`](Self::begin).
        ///
        $(#[$exchange_example])*
        pub struct Exchange<'s, T, const FIELDS: usize, const RECEIVED: usize, const SENT: usize> {
            stream: &'s mut ServerStream<T, FIELDS, RECEIVED, SENT>,
            request: RequestParts,
        }

        impl<T: Read + Write, const FIELDS: usize, const RECEIVED: usize, const SENT: usize>
            ServerStream<T, FIELDS, RECEIVED, SENT>
        {
            /// Returns a connection that has just been accepted, with the default [`Limits`].
            pub const fn new(transport: T) -> Self {
                Self::with_limits(transport, Limits::new())
            }

            /// Returns a connection that has just been accepted, with these limits.
            pub const fn with_limits(transport: T, limits: Limits) -> Self {
                Self { transport, wire: Wire::new(limits), is_sending: false, is_held: false }
            }

            /// Returns the next request, or `None` when the connection is over; close the transport
            /// then, and after an error.
            ///
            /// A peer that breaks a rule or a limit gets a response before this call returns the
            /// error. The error is [`BodyNotEnded`](crate::error::WriteError::BodyNotEnded)
            /// or [`ResponseDue`](crate::error::WriteError::ResponseDue) if the
            /// response to the previous request is incomplete.
            pub $($asynchronous)? fn next_request(
                &mut self,
            ) -> Result<Option<Exchange<'_, T, FIELDS, RECEIVED, SENT>>, StreamError<T::Error>> {
                if self.is_sending {
                    return Err(StreamError::Interrupted);
                }
                loop {
                    let step = self.wire.advance();
                    match self.told(step)$($await)*? {
                        Step::Respond(request) => {
                            return Ok(Some(Exchange { stream: self, request }));
                        }
                        Step::Read => self.fill()$($await)*?,
                        Step::Close => return self.flush()$($await)*.map(|()| None),
                    }
                }
            }

            /// Returns the transport, to close it.
            pub fn into_transport(self) -> T {
                self.transport
            }

            /// Receives more octets, after flushing those to send.
            $($asynchronous)? fn fill(&mut self) -> Result<(), StreamError<T::Error>> {
                self.flush()$($await)*?;
                let room = self.wire.received.spare_mut();
                let received = if room.is_empty() { Err(self.wire.on_overflow()) } else {
                        let read = self.transport.read(room)$($await)*;
                        let count = read.map_err(StreamError::Transport)?;
                        self.wire.received(count)
                    };
                self.told(received)$($await)*
            }

            /// Sends the buffer, and then these octets.
            $($asynchronous)? fn send(
                &mut self,
                behind: &[u8],
            ) -> Result<(), StreamError<T::Error>> {
                if core::mem::replace(&mut self.is_sending, true) {
                    return Err(StreamError::Interrupted);
                }
                // `write_all` panics when a transport accepts no octets.
                for mut octets in [self.wire.out.as_bytes(), behind] {
                    while !octets.is_empty() {
                        let written = self.transport.write(octets)$($await)*;
                        match written.map_err(StreamError::Transport)? {
                            0 => return Err(StreamError::WriteZero),
                            count => octets = octets.get(count..).unwrap_or(&[]),
                        }
                        self.is_held = true;
                    }
                }
                self.wire.out.clear();
                self.is_sending = false;
                Ok(())
            }

            /// Sends the buffer and flushes the transport.
            $($asynchronous)? fn flush(&mut self) -> Result<(), StreamError<T::Error>> {
                self.send(&[])$($await)*?;
                if self.is_held {
                    self.transport.flush()$($await)*.map_err(StreamError::Transport)?;
                    self.is_held = false;
                }
                Ok(())
            }

            /// Sends the error response to a peer that broke a rule.
            $($asynchronous)? fn told<V>(
                &mut self,
                result: Result<V, StreamError<T::Error>>,
            ) -> Result<V, StreamError<T::Error>> {
                if let Err(StreamError::Peer(error)) = &result {
                    self.wire.reject(*error);
                    self.flush()$($await)*?;
                }
                result
            }
        }

        impl<T: Read + Write, const FIELDS: usize, const RECEIVED: usize, const SENT: usize>
            Exchange<'_, T, FIELDS, RECEIVED, SENT>
        {
            /// Returns the head of the request.
            pub fn head(&self) -> RequestHead<'_> {
                self.stream.wire.head(self.request)
            }

            /// Responds with this body and a final status.
            ///
            /// Unread content is discarded as far as it has been received. If that is not all of
            /// it, the response says `Connection: close` and is the last.
            ///
            /// Fails with [`Usage`](StreamError::Usage) for a status 1xx or a head that does not
            /// fit, and with [`Transport`](StreamError::Transport) if the transport fails.
            pub $($asynchronous)? fn respond(
                self,
                status: Status,
                fields: Responded<'_>,
                body: &[u8],
            ) -> Result<(), StreamError<T::Error>> {
                if self.stream.wire.respond_whole(status, fields, body)? {
                    return self.stream.send(&[])$($await)*;
                }
                let framed = self.stream.wire.frame(body)?;
                self.stream.send(framed)$($await)*?;
                self.finish()$($await)*
            }

            /// Begins a response whose body is written in parts: chunked, or up to the close for an
            /// HTTP/1.0 client.
            ///
            /// Unread content is discarded as by [`respond`](Self::respond), and can no longer be
            /// read: see [`begin_while_reading`](Self::begin_while_reading).
            ///
            /// Fails as [`respond`](Self::respond) does.
            pub $($asynchronous)? fn begin(
                &mut self,
                status: Status,
                fields: Responded<'_>,
            ) -> Result<(), StreamError<T::Error>> {
                let version = self.head().version();
                self.stream.wire.begin(status, fields, version)?;
                self.stream.send(&[])$($await)*
            }

            /// Begins a response as [`begin`](Self::begin) does, that streams while the content is
            /// read, such as an echo.
            ///
            /// A client that waits for a 100 gets one.
            ///
            /// Fails as [`respond`](Self::respond) does.
            pub $($asynchronous)? fn begin_while_reading(
                &mut self,
                status: Status,
                fields: Responded<'_>,
            ) -> Result<(), StreamError<T::Error>> {
                let version = self.head().version();
                self.stream.wire.begin_while_reading(status, fields, version)?;
                self.stream.send(&[])$($await)*
            }

            /// Ends the response that has been begun.
            ///
            /// Fails with [`RequestUnread`](crate::error::WriteError::RequestUnread) if the
            /// response was begun while reading and the content has not arrived completely. A
            /// response never ends before its request; the connection is over then.
            pub $($asynchronous)? fn finish(self) -> Result<(), StreamError<T::Error>> {
                self.stream.wire.end_body()?;
                self.stream.send(&[])$($await)*
            }
        }

        impl<T: Read + Write, const FIELDS: usize, const RECEIVED: usize, const SENT: usize>
            ErrorType for Exchange<'_, T, FIELDS, RECEIVED, SENT>
        {
            type Error = StreamError<T::Error>;
        }

        impl<T: Read + Write, const FIELDS: usize, const RECEIVED: usize, const SENT: usize> Read
            for Exchange<'_, T, FIELDS, RECEIVED, SENT>
        {
            $($asynchronous)? fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
                loop {
                    let content = self.stream.wire.content(buffer);
                    match self.stream.told(content)$($await)*? {
                        Some(count) => return Ok(count),
                        None => self.stream.fill()$($await)*?,
                    }
                }
            }
        }

        impl<T: Read + Write, const FIELDS: usize, const RECEIVED: usize, const SENT: usize> Write
            for Exchange<'_, T, FIELDS, RECEIVED, SENT>
        {
            $($asynchronous)? fn write(&mut self, octets: &[u8]) -> Result<usize, Self::Error> {
                let framed = self.stream.wire.frame(octets)?;
                self.stream.send(framed)$($await)*?;
                Ok(octets.len())
            }

            $($asynchronous)? fn flush(&mut self) -> Result<(), Self::Error> {
                self.stream.flush()$($await)*
            }
        }

        impl<T, const FIELDS: usize, const RECEIVED: usize, const SENT: usize> fmt::Debug
            for ServerStream<T, FIELDS, RECEIVED, SENT>
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("ServerStream")
            }
        }

        impl<T, const FIELDS: usize, const RECEIVED: usize, const SENT: usize> fmt::Debug
            for Exchange<'_, T, FIELDS, RECEIVED, SENT>
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("Exchange")
            }
        }
    };
}

/// A server connection on the blocking traits of embedded-io 0.7.
///
/// [`ServerStream`](embedded_io_07::ServerStream) has an example.
pub mod embedded_io_07 {
    server_stream! {
        embedded_io_07, [], [],
        /// ```
        /// use bareline_core::Status;
        /// use bareline_core::embedded_io_07::{ServerStream, StreamError};
        /// use embedded_io_07::{Read, Write};
        ///
        /// fn serve<T: Read + Write>(transport: T) -> Result<(), StreamError<T::Error>> {
        ///     let mut stream = ServerStream::<_, 16, 1024, 256>::new(transport);
        ///     while let Some(exchange) = stream.next_request()? {
        ///         match exchange.head().target().path() {
        ///             "/" => exchange.respond(Status::OK, &[], b"hello")?,
        ///             _ => exchange.respond(Status::NOT_FOUND, &[], b"")?,
        ///         }
        ///     }
        ///     Ok(())
        /// }
        /// ```
        ServerStream,
        /// ```
        /// use bareline_core::Status;
        /// use bareline_core::embedded_io_07::{Exchange, StreamError};
        /// use embedded_io_07::{Read, Write};
        ///
        /// # type Request<'s, T> = Exchange<'s, T, 16, 1024, 256>;
        /// fn echo<T: Read + Write>(mut one: Request<'_, T>) -> Result<(), StreamError<T::Error>> {
        ///     let mut buffer = [0; 64];
        ///     one.begin_while_reading(Status::OK, &[])?;
        ///     loop {
        ///         match one.read(&mut buffer)? {
        ///             0 => return one.finish(),
        ///             count => one.write_all(&buffer[..count])?,
        ///         }
        ///     }
        /// }
        /// ```
        Exchange
    }
}

/// A server connection on the asynchronous traits of embedded-io-async 0.7.
///
/// [`ServerStream`](embedded_io_async_07::ServerStream) has an example.
#[cfg(feature = "embedded-io-async-07")]
pub mod embedded_io_async_07 {
    server_stream! {
        embedded_io_async_07, [async], [.await],
        /// ```
        /// use bareline_core::Status;
        /// use bareline_core::embedded_io_async_07::{ServerStream, StreamError};
        /// use embedded_io_async_07::{Read, Write};
        ///
        /// async fn serve<T: Read + Write>(transport: T) -> Result<(), StreamError<T::Error>> {
        ///     let mut stream = ServerStream::<_, 16, 1024, 256>::new(transport);
        ///     while let Some(exchange) = stream.next_request().await? {
        ///         exchange.respond(Status::OK, &[], b"hello").await?;
        ///     }
        ///     Ok(())
        /// }
        /// ```
        ServerStream,
        /// ```
        /// use bareline_core::Status;
        /// use bareline_core::embedded_io_async_07::{Exchange, StreamError};
        /// use embedded_io_async_07::{Read, Write};
        ///
        /// # type Request<'s, T> = Exchange<'s, T, 16, 1024, 256>;
        /// async fn count<T: Read + Write>(
        ///     mut one: Request<'_, T>,
        /// ) -> Result<(), StreamError<T::Error>> {
        ///     let (mut octets, mut buffer) = (0, [0; 64]);
        ///     while let count @ 1.. = one.read(&mut buffer).await? {
        ///         octets += count;
        ///     }
        ///     one.respond(Status::OK, &[], format!("{octets} octets").as_bytes()).await
        /// }
        /// ```
        Exchange
    }
}
