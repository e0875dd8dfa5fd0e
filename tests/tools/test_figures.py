import sys
import unittest

from planted import ROOT

sys.path[:0] = [str(ROOT / "benchmarks/survive"), str(ROOT / "benchmarks"), str(ROOT / "tools")]

import figures  # noqa: E402
import report  # noqa: E402
from harness.answers import verdict  # noqa: E402


class VerdictTest(unittest.TestCase):
    RIGHT = "the whole answer"

    def judge(self, content, finish_reason="stop", failure=None):
        return verdict(self.RIGHT, content, finish_reason, failure)[0]

    def test_a_whole_answer_is_ok(self):
        self.assertEqual(self.judge(self.RIGHT), "ok")

    def test_a_failure_is_loud_with_a_part_of_the_answer_or_none(self):
        self.assertEqual(self.judge("", None, "503"), "failed_loudly")
        self.assertEqual(self.judge("the who", None, "cut"), "failed_loudly")

    def test_a_whole_answer_that_ended_in_a_failure_is_no_success(self):
        self.assertEqual(self.judge(self.RIGHT, "stop", "no end in time"), "failed_loudly")

    def test_other_bytes_are_wrong_even_before_a_failure(self):
        self.assertEqual(self.judge("another answer"), "wrong")
        self.assertEqual(self.judge("another", None, "cut"), "wrong")
        self.assertEqual(self.judge(self.RIGHT + "!"), "wrong")

    def test_a_part_or_nothing_as_a_whole_is_wrong(self):
        self.assertEqual(self.judge("the who"), "wrong")
        self.assertEqual(self.judge("the who", None), "wrong")
        self.assertEqual(self.judge(""), "wrong")

    def test_a_part_that_says_so_is_a_loud_failure(self):
        self.assertEqual(self.judge("the who", "insufficient_system_resource"), "failed_loudly")


class FiguresTest(unittest.TestCase):
    def test_hashes_are_fnv_1a(self):
        # The published vectors of FNV-1a, 64 bits.
        self.assertEqual(figures.prompt_hash(""), "cbf29ce484222325")
        self.assertEqual(figures.prompt_hash("foobar"), "85944171f73967e8")

    def test_a_failure_counts_as_its_deadline_in_percentiles(self):
        outcomes = [{"verdict": "ok", "seconds": 1.0}] * 9 + [{"verdict": "failed_loudly", "seconds": 0.1}]
        result = figures.figures(outcomes, 60, 25)
        self.assertEqual(result, {"ok_share": 0.9, "wrong": 0, "failed_loudly": 1, "p50_s": 1.0, "p95_s": 60,
                                  "upstream_attempts_per_request": 2.5})

    def test_percentiles_are_the_nearest_rank(self):
        self.assertEqual(figures.percentile([5, 1, 3, 2, 4], 0.5), 3)
        self.assertEqual(figures.percentile([1, 2, 3, 4], 0.5), 2)
        self.assertEqual(figures.percentile(range(1, 101), 0.95), 95)

    def test_only_failed_streams_that_broke_after_content_are_excluded(self):
        def entry(prompt, **changes):
            usual = {"prompt": figures.prompt_hash(prompt), "stream": True, "content_tokens": 3, "outcome": "reset"}
            return {**usual, **changes}

        log = [entry("a"), entry("b", content_tokens=0), entry("c", outcome="done"), entry("d"), entry("e")]
        broken = figures.broken_after_content(log)
        requests = [{"prompt": name, "stream": name != "e"} for name in "abcde"]
        outcomes = [{"verdict": "failed_loudly"}] * 3 + [{"verdict": "ok"}, {"verdict": "failed_loudly"}]
        # a is excluded; b and c failed otherwise; d got well; e was not streamed by its caller.
        self.assertEqual(figures.ok_share_excluding(requests, outcomes, broken), 0.25)

    def test_rounds_give_median_least_and_greatest(self):
        rounds = [{"x": 3}, {"x": 1}, {"x": 7}]
        self.assertEqual(report.over_rounds(rounds), {"x": 3, "x_min": 1, "x_max": 7})


if __name__ == "__main__":
    unittest.main()
