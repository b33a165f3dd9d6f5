//! The solutions of the exercises in examples/TUTORIAL.md.

use crate::{TIMEOUT, serve_one};
use bareline_net::{ClientStream, Error, Method, ServerStream, Settings, Status, Target, UdpPeer};
use std::io::Read;
use std::thread;

/// Exercise 1: responds to all requests of a connection.
fn serve(connection: &mut ServerStream) -> Result<usize, Error> {
    let mut count = 0;
    while let Some(exchange) = connection.next_request()? {
        exchange.responder.send(Status::OK, &[], b"TCP connection")?;
        count += 1;
    }
    Ok(count)
}

#[test]
fn exercise_1_all_requests_of_a_connection() {
    let (address, served) = serve_one(Settings::new(), |mut stream| serve(&mut stream).unwrap());
    let mut client = ClientStream::connect(&address.to_string()).unwrap();
    for _ in 0..3 {
        let mut response = client.request(Method::GET, Target::ROOT, &[], b"").unwrap();
        let mut body = String::new();
        response.body.read_to_string(&mut body).unwrap();
        assert_eq!(body, "TCP connection");
    }
    drop(client);
    assert_eq!(served.join().unwrap(), 3);
}

/// Exercise 2: responds to a request with its body in capital letters.
fn capitalize(connection: &mut ServerStream) -> Result<(), Error> {
    let Some(mut exchange) = connection.next_request()? else {
        return Ok(());
    };
    let mut text = Vec::new();
    exchange.body.read_to_end(&mut text)?;
    exchange.responder.send(Status::OK, &[], &text.to_ascii_uppercase())
}

/// Exercise 2: sends a body with POST, and returns that of the response.
fn post(address: &str, text: &str) -> Result<String, Error> {
    let mut client = ClientStream::connect(address)?;
    let mut response = client.request(Method::POST, Target::ROOT, &[], text.as_bytes())?;
    let mut body = String::new();
    response.body.read_to_string(&mut body)?;
    Ok(body)
}

#[test]
fn exercise_2_a_body_in_both_directions() {
    let (address, served) =
        serve_one(Settings::new(), |mut stream| capitalize(&mut stream).unwrap());
    assert_eq!(post(&address.to_string(), "hello, server").unwrap(), "HELLO, SERVER");
    served.join().unwrap();
}

/// Exercise 3: ignores a datagram, and responds to the next one; returns both.
fn respond_to_the_second(peer: &mut UdpPeer) -> Result<[Vec<u8>; 2], Error> {
    let mut buffer = [0; 1024];
    let first = peer.receive(&mut buffer)?.octets.to_vec();
    let datagram = peer.receive(&mut buffer)?;
    let (second, from) = (datagram.octets.to_vec(), datagram.from);
    peer.send_to(b"udp server", from)?;
    Ok([first, second])
}

#[test]
fn exercise_3_a_datagram_is_lost() {
    let mut server = UdpPeer::bind("127.0.0.1:0").unwrap();
    let mut client = UdpPeer::connect(server.local_addr().unwrap()).unwrap();
    let served = thread::spawn(move || respond_to_the_second(&mut server).unwrap());
    let mut buffer = [0; 1024];
    let response = client.request(b"udp request", TIMEOUT, &mut buffer, |_| true).unwrap();
    assert_eq!(response.octets, b"udp server");
    // The client has sent its request twice.
    assert_eq!(served.join().unwrap(), [b"udp request", b"udp request"]);
}
