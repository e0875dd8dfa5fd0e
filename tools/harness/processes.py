"""Starts the gateway and the simulator on free loopback ports, and ends them again."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/release"
READY_WITHIN = 30  # seconds
STOP_WITHIN = 10
CLOSED = object()  # for a log: no standard error at all


class NotStarted(Exception):
    pass


class Program:
    """A program that writes its port to a file when it is ready; `with` ends it. It logs to `log`, or to a file."""

    def __init__(self, command, port_flag="--port-file", environment=None, log=None):
        self._folder = tempfile.TemporaryDirectory(prefix="dujiang-")
        self.folder = pathlib.Path(self._folder.name)
        self.log = self.folder / "log"
        port_file = self.folder / "port"
        with open(self.log, "wb") as file:
            self.process = subprocess.Popen(
                [*map(str, command), port_flag, str(port_file)],
                preexec_fn=(lambda: os.close(2)) if log is CLOSED else None,
                stdout=file, stderr=file if log in (None, CLOSED) else log, stdin=subprocess.DEVNULL,
                env={**os.environ, **(environment or {})},
            )
        try:
            self.port = self._wait_for_port(port_file)
        except NotStarted:
            self.stop()
            raise
        self.url = f"http://127.0.0.1:{self.port}"

    def _wait_for_port(self, port_file):
        until = time.monotonic() + READY_WITHIN
        while not port_file.exists():
            code = self.process.poll()
            if code is not None or time.monotonic() > until:
                how = f"ended with code {code}" if code is not None else f"was not ready within {READY_WITHIN} s"
                raise NotStarted(f"{self.process.args[0]} {how}:\n{self.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.01)
        return int(port_file.read_text())

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return answer.read().decode()

    def post(self, path, body=b""):
        request = urllib.request.Request(self.url + path, data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read().decode()

    def stop(self):
        """Asks the program to end; returns its exit code, or None if it had to be killed."""
        code = self.process.poll()
        if code is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                code = self.process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._folder.cleanup()
        return code

    def kill(self):
        """Ends the program as a crash does; the kernel closes its connections wherever they stand."""
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Simulator(Program):
    def __init__(self, scenario="calm", seed=1, speed=1, *more, port=0):
        command = [BUILD / "sim/dujiang-sim", "serve", "--port", port, "--scenario", scenario, "--seed", seed]
        super().__init__([*command, "--speed", speed, *more])

    def stats(self):
        return json.loads(self.get("/sim/stats"))

    def attempts_log(self):
        """The finished attempts, oldest first."""
        return [json.loads(line) for line in self.get("/sim/log?since=0").splitlines() if line]


class Gateway(Program):
    """`configuration` is YAML text or the path of a file; environment variables in it come from `environment`.

    `under`: a command that runs the gateway's, such as an emulator.
    """

    def __init__(self, configuration, environment=None, under=(), log=None):
        self._file = None
        if isinstance(configuration, str):
            self._file = tempfile.NamedTemporaryFile("w", suffix=".yaml", prefix="dujiang-")
            self._file.write(configuration)
            self._file.flush()
            configuration = self._file.name
        super().__init__(
            [*under, BUILD / "src/cli/dujiang", "serve", "--config", configuration, "--listen", "127.0.0.1:0"],
            environment=environment, log=log,
        )

    def stop(self):
        code = super().stop()
        if self._file:
            self._file.close()
        return code
