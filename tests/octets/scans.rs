//! Every way to scan, with each octet at each position in a block and after it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use bareline_core::inside::{Ends, every_scan};
use bareline_fuzz::{is_name, is_target, is_text, is_token};

/// Octets of all classes, whose bits differ: a scan adds to a word and subtracts from it.
const LETTERS: [u8; 2] = *b"aP";

#[test]
fn each_octet_ends_a_run_at_each_place_or_does_not() {
    let mut ways = Vec::new();
    for octet in 0..=u8::MAX {
        for (at, behind) in (0..=130).flat_map(|at| [0, 7, 19, 69].map(|behind| (at, behind))) {
            let mut octets = [LETTERS[at % LETTERS.len()]; 200];
            octets[at] = octet;
            let octets = &octets[..=at + behind];
            let start = if octet % 2 == 0 { 0 } else { at / 2 };
            let end = |is_inside: fn(u8) -> bool| if is_inside(octet) { octets.len() } else { at };
            let (token, text) = (end(is_token), end(is_text));
            let expected = Ends {
                token,
                token_in_text: token,
                target: end(is_target),
                text,
                text_behind_token: text,
                name: end(is_name),
            };
            every_scan(octets, |way, found| {
                assert_eq!(
                    found(start),
                    expected,
                    "{way}, {octet:#04x} at {at} of {}",
                    octets.len()
                );
                if octet == 0 && at + behind == 0 {
                    ways.push(way.to_owned());
                }
            });
        }
    }
    assert_eq!(ways[..2], ["words", "portable"]);
    let has = |name| ways.iter().any(|way| way == name);
    assert_eq!(has("AVX2"), cfg!(target_feature = "avx2"));
    assert_eq!(has("NEON"), cfg!(all(target_arch = "aarch64", target_endian = "little")));
}
