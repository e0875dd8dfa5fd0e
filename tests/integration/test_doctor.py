"""`dujiang doctor` as it is typed: before a healthy server, a sick one, none at all, and beside a gateway."""

import json
import pathlib
import re
import socket
import tempfile
import unittest

from setting import CONFIGURATION, ROOT, Gateway, Simulator, run

BINARY = ROOT / "build/release/src/cli/dujiang"
KEY = "sk-of-the-account"


class DoctorTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def doctor(self, url, *options, more="listen: {port: 0}\n", configuration=CONFIGURATION):
        path = self.folder / "gateway.yaml"
        path.write_text(more + configuration.replace("${SIM_URL}", url))
        done = run([BINARY, "doctor", "--config", path, *options], 60, env={"PATH": "/usr/bin"})
        self.assertNotIn(KEY, done.stdout + done.stderr)
        return done

    def levels(self, done, section):
        """Check -> level, of the section whose title begins so."""
        sections = json.loads(done.stdout)["sections"]
        findings = next(s["findings"] for s in sections if s["title"].startswith(section))
        return {finding["check"]: finding["level"] for finding in findings}

    def test_a_healthy_server_is_found_healthy_to_the_first_token(self):
        with Simulator("calm", 1, 20) as simulator:
            done = self.doctor(simulator.url, more="listen: {port: 0}\n")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            for line in (r"ok    connect +127\.0\.0\.1:\d+ over IPv4 in ", r"ok    key +\*\*\*\*ount of account main is accepted",
                         r"ok    models +\d models: .*deepseek-chat", r"ok    balance +110\.00 CNY left",
                         r"ok    token +the first token after .*, from deepseek-"):
                self.assertRegex(done.stdout, line)
            self.assertEqual(simulator.stats()["attempts"], 1)
            self.doctor(simulator.url, "--no-call")
            self.assertEqual(simulator.stats()["attempts"], 1, "nothing more was asked for")

    def test_what_fails_is_said_with_what_to_do_and_does_not_stop_the_rest(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
            done = self.doctor(url)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertRegex(done.stdout, r"FAIL  connect +.*refuses connections")
            self.assertIn("to do: is the server up", done.stdout)
            self.assertRegex(done.stdout, r"-     the rest +skipped: there is no way there \(.*token\)")
            self.assertRegex(done.stdout.splitlines()[-1], r"^1 check failed")
            levels = self.levels(self.doctor(url, "--json"), "deepseek: http")
            self.assertEqual((levels["dns"], levels["connect"], levels["token"]), ("ok", "fail", "skipped"))

    def test_each_endpoint_of_each_upstream_is_looked_at_or_the_one_that_is_named(self):
        second = """
  - {name: nowhere, base_url: "http://nowhere.invalid", connect_timeout: 5s}
routes:"""
        with Simulator("calm", 1, 20) as simulator:
            both = self.doctor(simulator.url, "--json", configuration=CONFIGURATION.replace("\nroutes:", second))
            self.assertEqual(both.returncode, 1)
            self.assertEqual(self.levels(both, "deepseek: ")["token"], "ok")
            self.assertEqual(self.levels(both, "nowhere: ")["dns"], "fail")
            one = self.doctor(simulator.url, "-u", "deepseek", configuration=CONFIGURATION.replace("\nroutes:", second))
            self.assertEqual(one.returncode, 0, one.stdout)
            self.assertNotIn("nowhere", one.stdout)
            none = self.doctor(simulator.url, "-u", "deepsek")
            self.assertEqual(none.returncode, 2)
            self.assertIn("there is no upstream `deepsek`; did you mean `deepseek`?", none.stderr)

    def test_a_gateway_that_serves_is_no_fault(self):
        with Simulator("calm", 1, 20) as simulator, Gateway(CONFIGURATION, {"SIM_URL": simulator.url}) as gateway:
            port = re.search(r":(\d+)", gateway.url)[1]
            done = self.doctor(simulator.url, more=f"listen: {{port: {port}}}\n")
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertRegex(done.stdout, r"ok    listener +.*a gateway serves there")

    def test_a_wrong_configuration_is_refused_as_check_refuses_it(self):
        path = self.folder / "wrong.yaml"
        path.write_text("version: 1\nrotues: []\n")
        done = run([BINARY, "doctor", "-c", path], 60)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("rotues: is not a known key; did you mean `routes`?", done.stderr)

    def test_without_a_file_it_looks_at_deepseek_and_says_that_there_is_no_key(self):
        # A proxy that is not there, so that nothing leaves this machine.
        environment = {"PATH": "/usr/bin", "HTTPS_PROXY": "http://user:sesame@127.0.0.1:9"}
        done = run([BINARY, "doctor", "--no-call"], 60, env=environment)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("deepseek: https://api.deepseek.com\n", done.stdout)
        self.assertRegex(done.stdout, r"ok    proxy +127\.0\.0\.1:9, named by HTTPS_PROXY")
        self.assertRegex(done.stdout, r"FAIL  connect +.*refuses connections")
        self.assertNotIn("sesame", done.stdout)


if __name__ == "__main__":
    unittest.main()
