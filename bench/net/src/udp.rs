//! UDP peers that respond to datagrams, and their load.

use bareline_net::UdpPeer;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

const RESPONSE: &[u8] = b"udp server";

pub const ALL: &[(&str, crate::Serve)] = &[("std", plain), ("bareline", bareline)];

/// Responds on the socket of std: the limit.
fn plain(port: u16) {
    let socket = UdpSocket::bind(("127.0.0.1", port)).expect("the port is free");
    let mut buffer = [0; 1024];
    loop {
        if let Ok((_, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(RESPONSE, from);
        }
    }
}

fn bareline(port: u16) {
    let mut peer = UdpPeer::bind(("127.0.0.1", port)).expect("the port is free");
    let mut buffer = [0; 1024];
    loop {
        if let Ok(datagram) = peer.receive(&mut buffer) {
            let from = datagram.from;
            let _ = peer.send_to(RESPONSE, from);
        }
    }
}

/// Returns the responses per second with a number of datagrams in flight.
///
/// A datagram without a response in 20 ms is replaced by a new one.
pub fn responses_a_second(server: SocketAddr, under_way: u32, milliseconds: u64) -> f64 {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("there is a port");
    socket.connect(server).expect("loopback is there");
    socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a socket has timeouts");
    let ask = || socket.send(b"udp request").expect("the server is there");
    (0..under_way).for_each(|_| _ = ask());
    let (start, mut responses, mut buffer) = (Instant::now(), 0u32, [0; 64]);
    while start.elapsed() < Duration::from_millis(milliseconds) {
        responses += u32::from(socket.recv(&mut buffer).is_ok());
        ask();
    }
    f64::from(responses) / start.elapsed().as_secs_f64()
}
