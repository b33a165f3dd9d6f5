//! The threads of a server on a system without event loops.

use crate::server::engine::Engine;
use crate::server::listener::Listener;
use crate::server::no_loops::EventLoop;
use std::marker::PhantomData;
use std::sync::Arc;

/// The means of a thread that leads loops: nothing.
pub(super) struct Leader<L>(PhantomData<L>);

impl<L: Listener> Leader<L> {
    pub(super) fn new(_: &Arc<Engine<L>>) -> Self {
        Self(PhantomData)
    }

    pub(super) fn clear(&mut self) {}
}

impl<L: Listener> Engine<L> {
    pub(super) fn hand_over(self: &Arc<Self>, event_loop: Box<EventLoop<L::Stream>>) {
        match event_loop.0 {}
    }

    pub(super) fn lead(self: &Arc<Self>, event_loop: Box<EventLoop<L::Stream>>, _: &mut Leader<L>) {
        match event_loop.0 {}
    }
}
