//! Connections that there is no place for.

use crate::date::Date;
use crate::error::Error;
use crate::notice::TURN;
use crate::transport::Transport;
use bareline_core::{FieldName, FieldValue, ReplyTo, Status, WireBuf};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// How many may wait for their 503, and how many of those that have it are kept for a moment.
const KEPT: usize = 256;
/// How often it is looked whether the moment is over.
const TICK: Duration = Duration::from_millis(100);

/// Answers connections with 503, in a thread of its own, so that whoever accepts waits for none of them [RFC 9110 section 15.6.4].
pub(crate) struct TurnedAway<S>(Option<SyncSender<S>>);

impl<S: Transport + Send + 'static> TurnedAway<S> {
    /// None yet, and no thread.
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// Has this one answered. When too many wait for that, or there is no thread for it, it is closed.
    pub(crate) fn add(&mut self, stream: S) {
        if self.0.is_none() {
            let (sender, receiver) = sync_channel(KEPT);
            if thread::Builder::new().stack_size(256 * 1024).spawn(move || answer_all(&receiver)).is_ok() {
                self.0 = Some(sender);
            }
        }
        if let Some(sender) = &self.0 {
            let _ = sender.try_send(stream);
        }
    }
}

/// Answers them as they come, until none can come any more. Each is kept for a second then, so that a reset does not take the answer from it
/// [RFC 9112 section 9.6].
fn answer_all<S: Transport>(streams: &Receiver<S>) {
    let mut answered = VecDeque::new();
    let mut is_open = true;
    while is_open || !answered.is_empty() {
        match streams.recv_timeout(if answered.is_empty() { Duration::MAX } else { TICK }) {
            Ok(mut stream) => {
                // It may be gone already.
                if answer(&mut stream).is_ok() {
                    answered.push_back((stream, Instant::now()));
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                is_open = false;
                thread::sleep(TICK);
            }
        }
        while answered.front().is_some_and(|(_, since)| answered.len() > KEPT || since.elapsed() >= TURN) {
            if let Some((mut stream, _)) = answered.pop_front() {
                drain(&mut stream);
            }
        }
    }
}

fn answer(stream: &mut impl Transport) -> Result<(), Error> {
    stream.prepare();
    let _ = stream.set_nonblocking(false);
    stream.set_read_timeout(Some(TURN))?;
    stream.set_write_timeout(Some(TURN))?;
    let mut out = WireBuf::<512>::new();
    out.response(ReplyTo::UNREAD, Status::SERVICE_UNAVAILABLE)?
        .field(FieldName::DATE, Date::now().value())?
        .field(FieldName::from_static("Retry-After"), FieldValue::from_static("1"))?
        .field(FieldName::CONTENT_TYPE, FieldValue::from_static("text/plain; charset=utf-8"))?
        .field(FieldName::CONNECTION, FieldValue::from_static("close"))?
        .body(b"too many connections\n")?;
    stream.write_all(out.as_bytes())?;
    stream.flush()?;
    Ok(stream.close_write()?)
}

/// Takes what has come, so that closing makes no reset.
fn drain(stream: &mut impl Transport) {
    if stream.set_nonblocking(true).is_ok() {
        let mut sink = [0; 4096];
        for _ in 0..16 {
            if !matches!(stream.read(&mut sink), Ok(1..)) {
                break;
            }
        }
    }
}
