"""The release on a processor with nothing but what every x86-64 has: code for newer ones is chosen at run time."""

import json
import platform
import unittest

from setting import CONFIGURATION, answers, chat
from harness.processes import Gateway, Simulator

# qemu ends a program at the first instruction that this processor does not have.
OLD = ["qemu-x86_64", "-cpu", "qemu64"]


@unittest.skipUnless(platform.machine() == "x86_64", "is about x86-64")
class OldProcessorTest(unittest.TestCase):
    def test_the_gateway_serves_streamed_and_whole_answers_there(self):
        with Simulator("calm", 1, 20) as simulator, Gateway(CONFIGURATION, {"SIM_URL": simulator.url}, OLD) as gateway:
            for stream in (False, True):
                prompt = f"[[sim-tokens 40]] What is 都江堰? {stream}"
                body = json.dumps(chat.request_body(prompt, stream)).encode()
                answer = gateway.post("/v1/chat/completions", body)
                text = "".join(parts_of(answer)) if stream else json.loads(answer)["choices"][0]["message"]["content"]
                self.assertEqual(text, answers.expected([prompt])[0])


def parts_of(stream):
    for line in stream.splitlines():
        if line.startswith("data: {"):
            for choice in json.loads(line.removeprefix("data: "))["choices"]:
                yield choice["delta"].get("content") or ""
