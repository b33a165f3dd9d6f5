//! Panics in the user's code: handlers, listeners, transports, loggers.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A panic that was caught.
///
/// Dropping its payload may panic again. Such a second payload is leaked, so that a caught panic
/// never unwinds further.
pub(crate) struct Panic(Option<Box<dyn Any + Send>>);

/// Calls the function, and returns its panic as an error.
pub(crate) fn catch<T>(call: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| Panic(Some(payload)))
}

/// Drops the value, and catches its panic: a destructor that panics while another panic unwinds
/// would abort the process.
pub(crate) fn discard<T>(value: T) {
    let _ = catch(|| drop(value));
}

/// Locks a value, also after a panic: no code of ours leaves one half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Panic {
    /// Returns the message of the panic, if it is text.
    pub(crate) fn reason(&self) -> &str {
        let payload = self.0.as_deref();
        let text = payload.and_then(|payload| payload.downcast_ref::<&str>().copied());
        let owned =
            || payload.and_then(|payload| payload.downcast_ref::<String>().map(String::as_str));
        text.or_else(owned).unwrap_or("no message")
    }

    /// Resumes the panic, as if it had not been caught.
    pub(crate) fn resume(mut self) {
        if let Some(payload) = self.0.take() {
            resume_unwind(payload);
        }
    }
}

impl Drop for Panic {
    fn drop(&mut self) {
        let payload = self.0.take();
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            mem::forget(second);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "it is what is tested")]

    use super::catch;
    use std::panic::panic_any;

    /// A payload that panics again when it is dropped, with a payload of its own kind.
    struct Unruly;

    impl Drop for Unruly {
        fn drop(&mut self) {
            panic_any(Self);
        }
    }

    #[test]
    fn a_panic_that_panics_again_is_forgotten() {
        let panic = catch(|| panic_any(Unruly)).err();
        assert_eq!(panic.as_ref().map(|panic| panic.reason()), Some("no message"));
        assert!(catch(|| drop(panic)).is_ok());
    }

    #[test]
    fn a_panic_says_why_and_can_go_on() {
        for (call, reason) in [((|| panic!("why")) as fn(), "why"), (|| panic!("{}", 1), "1")] {
            let panic = catch(call).err();
            assert_eq!(panic.as_ref().map(|panic| panic.reason()), Some(reason));
            let again = catch(|| panic.map(|panic| panic.resume())).err();
            assert_eq!(again.as_ref().map(|panic| panic.reason()), Some(reason));
        }
        assert!(catch(|| 1).is_ok_and(|one| one == 1));
    }
}
