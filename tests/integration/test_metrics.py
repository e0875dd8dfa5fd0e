"""/metrics of a gateway that has served something, as Prometheus' own tool sees it."""

import asyncio

from setting import WithGateway, chat, run


class MetricsTest(WithGateway):
    def test_promtool_has_nothing_to_say_against_live_metrics(self):
        for prompt in ("Hello", "[[sim-fault 7; times=1]] Hello", "[[sim-fault 13]] Hello"):
            asyncio.run(chat.ask(self.gateway.url + "/v1", prompt, True, 30))
        text = self.gateway.get("/metrics")
        self.assertIn('dujiang_attempts_total{', text)
        self.assertIn("gen_ai_server_request_duration_seconds_bucket", text)
        checked = run(["promtool", "check", "metrics"], timeout=30, input=text)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))
