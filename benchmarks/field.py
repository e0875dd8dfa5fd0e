"""The field of the benchmarks: the upstream, and the proxies before it, each pinned to its core and alike in what it does."""

import contextlib
import getpass
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import tempfile
import time

from harness.processes import BUILD, NotStarted, Program

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = BUILD / "benchmarks/tools"

# The contestant has a core to itself; load and upstream share the other.
LOAD_CORE = min(os.sched_getaffinity(0))
CONTESTANT_CORE = max(os.sched_getaffinity(0))
CALLER_KEY = "sk-bench"
STOP_WITHIN = 10  # seconds


def prepare():
    """Before anything is started. Returns how many descriptors each program may have."""
    if LOAD_CORE == CONTESTANT_CORE:
        raise SystemExit("this benchmark needs two cores: one for the contestant, one for its load")
    os.environ["PATH"] += ":/usr/sbin"  # where Debian keeps nginx and haproxy, whoever asks
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def pinned(core, *command):
    return ["taskset", "-c", str(core), *map(str, command)]


class Upstream(Program):
    """Answers at once: 600 bytes, or a stream of `events`, one every `interval` seconds."""

    name = "direct"

    def __init__(self, events=200, interval=0.05, certificates=None):
        tls = ["--certificate", certificates.certificate, "--key", certificates.key] if certificates else []
        super().__init__(pinned(LOAD_CORE, TOOLS / "bench-upstream", "--events", events, "--interval", interval, *tls))
        self.events, self.certificates = events, certificates

    def pids(self):
        return [self.process.pid]


class Certificates:
    """An authority and a certificate for localhost, made for this run."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.authority, self.certificate, self.key = folder / "ca.pem", folder / "localhost.pem", folder / "localhost.key"
        request, names, authority_key = folder / "localhost.csr", folder / "names", folder / "ca.key"
        names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout"]
        for command in [
            ["req", "-x509", *new_key, authority_key, "-out", self.authority, "-days", "2", "-subj", "/CN=benchmark authority"],
            ["req", *new_key, self.key, "-out", request, "-subj", "/CN=localhost"],
            ["x509", "-req", "-in", request, "-CA", self.authority, "-CAkey", authority_key, "-CAcreateserial",
             "-out", self.certificate, "-days", "2", "-extfile", names],
        ]:
            subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)


def fill(template, folder, words):
    """The path of the template's copy with its @WORDS@ filled in; a line that held nothing else goes if they are empty."""
    lines = []
    for line in (HERE / "contestants" / template).read_text().splitlines():
        filled = re.sub(r"@([A-Z_]+)@", lambda match: str(words[match[1]]), line)
        if filled.strip() or not line.strip():
            lines.append(filled)
    path = folder / template
    path.write_text("\n".join(lines) + "\n")
    return path


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Dujiang(Program):
    name = "dujiang"

    def __init__(self, upstream, streaming=False, certificates=None):
        self._files = tempfile.TemporaryDirectory(prefix="dujiang-")  # The gateway watches them.
        folder, program, tls = pathlib.Path(self._files.name), BUILD / "src/cli/dujiang", upstream.certificates
        self.tls, self.key = certificates, self._new_key(program, folder / "keys")
        words = {
            "UPSTREAM": upstream.port,
            "SCHEME": "https" if tls else "http",
            "HOST": "localhost" if tls else "127.0.0.1",
            "UPSTREAM_TLS": f"ca_file: {tls.authority}" if tls else "",
            "LISTEN_TLS": f"tls: {{certificate: {certificates.certificate}, key: {certificates.key}}}" if certificates else "",
            "KEYS": folder / "keys",
        }
        file = fill("dujiang.yaml", folder, words)
        super().__init__(pinned(CONTESTANT_CORE, program, "serve", "--config", file, "--listen", "127.0.0.1:0"))

    @staticmethod
    def _new_key(program, file):
        made = subprocess.run([program, "key", "new", "benchmark", "--file", file], check=True, capture_output=True, text=True)
        return made.stdout.strip()

    def pids(self):
        return [self.process.pid]

    def stop(self):
        code = super().stop()
        self._files.cleanup()
        return code


class Proxy:
    """A proxy of others: started with its file filled in, ready once it accepts."""

    template, name = "", ""
    ready_within = 10  # seconds
    environment: dict = {}
    load_options: dict = {}  # what bench-load has to know of it

    def __init__(self, upstream, streaming=False, certificates=None):
        self._folder = tempfile.TemporaryDirectory(prefix="dujiang-")
        self.folder, self.tls = pathlib.Path(self._folder.name), certificates
        self.port = _free_port()
        words = {"FOLDER": self.folder, "PORT": self.port, "UPSTREAM": upstream.port, "USER": getpass.getuser(),
                 "CALLER_KEY": CALLER_KEY, "FILES": resource.getrlimit(resource.RLIMIT_NOFILE)[0], **self.words(upstream, streaming)}
        self.log = self.folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(pinned(CONTESTANT_CORE, *self.command(fill(self.template, self.folder, words))),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **self.environment})
        try:
            self._wait_until_it_accepts()
        except NotStarted:
            self.stop()
            raise

    def words(self, upstream, streaming):
        """More words for the template."""
        return {}

    def command(self, file):
        raise NotImplementedError

    def _wait_until_it_accepts(self):
        until = time.monotonic() + self.ready_within
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            if self.process.poll() is not None or time.monotonic() > until:
                raise NotStarted(f"{self.name} did not start:\n{self.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.02)

    def pids(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Nginx(Proxy):
    template, name = "nginx.conf", "nginx"

    def words(self, upstream, streaming):
        tls = upstream.certificates
        return {
            "SCHEME": "https" if tls else "http",
            "BUFFERING": "proxy_buffering off;" if streaming else "",
            "UPSTREAM_TLS": "proxy_ssl_protocols TLSv1.3; proxy_ssl_name localhost; proxy_ssl_server_name on; "
                            f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {tls.authority};" if tls else "",
            "LISTEN_TLS": "ssl" if self.tls else "",
            "CERTIFICATE": f"ssl_certificate {self.tls.certificate}; ssl_certificate_key {self.tls.key}; "
                           "ssl_protocols TLSv1.3;" if self.tls else "",
        }

    def command(self, file):
        return ["nginx", "-p", self.folder, "-c", file]


class Haproxy(Proxy):
    template, name = "haproxy.cfg", "haproxy"

    def words(self, upstream, streaming):
        tls = upstream.certificates
        return {"UPSTREAM_TLS": f"ssl verify required ca-file {tls.authority} sni str(localhost)" if tls else ""}

    def command(self, file):
        return ["haproxy", "-db", "-f", file]
