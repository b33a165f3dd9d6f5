"""Drives a client through its job of README.md against a server, and checks each request."""

import hashlib
import http.server
import json
import os
import select
import subprocess
import tempfile
import threading
from urllib.parse import parse_qsl

from api_test import TIMEOUT, expect, peak

ITEMS = [{"id": 1, "name": "desk"}, {"id": 2, "name": "caf\u00e9 & bar"}]
# The requests: method, target, fields that they have to have, and the body. A query and a body are
# decoded.
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
REQUESTS = [
    ("GET", "/items?[('name', 'caf\u00e9 & bar'), ('page', '2')]", {}, ""),
    ("POST", "/items", {"Content-Type": JSON}, {"name": "lamp"}),
    ("POST", "/form", {"Content-Type": FORM}, [("name", "Ada Lovelace"), ("year", "1815")]),
    ("GET", "/old", {}, ""),
    ("GET", "/new", {}, ""),
    ("GET", "/file", {}, ""),
    ("PUT", "/file", {}, "the file"),
    ("GET", "/slow", {}, ""),
    ("GET", "/private", {"Authorization": "Bearer secret"}, ""),
    ("GET", "/missing", {}, ""),
]
PRINTED = """\
item 1: desk
item 2: caf\u00e9 & bar
created /items/3: item 3: lamp
form: Ada, 1815
moved to http://127.0.0.1:{port}/new: here
downloaded: {length} octets
uploaded: {length} octets
slow: timed out
private: welcome
missing: 404, no such thing
"""


class Handler(http.server.BaseHTTPRequestHandler):
    """Responds to each request of the job, and notes it."""

    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT
    # The head and the body of a response would otherwise wait for each other.
    wbufsize = -1

    def log_message(self, *_):
        pass

    def respond(self, status, body=b"", **fields):
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **fields}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def receive(self):
        """Reads the body, and decodes it. A file becomes "the file"."""
        left = int(self.headers.get("Content-Length", 0))
        if self.command != "PUT":
            text = self.rfile.read(left).decode()
            decode = {JSON: json.loads, FORM: parse_qsl}.get(self.headers.get_content_type())
            return decode(text) if decode else text
        digest = hashlib.sha256()
        while left and (piece := self.rfile.read(min(left, 65_536))):
            digest.update(piece)
            left -= len(piece)
        is_file = digest.hexdigest() == self.server.file.digest
        return "the file" if is_file else f"the digest {digest.hexdigest()}"

    def handle_request(self):
        server, (path, _, query) = self.server, self.path.partition("?")
        target = f"{path}?{parse_qsl(query)}" if query else path
        server.requests.append((self.command, target, self.headers, self.receive()))
        server.clients.add(self.client_address)
        if path == server.broken:
            return self.respond(503, b"closed today")
        match path, self.command:
            case "/items", "GET":
                self.respond(200, json.dumps(ITEMS).encode(), Content_Type=JSON)
            case "/items", "POST":
                self.respond(201, b'{"id":3,"name":"lamp"}', Content_Type=JSON, Location="/items/3")
            case "/form", _:
                self.respond(200, b"Ada, 1815")
            case "/old", _:
                self.respond(302, Location="/new")
            case "/new", _:
                self.respond(200, b"here")
            case "/file", "GET":
                self.send_response(200)
                self.send_header("Content-Length", str(server.file.length))
                self.end_headers()
                self.wfile.flush()
                with open(server.file.path, "rb") as file:
                    self.connection.sendfile(file)
            case "/file", _:
                stored = json.dumps({"octets": server.file.length}).encode()
                self.respond(200, stored, Content_Type=JSON)
            case "/slow", _:
                # Until the client gives up.
                select.select([self.connection], [], [], TIMEOUT)
                self.close_connection = True
            case "/private", _:
                self.respond(200, b"welcome")
            case _:
                server.memory = peak(server.client)
                self.respond(404, b"no such thing")

    do_GET = do_POST = do_PUT = handle_request


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, file, broken):
        super().__init__(("127.0.0.1", 0), Handler)
        self.file, self.broken = file, broken
        self.requests, self.clients, self.memory = [], set(), None

    def handle_error(self, *_):
        """A client that gives up is no error of the server."""


def run(program, file, environment, broken=None):
    """Runs the job against a server, on which one path is broken."""
    with Server(file, broken) as server, tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        download = os.path.join(folder, "download")
        command = [program, f"http://127.0.0.1:{server.server_port}", file.path, download]
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as client:
            try:
                server.client = client.pid
                printed, errors = client.communicate(timeout=TIMEOUT)
            finally:
                client.kill()
        server.shutdown()
        if os.path.exists(download):
            with open(download, "rb") as octets:
                server.digest = hashlib.file_digest(octets, "sha256").hexdigest()
        return server, client.returncode, printed, errors


def check(program, file, environment):
    """Checks a client. Returns its peak of memory, in octets."""
    server, status, printed, errors = run(program, file, environment)
    expect("exit status and errors", (status, errors), (0, ""))
    wanted = PRINTED.format(port=server.server_port, length=file.length)
    expect("output", printed.split("\n"), wanted.split("\n"))
    expect("download", server.digest, file.digest)
    found = [(method, target, body) for method, target, _, body in server.requests]
    expect("requests", found, [(method, target, body) for method, target, _, body in REQUESTS])
    for (method, target, fields, _), (*_, wanted, _) in zip(server.requests, REQUESTS):
        what = f"{method} {target}"
        for name, value in wanted.items():
            expect(f"{name} of {what}", fields[name].partition(";")[0], value)
        if method == "PUT":
            expect(f"length of {what}", fields["Content-Length"], str(file.length))
    # The one that timed out is not used again.
    expect("connections", len(server.clients), 2)
    _, status, printed, errors = run(program, file, environment, broken="/old")
    expect("503, exit status", status, 1)
    expect("503, last line", printed.split("\n")[-2:], ["form: Ada, 1815", ""])
    expect("503, in the error", "503" in errors, True)
    return server.memory
