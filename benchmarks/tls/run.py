"""What TLS costs beside nginx: CPU per call with a TLS upstream, and with TLS towards callers.

The same calls as in `overhead`, at the same rate over 32 connections: TLS 1.3 on one side, plain on the other, in
interleaved rounds. Certificates are made for the run; both proxies verify the upstream's.
"""

import argparse
import contextlib
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools")]

import field  # noqa: E402
import report  # noqa: E402
import traffic  # noqa: E402

CONNECTIONS = 32
SIDES = {"upstream": "ratio_to_nginx", "listener": "listener_ratio_to_nginx"}


def run_round(number, contestants, options):
    cpu, p50 = {}, {}
    keys = list(contestants)
    for side, name in keys if number % 2 == 0 else reversed(keys):
        figures = traffic.load("requests", contestants[side, name], CONNECTIONS, rate=options.rate, seconds=options.seconds)
        cpu[f"{name}_{side}"], p50[f"{name}_{side}"] = figures["cpu_us"], figures["p50_us"]
    ratios = {SIDES[side]: cpu[f"dujiang_{side}"] / cpu[f"nginx_{side}"] for side in options.side}
    return {"": ratios, "cpu_us_per_request": cpu, "p50_us": p50}


def main():
    parser = argparse.ArgumentParser(prog="./bench tls", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    parser.add_argument("--rate", type=int, default=3000, help="requests a second")
    parser.add_argument("--side", action="append", choices=SIDES, help="only this side speaks TLS; may be repeated")
    parser.add_argument("--output", type=pathlib.Path, default=report.FOLDER / "tls.json")
    options = parser.parse_args()
    options.side = options.side or list(SIDES)
    field.prepare()
    with contextlib.ExitStack() as stack:
        certificates = field.Certificates(stack.enter_context(tempfile.TemporaryDirectory(prefix="dujiang-")))
        upstreams = {"upstream": stack.enter_context(field.Upstream(certificates=certificates)),
                     "listener": stack.enter_context(field.Upstream())}
        contestants = {
            (side, kind.name): stack.enter_context(kind(upstreams[side], certificates=certificates if side == "listener" else None))
            for side in options.side for kind in (field.Nginx, field.Dujiang)
        }
        rounds = []
        for number in range(options.rounds):
            rounds.append(run_round(number, contestants, options))
            print(f"round {number + 1}: CPU per request / nginx's: "
                  + ", ".join(f"{name} {value:.3f}" for name, value in rounds[-1][""].items()), flush=True)
    document = {"commit": report.commit(), "rounds": options.rounds, "seconds": options.seconds, "rate": options.rate,
                **report.over_groups(rounds)}
    report.save(options.output, document)
    show(document, options.side)
    print(f"\nwritten: {options.output}")


def show(document, sides):
    rows = [[name, *(f"{document['cpu_us_per_request'][f'{name}_{side}']:.1f}" for side in sides)] for name in ("nginx", "dujiang")]
    print("\n" + report.table(["contestant", *(f"CPU us, TLS {side}" for side in sides)], rows))
    for side in sides:
        print(f"{SIDES[side]} = {report.spread(document, SIDES[side])}")


if __name__ == "__main__":
    main()
