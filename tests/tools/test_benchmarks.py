import importlib.util
import pathlib
import sys
import tempfile
import unittest

from planted import ROOT

sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "tools")]

import field  # noqa: E402
import report  # noqa: E402
import traffic  # noqa: E402

STRACE = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000060           2        30           sendmsg
 40.00    0.000040           2        20         4 recvfrom
------ ----------- ----------- --------- --------- ----------------
100.00    0.000100           2        50         4 total
"""


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"benchmarks/{name}/run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class OverheadTest(unittest.TestCase):
    def figures(self):
        """CPU and p50 in plain numbers: nginx twice the direct call, Dujiang three times."""
        cpu = {("direct", 32): 1, ("nginx", 32): 40, ("haproxy", 32): 50, ("dujiang", 32): 30,
               ("nginx", 256): 44, ("dujiang", 256): 22, ("nginx", 10_000): 60, ("dujiang", 10_000): 36}
        p50 = {"direct": 100, "nginx": 200, "haproxy": 250, "dujiang": 180}
        return {key: {"cpu_us": value, "p50_us": p50[key[0]], "served_share": 1} for key, value in cpu.items()}

    def test_ratios_are_to_nginx_over_as_many_connections(self):
        groups = load("overhead").ratios(self.figures(), 10_000)
        self.assertEqual(groups["ratio_to_nginx"], {"c32": 0.75, "c256": 0.5, "c10000": 0.6})
        self.assertEqual(groups["haproxy_ratio_to_nginx"], {"c32": 1.25})

    def test_growth_is_to_ones_own_cost_and_the_added_latency_leaves_the_upstream_out(self):
        figures = load("overhead").ratios(self.figures(), 10_000)[""]
        self.assertEqual(figures, {"growth_c10000": 1.2, "nginx_growth_c10000": 1.5, "added_p50_ratio_to_nginx": 0.8})


class ReportTest(unittest.TestCase):
    def test_groups_keep_their_names_and_the_nameless_one_comes_to_the_top(self):
        rounds = [{"": {"x": 1}, "cpu": {"y": 5}}, {"": {"x": 3}, "cpu": {"y": 7}}]
        self.assertEqual(report.over_groups(rounds),
                         {"x": 2, "x_min": 1, "x_max": 3, "cpu": {"y": 6, "y_min": 5, "y_max": 7}})


class TrafficTest(unittest.TestCase):
    def test_system_calls_are_read_with_and_without_errors(self):
        self.assertEqual(traffic.read_strace(STRACE), {"sendmsg": 30, "recvfrom": 20, "total": 50})


class FieldTest(unittest.TestCase):
    def fill(self, template, words):
        with tempfile.TemporaryDirectory() as folder:
            return field.fill(template, pathlib.Path(folder), words).read_text()

    def test_words_are_filled_in_and_a_line_of_nothing_else_goes(self):
        words = {"PORT": 81, "UPSTREAM": 82, "UPSTREAM_TLS": ""}
        text = self.fill("haproxy.cfg", words)
        self.assertIn("bind 127.0.0.1:81 ", text)
        self.assertIn("server one 127.0.0.1:82 ", text)
        plain = {"SCHEME": "http", "HOST": "127.0.0.1", "UPSTREAM": 82, "UPSTREAM_TLS": "", "LISTEN_TLS": "", "KEYS": "k"}
        self.assertNotRegex(self.fill("dujiang.yaml", plain), r"\n\s*\n|@[A-Z]+@")

    def test_a_word_without_a_value_is_an_error(self):
        with self.assertRaises(KeyError):
            self.fill("haproxy.cfg", {"PORT": 81})


if __name__ == "__main__":
    unittest.main()
