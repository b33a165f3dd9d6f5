//! A body on its way out.

use crate::error::WriteError;

/// Sees to it that a body has the length that its head declares [RFC 9110 section 8.6].
///
/// ```
/// use bareline_core::{ReplyTo, Status, WireBuf, WriteError};
///
/// let mut out = WireBuf::<128>::new();
/// let mut body = out.response(ReplyTo::UNREAD, Status::OK)?.length(5)?;
/// body.data(b"hel", &mut out)?;
/// assert_eq!(body.data(b"lo, world", &mut out), Err(WriteError::BodyLength));
/// body.data(b"lo", &mut out)?;
/// body.end()?;
/// assert!(out.as_bytes().ends_with(b"\r\n\r\nhello"));
/// # Ok::<(), WriteError>(())
/// ```
#[derive(Debug)]
#[must_use = "a body is whole when its encoder has ended"]
pub struct BodyEncoder {
    left: Left,
    data: Data,
}

#[derive(Clone, Copy, Debug)]
enum Left {
    Octets(u64),
    AnyUntilClose,
}

/// What becomes of the octets.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Data {
    Sent,
    /// The request was HEAD: counted, not sent.
    Withheld,
    /// The status is one that only says a length.
    Forbidden,
}

impl BodyEncoder {
    pub(crate) const fn length(length: u64) -> Self {
        Self { left: Left::Octets(length), data: Data::Sent }
    }

    pub(crate) const fn forbidden() -> Self {
        Self { left: Left::Octets(0), data: Data::Forbidden }
    }

    pub(crate) const fn until_close() -> Self {
        Self { left: Left::AnyUntilClose, data: Data::Sent }
    }

    pub(crate) const fn withheld(length: u64) -> Self {
        Self { left: Left::Octets(length), data: Data::Withheld }
    }

    pub(crate) const fn withheld_until_close() -> Self {
        Self { left: Left::AnyUntilClose, data: Data::Withheld }
    }

    /// The same state once more, to come back to when octets could not be written after all.
    pub(crate) const fn snapshot(&self) -> Self {
        Self { left: self.left, data: self.data }
    }

    /// Counts octets of the body that the caller sends itself, without a copy: exactly the octets that this gives back, which
    /// are none in a response to HEAD.
    ///
    /// Fails with [`WriteError::BodyLength`] when they are more than declared, with [`WriteError::BodyForbidden`] when the status
    /// only says a length; nothing is counted then.
    pub fn frame<'d>(&mut self, data: &'d [u8]) -> Result<&'d [u8], WriteError> {
        if self.data == Data::Forbidden && !data.is_empty() {
            return Err(WriteError::BodyForbidden);
        }
        if let Left::Octets(left) = self.left {
            self.left = Left::Octets(left.checked_sub(data.len() as u64).ok_or(WriteError::BodyLength)?);
        }
        Ok(match self.data {
            Data::Sent => data,
            Data::Withheld | Data::Forbidden => &[],
        })
    }

    /// Ends the body. Fails with [`WriteError::BodyLength`] when octets are missing: the message cannot be saved, close the
    /// connection. In a response to HEAD they may all be missing.
    pub fn end(self) -> Result<(), WriteError> {
        match (self.left, self.data) {
            (Left::Octets(1..), Data::Sent) => Err(WriteError::BodyLength),
            _ => Ok(()),
        }
    }
}
