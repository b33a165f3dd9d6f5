"""The reader h11, in both roles. src/reader/program.rs describes its input and output."""

import struct
import sys

import h11

METHODS = [b"GET", b"GET", b"HEAD", b"CONNECT"]
LIMIT = 1 << 16


def verdict(role, octets):
    """Reads a message with h11, and returns the parts of the outcome."""
    if role == 0:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LIMIT)
    else:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LIMIT)
        target = b"a:1" if METHODS[role] == b"CONNECT" else b"/"
        connection.send(h11.Request(method=METHODS[role], target=target, headers=[(b"Host", b"a")]))
        connection.send(h11.EndOfMessage())
    head, content, trailers, is_whole, is_closed = None, b"", [], False, False
    try:
        if octets:
            connection.receive_data(octets)
        while not is_whole:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if is_closed:
                    break
                # The close ends the content, or the message is incomplete.
                connection.receive_data(b"")
                is_closed = True
            elif isinstance(event, (h11.Request, h11.Response)):
                head = event
            elif isinstance(event, h11.InformationalResponse):
                head, is_whole = event, True
            elif isinstance(event, h11.Data):
                content += event.data
            elif isinstance(event, h11.EndOfMessage):
                trailers, is_whole = list(event.headers.raw_items()), True
            elif event is h11.PAUSED:
                # A tunnel, or another protocol.
                is_whole = True
            else:
                # The connection is closed.
                break
    except h11.RemoteProtocolError as error:
        if not is_closed or not str(error).startswith(
            ("peer", "Can't", "can't", "Remote end closed")
        ):
            return [b"R", str(error).split(":")[0].encode()]
    if head is None:
        return [b"I"]
    if role == 0:
        start = [head.method, head.target, b"HTTP/" + head.http_version]
    else:
        start = [b"HTTP/" + head.http_version, b"%d" % head.status_code, head.reason]
    fields = list(head.headers.raw_items())
    end = b"%d" % (len(octets) - len(connection.trailing_data[0])) if is_whole else b"?"
    parts = [b"A" if is_whole else b"H", b"?", *start, end, content, b"%d" % len(fields)]
    return parts + [part for field in fields + trailers for part in field]


def main():
    source, out = sys.stdin.buffer, sys.stdout.buffer
    version = h11.__version__.encode()
    out.write(struct.pack("<I", len(version)) + version)
    out.flush()
    while size := source.read(4):
        batch = source.read(*struct.unpack("<I", size))
        (count,) = struct.unpack_from("<I", batch)
        at, records = 4, []
        for _ in range(count):
            role, length = struct.unpack_from("<BI", batch, at)
            parts = verdict(role, batch[at + 5 : at + 5 + length])
            record = b"".join(struct.pack("<I", len(part)) + bytes(part) for part in parts)
            records += [struct.pack("<I", len(record)), record]
            at += 5 + length
        out.write(b"".join(records))
        out.flush()


main()
