"""What a call costs through the gateways of others, LiteLLM's proxy and Portkey's gateway: CPU and memory beside ours.

The same calls as in `overhead`, back to back over 16 connections, so that everyone works as fast as it can on one core.
An answer may be written anew, but must say the same.
"""

import argparse
import contextlib
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools")]

import field  # noqa: E402
import report  # noqa: E402
import traffic  # noqa: E402

CONNECTIONS = 16
INSTALLED = report.ROOT / "build/peers"


class LiteLlm(field.Proxy):
    name, template, ready_within = "litellm", "litellm.yaml", 120
    environment = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # It asks no server of its makers.
    load_options = {"rewrites": True}

    def command(self, file):
        return [INSTALLED / "litellm/bin/litellm", "--config", file, "--host", "127.0.0.1", "--port", self.port,
                "--num_workers", "1", "--telemetry", "False"]


class Portkey(field.Proxy):
    name, template, ready_within = "portkey", "portkey.cjs", 60
    environment = {"NODE_ENV": "production"}

    def words(self, upstream, streaming):
        self.load_options = {
            "rewrites": True,
            "field": ["x-portkey-provider: openai", f"x-portkey-custom-host: http://127.0.0.1:{upstream.port}/v1"],
        }
        return {}

    def command(self, file):
        program = INSTALLED / "portkey/node_modules/@portkey-ai/gateway/build/start-server.js"
        return ["node", "--require", file, program, f"--port={self.port}", "--headless"]


CONTESTANTS = [field.Nginx, field.Dujiang, Portkey, LiteLlm]


def run_round(number, contestants, seconds):
    cpu, rate = {}, {}
    names = list(contestants)
    for name in names if number % 2 == 0 else reversed(names):
        figures = traffic.load("requests", contestants[name], CONNECTIONS, seconds=seconds)
        cpu[name], rate[name] = figures["cpu_us"], figures["requests"] / figures["seconds"]
    return {
        "cpu_us_per_request": cpu,
        "ratio_to_dujiang": {name: cpu[name] / cpu["dujiang"] for name in names},
        "requests_per_second": rate,
        "memory_mib": {name: traffic.memory_kib(contestants[name]) / 1024 for name in names},
    }


def main():
    parser = argparse.ArgumentParser(prog="./bench peers", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    parser.add_argument("--output", type=pathlib.Path, default=report.FOLDER / "peers.json")
    options = parser.parse_args()
    for step in ([report.ROOT / "tools/install", "peers"], [HERE / "install"]):
        subprocess.run(step, check=True)
    field.prepare()
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(field.Upstream())
        contestants = {kind.name: stack.enter_context(kind(upstream)) for kind in CONTESTANTS}
        rounds = []
        for number in range(options.rounds):
            rounds.append(run_round(number, contestants, options.seconds))
            print(f"round {number + 1}: CPU per request / ours: "
                  + ", ".join(f"{name} {value:.1f}" for name, value in rounds[-1]["ratio_to_dujiang"].items()), flush=True)
    document = {"commit": report.commit(), "rounds": options.rounds, "seconds": options.seconds, **report.over_groups(rounds)}
    report.save(options.output, document)
    rows = [[kind.name, *(f"{document[key][kind.name]:.1f}" for key in
                          ("cpu_us_per_request", "ratio_to_dujiang", "requests_per_second", "memory_mib"))]
            for kind in CONTESTANTS]
    print("\n" + report.table(["contestant", "CPU us", "times ours", "requests/s", "memory MiB"], rows))
    print(f"\nwritten: {options.output}")


if __name__ == "__main__":
    main()
