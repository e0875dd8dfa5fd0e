"""Runs node_sdk.cjs, whose tests count as this test's subtests."""

import json
import os
import re

from setting import ROOT, WEATHER, WithGateway, answers, run

PROMPTS = [
    "What is a polder?",
    "[[sim-fault 7; times=2]] [[sim-tokens 40]] What is a dyke?",
    "[[sim-fault 5; times=1; after=1]] [[sim-tokens 40]] What is a canal?",
    "[[sim-fault 26; times=1; after=0]] [[sim-tokens 40]] What is a lock?",
    "[[sim-fault 28; variant=split_utf8]] [[sim-tokens 40]] What is a mill?",
    "function tame(river) {}",
]
BREAKS = "[[sim-fault 19; times=1; after=10]] [[sim-tokens 40]] Why?"


class NodeSdkTest(WithGateway):
    def test_node_sdk(self):
        installed = run([ROOT / "tools/node_env"], timeout=300)
        self.assertEqual(installed.returncode, 0, installed.stdout + installed.stderr)
        environment = {
            **os.environ,
            "NODE_PATH": str(ROOT / "build/node/node_modules"),
            "BASE_URL": self.gateway.url,
            "RIGHT": json.dumps(dict(zip(PROMPTS, answers.expected(PROMPTS)))),
            "BREAKS": BREAKS,
            "BREAKS_RIGHT": json.dumps(self.right(BREAKS)),
            "WEATHER": json.dumps(WEATHER),
        }
        script = ROOT / "tests/integration/node_sdk.cjs"
        done = run(["node", "--test-reporter=tap", script], timeout=300, env=environment)
        # TAP: a line `ok N - NAME` or `not ok N - NAME` for each test, and after it what went wrong.
        cases = re.split(r"(?m)^(ok|not ok) \d+ - (.*)$", done.stdout)
        verdicts = list(zip(cases[1::3], cases[2::3], cases[3::3]))
        self.assertGreater(len(verdicts), 10, done.stdout[-3000:] + done.stderr[-3000:])
        for verdict, name, detail in verdicts:
            with self.subTest(name):
                self.assertEqual(verdict, "ok", detail[:3000])
        self.assertEqual(done.returncode, 0 if all(verdict == "ok" for verdict, _, _ in verdicts) else 1)
