//! The harness: contenders take turns, round by round, so that a disturbance hits all of them.

use std::time::{Duration, Instant};

/// A filter: all contenders, or one contender of one group.
///
/// Contenders that do not match are not constructed, since valgrind does not support every
/// instruction that a peer uses.
#[derive(Clone, Copy)]
pub struct Wanted<'a>(pub Option<(&'a str, &'a str)>);

impl Wanted<'_> {
    pub fn group(&self, name: &str) -> bool {
        self.0.is_none_or(|(group, _)| group == name)
    }

    pub fn lane(&self, id: &str) -> bool {
        self.0.is_none_or(|(_, lane)| lane == id)
    }
}

/// A function that does the work this many times.
pub type Work = Box<dyn FnMut(usize)>;

/// One contender on one input.
pub struct Lane {
    /// The name on the command line.
    pub id: String,
    /// The name in a table.
    pub title: String,
    pub work: Work,
    /// The unit of repetition: the messages of a mix, or the octets of a message.
    pub step: usize,
    /// The limit of rounds, lower for a slow contender.
    pub rounds: usize,
}

impl Lane {
    pub fn new(
        id: impl Into<String>,
        title: impl Into<String>,
        work: impl FnMut(usize) + 'static,
    ) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            work: Box::new(work),
            step: 1,
            rounds: usize::MAX,
        }
    }

    pub fn step(self, step: usize) -> Self {
        Self { step, ..self }
    }

    pub fn rounds(self, rounds: usize) -> Self {
        Self { rounds, ..self }
    }
}

/// Contenders that take turns.
pub struct Group {
    pub name: String,
    pub lanes: Vec<Lane>,
    /// A function called before each round, not timed.
    pub before_round: Box<dyn FnMut()>,
}

impl Group {
    pub fn new(name: impl Into<String>, lanes: Vec<Lane>) -> Self {
        Self { name: name.into(), lanes, before_round: Box::new(|| {}) }
    }
}

/// Nanoseconds for one message.
#[derive(Clone, Copy)]
pub struct Figure {
    pub min: f64,
    pub median: f64,
}

/// The results of a group.
pub struct Measured {
    pub name: String,
    pub figures: Vec<(String, String, Figure)>,
}

impl Measured {
    /// Returns the figure of the contender with this id.
    pub fn of(&self, id: &str) -> Option<Figure> {
        self.figures.iter().find(|(found, ..)| found == id).map(|(.., figure)| *figure)
    }
}

/// The target duration of a batch: long against the clock's resolution, short against a time slice.
const BATCH: Duration = Duration::from_micros(250);

/// Times the contenders in turns. The first one rotates each round, so that the order does not
/// favour any of them.
pub fn race(group: Group, rounds: usize) -> Measured {
    let Group { name, mut lanes, mut before_round } = group;
    let batches: Vec<usize> = lanes.iter_mut().map(batch_size).collect();
    let mut times = vec![Vec::new(); lanes.len()];
    for round in 0..rounds {
        before_round();
        for turn in 0..lanes.len() {
            let at = (round + turn) % lanes.len();
            let lane = &mut lanes[at];
            if round < lane.rounds {
                let start = Instant::now();
                (lane.work)(batches[at]);
                times[at].push(start.elapsed().as_nanos() as f64 / batches[at] as f64);
            }
        }
    }
    let figures = lanes
        .into_iter()
        .zip(times)
        .map(|(lane, times)| (lane.id, lane.title, figure(times)))
        .collect();
    Measured { name, figures }
}

/// Returns the number of repetitions in a batch, a multiple of the lane's step.
fn batch_size(lane: &mut Lane) -> usize {
    let mut steps = 1;
    loop {
        let start = Instant::now();
        (lane.work)(steps * lane.step);
        let taken = start.elapsed();
        if taken >= BATCH {
            return ((steps as f64 * BATCH.as_secs_f64() / taken.as_secs_f64()).ceil() as usize)
                .max(1)
                * lane.step;
        }
        steps *= 2;
    }
}

fn figure(mut times: Vec<f64>) -> Figure {
    times.sort_by(f64::total_cmp);
    Figure { min: times[0], median: times[times.len() / 2] }
}
