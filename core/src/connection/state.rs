//! The states of a connection.

/// What a server's connection waits for, and who has to act: the peer, by sending octets, or the caller.
///
/// | state | waits for | deadline to choose |
/// |---|---|---|
/// | `Idle` | the first octet of a request | idle |
/// | `Head` | the rest of a head | head |
/// | `Body` | octets of the body, or the caller's answer | body |
/// | `Answer` | the caller's answer | - |
/// | `AnswerBody` | the rest of the caller's answer; octets of the request's body may come | - |
/// | `Drain` | the rest of a body that is not wanted any more | body |
/// | `Next` | the caller's [`next_request`](super::ServerConnection::next_request) | - |
/// | `Refusal` | the caller's [`reject`](super::ServerConnection::reject) | - |
/// | `Handover` | nothing: the octets belong to another protocol | - |
/// | `Close` | the caller to close the transport | - |
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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
    /// The answer is whole; the request's body is not.
    Drain,
    /// Request and answer are whole.
    Next,
    /// The peer is at fault, and has to be told so.
    Refusal,
    /// Another protocol has the octets.
    Handover,
    /// All is done.
    Close,
}

/// What a client's connection waits for, and who has to act.
///
/// | state | waits for | deadline to choose |
/// |---|---|---|
/// | `Idle` | the caller's request | - |
/// | `Continue` | an interim response, before the body is sent; the caller may send on at any time | short |
/// | `RequestBody` | the rest of the caller's request; a response may come early | - |
/// | `Head` | the head of a response | head |
/// | `Body` | octets of the response's body | body |
/// | `Next` | the caller's [`next_request`](super::ClientConnection::next_request) | - |
/// | `Handover` | nothing: the octets belong to another protocol | - |
/// | `Close` | the caller to close the transport | - |
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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
