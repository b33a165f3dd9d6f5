"""Drives an API server through the requests of README.md, and checks each response."""

import concurrent.futures
import hashlib
import http.client
import json
import re
import signal
import socket
import subprocess

TIMEOUT = 20  # seconds for each wait
LIMIT = 65_536
READERS = ("GET", "HEAD")
# Connections that stay open, and downloads at once, for the peak of the memory.
IDLE = 64
DOWNLOADS = 4


class Failed(Exception):
    """A behaviour that is not that of README.md."""


def expect(what, found, wanted):
    if found != wanted:
        raise Failed(f"{what}: {found!r}, not {wanted!r}")


class Api:
    """A connection to a server. It has to stay open from one request to the next."""

    def __init__(self, port):
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        self.connection.connect()
        self.socket = self.connection.sock

    def request(self, method, target, body=None, chunked=False):
        headers = {} if body is None else {"Content-Type": "application/json"}
        pieces = iter([body]) if chunked else body
        self.connection.request(method, target, pieces, headers, encode_chunked=chunked)
        response = self.connection.getresponse()
        octets = response.read()
        return response, octets

    def check(self, method, target, status, wanted=None, body=None, **fields):
        """Sends a request, and checks status, fields, and the JSON of the response. `wanted` is
        that JSON; an error has to be an object with a text."""
        what = f"{method} {target[:60]}"
        response, octets = self.request(method, target, body)
        expect(f"status of {what}", response.status, status)
        expect(f"connection after {what}", self.connection.sock, self.socket)
        for name, value in fields.items():
            expect(f"{name} of {what}", response.headers.get(name.replace("_", "-")), value)
        if status == 204:
            expect(f"body of {what}", octets, b"")
            return None
        expect(f"Content-Type of {what}", response.headers["Content-Type"], "application/json")
        if method == "HEAD":
            expect(f"body of {what}", octets, b"")
            return None
        found = json.loads(octets)
        if status >= 400:
            expect(f"error of {what}", [list(found), type(found["error"])], [["error"], str])
        else:
            expect(f"JSON of {what}", found, wanted)
        return found


def check_items(api):
    lamp, bar = {"id": 1, "name": "desk lamp"}, {"id": 2, "name": "caf\u00e9 & bar"}
    api.check("GET", "/items", 200, [])
    for item in (lamp, bar):
        body = json.dumps({"name": item["name"]}, ensure_ascii=False).encode()
        api.check("POST", "/items", 201, item, body, Location=f"/items/{item['id']}")
    api.check("GET", "/items", 200, [lamp, bar])
    api.check("HEAD", "/items", 200)
    api.check("GET", "/items/2", 200, bar)
    api.check("HEAD", "/items/2", 200)
    for body in (b'{"name":', b'{"name":1}', b"{}", b"[]", b""):
        api.check("POST", "/items", 400, body=body)
    for query, found in (
        ("caf%C3%A9+%26+bar", [bar]),
        ("a", [lamp, bar]),
        ("desk%20lamp&q=bar", [lamp]),
        ("%FF", []),
        ("", [lamp, bar]),
    ):
        api.check("GET", f"/search?q={query}", 200, found)
    api.check("GET", "/search?Q=a", 400)
    api.check("GET", "/search", 400)
    api.check("DELETE", "/items/1", 204)
    api.check("GET", "/items", 200, [bar])
    for target in ("/items/1", "/items/x", "/items/", "/items/2/x", "/none", "/"):
        api.check("GET", target, 404)


def check_methods(api):
    for method, target, allow in (
        ("DELETE", "/items", "GET, HEAD, POST"),
        ("PUT", "/items/2", "GET, HEAD, DELETE"),
        ("POST", "/search?q=a", "GET, HEAD"),
        ("DELETE", "/file", "GET, HEAD"),
    ):
        api.check(method, target, 405, Allow=allow)


def check_limit(port):
    """The largest body, and larger ones, each on a connection of its own."""
    fixed = len('{"name":""}')
    for count, chunked, status in (
        (LIMIT, False, 201),
        (LIMIT, True, 201),
        (LIMIT + 1, False, 413),
        (LIMIT + 1, True, 413),
    ):
        what = f"status of a body of {count} octets, {'chunked' if chunked else 'with a length'}"
        api = Api(port)
        body = json.dumps({"name": "x" * (count - fixed)}, separators=(",", ":")).encode()
        expect("length", len(body), count)
        response, octets = api.request("POST", "/items", body, chunked)
        expect(what, response.status, status)
        if status == 201:
            api.check("DELETE", response.headers["Location"], 204)
        else:
            expect(f"keys, {what}", list(json.loads(octets)), ["error"])
        api.connection.close()


def check_file(api, file):
    for method in READERS:
        api.connection.request(method, "/file")
        response = api.connection.getresponse()
        what = f"{method} /file"
        expect(f"status of {what}", response.status, 200)
        expect(f"length of {what}", response.headers["Content-Length"], str(file.length))
        expect(f"type of {what}", response.headers["Content-Type"], "application/octet-stream")
        digest = hashlib.file_digest(response, "sha256").hexdigest()
        empty = hashlib.sha256().hexdigest()
        expect(f"body of {what}", digest, empty if method == "HEAD" else file.digest)
        expect(f"connection after {what}", api.connection.sock, api.socket)


def check_old_version(port):
    """A client of HTTP/1.0, to which the end of the connection ends the response."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as client:
        client.sendall(b"GET /items HTTP/1.0\r\n\r\n")
        received = client.makefile("rb").read()
    head, _, body = received.partition(b"\r\n\r\n")
    expect("status to HTTP/1.0", re.match(rb"HTTP/1\.[01] 200 ", head) is not None, True)
    expect("JSON to HTTP/1.0", len(json.loads(body)), 1)


def check_many(port, file):
    """Many connections that stay open, and downloads at once."""
    idle = []
    # One after the other: of those that come at once, tiny_http may leave one without a thread as
    # long as the others are open.
    for _ in range(IDLE):
        idle.append(Api(port))
        idle[-1].check("HEAD", "/items", 200)
    with concurrent.futures.ThreadPoolExecutor(DOWNLOADS) as threads:
        list(threads.map(lambda api: check_file(api, file), idle[:DOWNLOADS]))
    for api in idle:
        api.check("HEAD", "/items", 200)
        api.connection.close()


def peak(pid):
    """Returns the largest resident memory of a process so far, in octets."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) * 1024


def check_shutdown(server, port, file):
    """A SIGTERM lets a response that has begun end, and then the program ends with success."""
    api = Api(port)
    api.connection.request("GET", "/file")
    response = api.connection.getresponse()
    begin = response.read(1_000_000)
    server.send_signal(signal.SIGTERM)
    digest = hashlib.sha256(begin)
    while piece := response.read(1_000_000):
        digest.update(piece)
    expect("response during the shutdown", digest.hexdigest(), file.digest)
    api.connection.close()
    expect("exit status", server.wait(TIMEOUT), 0)


def check(program, file, environment):
    """Checks a server. Returns its peak of memory, in octets."""
    command = [program, "127.0.0.1:0", file.path]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline().rpartition(":")[2])
            api = Api(port)
            check_items(api)
            check_methods(api)
            check_file(api, file)
            check_limit(port)
            check_old_version(port)
            check_many(port, file)
            memory = peak(server.pid)
            api.connection.close()
            check_shutdown(server, port, file)
        finally:
            server.kill()
    return memory
