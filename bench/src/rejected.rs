//! The cost of rejecting a message, compared with accepting it.

use crate::heads::{self, Contender, is_limit};
use crate::inputs;
use crate::measure::{Group, Lane, Wanted};
use std::hint::black_box;

/// The name of each case, and its title in the table.
pub const CASES: [(&str, &str); 3] = [
    ("accepted", "d as it is"),
    ("octet", "one octet wrong, in its last line"),
    ("host", "`Host` wrong"),
];

/// Returns input d unchanged, with a control octet in its last value, or with an invalid Host.
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

/// Returns one group with all cases, so that they are timed in turns.
///
/// A parser that accepts an invalid message has no lane for it.
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
