//! A long head that arrives one octet at a time: parsing an octet again costs time.

use crate::measure::{Group, Lane, Wanted};
use crate::peers::with_version;
use bareline_core::connection::Received;
use bareline_core::{Event, FieldSpans, ServerConnection};
use std::hint::black_box;
use std::mem::MaybeUninit;

const LINES: usize = 1024;

pub fn groups(wanted: Wanted<'_>) -> Vec<Group> {
    let name = "trickle";
    if !wanted.group(name) {
        return Vec::new();
    }
    let head = head();
    let lanes = [
        // A round takes almost a second.
        wanted.lane("httparse").then(|| {
            let title = format!("{}, parsed again each time", with_version("httparse"));
            lane("httparse", title, parsed_again, &head).rounds(2)
        }),
        wanted
            .lane("ours")
            .then(|| lane("ours", "bareline, ServerConnection".to_string(), received, &head)),
    ];
    vec![Group::new(name, lanes.into_iter().flatten().collect())]
}

/// Returns a lane that reads the head octet by octet; the step is the length of the head.
fn lane(id: &str, title: String, read: fn(&mut [u8]) -> Option<usize>, head: &[u8]) -> Lane {
    let mut head = head.to_vec();
    assert_eq!(read(&mut head), Some(head.len()), "{title} reads the head");
    let step = head.len();
    let work = move |times| {
        (0..times / step).for_each(|_| _ = black_box(black_box(read)(black_box(&mut head))))
    };
    Lane::new(id, title, work).step(step)
}

/// Returns a head of 64 KB, with lines of 80 octets.
fn head() -> Vec<u8> {
    let mut head = b"GET / HTTP/1.1\r\nHost: a.example\r\n".to_vec();
    for number in 0..780 {
        head.extend(format!("X-Line-{number:04}: {:64}\r\n", "w".repeat(64)).bytes());
    }
    head.extend(b"\r\n");
    head
}

fn parsed_again(head: &mut [u8]) -> Option<usize> {
    let mut length = None;
    for end in 1..=head.len() {
        let mut headers = [MaybeUninit::uninit(); LINES];
        let mut request = httparse::Request::new(&mut []);
        let parsed = request.parse_with_uninit_headers(black_box(&head[..end]), &mut headers);
        if let Ok(httparse::Status::Complete(found)) = black_box(parsed) {
            length = Some(found);
        }
    }
    length
}

fn received(head: &mut [u8]) -> Option<usize> {
    let (mut connection, mut spans) = (ServerConnection::new(), FieldSpans::<LINES>::new());
    let mut length = None;
    for end in 1..=head.len() {
        let received = connection.receive(black_box(&mut head[..end]), spans.lend());
        if let Ok(Received { used, event: Event::Head(_) }) = black_box(&received) {
            length = Some(*used);
        }
    }
    length
}
