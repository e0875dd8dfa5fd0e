"""Loads a contestant, and measures what that costs it: CPU time, memory, system calls."""

import contextlib
import json
import pathlib
import subprocess
import time

from field import CALLER_KEY, LOAD_CORE, TOOLS, pinned


class Void(Exception):
    """A contestant answered wrongly, so its figures say nothing."""


def _command(kind, contestant, connections, options):
    tls = getattr(contestant, "tls", None)
    command = [TOOLS / "bench-load", kind, "--port", contestant.port, "--connections", connections]
    command += ["--key", getattr(contestant, "key", CALLER_KEY)]
    command += ["--ca", tls.authority] if tls else []
    command += ["--watch", *contestant.pids()]
    for name, value in {**getattr(contestant, "load_options", {}), **options}.items():
        flag = f"--{name.replace('_', '-')}"
        command += [flag] if value is True else [flag, *value] if isinstance(value, list) else [flag, value]
    return pinned(LOAD_CORE, *command)


def _figures(contestant, kind, output):
    figures = json.loads(output.splitlines()[-1])
    if figures["bad"] or not figures[kind]:
        raise Void(f"{contestant.name}: {figures['bad']} bad ones among {figures['with_warm_up']} {kind}, "
                   f"the first: {figures['first_bad'] or 'none came'}\n{contestant.log.read_text(errors='replace')[-1000:]}")
    return figures


def load(kind, contestant, connections, **options):
    """Figures of "requests" or "streams", measured after a warm-up; options are those of bench-load."""
    done = subprocess.run(_command(kind, contestant, connections, options), stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise Void(f"{contestant.name}: the load failed (its message is above)")
    noun = "events" if kind == "streams" else kind
    figures = _figures(contestant, noun, done.stdout)
    figures["cpu_us"] = figures["cpu_seconds"] / figures[noun] * 1e6
    if "rate" in options:
        figures["served_share"] = figures["requests"] / figures["seconds"] / options["rate"]
    return figures


@contextlib.contextmanager
def held(kind, contestant, connections, **options):
    """Meanwhile every connection is open and has been served; each must stay so."""
    command = _command(kind, contestant, connections, {"hold": True, **options})
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout.readline().strip() != "ready":
            raise Void(f"{contestant.name}: {connections} {kind} could not be held (the load's message is above)")
        yield
        output = process.communicate("")[0]
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
    figures = json.loads(output.splitlines()[-1])
    if figures["bad"]:
        raise Void(f"{contestant.name}: {figures['bad']} bad ones while {connections} {kind} were held, "
                   f"the first: {figures['first_bad']}")


def memory_kib(contestant):
    """The memory that is the contestant's own, shared pages by their share."""
    total = 0
    for pid in contestant.pids():
        lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


@contextlib.contextmanager
def traced(contestant, calls):
    """Counts the system calls that the contestant makes meanwhile: fills `calls` with name -> count, and "total"."""
    report = contestant.folder / "strace"
    pids = [word for pid in contestant.pids() for word in ("-p", str(pid))]
    tracer = subprocess.Popen(["strace", "-c", "-f", "-o", report, *pids], stderr=subprocess.PIPE, text=True)
    for _ in contestant.pids():
        tracer.stderr.readline()  # "Process N attached"
    time.sleep(0.2)
    try:
        yield
    finally:
        tracer.terminate()
        tracer.communicate()
    calls.update(read_strace(report.read_text()))


def read_strace(text):
    """Name -> count of the table that strace -c writes, and "total"."""
    rows = (line.split() for line in text.splitlines())
    return {row[-1]: int(row[3]) for row in rows if len(row) >= 5 and row[0][0].isdigit()}
