//! A server on a system without event loops.

use crate::server::engine::{Engine, Job};
use crate::server::listener::Listener;
use std::convert::Infallible;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;

/// A loop, which does not exist.
pub(super) struct EventLoop<S>(Infallible, PhantomData<S>);

/// The part of the loops that all threads share: nothing.
pub(super) struct Loops<L>(PhantomData<L>);

/// The means of a thread that leads loops: nothing.
pub(super) struct Leader<L>(PhantomData<L>);

impl<L: Listener> Leader<L> {
    pub(super) fn new(_: &Arc<Engine<L>>) -> Self {
        Self(PhantomData)
    }

    pub(super) fn clear(&mut self) {}
}

impl<L: Listener> Loops<L> {
    pub(super) fn new(_: usize, _: &Arc<L>, _: bool) -> io::Result<(Self, Vec<Job<L>>)> {
        Ok((Self(PhantomData), Vec::new()))
    }

    pub(super) fn kept_threads(&self) -> usize {
        1
    }

    pub(super) fn without(&self, _: Job<L>) -> Option<Job<L>> {
        None
    }

    pub(super) fn watch(&self, _: &mut Vec<()>, _: impl FnMut(Box<EventLoop<L::Stream>>)) -> bool {
        false
    }

    pub(super) fn wake_all(&self) {}

    pub(super) fn on_free_thread(&self) {}

    pub(super) fn cut(&self) {}

    pub(super) fn discard(&self) {}
}

impl<L: Listener> Engine<L> {
    pub(super) fn hand_over(self: &Arc<Self>, event_loop: Box<EventLoop<L::Stream>>) {
        match event_loop.0 {}
    }

    pub(super) fn lead(self: &Arc<Self>, event_loop: Box<EventLoop<L::Stream>>, _: &mut Leader<L>) {
        match event_loop.0 {}
    }
}
