//! The locks and threads of a server: those of std, or those of a model checker in its tests.

#[cfg(bareline_shuttle)]
pub(crate) use shuttle::{sync, thread};
#[cfg(not(bareline_shuttle))]
pub(crate) use std::{sync, thread};
