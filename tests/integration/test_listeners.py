"""Callers of every kind, at listeners of every kind: curl and Python's TLS, Unix sockets, inherited sockets."""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from setting import ROOT, run

BINARY = ROOT / "build/release/src/cli/dujiang"

UPSTREAM = """
version: 1
upstreams: [{name: nobody, base_url: "http://127.0.0.1:9"}]
routes: [{name: all, match: "*", targets: [{upstream: nobody}]}]
"""


def make_certificate(folder, name, days=30):
    """A self-signed one for localhost."""
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days),
         "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"], 30).check_returncode()


class ListenersTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def start(self, listen, *arguments, preexec=None, **more):
        """`dujiang serve`, when it is ready."""
        (self.folder / "gateway.yaml").write_text(listen + UPSTREAM)
        self.process = subprocess.Popen(
            [BINARY, "serve", "--config", self.folder / "gateway.yaml", *arguments],
            stderr=subprocess.PIPE, text=True, preexec_fn=preexec, **more)
        self.addCleanup(self.process.stderr.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        return self.await_event("ready")

    def await_event(self, event):
        """Reads the log up to the line of an event, and returns its message; a gateway that never writes one is ended."""
        patience = threading.Timer(30, self.process.kill)
        patience.start()
        lines = []
        for line in iter(self.process.stderr.readline, ""):
            lines.append(line)
            if f'"event":"{event}"' in line:
                patience.cancel()
                return json.loads(line)["message"]
        self.fail(f"no {event}: {lines}")

    def port_of(self, message, scheme="http"):
        return int(message.split(f"{scheme}://127.0.0.1:")[1].split("/")[0].split(",")[0])

    def test_curl_and_python_call_over_tls_and_a_renewed_certificate_is_shown(self):
        make_certificate(self.folder, "first")
        make_certificate(self.folder, "second", days=60)
        for kind in ("pem", "key"):
            shutil.copy(self.folder / f"first.{kind}", self.folder / f"own.{kind}")
        port = self.port_of(self.start("listen: {port: 0, tls: {certificate: own.pem, key: own.key}}\n"), "https")

        def call(trusting, path="/healthz"):
            return run(["curl", "-sS", "--cacert", self.folder / f"{trusting}.pem", f"https://localhost:{port}{path}"], 30)

        def days_left():
            gauge = 'dujiang_certificate_not_after_timestamp_seconds{listener="listen"}'
            end = re.search(rf"^{re.escape(gauge)} (\S+)$", call("own", "/metrics").stdout, re.M)[1]
            return round((float(end) - time.time()) / 86400)

        curl = call("first")
        self.assertEqual((curl.returncode, curl.stdout), (0, "ok\n"), curl.stderr)
        self.assertEqual(days_left(), 30)
        context = ssl.create_default_context(cafile=self.folder / "first.pem")
        caller = http.client.HTTPSConnection("localhost", port, context=context, timeout=20)
        for _ in range(3):
            caller.request("GET", "/readyz")
            self.assertEqual(caller.getresponse().read(), b"ready\n")
        self.assertEqual(caller.sock.version(), "TLSv1.3")
        plain = run(["curl", "-sS", f"http://localhost:{port}/healthz"], 30)
        self.assertIn("tls_required", plain.stdout)

        for kind in ("pem", "key"):
            shutil.copy(self.folder / f"second.{kind}", self.folder / "new")
            os.rename(self.folder / "new", self.folder / f"own.{kind}")
        self.await_event("reloaded")
        self.assertEqual(call("second").stdout, "ok\n")
        self.assertEqual(call("first").returncode, 60, "the old certificate is not shown any more")
        self.assertEqual(days_left(), 60)
        caller.request("GET", "/readyz")
        self.assertEqual(caller.getresponse().read(), b"ready\n", "who is connected stays so")

    def test_curl_calls_over_a_unix_socket(self):
        self.start("listen: {unix: d.sock}\n")
        curl = run(["curl", "-sS", "--unix-socket", self.folder / "d.sock", "http://localhost/healthz"], 30)
        self.assertEqual((curl.returncode, curl.stdout), (0, "ok\n"), curl.stderr)

    def test_curl_is_a_load_balancer(self):
        message = self.start("listen: {port: 0, proxy_protocol: true, trusted_proxies: [127.0.0.1]}\n")
        url = f"http://127.0.0.1:{self.port_of(message)}/v1/none"
        curl = run(["curl", "-sS", "--haproxy-protocol", url], 30)
        self.assertIn("unknown_path", curl.stdout, curl.stderr)
        self.assertIn(run(["curl", "-sS", url], 30).returncode, (52, 56), "no answer, or a reset, without a PROXY header")

    def inherit(self, listener, listen, *arguments):
        """Starts the gateway as a service manager does that holds the socket."""
        def hand_over():
            os.dup2(listener.fileno(), 3)
            os.set_inheritable(3, True)
            os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
        return self.start(listen, *arguments, preexec=hand_over, close_fds=False)

    def test_a_socket_of_the_service_manager_outlives_a_restart(self):
        listener = self.enterContext(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        port = listener.getsockname()[1]
        for listen in ("", f"listen: {{port: {port}}}\n"):  # named by nobody, and by its address
            self.assertEqual(self.port_of(self.inherit(listener, listen)), port)
            early = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            early.request("GET", "/healthz")
            self.assertEqual(early.getresponse().read(), b"ok\n")
            self.process.send_signal(signal.SIGTERM)
            self.assertEqual(self.process.wait(30), 0)
            waiting = self.enterContext(socket.create_connection(("127.0.0.1", port), timeout=20))
            waiting.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")  # nobody is there to read it
            self.inherit(listener, listen)
            self.assertIn(b"200 OK", waiting.recv(4096))
            self.process.kill()
            self.process.wait()

    def test_an_inherited_socket_gets_the_certificate_of_the_listener_with_its_address(self):
        make_certificate(self.folder, "own")
        listener = self.enterContext(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        port = listener.getsockname()[1]
        message = self.inherit(listener, f"""listen:
  - {{port: 0}}
  - {{port: {port}, tls: {{certificate: own.pem, key: own.key}}}}
""")
        self.assertIn(f"https://127.0.0.1:{port}", message)
        curl = run(["curl", "-sS", "--cacert", self.folder / "own.pem", f"https://localhost:{port}/healthz"], 30)
        self.assertEqual(curl.stdout, "ok\n", curl.stderr)

    def test_what_was_handed_over_and_cannot_be_used_is_an_error(self):
        (self.folder / "gateway.yaml").write_text(UPSTREAM)

        def end_of(handed_over):
            def hand_over():
                os.dup2(handed_over.fileno(), 3)
                os.set_inheritable(3, True)
                os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
            return subprocess.run([BINARY, "serve", "--config", self.folder / "gateway.yaml"], capture_output=True,
                                  text=True, timeout=30, preexec_fn=hand_over, close_fds=False)
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            ended = end_of(datagrams)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("descriptor 3, which was handed over to be listened on, is no listening stream", ended.stderr)
        with socket.create_server(("0.0.0.0", 0)) as reachable:
            ended = end_of(reachable)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("can be reached from other machines", ended.stderr)


if __name__ == "__main__":
    unittest.main()
