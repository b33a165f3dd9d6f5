//! The network chip, SMSC LAN9118: frames in and out through its two FIFOs.

use microcontroller::Register;
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;
use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet, TcpPacket,
};

/// The largest frame in octets: an Ethernet header and 1,500 octets.
const FRAME: usize = 1514;
/// The number of reads of a register after which the chip counts as dead.
const PATIENCE: u32 = 100_000;

const RX_DATA_FIFO: Register = register(0x00);
const TX_DATA_FIFO: Register = register(0x20);
const RX_STATUS_FIFO: Register = register(0x40);
const TX_STATUS_FIFO: Register = register(0x48);
const IRQ_CFG: Register = register(0x54);
const INT_STS: Register = register(0x58);
const INT_EN: Register = register(0x5c);
const BYTE_TEST: Register = register(0x64);
const FIFO_INT: Register = register(0x68);
const TX_CFG: Register = register(0x70);
const HW_CFG: Register = register(0x74);
const RX_FIFO_INF: Register = register(0x7c);
const TX_FIFO_INF: Register = register(0x80);
const MAC_CSR_CMD: Register = register(0xa4);
const MAC_CSR_DATA: Register = register(0xa8);
const AFC_CFG: Register = register(0xac);

// The MAC's registers, reached through MAC_CSR_CMD and MAC_CSR_DATA.
const MAC_CR: u32 = 1;
const ADDRH: u32 = 2;
const ADDRL: u32 = 3;
const MII_ACC: u32 = 6;
const MII_DATA: u32 = 7;

const fn register(offset: usize) -> Register {
    // SAFETY: the mps2-an385 has the chip at this address.
    unsafe { Register::at(0x4020_0000 + offset) }
}

/// The network chip, with a buffer for one frame each way.
pub struct Lan9118 {
    received: [u8; FRAME],
    to_send: [u8; FRAME],
    /// A TCP port on which all sockets are busy. A SYN to it is dropped, not reset, so that the
    /// client retransmits it.
    pub busy_port: Option<u16>,
    /// A SYN to the busy port was dropped.
    pub has_passed_over: bool,
}

impl Lan9118 {
    /// Returns the chip as it is after power-on.
    pub const fn new() -> Self {
        Self { received: [0; FRAME], to_send: [0; FRAME], busy_port: None, has_passed_over: false }
    }

    /// Resets and starts the chip. Returns `None` if it does not respond as this chip does.
    pub fn start(&mut self, address: EthernetAddress) -> Option<()> {
        const ORDER: u32 = 0x8765_4321;
        (BYTE_TEST.read() == ORDER).then_some(())?;
        HW_CFG.write(1);
        (0..PATIENCE).any(|_| HW_CFG.read() & 1 == 0).then_some(())?;
        // 5 KB of the chip's memory for sending; a frame goes out when it is complete.
        HW_CFG.write(5 << 16 | 1 << 20);
        AFC_CFG.write(0x006e_3740); // the data sheet's values
        INT_EN.write(0);
        INT_STS.write(u32::MAX);
        negotiate()?;
        let [a, b, c, d, e, f] = address.0;
        write_mac(ADDRL, u32::from_le_bytes([a, b, c, d]))?;
        write_mac(ADDRH, u32::from_le_bytes([e, f, 0, 0]))?;
        FIFO_INT.write(0xff << 24); // one frame received is enough to interrupt
        TX_CFG.write(1 << 1); // on
        // Full duplex, all multicast, sender and receiver on.
        write_mac(MAC_CR, 1 << 20 | 1 << 19 | 1 << 3 | 1 << 2)?;
        IRQ_CFG.write(1 << 8 | 1 << 4 | 1); // interrupts on, active high, push-pull
        INT_EN.write(1 << 3); // the receive status FIFO has something
        Some(())
    }

    /// Acknowledges the interrupt, so that the next frame interrupts again.
    pub fn acknowledge(&self) {
        INT_STS.write(u32::MAX);
    }

    /// Takes the next frame out of the FIFO, and returns its length if it arrived intact.
    fn take_frame(&mut self) -> Option<usize> {
        const CHECKSUM: usize = 4;
        let status = RX_STATUS_FIFO.read();
        let length = usize::try_from(status >> 16 & 0x3fff).ok()?;
        for word in self
            .received
            .chunks_mut(4)
            .map(Some)
            .chain(core::iter::repeat_with(|| None))
            .take(length.div_ceil(4))
        {
            let octets = RX_DATA_FIFO.read().to_le_bytes();
            if let Some(word) = word {
                word.iter_mut().zip(octets).for_each(|(to, octet)| *to = octet);
            }
        }
        let is_whole = status & 1 << 15 == 0;
        length.checked_sub(CHECKSUM).filter(|&length| is_whole && length <= FRAME)
    }
}

/// Negotiates the speed of the link. Continues without a link, since the cable may come later.
fn negotiate() -> Option<()> {
    const CONTROL: u32 = 0;
    const STATUS: u32 = 1;
    const ADVERTISED: u32 = 4;
    write_phy(CONTROL, 1 << 15)?; // reset
    (0..PATIENCE)
        .map(|_| read_phy(CONTROL))
        .find(|control| control.is_none_or(|control| control & 1 << 15 == 0))??;
    write_phy(ADVERTISED, 0x01e1)?; // 10 and 100 Mbit/s, half and full duplex
    write_phy(CONTROL, 1 << 12 | 1 << 9)?; // begin
    (0..1000)
        .map(|_| read_phy(STATUS))
        .find(|status| status.is_none_or(|status| status & 1 << 2 != 0));
    Some(())
}

fn read_mac(register: u32) -> Option<u32> {
    MAC_CSR_CMD.write(1 << 31 | 1 << 30 | register);
    mac_is_done().then(|| MAC_CSR_DATA.read())
}

fn write_mac(register: u32, value: u32) -> Option<()> {
    MAC_CSR_DATA.write(value);
    MAC_CSR_CMD.write(1 << 31 | register);
    mac_is_done().then_some(())
}

fn mac_is_done() -> bool {
    (0..PATIENCE).any(|_| MAC_CSR_CMD.read() & 1 << 31 == 0)
}

fn read_phy(register: u32) -> Option<u32> {
    write_mac(MII_ACC, 1 << 11 | register << 6 | 1)?;
    phy_is_done()?;
    read_mac(MII_DATA)
}

fn write_phy(register: u32, value: u32) -> Option<()> {
    write_mac(MII_DATA, value)?;
    write_mac(MII_ACC, 1 << 11 | register << 6 | 1 << 1 | 1)?;
    phy_is_done()
}

fn phy_is_done() -> Option<()> {
    (0..PATIENCE).find_map(|_| read_mac(MII_ACC).filter(|access| access & 1 == 0)).map(drop)
}

/// Returns whether the frame is a SYN to this TCP port.
fn is_connect_to(frame: &[u8], port: u16) -> bool {
    let is_it = || {
        let frame = EthernetFrame::new_checked(frame)
            .ok()
            .filter(|frame| frame.ethertype() == EthernetProtocol::Ipv4)?;
        let packet = Ipv4Packet::new_checked(frame.payload())
            .ok()
            .filter(|packet| packet.next_header() == IpProtocol::Tcp)?;
        let segment = TcpPacket::new_checked(packet.payload()).ok()?;
        Some(segment.syn() && !segment.ack() && segment.dst_port() == port)
    };
    is_it().unwrap_or(false)
}

/// A received frame.
pub struct Received<'c>(&'c [u8]);

/// The buffer for a frame to send.
pub struct ToSend<'c>(&'c mut [u8]);

impl Device for Lan9118 {
    type RxToken<'c> = Received<'c>;
    type TxToken<'c> = ToSend<'c>;

    fn receive(&mut self, now: Instant) -> Option<(Received<'_>, ToSend<'_>)> {
        self.transmit(now)?;
        while RX_FIFO_INF.read() >> 16 & 0xff != 0 {
            let Some(length) = self.take_frame() else { continue };
            let frame = self.received.get(..length).unwrap_or(&[]);
            if self.busy_port.is_some_and(|port| is_connect_to(frame, port)) {
                self.has_passed_over = true;
                continue;
            }
            return Some((Received(self.received.get(..length)?), ToSend(&mut self.to_send)));
        }
        None
    }

    fn transmit(&mut self, _: Instant) -> Option<ToSend<'_>> {
        while TX_FIFO_INF.read() >> 16 & 0xff != 0 {
            TX_STATUS_FIFO.read(); // discards the results of earlier frames
        }
        let free = usize::try_from(TX_FIFO_INF.read() & 0xffff).ok()?;
        (free >= 2 * FRAME).then_some(ToSend(&mut self.to_send))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME;
        capabilities.max_burst_size = Some(1);
        capabilities
    }
}

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

impl TxToken for ToSend<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let frame = self.0.get_mut(..length).unwrap_or(&mut []);
        let result = write(frame);
        let length = u32::try_from(frame.len()).unwrap_or(0);
        TX_DATA_FIFO.write(1 << 13 | 1 << 12 | length); // first and last segment of the frame
        TX_DATA_FIFO.write(length);
        for word in frame.chunks(4) {
            let mut octets = [0; 4];
            octets.iter_mut().zip(word).for_each(|(to, octet)| *to = *octet);
            TX_DATA_FIFO.write(u32::from_le_bytes(octets));
        }
        result
    }
}
