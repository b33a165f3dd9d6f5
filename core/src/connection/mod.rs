//! A connection without its socket: what may come, what may be sent, and what is waited for.

mod client;
mod event;
mod outgoing;
mod receiving;
mod recv_buf;
mod server;
mod state;

pub use client::{ClientConnection, ClientSending, Request};
pub use event::{ClientEvent, Event, ServerEvent};
pub use receiving::Receiving;
pub use recv_buf::{RecvBuf, Rest};
pub use server::{Answer, ServerConnection, ServerSending};
pub use state::{ClientState, ServerState};
