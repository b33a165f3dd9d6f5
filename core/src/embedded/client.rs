//! A client's stream.

/// Generates the types of a client, with `async` and `.await`, or without them.
macro_rules! client_stream {
    (
        [$($asynchronous:ident)?], [$($await:tt)*],
        $(#[$stream_example:meta])* ClientStream,
        $(#[$writer_example:meta])* RequestWriter,
        $(#[$response_example:meta])* Response
    ) => {
        use crate::embedded::client_wire::{Client, Step as ClientStep};
        use crate::head::{ResponseHead, ResponseParts};
        use crate::value::{Method, Target};

        /// A client connection on a transport: sends one request after the other, and returns the
        /// responses.
        ///
        /// The stream borrows its buffers from a [`StreamMemory`]. The receive buffer holds the
        /// head of a response, the send buffer that of a request. Timeouts are the transport's. The
        /// connection is over after an error, or when a future is dropped before its end.
        ///
        /// The caller connects the transport, and writes the field `Host` of each request.
        ///
        $(#[$stream_example])*
        pub struct ClientStream<'m, T> {
            link: Link<'m, T, Client>,
        }

        /// A request whose body is being written.
        ///
        $(#[$writer_example])*
        #[must_use = "a request ends with `finish`"]
        pub struct RequestWriter<'s, 'm, T> {
            link: &'s mut Link<'m, T, Client>,
        }

        /// A response. Reading returns the content without chunk lines, and 0 at its end.
        ///
        $(#[$response_example])*
        pub struct Response<'s, 'm, T> {
            link: &'s mut Link<'m, T, Client>,
            parts: ResponseParts,
        }

        impl<'m, T: Read + Write> ClientStream<'m, T> {
            /// Returns a connection that has just been opened, with the default [`Limits`].
            pub fn new<const FIELDS: usize, const RECEIVED: usize, const SENT: usize>(
                transport: T,
                memory: &'m mut StreamMemory<FIELDS, RECEIVED, SENT>,
            ) -> Self {
                Self::with_limits(transport, memory, Limits::new())
            }

            /// Returns a connection that has just been opened, with these limits.
            pub fn with_limits<const FIELDS: usize, const RECEIVED: usize, const SENT: usize>(
                transport: T,
                memory: &'m mut StreamMemory<FIELDS, RECEIVED, SENT>,
                limits: Limits,
            ) -> Self {
                Self { link: Link::new(transport, memory.lend(), Client::new(limits)) }
            }

            /// Returns whether the connection can carry another request, once the content of the
            /// last response has been read.
            ///
            /// The server may end it at any time: then the next request fails with
            /// [`Ended`](StreamError::Ended), or with an error of the transport.
            #[doc(alias = "keep-alive")]
            pub fn is_open(&self) -> bool {
                self.link.wire.role.is_open()
            }

            /// Sends a request with this body, and returns the response.
            ///
            /// Unread content of the previous response is discarded, up to
            /// [`Limits::drain`].
            ///
            /// Fails with
            /// - [`Ended`](StreamError::Ended) if the server has ended the connection, before the
            ///   request or instead of a response,
            /// - [`Usage`](StreamError::Usage) if the head does not fit or lacks `Host`, or the
            ///   previous response is too long to be discarded,
            /// - [`Peer`](StreamError::Peer) if the response breaks a rule or a limit,
            /// - [`Transport`](StreamError::Transport) if the transport fails.
            pub $($asynchronous)? fn request(
                &mut self,
                method: Method<'_>,
                target: Target<'_>,
                fields: Fields<'_>,
                body: &[u8],
            ) -> Result<Response<'_, 'm, T>, StreamError<T::Error>> {
                let link = &mut self.link;
                link.discard()$($await)*?;
                let behind = link.wire.request_whole(method, target, fields, body)?;
                link.send(behind)$($await)*?;
                link.response()$($await)*
            }

            /// Begins a request whose body is sent in chunks, to a server that speaks HTTP/1.1.
            ///
            /// Fails as [`request`](Self::request) does.
            pub $($asynchronous)? fn begin(
                &mut self,
                method: Method<'_>,
                target: Target<'_>,
                fields: Fields<'_>,
            ) -> Result<RequestWriter<'_, 'm, T>, StreamError<T::Error>> {
                let link = &mut self.link;
                link.discard()$($await)*?;
                link.wire.begin(method, target, fields)?;
                link.send(&[])$($await)*?;
                Ok(RequestWriter { link })
            }

            /// Begins a request whose body has this length in octets, and is written in parts.
            ///
            /// Fails as [`request`](Self::request) does.
            #[doc(alias = "Content-Length")]
            pub $($asynchronous)? fn begin_sized(
                &mut self,
                method: Method<'_>,
                target: Target<'_>,
                fields: Fields<'_>,
                length: u64,
            ) -> Result<RequestWriter<'_, 'm, T>, StreamError<T::Error>> {
                let link = &mut self.link;
                link.discard()$($await)*?;
                link.wire.begin_sized(method, target, fields, length)?;
                link.send(&[])$($await)*?;
                Ok(RequestWriter { link })
            }

            /// Returns the transport, to close it.
            pub fn into_transport(self) -> T {
                self.link.transport
            }
        }

        impl<'m, T: Read + Write> Link<'m, T, Client> {
            /// Discards the rest of the previous response.
            $($asynchronous)? fn discard(&mut self) -> Result<(), StreamError<T::Error>> {
                if self.is_sending {
                    return Err(StreamError::Interrupted);
                }
                while let ClientStep::Read = self.wire.discard()? {
                    self.fill()$($await)*?;
                }
                Ok(())
            }

            /// Receives the response.
            $($asynchronous)? fn response(
                &mut self,
            ) -> Result<Response<'_, 'm, T>, StreamError<T::Error>> {
                loop {
                    match self.wire.response()? {
                        ClientStep::Go(parts) => return Ok(Response { link: self, parts }),
                        ClientStep::Read => self.fill()$($await)*?,
                    }
                }
            }
        }

        impl<'s, 'm, T: Read + Write> RequestWriter<'s, 'm, T> {
            /// Ends the request, and returns the response.
            ///
            /// Fails as [`request`](ClientStream::request) does, and with
            /// [`BodyLength`](crate::error::WriteError::BodyLength) if octets of a declared length
            /// are missing.
            pub $($asynchronous)? fn finish(
                self,
            ) -> Result<Response<'s, 'm, T>, StreamError<T::Error>> {
                self.link.wire.end_body()?;
                self.link.send(&[])$($await)*?;
                self.link.response()$($await)*
            }
        }

        impl<T: Read + Write> Response<'_, '_, T> {
            /// Returns the head of the response.
            pub fn head(&self) -> ResponseHead<'_> {
                self.link.wire.head(self.parts)
            }
        }

        impl<T: Read + Write> ErrorType for RequestWriter<'_, '_, T> {
            type Error = StreamError<T::Error>;
        }

        impl<T: Read + Write> Write for RequestWriter<'_, '_, T> {
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

        impl<T: Read + Write> ErrorType for Response<'_, '_, T> {
            type Error = StreamError<T::Error>;
        }

        impl<T: Read + Write> Read for Response<'_, '_, T> {
            $($asynchronous)? fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
                loop {
                    match self.link.wire.content(buffer) {
                        ClientStep::Go(count) => return Ok(count),
                        ClientStep::Read => self.link.fill()$($await)*?,
                    }
                }
            }
        }

        impl<T> fmt::Debug for ClientStream<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("ClientStream")
            }
        }

        impl<T> fmt::Debug for RequestWriter<'_, '_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("RequestWriter")
            }
        }

        impl<T> fmt::Debug for Response<'_, '_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("Response")
            }
        }
    };
}
pub(super) use client_stream;
