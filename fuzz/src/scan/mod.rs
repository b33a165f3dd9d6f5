//! All ways to find where a run of a class of octets ends, side by side. They are private to core, so they are taken here by their paths.

mod bitmaps;
#[allow(dead_code)]
#[path = "../../../core/src/scan/input.rs"]
mod input;
#[path = "../../../core/src/scan/words.rs"]
mod words;

use crate::octets::{REG_NAME, run_end};
use bitmaps::classes::Classes;
use bitmaps::marked::{Bitmaps, row_end};
use input::Input;
use words::Words;

/// The ends of the runs of all classes that begin at one position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Ends {
    token: usize,
    target: usize,
    text: usize,
    name: usize,
}

/// Every way to scan finds the runs that the RFCs' own words give, from every position.
pub fn every_scan_finds_the_same_runs(octets: &[u8]) {
    let octets = octets.get(..200).unwrap_or(octets);
    let expected: Vec<Ends> = (0..=octets.len()).map(|position| by_the_rfc(octets, position)).collect();
    every_position("words", &expected, |position| ends(&Words::new(octets).at(position), run_end(octets, position, REG_NAME)));
    bitmaps::<bitmaps::portable::Portable>("portable", octets, &expected);
    #[cfg(target_feature = "sse2")]
    bitmaps::<bitmaps::sse2::Sse2>("SSE2", octets, &expected);
    #[cfg(target_feature = "avx2")]
    bitmaps::<bitmaps::avx2::Avx2>("AVX2", octets, &expected);
}

fn bitmaps<C: Classes>(name: &str, octets: &[u8], expected: &[Ends]) {
    let name_end = |position| row_end::<C>(octets, position, C::nonname, REG_NAME);
    // What is known of a block is kept from call to call, in whatever order they come.
    let (forwards, backwards) = (Bitmaps::<C>::new(octets), Bitmaps::<C>::new(octets));
    every_position(name, expected, |position| ends(&forwards.at(position), name_end(position)));
    let last = expected.len().saturating_sub(1);
    every_position(name, expected, |position| {
        ends(&backwards.at(last - position), 0);
        ends(&backwards.at(position), name_end(position))
    });
}

fn every_position(name: &str, expected: &[Ends], found: impl Fn(usize) -> Ends) {
    for (position, expected) in expected.iter().enumerate() {
        assert_eq!(found(position), *expected, "{name} at {position}");
    }
}

/// Text is asked for twice: behind a token, which has found its end already, and without one.
fn ends<I: Input>(input: &I, name: usize) -> Ends {
    let text = input.text_end();
    let (token, target) = (input.token_end(), input.target_end());
    assert_eq!(input.token_end_in_text(), token, "a token in text");
    assert_eq!(input.text_end(), text, "behind a token");
    Ends { token, target, text, name }
}

fn by_the_rfc(octets: &[u8], position: usize) -> Ends {
    let end = |is_inside: fn(u8) -> bool| position + octets.iter().skip(position).take_while(|&&octet| is_inside(octet)).count();
    Ends {
        token: end(|octet| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)),
        target: end(|octet| octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/?[]|{}^`".contains(&octet)),
        text: end(|octet| octet == b'\t' || (b' '..=b'~').contains(&octet) || octet >= 0x80),
        name: end(|octet| octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&octet)),
    }
}
