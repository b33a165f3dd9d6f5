"""The peers in Python: urllib, and http.client, which sends a whole body before it reads the
response."""

import http.client
import sys
import urllib.error
import urllib.request


def ask(connection, method, path, **more):
    try:
        connection.request(method, path, **more)
        response = connection.getresponse()
        response.read()
        return str(response.status)
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return type(error).__name__


def connect(address):
    return http.client.HTTPConnection(address, timeout=20)


def uploads(address, path, sizes):
    """Prints the size and the status of each upload, three times, on connections of their own."""
    for size in map(int, sizes):
        for _ in range(3):
            print(size, ask(connect(address), "POST", path, body=b"x" * size))
            pieces = (b"x" * 50_000 for _ in range(size // 50_000))
            print(size, ask(connect(address), "POST", path, body=pieces, encode_chunked=True))


def alternate(address, count):
    """Prints the status of 300 KB that nobody reads and of a GET behind them, again and again."""
    connection = connect(address)
    for number in range(count):
        print("POST", ask(connection, "POST", "/status/404", body=b"x" * 300_000))
        print("GET", ask(connection, "GET", f"/?number={number}"))


def keep(address, count):
    """Prints the status and the client's port of each small POST that nobody reads."""
    connection = connect(address)
    for _ in range(count):
        status = ask(connection, "POST", "/status/404", body=b"x" * 1000)
        print(status, connection.sock and connection.sock.getsockname()[1])


def targets(address, targets):
    """Prints the status of a GET for each target."""
    for target in targets:
        try:
            with urllib.request.urlopen(f"http://{address}{target}", timeout=20) as response:
                print(response.status)
        except urllib.error.HTTPError as error:
            print(error.code)


command, address, *rest = sys.argv[1:]
if command == "uploads":
    uploads(address, rest[0], rest[1:])
elif command == "targets":
    targets(address, rest)
elif command == "alternate":
    alternate(address, int(rest[0]))
else:
    keep(address, int(rest[0]))
