//! Connections to hosts that have several addresses.

use crate::error::{Error, Wait};
use crate::wire::deadline::Deadline;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The time after which the next address is tried beside those before [RFC 8305 section 5].
const NEXT: Duration = Duration::from_millis(250);

/// Returns the addresses with their families by turns [RFC 8305 section 4]: where all addresses of
/// one family are out of reach, the second attempt is of the other.
fn by_turns(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let (mut ipv4, mut ipv6) = (0_usize.., 0_usize..);
    let places = addresses.map(|one| (if one.is_ipv6() { ipv6.next() } else { ipv4.next() }, one));
    let mut addresses: Vec<_> = places.collect();
    addresses.sort_by_key(|(place, _)| *place);
    addresses.into_iter().map(|(_, address)| address).collect()
}

/// Connects to the first of these addresses that accepts the connection. Each has this time; one
/// that fails, or does not accept within [`NEXT`], lets the next one begin. Returns the end of the
/// time of that address too, for a handshake.
pub(crate) fn connect_to_one(
    addresses: impl Iterator<Item = SocketAddr>,
    timeout: Duration,
    until: Deadline,
) -> Result<(TcpStream, Deadline), Error> {
    let addresses = by_turns(addresses);
    let connect = move |address: &SocketAddr| {
        let now = Instant::now();
        until.check(now)?;
        let connected = TcpStream::connect_timeout(address, timeout.min(until.left(now)));
        let handshake_until = Deadline::new(Wait::Handshake, timeout, now).min(until);
        Ok(connected.map(|stream| (stream, handshake_until)))
    };
    let mut tried = Vec::new();
    if let [address] = &addresses[..] {
        match connect(address)? {
            Ok(connected) => return Ok(connected),
            Err(error) => tried.push((*address, error)),
        }
    }
    // An attempt cannot be interrupted: a thread that comes too late closes its connection.
    let (sender, receiver) = channel();
    let mut next = addresses.iter().filter(|_| addresses.len() > 1).peekable();
    let mut pending = 0_usize;
    while pending > 0 || next.peek().is_some() {
        if let Some(&address) = next.next() {
            let sender = sender.clone();
            let attempt = move || {
                let connected: Result<_, Error> = connect(&address);
                let _ = sender.send((address, connected));
            };
            match thread::Builder::new().spawn(attempt.clone()) {
                Ok(_) => {}
                Err(_) => attempt(),
            }
            pending = pending.saturating_add(1);
        }
        let left = if next.peek().is_some() { NEXT } else { Duration::MAX };
        match receiver.recv_timeout(left.min(until.left(Instant::now()))) {
            Ok((_, Ok(Ok(connected)))) => return Ok(connected),
            Ok((address, Ok(Err(error)))) => {
                tried.push((address, error));
                pending = pending.saturating_sub(1);
            }
            Ok((_, Err(error))) => return Err(error),
            Err(RecvTimeoutError::Timeout) => until.check(Instant::now())?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    until.check(Instant::now())?;
    Err(Error::Connect { tried })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

    use super::{by_turns, connect_to_one};
    use crate::error::{Error, PeerError, Wait};
    use crate::wire::deadline::Deadline;
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    #[test]
    fn rfc8305_4_the_families_take_turns() {
        let turns = |addresses: &str| -> String {
            let addresses = addresses.split(' ').map(|one| match one.parse::<u16>() {
                Ok(port) => (Ipv4Addr::LOCALHOST, port).into(),
                Err(_) => (Ipv6Addr::LOCALHOST, one[1..].parse().unwrap()).into(),
            });
            let turns = by_turns(addresses);
            let names = turns.iter().map(|one: &SocketAddr| match one {
                SocketAddr::V4(one) => one.port().to_string(),
                SocketAddr::V6(one) => format!("v{}", one.port()),
            });
            names.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(turns("v1 v2 v3 1 2"), "v1 1 v2 2 v3");
        assert_eq!(turns("1 2 v1"), "1 v1 2");
        assert_eq!(turns("2 1 3"), "2 1 3");
    }

    #[test]
    fn each_address_is_tried_until_one_connects() {
        // No other test listens at this address, so that its ports stay free. macOS has but one.
        let host = if cfg!(target_os = "macos") { "127.0.0.1:0" } else { "127.83.0.1:0" };
        let free = || TcpListener::bind(host).unwrap().local_addr().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (timeout, addresses) =
            (Duration::from_secs(20), [free(), listener.local_addr().unwrap(), free()]);
        let (stream, _) = connect_to_one(addresses.into_iter(), timeout, Deadline::NEVER).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addresses[1]);

        let rejected = [free(), free()];
        let error = connect_to_one(rejected.into_iter(), timeout, Deadline::NEVER).unwrap_err();
        assert!(
            matches!(
                &error,
                Error::Connect { tried } if tried.len() == 2 && tried[1].0 == rejected[1]
            ),
            "{error:?}"
        );

        // A timeout at once, and one after an address that was tried.
        for (after, addresses) in [(0, &addresses[..]), (100, &rejected[..])] {
            let over = Deadline::new(Wait::Exchange, Duration::from_millis(after), Instant::now());
            let slow = std::iter::from_fn(|| {
                while over.check(Instant::now()).is_ok() {
                    std::thread::park_timeout(over.left(Instant::now()));
                }
                None
            });
            let error =
                connect_to_one(addresses.iter().copied().chain(slow), timeout, over).unwrap_err();
            assert!(
                matches!(error, Error::Peer(PeerError::TimedOut { wait: Wait::Exchange, .. })),
                "{error:?}"
            );
        }
    }

    /// The queue of a listener is full, so that Linux ignores further attempts.
    #[cfg(target_os = "linux")]
    #[test]
    fn rfc8305_5_a_silent_address_does_not_hold_up_the_next() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        rustix::net::listen(&silent, 0).unwrap();
        let address = silent.local_addr().unwrap();
        let soon = Duration::from_millis(50);
        let mut queued = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, soon) {
            queued.push(stream);
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = [address, address, listener.local_addr().unwrap()];
        let (timeout, start) = (Duration::from_secs(20), Instant::now());
        let (stream, _) = connect_to_one(addresses.into_iter(), timeout, Deadline::NEVER).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addresses[2]);
        assert!(start.elapsed() < timeout / 2);
        // Each has its own timeout.
        let error =
            connect_to_one(addresses[..2].iter().copied(), soon, Deadline::NEVER).unwrap_err();
        assert!(matches!(&error, Error::Connect { tried } if tried.len() == 2), "{error:?}");
        assert!(error.is_timeout());
    }
}
