//! A property of the receive buffer: it is a queue.

use arbitrary::Arbitrary;
use bareline_core::connection::RecvBuf;

/// An operation on a receive buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum BufferUse {
    /// Puts in up to this many octets.
    Fill(u8),
    /// Consumes this many octets.
    Consume(u8),
    /// Pins the first count of octets, then puts in and consumes the other two counts after them.
    Pin(u8, u8, u8),
    /// Unpins the octets.
    Unpin,
}

/// Checks that a receive buffer holds the octets that were put in and not consumed, in order.
///
/// Pinned octets do not change. The buffer takes octets until it is full.
pub fn a_receive_buffer_is_a_queue(uses: &[BufferUse]) {
    let mut buffer = RecvBuf::<24>::new();
    let (mut held, mut pinned, mut next) = (Vec::new(), Vec::new(), 0u8);
    // Each octet differs from its neighbours.
    let mut fresh = |count: u8| -> Vec<u8> {
        (0..count % 16)
            .map(|_| {
                next = next.wrapping_add(1);
                next
            })
            .collect()
    };
    for one in uses {
        match *one {
            BufferUse::Fill(count) => {
                let before = held.len();
                let was_full = buffer.is_full();
                let filled = buffer.fill_from(put(&fresh(count), &mut held)).expect("no error");
                assert_eq!(filled, held.len() - before);
                assert!(filled > 0 || was_full || count % 16 == 0, "not full, and took nothing");
            }
            BufferUse::Consume(count) => {
                let count = usize::from(count % 16).min(held.len());
                buffer.consume(count);
                held.drain(..count);
            }
            BufferUse::Pin(pin, fill, consume) => {
                if pinned.is_empty() {
                    pinned = held.drain(..usize::from(pin % 16).min(held.len())).collect();
                }
                buffer.pin(pinned.len());
                assert_eq!((buffer.pinned(), buffer.filled()), (&pinned[..], &held[..]));
                let was_full = buffer.is_full();
                let filled = buffer.fill_from(put(&fresh(fill), &mut held)).expect("no error");
                assert!(filled > 0 || was_full || fill % 16 == 0, "not full, and took nothing");
                let count = usize::from(consume % 16).min(held.len());
                buffer.consume(count);
                held.drain(..count);
            }
            BufferUse::Unpin => {
                buffer.unpin();
                pinned.clear();
            }
        }
        assert_eq!(buffer.filled(), held);
        assert_eq!(buffer.filled_mut(), held);
        assert_eq!(buffer.is_full(), pinned.len() + held.len() >= 24);
        assert_eq!(buffer.pinned(), pinned, "what is pinned has changed");
    }
}

/// Returns a function that copies these octets into the spare octets of a buffer, and notes them.
fn put(octets: &[u8], held: &mut Vec<u8>) -> impl FnOnce(&mut [u8]) -> Result<usize, ()> {
    move |room| {
        assert!(!room.is_empty(), "octets are asked for, and there is no room");
        let count = octets.len().min(room.len());
        room.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
        held.extend_from_slice(octets.get(..count).unwrap_or_default());
        Ok(count)
    }
}
