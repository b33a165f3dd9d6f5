//! The peer httparse: a request head, without framing, Host, limits and offsets.
#![no_std]
#![no_main]

use budgets::{LARGE_REQUEST, SMALL_REQUEST, entry, measure};
use httparse::{EMPTY_HEADER, Request, Status};

#[entry]
fn main() -> ! {
    measure(&[SMALL_REQUEST, LARGE_REQUEST], parse)
}

fn parse(input: &[u8]) -> usize {
    let mut fields = [EMPTY_HEADER; 32];
    let mut request = Request::new(&mut fields);
    match request.parse(input) {
        Ok(Status::Complete(len)) => {
            let fields: usize =
                request.headers.iter().map(|field| field.name.len() + field.value.len()).sum();
            len + fields + request.method.map_or(0, str::len) + request.path.map_or(0, str::len)
        }
        Ok(Status::Partial) => 0,
        Err(error) => error as usize,
    }
}
