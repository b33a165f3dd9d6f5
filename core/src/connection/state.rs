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
    Answer,
    /// The answer has begun and is not whole.
    AnswerBody,
    /// Request and answer are whole.
    Next,
    /// The peer is at fault, and has to be told so.
    Refusal,
    /// Another protocol has the octets.
    Handover,
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
    Next,
    /// Another protocol has the octets.
    Handover,
    /// All is done.
    Close,
}
