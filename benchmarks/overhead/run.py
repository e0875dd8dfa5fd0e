"""What a call through Dujiang costs, everything on, beside nginx and HAProxy: CPU, latency, system calls.

Chat requests of 1.4 KB and answers of 600 bytes at the same rate for everyone, over 32, 256 and 10,000 connections,
in interleaved rounds; then once as many as go through. Any answer but the right one makes the run void.
"""

import argparse
import contextlib
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools")]

import field  # noqa: E402
import report  # noqa: E402
import traffic  # noqa: E402

MANY = 10_000
ENOUGH_SERVED = 0.99  # of the schedule; below it latencies tell of the machine
TRACED_RATE = 1000  # strace slows everyone down


def points(many):
    """Connections -> who is measured with them."""
    return {32: ["direct", "nginx", "haproxy", "dujiang"], 256: ["nginx", "dujiang"], many: ["nginx", "dujiang"]}


def run_round(number, contestants, options):
    """(contestant, connections) -> figures. Every other round goes backwards, so that a drift favours nobody."""
    figures = {}
    for connections, names in points(options.many).items():
        for name in names if number % 2 == 0 else reversed(names):
            figures[name, connections] = traffic.load("requests", contestants[name], connections, rate=options.rate,
                                                      seconds=options.seconds)
    return figures


def ratios(figures, many):
    """The round's figures in groups, each a dict of plain numbers."""
    cpu = {key: value["cpu_us"] for key, value in figures.items()}
    p50 = {name: figures[name, 32]["p50_us"] for name in ("direct", "nginx", "haproxy", "dujiang")}

    def growth(name):
        return cpu[name, many] / cpu[name, 32]

    return {
        "ratio_to_nginx": {"c32": cpu["dujiang", 32] / cpu["nginx", 32], "c256": cpu["dujiang", 256] / cpu["nginx", 256],
                           "c10000": cpu["dujiang", many] / cpu["nginx", many]},
        "haproxy_ratio_to_nginx": {"c32": cpu["haproxy", 32] / cpu["nginx", 32]},
        "cpu_us_per_request": {f"{name}_c{connections}": value for (name, connections), value in cpu.items() if name != "direct"},
        "p50_us": p50,
        "served_share": {name: figures[name, 32]["served_share"] for name in p50},
        "": {
            "growth_c10000": growth("dujiang"),
            "nginx_growth_c10000": growth("nginx"),
            "added_p50_ratio_to_nginx": (p50["dujiang"] - p50["direct"]) / (p50["nginx"] - p50["direct"]),
        },
    }


def trace(contestant, seconds):
    """System calls a request, by name."""
    calls = {}
    with traffic.traced(contestant, calls):
        figures = traffic.load("requests", contestant, 32, rate=TRACED_RATE, seconds=seconds, warm_up=0.1)
    return {name: count / figures["with_warm_up"] for name, count in calls.items()}


def main():
    parser = argparse.ArgumentParser(prog="./bench overhead", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    parser.add_argument("--rate", type=int, default=3000, help="requests a second")
    parser.add_argument("--many", type=int, default=MANY, help="the most connections")
    parser.add_argument("--output", type=pathlib.Path, default=report.FOLDER / "overhead.json")
    options = parser.parse_args()
    field.prepare()
    commit = report.commit()  # the one that is measured
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(field.Upstream())
        contestants = {kind.name: stack.enter_context(kind(upstream)) for kind in (field.Nginx, field.Haproxy, field.Dujiang)}
        contestants["direct"] = upstream
        rounds = []
        for number in range(options.rounds):
            rounds.append(ratios(run_round(number, contestants, options), options.many))
            show_round(number, rounds[-1])
        proxies = [contestants[name] for name in ("nginx", "haproxy", "dujiang")]
        saturated = {proxy.name: traffic.load("requests", proxy, 32, seconds=options.seconds) for proxy in proxies}
        document = {"commit": commit, "rounds": options.rounds, "seconds": options.seconds, "rate": options.rate,
                    "most_connections": options.many}
        document |= report.over_groups(rounds)
        document["saturated_ratio_to_nginx"] = {"c32": saturated["dujiang"]["cpu_us"] / saturated["nginx"]["cpu_us"]}
        document["saturated_requests_per_second"] = {name: value["requests"] / value["seconds"]
                                                     for name, value in saturated.items()}
        report.save(options.output, document)  # all this stays where nobody may trace
        calls = {proxy.name: trace(proxy, options.seconds) for proxy in proxies}

    document["syscalls_per_request"] = calls["dujiang"]["total"]
    document["nginx_syscalls_per_request"] = calls["nginx"]["total"]
    document["syscalls_by_name"] = calls
    report.save(options.output, document)
    show(document, options.many)
    print(f"\nwritten: {options.output}")


def show_round(number, figures):
    print(f"round {number + 1}: CPU per request / nginx's: c32 {figures['ratio_to_nginx']['c32']:.3f}, "
          f"c256 {figures['ratio_to_nginx']['c256']:.3f}, growth {figures['']['growth_c10000']:.2f}", flush=True)


def show(document, many):
    cpu, p50 = document["cpu_us_per_request"], document["p50_us"]
    rows = []
    for name in ("nginx", "haproxy", "dujiang"):
        cells = [f"{cpu[key]:.1f}" if (key := f"{name}_c{connections}") in cpu else "" for connections in (32, 256, many)]
        rows.append([name, *cells, f"{p50[name] - p50['direct']:.0f}", f"{document['saturated_requests_per_second'][name]:.0f}",
                     f"{document['syscalls_by_name'][name]['total']:.1f}"])
    print("\n" + report.table(["contestant", "CPU us, c32", "c256", f"c{many}", "added p50 us", "most a second", "syscalls"], rows))
    for key in ("ratio_to_nginx", "haproxy_ratio_to_nginx"):
        for name in [name for name in document[key] if not name.endswith(("_min", "_max"))]:
            print(f"{key}.{name} = {report.spread(document[key], name)}")
    for name in ("growth_c10000", "nginx_growth_c10000", "added_p50_ratio_to_nginx"):
        print(f"{name} = {report.spread(document, name)}")
    if min(document["served_share"][f"{name}_min"] for name in ("direct", "nginx", "haproxy", "dujiang")) < ENOUGH_SERVED:
        print("not every request of the schedule was served in its round: the machine had too little CPU for a fair latency")
    by_name = sorted(document["syscalls_by_name"]["dujiang"].items(), key=lambda item: -item[1])
    print("dujiang's system calls per request: " + ", ".join(f"{name} {count:.2f}" for name, count in by_name if count > 0.005))


if __name__ == "__main__":
    main()
