"""How much memory and CPU the simulator needs for 5,000 streams at a time.

Opens them all, waits until each has its first token, and reads them to their ends. Every stream has to end with [DONE];
a sample of them is compared with the right answer byte for byte. Fails when the simulator needs more than 500 MB.
"""

import argparse
import json
import pathlib
import resource
import selectors
import socket
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools")]

import report  # noqa: E402
from harness import answers  # noqa: E402
from harness.processes import Simulator  # noqa: E402

MOST_MEGABYTES = 500
GIVE_UP_AFTER = 180  # seconds
OPENED_AT_ONCE = 500
EVERY_SAMPLE = 100  # one stream in so many is kept and compared


class Stream:
    """One streamed call; keeps its bytes if it belongs to the sample, else the last of them."""

    def __init__(self, port, prompt, is_sample):
        self.prompt, self.is_sample = prompt, is_sample
        self.bytes, self.has_begun, self.is_done = b"", False, False
        body = json.dumps({"model": "deepseek-chat", "stream": True, "messages": [{"role": "user", "content": prompt}]}).encode()
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: sim\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        self.socket.setblocking(False)

    def read(self):
        got = self.socket.recv(1 << 18)
        if not got:
            raise SystemExit("a stream ended before its [DONE]")
        self.has_begun = self.has_begun or b'"content":' in got
        self.bytes = self.bytes + got if self.is_sample else (self.bytes + got)[-64:]
        self.is_done = self.bytes.endswith(b"0\r\n\r\n")

    def content(self):
        """What the deltas say together. The framing of chunks stands between events and is passed over."""
        parts = []
        for line in self.bytes.decode().split("\n"):
            if line.startswith("data: {"):
                parts += [choice["delta"].get("content") or "" for choice in json.loads(line[6:])["choices"]]
        return "".join(parts)


def memory(pid):
    """(now, at most) in megabytes, by the kernel's account."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return [int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


class Reader:
    """Reads whatever comes on all streams, and counts."""

    def __init__(self):
        self.selector, self.begun, self.done = selectors.DefaultSelector(), 0, 0

    def add(self, stream):
        self.selector.register(stream.socket, selectors.EVENT_READ, stream)

    def read_until(self, condition):
        give_up = time.monotonic() + GIVE_UP_AFTER
        while not condition():
            if time.monotonic() > give_up:
                raise SystemExit(f"not within {GIVE_UP_AFTER} s: {self.begun} streams have begun, {self.done} are done")
            for key, _ in self.selector.select(0.5):
                had_begun = key.data.has_begun
                key.data.read()
                self.begun += key.data.has_begun and not had_begun
                if key.data.is_done:
                    self.done += 1
                    self.selector.unregister(key.fileobj)


def measure(count, tokens, seed):
    with Simulator("calm", seed) as simulator:
        pid = simulator.process.pid
        before = memory(pid)[0]
        reader, streams = Reader(), []
        while len(streams) < count:
            for _ in range(min(OPENED_AT_ONCE, count - len(streams))):
                prompt = f"[[sim-tokens {tokens}]] Stream {len(streams)}"
                streams.append(Stream(simulator.port, prompt, len(streams) % EVERY_SAMPLE == 0))
                reader.add(streams[-1])
            reader.read_until(lambda: reader.begun == len(streams))
        at_once = simulator.stats()["slots_held_now"]
        now = memory(pid)[0]
        began, cpu = time.monotonic(), cpu_seconds(pid)
        reader.read_until(lambda: reader.done == count)
        cpu_share = (cpu_seconds(pid) - cpu) / (time.monotonic() - began)
        stats = simulator.stats()
        samples = [stream for stream in streams if stream.is_sample]
        right = answers.expected([stream.prompt for stream in samples])
        return {
            "streams_at_once": at_once,
            "done": stats["done"],
            "wrong_in_sample": sum(stream.content() != text for stream, text in zip(samples, right)),
            "rss_mb_before": round(before, 1),
            "rss_mb_all_streams": round(now, 1),
            "rss_mb_most": round(memory(pid)[1], 1),
            "kb_per_stream": round((now - before) * 1024 / count, 1),
            "cpu_share": round(cpu_share, 3),
        }


def main():
    parser = argparse.ArgumentParser(prog="./bench sim-streams", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=5000)
    parser.add_argument("--tokens", type=int, default=2000, help="of each answer; 40 come in a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=pathlib.Path, default=report.FOLDER / "sim-streams.json")
    options = parser.parse_args()
    needed = options.streams + 100
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] != resource.RLIM_INFINITY and limits[1] < needed:
        raise SystemExit(f"{needed} descriptors are needed, and {limits[1]} are allowed: raise `ulimit -n`, or use --streams")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limits[0], needed), limits[1]))

    result = measure(options.streams, options.tokens, options.seed)
    report.save(options.output, {"commit": report.commit(), "streams": options.streams, **result})
    print(report.table(["figure", "value"], list(result.items())))
    print(f"\nwritten: {options.output}")
    if result["streams_at_once"] < options.streams:
        raise SystemExit("some streams ended before all had begun: give --tokens a greater number")
    if result["done"] != options.streams or result["wrong_in_sample"]:
        raise SystemExit("not every stream came whole and right")
    if result["rss_mb_most"] > MOST_MEGABYTES:
        raise SystemExit(f"the simulator needed more than {MOST_MEGABYTES} MB")


if __name__ == "__main__":
    main()
