"""The gateway without descriptors: what waits, what it says, whom it blames, and how it goes on."""

import http.client
import itertools
import json
import pathlib
import re
import select
import socket
import subprocess
import time
import unittest

from setting import CONFIGURATION, Gateway, Simulator, chat, whole_lines

DESCRIPTORS = 256
CALLERS = (DESCRIPTORS - 128) // 3 * 2  # as docs/operations.md has it
PATIENCE = 30


class LimitsTest(unittest.TestCase):
    def start(self, *under):
        self.simulator = self.enterContext(Simulator("calm", 1, 1000))
        self.gateway = self.enterContext(Gateway(CONFIGURATION, {"SIM_URL": self.simulator.url}, under=under))

    def lines(self, event):
        lines = (json.loads(line) for line in whole_lines(self.gateway.log))
        return [line["message"] for line in lines if line["event"] == event]

    def await_line(self, event, count=1):
        until = time.monotonic() + PATIENCE
        while len(lines := self.lines(event)) < count:
            self.assertLess(time.monotonic(), until, f"no line {event}:\n{self.gateway.log.read_text()}")
            time.sleep(0.02)
        return lines[count - 1]

    def connect(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.connect()
        return connection

    def health(self, connection):
        connection.request("GET", "/healthz")
        return self.answer(connection)

    def answer(self, connection):
        answer = connection.getresponse()
        return answer.status, answer.read()

    def ask(self, connection):
        body = json.dumps(chat.request_body("[[sim-tokens 8]] Hello", False))
        fields = {"Content-Type": "application/json", "x-dujiang-max-attempts": "1"}
        connection.request("POST", "/v1/chat/completions", body, fields)
        return self.answer(connection)

    def metric(self, connection, name):
        connection.request("GET", "/metrics")
        return float(re.search(rf"^{re.escape(name)} (\S+)$", self.answer(connection)[1].decode(), re.M)[1])

    def limit_descriptors(self, count):
        subprocess.run(["prlimit", "--pid", str(self.gateway.process.pid), f"--nofile={count}:"], check=True)

    def take_all_descriptors(self):
        """No more than the open ones may be open."""
        taken = {int(fd.name) for fd in pathlib.Path(f"/proc/{self.gateway.process.pid}/fd").iterdir()}
        self.limit_descriptors(next(fd for fd in itertools.count() if fd not in taken))

    def test_connections_beyond_what_the_descriptors_allow_wait_until_one_ends(self):
        self.start("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}")
        self.assertIn(f"{DESCRIPTORS} descriptors allow {CALLERS} connections of callers, not the 10000 of "
                      "listen.max_connections", self.await_line("descriptors"))
        callers = [self.connect() for _ in range(CALLERS)]
        for caller in callers:
            self.assertEqual(self.health(caller), (200, b"ok\n"))
        late = self.connect()
        late.request("GET", "/healthz")
        self.assertIn(f"{CALLERS} connections of callers are open", self.await_line("accept_paused"))
        self.assertEqual(select.select([late.sock], [], [], 0)[0], [])
        self.assertEqual(self.ask(callers[0])[0], 200, "those that are open are served, upstream and all")
        callers.pop().close()
        self.assertEqual(self.answer(late), (200, b"ok\n"))
        self.assertIn("accepted again", self.await_line("accept_resumed"))
        self.assertGreaterEqual(self.metric(late, 'dujiang_accept_pauses_total{reason="connections"}'), 1)
        self.assertEqual(self.metric(late, "dujiang_max_connections"), CALLERS)

    def test_without_a_descriptor_a_connection_waits_and_the_log_says_so_once(self):
        self.start()
        first = self.connect()
        self.assertEqual(self.health(first), (200, b"ok\n"))
        self.take_all_descriptors()
        late = self.connect()
        late.request("GET", "/healthz")
        self.assertIn("no descriptor left", self.await_line("accept_paused"))
        self.assertEqual(self.health(first), (200, b"ok\n"))
        self.assertEqual(select.select([late.sock], [], [], 0)[0], [])
        self.limit_descriptors(DESCRIPTORS)
        self.assertEqual(self.answer(late), (200, b"ok\n"))
        self.await_line("accept_resumed")
        self.assertEqual(len(self.lines("accept_paused")), 1)
        self.assertGreaterEqual(self.metric(late, 'dujiang_accept_pauses_total{reason="descriptors"}'), 1)

    def test_an_upstream_is_not_blamed_for_descriptors_that_are_out(self):
        self.start()
        caller = self.connect()
        self.assertEqual(self.health(caller), (200, b"ok\n"))
        self.take_all_descriptors()
        status, body = self.ask(caller)
        error = json.loads(body)["error"]
        self.assertEqual((status, error["code"]), (503, "gateway_exhausted"))
        self.assertIn("The gateway has no descriptor", error["message"])
        self.limit_descriptors(DESCRIPTORS)
        self.assertEqual(self.ask(caller)[0], 200, "at once: the upstream is not on probation")
