//! The counts for one reader.

use crate::classes::{Case, Class};
use crate::compare::{Difference, difference};
use crate::facts::Facts;
use crate::generator::Generator;
use crate::message::{Message, Outcome};
use crate::ours::{self, Ours};
use crate::reader::Peer;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// Messages, and bareline's readings of them.
pub(crate) struct Batch {
    first: usize,
    messages: Vec<(Message, Ours)>,
}

impl Batch {
    pub(crate) fn new(first: usize, count: usize, generator: &mut Generator) -> Self {
        let read = |_| {
            let message = generator.message();
            let ours = ours::read(&message);
            (message, ours)
        };
        Self { first, messages: (0..count).map(read).collect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }
}

/// The count of a class, and a sample.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) count: usize,
    pub(crate) sample: Message,
    /// The number of unusual parts of the sample.
    oddities: usize,
}

impl Found {
    fn new(message: &Message) -> Self {
        Self { count: 0, sample: message.clone(), oddities: Facts::new(message).oddities() }
    }

    fn add(&mut self, message: &Message, facts: &Facts<'_>) {
        self.count += 1;
        if self.oddities > 0 || message.octets.len() <= self.sample.octets.len() {
            self.keep(message, facts.oddities());
        }
    }

    /// Adds the count of another reader.
    pub(crate) fn merge(&mut self, other: &Found) {
        self.count += other.count;
        self.keep(&other.sample, other.oddities);
    }

    /// Keeps the sample with fewer unusual parts, and of equal ones the shorter.
    fn keep(&mut self, message: &Message, oddities: usize) {
        let is_better = (oddities, message.octets.len(), &message.octets)
            < (self.oddities, self.sample.octets.len(), &self.sample.octets);
        if is_better {
            (self.sample, self.oddities) = (message.clone(), oddities);
        }
    }
}

pub(crate) struct Tally {
    pub(crate) peer: Peer,
    pub(crate) version: String,
    pub(crate) messages: usize,
    /// The numbers of messages that both accept, both reject, and both wait for.
    pub(crate) agreed: [usize; 3],
    /// The classes by name.
    pub(crate) classes: BTreeMap<&'static str, Found>,
    /// The differences without a class, by their kind and both outcomes.
    unclassed: BTreeMap<(Difference, String, String), (Found, Outcome, Outcome)>,
}

impl Tally {
    /// Reads the reader's share of the messages of all batches, and compares.
    pub(crate) fn count(
        peer: Peer,
        command: &[String],
        batches: &Receiver<Arc<Batch>>,
    ) -> io::Result<Self> {
        let (version, mut reader) = peer.start(command)?;
        let mut tally = Self {
            peer,
            version,
            messages: 0,
            agreed: [0; 3],
            classes: BTreeMap::new(),
            unclassed: BTreeMap::new(),
        };
        while let Ok(batch) = batches.recv() {
            let numbered = batch.messages.iter().zip(batch.first..);
            let chosen: Vec<_> = numbered
                .filter(|((message, ours), number)| peer.gets(*number, message, ours))
                .map(|(pair, _)| pair)
                .collect();
            let messages: Vec<_> = chosen.iter().map(|(message, _)| message).collect();
            for ((message, ours), theirs) in chosen.into_iter().zip(reader(&messages)?) {
                tally.compare(message, ours, &theirs);
            }
        }
        Ok(tally)
    }

    fn compare(&mut self, message: &Message, ours: &Ours, theirs: &Outcome) {
        self.messages += 1;
        let Some(difference) = difference(self.peer, message.role, &ours.outcome, theirs) else {
            let verdict = match theirs {
                Outcome::Accepted(_) => 0,
                Outcome::Rejected(_) => 1,
                Outcome::Incomplete(_) => 2,
            };
            self.agreed[verdict] += 1;
            return;
        };
        let case =
            Case { peer: self.peer, message, ours, theirs, difference, facts: Facts::new(message) };
        let new = || Found::new(message);
        match Class::of(&case) {
            Some(class) => {
                self.classes.entry(class.name).or_insert_with(new).add(message, &case.facts)
            }
            None => {
                let key = (difference, verdict(&ours.outcome), verdict(theirs));
                let (found, ..) = self
                    .unclassed
                    .entry(key)
                    .or_insert_with(|| (new(), ours.outcome.clone(), theirs.clone()));
                found.add(message, &case.facts);
            }
        }
    }

    /// Returns the number of messages that are read in another way.
    pub(crate) fn differences(&self) -> usize {
        self.messages - self.agreed.iter().sum::<usize>()
    }

    /// Prints the differences without a class; returns whether there are no such differences.
    pub(crate) fn print_unclassed(&self) -> bool {
        for ((difference, ours, theirs), (found, one, other)) in &self.unclassed {
            let octets = found.sample.octets.escape_ascii();
            println!(
                "FAILED: {}: {} times {difference:?}, {ours} by us, {theirs} by them, as in {:?} \
                 {octets}",
                self.peer.name(),
                found.count,
                found.sample.role
            );
            if !matches!(difference, Difference::WeReject | Difference::TheyReject) {
                println!("    we: {one:?}\n    they: {other:?}");
            }
        }
        self.unclassed.is_empty()
    }
}

fn verdict(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted(_) => "accepted".to_owned(),
        Outcome::Incomplete(_) => "incomplete".to_owned(),
        Outcome::Rejected(reason) => {
            format!("rejected ({})", reason.split('"').next().unwrap_or(""))
        }
    }
}
