//! The states of a connection.

#[doc = include_str!("SERVER_STATES.md")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ServerState {
    /// Between requests.
    Idle,
    /// A head has begun.
    Head,
    /// The head is read; neither its body nor an answer is whole.
    Body,
    /// The request is read; no answer has begun.
    SendResponse,
    /// The answer has begun and is not whole.
    SendBody,
    /// Request and answer are whole.
    Done,
    /// The peer is at fault, and has to be told so.
    Reject,
    /// Another protocol has the octets.
    Upgraded,
    /// All is done.
    Close,
}

#[doc = include_str!("CLIENT_STATES.md")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ClientState {
    /// Between requests.
    Idle,
    /// The head of a request is sent that asks for a 100 before its body.
    Continue,
    /// The body of the request is not whole yet.
    RequestBody,
    /// The request is sent; no final response has begun.
    Head,
    /// The head of the final response is read, its body not.
    Body,
    /// Request and response are whole.
    Done,
    /// Another protocol has the octets.
    Upgraded,
    /// All is done.
    Close,
}
