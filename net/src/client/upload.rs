//! The body of a request that is sent while the response arrives.

use crate::client::steps::ClientWire;
use crate::error::Error;
use crate::wire::Moved;
use crate::wire::trailers::Trailers;
use crate::wire::transport::Transport;
use bareline_core::connection::ClientState;
use std::io::{self, Cursor, Read};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// The most octets that are read and sent at a time.
pub(crate) const PIECE: usize = 64 * 1024;

/// The rest of a request's body.
pub(crate) struct Upload<'b> {
    /// The mutex makes a response `Sync`: nobody locks it.
    reader: Mutex<Box<dyn Read + Send + 'b>>,
    piece: Vec<u8>,
    /// The octets of the piece that are not sent.
    unsent: Range<usize>,
    /// The end of the body is written.
    is_ended: bool,
}

/// The result of a step of an upload.
pub(crate) enum Uploaded {
    Sent,
    Received,
    /// The body is sent, or the server wants no more of it.
    All,
    /// Nothing more can be sent.
    Failed(Error),
}

impl<'b> Upload<'b> {
    pub(crate) fn new(reader: Box<dyn Read + Send + 'b>) -> Self {
        let reader = Mutex::new(reader);
        Self { reader, piece: Vec::new(), unsent: 0..0, is_ended: false }
    }

    /// Returns the upload with the rest of the octets in its own memory.
    pub(crate) fn into_owned(mut self) -> Result<Upload<'static>, Error> {
        let mut rest = Vec::new();
        self.reader().read_to_end(&mut rest)?;
        let reader = Mutex::new(Box::new(Cursor::new(rest)) as Box<_>);
        let Self { piece, unsent, is_ended, .. } = self;
        Ok(Upload { reader, piece, unsent, is_ended })
    }

    fn reader(&mut self) -> &mut (dyn Read + Send + 'b) {
        self.reader.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the next octets into this memory; none at the end.
    fn read_into<'p>(&mut self, piece: &'p mut Vec<u8>) -> Result<&'p [u8], Error> {
        piece.resize(PIECE, 0);
        loop {
            match self.reader().read(piece) {
                Ok(count) => return Ok(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Copies the body to `write`, on a transport that cannot send and receive by turns.
    pub(crate) fn copy(
        &mut self,
        mut write: impl FnMut(&[u8]) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let mut piece = std::mem::take(&mut self.piece);
        loop {
            match self.read_into(&mut piece)? {
                [] => return Ok(()),
                octets if write(octets)? => {}
                _ => return Ok(()),
            }
        }
    }

    /// Sends or receives some octets. Fails if the reader does, or has not the declared length.
    pub(crate) fn step<S: Transport>(
        &mut self,
        wire: &mut ClientWire<S>,
    ) -> Result<Uploaded, Error> {
        if self.unsent.is_empty() && !self.is_ended {
            if wire.role().state() != ClientState::SendBody {
                wire.stop_sending();
                return Ok(Uploaded::All);
            }
            self.frame_next(wire).inspect_err(|_| wire.close())?;
        }
        if self.is_ended && wire.is_sent() {
            return Ok(Uploaded::All);
        }
        let unsent = self.piece.get(self.unsent.clone()).unwrap_or_default();
        Ok(match wire.send_or_receive(unsent) {
            Ok(Moved::Sent(count)) => {
                self.unsent.start = self.unsent.start.saturating_add(count);
                Uploaded::Sent
            }
            Ok(Moved::Received) => Uploaded::Received,
            Err(error) => Uploaded::Failed(error),
        })
    }

    /// Reads the next piece, and writes its framing, or the end of the body.
    fn frame_next<S: Transport>(&mut self, wire: &mut ClientWire<S>) -> Result<(), Error> {
        let mut piece = std::mem::take(&mut self.piece);
        let count = self.read_into(&mut piece)?.len();
        self.piece = piece;
        self.unsent = 0..count;
        match self.piece.get(..count) {
            None | Some([]) => {
                wire.end_body(&[])?;
                self.is_ended = true;
            }
            Some(octets) => wire.frame_all(octets)?,
        }
        Ok(())
    }
}

/// Reads octets of a response's body, and sends the rest of the request's meanwhile.
pub(crate) fn read_while_sending<S: Transport>(
    wire: &mut ClientWire<S>,
    upload: &mut Option<Box<Upload<'_>>>,
    buffer: &mut [u8],
    trailers: &mut Trailers,
) -> Result<usize, Error> {
    while let Some(sending) = upload {
        let read = wire.read_received(buffer, trailers)?;
        match read {
            Some(count) if count > 0 || buffer.is_empty() => return Ok(count),
            // At the end of the response the server may still want the rest of the request.
            _ => {}
        }
        match sending.step(wire)? {
            // Octets behind the response are no progress.
            Uploaded::Received if read.is_none() => wire.end_wait(),
            Uploaded::Sent | Uploaded::Received => {}
            Uploaded::All => *upload = None,
            Uploaded::Failed(error) => {
                wire.keep_receive_error(error);
                *upload = None;
            }
        }
    }
    wire.read_body(buffer, trailers)
}
