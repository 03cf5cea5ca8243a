"""What a WebSocket client that nobody here wrote gets from a node: the same protocol as by TCP, and the rules of RFC 6455."""
import base64
import contextlib
import gzip
import http.client
import json
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import unittest

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Opcode
from websockets.sync.client import connect

from cluster import ARINI, LINEKER, Cluster, eventually, free_port


def setUpModule():
    global cluster
    cluster = Cluster()


def tearDownModule():
    cluster.stop()


def open_socket(**options):
    """A WebSocket, without offers that a server could take up."""
    return connect(f"ws://127.0.0.1:{cluster.web_port}/ws", compression=None, **options)


def ask(client, line):
    """The reply to a line."""
    client.send(line)
    return json.loads(client.recv(10))


class RawSocket:
    """Frames as no library would make them."""

    def __init__(self, port=None):
        self.socket = socket.create_connection(("127.0.0.1", port or cluster.web_port), 10)
        # What is sent before a reply must not wait for it in the kernel.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
        self.file = self.socket.makefile("rb")
        self.unsent = b""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.file.read(1)
        assert b" 101 " in head, head

    def send(self, opcode, content, fin=True, reserved=0, masked=True, more=False):
        """A frame; with `more` it waits for the next one, so that both arrive together."""
        length = len(content)
        size = bytes([length]) if length < 126 else bytes([126]) + struct.pack(">H", length)
        mask = os.urandom(4) if masked else b""
        if masked:
            size = bytes([size[0] | 0x80]) + size[1:]
            content = bytes(byte ^ mask[index % 4] for index, byte in enumerate(content))
        self.unsent += bytes([(0x80 if fin else 0) | reserved | opcode]) + size + mask + content
        if not more:
            self.socket.sendall(self.unsent)
            self.unsent = b""

    def receive(self):
        """Opcode and content of the next frame; `None` at the end."""
        head = self.file.read(2)
        if len(head) < 2:
            return None
        length = head[1]
        if length == 126:
            length = struct.unpack(">H", self.file.read(2))[0]
        return head[0] & 0x0F, self.file.read(length)

    def close(self):
        self.file.close()
        self.socket.close()

    def close_code(self, is_ours):
        """The code with which the node ends the WebSocket, and that it then ends the connection. `is_ours`: it was us who began."""
        while (frame := self.receive()) and frame[0] != Opcode.CLOSE:
            pass
        code = struct.unpack(">H", frame[1][:2])[0]
        if not is_ours:
            self.send(Opcode.CLOSE, frame[1][:2])
        assert self.receive() is None
        return code


class WebSocketTests(unittest.TestCase):
    def raw(self):
        raw = RawSocket()
        self.addCleanup(raw.close)
        return raw

    def test_a_conversation_with_a_client_by_tcp(self):
        with open_socket() as arini, socket.create_connection(("127.0.0.1", cluster.port), 10) as lineker:
            self.assertEqual(ask(arini, "auth arini hehe")["status"], "OK")
            self.assertEqual(ask(arini, "send lineker piye kabare?")["status"], "OK")
            lines = lineker.makefile("rwb")
            lines.write(f"auth {' '.join(LINEKER)}\r\ninbox\r\nsend arini sehat\r\nlogout\r\n".encode())
            lines.flush()
            replies = []
            for _ in range(4):
                replies.append(json.loads(lines.readline()))
                self.assertEqual(lines.readline(), b"\r\n")
            self.assertIn("piye kabare?", [message["msg"] for message in replies[1]["messages"]["arini"]])
            self.assertEqual(ask(arini, "listen")["status"], "OK")
            event = json.loads(arini.recv(10))
            self.assertEqual((event["event"], event["from"], event["msg"]), ("message", "lineker", "sehat"))
            self.assertEqual(ask(arini, f"ack {event['seq']}")["status"], "OK")

    def test_one_frame_for_each_reply(self):
        with open_socket() as client:
            for _ in range(100):
                client.send("ping")
            for _ in range(100):
                reply = client.recv(10)
                self.assertEqual(json.loads(reply), {"status": "OK", "message": "pong"})
                self.assertFalse(reply.endswith("\n"))

    def test_a_long_reply_is_one_frame(self):
        with open_socket() as arini, open_socket() as lineker:
            ask(lineker, f"auth {' '.join(LINEKER)}")
            ask(arini, f"auth {' '.join(ARINI)}")
            before = len(ask(arini, "inbox")["messages"].get("lineker", []))
            for _ in range(40):
                self.assertEqual(ask(lineker, "send arini " + "x" * 4000)["status"], "OK")
            page = ask(arini, "inbox")["messages"]["lineker"]
            self.assertEqual(len([message for message in page if len(message["msg"]) == 4000]), 40, before)
            # The next command confirms it, as by TCP.
            eventually(lambda: ask(arini, "inbox")["messages"] == {}, why="the page is not confirmed")

    def test_a_page_is_not_confirmed_by_what_was_sent_before_it(self):
        with open_socket() as arini, open_socket() as lineker:
            ask(lineker, f"auth {' '.join(LINEKER)}")
            token = ask(arini, f"auth {' '.join(ARINI)}")["tokenid"]
            while ask(arini, "inbox")["messages"]:
                pass
            ask(lineker, "send arini dua")
        # All in one segment: what arrives after the node wrote the page would rightly confirm it.
        raw = self.raw()
        raw.send(Opcode.TEXT, f"resume {token}".encode(), more=True)
        for line in (b"inbox", b"ping"):
            raw.send(Opcode.TEXT, line, more=True)
        raw.send(Opcode.TEXT, b"inbox")
        _, first, _, second = (json.loads(raw.receive()[1]) for _ in range(4))
        self.assertEqual(first["messages"]["lineker"][0]["msg"], "dua")
        self.assertEqual(second["messages"]["lineker"][0]["msg"], "dua")

    def test_a_close_frame_confirms_and_a_cut_does_not(self):
        with open_socket() as lineker:
            ask(lineker, f"auth {' '.join(LINEKER)}")
            with open_socket() as arini:
                token = ask(arini, f"auth {' '.join(ARINI)}")["tokenid"]
                while ask(arini, "inbox")["messages"]:
                    pass
            ask(lineker, "send arini tiga")
            cut = self.raw()
            cut.send(Opcode.TEXT, f"resume {token}".encode())
            cut.send(Opcode.TEXT, b"inbox")
            cut.receive()
            self.assertIn(b"tiga", cut.receive()[1])
            cut.socket.shutdown(socket.SHUT_WR)
            self.assertIsNone(cut.receive())
            with open_socket() as arini:
                ask(arini, f"resume {token}")
                again = ask(arini, "inbox")["messages"]["lineker"][0]
                self.assertEqual((again["msg"], again.get("redelivered")), ("tiga", True))
            with open_socket() as arini:
                ask(arini, f"resume {token}")
                self.assertEqual(ask(arini, "inbox")["messages"], {})

    def test_fragments_make_one_line(self):
        raw = self.raw()
        raw.send(Opcode.TEXT, b"pi", fin=False)
        raw.send(Opcode.PING, b"between")
        raw.send(Opcode.CONT, b"", fin=False)
        raw.send(Opcode.CONT, b"ng")
        self.assertEqual(raw.receive(), (Opcode.PONG, b"between"))
        self.assertEqual(json.loads(raw.receive()[1])["message"], "pong")

    def test_a_line_feed_ends_no_line(self):
        with open_socket() as client:
            self.assertEqual(ask(client, "ping\nping")["code"], "control_character")
            self.assertEqual(ask(client, "ping")["status"], "OK")

    def test_what_a_client_must_not_do_has_its_close_code(self):
        cases = [
            (1002, "not masked", lambda raw: raw.send(Opcode.TEXT, b"ping", masked=False)),
            (1002, "a reserved bit", lambda raw: raw.send(Opcode.TEXT, b"ping", reserved=0x40)),
            (1002, "an unknown opcode", lambda raw: raw.send(3, b"ping")),
            (1002, "a continuation of nothing", lambda raw: raw.send(Opcode.CONT, b"ping")),
            (1002, "a fragmented ping", lambda raw: raw.send(Opcode.PING, b"x", fin=False)),
            (1002, "a long ping", lambda raw: raw.send(Opcode.PING, b"x" * 126)),
            (1002, "a close code that is never sent", lambda raw: raw.send(Opcode.CLOSE, struct.pack(">H", 1005))),
            (1003, "binary", lambda raw: raw.send(Opcode.BINARY, b"ping")),
            (1007, "broken UTF-8", lambda raw: raw.send(Opcode.TEXT, b"send arini \xff")),
            (1009, "a frame too long", lambda raw: raw.send(Opcode.TEXT, b"x" * 8193)),
            (1009, "fragments too long", lambda raw: (raw.send(Opcode.TEXT, b"x" * 8000, fin=False),
                                                     raw.send(Opcode.CONT, b"x" * 200))),
            (4321, "an end with a code of its own", lambda raw: raw.send(Opcode.CLOSE, struct.pack(">H", 4321))),
        ]
        for code, name, misdeed in cases:
            with self.subTest(name):
                raw = self.raw()
                raw.send(Opcode.TEXT, b"ping")
                misdeed(raw)
                self.assertEqual(raw.close_code(is_ours=code == 4321), code)

    def test_what_was_asked_before_a_mistake_is_answered(self):
        raw = self.raw()
        raw.send(Opcode.TEXT, b"help", more=True)
        raw.send(Opcode.BINARY, b"x")
        self.assertIn("commands", json.loads(raw.receive()[1]))
        self.assertEqual(raw.close_code(is_ours=False), 1003)

    def test_quit_ends_the_websocket_in_order(self):
        with open_socket() as client:
            self.assertEqual(ask(client, "quit")["message"], "bye")
            with self.assertRaises(ConnectionClosed) as ended:
                client.recv(10)
            self.assertEqual(ended.exception.rcvd.code, 1000)

    def test_frames_without_a_line_count_against_the_bounds_of_a_client(self):
        for opcode, fin, begin in ((Opcode.PING, True, b""), (Opcode.PONG, True, b""), (Opcode.CONT, False, b"pi")):
            with self.subTest(opcode):
                raw = self.raw()
                began = time.monotonic()
                if begin:
                    raw.send(Opcode.TEXT, begin, fin=False)
                for _ in range(300):
                    raw.send(opcode, b"", fin=fin)
                raw.send(*(Opcode.CONT, b"ng") if begin else (Opcode.TEXT, b"ping"))
                while (frame := raw.receive())[0] == Opcode.PONG:
                    pass
                # Two hundred are free; from there on each that is one too many makes the next one wait 20 ms. What nobody waits for has
                # no reply of its own.
                self.assertIn(json.loads(frame[1])["message"], ("pong", "too many commands: wait a little"))
                self.assertGreater(time.monotonic() - began, 0.9)

    def resumed_with_a_message(self, text):
        """Frames of Arini's session, for whom just this message waits; and its token."""
        with open_socket() as arini, open_socket() as lineker:
            token = ask(arini, f"auth {' '.join(ARINI)}")["tokenid"]
            ask(lineker, f"auth {' '.join(LINEKER)}")
            while ask(arini, "inbox")["messages"]:
                pass
            ask(lineker, f"send arini {text}")
        raw = self.raw()
        raw.send(Opcode.TEXT, f"resume {token}".encode())
        raw.receive()
        return raw, token

    def test_a_message_begun_before_a_page_does_not_confirm_it(self):
        raw, token = self.resumed_with_a_message("empat")
        raw.send(Opcode.TEXT, b"inbox", more=True)
        raw.send(Opcode.TEXT, b"pi", fin=False)
        self.assertIn(b"empat", raw.receive()[1])
        raw.send(Opcode.CONT, b"ng")
        self.assertIn(b"pong", raw.receive()[1])
        raw.socket.shutdown(socket.SHUT_WR)
        self.assertIsNone(raw.receive())
        with open_socket() as arini:
            ask(arini, f"resume {token}")
            self.assertEqual(ask(arini, "inbox")["messages"]["lineker"][0]["msg"], "empat")

    def test_a_close_frame_confirms_nothing_that_comes_behind_it(self):
        raw, token = self.resumed_with_a_message("lima")
        raw.send(Opcode.TEXT, b"inbox", more=True)
        raw.send(Opcode.CLOSE, struct.pack(">H", 1000))
        while raw.receive():
            pass
        with open_socket() as arini:
            ask(arini, f"resume {token}")
            self.assertEqual(ask(arini, "inbox")["messages"]["lineker"][0]["msg"], "lima")

    def test_a_node_that_stops_says_that_it_goes_away(self):
        own = Cluster(nodes=1)
        try:
            with connect(f"ws://127.0.0.1:{own.web_port}/ws") as client:
                client.send("ping")
                client.recv(10)
                own.process.send_signal(signal.SIGINT)
                with self.assertRaises(ConnectionClosed) as ended:
                    client.recv(10)
                self.assertEqual(ended.exception.rcvd.code, 1001)
        finally:
            own.stop()

    def test_a_strangers_page_is_refused(self):
        for origin in ("https://evil.example", "null", f"http://127.0.0.1:{cluster.web_port}.evil.example", "file://"):
            with self.subTest(origin), self.assertRaises(InvalidStatus) as refused:
                open_socket(origin=origin)
            self.assertEqual(refused.exception.response.status_code, 403)
        with open_socket(origin=f"http://127.0.0.1:{cluster.web_port}") as client:
            self.assertEqual(ask(client, "ping")["status"], "OK")

    def test_behind_tls_and_a_load_balancer(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key",
                            "-out", f"{folder}/certificate"], check=True, capture_output=True)
            own = Cluster(nodes=1, KABAR_TLS_PORT=f"{free_port()}", KABAR_TLS_CERT=f"{folder}/certificate",
                          KABAR_TLS_KEY=f"{folder}/key", KABAR_TRUSTED_PROXIES="127.0.0.1")
            self.addCleanup(own.stop)
            self.assertTrue(own.page.startswith("https://"))
            context = ssl.create_default_context(cafile=f"{folder}/certificate")
            plain = socket.create_connection(("127.0.0.1", own.web_port), 10)
            plain.sendall(b"PROXY TCP4 203.0.113.7 192.0.2.1 40000 8080\r\n")
            with connect("wss://localhost/ws", sock=plain, ssl=context, server_hostname="localhost", compression=None) as client:
                self.assertEqual(ask(client, f"auth {' '.join(ARINI)}")["status"], "OK")
                # Of a page, too, TLS and frames together know what came before it.
                ask(client, "send arini kepada diri sendiri")
                for line in ("inbox", "inbox"):
                    client.send(line)
                first, second = (json.loads(client.recv(10)) for _ in range(2))
                self.assertEqual(len(first["messages"]["arini"]), 1)
                self.assertEqual(len(second["messages"].get("arini", [])), 1)
                self.assertEqual(ask(client, "inbox")["messages"], {})
                session = own.redis("KEYS", "kabar:session:*")[0]
                self.assertIn("203.0.113.7", " ".join(own.redis("HGETALL", session)))
            with socket.create_connection(("127.0.0.1", own.web_port), 10) as stranger:
                stranger.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(stranger.recv(1000), b"")

    def test_too_many_connections_of_one_address(self):
        own = Cluster(nodes=1, KABAR_CONNECTIONS_PER_ADDRESS="3")
        self.addCleanup(own.stop)
        clients = [RawSocket(own.web_port) for _ in range(3)]
        # It is told before it has asked.
        with socket.create_connection(("127.0.0.1", own.web_port), 10) as surplus:
            self.assertIn(b" 503 ", surplus.recv(1000))
        clients.pop().close()
        eventually(lambda: b" 200 " in self.page_head(own.web_port), why="no place became free")
        for client in clients:
            client.close()

    def page_head(self, port):
        with socket.create_connection(("127.0.0.1", port), 10) as visitor:
            visitor.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
            return visitor.recv(1000)

    def test_allowed_origins(self):
        own = Cluster(nodes=1, KABAR_ALLOWED_ORIGINS="https://chat.example, http://other.example:81")
        try:
            for origin in ("https://chat.example", "http://other.example:81", f"http://127.0.0.1:{own.web_port}"):
                with connect(f"ws://127.0.0.1:{own.web_port}/ws", origin=origin) as client:
                    self.assertEqual(ask(client, "ping")["status"], "OK")
            with self.assertRaises(InvalidStatus):
                connect(f"ws://127.0.0.1:{own.web_port}/ws", origin="http://chat.example")
        finally:
            own.stop()


class BoundTests(unittest.TestCase):
    """What bounds a client by TCP bounds one by WebSocket."""

    @classmethod
    def setUpClass(cls):
        cls.own = Cluster(nodes=1, KABAR_IDLE_TIMEOUT="2", KABAR_LINE_TIMEOUT="1", KABAR_OUTBOX_BYTES="4096", KABAR_SLOW_CONSUMER_TIMEOUT="300",
                          KABAR_COMMAND_RATE="0", KABAR_USER_COMMAND_RATE="0")
        cls.addClassCleanup(cls.own.stop)

    def open_socket(self, who=None):
        client = connect(f"ws://127.0.0.1:{self.own.web_port}/ws", compression=None)
        self.addCleanup(client.close)
        if who:
            self.assertEqual(ask(client, f"auth {' '.join(who)}")["status"], "OK")
        return client

    def refusals(self, limit):
        return self.own.metrics()[f'kabar_limit_refusals_total{{limit="{limit}"}}']

    def test_who_asks_nothing_is_told_and_closed(self):
        before = self.refusals("idle_time")
        idle, listening, busy = self.open_socket(), self.open_socket(LINEKER), self.open_socket()
        ask(listening, "listen")
        for _ in range(6):
            time.sleep(0.5)
            self.assertEqual(ask(busy, "ping")["message"], "pong")
        for client, key, value in ((idle, "status", "ERROR"), (listening, "event", "closing")):
            last = json.loads(client.recv(10))
            self.assertEqual((last[key], last["code"]), (value, "idle_timeout"))
            with self.assertRaises(ConnectionClosed) as ended:
                client.recv(10)
            self.assertEqual(ended.exception.rcvd.code, 1000)
        self.assertEqual(self.refusals("idle_time") - before, 2)

    def test_a_frame_must_end_in_time_however_its_bytes_come(self):
        before = self.refusals("line_time")
        slow = RawSocket(self.own.web_port)
        self.addCleanup(slow.close)
        slow.send(Opcode.TEXT, b"x" * 100, more=True)
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            for byte in slow.unsent[:20]:
                slow.socket.sendall(bytes([byte]))
                time.sleep(0.25)
                if self.refusals("line_time") > before:
                    break
        self.assertLess(time.monotonic() - began, 4)
        self.assertEqual(json.loads(slow.receive()[1])["code"], "line_timeout")

    def test_who_listens_and_reads_nothing_is_closed(self):
        before = self.refusals("outbox")
        arini = RawSocket(self.own.web_port)
        self.addCleanup(arini.close)
        for line in (f"auth {' '.join(ARINI)}", "listen"):
            arini.send(Opcode.TEXT, line.encode())
            arini.receive()
        # Her own requests fill what the kernel takes; then they wait, and the patience begins.
        for _ in range(500):
            arini.send(Opcode.TEXT, b"help", more=True)
        burst, waiting, most = arini.unsent, b"", 0

        def is_closed():
            nonlocal waiting, most
            with contextlib.suppress(TimeoutError, ConnectionError):
                while True:
                    waiting = waiting or burst
                    waiting = waiting[arini.socket.send(waiting):]
            most = max(most, self.own.metrics()["kabar_outbox_bytes"])
            return self.refusals("outbox") > before

        arini.socket.settimeout(0.05)
        eventually(is_closed, why="it is not closed")
        arini.socket.settimeout(10)
        # A reply more than the bound, of each request under way.
        self.assertLess(most, 1_000_000)
        last = None
        while (frame := arini.receive()) and frame[0] == Opcode.TEXT:
            last = json.loads(frame[1])
        self.assertEqual((last["event"], last["code"]), ("closing", "slow_consumer"))

    def test_they_are_counted(self):
        counted = lambda: [int(self.own.metrics()[f"kabar_{name}"]) for name in ("connections", "connections_bound", "listeners")]
        eventually(lambda: counted() == [0, 0, 0], why="somebody is there")
        before = self.own.metrics()
        stranger, arini = self.open_socket(), self.open_socket(ARINI)
        ask(arini, "listen")
        self.assertEqual(counted(), [2, 1, 1])
        after = self.own.metrics()
        self.assertEqual(after["kabar_connections_accepted_total"] - before["kabar_connections_accepted_total"], 2)
        self.assertGreater(after["kabar_sent_bytes_total"], before["kabar_sent_bytes_total"])
        for client in (stranger, arini):
            client.close()
        eventually(lambda: counted() == [0, 0, 0], why="they are still counted")


class HTTPTests(unittest.TestCase):
    def request(self, method, path, headers={}, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", cluster.web_port, timeout=10)
        self.addCleanup(connection.close)
        connection.request(method, path, headers=headers, body=body)
        response = connection.getresponse()
        return response, response.read()

    def test_the_page_and_all_that_it_loads(self):
        response, page = self.request("GET", "/")
        self.assertEqual(response.status, 200)
        self.assertIn("default-src 'none'", response.getheader("content-security-policy"))
        self.assertNotIn("unsafe", response.getheader("content-security-policy"))
        self.assertEqual(response.getheader("x-content-type-options"), "nosniff")
        files = re.findall(r'(?:src|href)="(/[^"]+)"', page.decode())
        self.assertGreaterEqual(len(files), 3)
        for path in files:
            self.assertEqual(self.request("GET", path)[0].status, 200, path)

    def test_a_page_that_is_known_is_not_sent_again(self):
        first, body = self.request("GET", "/app.js")
        again, nothing = self.request("GET", "/app.js", {"If-None-Match": first.getheader("etag")})
        self.assertEqual((again.status, nothing), (304, b""))
        other, same = self.request("GET", "/app.js", {"If-None-Match": 'W/"else"'})
        self.assertEqual((other.status, same), (200, body))

    def test_compression(self):
        plain, body = self.request("GET", "/app.js")
        packed, content = self.request("GET", "/app.js", {"Accept-Encoding": "gzip"})
        self.assertEqual(packed.getheader("content-encoding"), "gzip")
        self.assertLess(len(content), len(body) / 2)
        self.assertEqual(gzip.decompress(content), body)

    def test_head_has_no_body(self):
        response, body = self.request("HEAD", "/style.css")
        self.assertEqual((response.status, body), (200, b""))
        self.assertGreater(int(response.getheader("content-length")), 1000)

    def test_what_is_not_there_or_not_done(self):
        self.assertEqual(self.request("GET", "/../etc/passwd")[0].status, 404)
        refused, _ = self.request("POST", "/", body=b"x" * 1000)
        self.assertEqual((refused.status, refused.getheader("allow")), (405, "GET, HEAD"))

    def test_several_requests_on_one_connection(self):
        connection = http.client.HTTPConnection("127.0.0.1", cluster.web_port, timeout=10)
        self.addCleanup(connection.close)
        for path in ("/", "/app.js", "/nothing", "/style.css"):
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            self.assertEqual(response.status, 404 if path == "/nothing" else 200)

    def test_why_a_request_is_no_websocket(self):
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                   "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode()}
        cases = [({}, 426), (upgrade | {"Sec-WebSocket-Version": "8"}, 426), (upgrade | {"Sec-WebSocket-Key": "x"}, 400),
                 (upgrade | {"Connection": "keep-alive"}, 426), (upgrade | {"Origin": "https://evil.example"}, 403)]
        for headers, status in cases:
            response, body = self.request("GET", "/ws", headers)
            self.assertEqual(response.status, status, headers)
            self.assertGreater(len(body), 10)
        response, _ = self.request("GET", "/ws", cases[1][0])
        self.assertEqual(response.getheader("sec-websocket-version"), "13")

    def test_who_asks_too_much_is_told_so(self):
        statuses = []
        connection = http.client.HTTPConnection("127.0.0.1", cluster.web_port, timeout=10)
        self.addCleanup(connection.close)
        for _ in range(1000):
            connection.request("HEAD", "/")
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
            if response.status != 200:
                break
        self.assertEqual((statuses[-1], response.getheader("connection")), (429, "close"))
        self.assertGreaterEqual(len(statuses), 200)

    def test_who_sends_on_without_being_answered_is_cut_off(self):
        for start in (b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
                      b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nx: ",
                      b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n"):
            with self.subTest(start), socket.create_connection(("127.0.0.1", cluster.web_port), 10) as stranger:
                stranger.sendall(start)
                with self.assertRaises(ConnectionError):
                    for _ in range(20_000):
                        stranger.sendall(b"x" * 4096)

    def test_who_reads_no_answers_is_cut_off(self):
        own = Cluster(nodes=1, KABAR_LIMITS="off")
        self.addCleanup(own.stop)
        with socket.create_connection(("127.0.0.1", own.web_port), 10) as stranger:
            stranger.settimeout(10)
            with self.assertRaises((ConnectionError, BrokenPipeError)):
                for _ in range(200_000):
                    stranger.sendall(b"GET /app.js HTTP/1.1\r\nHost: x\r\n\r\n")
        pid = own.pid_of(own.redis("ZRANGE", "kabar:nodes", "0", "-1")[0])
        resident = next(line for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS"))
        self.assertLess(int(resident.split()[1]), 200_000)

    def test_half_closed_connections_get_their_answer_and_end(self):
        for version in ("1.0", "1.1"):
            with socket.create_connection(("127.0.0.1", cluster.web_port), 10) as visitor:
                visitor.sendall(f"GET /style.css HTTP/{version}\r\nHost: x\r\n\r\n".encode())
                visitor.shutdown(socket.SHUT_WR)
                answer = b""
                while more := visitor.recv(65536):
                    answer += more
                self.assertIn(b"#composer", answer)

    def test_rubbish_is_refused(self):
        with socket.create_connection(("127.0.0.1", cluster.web_port), 10) as stranger:
            stranger.sendall(b"\x16\x03\x01 auth arini hehe\r\n\r\n")
            self.assertIn(b" 400 ", stranger.recv(1000))
            while stranger.recv(1000):
                pass


if __name__ == "__main__":
    unittest.main()
