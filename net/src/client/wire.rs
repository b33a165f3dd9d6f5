//! A connection of a client.

use crate::wire::Wire;
use bareline_core::ClientConnection;
use bareline_core::head::OwnedResponseHead;

pub(crate) type ClientWire<S> = Wire<S, ClientConnection>;

pub(crate) const FIELDS: usize = 128;

/// A received head, which outlives the connection.
pub(crate) type Head = OwnedResponseHead<Vec<u8>, FIELDS>;
