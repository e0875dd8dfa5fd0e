"""What a stream through Dujiang costs beside nginx: CPU per event, delay of events, memory per stream and connection.

800 streams with an event every 50 ms each, in interleaved rounds; then as many streams as the descriptors allow, up to
10,000, held open with slow events, and 10,000 idle connections. Any event but the right one makes the run void.
"""

import argparse
import contextlib
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tools")]

import field  # noqa: E402
import report  # noqa: E402
import traffic  # noqa: E402

STREAMS = 800
INTERVAL = 0.05  # seconds between two events of a stream
# Streams begin apart by a share of the interval that spreads their events over it (a power of the golden section).
START_EVERY = INTERVAL * 0.618034**8
EVENTS = 200  # of each stream, so that it lasts 10 s

HELD, HELD_TLS = 10_000, 2_000
HELD_INTERVAL = 2.0
FAIR_P99 = 5000  # microseconds without any proxy; beyond it delays tell of the machine
SPARE_DESCRIPTORS = 128  # besides those of a caller and an upstream for each stream
SETTLE = 2.0  # seconds, before memory is read


def run_round(number, contestants, seconds):
    names = ["direct", "nginx", "dujiang"]
    figures = {
        name: traffic.load("streams", contestants[name], STREAMS, seconds=seconds, events=EVENTS, start_every=START_EVERY)
        for name in (names if number % 2 == 0 else reversed(names))
    }
    return {
        "": {
            "cpu_ratio_to_nginx": figures["dujiang"]["cpu_us"] / figures["nginx"]["cpu_us"],
            "event_p99_ratio_to_nginx": figures["dujiang"]["p99_us"] / figures["nginx"]["p99_us"],
            "event_p50_ratio_to_nginx": figures["dujiang"]["p50_us"] / figures["nginx"]["p50_us"],
        },
        "cpu_us_per_event": {name: figures[name]["cpu_us"] for name in ("nginx", "dujiang")},
        "event_p50_us": {name: figures[name]["p50_us"] for name in names},
        "event_p99_us": {name: figures[name]["p99_us"] for name in names},
    }


def kib_each(kind, make, connections, **options):
    """Memory per held stream or connection, of a fresh contestant that has served a few."""
    with make() as contestant:
        warm = {"seconds": 0.2, "warm_up": 0.1}
        traffic.load("requests", contestant, 16, **warm)
        before = traffic.memory_kib(contestant)
        with traffic.held(kind, contestant, connections, **options):
            time.sleep(SETTLE)
            return (traffic.memory_kib(contestant) - before) / connections


def measure_memory(descriptors):
    """Figures of memory, each with nginx's beside it."""
    streams = min(HELD, (descriptors - SPARE_DESCRIPTORS) // 2)
    figures = {"streams_held": streams, "tls_streams_held": HELD_TLS, "idle_connections_held": HELD}
    with tempfile.TemporaryDirectory(prefix="dujiang-") as folder:
        certificates = field.Certificates(folder)
        endless = 1_000_000
        with field.Upstream(endless, HELD_INTERVAL) as plain, field.Upstream(endless, HELD_INTERVAL, certificates) as tls:
            for prefix, kind in (("nginx_", field.Nginx), ("", field.Dujiang)):
                for name, upstream, load, count in (
                    ("kib_per_stream", plain, "streams", streams),
                    ("kib_per_tls_stream", tls, "streams", HELD_TLS),
                    ("kib_per_idle_connection", plain, "requests", HELD),
                ):
                    figures[prefix + name] = kib_each(load, lambda: kind(upstream, streaming=True), count)
    return figures


def main():
    parser = argparse.ArgumentParser(prog="./bench stream", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="0 measures memory alone")
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    parser.add_argument("--without-memory", action="store_true")
    parser.add_argument("--output", type=pathlib.Path, default=report.FOLDER / "stream.json")
    options = parser.parse_args()
    descriptors = field.prepare()
    document = {"commit": report.commit(), "rounds": options.rounds, "seconds": options.seconds, "streams": STREAMS}
    if options.rounds:
        document |= measure_events(options)
    if not options.without_memory:
        document |= measure_memory(descriptors)
    report.save(options.output, document)
    show(document)
    print(f"\nwritten: {options.output}")


def measure_events(options):
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(field.Upstream(EVENTS, INTERVAL))
        contestants = {kind.name: stack.enter_context(kind(upstream, streaming=True)) for kind in (field.Nginx, field.Dujiang)}
        contestants["direct"] = upstream
        rounds = []
        for number in range(options.rounds):
            rounds.append(run_round(number, contestants, options.seconds))
            print(f"round {number + 1}: CPU per event / nginx's {rounds[-1]['']['cpu_ratio_to_nginx']:.3f}, "
                  f"p99 of an event's delay / nginx's {rounds[-1]['']['event_p99_ratio_to_nginx']:.3f}", flush=True)
    return report.over_groups(rounds)


def show(document):
    rows = []
    for name, prefix in (("nginx", "nginx_"), ("dujiang", "")):
        cells = [f"{document[key][name]:{form}}" if key in document else ""
                 for key, form in (("cpu_us_per_event", ".2f"), ("event_p50_us", ".0f"), ("event_p99_us", ".0f"))]
        cells += [f"{document[prefix + key]:.2f}" if prefix + key in document else ""
                  for key in ("kib_per_stream", "kib_per_tls_stream", "kib_per_idle_connection")]
        rows.append([name, *cells])
    print("\n" + report.table(["contestant", "CPU us an event", "delay p50 us", "p99 us", "KiB a stream", "TLS stream",
                               "idle connection"], rows))
    for name in ("cpu_ratio_to_nginx", "event_p99_ratio_to_nginx", "event_p50_ratio_to_nginx"):
        if name in document:
            print(f"{name} = {report.spread(document, name)}")
    if document.get("event_p99_us", {}).get("direct", 0) > FAIR_P99:
        print(f"even without a proxy the delay's p99 is {document['event_p99_us']['direct'] / 1000:.0f} ms: "
              "the machine has too little CPU to compare delays")
    if "streams_held" in document:
        print(f"held at a time: {document['streams_held']} streams, {document['tls_streams_held']} TLS streams, "
              f"{document['idle_connections_held']} idle connections")


if __name__ == "__main__":
    main()
