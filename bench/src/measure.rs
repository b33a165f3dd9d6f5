//! The harness: contenders in turn, round by round, so that what disturbs the machine disturbs them
//! all.

use std::time::{Duration, Instant};

/// What is wanted: all, or one contender of one group. What is not wanted is not made either, since
/// valgrind does not know every instruction that a peer uses.
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

/// Does its work this many times.
pub type Work = Box<dyn FnMut(usize)>;

/// One contender on one input.
pub struct Lane {
    /// Its name on the command line.
    pub id: String,
    /// Its name in a table.
    pub title: String,
    pub work: Work,
    /// How many times the work is done at least: the messages of a mix, or the octets of a
    /// message, that only count together.
    pub step: usize,
    /// The most rounds that it takes part in: fewer where one takes a second.
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
    /// Called before each round, outside of what is timed.
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

/// What a group has come to.
pub struct Measured {
    pub name: String,
    pub figures: Vec<(String, String, Figure)>,
}

impl Measured {
    /// The figure of the contender with this id.
    pub fn of(&self, id: &str) -> Option<Figure> {
        self.figures.iter().find(|(found, ..)| found == id).map(|(.., figure)| *figure)
    }
}

/// How long a batch is to take: long beside the clock's resolution, short beside a time slice.
const BATCH: Duration = Duration::from_micros(250);

/// Times the contenders in turn. Each round begins with another one, so that none is always behind
/// the same neighbour.
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

/// How many times the work is done in a batch: a multiple of its step.
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
