"""Tests the firmwares from outside, through sockets of QEMU, with curl, a browser and a load
generator.

test.py minimal TCP LOG                 the minimal firmware
test.py thermometer TCP LOG             the thermometer
test.py board TCP UDP SSDP LOG SECONDS  the routes, UDP and SSDP of the board
test.py waits TCP UDP SSDP LOG SECONDS  checks that wait: timeouts, a fifth connection
test.py load TCP UDP SSDP LOG SECONDS   load: resets, hostile connections, many requests
test.py wire FROM TO                    the board, by the frames on its wire
test.py uart NAME PATH                  the firmware on the serial line of NAME, a Unix socket
test.py update OPTION...                the firmware update, on machines with these options of QEMU

TCP, UDP and SSDP are ports that QEMU forwards to the firmware, LOG is the log of its console, and
SECONDS is the duration of each load. Each check prints a line, `ok NAME`, `SKIPPED NAME: WHY` or
`FAIL NAME: WHY`; `done` is the last line.
"""

import concurrent.futures
import contextlib
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

DEADLINE = 20
PAGE = pathlib.Path(__file__).parent / "src/board/page.html"
GET = b"GET /status HTTP/1.1\r\nHost: a\r\n\r\n"
LAST_GET = b"GET /status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
# The timeouts of board/connection.rs, in seconds.
HEAD, STALL, IDLE, LINGER = 5, 5, 10, 3
# The timeout of a connection, and of a request, in network.rs.
CONNECTION = 10


METHODS = b"GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH M-SEARCH".split()
# The rest of a request: each way of a body, an upgrade, an expectation.
RESTS = [
    b"\r\n",
    b"Connection: close\r\n\r\n",
    b"Connection: keep-alive\r\n\r\n",
    b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"Content-Length: 5\r\n\r\nhello",
    b"Content-Length: 5\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nhello",
    b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    b"Expect: 100-continue\r\n\r\n",
    b"Expect: the unexpected\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
]
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"


def every_request(path, methods=METHODS):
    """Returns requests of these methods with each rest in both versions, and each form of a
    target."""
    of = {b"CONNECT": b"a:1"}
    forms = [(b"GET", b"http://a:1" + path), (b"GET", b"http://a:1"), (b"OPTIONS", b"*")]
    lines = [(b"%s %s" % (one, of.get(one, path)), rest) for one in methods for rest in RESTS]
    lines += [(b"%s %s" % form, RESTS[0]) for form in forms]
    return [
        b"%s HTTP/1.%d\r\nHost: a:1\r\n%s" % (line, version, rest)
        for line, rest in lines
        for version in (0, 1)
    ]


def expect_responses(request, response):
    """Checks the statuses of the responses to a request and the next one."""
    codes = re.findall(rb"HTTP/1\.1 (\d+) ", response)
    expect(codes and b"200" <= codes[-1] < b"600", request + b"||" + response)
    # A status 2xx would begin a tunnel.
    expect(codes[0] >= b"400" or not request.startswith(b"CONNECT"), request + b"||" + response)


class Missing(Exception):
    """A program that a check needs is not installed."""


def check(name, what):
    """Runs one check with a timeout, and prints its result."""

    def late(*_):
        raise TimeoutError(f"the check took more than {6 * DEADLINE} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(6 * DEADLINE)
    try:
        note = what()
        result = f"ok {name}" + (f": {note}" if note else "")
    except Missing as error:
        kind = "FAIL" if os.environ.get("BARELINE_PEERS") == "all" else "SKIPPED"
        result = f"{kind} {name}: {error} is not installed"
    except Exception as error:
        result = f"FAIL {name}: {type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    say(result)


def say(line):
    """Prints a line in one write, since groups of checks print at the same time."""
    print(line + "\n", end="", flush=True)


def expect(is_so, seen=""):
    if not is_so:
        text = seen.decode("latin-1") if isinstance(seen, bytes) else str(seen)
        raise AssertionError(text if len(text) < 400 else text[:400] + "…")


def program(*names):
    for name in names:
        if path := shutil.which(name):
            return path
    raise Missing(names[0])


def output(*command):
    done = subprocess.run(command, capture_output=True, timeout=3 * DEADLINE, check=True)
    return done.stdout.decode()  # text mode would drop each CR


class Machine:
    """A firmware with a network."""

    def __init__(self, tcp, log):
        self.tcp, self.url = ("127.0.0.1", int(tcp)), f"http://127.0.0.1:{tcp}"
        self.log = log

    # --- with plain sockets

    def connect(self):
        one = socket.create_connection(self.tcp, timeout=DEADLINE)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return one

    def exchange(self, octets):
        """Sends octets, and reads until the board closes."""
        with self.connect() as one:
            one.sendall(octets)
            return read_all(one)

    def exchange_all(self, octets):
        """Sends octets, shuts down sending, and reads until the board closes."""
        with self.connect() as one:
            one.sendall(octets)
            one.shutdown(socket.SHUT_WR)
            return read_all(one)

    def status_of(self, octets):
        response = self.exchange(octets)
        is_one = response.count(b"HTTP/1.1 ") == 1
        expect(is_one and b"\r\nConnection: close\r\n" in response, response)
        return int(response[9:12])

    def every_request(self, *paths):
        """Sends each request and the last one on a connection of its own."""
        requests = [request for path in paths for request in every_request(path)]
        for request in requests:
            expect_responses(request, self.exchange(request + LAST_GET))
        return f"{len(requests)} requests"

    # --- with curl

    def curl(self, *options):
        return output(program("curl"), "-sS", "--max-time", str(DEADLINE), *options)

    def curl_code(self, path, *options):
        return self.curl("-o", "/dev/null", "-w", "%{http_code}", *options, self.url + path)

    # --- with a browser

    def browser(self, *options):
        path = program("chromium", "chromium-browser", "google-chrome")
        with tempfile.TemporaryDirectory() as profile:
            fixed = [
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--window-size=800,600",
                "--user-data-dir=" + profile,
            ]
            return output(path, *fixed, "--virtual-time-budget=4000", *options, self.url + "/")

    # --- with the console

    def has_started_once(self):
        console = pathlib.Path(self.log).read_text()
        expect(console == "READY\n", console)


class Minimal(Machine):
    def the_buttons(self):
        """Presses the buttons as a browser does: it follows the 303 to the page."""
        for word in ("on", "off", "on", "on"):
            seen = self.curl("-i", "-L", "-d", f"lamp={word}", self.url + "/lamp")
            codes = re.findall(r"HTTP/1\.1 (\d+) ", seen)
            expect(codes == ["303", "200"] and f"The lamp is {word}." in seen, seen)
            expect(f"The lamp is {word}." in self.curl(self.url + "/"))
        for form in ("lamp=up", "", "lamp=on&lamp=off", "x" * 3000):
            expect(self.curl_code("/lamp", "-d", form) == "422", form)
        expect("The lamp is on." in self.curl(self.url + "/"))

    def other_requests(self):
        head = self.curl("-I", self.url + "/")
        expect(head.startswith("HTTP/1.1 200 OK\r\n") and "\r\nContent-Length: " in head, head)
        told = self.curl("-i", self.url + "/lamp")
        expect(told.startswith("HTTP/1.1 405 ") and "\r\nAllow: POST\r\n" in told, told)
        told = self.curl("-i", "-X", "DELETE", self.url + "/")
        expect(told.startswith("HTTP/1.1 405 ") and "\r\nAllow: GET, HEAD\r\n" in told, told)
        expect(self.curl_code("/nowhere") == "404")

    def several_requests(self):
        """Pipelined requests have responses in order, and octets may come one by one."""
        octets = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 5
        with self.connect() as one:
            for octet in octets:
                one.sendall(bytes([octet]))
            one.shutdown(socket.SHUT_WR)
            response = read_all(one)
        expect(response.count(b"HTTP/1.1 200 OK\r\n") == 5, response)
        expect(self.exchange_all(octets) == response)

    def rejections(self):
        for status, octets in (
            (400, b"GET / HTTP/1.1\r\n\r\n"),
            (400, b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"),
            (431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 3000 + b"\r\n\r\n"),
            (501, b"POST /lamp HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x, chunked\r\n\r\n"),
        ):
            seen = self.status_of(octets)
            expect(seen == status, f"{seen}, not {status}, for {octets[:60]}")

    def silence(self):
        """A silent connection times out, and the next one, which waits for it, is served."""
        with self.connect() as silent, self.connect() as waiting:
            start = time.monotonic()
            silent.sendall(b"GET / HTTP/1.1\r\nHo")
            waiting.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            expect(read_all(silent) == b"", "a response to half a head")
            silent.close()
            expect(read_all(waiting).startswith(b"HTTP/1.1 200 "), "no response with status 200")
        return f"served after {time.monotonic() - start:.1f} s"

    def a_slow_head(self):
        """A connection times out that is never silent for long."""
        with self.connect() as one:
            start, came = time.monotonic(), None
            one.settimeout(0.3)
            while came is None and time.monotonic() < start + 2 * CONNECTION:
                one.sendall(b"G")
                try:
                    came = one.recv(100)
                except TimeoutError:
                    pass
        took = time.monotonic() - start
        expect(came == b"" and took > CONNECTION / 2, f"{came} after {took:.1f} s")
        return f"closed after {took:.1f} s"

    def the_page_in_a_browser(self):
        page = self.browser("--dump-dom")
        expect("The lamp is on." in page and page.count("<button") == 2, page)

    def run(self):
        check("minimal: the buttons", self.the_buttons)
        check("minimal: HEAD, 404, and 405 with Allow", self.other_requests)
        check("minimal: several requests, and octets one by one", self.several_requests)
        check("minimal: rejections: 400, 431, 501", self.rejections)
        check("minimal: every method", lambda: self.every_request(b"/", b"/lamp"))
        check("minimal: a silent connection, and one that waits", self.silence)
        check("minimal: a head that comes slowly", self.a_slow_head)
        check("minimal: the page in a browser", self.the_page_in_a_browser)
        check("minimal: no panic, no restart", self.has_started_once)


class Thermometer(Machine):
    def state(self):
        return json.loads(self.curl(self.url + "/temperature"))

    def put(self, path, text):
        """Returns the status and the content of the response."""
        head = b"PUT %b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (path, len(text))
        response = self.exchange_all(head + text)
        return int(response[9:12]), response.split(b"\r\n\r\n", 1)[1]

    def set(self, text):
        return self.put(b"/set-point", text)

    def the_page(self):
        self.set(b"19.5")
        page = self.curl(self.url + "/")
        expect(re.search(r"It is \d\d\.\d &deg;C", page) and "value=19.5>" in page, page)
        head = self.curl("-I", self.url + "/")
        expect(head.startswith("HTTP/1.1 200 OK\r\n") and head.endswith("\r\n\r\n"), head)
        expect(f"\r\nContent-Length: {len(page)}\r\n" in head, head)

    def set_points(self):
        for text, number in ((b"30.0", 30), (b"5", 5), (b"05.0", 5), (b"21.5", 21.5), (b"30", 30)):
            status, content = self.set(text)
            expect(status == 200 and json.loads(content)["set_point"] == number, content)
            expect(self.state()["set_point"] == number, text)
        for text in (b"4.9", b"30.1", b"99", b"0"):
            expect(self.set(text) == (400, b"send a number from 5 to 30\n"), text)
        words = b".5 5. 21.55 +21 021 -5 2x1 1e1".split()
        for text in (b"", b"x" * 3000, *words):
            expect(self.set(text) == (400, b"send a number such as 21 or 21.5\n"), text)
        expect(self.state()["set_point"] == 30, "an invalid number has changed the set point")

    def servers(self):
        for text in (b"", b"10.0.2.2", b"10.0.2.2:65536", b"a:80", b"10.0.2.2:80" + b"x" * 20):
            expect(self.put(b"/server", text) == (400, b"send a.b.c.d:port\n"), text)

    def every_method(self):
        methods = set(b"GET HEAD PUT POST DELETE OPTIONS PATCH TRACE X".split())
        routes = {b"/": b"GET, HEAD", b"/temperature": b"GET, HEAD"}
        routes.update({b"/set-point": b"PUT", b"/server": b"PUT"})
        for path, allowed in routes.items():
            others = sorted(methods - set(allowed.split(b", ")))
            requests = [b"%b %b HTTP/1.1\r\nHost: a\r\n\r\n" % (one, path) for one in others]
            response = self.exchange_all(b"".join(requests))
            head = b"HTTP/1.1 405 Method Not Allowed\r\nAllow: %b\r\n" % allowed
            expect(response.count(head) == response.count(b"HTTP/1.1 ") == len(others), response)
        expect(self.curl_code("/nowhere") == "404")
        expect(self.status_of(b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n") == 501)

    # --- the server of the readings

    @contextlib.contextmanager
    def server(self):
        """Lends a new server, to which readings go from now on."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(DEADLINE)
            self.host = b"10.0.2.2:%d" % server.getsockname()[1]
            status, content = self.put(b"/server", self.host)
            expect(status == 200, content)
            yield server

    def reading(self, one):
        """Receives a reading."""
        octets = b""
        while b"}\n" not in octets:
            octets += receive(one)
        head, content = octets.split(b"\r\n\r\n", 1)
        start = b"POST /readings HTTP/1.1\r\nHost: %b\r\n" % self.host
        fields = b"Content-Type: application/json\r\nContent-Length: %d" % len(content)
        expect(head == start + fields, octets)
        return json.loads(content)

    def one_connection(self):
        """Readings come on one connection, for longer than the timeout of a request, with the
        temperature, which follows the set point."""
        is_cold = self.state()["celsius"] < 17.5
        self.set(b"30" if is_cold else b"5")
        with self.server() as server, accept(server) as one:
            readings = []
            for _ in range(CONNECTION + 2):
                readings.append(self.reading(one))
                one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
            numbers = [reading["number"] for reading in readings]
            expect(numbers == list(range(numbers[0], numbers[0] + CONNECTION + 2)), readings)
            first, later = readings[1]["celsius"], readings[5]["celsius"]
            expect((first < later) == is_cold and first != later, readings)

    def new_connections(self):
        """Each reading arrives once on a new connection, after the server has closed one."""
        closes = (
            b"HTTP/1.1 204 No Content\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
            b"HTTP/1.0 200 OK\r\n\r\nok\n",
        )
        with self.server() as server:
            numbers = []
            for response in closes * 2:
                with accept(server) as one:
                    numbers.append(self.reading(one)["number"])
                    one.sendall(response)
        expect(numbers == list(range(numbers[0], numbers[0] + 6)), numbers)

    def no_response(self):
        """A reading without a response comes again, and the next one follows."""
        numbers = []
        with self.server() as server:
            for response in (b"", b"HTTP/1.1 200 OK\r\nCon", b"noise\r\n\r\n"):
                with accept(server) as one:
                    numbers.append(self.reading(one)["number"])
                    one.sendall(response)
            with accept(server) as one:
                for _ in range(2):
                    numbers.append(self.reading(one)["number"])
                    one.sendall(b"HTTP/1.1 503 Full\r\nContent-Length: 0\r\n\r\n")
        first = numbers[0]
        expect(numbers == [first, first, first, first, first + 1], numbers)

    def silent_server(self):
        """A server that is silent is left, and the page is served meanwhile and afterwards."""
        with self.server() as server, accept(server) as one:
            number = self.reading(one)["number"]
            expect(self.curl_code("/") == "200")
            expect(read_all(one) == b"", "more octets")
            with accept(server) as other:
                expect(self.reading(other)["number"] == number)

    def run(self):
        check("thermometer: the page, and HEAD", self.the_page)
        check("thermometer: set points", self.set_points)
        check("thermometer: invalid servers", self.servers)
        check("thermometer: 404, and 405 with Allow for each method", self.every_method)
        check("thermometer: readings on one connection", self.one_connection)
        check("thermometer: a new connection after each close", self.new_connections)
        check("thermometer: readings without a response come again", self.no_response)
        check("thermometer: a silent server", self.silent_server)
        check("thermometer: no panic, no restart", self.has_started_once)


class Board(Machine):
    def __init__(self, tcp, response, ssdp, log, seconds):
        super().__init__(tcp, log)
        self.response, self.ssdp = (("127.0.0.1", int(port)) for port in (response, ssdp))
        self.seconds = int(seconds)

    def status(self):
        return json.loads(self.exchange_all(GET).split(b"\r\n\r\n", 1)[1])

    def the_page(self):
        form = "\n%{http_code} %{content_type} %{size_download} %header{content-length}"
        told = self.curl("-w", form, self.url + "/")
        page, last = told.rsplit("\n", 1)
        code, kind, charset, size, length = last.split()
        expect((code, kind, charset) == ("200", "text/html;", "charset=utf-8"), last)
        expect(size == length and page == PAGE.read_text(), last)

    def head_requests(self):
        for path in ("/", "/status", "/ticks"):
            head = self.curl("-I", self.url + path)
            expect(head.startswith("HTTP/1.1 200 OK\r\n") and "Content-Type: " in head, head)
        expect(
            b"\r\n\r\nHTTP/1.1 200"
            in self.exchange_all(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + GET),
            "octets after the head",
        )

    def the_state(self):
        told = self.curl("-i", self.url + "/status")
        head, body = told.replace("\r\n", "\n").split("\n\n", 1)
        expect("Cache-Control: no-store" in head and "Content-Type: application/json" in head, head)
        first, second = json.loads(body), self.status()
        expect(
            second["requests"] == first["requests"] + 1
            and second["uptime_ms"] >= first["uptime_ms"],
            (first, second),
        )

    def the_lamp(self):
        def switch(word):
            return json.loads(self.curl("-d", word, self.url + "/led"))["led"]

        expect(
            [switch(word) for word in ("on", "toggle", "toggle", "off", "off")]
            == [True, False, True, False, False]
        )
        expect(self.status()["led"] is False)
        expect(self.curl_code("/led", "-d", "brighter") == "422")
        expect(self.curl_code("/led", "-d", "") == "422")

    def wrong_methods(self):
        told = self.curl("-i", self.url + "/led")
        expect(told.startswith("HTTP/1.1 405 ") and "\r\nAllow: POST\r\n" in told, told)
        told = self.curl("-i", "-X", "DELETE", self.url + "/status")
        expect(told.startswith("HTTP/1.1 405 ") and "\r\nAllow: GET, HEAD\r\n" in told, told)
        expect(
            self.curl_code("/nowhere") == "404"
            and self.curl_code("/nowhere", "-d", "x" * 3000) == "404"
        )

    def keep_alive(self):
        told = self.curl(
            "-o",
            "/dev/null",
            "-o",
            "/dev/null",
            "-w",
            "%{num_connects} ",
            self.url + "/",
            self.url + "/status",
        )
        expect(told.split() == ["1", "0"], told)

    def pipelining(self):
        requests = [b"/status", b"/", b"/nowhere", b"/led"] * 5
        octets = b"".join(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in requests)
        codes = re.findall(rb"HTTP/1\.1 (\d+) ", self.exchange_all(octets))
        expect(codes == [b"200", b"200", b"404", b"405"] * 5, codes)

    def one_octet_at_a_time(self):
        with self.connect() as one:
            for octet in (
                b"POST /led HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"2;a=b\r\non\r\n0\r\n\r\n"
            ):
                one.sendall(bytes([octet]))
            one.shutdown(socket.SHUT_WR)
            response = read_all(one)
        expect(response.startswith(b"HTTP/1.1 200 OK\r\n") and b'"led":true' in response, response)

    def echo(self):
        for length in (0, 1, 1000, 20_000):
            body = bytes(number * 7 % 251 for number in range(length))
            head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length
            response = self.exchange_all(head + body)
            expect(
                b"\r\nContent-Length: %d\r\n" % length in response
                and response.endswith(b"\r\n\r\n" + body),
                response,
            )

    def echo_in_chunks(self):
        body = bytes(number * 7 % 251 for number in range(20_000))
        pieces = [body[at : at + 1700] for at in range(0, len(body), 1700)]
        chunks = b"".join(b'%x;name="value";x\r\n%s\r\n' % (len(piece), piece) for piece in pieces)
        head = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        response = self.exchange_all(head + chunks + b"0\r\nX-Sum: 1\r\n\r\n")
        is_chunked = b"\r\nTransfer-Encoding: chunked\r\n" in response
        expect(is_chunked and unchunked(response) == body, response)
        expect(unchunked(self.exchange_all(head + b"0\r\n\r\n")) == b"")

    def echo_by_curl(self):
        with tempfile.TemporaryDirectory() as folder:
            sent, came = os.path.join(folder, "sent"), os.path.join(folder, "came")
            with open(sent, "wb") as file:
                file.write(os.urandom(100_000))
            for options in ([], ["-H", "Transfer-Encoding: chunked"]):
                self.curl("--data-binary", "@" + sent, "-o", came, *options, self.url + "/echo")
                with open(sent, "rb") as before, open(came, "rb") as after:
                    expect(before.read() == after.read(), "the echoed body differs")

    def the_ticks(self):
        start, times, response = time.monotonic(), [], b""
        with self.connect() as one:
            one.sendall(b"GET /ticks HTTP/1.1\r\nHost: a\r\n\r\n")
            while not response.endswith(b"\r\n0\r\n\r\n"):
                response += receive(one)
                times.append(time.monotonic() - start)
        ticks = b"".join(b"tick %d\n" % number for number in range(1, 6))
        expect(unchunked(response) == ticks, response)
        # The lines arrive one by one, not all at once.
        expect(len(times) >= 3 and times[-1] - times[0] > 0.4, times)
        old = self.exchange(b"GET /ticks HTTP/1.0\r\n\r\n")
        expect(
            old.endswith(b"\r\n\r\ntick 1\ntick 2\ntick 3\ntick 4\ntick 5\n")
            and b"chunked" not in old,
            old,
        )

    def rejections(self):
        long = b"x" * 2000
        cases = [
            (400, b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
            (400, b"GET / HTTP/1.1\nHost: a\n\n"),
            (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
            (400, b"GET / HTTP/1.1\r\n\r\n"),
            (400, b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
            (400, b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"),
            (
                400,
                b"POST /led HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                b"Transfer-Encoding: chunked\r\n\r\non",
            ),
            (400, b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"),
            (413, b"POST /led HTTP/1.1\r\nHost: a\r\nContent-Length: 4097\r\n\r\n" + long),
            (
                413,
                b"POST /led HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + b"800\r\n%s\r\n" % (b"x" * 2048) * 3,
            ),
            (414, b"GET /" + long + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
            (431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + long + b"\r\n\r\n"),
            (431, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 40 + b"\r\n"),
            (501, b"POST /led HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
            (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        ]
        for status, octets in cases:
            seen = self.status_of(octets)
            expect(seen == status, f"{seen}, not {status}, for {octets[:60]}")

    def rejection_behind_much(self):
        """A rejection arrives even if the peer sends its whole body before it reads."""
        for _ in range(5):
            expect(
                self.status_of(
                    b"POST /led HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n"
                    + b"x" * 300_000
                )
                == 413
            )

    def unread_bodies(self):
        """A response before the end of its request's body closes the connection; after it, the
        connection stays open."""
        for path, code in ((b"/status", 405), (b"/nowhere", 404)):
            head = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 212\r\n\r\n" % path
            for came in (b"", b"x" * 211):
                expect(self.status_of(head + came) == code)
            responses = self.exchange_all(head + b"x" * 212 + GET)
            are_two = responses.count(b"HTTP/1.1 ") == 2
            expect(are_two and b"Connection: close" not in responses, responses)

    def http10(self):
        for octets in (b"GET /status HTTP/1.0\r\n\r\n", LAST_GET):
            response = self.exchange(octets)
            expect(
                response.startswith(b"HTTP/1.1 200 ")
                and b"\r\nConnection: close\r\n" in response
                and response.endswith(b"}\n"),
                response,
            )

    def continue_100(self):
        with self.connect() as one:
            one.sendall(
                b"POST /led HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                b"Expect: 100-continue\r\n\r\n"
            )
            expect(one.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n")
            one.sendall(b"off")
            expect(b'"led":false' in one.recv(1000))
        expect(self.curl_code("/echo", "-H", "Expect: 100-continue", "-d", "x" * 2000) == "200")

    def a_fifth_connection(self):
        """Four connections take all sockets; the fifth is served once one of them has been idle."""
        four = [self.connect() for _ in range(4)]
        try:
            for one in four:
                one.sendall(GET)
                expect(one.recv(1000).startswith(b"HTTP/1.1 200 "))
            start = time.monotonic()
            expect(self.exchange_all(GET).startswith(b"HTTP/1.1 200 "))
            return f"served after {time.monotonic() - start:.1f} s"
        finally:
            for one in four:
                one.close()

    def a_head_in_two_parts(self):
        """The timeout of a head begins with its first octet, however long the connection was
        idle."""
        with self.connect() as one:
            time.sleep(HEAD + 1)
            one.sendall(GET[:20])
            time.sleep(0.3)
            one.sendall(GET[20:])
            expect(receive(one).startswith(b"HTTP/1.1 200 "), "no response with status 200")

    def deadlines(self):
        """Three connections in parallel: nothing sent, half a head, half a body."""
        cases = [
            (b"", b"", IDLE),
            (b"GET / HTTP/1.1\r\nHo", b"HTTP/1.1 408 ", HEAD),
            (
                b"POST /led HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\no",
                b"HTTP/1.1 408 ",
                STALL,
            ),
        ]
        waiting = [(self.connect(), *case) for case in cases]
        for one, sent, *_ in waiting:
            one.sendall(sent)

        def ended(case):
            one, _, response, seconds = case
            with one:
                start, came = time.monotonic(), read_all(one)
                took = time.monotonic() - start
            expect(came.startswith(response) and bool(came) == bool(response), came)
            expect(
                seconds / 2 < took < seconds + DEADLINE / 2, f"{took:.1f} s rather than {seconds}"
            )

        with concurrent.futures.ThreadPoolExecutor() as threads:
            list(threads.map(ended, waiting))

    def a_reset(self):
        for _ in range(20):
            reset_in_mid_head(self.connect())
        expect(self.exchange_all(GET).startswith(b"HTTP/1.1 200 "))

    def half_closed(self):
        for _ in range(20):
            _, page = self.exchange_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").split(b"\r\n\r\n", 1)
            expect(page == PAGE.read_bytes(), "half a page")
        expect(self.exchange_all(b"GET / HTTP/1.1\r\nHo").startswith(b"HTTP/1.1 400 "))

    def four_at_once(self):
        four = [self.connect() for _ in range(4)]
        for one in four:
            one.sendall(GET)
        responses = [one.recv(1000) for one in four]
        for one in four:
            one.close()
        return responses

    def hostile_connections(self):
        kinds = [
            (400, b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"),
            (400, b"\0\0\0\0"),
            (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"),
            (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
            (400, b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
            (400, b"GET /\r\n\r\n"),
            (
                400,
                b"POST /led HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                b"Content-Length: 6\r\n\r\nhello",
            ),
            (
                413,
                b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"fffffffffffffffff\r\n",
            ),
            (501, b"POST /led HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x, chunked\r\n\r\n"),
            (505, b"GET / HTTP/3.0\r\nHost: a\r\n\r\n"),
            (431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000),
        ]
        # A kind that does not wait for a response is followed by one that does: more connections
        # would overflow QEMU's listen queue.
        kinds.insert(3, ("dropped at once", b""))
        kinds.insert(8, ("reset in mid-head", b""))
        kinds.append(("one octet at a time", LAST_GET))
        start = time.monotonic()
        for number in range(1000):
            match kinds[number % len(kinds)]:
                case ["dropped at once", _]:
                    self.connect().close()
                case ["reset in mid-head", _]:
                    reset_in_mid_head(self.connect())
                case ["one octet at a time", octets]:
                    with self.connect() as one:
                        for octet in octets:
                            one.sendall(bytes([octet]))
                        response = read_all(one)
                    expect(response.startswith(b"HTTP/1.1 200 "), response)
                case [status, octets]:
                    seen = self.status_of(octets)
                    expect(
                        seen == status,
                        f"connection {number}: {seen}, not {status}, for {octets[:60]}",
                    )
        responses = self.four_at_once()
        expect(all(response.startswith(b"HTTP/1.1 200 ") for response in responses), responses)
        return f"{time.monotonic() - start:.1f} s"

    # --- with datagrams

    def datagrams(self):
        for payload in (b"", b"udp request", b"x" * 500):
            expect(ask(self.response, payload) == [b"udp server"])

    def discovery(self):
        device, uuid = b"urn:bareline:device:board:1", b"uuid:8f0e3f5c-7a7e-4d0a-9d55-626f61726430"
        for wanted, told in (
            (b"ssdp:all", device),
            (b"upnp:rootdevice", b"upnp:rootdevice"),
            (device, device),
        ):
            [response] = ask(self.ssdp, search(wanted))
            for line in (
                b"HTTP/1.1 200 OK",
                b"ST: " + told,
                b"USN: " + uuid + b"::" + told,
                b"LOCATION: http://10.0.2.15/",
                b"EXT: ",
            ):
                expect(b"\r\n" + line + b"\r\n" in b"\r\n" + response, response)
            expect(response.endswith(b"\r\n\r\n"), response)

    def no_discovery(self):
        others = [
            search(b"urn:another:device:lamp:1"),
            search(b"ssdp:all").replace(b"HOST:", b"HOST :"),
            search(b"ssdp:all").replace(b"ssdp:discover", b"ssdp:alive"),
            search(b"ssdp:all").replace(b"M-SEARCH", b"NOTIFY"),
            search(b"ssdp:all")[:-2],
            b"\0\xff",
        ]
        # One response, to the last search: the datagrams before it got none.
        expect(len(ask(self.ssdp, *others, search(b"ssdp:all"))) == 1)

    # --- with a browser and a load generator

    def the_page_in_a_browser(self):
        for word in ("on", "off"):
            self.exchange_all(
                b"POST /led HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
                % (len(word), word.encode())
            )
            page = self.browser("--dump-dom")
            expect(
                re.search(r'id="uptime">\d+:\d\d:\d\d<', page) and f"The LED is {word}." in page,
                page[-2500:],
            )
        with tempfile.TemporaryDirectory() as folder:
            picture = os.path.join(folder, "page.png")
            self.browser("--screenshot=" + picture)
            expect(os.path.getsize(picture) > 5000)

    def load(self, connections):
        # Sockets that still close drop a SYN, and QEMU's network sends it again only after 6 s: a
        # run of wrk may get no response at all. The next one starts with connections of its own.
        for _ in range(5):
            rate = self.requests_per_second(connections)
            if float(rate) > 0:
                break
        expect(float(rate) > 0, "no response in five runs of wrk")
        responses = self.four_at_once()
        expect(all(response.startswith(b"HTTP/1.1 200 ") for response in responses), responses)
        return f"{rate} requests per second"

    def requests_per_second(self, connections):
        printed = output(
            program("wrk"), "-t1", f"-c{connections}", f"-d{self.seconds}s", self.url + "/status"
        )
        # Timeouts of wrk are ignored: they come from a busy machine, not from the board.
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+)", printed)
        expect(
            "Non-2xx" not in printed
            and (errors is None or errors.groups() == ("0", "0", "0")),
            printed,
        )
        return re.search(r"Requests/sec:\s*(\S+)", printed)[1]

    def the_end(self):
        self.has_started_once()
        return f"peak stack {self.status()['stack']} octets"

    def run_waits(self):
        # These run on their own board, without resets: QEMU's network retransmits a dropped SYN 6,
        # 18 and 42 seconds later, even if its client is gone, and that SYN shortens the timeout of
        # idle connections.
        check("a head in two parts, after a pause", self.a_head_in_two_parts)
        check("timeouts: nothing, half a head, half a body", self.deadlines)
        check("a fifth connection", self.a_fifth_connection)
        check("no panic, no restart while it waits", self.the_end)

    def run(self):
        check("the page", self.the_page)
        check("HEAD", self.head_requests)
        check("the state in JSON", self.the_state)
        check("the lamp is switched", self.the_lamp)
        check("404, and 405 with Allow", self.wrong_methods)
        check("two requests on one connection", self.keep_alive)
        check("bodies that are not read", self.unread_bodies)
        check("twenty requests at once", self.pipelining)
        check("one octet at a time", self.one_octet_at_a_time)
        check("an echo with a length", self.echo)
        check("an echo in chunks, with extensions and trailers", self.echo_in_chunks)
        check("echoes of 100 KB by curl", self.echo_by_curl)
        check("a response in pieces over time", self.the_ticks)
        check("rejections: 400, 413, 414, 431, 501, 505", self.rejections)
        check("a rejection after 300 KB that are not read", self.rejection_behind_much)
        check("HTTP/1.0 and Connection: close", self.http10)
        check("100-continue", self.continue_100)
        check("a peer that closes its half", self.half_closed)
        check("every method", lambda: self.every_request(b"/", b"/led", b"/echo"))
        check("UDP", self.datagrams)
        check("SSDP finds the board", self.discovery)
        check("SSDP: no response to other datagrams", self.no_discovery)
        check("the page in a browser", self.the_page_in_a_browser)
        check("no panic, no restart", self.the_end)

    def run_load(self):
        check("resets in mid-head", self.a_reset)
        check("1,000 hostile connections", self.hostile_connections)
        check("load on 2 connections", lambda: self.load(2))
        check("load on 4 connections", lambda: self.load(4))
        check("no panic, no restart under load", self.the_end)


def read_all(one):
    response = b""
    while octets := one.recv(65536):
        response += octets
    return response


def accept(server):
    one, _ = server.accept()
    one.settimeout(DEADLINE)
    return one


def receive(one):
    """Returns the next octets; fails at the end of input."""
    octets = one.recv(4096)
    expect(octets, "the peer closed the connection")
    return octets


def reset_in_mid_head(one):
    one.sendall(b"GET / HTTP/1.1\r\nHo")
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()


def unchunked(response):
    body, rest = b"", response.split(b"\r\n\r\n", 1)[1]
    while True:
        size, rest = rest.split(b"\r\n", 1)
        if int(size, 16) == 0:
            expect(rest == b"\r\n", rest)
            return body
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]


def search(target):
    lines = [
        b"M-SEARCH * HTTP/1.1",
        b"HOST: 239.255.255.250:1900",
        b'MAN: "ssdp:discover"',
        b"MX: 1",
        b"ST: " + target,
        b"",
        b"",
    ]
    return b"\r\n".join(lines)


def ask(address, *payloads):
    """Sends datagrams, and returns the responses until none comes for 0.3 s."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        for payload in payloads:
            one.sendto(payload, address)
        responses = []
        one.settimeout(DEADLINE / 4)
        try:
            while True:
                responses.append(one.recv(2000))
                one.settimeout(0.3)
        except TimeoutError:
            return responses


class Wire:
    """A neighbor on the board's wire. A frame is a datagram to or from QEMU."""

    HERE, HARDWARE = bytes([10, 0, 2, 77]), bytes([2, 0, 0, 0, 0, 77])
    BOARD, GROUP = bytes([10, 0, 2, 15]), bytes([239, 255, 255, 250])
    BOARD_HARDWARE = bytes([0x52, 0x54, 0, 0x12, 0x34, 0x56])
    GROUP_HARDWARE = bytes([1, 0, 0x5E, 0x7F, 0xFF, 0xFA])
    SYN, RST, PSH_ACK, ACK = 2, 4, 24, 16

    def __init__(self, port, to):
        self.wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.wire.bind(("127.0.0.1", int(port)))
        self.wire.settimeout(DEADLINE)
        self.to = ("127.0.0.1", int(to))

    def send(self, hardware, address, protocol, payload, sender=None):
        head = struct.pack(
            "!BBHHHBBH4s4s",
            0x45,
            0,
            20 + len(payload),
            0,
            0,
            2,
            protocol,
            0,
            sender or self.HERE,
            address,
        )
        head = head[:10] + checksum(head) + head[12:]
        self.wire.sendto(hardware + self.HARDWARE + b"\x08\0" + head + payload, self.to)

    def send_segment(self, number, acknowledged, flags, payload=b""):
        segment = (
            struct.pack("!HHIIBBHHH", 50000, 80, number, acknowledged, 0x50, flags, 8192, 0, 0)
            + payload
        )
        pseudo = self.HERE + self.BOARD + struct.pack("!HH", 6, len(segment))
        self.send(
            self.BOARD_HARDWARE,
            self.BOARD,
            6,
            segment[:16] + checksum(pseudo + segment) + segment[18:],
        )

    def receive(self, protocol):
        """Returns the payload of the next IP packet with this protocol to this neighbor. Responds
        to ARP requests meanwhile."""
        while True:
            frame = self.wire.recv(2000)
            if (
                frame[12:14] == b"\x08\x06"
                and frame[20:22] == b"\0\1"
                and frame[38:42] == self.HERE
            ):
                told = self.HARDWARE + self.HERE + frame[22:32]
                self.wire.sendto(
                    frame[6:12] + self.HARDWARE + frame[12:20] + b"\0\2" + told, self.to
                )
            elif frame[12:14] == b"\x08\0" and frame[23] == protocol and frame[30:34] == self.HERE:
                return frame[34 : 14 + struct.unpack_from("!H", frame, 16)[0]]

    def multicast(self):
        """A search to the multicast group gets a response."""
        payload = search(b"ssdp:all")
        self.send(
            self.GROUP_HARDWARE,
            self.GROUP,
            17,
            struct.pack("!HHHH", 50000, 1900, 8 + len(payload), 0) + payload,
        )
        response = self.receive(17)
        expect(b"\r\nST: urn:bareline:device:board:1\r\n" in response, response)

    def a_stranger(self):
        """Datagrams from unreachable addresses do not block the responses to others for long."""
        search_datagram = search(b"ssdp:all")
        for address in (bytes([8, 8, 8, 8]), bytes([10, 0, 2, 200])):
            for port, payload in ((8080, b"hello"), (1900, search_datagram)):
                self.send(
                    self.BOARD_HARDWARE,
                    self.BOARD,
                    17,
                    struct.pack("!HHHH", 50000, port, 8 + len(payload), 0) + payload,
                    address,
                )
        start = time.monotonic()
        while time.monotonic() < start + DEADLINE:
            self.send(
                self.BOARD_HARDWARE,
                self.BOARD,
                17,
                struct.pack("!HHHH", 50000, 8080, 13, 0) + b"hello",
            )
            self.wire.settimeout(1)
            try:
                if self.receive(17)[8:] == b"udp server":
                    return f"after {time.monotonic() - start:.1f} s"
            except TimeoutError:
                pass
            finally:
                self.wire.settimeout(DEADLINE)
        expect(False, f"no response within {DEADLINE} s")

    def nothing_taken(self):
        """A connection times out if its response is never acknowledged."""
        self.send_segment(1000, 0, self.SYN)
        number = struct.unpack_from("!I", self.receive(6), 4)[0] + 1
        self.send_segment(1001, number, self.ACK)
        self.send_segment(1001, number, self.PSH_ACK, GET)
        start, segments = time.monotonic(), 0
        while not (segment := self.receive(6))[13] & self.RST:
            segments += len(segment) > 20
        took = time.monotonic() - start
        # The board sees an idle connection: it closes it, and resets it if the close fails too.
        expect(
            segments > 1 and IDLE / 2 < took < IDLE + LINGER + DEADLINE / 2,
            f"{segments} segments in {took:.1f} s",
        )
        return f"reset after {took:.1f} s"

    def run(self):
        check("SSDP by multicast", self.multicast)
        check("datagrams from unreachable addresses", self.a_stranger)
        check("a response that is never acknowledged", self.nothing_taken)


def checksum(octets):
    total = sum(
        struct.unpack(
            f"!{len(octets + bytes(len(octets) % 2)) // 2}H", octets + bytes(len(octets) % 2)
        )
    )
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)


class Line:
    """The serial line to the firmware `uart`."""

    def __init__(self, name, path):
        self.name = name
        self.line = socket.socket(socket.AF_UNIX)
        self.line.settimeout(DEADLINE)
        self.line.connect(path)

    def responses(self, octets, *bodies):
        """Sends octets; the responses must have these bodies, in order."""
        self.line.sendall(octets)
        came = b""
        for body in bodies:
            while body not in came:
                came += receive(self.line)
            came = came.split(body, 1)[1]
        expect(came == b"", came)

    def quiet(self):
        """Waits for the end of a connection: the firmware needs a tenth of a second of silence."""
        time.sleep(1.5)

    def requests(self):
        self.responses(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /a, 0 octets\n")
        self.responses(
            b"PUT /b?c HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", b"PUT /b, 5 octets\n"
        )
        self.responses(
            b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n"
            + b"x" * 2000
            + b"\r\n0\r\nX: y\r\n\r\n",
            b"POST /c, 2000 octets\n",
        )

    def pipelining(self):
        self.responses(
            b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(20)),
            *(b"GET /%d, 0 octets\n" % number for number in range(20)),
        )

    def one_octet_at_a_time(self):
        for octet in b"PUT /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab":
            self.line.sendall(bytes([octet]))
        self.responses(b"c", b"PUT /slow, 3 octets\n")

    def rejections(self):
        cases = [
            (b"400", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
            (b"400", b"\xff\0noise on the line\r\n\r\n"),
            (b"431", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 3000 + b"\r\n\r\n"),
            (b"505", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        ]
        for status, octets in cases:
            # Octets after a rejected request are discarded.
            self.line.sendall(octets + b"GET /not-this HTTP/1.1\r\nHost: a\r\n\r\n")
            came = self.rejection()
            expect(
                came.startswith(b"HTTP/1.1 " + status) and b"\r\nConnection: close\r\n" in came,
                came,
            )
            self.quiet()
            self.responses(b"GET /again HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /again, 0 octets\n")

    def rejection(self):
        came, whole = b"", None
        while not (whole := re.search(rb"\r\nContent-Length: (\d+)\r\n(?:.+\r\n)*\r\n", came)):
            came += receive(self.line)
        while len(came) < whole.end() + int(whole[1]):
            came += receive(self.line)
        return came

    def half_a_request(self):
        self.line.sendall(b"GET / HTTP/1.1\r\nHo")
        expect(self.rejection().startswith(b"HTTP/1.1 408 "), "no 408")
        self.quiet()
        self.responses(b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /next, 0 octets\n")

    def every_method(self):
        """Sends requests, each with the next one, and waits after the end of a connection."""
        requests = every_request(b"/", [b"GET", b"HEAD", b"POST", b"CONNECT", b"M-SEARCH"])
        # HTTP/1.0 ends the connection, and each end takes a silence.
        requests = [one for one in requests if b" HTTP/1.1" in one or one.startswith(b"POST")]
        start = time.monotonic()
        for request in requests:
            self.line.sendall(request + NEXT)
            response = b""
            while not response.endswith(b"GET /next, 0 octets\n"):
                self.line.settimeout(0.5)
                try:
                    response += receive(self.line)
                except TimeoutError:
                    expect(time.monotonic() < start + 5 * DEADLINE, request + b"||" + response)
                    if b"\r\nConnection: close\r\n" in response:
                        break
            expect_responses(request, response)
        self.line.settimeout(DEADLINE)
        return f"{len(requests)} requests in {time.monotonic() - start:.1f} s"

    def run(self):
        check(f"{self.name}, serial line: requests with and without a body", self.requests)
        check(f"{self.name}, serial line: twenty requests at once", self.pipelining)
        check(f"{self.name}, serial line: one octet at a time", self.one_octet_at_a_time)
        check(f"{self.name}, serial line: rejections, each with its connection", self.rejections)
        check(f"{self.name}, serial line: half a request", self.half_a_request)
        check(f"{self.name}, serial line: every method", self.every_method)


class Update:
    """The firmware `update`. Its server is nginx, behind a proxy that changes responses."""

    MEMORY, PAGE = 0x20008000, 1024
    IMAGE = random.Random(1).randbytes(28_003)
    CUT = 20_000
    # The marks of a slot: of an earlier image, and after it is erased.
    OLD, ERASED = b"earlier".ljust(PAGE), b"\xff" * PAGE
    CONF = """daemon off; master_process off; pid FOLDER/pid; error_log FOLDER/error.log;
        events {}
        http {
            access_log off; client_body_temp_path FOLDER; proxy_temp_path FOLDER;
            fastcgi_temp_path FOLDER; uwsgi_temp_path FOLDER; scgi_temp_path FOLDER;
            server { listen unix:FOLDER/nginx; root FOLDER; }
        }"""

    def __init__(self, *options):
        self.options = options

    def nginx(self, request):
        """Returns the head and the body of nginx's response."""
        with socket.socket(socket.AF_UNIX) as server:
            server.settimeout(DEADLINE)
            server.connect(f"{self.folder}/nginx")
            server.sendall(request)
            response = b""
            while b"\r\n\r\n" not in response:
                response += receive(server)
            head, body = response.split(b"\r\n\r\n", 1)
            length = int(re.search(rb"\r\nContent-Length: (\d+)", head)[1])
            while len(body) < length:
                body += receive(server)
            return head + b"\r\n\r\n", body

    def proxy(self, listener, changes):
        """Serves one connection after the other. Closes after a change, which has the number of
        its request."""
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # the listener is shut down
            # The firmware resets its connection after the last response.
            with client, contextlib.suppress(ConnectionResetError):
                change, request = None, b""
                while change is None and (octets := client.recv(4096)):
                    request += octets
                    if b"\r\n\r\n" in request:
                        change = changes.get(len(self.requests))
                        self.requests.append(request)
                        response = self.nginx(request)
                        client.sendall(b"".join(change(*response) if change else response))
                        request = b""

    def slot(self):
        """Returns the mark and the rest of the slot, from the memory of the machine."""
        path = f"{self.folder}/memory"
        place = {"val": self.MEMORY + self.PAGE, "size": 31 * self.PAGE, "filename": path}
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(f"{self.folder}/qmp")
            with line.makefile("rw") as words:
                words.readline()  # a greeting
                for name, arguments in (("qmp_capabilities", {}), ("pmemsave", place)):
                    print(json.dumps({"execute": name, "arguments": arguments}), file=words)
                    words.flush()
                    told = words.readline()
                    expect('"return"' in told, told)
        octets = pathlib.Path(path).read_bytes()
        return octets[: self.PAGE], octets[self.PAGE :]

    def update(self, changes, image=IMAGE, digest_of=IMAGE):
        """Boots the firmware; returns its log, and the slot after the update."""
        self.requests, log = [], []
        with tempfile.TemporaryDirectory() as self.folder:
            folder = pathlib.Path(self.folder)
            (folder / "conf").write_text(self.CONF.replace("FOLDER", self.folder))
            (folder / "firmware.bin").write_bytes(image)
            digest = hashlib.sha256(digest_of).hexdigest()
            (folder / "firmware.bin.sha256").write_text(digest + "  firmware.bin\n")
            nginx = [program("nginx"), "-p", self.folder, "-c", "conf"]
            qemu = [program("qemu-system-arm"), "-display", "none", "-monitor", "none"]
            qemu += ["-serial", "stdio", "-qmp", f"unix:{folder}/qmp,server=on,wait=off"]
            with socket.create_server(("127.0.0.1", 0)) as listener, running(nginx) as server:
                while not (folder / "nginx").exists():
                    expect(server.poll() is None, "nginx has ended")
                    time.sleep(0.01)
                proxy = threading.Thread(target=self.proxy, args=(listener, changes), daemon=True)
                proxy.start()
                (folder / "memory").write_bytes(
                    struct.pack("<I", listener.getsockname()[1]).ljust(self.PAGE) + self.OLD
                )
                memory = f"loader,file={folder}/memory,addr={self.MEMORY},force-raw=on"
                with running([*qemu, "-device", memory, *self.options]) as machine:
                    for line in machine.stdout:
                        log.append(line.decode().removeprefix("update: ").removesuffix("\n"))
                        if log[-1].startswith(("valid", "failed", "PANIC")):
                            break
                    slot = self.slot()
                listener.shutdown(socket.SHUT_RDWR)  # ends its accept
                proxy.join(DEADLINE)
                expect(not proxy.is_alive(), "the proxy still serves")
                return log, *slot

    def succeeds(self, changes, log, **files):
        """The image gets into the flash as it is, and the mark has its length and digest."""
        told, mark, rest = self.update(changes, **files)
        expect(told == log, told)
        expect(rest[: len(self.IMAGE)] == self.IMAGE, "another image is in the flash")
        digest = hashlib.sha256(self.IMAGE).digest()
        expect(mark[:36] == struct.pack("<I", len(self.IMAGE)) + digest, mark[:36])

    def fails(self, reason, changes, mark=ERASED, **files):
        """The image is not marked as valid."""
        told, seen, _ = self.update(changes, **files)
        expect(told[-1] == f"failed: {reason}", told)
        expect(seen == mark, seen[:36])

    def cut(self, head, body):
        return head, body[: self.CUT]

    def resumed(self):
        """The log is that of the README; one request has a range, and the tag of the first
        response."""
        page = (pathlib.Path(__file__).parent / "README.md").read_text()
        told = re.findall(r"^(?:update: (.*)|(READY))$", page, re.MULTILINE)
        self.succeeds({1: self.cut}, ["".join(line) for line in told])
        ranges = [b"\r\nRange: bytes=%d-\r\n" % self.CUT in one for one in self.requests]
        expect(ranges == [False, False, False, True], self.requests)
        expect(b"\r\nIf-Range: \"" in self.requests[3], self.requests[3])

    def changed_meanwhile(self):
        """A 200 in place of a 206 starts again, with the digest of the new image."""
        earlier = bytes(self.CUT + 100)

        def cut(head, body):
            pathlib.Path(f"{self.folder}/firmware.bin").write_bytes(self.IMAGE)
            digest = hashlib.sha256(self.IMAGE).hexdigest()
            pathlib.Path(f"{self.folder}/firmware.bin.sha256").write_text(digest)
            return self.cut(head, body)

        images = [f"image of {len(image)} octets" for image in (earlier, self.IMAGE)]
        lost, valid = f"connection lost at octet {self.CUT}", f"valid: {len(self.IMAGE)} octets"
        log = ["READY", images[0], lost, images[1], valid]
        self.succeeds({1: cut}, log, image=earlier, digest_of=earlier)

    def other_parts(self):
        """A part has to be the one that was requested."""
        start, length = b"%d-" % self.CUT, b"/%d" % len(self.IMAGE)
        for reason, old, new in (
            ("another range than requested", length, b"/28004"),
            ("another range than requested", start, b"19999-"),
            ("a part of another version", b'\r\nETag: "', b'\r\nETag: "x'),
            ("another status than 200 or 206", b" 206 ", b" 404 "),
        ):

            def change(head, body, old=old, new=new):
                expect(old in head, head)
                return head.replace(old, new), body

            self.fails(reason, {1: self.cut, 3: change})

    def other_lengths(self):
        """A part has to have the length of the rest."""
        for length in (8_002, 8_004):

            def change(head, body, length=length):
                expect(b"\r\nContent-Length: 8003\r\n" in head, head)
                return head.replace(b": 8003", b": %d" % length), (body + b"x")[:length]

            self.fails("a part of another length than declared", {1: self.cut, 3: change})

    def digests(self):
        """Neither a wrong digest nor an invalid one is accepted."""
        self.fails("the digest is wrong", {}, digest_of=self.IMAGE + b"x")
        invalid = {0: lambda head, body: (head, b"x" + body[1:])}
        self.fails("an invalid digest", invalid, self.OLD)

    def too_long(self):
        for length in (0, 30 * self.PAGE + 1):
            reason = "the image is empty or too long"
            self.fails(reason, {}, self.OLD, image=bytes(length), digest_of=bytes(length))

    def invalid_responses(self):
        """An invalid response ends the update: another connection would get the same one."""
        for number, old, new in (
            (0, b"\r\nContent-Length: ", b"\r\nContent-Length: x"),
            (1, b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\n"),
        ):

            def change(head, body, old=old, new=new):
                expect(old in head, head)
                return head.replace(old, new), body

            self.fails("an invalid response", {number: change}, self.OLD)
            expect(len(self.requests) == number + 1, self.requests)

    def complete_without_an_end(self):
        """A chunked part breaks after the last octet of the image, before its last chunk."""

        def change(head, body):
            head = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head)
            return head, b"%x\r\n%b\r\n" % (len(body), body)

        lost = [f"connection lost at octet {at}" for at in (self.CUT, len(self.IMAGE))]
        image, valid = f"image of {len(self.IMAGE)} octets", f"valid: {len(self.IMAGE)} octets"
        log = ["READY", image, lost[0], f"resumed at octet {self.CUT}", lost[1], valid]
        self.succeeds({1: self.cut, 3: change}, log)
        expect(len(self.requests) == 5, self.requests)  # the last one is that of the digest

        def other(head, body):
            """The image changes after its octets have arrived."""
            pathlib.Path(f"{self.folder}/firmware.bin").write_bytes(self.IMAGE)
            digest = hashlib.sha256(self.IMAGE).hexdigest()
            pathlib.Path(f"{self.folder}/firmware.bin.sha256").write_text(digest)
            return change(head, body)

        earlier = bytes(len(self.IMAGE))
        log = [*log[:-1], image, valid]
        self.succeeds({1: self.cut, 3: other}, log, image=earlier, digest_of=earlier)
        expect(b"\r\nRange: " not in self.requests[-1], self.requests)

    def no_end(self):
        """The firmware gives up a server that closes each connection after some octets."""
        cut = {number: lambda head, body: (head, body[:1000]) for number in range(1, 10, 2)}
        self.fails("too many connections were lost", cut)
        expect(len(self.requests) == 10, self.requests)

    def run(self):
        check("update: an image is resumed after a cut", self.resumed)
        check("update: an image that changed meanwhile", self.changed_meanwhile)
        check("update: other parts than requested", self.other_parts)
        check("update: parts of other lengths", self.other_lengths)
        check("update: wrong and invalid digests", self.digests)
        check("update: an image that is empty or too long", self.too_long)
        check("update: invalid responses", self.invalid_responses)
        check("update: all octets, without an end", self.complete_without_an_end)
        check("update: a server that closes each connection", self.no_end)


@contextlib.contextmanager
def running(command):
    """Runs a program meanwhile."""
    null = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=null, stdout=subprocess.PIPE, stderr=null) as child:
        try:
            yield child
        finally:
            child.kill()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["minimal", *arguments]:
            Minimal(*arguments).run()
        case ["thermometer", *arguments]:
            Thermometer(*arguments).run()
        case ["board", *arguments]:
            Board(*arguments).run()
        case ["waits", *arguments]:
            Board(*arguments).run_waits()
        case ["load", *arguments]:
            Board(*arguments).run_load()
        case ["wire", *arguments]:
            Wire(*arguments).run()
        case ["uart", *arguments]:
            Line(*arguments).run()
        case ["update", *arguments]:
            Update(*arguments).run()
        case _:
            sys.exit(__doc__)
    say("done")
