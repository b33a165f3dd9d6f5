//! A server on a system without event loops.

use crate::server::listener::Listener;
use std::convert::Infallible;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;

/// A loop, which does not exist.
pub(super) struct EventLoop<S>(pub(super) Infallible, PhantomData<S>);

/// The part of the loops that all threads share: nothing.
pub(super) struct Loops<L>(PhantomData<L>);

impl<L: Listener> Loops<L> {
    pub(super) fn new(
        _: usize,
        _: &Arc<L>,
        _: bool,
    ) -> io::Result<(Self, impl Iterator<Item = Box<EventLoop<L::Stream>>>)> {
        Ok((Self(PhantomData), std::iter::empty()))
    }

    pub(super) fn kept_threads(&self) -> usize {
        1
    }

    pub(super) fn without(&self, _: &EventLoop<L::Stream>) -> bool {
        false
    }

    pub(super) fn watch(&self, _: &mut Vec<()>, _: impl FnMut(Box<EventLoop<L::Stream>>)) -> bool {
        false
    }

    pub(super) fn wake_all(&self) {}

    pub(super) fn on_free_thread(&self) {}

    pub(super) fn cut(&self) {}

    pub(super) fn discard(&self) {}
}
