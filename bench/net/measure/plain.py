"""A client on plain sockets: checks a server's responses, and holds connections open."""

import re
import socket
import time

from .processes import DEADLINE

LASTING = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
CLOSING = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
BODY = b"TCP connection"


class Wrong(Exception):
    """A server's response differs from that of the other servers."""


def connect(port):
    return socket.create_connection(("127.0.0.1", port), DEADLINE)


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


def check(port):
    """Checks the responses to two single requests and to sixteen pipelined ones, on one connection.
    Retries until the server listens."""
    end = time.monotonic() + DEADLINE
    while True:
        try:
            stream = connect(port)
            break
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise Wrong(f"does not listen after {DEADLINE} s") from None
            time.sleep(0.02)
    with stream:
        rest = b""
        for requests in (1, 1, 16):
            stream.sendall(LASTING * requests)
            for _ in range(requests):
                _, rest = response(stream, rest)
        if rest:
            raise Wrong("sends more responses than requests")


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
        for _ in range(count):
            self.streams.append(connect(port))
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
