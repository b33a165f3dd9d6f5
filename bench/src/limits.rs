//! Limits of a parser's speed: moving each octet once, or classifying it once.

use std::hint::black_box;

/// Copies the message.
pub fn copy(octets: &[u8], into: &mut [u8; 8192]) -> usize {
    into[..octets.len()].copy_from_slice(octets);
    black_box(&into);
    octets.len()
}

/// Makes two bitmaps of each 64 octets: of octets invalid in a token, and in a field value.
#[cfg(target_arch = "x86_64")]
pub fn bitmaps(octets: &[u8]) -> usize {
    let (blocks, rest) = octets.as_chunks::<64>();
    let mut last = [0; 64];
    last[..rest.len()].copy_from_slice(rest);
    // Both bitmaps of each block are made; only their XOR is kept.
    let (mut tokens, mut texts) = (0u64, 0u64);
    for (token, text) in blocks.iter().chain([&last]).map(classes) {
        (tokens, texts) = (tokens ^ token, texts ^ text);
    }
    black_box((tokens, texts));
    octets.len()
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn classes(block: &[u8; 64]) -> (u64, u64) {
    let (mut no_token, mut no_text) = (0, 0);
    for (at, lane) in block.as_chunks::<16>().0.iter().enumerate() {
        let (token, text) = classes_of_16(lane);
        no_token |= u64::from(token) << (16 * at);
        no_text |= u64::from(text) << (16 * at);
    }
    (no_token, no_text)
}

/// Makes both bitmaps of 16 octets. SSE2 compares octets for equality only, so a range is found by
/// an unsigned minimum.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn classes_of_16(octets: &[u8; 16]) -> (u16, u16) {
    use safe_arch::{
        cmp_eq_mask_i8_m128i, cmp_lt_mask_i8_m128i, m128i, min_u8_m128i, move_mask_i8_m128i,
        set_splat_i8_m128i, sub_i8_m128i,
    };
    let octets = m128i::from(*octets);
    let all = |octet: u8| set_splat_i8_m128i(octet as i8);
    let equal = |a, b| cmp_eq_mask_i8_m128i(a, b);
    let is = |octet| equal(octets, all(octet));
    let within = |low: u8, high: u8| {
        let above = sub_i8_m128i(octets, all(low));
        equal(min_u8_m128i(above, all(high - low)), above)
    };
    // `(` and `)` differ in one bit.
    let parenthesis = equal(octets | all(1), all(b')'));
    // The comparison is signed, so octets from 0x80 are below SP too.
    let invisible = cmp_lt_mask_i8_m128i(octets, all(b'!'));
    let del = is(0x7f);
    let delimiter = is(b'"')
        | parenthesis
        | is(b',')
        | is(b'/')
        | within(b':', b'@')
        | within(b'[', b']')
        | is(b'{')
        | is(b'}');
    let control = equal(min_u8_m128i(octets, all(0x1f)), octets);
    let no_text = (control & !is(b'\t')) | del;
    let no_token = delimiter | invisible | del;
    (move_mask_i8_m128i(no_token) as u16, move_mask_i8_m128i(no_text) as u16)
}
