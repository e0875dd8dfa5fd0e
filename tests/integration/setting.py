"""A gateway before a simulator, for the tests of one class. The SDKs see nothing but its base_url."""

import pathlib
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from harness import answers, chat  # noqa: E402, F401
from harness.processes import CLOSED, Gateway, Simulator  # noqa: E402, F401

# One upstream; its retries come quickly, so that a test of retries is quick. Many of a test's few requests are
# shown a fault that may have been billed: the budget for these is not what is tested here.
CONFIGURATION = """
version: 1
upstreams:
  - name: deepseek
    dialect: deepseek
    base_url: ${SIM_URL}
    possibly_billed_share: 1
    possibly_billed_reserve: 100ms
    accounts:
      - name: main
        keys: [sk-of-the-account]
routes:
  - name: chat
    match: [deepseek-chat, deepseek-reasoner, "deepseek-*"]
    targets: [{upstream: deepseek}]
    retries: {backoff_initial: 20ms, backoff_cap: 100ms}
"""

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


class WithGateway(unittest.TestCase):
    scenario, speed, configuration = "calm", 20, CONFIGURATION

    @classmethod
    def setUpClass(cls):
        cls.simulator = cls.enterClassContext(Simulator(cls.scenario, 1, cls.speed))
        cls.gateway = cls.enterClassContext(Gateway(cls.configuration, {"SIM_URL": cls.simulator.url}))

    def right(self, prompt):
        return answers.expected([prompt])[0]

    def attempts(self):
        return self.simulator.stats()["attempts"]

    def gateway_log(self, of):
        """The gateway's log up to the line about the answer `of`: it is written after the last byte of the answer."""
        for _ in range(500):
            log = self.gateway.log.read_text(errors="replace")
            if of._request_id in log:
                return log
            time.sleep(0.02)
        self.fail(f"no line of the log tells of {of._request_id}:\n{log}")


def whole_lines(log):
    """Of a log that is being written: what is behind the last line end is none yet."""
    return log.read_text().rpartition("\n")[0].splitlines()


def run(command, timeout, **more):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=timeout, **more)
