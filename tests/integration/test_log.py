"""The log in bad weather: a full disk, a reader who has gone, one who does not read, no log at all."""

import json
import os
import re
import subprocess
import threading
import unittest

from setting import CLOSED, Gateway

CONFIGURATION = """
version: 1
upstreams: [{name: nobody, base_url: "http://127.0.0.1:9", api_key: sk}]
routes: [{name: all, match: "*", targets: [{upstream: nobody}]}]
"""
LONG_PATH = "/" + "x" * 900  # more lines of this length than memory holds are soon asked for
MORE_THAN_IS_HELD = 4500
PATIENCE = 60


def metric(gateway, name):
    return float(re.search(rf"^{name} (\S+)$", gateway.get("/metrics"), re.M)[1])


def ask_much(gateway, count=MORE_THAN_IS_HELD):
    """Requests that are answered 404, and each leaves a long line; over one connection, since they are many."""
    script = f"""
import http.client
connection = http.client.HTTPConnection("127.0.0.1", {gateway.port}, timeout={PATIENCE})
for _ in range({count}):
    connection.request("GET", "{LONG_PATH}")
    answer = connection.getresponse()
    assert answer.status == 404, answer.status
    answer.read()
"""
    subprocess.run(["python3", "-c", script], check=True, timeout=2 * PATIENCE)


class LogTest(unittest.TestCase):
    def start(self, log):
        gateway = Gateway(CONFIGURATION, log=log)
        self.addCleanup(gateway.stop)
        return gateway

    def test_a_full_disk_stops_no_request_and_is_told_of(self):
        with open("/dev/full", "wb") as full:
            gateway = self.start(full)
        ask_much(gateway)
        self.assertEqual(metric(gateway, "dujiang_log_failing"), 1)
        self.assertGreater(metric(gateway, "dujiang_log_lines_lost_total"), 0)
        self.assertEqual(gateway.stop(), 0)

    def test_a_reader_who_has_gone_stops_nothing(self):
        reader, writer = os.pipe()
        gateway = self.start(writer)
        os.close(writer)
        self.assertIn(b'"event":"ready"', os.read(reader, 65536))
        os.close(reader)
        ask_much(gateway)
        self.assertGreater(metric(gateway, "dujiang_log_lines_lost_total"), 0)
        self.assertEqual(gateway.stop(), 0)

    def test_a_reader_who_does_not_read_stops_nothing_and_finds_the_gap_told(self):
        reader, writer = os.pipe()
        gateway = self.start(writer)
        os.close(writer)
        ask_much(gateway)
        lost = metric(gateway, "dujiang_log_lines_lost_total")
        self.assertGreater(lost, 0)
        heard = []

        def read():
            with os.fdopen(reader, "rb") as log:
                heard.extend(json.loads(line) for line in log)

        thread = threading.Thread(target=read)
        thread.start()
        self.assertEqual(gateway.stop(), 0)
        thread.join(PATIENCE)
        requests = [line for line in heard if line["event"] == "request"]
        told = [line["message"] for line in heard if line["event"] == "log_lines_lost"]
        self.assertEqual(len(requests) + lost, MORE_THAN_IS_HELD)
        self.assertEqual(told, [f"{lost:.0f} lines are missing here: their reader was too slow"])
        self.assertEqual(heard[-1]["event"], "draining")

    def test_a_closed_standard_error_leaves_the_log_out_of_the_connections(self):
        gateway = self.start(CLOSED)
        ask_much(gateway, 300)
        self.assertEqual(metric(gateway, "dujiang_log_lines_lost_total"), 0)
        self.assertEqual(gateway.stop(), 0)
