//! Connections without a socket: the messages that are valid next, and who has to act.

mod client;
mod event;
mod outgoing;
mod recv_buf;
mod recv_half;
mod server;
mod state;

pub use client::{ClientConnection, ClientSendHalf, RequestHeadWriter};
pub use event::{BodyEvent, ClientEvent, Event, Received, ServerEvent};
pub use recv_buf::{RecvBuf, RecvView};
pub use recv_half::RecvHalf;
pub use server::{ResponseHeadWriter, ServerConnection, ServerSendHalf};
pub use state::{ClientState, ServerState};
