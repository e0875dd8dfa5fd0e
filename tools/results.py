#!/usr/bin/env python3
"""The results of ./test: one JSON line per case under build/test-results/, added up at the end.

    tools/results.py add PART NAME passed|failed SECONDS [DETAIL]
    tools/results.py summary            a table, the failed cases, and as the last line `N passed, N failed`
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build/test-results"
MAX_DETAIL = 8000  # characters kept of a failure's output


def add(part, name, status, seconds=0.0, detail=""):
    """Keeps one case; a failure's detail is printed at once, its tail if it is long."""
    assert status in ("passed", "failed", "skipped"), status
    FOLDER.mkdir(parents=True, exist_ok=True)
    detail = detail.strip()[-MAX_DETAIL:]
    case = {"part": part, "name": name, "status": status, "seconds": round(float(seconds), 3), "detail": detail}
    with open(FOLDER / f"{part}.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(case) + "\n")
    if status == "failed":
        print(f"FAILED {part}: {name}" + (f"\n{detail}" if detail else ""), flush=True)


def read():
    for path in sorted(FOLDER.glob("*.jsonl")):
        with open(path, encoding="utf-8") as file:
            yield from map(json.loads, file)


def summary():
    parts, failed, skipped = {}, [], []
    for case in read():
        counts = parts.setdefault(case["part"], {"passed": 0, "failed": 0, "skipped": 0, "seconds": 0.0})
        counts[case["status"]] += 1
        counts["seconds"] += case["seconds"]
        if case["status"] == "failed":
            failed.append(case)
        elif case["status"] == "skipped":
            skipped.append(case)
    print(f"\n{'part':<14}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for part, counts in parts.items():
        print(f"{part:<14}{counts['passed']:>8}{counts['failed']:>8}{counts['skipped']:>9}{counts['seconds']:>9.0f}")
    for case in skipped:
        print(f"skipped  {case['part']}: {case['name']}: {case['detail'].splitlines()[-1] if case['detail'] else ''}")
    for case in failed:
        print(f"failed   {case['part']}: {case['name']}")
    passed = sum(counts["passed"] for counts in parts.values())
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed or not passed else 0


def main(arguments):
    if arguments[:1] == ["add"] and len(arguments) in (5, 6):
        add(*arguments[1:])
        return 0
    if arguments == ["summary"]:
        return summary()
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
