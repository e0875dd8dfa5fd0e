"""Endpoints of an upstream are killed and started again under load: what could be asked again is not lost."""

import asyncio
import json
import random
import re
import socket
import time
import unittest

from setting import Gateway, Simulator, answers, chat, whole_lines

ENDPOINTS = 3
KILLS = 20
TOTAL_LOSSES = 5
AT_ONCE = 24
PATIENCE = 60

# Every repeat may have been paid for, and some calls are hit again and again: budgets are not what is tested here.
CONFIGURATION = """
version: 1
upstreams:
  - name: deepseek
    dialect: deepseek
    endpoints: [{endpoints}]
    unstreamed: {unstreamed}
    probe_interval: 50ms
    possibly_billed_share: 1
    possibly_billed_reserve: 100ms
    accounts:
      - name: main
        keys: [sk-of-the-account]
routes:
  - name: chat
    match: "*"
    targets: [{{upstream: deepseek}}]
    retries: {{backoff_initial: 20ms, backoff_cap: 100ms, possibly_billed_per_request: 10}}
"""

PROMPTS = [f"[[sim-tokens {20 + i % 100}]] {i}" for i in range(200)]

# How an attempt ends whose server is killed under it: before the head, or within the answer.
BROKEN = ("reset", "cut", "empty_body")


def free_port(among):
    """A port that the kernel gives to nobody who connects: it is free again when its server has been killed."""
    for port in among:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


class KilledUpstreamsTest(unittest.TestCase):
    unstreamed = "as_stream"  # how the gateway asks for whole answers

    def setUp(self):
        candidates = iter(random.sample(range(20000, 32000), 200))
        self.ports = [free_port(candidates) for _ in range(ENDPOINTS)]
        self.simulators = []
        self.addCleanup(lambda: [simulator.stop() for simulator in self.simulators])
        for which in range(ENDPOINTS):
            self.simulators.append(self.start(which))
        endpoints = ", ".join(f"{{url: 'http://127.0.0.1:{port}'}}" for port in self.ports)
        self.gateway = self.enterContext(Gateway(CONFIGURATION.format(endpoints=endpoints, unstreamed=self.unstreamed)))
        self.calls = []  # (prompt, reply)

    def start(self, which):
        return Simulator("calm", which, 20, port=self.ports[which])

    def until(self, happened, what):
        end = time.monotonic() + PATIENCE
        while not happened():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.002)

    def kill_at_work(self, which):
        """Kills an endpoint in the middle of some answers."""
        simulator = self.simulators[which]
        self.until(lambda: simulator.stats()["slots_held_now"] > 0, f"endpoint {which} got no call")
        simulator.kill()

    def revive(self, which):
        """Starts it anew at its old address; it has its part of the calls again."""
        self.simulators[which].stop()
        self.simulators[which] = self.start(which)

    def await_calls(self, which):
        self.until(lambda: self.simulators[which].stats()["attempts"], f"endpoint {which} came back and got no call")

    def await_answers(self):
        """Half of the callers get one, so that no call is hit again and again until it may not be repeated."""
        def answered():
            return self.metric("dujiang_requests_total", 'result="ok"')

        before = answered()
        self.until(lambda: answered() >= before + AT_ONCE / 2, "no call is answered any more")

    def metric(self, family, label=""):
        """The sum of the series of a family that have the label."""
        series = re.findall(rf"^{family}(\S*) (\S+)$", self.gateway.get("/metrics"), re.M)
        return sum(float(value) for labels, value in series if label in labels)

    def kill_one_after_another(self):
        for i in range(KILLS):
            self.await_answers()
            which = i % ENDPOINTS
            self.kill_at_work(which)
            if i % 4 == 3:  # two of the three at once
                self.kill_at_work(also := (which + 1) % ENDPOINTS)
                self.revive(also)
                self.await_calls(also)
            self.revive(which)
            self.await_calls(which)

    def kill_all_again_and_again(self):
        for _ in range(TOTAL_LOSSES):
            self.await_answers()
            self.kill_all()
        self.await_answers()

    def kill_all(self):
        for which in range(ENDPOINTS):
            self.kill_at_work(which)
        refused = self.metric("dujiang_attempts_total", 'outcome="no_endpoint"')
        self.until(lambda: self.metric("dujiang_attempts_total", 'outcome="no_endpoint"') > refused + 2 * AT_ONCE,
                   "nobody asks in vain")
        for which in range(ENDPOINTS):
            self.revive(which)
        for which in range(ENDPOINTS):
            self.await_calls(which)

    async def load(self, disturb):
        """Callers call, by streams and for whole answers, until the disturbance is over."""
        disturbing = asyncio.create_task(asyncio.to_thread(disturb))

        async def caller(i):
            while not disturbing.done():
                prompt = PROMPTS[i % len(PROMPTS)]
                self.calls.append((prompt, await chat.ask(self.gateway.url + "/v1", prompt, i % 2 == 0, PATIENCE)))
                i += AT_ONCE + 1

        await asyncio.gather(*(caller(i) for i in range(AT_ONCE)))
        await disturbing

    def log_lines(self):
        """The log's lines of all calls by their ids; a line may come a moment after its answer."""
        lines = {}

        def complete():
            for text in whole_lines(self.gateway.log):
                line = json.loads(text)
                if line["event"] == "request":
                    lines[line["id"]] = line
            return len(lines) >= len(self.calls)

        self.until(complete, "calls without a line in the log")
        self.assertEqual(len(lines), len(self.calls))
        return lines

    def account_for_every_call(self):
        """How many were cut: streams of which the caller had a part, and was told that it is but a part."""
        lines = self.log_lines()
        rights = dict(zip(PROMPTS, answers.expected(PROMPTS)))
        cut = 0
        for prompt, reply in self.calls:
            line = lines[reply.headers["x-request-id"]]
            about = f"{reply}\n{line}"
            verdict = answers.verdict(rights[prompt], reply.content, reply.finish_reason, reply.failure)
            if line["result"] == "ok":
                self.assertEqual(verdict, ("ok", ""), about)
                continue
            cut += 1
            self.assertTrue(line["stream"] and reply.content, "a call was lost that could be made again: " + about)
            self.assertEqual(verdict, ("failed_loudly", "an error in midstream"), about)
            self.assertIn(line["attempts"][-1]["outcome"], BROKEN, about)
        self.assertEqual(self.metric("dujiang_answers_cut_total", 'how="error_event"'), cut)
        self.assertEqual(self.metric("dujiang_answers_cut_total"), cut)
        self.assertEqual(self.metric("dujiang_requests_total", 'result="ok"'), len(self.calls) - cut)
        return cut

    def assert_hit(self, cut):
        """Attempts were broken in midstream, and before there was anything to see."""
        self.assertGreater(cut, 0)
        broken = sum(self.metric("dujiang_attempts_total", f'outcome="{how}"') for how in BROKEN)
        self.assertGreater(broken, cut)
        self.assertGreater(self.metric("dujiang_retries_total"), 0)
        self.assertGreater(len(self.calls), 3 * AT_ONCE)

    def test_endpoints_that_are_killed_one_after_another_lose_nothing_but_streams_that_had_begun(self):
        asyncio.run(self.load(self.kill_one_after_another))
        self.assert_hit(self.account_for_every_call())

    def test_when_all_are_killed_at_once_calls_wait_until_one_is_back(self):
        asyncio.run(self.load(self.kill_all_again_and_again))
        self.assert_hit(self.account_for_every_call())


class AskedForInOnePieceTest(KilledUpstreamsTest):
    unstreamed = "as_is"


if __name__ == "__main__":
    unittest.main()
