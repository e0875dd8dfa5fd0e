"""The OpenAI SDK for Python, unmodified, sync and async: all it knows is the gateway's base_url."""

import asyncio
import json
import time

import openai
from openai import AsyncOpenAI, OpenAI

from setting import WEATHER, WithGateway, answers

MODEL = "deepseek-chat"
# The catalogue's rows that a repeat gets over, as the simulator is told to show them to the first attempts.
TRANSIENT = [
    "5; after=1; times=2", "6; times=2", "7; times=2", "8; times=2", "9; times=2", "10; times=2", "14; times=2", "15; times=2",
    "15; times=1; variant=504", "16; times=2", "18; times=2", "24; times=1; after=0", "25; times=1", "26; times=1; after=0",
    "30; times=1", "garbage; times=1", "2; after=3; every=1", "27", "28", "28; variant=split_utf8", "28; variant=label_json",
]


def user(prompt):
    return [{"role": "user", "content": prompt}]


def text_of(stream):
    return "".join(choice.delta.content or "" for chunk in stream for choice in chunk.choices)


class SyncSdkTest(WithGateway):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = OpenAI(base_url=cls.gateway.url + "/v1", api_key="sk-of-the-caller", timeout=60)
        cls.addClassCleanup(cls.client.close)

    def test_an_unstreamed_answer_is_whole_with_its_usage(self):
        answer = self.client.chat.completions.create(model=MODEL, messages=user("What is a levee?"))
        self.assertEqual(answer.choices[0].message.content, self.right("What is a levee?"))
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertEqual(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens)
        self.assertGreater(answer.usage.completion_tokens, 0)

    def test_a_stream_is_whole_and_every_chunk_has_a_choice(self):
        chunks = list(self.client.chat.completions.create(model=MODEL, messages=user("What is a weir?"), stream=True))
        self.assertEqual("".join(chunk.choices[0].delta.content or "" for chunk in chunks), self.right("What is a weir?"))
        self.assertEqual(chunks[-1].choices[0].finish_reason, "stop")
        self.assertEqual(len({chunk.id for chunk in chunks}), 1)

    def test_a_stream_gives_its_usage_to_who_asks_for_it(self):
        chunks = list(self.client.chat.completions.create(
            model=MODEL, messages=user("Count."), stream=True, stream_options={"include_usage": True}))
        usages = [chunk.usage for chunk in chunks if chunk.usage]
        self.assertEqual(len(usages), 1)
        self.assertGreater(usages[0].completion_tokens, 0)

    def test_max_tokens_ends_an_answer_with_length(self):
        answer = self.client.chat.completions.create(model=MODEL, messages=user("What is a sluice?"), max_tokens=5)
        self.assertEqual(answer.choices[0].finish_reason, "length")
        self.assertTrue(self.right("What is a sluice?").startswith(answer.choices[0].message.content))
        self.assertEqual(answer.usage.completion_tokens, 5)

    def test_tools_are_called_streamed_as_unstreamed(self):
        ask = {"model": MODEL, "messages": user("use the tool for Chengdu"), "tools": [WEATHER]}
        whole = self.client.chat.completions.create(**ask).choices[0]
        self.assertEqual(whole.finish_reason, "tool_calls")
        call = whole.message.tool_calls[0]
        self.assertEqual(call.function.name, "get_weather")
        self.assertIsInstance(json.loads(call.function.arguments), dict)
        name, arguments, finish, pieces = "", "", None, 0
        for chunk in self.client.chat.completions.create(**ask, stream=True):
            for delta in chunk.choices[0].delta.tool_calls or []:
                name += delta.function.name or ""
                arguments += delta.function.arguments or ""
                pieces += 1
            finish = chunk.choices[0].finish_reason or finish
        self.assertEqual((name, arguments, finish), ("get_weather", call.function.arguments, "tool_calls"))
        self.assertGreater(pieces, 1)

    def test_json_mode_answers_json(self):
        answer = self.client.chat.completions.create(
            model=MODEL, messages=user("Answer as json."), response_format={"type": "json_object"})
        self.assertIn("answer", json.loads(answer.choices[0].message.content))

    def test_embeddings_are_vectors_and_the_same_each_time(self):
        first = self.client.embeddings.create(model="deepseek-embedding", input=["a river", "a dam"])
        again = self.client.embeddings.create(model="deepseek-embedding", input="a river")
        self.assertEqual(len(first.data), 2)
        self.assertGreater(len(first.data[0].embedding), 8)
        self.assertEqual(first.data[0].embedding, again.data[0].embedding)
        self.assertNotEqual(first.data[0].embedding, first.data[1].embedding)

    def test_models_are_listed_and_found(self):
        self.assertIn(MODEL, [model.id for model in self.client.models.list()])
        self.assertEqual(self.client.models.retrieve(MODEL).id, MODEL)
        with self.assertRaises(openai.NotFoundError):
            self.client.models.retrieve("no-such-model")

    def test_fim_completions_answer_through_beta(self):
        client = self.client.with_options(base_url=self.gateway.url + "/beta")
        prompt, suffix = "def tame(river):", "return calm"
        whole = client.completions.create(model=MODEL, prompt=prompt, suffix=suffix)
        self.assertEqual(whole.choices[0].text, self.right(prompt + suffix))
        stream = client.completions.create(model=MODEL, prompt=prompt, suffix=suffix, stream=True)
        self.assertEqual("".join(chunk.choices[0].text for chunk in stream if chunk.choices), self.right(prompt + suffix))

    def test_prefix_completion_goes_on_after_the_prefix(self):
        client = self.client.with_options(base_url=self.gateway.url + "/beta")
        right = self.right("What is silt?")
        beginning = right[: len(right) // 2]
        messages = [*user("What is silt?"), {"role": "assistant", "content": beginning, "prefix": True}]
        answer = client.chat.completions.create(model=MODEL, messages=messages)
        self.assertEqual(beginning + answer.choices[0].message.content, right)

    def test_the_transient_rows_of_the_catalogue_are_survived(self):
        client = self.client.with_options(max_retries=0)
        for stream in (False, True):
            for fault in TRANSIENT:
                with self.subTest(fault=fault, stream=stream):
                    prompt = f"[[sim-fault {fault}]] [[sim-tokens 40]] What floats? {stream}"
                    answer = client.chat.completions.create(model=MODEL, messages=user(prompt), stream=stream)
                    text = text_of(answer) if stream else answer.choices[0].message.content
                    self.assertEqual(text, self.right(prompt))

    def test_an_answer_that_breaks_midway_is_whole_unstreamed_and_an_error_streamed(self):
        for fault in ("19; times=1; after=10", "20; times=1; after=10", "24; times=1; after=10"):
            with self.subTest(fault):
                prompt = f"[[sim-fault {fault}]] [[sim-tokens 40]] Why?"
                whole = self.client.chat.completions.create(model=MODEL, messages=user(prompt + " Tell."))
                self.assertEqual(whole.choices[0].message.content, self.right(prompt + " Tell."))
                got = ""
                with self.assertRaises(openai.APIError):
                    for chunk in self.client.chat.completions.create(model=MODEL, messages=user(prompt), stream=True):
                        got += chunk.choices[0].delta.content or ""
                self.assertTrue(got and self.right(prompt).startswith(got), got)


class ErrorsTest(WithGateway):
    """What goes wrong is told once, clearly, in the envelope that the SDK knows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = OpenAI(base_url=cls.gateway.url + "/v1", api_key="sk-of-the-caller", timeout=60)
        cls.addClassCleanup(cls.client.close)

    def ask(self, prompt="Hello", model=MODEL, **more):
        return self.client.chat.completions.create(model=model, messages=user(prompt), **more)

    def test_an_unknown_model_is_a_404_that_names_the_known_ones(self):
        with self.assertRaises(openai.NotFoundError) as caught:
            self.ask(model="gpt-none")
        self.assertIn("deepseek-", str(caught.exception))
        self.assertEqual(caught.exception.body["code"], "model_not_found")

    def test_bad_requests_are_400s_that_say_what_is_wrong(self):
        for more, word in (({"messages": "hello"}, "messages"), ({"model": 7}, "model"), ({"stream": "yes"}, "stream")):
            with self.subTest(word), self.assertRaises(openai.BadRequestError) as caught:
                body = {"model": MODEL, "messages": user("Hello"), **more}
                self.client.post("/chat/completions", body=body, cast_to=object)
            self.assertIn(word, str(caught.exception))

    def test_what_an_upstream_says_of_a_request_is_passed_on_and_not_repeated(self):
        before = self.attempts()
        with self.assertRaises(openai.APIStatusError) as caught:
            self.ask("[[sim-fault 13; variant=422]] Hello")
        self.assertEqual(caught.exception.status_code, 422)
        self.assertEqual(self.attempts() - before, 1)

    def test_no_key_prompt_or_answer_is_in_the_log(self):
        prompt = "A prompt about paddlefish"
        answer = self.ask(prompt)
        log = self.gateway_log(of=answer)
        self.assertIn('"status":200', log.replace(" ", ""))
        for secret in ("sk-of-the-account", "sk-of-the-caller", "paddlefish", answer.choices[0].message.content[:40]):
            self.assertNotIn(secret, log)


class RefusedKeyTest(WithGateway):
    """On its own: a refused key takes its account out for long."""

    def test_a_refused_key_of_the_account_is_told_once_and_takes_the_account_out(self):
        client = OpenAI(base_url=self.gateway.url + "/v1", api_key="sk-of-the-caller", timeout=60)
        self.addCleanup(client.close)
        before = self.attempts()
        for prompt in ("[[sim-fault 12]] Hello", "Hello"):
            with self.assertRaises(openai.APIStatusError) as caught:
                client.chat.completions.create(model=MODEL, messages=user(prompt))
            self.assertEqual(caught.exception.response.headers["x-should-retry"], "false")
            self.assertNotIn("sk-of-the-account", str(caught.exception))
        self.assertEqual(self.attempts() - before, 1)


class PassThroughTest(WithGateway):
    configuration = """
version: 1
upstreams:
  - name: deepseek
    dialect: deepseek
    base_url: ${SIM_URL}
    pass_through_key: true
routes:
  - name: all
    match: "*"
    targets: [{upstream: deepseek}]
"""

    def test_the_callers_own_key_is_used_and_its_refusal_is_the_callers(self):
        client = OpenAI(base_url=self.gateway.url, api_key="sk-mine", timeout=30)
        self.addCleanup(client.close)
        answer = client.chat.completions.create(model=MODEL, messages=user("Mine?"))
        self.assertEqual(answer.choices[0].message.content, self.right("Mine?"))
        before = self.attempts()
        with self.assertRaises(openai.AuthenticationError):
            client.chat.completions.create(model=MODEL, messages=user("[[sim-fault 12]] Mine?"))
        self.assertEqual(self.attempts() - before, 1)


class TimeoutTest(WithGateway):
    """An SDK's own time-out: the gateway's error comes before it, and the SDK does not ask again."""

    def test_an_unstreamed_call_gets_the_gateways_error_in_time_and_no_repeats(self):
        client = OpenAI(base_url=self.gateway.url + "/v1", api_key="sk-x", timeout=3)
        self.addCleanup(client.close)
        before, started = self.attempts(), time.monotonic()
        with self.assertRaises(openai.APIStatusError) as caught:
            client.chat.completions.create(model=MODEL, messages=user("[[sim-fault 23]] For ever?"))
        self.assertLess(time.monotonic() - started, 3)
        self.assertEqual(caught.exception.response.headers["x-should-retry"], "false")
        self.assertEqual(self.attempts() - before, 1)

    def test_a_caller_that_gives_up_frees_its_call(self):
        client = OpenAI(base_url=self.gateway.url + "/v1", api_key="sk-x", timeout=60)
        prompt = "[[sim-tokens 10000]] A long story"
        for chunk in client.chat.completions.create(model=MODEL, messages=user(prompt), stream=True):
            if chunk.choices[0].delta.content:
                break
        client.close()
        until = time.monotonic() + 10
        while self.simulator.stats()["slots_held_now"] and time.monotonic() < until:
            time.sleep(0.02)
        stats = self.simulator.stats()
        self.assertEqual((stats["slots_held_now"], stats["cancelled"]), (0, 1))


class AsyncSdkTest(WithGateway):
    scenario, speed = "storm", 20

    def test_sixty_calls_at_once_through_a_storm_are_all_right_or_loud(self):
        prompts = [f"[[sim-tokens 60]] Question {i}" for i in range(60)]

        async def ask(client, prompt, stream):
            answer = await client.chat.completions.create(model=MODEL, messages=user(prompt), stream=stream)
            if not stream:
                return answer.choices[0].message.content
            text = ""
            async for chunk in answer:
                text += chunk.choices[0].delta.content or ""
            return text

        async def all_of_them():
            async with AsyncOpenAI(base_url=self.gateway.url + "/v1", api_key="sk-x", timeout=60) as client:
                calls = [ask(client, prompt, i % 2 == 0) for i, prompt in enumerate(prompts)]
                return await asyncio.gather(*calls, return_exceptions=True)

        outcomes = asyncio.run(all_of_them())
        loud = [outcome for outcome in outcomes if isinstance(outcome, openai.APIError)]
        for outcome, right in zip(outcomes, answers.expected(prompts)):
            if not isinstance(outcome, openai.APIError):
                self.assertEqual(outcome, right)
        # Streams that break after their first content end loudly; these are few.
        self.assertLess(len(loud), 12, loud[:3])

    def test_tools_json_and_models_work_asynchronously_too(self):
        async def run():
            async with AsyncOpenAI(base_url=self.gateway.url + "/v1", api_key="sk-x", timeout=60) as client:
                tools = await client.chat.completions.create(
                    model=MODEL, messages=user("use the tool for Emei"), tools=[WEATHER])
                mode = await client.chat.completions.create(
                    model=MODEL, messages=user("json, please"), response_format={"type": "json_object"})
                return tools, mode, [model.id async for model in client.models.list()]

        tools, mode, models = asyncio.run(run())
        self.assertEqual(tools.choices[0].message.tool_calls[0].function.name, "get_weather")
        self.assertIn("answer", json.loads(mode.choices[0].message.content))
        self.assertIn(MODEL, models)
