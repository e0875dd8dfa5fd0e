"""The commands that a newcomer types, as they are."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from setting import ROOT, run


def occupy(port):
    """A listener on the port, if nobody has it already."""
    listener = socket.socket()
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError:
        listener.close()
    return listener


class RunTest(unittest.TestCase):
    def start(self, *arguments):
        process = subprocess.Popen(
            [ROOT / "run", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={name: value for name, value in os.environ.items() if name != "DEEPSEEK_API_KEY"},  # it would be spent
            # A shell that was started in the background would ignore SIGINT, and so would ./run.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return process

    def test_run_once_shows_the_difference_and_ends_well(self):
        process = self.start("--once")
        output = process.communicate(timeout=300)[0]
        self.assertEqual(process.returncode, 0, output)
        self.assertIn("whole, every byte right", output)
        self.assertRegex(output, r"through the gateway +(1[5-9]|20) of 20 came back whole")
        self.assertNotIn("WRONG", output.split("through the gateway")[1])
        self.assertRegex(output, r"base_url +http://127\.0\.0\.1:\d+/v1")

    def test_ports_in_use_are_said_and_avoided_and_ctrl_c_drains(self):
        for port in (8080, 9080):
            self.addCleanup(occupy(port).close)
        process = self.start()
        output = ""
        for line in process.stdout:
            output += line
            if "Up until Ctrl-C" in line:
                break
        self.assertIn("Port 8080 is in use", output)
        self.assertIn("Port 9080 is in use", output)
        self.assertNotIn("base_url   http://127.0.0.1:8080/", output)
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=60)[0]
        self.assertIn("Draining", output)
        self.assertEqual(process.returncode, 0, output)


class BenchTest(unittest.TestCase):
    def test_list_names_each_benchmark_with_a_sentence(self):
        done = run([ROOT / "bench", "list"], timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^survive +\w.*\.$")

    def test_an_unknown_benchmark_is_refused(self):
        self.assertEqual(run([ROOT / "bench", "no-such"], timeout=60).returncode, 2)

    def test_survive_judges_every_contestant_and_merges_parts(self):
        with tempfile.TemporaryDirectory() as folder:
            output = pathlib.Path(folder, "survive.json")
            command = [sys.executable, ROOT / "benchmarks/survive/run.py", "--requests", 12, "--output", output]
            done = run([*command, "--scenario", "calm"], timeout=300)
            self.assertEqual(done.returncode, 0, done.stderr)
            done = run([*command, "--scenario", "storm", "--contestant", "direct"], timeout=300)
            self.assertEqual(done.returncode, 0, done.stderr)
            document = json.loads(output.read_text())
        self.assertEqual(set(document["scenarios"]), {"calm", "storm"})
        calm = document["scenarios"]["calm"]
        self.assertEqual(set(calm), {"direct", "openai_sdk", "dujiang", "dujiang_two_upstreams"})
        for name, figures in calm.items():
            with self.subTest(name):
                self.assertEqual((figures["ok_share"], figures["wrong"], figures["failed_loudly"]), (1, 0, 0))
                self.assertEqual(figures["upstream_attempts_per_request"], 1)
                self.assertLess(figures["p50_s"], figures["p95_s"])
