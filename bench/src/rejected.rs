//! What it costs to refuse a message, beside what it costs to take it.

use crate::heads::{self, Contender, is_limit};
use crate::inputs;
use crate::measure::{Group, Lane, Wanted};
use std::hint::black_box;

/// The name of each case, and how it is called in the table.
pub const CASES: [(&str, &str); 3] = [
    ("accepted", "d as it is"),
    ("octet", "one octet wrong, in its last line"),
    ("host", "`Host` wrong"),
];

/// Input d as it is; with a control in its last value; with what is no host in Host.
fn message(case: &str) -> Vec<u8> {
    let replaced = |from: &str, to: &str| {
        let text = std::str::from_utf8(inputs::D).expect("input d is ASCII");
        assert_eq!((text.matches(from).count(), from.len()), (1, to.len()), "{from}");
        text.replace(from, to).into_bytes()
    };
    match case {
        "octet" => replaced("Priority: u=0, i\r\n", "Priority: u=0,\u{1}i\r\n"),
        "host" => replaced("house.example:8443\r\nU", "house example:8443\r\nU"),
        _ => inputs::D.to_vec(),
    }
}

/// All cases are in one group, so that they are timed in turn. Whoever takes a wrong message has no
/// lane for it.
pub fn groups(wanted: Wanted<'_>) -> Vec<Group> {
    let name = "rejected";
    if !wanted.group(name) {
        return Vec::new();
    }
    let lanes = CASES.iter().flat_map(|(case, _)| {
        let message = message(case);
        let mut contenders = heads::contenders(false);
        contenders.retain_mut(|one| {
            !is_limit(one.id)
                && wanted.lane(&format!("{}-{case}", one.id))
                && (one.parse)(&message).is_some() == (*case == "accepted")
        });
        contenders.into_iter().map(|contender| lane(contender, case))
    });
    vec![Group::new(name, lanes.collect())]
}

fn lane(contender: Contender, case: &str) -> Lane {
    let (Contender { id, title, mut parse, .. }, message) = (contender, message(case));
    Lane::new(format!("{id}-{case}"), title, move |times| {
        for _ in 0..times {
            black_box(parse(black_box(&message)));
        }
    })
}
