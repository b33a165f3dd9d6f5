//! The system's account of this process, and random numbers.

use std::time::{Duration, Instant};
use std::{fs, thread};

/// The resources that a server has to give back.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Resources {
    threads: usize,
    descriptors: usize,
}

/// Returns the threads and descriptors of this process, where the system reports them.
pub(crate) fn resources() -> Option<Resources> {
    let count = |folder: &str| Some(fs::read_dir(folder).ok()?.count());
    Some(Resources { threads: count("/proc/self/task")?, descriptors: count("/proc/self/fd")? })
}

/// Returns the resident memory of this process in KB, where the system reports it.
pub(crate) fn resident() -> Option<u64> {
    number_behind("/proc/self/status", "VmRSS:")
}

/// Returns the most descriptors that this process may have.
pub(crate) fn most_descriptors() -> usize {
    let most = number_behind("/proc/self/limits", "Max open files");
    most.and_then(|most| usize::try_from(most).ok()).unwrap_or(256)
}

/// Returns the first number of the line of a file that begins so.
fn number_behind(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// Waits for this time.
pub(crate) fn rest(time: Duration) {
    until(time, || false);
}

/// Polls a condition, and returns whether it holds within this time.
pub(crate) fn until(time: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !is_so() {
        let left = time.saturating_sub(start.elapsed());
        if left.is_zero() {
            return false;
        }
        thread::park_timeout(left.min(Duration::from_millis(2)));
    }
    true
}

/// Keeps the system from giving this process addresses for more than some threads, until it is
/// dropped.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub(crate) struct Addresses(rustix::process::Rlimit);

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
impl Addresses {
    /// The stack size of the threads that are counted.
    pub(crate) const STACK: usize = 1 << 30;

    /// Leaves addresses for this number of threads with such a stack, and for other memory.
    pub(crate) fn for_threads(threads: usize) -> Self {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let before = getrlimit(Resource::As);
        let used = number_behind("/proc/self/status", "VmSize:").unwrap() << 10;
        let stacks = u64::try_from(threads * Self::STACK).unwrap();
        let current = Some(used + stacks + (3 << 28));
        setrlimit(Resource::As, Rlimit { current, maximum: before.maximum }).unwrap();
        Self(before)
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
impl Drop for Addresses {
    fn drop(&mut self) {
        let _ = rustix::process::setrlimit(rustix::process::Resource::As, self.0);
    }
}

/// Random numbers that a seed repeats (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below this one.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap();
        usize::try_from(self.next() % bound).unwrap()
    }

    /// Returns true once in so many calls.
    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// Returns one of these.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}
