"""A hundred thousand requests through one process in a storm: nothing wrong is handed out, and nothing is left behind.

Half of them are streams; some callers hang up, before the answer or in the middle of it, and some read slowly.
"""

import asyncio
import collections
import json
import pathlib
import re
import socket
import time

from setting import CONFIGURATION, WithGateway, answers, chat

REQUESTS = 100_000
WARM_UP = 10_000  # pools, caches and the allocator have their size by then
AT_ONCE = 400
MAX_GROWTH_KIB = 8 * 1024
PATIENCE = 60

# One in so many callers …
HANGS_UP_EARLY, HANGS_UP_LATE, READS_SLOWLY = 40, 41, 43
SLOW_PAUSE = 0.02


def resident_kib(gateway):
    status = pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def descriptors(gateway):
    return len(list(pathlib.Path(f"/proc/{gateway.process.pid}/fd").iterdir()))


def metric(gateway, name):
    return float(re.search(rf"^{re.escape(name)} (\S+)$", gateway.get("/metrics"), re.M)[1])


def await_rest(gateway, at_rest):
    """Until only the descriptors of the beginning and of kept upstream connections are open; the last difference."""
    until = time.monotonic() + 20
    while (more := descriptors(gateway) - at_rest - metric(gateway, 'dujiang_connections{side="upstream"}')):
        if time.monotonic() > until:
            break
        time.sleep(0.05)
    return more

# A full account rests for 250 ms; with as many as these there is always one to ask.
ACCOUNT = """
      - name: main
        keys: [sk-of-the-account]
"""
ACCOUNTS = "".join(f"\n      - {{name: account-{i}, keys: [sk-of-account-{i}]}}" for i in range(16)) + "\n"


class HungUp(Exception):
    pass


def hang_up(_):
    raise HungUp


class StormTest(WithGateway):
    scenario, speed = "storm", 400
    # Waits, and what notices a stall, fit the simulator's speed.
    configuration = (
        CONFIGURATION.replace("20ms", "5ms").replace("100ms}", "30ms}").replace(ACCOUNT, ACCOUNTS)
        + "    clocks: {alone_first_token: 1s, silence: 1s, gap: 1s}\n"
    )

    async def one(self, i, prompt, right):
        """(kind, why) of one call: answers.verdict, or what the caller did."""
        url = self.gateway.url + "/v1"
        if i % HANGS_UP_EARLY == 0:
            try:
                async with asyncio.timeout(0.001 * (i % 7)):
                    await chat.ask(url, prompt, i % 2 == 0, PATIENCE)
            except TimeoutError:
                return "hung up", "early"
            return "hung up", "too late"
        if i % HANGS_UP_LATE == 0:
            try:
                await chat.ask(url, prompt, True, PATIENCE, on_text=hang_up)
            except HungUp:
                return "hung up", "in the middle"
            return "hung up", "no text came"
        slow = i % READS_SLOWLY == 0
        reply = await chat.ask(url, prompt, slow or i % 2 == 0, PATIENCE, pause=SLOW_PAUSE if slow else 0)
        return answers.verdict(right, reply.content, reply.finish_reason, reply.failure)

    def ask(self, first, count):
        """How many of `count` requests ended how; AT_ONCE are under way at a time."""
        prompts = [f"[[sim-tokens {8 + i % 16}]] {i}" for i in range(first, first + count)]
        todo = zip(range(first, first + count), prompts, answers.expected(prompts))
        verdicts = collections.Counter()

        async def worker():
            for request in todo:
                verdicts[await self.one(*request)] += 1

        async def all_workers():
            await asyncio.gather(*(worker() for _ in range(AT_ONCE)))

        asyncio.run(all_workers())
        return verdicts

    def test_a_hundred_thousand_requests_leave_nothing_behind_and_nothing_is_wrong(self):
        at_rest = descriptors(self.gateway)
        verdicts = self.ask(0, WARM_UP)
        resident = resident_kib(self.gateway)
        verdicts += self.ask(WARM_UP, REQUESTS - WARM_UP)
        kinds = collections.Counter()
        for (kind, _), count in verdicts.items():
            kinds[kind] += count
        self.assertEqual(kinds["wrong"], 0, verdicts)
        self.assertGreater(kinds["hung up"], 0.04 * REQUESTS, verdicts)
        self.assertGreater(verdicts["hung up", "in the middle"], 0.01 * REQUESTS, verdicts)
        self.assertGreater(kinds["ok"], 0.9 * (REQUESTS - kinds["hung up"]), verdicts)
        self.assertEqual(await_rest(self.gateway, at_rest), 0)
        self.assertLess(resident_kib(self.gateway) - resident, MAX_GROWTH_KIB)
        self.assertEqual(self.simulator.stats()["slots_held_now"], 0)


class DeafCallersTest(WithGateway):
    """Thousands of callers who ask for a stream and read nothing of it."""

    scenario, speed = "calm", 1000
    configuration = "listen: {write_timeout: 10m}\n" + CONFIGURATION
    COUNT = 2000
    TOKENS = 1200  # 300 KB of events, more than the gateway leaves to a socket
    PATIENCE = 300
    MAX_KIB_EACH = 128  # of buffers: what was read, decoded, encoded and not yet sent
    RECEIVE_BUFFER = 4096

    def call(self):
        caller = socket.socket()
        self.addCleanup(caller.close)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.RECEIVE_BUFFER)
        caller.connect(("127.0.0.1", self.gateway.port))
        body = json.dumps(chat.request_body(f"[[sim-tokens {self.TOKENS}]] Tell me much.", True))
        caller.sendall(
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        return caller

    def await_standstill(self):
        """Until all streams have begun and the gateway rests: every one is held up by its reader."""
        until = time.monotonic() + self.PATIENCE
        used = None
        while used != (used := self.gateway_cpu()) or self.streams() < self.COUNT:
            self.assertLess(time.monotonic(), until, "streams that nobody reads still go on")
            time.sleep(1)

    def gateway_cpu(self):
        fields = pathlib.Path(f"/proc/{self.gateway.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def streams(self):
        return metric(self.gateway, "dujiang_streams")

    def test_hold_up_their_own_streams_and_nothing_else(self):
        at_rest = descriptors(self.gateway)
        self.assertEqual(self.ask_one(), ("ok", ""))
        resident = resident_kib(self.gateway)
        callers = [self.call() for _ in range(self.COUNT)]
        self.await_standstill()
        self.assertLess((resident_kib(self.gateway) - resident) / self.COUNT, self.MAX_KIB_EACH)
        self.assertEqual(self.ask_one(), ("ok", ""), "others are served meanwhile")
        for caller in callers:
            caller.close()
        self.assertEqual(await_rest(self.gateway, at_rest), 0)
        self.assertEqual(self.simulator.stats()["slots_held_now"], 0)

    def ask_one(self):
        prompt = "[[sim-tokens 20]] Hello"
        reply = asyncio.run(chat.ask(self.gateway.url + "/v1", prompt, True, PATIENCE))
        return answers.verdict(self.right(prompt), reply.content, reply.finish_reason, reply.failure)
