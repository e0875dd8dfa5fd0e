"""Callers with keys of the gateway's own, as the unmodified OpenAI SDK sees them."""

import subprocess
import unittest

import openai
from openai import OpenAI

from setting import CONFIGURATION, ROOT, WithGateway

MODEL = "deepseek-chat"


def new_key(name, more=""):
    """A key, and its entry with more settings in it."""
    lines = subprocess.run(
        [ROOT / "build/release/src/cli/dujiang", "key", "new", name], capture_output=True, text=True, check=True).stdout.splitlines()
    key = next(line for line in lines if line.startswith("dj_"))
    entry = next(line for line in lines if line.startswith("- {"))
    return key, entry[:-1] + more + "}"


def user(prompt):
    return [{"role": "user", "content": prompt}]


class WithKeys(WithGateway):
    @classmethod
    def setUpClass(cls):
        cls.keys, entries = {}, []
        for name, more in {
            "team-a": "",
            "hasty": ", rate_limit: {per_second: 0.01, burst: 2, max_wait: 0s}",
            "guest": ", routes: [other]",
        }.items():
            cls.keys[name], entry = new_key(name, more)
            entries.append("  " + entry)
        cls.configuration = (
            CONFIGURATION + "  - {name: other, match: other, targets: [{upstream: deepseek, model: deepseek-chat}]}\n"
            + "caller_keys:\n  keys:\n" + "\n".join(entries) + "\n")
        super().setUpClass()

    def client(self, name, **more):
        client = OpenAI(base_url=self.gateway.url + "/v1", api_key=self.keys.get(name, name), timeout=60, **more)
        self.addCleanup(client.close)
        return client

    def ask(self, client, **more):
        return client.chat.completions.create(model=MODEL, messages=user("What is a weir?"), **more)


class CallerKeysTest(WithKeys):
    def test_a_caller_with_a_key_is_served_and_named_in_the_log(self):
        answer = self.ask(self.client("team-a"))
        self.assertEqual(answer.choices[0].message.content, self.right("What is a weir?"))
        log = self.gateway_log(answer)
        self.assertIn('"caller":"team-a"', log)
        for key in self.keys.values():
            self.assertNotIn(key, log)

    def test_x_api_key_will_do(self):
        fields = {"Authorization": openai.Omit(), "x-api-key": self.keys["team-a"]}
        answer = self.ask(self.client("none"), extra_headers=fields)
        self.assertEqual(answer.choices[0].finish_reason, "stop")

    def test_a_wrong_key_is_an_authentication_error_and_asks_no_upstream(self):
        before = self.attempts()
        with self.assertRaises(openai.AuthenticationError) as caught:
            self.ask(self.client("sk-of-nobody"))
        self.assertEqual(caught.exception.code, "invalid_api_key")
        self.assertTrue(caught.exception.request_id)
        self.assertEqual(self.attempts(), before)

    def test_a_key_without_turns_is_a_rate_limit_error_that_says_when(self):
        client = self.client("hasty", max_retries=0)
        left = [
            client.chat.completions.with_raw_response.create(model=MODEL, messages=user("Hi")).headers["RateLimit"]
            for _ in range(2)
        ]
        self.assertEqual([one.split(";")[1] for one in left], ["r=1", "r=0"])
        with self.assertRaises(openai.RateLimitError) as caught:
            self.ask(client)
        headers = caught.exception.response.headers
        self.assertEqual(caught.exception.code, "rate_limited")
        self.assertEqual(headers["Retry-After"], "60")
        self.assertEqual(headers["RateLimit-Policy"], '"calls";q=2;w=200')
        self.assertTrue(headers["RateLimit"].startswith('"calls";r=0;t='))

    def test_a_key_sees_and_uses_its_own_models_only(self):
        client = self.client("guest")
        self.assertEqual([model.id for model in client.models.list()], ["other"])
        with self.assertRaises(openai.PermissionDeniedError):
            self.ask(client)


class OperatorsAccountTest(WithKeys):
    def test_trouble_with_it_is_not_the_callers(self):
        with self.assertRaises(openai.InternalServerError) as caught:
            self.ask(self.client("team-a"), extra_headers={"x-sim-fault": "11"})
        self.assertEqual(caught.exception.status_code, 503)
        self.assertEqual(caught.exception.code, "upstream_account")
        self.assertNotIn("alance", str(caught.exception))
        self.assertIn('dujiang_account_faults_total{upstream="deepseek",reason="balance"} 1', self.gateway.get("/metrics"))


if __name__ == "__main__":
    unittest.main()
