//! A model checker's tests of lending: it tries many orders in which the threads may run. A lost
//! wake-up is a deadlock, which it reports.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::server::counts::Counts;
use crate::server::crew::Crew;
use crate::server::mailbox::Mailbox;
use crate::server::stack::Stack;
use crate::server::sync::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use crate::server::sync::sync::{Arc, Mutex};
use crate::server::sync::thread;
use crate::server::table::{Found, Table};
use std::time::{Duration, Instant};

const ORDERS: usize = 10_000;

/// A loop, of which no two threads may be the owner, and the number of its last loan.
struct Owned(Arc<AtomicUsize>, usize);

impl Owned {
    fn lead(&self) {
        assert_eq!(self.0.fetch_add(1, SeqCst), 0, "two threads lead a loop");
        thread::yield_now();
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Two threads lead one loop in turn, and the watchdog takes it at times. It is never lost.
#[test]
fn a_loop_has_one_owner_and_the_watchdog_wakes_for_each_loan() {
    shuttle::check_random(
        || {
            let table = Arc::new(Table::new());
            let (given, left) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(6)));
            let (watched, loans) = (Arc::clone(&table), Arc::new(AtomicUsize::new(1)));
            let (to_give, is_left) = (Arc::clone(&given), Arc::clone(&left));
            let watchdog = thread::spawn(move || {
                let mut seen = None;
                while is_left.load(SeqCst) > 0 {
                    match watched.watch(&mut seen) {
                        Found::Quiet => thread::park(),
                        Found::Busy => thread::yield_now(),
                        Found::Stuck(item) => to_give.lock().unwrap().push(item),
                    }
                }
            });
            given.lock().unwrap().push(Box::new(Owned(Arc::default(), 0)));
            let leaders: Vec<_> = (0..2)
                .map(|_| {
                    let (table, given) = (Arc::clone(&table), Arc::clone(&given));
                    let loans = Arc::clone(&loans);
                    let (left, watchdog) = (Arc::clone(&left), watchdog.thread().clone());
                    thread::spawn(move || {
                        while left.load(SeqCst) > 0 {
                            let Some(mut item) = given.lock().unwrap().pop() else {
                                thread::yield_now();
                                continue;
                            };
                            loop {
                                item.lead();
                                let loan = loans.fetch_add(1, SeqCst);
                                item.1 = loan;
                                let (ticket, wakes) = table.lend(item);
                                if wakes {
                                    watchdog.unpark();
                                }
                                // A handler runs.
                                thread::yield_now();
                                match table.take_back(ticket) {
                                    Some(back) => {
                                        assert_eq!(back.1, loan, "it is another one's loan");
                                        item = back;
                                    }
                                    None => break,
                                }
                                if left.fetch_sub(1, SeqCst) == 1 {
                                    left.store(0, SeqCst);
                                    watchdog.unpark();
                                    return;
                                }
                            }
                        }
                    })
                })
                .collect();
            leaders.into_iter().for_each(|leader| leader.join().unwrap());
            watchdog.thread().unpark();
            watchdog.join().unwrap();
        },
        ORDERS,
    );
}

/// A handler never returns: the watchdog takes its loop, however it was about to sleep.
#[test]
fn a_loop_whose_handler_never_returns_is_taken() {
    shuttle::check_random(
        || {
            let table = Arc::new(Table::new());
            let watched = Arc::clone(&table);
            let watchdog = thread::spawn(move || {
                let mut seen = None;
                loop {
                    match watched.watch(&mut seen) {
                        Found::Quiet => thread::park(),
                        Found::Busy => thread::yield_now(),
                        Found::Stuck(item) => return item,
                    }
                }
            });
            for number in 0..3 {
                let (ticket, wakes) = table.lend(Box::new(number));
                if wakes {
                    watchdog.thread().unpark();
                }
                if number < 2 && table.take_back(ticket).is_none() {
                    break;
                }
            }
            watchdog.join().unwrap();
        },
        ORDERS,
    );
}

/// The items of two threads reach a loop that sleeps whenever its mailbox lets it.
#[test]
fn mail_wakes_the_loop_unless_it_can_wait() {
    shuttle::check_random(
        || {
            let mailbox = Arc::new(Mailbox::new());
            let soon = Instant::now();
            let late = soon + Duration::from_secs(60);
            let read = Arc::clone(&mailbox);
            let reader = thread::spawn(move || {
                let mut urgent = 0;
                while urgent < 2 {
                    if read.sleep(Some(late), false) {
                        thread::park();
                    }
                    urgent += read.take().into_iter().filter(|is_urgent| *is_urgent).count();
                }
            });
            let posters: Vec<_> = (0..2)
                .map(|_| {
                    let (mailbox, reader) = (Arc::clone(&mailbox), reader.thread().clone());
                    thread::spawn(move || {
                        for (is_urgent, by) in [(false, Some(Some(late))), (true, Some(Some(soon)))]
                        {
                            if mailbox.post(is_urgent, by).unwrap() {
                                reader.unpark();
                            }
                        }
                    })
                })
                .collect();
            posters.into_iter().for_each(|poster| poster.join().unwrap());
            reader.join().unwrap();
        },
        ORDERS,
    );
}

/// The event of a connection that is away is not lost: its return wakes the loop.
#[test]
fn a_missed_event_lets_the_return_wake_the_loop() {
    shuttle::check_random(
        || {
            let (mailbox, event) = (Arc::new(Mailbox::new()), Arc::new(AtomicUsize::new(0)));
            let late = Instant::now() + Duration::from_secs(60);
            let (read, seen) = (Arc::clone(&mailbox), Arc::clone(&event));
            let reader = thread::spawn(move || {
                // The loop serves the connection once it has both the event and the connection.
                let (mut has_event, mut is_here) = (false, false);
                while !(has_event && is_here) {
                    if read.sleep(Some(late), has_event && !is_here) {
                        thread::park();
                    }
                    has_event |= seen.load(SeqCst) == 1;
                    is_here |= !read.take().is_empty();
                }
            });
            let system = reader.thread().clone();
            let source = thread::spawn(move || {
                event.store(1, SeqCst);
                system.unpark();
            });
            if mailbox.post((), Some(Some(late))).unwrap() {
                reader.thread().unpark();
            }
            source.join().unwrap();
            reader.join().unwrap();
        },
        ORDERS,
    );
}

/// Each job is done by one thread, and the threads end when the crew is closed.
#[test]
fn each_job_finds_a_thread() {
    shuttle::check_random(
        || {
            let crew = Arc::new(Crew::<usize>::new(Stack::Usual, 0));
            let done = Arc::new(Mutex::new(Vec::new()));
            let work = {
                let (crew, done) = (Arc::clone(&crew), Arc::clone(&done));
                move || {
                    let (crew, done) = (Arc::clone(&crew), Arc::clone(&done));
                    move || crew.work(|job| done.lock().unwrap().push(job), |_| {})
                }
            };
            assert!(crew.reserve(1, &work));
            (0..3).for_each(|job| crew.give(job, &work));
            while done.lock().unwrap().len() < 3 {
                thread::yield_now();
            }
            assert!(crew.close(Instant::now() + Duration::from_secs(60)).is_empty());
            let mut done = done.lock().unwrap().clone();
            done.sort_unstable();
            assert_eq!(done, [0, 1, 2]);
        },
        ORDERS,
    );
}

/// More requests than permits: each is called in the end.
#[test]
fn a_permit_that_is_returned_calls_a_request_that_waits() {
    shuttle::check_random(
        || {
            let counts = Arc::new(Counts::default());
            let loops = Arc::new(Mutex::new(Vec::<thread::Thread>::new()));
            let wake_all = |loops: &Mutex<Vec<thread::Thread>>| {
                loops.lock().unwrap().iter().for_each(|each| each.unpark());
            };
            let leaders: Vec<_> = (0..3)
                .map(|_| {
                    let (counts, loops) = (Arc::clone(&counts), Arc::clone(&loops));
                    thread::spawn(move || {
                        loops.lock().unwrap().push(thread::current());
                        while !counts.take_permit(1) {
                            counts.queued.fetch_add(1, SeqCst);
                            if counts.free_permits(1) == 0 {
                                thread::park();
                            }
                            counts.queued.fetch_sub(1, SeqCst);
                        }
                        assert_eq!(counts.in_handlers.load(SeqCst), 1);
                        if counts.return_permit() {
                            wake_all(&loops);
                        }
                    })
                })
                .collect();
            leaders.into_iter().for_each(|leader| leader.join().unwrap());
            assert_eq!(counts.queued.load(SeqCst), 0);
        },
        ORDERS,
    );
}
