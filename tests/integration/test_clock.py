"""A wall clock that jumps by years, forwards and back, while requests are under way: only what tells time notices."""

import asyncio
import email.utils
import json
import pathlib
import tempfile
import unittest

from setting import CONFIGURATION, Gateway, Simulator, answers, chat, whole_lines

(FAKETIME,) = pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
TODAY, FUTURE, PAST = "@2026-11-25 12:00:00", "@2041-06-15 00:00:00", "@1999-06-15 23:59:50"
YEARS = (2041, 1999, 2041, 2026)  # the clock's, one after the other
PROMPT = "[[sim-tokens 1500]] How does time pass?"
REFUSED_TWICE = "[[sim-fault 7; times=2]] And again?"
PATIENCE = 60


class ClockTest(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.clock = pathlib.Path(folder) / "clock"
        self.set_clock(TODAY)
        self.simulator = self.enterContext(Simulator("calm", 1, 5))
        self.gateway = self.enterContext(Gateway(CONFIGURATION, {
            "SIM_URL": self.simulator.url,
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }))

    def set_clock(self, time):
        new = self.clock.with_suffix(".new")
        new.write_text(time + "\n")
        new.rename(self.clock)

    def ask(self, prompt, stream=True, **more):
        return chat.ask(self.gateway.url + "/v1", prompt, stream, PATIENCE, **more)

    async def year(self):
        """The year that the gateway's answers tell."""
        reply = await self.ask("[[sim-tokens 8]] Which year is it?")
        return email.utils.parsedate_to_datetime(reply.headers["date"]).year

    def expect_right(self, prompt, reply):
        right = answers.expected([prompt])[0]
        verdict = answers.verdict(right, reply.content, reply.finish_reason, reply.failure)
        self.assertEqual(verdict, ("ok", ""))

    async def ask_while_the_clock_jumps(self):
        begun = asyncio.Event()
        calls = (self.ask(PROMPT, stream, on_text=lambda _: begun.set()) for stream in (True, False))
        streams = [asyncio.create_task(call) for call in calls]
        await begun.wait()
        for year, time in zip(YEARS, (FUTURE, PAST, FUTURE, TODAY), strict=True):
            self.set_clock(time)
            self.assertEqual(await self.year(), year)
            self.expect_right(REFUSED_TWICE, await self.ask(REFUSED_TWICE))
            if time == PAST:
                self.assertFalse(any(stream.done() for stream in streams), "it jumped while answers were under way")
        return [await stream for stream in streams]

    def test_requests_under_way_and_new_ones_are_served_whatever_the_clock_says(self):
        for reply in asyncio.run(self.ask_while_the_clock_jumps()):
            self.expect_right(PROMPT, reply)
        self.assertEqual(self.gateway.stop(), 0)

    def test_the_log_tells_the_time_of_the_clock(self):
        self.set_clock(PAST)
        self.assertEqual(asyncio.run(self.year()), 1999)
        self.set_clock(FUTURE)
        self.assertEqual(asyncio.run(self.year()), 2041)
        self.gateway.process.terminate()
        self.gateway.process.wait()
        lines = [json.loads(line) for line in whole_lines(self.gateway.log)]
        requests = [line for line in lines if line["event"] == "request"]
        self.assertEqual([line["time"][:4] for line in requests], ["1999", "2041"])
        self.assertTrue(all(0 <= line["seconds"] < PATIENCE for line in requests), requests)
