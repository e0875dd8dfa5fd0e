"""The load of one contestant: asks its questions on their schedule, whatever becomes of the earlier ones.

Reads a job (JSON) from the file named, says `ready` on stdout, starts at a line on stdin, and prints one JSON line
per request when all have ended.
"""

import asyncio
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

from harness import answers, chat  # noqa: E402

KEY = "sk-benchmark"


def bare_caller(job):
    """A program that calls once: no retries."""
    deadline = job["deadline"]
    headers = {"Authorization": f"Bearer {KEY}", "x-dujiang-deadline-ms": str(int(deadline * 1000))}

    async def ask(prompt, stream):
        return await chat.ask(job["base_url"], prompt, stream, deadline, headers)

    return ask


def openai_caller(job):
    """The OpenAI SDK as it comes."""
    import openai

    client = openai.AsyncOpenAI(base_url=job["base_url"], api_key=KEY, timeout=job["deadline"])

    async def call(reply, prompt, stream):
        messages = [{"role": "user", "content": prompt}]
        answer = await client.chat.completions.create(model=chat.MODEL, messages=messages, stream=stream)
        if not stream:
            reply.content = answer.choices[0].message.content or ""
            reply.finish_reason = answer.choices[0].finish_reason
            return
        async for chunk in answer:
            for choice in chunk.choices:
                reply.content += choice.delta.content or ""
                reply.finish_reason = choice.finish_reason or reply.finish_reason

    async def ask(prompt, stream):
        reply, started = chat.Reply(), time.monotonic()
        try:
            async with asyncio.timeout(job["deadline"]):
                await call(reply, prompt, stream)
        except TimeoutError:
            reply.failure = "no end in time"
        except Exception as error:  # Whatever the SDK raises is what its user sees.
            reply.failure = f"{type(error).__name__} {getattr(error, 'status_code', '')}".strip()
        reply.seconds = time.monotonic() - started
        return reply

    return ask


async def run(job):
    ask = {"bare": bare_caller, "openai": openai_caller}[job["caller"]](job)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    started = time.monotonic()

    async def one(request):
        await asyncio.sleep(started + request["at"] - time.monotonic())
        late = time.monotonic() - started - request["at"]
        reply = await ask(request["prompt"], request["stream"])
        verdict, why = answers.verdict(request["right"], reply.content, reply.finish_reason, reply.failure)
        return {"verdict": verdict, "why": why, "seconds": reply.seconds, "started_late": late}

    return await asyncio.gather(*map(one, job["requests"]))


if __name__ == "__main__":
    for outcome in asyncio.run(run(json.loads(pathlib.Path(sys.argv[1]).read_text()))):
        print(json.dumps(outcome))
