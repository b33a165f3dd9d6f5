//! The text of failing cases.

use bareline_fuzz::Octets;
use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use std::fmt;
use std::ops::Deref;

/// A list that is shown with one item on each line.
#[derive(Clone, Default)]
pub struct Listed<T>(pub Vec<T>);

impl<T> Listed<T> {
    /// Returns a strategy for lists of the values of `items`.
    pub(crate) fn of<S>(items: S, size: impl Into<SizeRange>) -> BoxedStrategy<Self>
    where
        S: Strategy<Value = T> + 'static,
        T: fmt::Debug + 'static,
    {
        vec(items, size).prop_map(Self).boxed()
    }
}

impl Listed<Octets> {
    /// Returns the octets of all items.
    pub fn concat(&self) -> Vec<u8> {
        self.0.iter().flat_map(|octets| octets.iter().copied()).collect()
    }
}

impl<T> Deref for Listed<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Listed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|item| write!(f, "\n    {item:?}"))
    }
}
