//! The transport of a stream, in either role.

/// Generates the type that reads and writes, with `async` and `.await`, or without them.
macro_rules! stream_link {
    ($traits:ident, [$($asynchronous:ident)?], [$($await:tt)*]) => {
        pub use crate::embedded::memory::StreamMemory;
        pub use crate::embedded::{StreamError, Upgraded};
        use crate::embedded::memory::LentMemory;
        use crate::embedded::wire::{Fields, Role, Wire};
        use crate::head::Limits;
        use core::fmt;
        use ::$traits::{ErrorType, Read, Write};

        /// A connection on a transport.
        struct Link<'m, T, R> {
            transport: T,
            wire: Wire<'m, R>,
            /// True while written octets have not all reached the transport.
            is_sending: bool,
            /// True while the transport may hold back octets.
            is_held: bool,
        }

        impl<'m, T: Read + Write, R: Role> Link<'m, T, R> {
            const fn new(transport: T, memory: LentMemory<'m>, role: R) -> Self {
                let wire = Wire { role, memory };
                Self { transport, wire, is_sending: false, is_held: false }
            }

            /// Sends the buffer, and receives more octets.
            ///
            /// Fails with the error of the peer: then a server's buffer had the error response.
            $($asynchronous)? fn fill(&mut self) -> Result<(), StreamError<T::Error>> {
                self.flush()$($await)*?;
                if let Some(error) = self.wire.role.error() {
                    return Err(error);
                }
                let room = self.wire.memory.received.spare_mut();
                if room.is_empty() {
                    self.wire.role.on_overflow();
                } else {
                    let read = self.transport.read(room)$($await)*;
                    self.wire.received(read.map_err(StreamError::Transport)?);
                }
                Ok(())
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
                for mut octets in [self.wire.memory.out.as_bytes(), behind] {
                    while !octets.is_empty() {
                        let written = self.transport.write(octets)$($await)*;
                        match written.map_err(StreamError::Transport)? {
                            0 => return Err(StreamError::WriteZero),
                            count => octets = octets.get(count..).unwrap_or(&[]),
                        }
                        self.is_held = true;
                    }
                }
                self.wire.memory.out.clear();
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
        }
    };
}
pub(super) use stream_link;
