"""Ten thousand requests through a storm: nothing wrong is handed out, and nothing is left behind."""

import asyncio
import json
import pathlib
import time

from setting import CONFIGURATION, WithGateway, answers, chat

REQUESTS = 10_000
WARM_UP = 2_000  # pools, caches and the allocator have their size by then
AT_ONCE = 200
MAX_GROWTH_KIB = 8 * 1024
POOLED = 64  # idle upstream connections that the gateway may keep
PATIENCE = 60


class StormTest(WithGateway):
    scenario, speed = "storm", 200
    # Waits, and what notices a stall, fit the simulator's speed.
    configuration = (
        CONFIGURATION.replace("20ms", "5ms").replace("100ms}", "30ms}")
        + "    clocks: {alone_first_token: 1s, silence: 1s, gap: 1s}\n"
    )

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.gateway.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def descriptors(self):
        return len(list(pathlib.Path(f"/proc/{self.gateway.process.pid}/fd").iterdir()))

    def ask(self, first, count):
        """Verdicts of `count` requests, of which AT_ONCE are under way at a time."""
        prompts = [f"[[sim-tokens {8 + i % 16}]] {i}" for i in range(first, first + count)]
        rights = answers.expected(prompts)
        todo = iter(enumerate(prompts))
        verdicts = []

        async def worker():
            for i, prompt in todo:
                reply = await chat.ask(self.gateway.url + "/v1", prompt, i % 2 == 0, PATIENCE)
                verdicts.append(answers.verdict(rights[i], reply.content, reply.finish_reason, reply.failure))

        async def all_workers():
            await asyncio.gather(*(worker() for _ in range(AT_ONCE)))

        asyncio.run(all_workers())
        return verdicts

    def settled_descriptors(self, most):
        """How many stay open, once they are no more than `most`, or after a while."""
        until = time.monotonic() + 20
        while self.descriptors() > most and time.monotonic() < until:
            time.sleep(0.05)
        return self.descriptors()

    def test_ten_thousand_requests_leave_nothing_behind_and_nothing_is_wrong(self):
        at_rest = self.descriptors()
        verdicts = self.ask(0, WARM_UP)
        resident = self.resident_kib()
        verdicts += self.ask(WARM_UP, REQUESTS - WARM_UP)
        wrong = [why for kind, why in verdicts if kind == "wrong"]
        self.assertEqual(wrong, [])
        good = sum(kind == "ok" for kind, _ in verdicts)
        self.assertGreater(good, 0.9 * REQUESTS, json.dumps(sorted(set(verdicts))))
        self.assertLessEqual(self.settled_descriptors(at_rest + POOLED), at_rest + POOLED)
        self.assertLess(self.resident_kib() - resident, MAX_GROWTH_KIB)
        self.assertEqual(self.simulator.stats()["slots_held_now"], 0)
