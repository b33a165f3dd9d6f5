//! Strategies for the models of the properties.
//!
//! A strategy generates a message part by part, so that a failing one shrinks to a readable
//! message. The first of several choices is always the plainest: proptest shrinks towards it.

mod bodies;
mod calls;
mod connections;
mod lines;
mod messages;
mod operations;
mod shown;
mod streams;

pub use bodies::{body_models, body_octets, body_readings};
pub use calls::calls;
pub use connections::{askings, manners, readings, request_sequences, response_sequences};
pub use lines::{broken, heads, lines, random_octets, runs};
pub use messages::{
    messages, requests, responses, written, written_messages, written_requests, written_responses,
};
pub use operations::{buffer_uses, client_operations, early_operations, operations, stream_calls};
pub use shown::Listed;
pub use streams::{client_scenes, server_scenes};
