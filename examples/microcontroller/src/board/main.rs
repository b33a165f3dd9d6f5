//! HTTP on a Cortex-M3, without alloc: QEMU's mps2-an385 with its network chip.
//!
//! One loop receives a frame, serves the sockets, sends frames, and sleeps when idle.
#![no_std]
#![no_main]

mod board;
mod connection;
mod datagrams;
mod lan9118;
mod stack;
mod task;

use board::{Board, print};
use connection::{Connection, Memory};
use cortex_m_rt::{ExceptionFrame, entry, exception};
use datagrams::Port;
use lan9118::Lan9118;
use smoltcp::iface::{
    Config, Interface, PollIngressSingleResult, PollResult, SocketSet, SocketStorage,
};
use smoltcp::socket::{tcp, udp};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, Ipv4Address, Ipv4Cidr};

/// The board's address in QEMU's network. A product gets one by DHCP.
const ADDRESS: Ipv4Address = Ipv4Address::new(10, 0, 2, 15);
const NETWORK: u8 = 24;
const HARDWARE_ADDRESS: EthernetAddress = EthernetAddress([0x52, 0x54, 0x00, 0x12, 0x34, 0x56]);

/// The limit of concurrent connections.
const CONNECTIONS: usize = 4;
/// The receive buffer of a socket, in octets.
const RECEIVED: usize = 768;
/// The send buffer of a socket, in octets; it keeps octets until they are acknowledged.
const SENT: usize = 1024;
/// The largest datagram, in octets.
const DATAGRAM: usize = 512;

#[entry]
#[allow(clippy::too_many_arguments, reason = "the statics below become arguments")]
fn main() -> ! {
    static mut NETWORK_CHIP: Lan9118 = Lan9118::new();
    static mut MEMORY: [Memory; CONNECTIONS] = [const { Memory::new() }; CONNECTIONS];
    static mut TCP_RECEIVED: [[u8; RECEIVED]; CONNECTIONS] = [[0; RECEIVED]; CONNECTIONS];
    static mut TCP_SENT: [[u8; SENT]; CONNECTIONS] = [[0; SENT]; CONNECTIONS];
    static mut RESPONSE_RECEIVED: [u8; DATAGRAM] = [0; DATAGRAM];
    static mut RESPONSE_SENT: [u8; 64] = [0; 64];
    static mut SSDP_RECEIVED: [u8; DATAGRAM] = [0; DATAGRAM];
    static mut SSDP_SENT: [u8; DATAGRAM] = [0; DATAGRAM];
    static mut RESPONSE_METADATA: Metadata = [[udp::PacketMetadata::EMPTY; 2]; 2];
    static mut SSDP_METADATA: Metadata = [[udp::PacketMetadata::EMPTY; 2]; 2];

    let Some(peripherals) = cortex_m::Peripherals::take() else { give_up("started twice") };
    let mut board = Board::start(peripherals);
    if NETWORK_CHIP.start(HARDWARE_ADDRESS).is_none() {
        give_up("no network chip found");
    }
    let mut config = Config::new(HARDWARE_ADDRESS.into());
    config.random_seed = board.seed();
    let mut interface = Interface::new(config, NETWORK_CHIP, board.now);
    // The interface has room for one address and one group.
    interface
        .update_ip_addrs(|addresses| _ = addresses.push(Ipv4Cidr::new(ADDRESS, NETWORK).into()));
    let _ = interface.join_multicast_group(datagrams::SSDP_GROUP);

    // These do not start as zeros, so as statics they would take flash too. On the stack they live
    // as long, since this function never returns.
    let mut storage = [SocketStorage::EMPTY; CONNECTIONS + 2];
    let mut sockets = SocketSet::new(&mut storage[..]);
    let mut buffers = TCP_RECEIVED.iter_mut().zip(TCP_SENT);
    let mut connections = MEMORY.each_mut().map(|memory| {
        let socket = buffers.next().map(|(received, sent)| sockets.add(tcp_socket(received, sent)));
        (Connection::new(memory), socket.unwrap_or_default())
    });
    let response = sockets.add(udp_socket(RESPONSE_METADATA, RESPONSE_RECEIVED, RESPONSE_SENT));
    let ssdp = sockets.add(udp_socket(SSDP_METADATA, SSDP_RECEIVED, SSDP_SENT));
    let mut ports =
        [(Port::new(datagrams::RESPONSE_PORT), response), (Port::new(datagrams::SSDP_PORT), ssdp)];

    print("READY\n");
    loop {
        board.wake(NETWORK_CHIP);
        loop {
            let is_listening =
                |handle| sockets.get::<tcp::Socket<'_>>(handle).state() == tcp::State::Listen;
            let is_busy = !connections.iter().any(|(_, handle)| is_listening(*handle));
            NETWORK_CHIP.busy_port = is_busy.then_some(connection::PORT);
            NETWORK_CHIP.has_passed_over &= is_busy;
            let received = take_frame(&mut interface, NETWORK_CHIP, &mut sockets, board.now);
            // The response to that frame goes out before a socket is reused.
            let sent = interface.poll_egress(board.now, NETWORK_CHIP, &mut sockets);
            board.is_awaited = NETWORK_CHIP.has_passed_over;
            for (connection, handle) in &mut connections {
                connection.serve(sockets.get_mut(*handle), &mut board);
            }
            for (port, handle) in &mut ports {
                port.keep_open(sockets.get_mut(*handle), board.now);
            }
            datagrams::respond(sockets.get_mut(response));
            datagrams::tell(sockets.get_mut(ssdp));
            let sent_more = interface.poll_egress(board.now, NETWORK_CHIP, &mut sockets);
            if let (PollIngressSingleResult::None, PollResult::None, PollResult::None) =
                (received, sent, sent_more)
            {
                break;
            }
        }
        interface.poll_maintenance(board.now);
        board.sleep();
    }
}

#[inline(never)] // its stack is free again after the call
fn take_frame(
    interface: &mut Interface,
    chip: &mut Lan9118,
    sockets: &mut SocketSet<'_>,
    now: Instant,
) -> PollIngressSingleResult {
    interface.poll_ingress_single(now, chip, sockets)
}

#[inline(never)] // a single copy saves flash
fn tcp_socket(received: &'static mut [u8], sent: &'static mut [u8]) -> tcp::Socket<'static> {
    let mut socket =
        tcp::Socket::new(tcp::SocketBuffer::new(received), tcp::SocketBuffer::new(sent));
    socket.set_nagle_enabled(false); // responses are written in one piece
    socket.set_ack_delay(None);
    socket
}

/// The metadata of the datagrams in a UDP socket, received and to send.
type Metadata = [[udp::PacketMetadata; 2]; 2];

fn udp_socket(
    [received_metadata, sent_metadata]: &'static mut Metadata,
    received: &'static mut [u8],
    sent: &'static mut [u8],
) -> udp::Socket<'static> {
    let received = udp::PacketBuffer::new(&mut received_metadata[..], received);
    udp::Socket::new(received, udp::PacketBuffer::new(&mut sent_metadata[..], sent))
}

/// Prints the reason, and resets the board.
fn give_up(reason: &str) -> ! {
    print("PANIC: ");
    print(reason);
    print("\n");
    cortex_m::peripheral::SCB::sys_reset()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    give_up("bug in the program")
}

// SAFETY: the handler uses no variable of the program.
#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    give_up("processor fault")
}
