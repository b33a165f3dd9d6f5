"""A client on plain sockets: checks a server's responses, and holds connections open."""

import re
import socket
import time

from .processes import DEADLINE

LASTING = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SLEEPING = b"GET /sleep/50000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SLEPT = 0.05  # seconds
CLOSING = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
BODY = b"TCP connection"
# Each address of the client has some 28,000 ports.
CONNECTIONS_OF_AN_ADDRESS = 10_000
# The system chooses a port when the socket connects, so it reuses ports that wait to be reused.
IP_BIND_ADDRESS_NO_PORT = 24


class Wrong(Exception):
    """A server's response differs from that of the other servers."""


def connect(port, source="127.0.0.1"):
    stream = socket.socket()
    stream.settimeout(DEADLINE)
    stream.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    stream.bind((source, 0))
    stream.connect(("127.0.0.1", port))
    return stream


def response(stream, rest=b""):
    """Returns the head of the next response, and the octets after the response."""
    received = rest
    while True:
        head, end, behind = received.partition(b"\r\n\r\n")
        if end and len(behind) >= len(BODY):
            break
        octets = stream.recv(65536)
        if not octets:
            raise Wrong("closes before its response is complete")
        received += octets
    if not head.startswith(b"HTTP/1.1 200") or not behind.startswith(BODY):
        raise Wrong("sends a response without status 200 and the expected body")
    if not re.search(rb"(?i)\r\ncontent-length: *14(\r|$)", head):
        raise Wrong("sends a response without Content-Length: 14")
    return head, behind[len(BODY):]


def listening(port):
    """Returns a connection. Retries until the server listens."""
    end = time.monotonic() + DEADLINE
    while True:
        try:
            return connect(port)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise Wrong(f"does not listen after {DEADLINE} s") from None
            time.sleep(0.02)


def exchange(stream, requests):
    """Sends the requests in one write, and checks that as many responses arrive."""
    stream.sendall(b"".join(requests))
    rest = b""
    for _ in requests:
        _, rest = response(stream, rest)
    if rest:
        raise Wrong("sends more responses than requests")


def check(port):
    """Checks the responses to two requests on one connection."""
    with listening(port) as stream:
        exchange(stream, [LASTING])
        exchange(stream, [LASTING])


def check_pause(port):
    """Checks the responses at once, and after the time that the path asks for."""
    check(port)
    with connect(port) as stream:
        start = time.monotonic()
        exchange(stream, [SLEEPING])
        if time.monotonic() - start < SLEPT:
            raise Wrong("does not block for the time in the path")


def pipelines(port):
    """Returns whether a server responds to sixteen requests in one write."""
    with connect(port) as stream:
        stream.settimeout(2)
        try:
            exchange(stream, [LASTING] * 16)
            return True
        except (Wrong, TimeoutError):
            return False


def closing(port):
    """Returns how a server closes on `Connection: close`: "announced", "silent" or "never"."""
    with connect(port) as stream:
        stream.settimeout(2)
        stream.sendall(CLOSING)
        try:
            head, _ = response(stream)
            is_announced = re.search(rb"(?i)\r\nconnection: *close", head)
            is_closed = stream.recv(1) == b""
        except TimeoutError:
            return "never"
        return "announced" if is_announced and is_closed else "silent"


class Connections:
    """Open connections that have each had one response."""

    def __init__(self, port, count):
        self.streams = []
        for number in range(count):
            source = f"127.0.0.{1 + number // CONNECTIONS_OF_AN_ADDRESS}"
            self.streams.append(connect(port, source))
            self.streams[-1].sendall(LASTING)
            response(self.streams[-1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for stream in self.streams:
            stream.close()

    def ask(self):
        """Sends a request on each connection, then receives all responses."""
        for stream in self.streams:
            stream.sendall(LASTING)
        for stream in self.streams:
            response(stream)
