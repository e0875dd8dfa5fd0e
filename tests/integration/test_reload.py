"""The configuration changes under load, good and bad by turns, and the upstream moves to and fro: nothing is lost."""

import asyncio
import json
import os
import pathlib
import tempfile
import time
import unittest

from setting import Gateway, Simulator, answers, chat, whole_lines

CHANGES = 20
AT_ONCE = 24
PATIENCE = 60

CONFIGURATION = """
version: 1
listen: {{max_body: {body}MiB}}
upstreams:
  - name: deepseek
    dialect: deepseek
    base_url: {url}
    accounts:
      - name: main
        keys: [sk-of-change-{number}]
        max_concurrent: {slots}
routes:
  - name: chat
    match: "*"
    targets: [{{upstream: deepseek}}]
    retries: {{backoff_initial: 20ms, backoff_cap: 100ms}}
"""


class ReloadTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="dujiang-")))
        self.file = self.folder / "gateway.yaml"
        self.simulators = [self.enterContext(Simulator("calm", seed, 20)) for seed in (1, 2)]
        self.change(0)
        self.gateway = self.enterContext(Gateway(self.file))

    def change(self, number):
        """Replaces the file as an editor does; every second time with one that is wrong."""
        if number % 2 == 1:
            text = CONFIGURATION.replace("match:", "mtach:")
        else:
            text = CONFIGURATION
        # Sometimes there are fewer slots than callers, so that some wait while the file changes.
        text = text.format(url=self.simulators[number // 2 % 2].url, number=number, body=1 + number % 3,
                           slots=(8, 100)[number // 4 % 2])
        fresh = self.folder / "fresh"
        fresh.write_text(text)
        os.rename(fresh, self.file)

    def reloads(self):
        page = self.gateway.get("/metrics")
        counts = [line.split()[-1] for line in page.splitlines() if line.startswith("dujiang_config_reloads_total{")]
        return sum(map(int, counts))

    def change_often(self):
        for number in range(1, CHANGES + 1):
            self.change(number)
            until = time.monotonic() + PATIENCE
            while self.reloads() < number:
                self.assertLess(time.monotonic(), until, f"change {number} was never seen")

    async def storm(self):
        """Verdicts of calls, streamed and not, that are made all the while."""
        changing = asyncio.create_task(asyncio.to_thread(self.change_often))
        prompts = [f"[[sim-tokens {20 + i % 40}]] {i}" for i in range(200)]
        rights = answers.expected(prompts)
        verdicts = []

        async def caller(i):
            while not changing.done():
                reply = await chat.ask(self.gateway.url + "/v1", prompts[i % 200], i % 2 == 0, PATIENCE)
                verdicts.append(answers.verdict(rights[i % 200], reply.content, reply.finish_reason, reply.failure))
                i += AT_ONCE + 1

        await asyncio.gather(*(caller(i) for i in range(AT_ONCE)))
        await changing
        return verdicts

    def test_nothing_is_dropped_while_the_file_changes_twenty_times(self):
        verdicts = asyncio.run(self.storm())
        self.assertEqual([verdict for verdict in verdicts if verdict[0] != "ok"], [])
        self.assertGreater(len(verdicts), 10 * AT_ONCE)
        for simulator in self.simulators:
            self.assertGreater(simulator.stats()["attempts"], 0)
        log = [json.loads(line) for line in whole_lines(self.gateway.log)]
        refusals = [line["message"] for line in log if line["event"] == "reload_refused"]
        self.assertEqual(len(refusals), CHANGES / 2)
        self.assertIn(f"{self.file}:14: routes[0].mtach: ", refusals[0])
        self.assertEqual(sum(line["event"] == "reloaded" for line in log), CHANGES / 2)

    def test_calls_that_wait_are_served_by_the_endpoint_that_is_put_in_the_place_of_a_dead_one(self):
        self.simulators[0].stop()
        prompt = "[[sim-tokens 20]] Where does the water go?"

        async def ask_and_move():
            calls = [asyncio.create_task(chat.ask(self.gateway.url + "/v1", prompt, i % 2 == 0, PATIENCE)) for i in range(10)]
            until = time.monotonic() + PATIENCE
            while "dujiang_requests_in_flight 10\n" not in await asyncio.to_thread(self.gateway.get, "/metrics"):
                self.assertLess(time.monotonic(), until, "the calls never came")
            self.change(2)
            return await asyncio.gather(*calls)

        for reply in asyncio.run(ask_and_move()):
            verdict = answers.verdict(answers.expected([prompt])[0], reply.content, reply.finish_reason, reply.failure)
            self.assertEqual(verdict[0], "ok", verdict)


if __name__ == "__main__":
    unittest.main()
