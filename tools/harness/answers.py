"""What the simulator's answers must be, and the verdict on what came back."""

import json
import subprocess

from .processes import BUILD

# Finish reasons that say of themselves that the answer is not whole: a failure that anyone can see.
INCOMPLETE = {"insufficient_system_resource"}


def expected(prompts):
    """The right answer to each prompt, by the simulator's own published function."""
    questions = "".join(json.dumps(prompt) + "\n" for prompt in prompts)
    command = [BUILD / "sim/dujiang-sim", "answer", "--stdin"]
    lines = subprocess.run(command, input=questions.encode(), capture_output=True, check=True).stdout.splitlines()
    answers = [json.loads(line) for line in lines]
    assert len(answers) == len(prompts), (len(answers), len(prompts))
    return answers


def verdict(right, content, finish_reason, failure):
    """("ok" | "wrong" | "failed_loudly", why) for one call.

    wrong: other bytes than the right ones, or a part handed over as if it were the whole. Text that came before a
    failure was a wrong one, too, unless the right answer begins with it.
    """
    if not right.startswith(content):
        return "wrong", "other bytes"
    if failure:
        return "failed_loudly", failure
    if finish_reason in INCOMPLETE:
        return "failed_loudly", f"finish_reason {finish_reason}"
    if content != right:
        return "wrong", "a part that looks like the whole" if content else "nothing, and it looks like a success"
    return "ok", ""
