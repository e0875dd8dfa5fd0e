"""How many of 500 calls through a storm end well: called directly, by the OpenAI SDK, and through Dujiang.

Every contestant of a scenario meets the same questions on the same open-loop schedule and a simulator of its own with
the same seed. The contestants run at the same time: each makes a light load, and a scenario takes two minutes.
"""

import argparse
import collections
import contextlib
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools")]

import report  # noqa: E402
from figures import broken_after_content, figures, ok_share_excluding  # noqa: E402
from harness import answers  # noqa: E402
from harness.processes import Gateway, Simulator  # noqa: E402

SCENARIOS = ["calm", "storm", "busy-hour", "blank-answers", "stalls", "outage", "account-limit"]
CONTESTANTS = ["direct", "openai_sdk", "dujiang", "dujiang_two_upstreams"]
REQUESTS_PER_SECOND = {"account-limit": 4}  # 25 slots just carry that
USUAL_REQUESTS_PER_SECOND = 10
DEADLINE = 60  # seconds, of each request


def schedule(scenario, count, seed):
    """The questions, each with its second; every other one is streamed."""
    rate = REQUESTS_PER_SECOND.get(scenario, USUAL_REQUESTS_PER_SECOND)
    prompts = [f"Question {i} in the scenario {scenario} (seed {seed}): what tames a river in flood?" for i in range(count)]
    return [
        {"at": i / rate, "prompt": prompt, "stream": i % 2 == 0, "right": right}
        for i, (prompt, right) in enumerate(zip(prompts, answers.expected(prompts)))
    ]


class Contestant:
    """One contestant's programs: its simulators, perhaps its gateway, and its load."""

    def __init__(self, name, scenario, seed, requests, stack):
        self.name, self.requests = name, requests
        self.simulators = [stack.enter_context(Simulator(scenario, seed))]
        environment = {"STORM_URL": self.simulators[0].url}
        base_url = self.simulators[0].url
        if name == "dujiang_two_upstreams":
            self.simulators.append(stack.enter_context(Simulator("calm", seed)))
            environment["CALM_URL"] = self.simulators[1].url
        self.gateway = None
        if name.startswith("dujiang"):
            self.gateway = stack.enter_context(Gateway(HERE / f"{name}.yaml", environment))
            base_url = self.gateway.url
        job = {
            "caller": "openai" if name == "openai_sdk" else "bare",
            "base_url": base_url + "/v1",
            "requests": requests,
            "deadline": DEADLINE,
        }
        job_file = self.simulators[0].folder / "job.json"
        job_file.write_text(json.dumps(job))
        self.load = subprocess.Popen([sys.executable, HERE / "load.py", job_file],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        stack.callback(self._end_load)

    def _end_load(self):
        if self.load.poll() is None:
            self.load.kill()
        self.load.wait()

    def wait_ready(self):
        if self.load.stdout.readline().strip() != "ready":
            raise RuntimeError(f"the load of {self.name} did not start (its message is above)")

    def start(self, scenario):
        for simulator, name in zip(self.simulators, [scenario, "calm"]):
            simulator.post("/sim/reset")
            simulator.post("/sim/scenario", json.dumps({"name": name}).encode())
        self.load.stdin.write("go\n")
        self.load.stdin.flush()

    def finish(self):
        """(figures, outcomes) when every request has ended."""
        output = self.load.communicate()[0]
        if self.load.returncode:
            raise RuntimeError(f"the load of {self.name} failed (its message is above)")
        outcomes = [json.loads(line) for line in output.splitlines()]
        attempts = sum(simulator.stats()["attempts"] for simulator in self.simulators)
        result = figures(outcomes, DEADLINE, attempts)
        if self.name == "dujiang_two_upstreams":
            broken = broken_after_content(self.simulators[0].attempts_log())
            result["ok_share_excluding_broken_after_content"] = ok_share_excluding(self.requests, outcomes, broken)
        return result, outcomes

    def keep_records(self, folder, outcomes):
        """What became of each request, by every side's own account, for whoever wonders why."""
        folder.mkdir(parents=True, exist_ok=True)
        asked = ({key: request[key] for key in ("at", "prompt", "stream")} for request in self.requests)
        records = {
            "requests": (request | outcome for request, outcome in zip(asked, outcomes)),
            "attempts": self.simulators[0].attempts_log(),
        }
        for name, lines in records.items():
            (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        if self.gateway:
            (folder / "gateway.jsonl").write_bytes(self.gateway.log.read_bytes())


def run_scenario(scenario, contestants, count, seed, records):
    """Contestant -> (figures, outcomes), of one round."""
    requests = schedule(scenario, count, seed)
    with contextlib.ExitStack() as stack:
        running = [Contestant(name, scenario, seed, requests, stack) for name in contestants]
        for contestant in running:
            contestant.wait_ready()
        for contestant in running:
            contestant.start(scenario)
        results = {contestant.name: contestant.finish() for contestant in running}
        for contestant in running:
            contestant.keep_records(records / f"{scenario}-{contestant.name}", results[contestant.name][1])
        return results


def show(scenario, results, outcomes):
    rows = [
        [name, f"{result['ok_share']:.1%}", f"{result['wrong_max']:.0f}", f"{result['failed_loudly']:.0f}", f"{result['p50_s']:.1f}",
         f"{result['p95_s']:.1f}", f"{result['upstream_attempts_per_request']:.2f}"]
        for name, result in results.items()
    ]
    print(f"\n### {scenario}\n")
    print(report.table(["contestant", "ok", "wrong", "failed loudly", "p50 s", "p95 s", "attempts per request"], rows))
    for name, of_contestant in outcomes.items():
        reasons = collections.Counter(outcome["why"] for outcome in of_contestant if outcome["verdict"] != "ok")
        if reasons:
            print(f"{name}: " + ", ".join(f"{count} × {why}" for why, count in reasons.most_common()))
        if share := results[name].get("ok_share_excluding_broken_after_content"):
            print(f"{name}: {share:.1%} ok without streams that broke after their first content")
        late = max(outcome["started_late"] for outcome in of_contestant)
        if late > 0.25:
            print(f"{name}: the load generator was late by up to {late:.2f} s: too little CPU for a fair measurement")
    sys.stdout.flush()


def overview(document):
    """One table of everything that the file holds: share of good answers and seconds at p50 and p95, and the wrong ones."""
    rows = []
    for scenario in SCENARIOS:
        of_scenario = document.get("scenarios", {}).get(scenario, {})
        cells = []
        for name in CONTESTANTS:
            result = of_scenario.get(name)
            wrong = f", {result['wrong_max']:.0f} wrong" if result and result["wrong_max"] else ""
            cells.append(f"{result['ok_share']:.1%} ({result['p50_s']:.1f} / {result['p95_s']:.1f} s{wrong})" if result else "")
        if of_scenario:
            rows.append([scenario, *cells])
    return report.table(["scenario", *CONTESTANTS], rows)


def merge(path, scenario, results, about):
    """Adds the results of a scenario to those that the file has already."""
    document = report.load(path)
    document["commit"] = about["commit"]
    contestants = document.setdefault("scenarios", {}).setdefault(scenario, {})
    for name, result in results.items():
        contestants[name] = {**result, **about}
    report.save(path, document)
    return document


def main():
    parser = argparse.ArgumentParser(prog="./bench survive", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="only this one; may be repeated")
    parser.add_argument("--contestant", action="append", choices=CONTESTANTS, help="only this one; may be repeated")
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=1, help="each with a seed of its own; figures are medians")
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--output", type=pathlib.Path, default=report.FOLDER / "survive.json")
    parser.add_argument("--show", action="store_true", help="run nothing; print the table of the figures so far")
    options = parser.parse_args()
    if options.show:
        print(overview(report.load(options.output)))
        return
    contestants = options.contestant or CONTESTANTS
    records = options.output.with_suffix("")
    for scenario in options.scenario or SCENARIOS:
        rounds = [run_scenario(scenario, contestants, options.requests, options.seed + i, records)
                  for i in range(options.rounds)]
        results = {name: report.over_rounds([results[name][0] for results in rounds]) for name in contestants}
        outcomes = {name: [outcome for results in rounds for outcome in results[name][1]] for name in contestants}
        show(scenario, results, outcomes)
        about = {"requests": options.requests, "rounds": options.rounds, "commit": report.commit()}
        document = merge(options.output, scenario, results, about)
    print(f"\n### All scenarios so far: good answers (p50 / p95)\n\n{overview(document)}")
    print(f"\nwritten: {options.output}; what became of each request (of the last round): {records}/")


if __name__ == "__main__":
    main()
