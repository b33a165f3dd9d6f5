//! A server's stream.

/// Generates the types of a server, with `async` and `.await`, or without them.
macro_rules! server_stream {
    (
        [$($asynchronous:ident)?], [$($await:tt)*],
        $(#[$stream_example:meta])* ServerStream,
        $(#[$exchange_example:meta])* Exchange
    ) => {
        use crate::embedded::server_wire::{Server, Step};
        use crate::head::{RequestHead, RequestParts};
        use crate::value::Status;

        /// A server connection on a transport: returns one request after the other, and sends the
        /// responses.
        ///
        /// The stream borrows its buffers from a [`StreamMemory`], which says how large they have
        /// to be.
        ///
        /// The stream flushes the transport before it reads, and when the connection ends. Timeouts
        /// are the transport's: a read or write that times out has to fail there. The connection is
        /// over after an error, or when a future is dropped before its end.
        ///
        /// CONNECT is rejected with 501, unless [`allow_tunnels`](Self::allow_tunnels) is called.
        /// [`Exchange::upgrade`] switches to another protocol.
        ///
        $(#[$stream_example])*
        pub struct ServerStream<'m, T> {
            link: Link<'m, T, Server>,
        }

        /// A request, and the response that it waits for.
        ///
        /// Reading returns the content without chunk lines, and 0 at its end. Writing sends octets
        /// of the response's body, after [`begin`](Self::begin). In a response to HEAD, each call
        /// leaves the body out.
        ///
        $(#[$exchange_example])*
        pub struct Exchange<'s, 'm, T> {
            link: &'s mut Link<'m, T, Server>,
            request: RequestParts,
        }

        impl<'m, T: Read + Write> ServerStream<'m, T> {
            /// Returns a connection that has just been accepted, with the default [`Limits`].
            pub fn new<const FIELDS: usize, const RECEIVED: usize, const SENT: usize>(
                transport: T,
                memory: &'m mut StreamMemory<FIELDS, RECEIVED, SENT>,
            ) -> Self {
                Self::with_limits(transport, memory, Limits::new())
            }

            /// Returns a connection that has just been accepted, with these limits.
            pub fn with_limits<const FIELDS: usize, const RECEIVED: usize, const SENT: usize>(
                transport: T,
                memory: &'m mut StreamMemory<FIELDS, RECEIVED, SENT>,
                limits: Limits,
            ) -> Self {
                Self { link: Link::new(transport, memory.lend(), Server::new(limits)) }
            }

            /// Returns requests with CONNECT from [`next_request`](Self::next_request), too
            /// [RFC 9110 section 9.3.6].
            ///
            /// [`Exchange::upgrade`] begins the tunnel, any other response rejects the request.
            #[doc(alias = "CONNECT")]
            pub const fn allow_tunnels(&mut self) {
                self.link.wire.role.allows_tunnels = true;
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
            ) -> Result<Option<Exchange<'_, 'm, T>>, StreamError<T::Error>> {
                let link = &mut self.link;
                if link.is_sending {
                    return Err(StreamError::Interrupted);
                }
                loop {
                    match link.wire.advance()? {
                        Step::Respond(request) => return Ok(Some(Exchange { link, request })),
                        Step::Read => link.fill()$($await)*?,
                        Step::Close => return link.flush()$($await)*.map(|()| None),
                    }
                }
            }

            /// Returns the transport, to close it.
            pub fn into_transport(self) -> T {
                self.link.transport
            }
        }

        impl<'s, T: Read + Write> Exchange<'s, '_, T> {
            /// Returns the head of the request.
            pub fn head(&self) -> RequestHead<'_> {
                self.link.wire.head(self.request)
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
                fields: Fields<'_>,
                body: &[u8],
            ) -> Result<(), StreamError<T::Error>> {
                let behind = self.link.wire.respond_whole(status, fields, body)?;
                self.link.send(behind)$($await)*
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
                fields: Fields<'_>,
            ) -> Result<(), StreamError<T::Error>> {
                let version = self.request.version;
                self.link.wire.begin(status, fields, version)?;
                self.link.send(&[])$($await)*
            }

            /// Begins a response whose body has this length in octets, and is written in parts.
            ///
            /// Unread content is discarded as by [`respond`](Self::respond), and can no longer be
            /// read.
            ///
            /// Fails as [`respond`](Self::respond) does. A write of more octets than declared fails
            /// with [`BodyLength`](crate::error::WriteError::BodyLength), as does
            /// [`finish`](Self::finish) after fewer.
            #[doc(alias = "Content-Length")]
            pub $($asynchronous)? fn begin_sized(
                &mut self,
                status: Status,
                fields: Fields<'_>,
                length: u64,
            ) -> Result<(), StreamError<T::Error>> {
                self.link.wire.begin_sized(status, fields, length)?;
                self.link.send(&[])$($await)*
            }

            /// Switches to another protocol by a 101 with these fields, or begins the tunnel of
            /// CONNECT by a 200 [RFC 9110 sections 7.8 and 9.3.6].
            ///
            /// A 101 needs the fields `Upgrade` and `Connection: upgrade`. Afterwards,
            /// [`next_request`](ServerStream::next_request) returns `None`.
            ///
            /// Fails with [`Usage`](StreamError::Usage) if the request does not offer an upgrade,
            /// or if its content has not been read.
            #[doc(alias = "WebSocket")]
            pub $($asynchronous)? fn upgrade(
                self,
                fields: Fields<'_>,
            ) -> Result<Upgraded<'s, T>, StreamError<T::Error>> {
                let link = self.link;
                link.wire.upgrade(fields, self.request)?;
                link.flush()$($await)*?;
                let received = link.wire.memory.received.filled();
                Ok(Upgraded { transport: &mut link.transport, received })
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
                fields: Fields<'_>,
            ) -> Result<(), StreamError<T::Error>> {
                let version = self.request.version;
                self.link.wire.begin_while_reading(status, fields, version)?;
                self.link.send(&[])$($await)*
            }

            /// Ends the response that has been begun.
            ///
            /// Fails with [`RequestUnread`](crate::error::WriteError::RequestUnread) if the
            /// response was begun while reading and the content has not arrived completely. A
            /// response never ends before its request; the connection is over then.
            pub $($asynchronous)? fn finish(self) -> Result<(), StreamError<T::Error>> {
                if let Some(error) = self.link.wire.end_body()? {
                    return Err(error.into());
                }
                self.link.send(&[])$($await)*
            }
        }

        impl<T: Read + Write> ErrorType for Exchange<'_, '_, T> {
            type Error = StreamError<T::Error>;
        }

        impl<T: Read + Write> Read for Exchange<'_, '_, T> {
            $($asynchronous)? fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
                loop {
                    match self.link.wire.content(buffer)? {
                        Some(count) => return Ok(count),
                        None => self.link.fill()$($await)*?,
                    }
                }
            }
        }

        impl<T: Read + Write> Write for Exchange<'_, '_, T> {
            $($asynchronous)? fn write(&mut self, octets: &[u8]) -> Result<usize, Self::Error> {
                let framed = self.link.wire.frame(octets)?;
                self.link.send(framed)$($await)*?;
                Ok(octets.len())
            }

            // The trait's own has a panic for a write of no octets.
            $($asynchronous)? fn write_all(&mut self, octets: &[u8]) -> Result<(), Self::Error> {
                self.write(octets)$($await)*.map(|_| ())
            }

            $($asynchronous)? fn flush(&mut self) -> Result<(), Self::Error> {
                self.link.flush()$($await)*
            }
        }

        impl<T> fmt::Debug for ServerStream<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("ServerStream")
            }
        }

        impl<T> fmt::Debug for Exchange<'_, '_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("Exchange")
            }
        }
    };
}
pub(super) use server_stream;
