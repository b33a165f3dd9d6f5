//! The limit of event loops: one on each core with its own listener, without HTTP.
#![expect(unsafe_code, reason = "epoll, and SO_REUSEPORT before the bind")]

use super::raw::{Response, Responses};
use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::mem::size_of;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr::from_ref;
use std::thread;

pub fn serve(port: u16) {
    let loops: Vec<_> = (0..crate::cores()).map(|_| thread::spawn(move || run(port))).collect();
    for each in loops {
        each.join().expect("a loop has no end").expect("the port is free");
    }
}

fn run(port: u16) -> io::Result<()> {
    let listener = listen(port)?;
    let epoll = Epoll::new()?;
    epoll.watch(listener.as_raw_fd())?;
    let responses = Responses::new();
    let mut connections: HashMap<RawFd, TcpStream> = HashMap::new();
    let mut buffer = vec![0; 16 * 1024];
    let mut ready = [libc::epoll_event { events: 0, u64: 0 }; 512];
    loop {
        for event in epoll.wait(&mut ready)? {
            let socket = event.u64 as RawFd;
            if let Some(stream) = connections.get_mut(&socket) {
                if !respond(stream, &mut buffer, &responses) {
                    connections.remove(&socket);
                }
            } else {
                while let Ok((stream, _)) = listener.accept() {
                    stream.set_nonblocking(true)?;
                    stream.set_nodelay(true)?;
                    epoll.watch(stream.as_raw_fd())?;
                    connections.insert(stream.as_raw_fd(), stream);
                }
            }
        }
    }
}

/// Responds to received requests, and returns whether the connection stays open.
fn respond(stream: &mut TcpStream, buffer: &mut [u8], responses: &Responses) -> bool {
    match stream.read(buffer) {
        Ok(0) => false,
        Ok(received) => match responses.to(&buffer[..received]) {
            Response::Lasting(responses) => stream.write_all(responses).is_ok(),
            Response::Closing(response) => {
                // An error means that the client is gone; the connection closes in any case.
                let _ = stream.write_all(response);
                false
            }
        },
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
        sin_zero: [0; 8],
    };
    // SAFETY: the pointers are to values that outlive the calls, with their sizes, and the socket
    // has no other owner.
    unsafe {
        let socket = checked(libc::socket(
            libc::AF_INET,
            libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC,
            0,
        ))?;
        let listener = TcpListener::from_raw_fd(socket);
        let (one, length) = (1, size_of::<libc::c_int>() as libc::socklen_t);
        for option in [libc::SO_REUSEADDR, libc::SO_REUSEPORT] {
            let on = from_ref::<libc::c_int>(&one).cast();
            checked(libc::setsockopt(socket, libc::SOL_SOCKET, option, on, length))?;
        }
        let length = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        checked(libc::bind(socket, from_ref(&address).cast(), length))?;
        checked(libc::listen(socket, 4096))?;
        Ok(listener)
    }
}

struct Epoll(OwnedFd);

impl Epoll {
    fn new() -> io::Result<Self> {
        // SAFETY: the descriptor is new, and has no other owner.
        unsafe {
            Ok(Self(OwnedFd::from_raw_fd(checked(libc::epoll_create1(libc::EPOLL_CLOEXEC))?)))
        }
    }

    /// Registers a socket for read events, until it is closed.
    fn watch(&self, socket: RawFd) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: socket as u64 };
        // SAFETY: the event outlives the call.
        checked(unsafe {
            libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_ADD, socket, &raw mut event)
        })?;
        Ok(())
    }

    fn wait<'e>(&self, events: &'e mut [libc::epoll_event]) -> io::Result<&'e [libc::epoll_event]> {
        // SAFETY: the length is that of `events`.
        let count = unsafe {
            libc::epoll_wait(
                self.0.as_raw_fd(),
                events.as_mut_ptr(),
                events.len() as libc::c_int,
                -1,
            )
        };
        match checked(count) {
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(&[]),
            count => Ok(&events[..count? as usize]),
        }
    }
}

fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
