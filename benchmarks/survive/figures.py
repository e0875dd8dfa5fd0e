"""Figures from outcomes: pure, so that they can be tested."""

import math

FNV_OFFSET, FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


def prompt_hash(prompt):
    """FNV-1a (64 bits, hex) of a prompt, as the simulator's log names it."""
    value = FNV_OFFSET
    for byte in prompt.encode():
        value = (value ^ byte) * FNV_PRIME % 2**64
    return f"{value:016x}"


def percentile(values, share):
    """The least value that at least `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def figures(outcomes, deadline, attempts):
    seconds = [outcome["seconds"] if outcome["verdict"] == "ok" else deadline for outcome in outcomes]
    count = {kind: sum(outcome["verdict"] == kind for outcome in outcomes) for kind in ("ok", "wrong", "failed_loudly")}
    return {
        "ok_share": round(count["ok"] / len(outcomes), 4),
        "wrong": count["wrong"],
        "failed_loudly": count["failed_loudly"],
        "p50_s": round(percentile(seconds, 0.50), 3),
        "p95_s": round(percentile(seconds, 0.95), 3),
        "upstream_attempts_per_request": round(attempts / len(outcomes), 3),
    }


def broken_after_content(attempts_log):
    """Hashes of the prompts of which a streamed attempt broke after its first content, by the simulator's own log."""
    return {
        entry["prompt"]
        for entry in attempts_log
        if entry["stream"] and entry["content_tokens"] > 0 and entry["outcome"] not in ("done", "cancelled")
    }


def ok_share_excluding(requests, outcomes, broken):
    """The share of good answers without those streams that broke after their first content and did not get well."""
    counted = [
        outcome["verdict"] == "ok"
        for request, outcome in zip(requests, outcomes)
        if outcome["verdict"] == "ok" or not (request["stream"] and prompt_hash(request["prompt"]) in broken)
    ]
    return round(sum(counted) / len(counted), 4) if counted else 0.0
