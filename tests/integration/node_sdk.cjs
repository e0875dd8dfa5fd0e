// The OpenAI SDK for Node, unmodified: all it knows is the gateway's base_url. Run by test_node_sdk.py with
// BASE_URL, and RIGHT: what the simulator answers to each prompt.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const OpenAI = require('openai');

const right = JSON.parse(process.env.RIGHT);
const prompts = Object.keys(right);
const model = 'deepseek-chat';
const base = process.env.BASE_URL;
const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'sk-of-the-caller', timeout: 60_000 });
const user = (content) => [{ role: 'user', content }];
const weather = JSON.parse(process.env.WEATHER);

async function streamed(prompt, options = {}) {
  let text = '';
  let finish = null;
  const stream = await client.chat.completions.create({ model, messages: user(prompt), stream: true }, options);
  for await (const chunk of stream) {
    text += chunk.choices[0].delta.content ?? '';
    finish = chunk.choices[0].finish_reason ?? finish;
  }
  return { text, finish };
}

test('an unstreamed answer is whole', async () => {
  const answer = await client.chat.completions.create({ model, messages: user(prompts[0]) });
  assert.equal(answer.choices[0].message.content, right[prompts[0]]);
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.ok(answer.usage.completion_tokens > 0);
});

test('a stream is whole', async () => {
  assert.deepEqual(await streamed(prompts[0]), { text: right[prompts[0]], finish: 'stop' });
});

for (const prompt of prompts.filter((text) => text.includes('sim-fault'))) {
  test(`a fault is survived, streamed and not: ${prompt}`, async () => {
    const once = { maxRetries: 0 };
    assert.equal((await streamed(prompt, once)).text, right[prompt]);
    const answer = await client.chat.completions.create({ model, messages: user(prompt) }, once);
    assert.equal(answer.choices[0].message.content, right[prompt]);
  });
}

test('tools are called, streamed as unstreamed', async () => {
  const ask = { model, messages: user('use the tool for Dujiangyan'), tools: [weather] };
  const whole = (await client.chat.completions.create(ask)).choices[0];
  assert.equal(whole.finish_reason, 'tool_calls');
  const runner = client.chat.completions.stream(ask);
  const final = (await runner.finalChatCompletion()).choices[0];
  assert.equal(final.message.tool_calls[0].function.arguments, whole.message.tool_calls[0].function.arguments);
  assert.equal(final.finish_reason, 'tool_calls');
});

test('JSON mode answers JSON', async () => {
  const answer = await client.chat.completions.create({
    model, messages: user('json, please'), response_format: { type: 'json_object' },
  });
  assert.ok('answer' in JSON.parse(answer.choices[0].message.content));
});

test('embeddings are vectors', async () => {
  const answer = await client.embeddings.create({ model: 'deepseek-embedding', input: ['a river', 'a dam'] });
  assert.equal(answer.data.length, 2);
  assert.ok(answer.data[0].embedding.length > 8);
  assert.ok(answer.data[0].embedding.every(Number.isFinite));
});

test('models are listed', async () => {
  const ids = [];
  for await (const entry of client.models.list()) ids.push(entry.id);
  assert.ok(ids.includes(model));
});

test('FIM completions answer through /beta', async () => {
  const beta = new OpenAI({ baseURL: `${base}/beta`, apiKey: 'sk-x' });
  const answer = await beta.completions.create({ model, prompt: 'function tame(river) {', suffix: '}' });
  assert.equal(answer.choices[0].text, right['function tame(river) {}']);
});

test('an unknown model is a NotFoundError that names the known ones', async () => {
  await assert.rejects(client.chat.completions.create({ model: 'gpt-none', messages: user('Hello') }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.match(error.message, /deepseek-/);
    return true;
  });
});

test('a stream that breaks after its first content raises an error with a right beginning', async () => {
  const prompt = process.env.BREAKS;
  let text = '';
  await assert.rejects(async () => {
    const stream = await client.chat.completions.create({ model, messages: user(prompt), stream: true });
    for await (const chunk of stream) text += chunk.choices[0].delta.content ?? '';
  }, OpenAI.APIError);
  assert.ok(text.length > 0 && JSON.parse(process.env.BREAKS_RIGHT).startsWith(text));
});

test('a time-out of the SDK is answered before it, once', async () => {
  const started = Date.now();
  const call = client.chat.completions.create({ model, messages: user('[[sim-fault 23]] For ever?') }, { timeout: 3000 });
  await assert.rejects(call, (error) => {
    assert.ok(!(error instanceof OpenAI.APIConnectionTimeoutError), String(error));
    assert.equal(error.headers.get('x-should-retry'), 'false');
    return true;
  });
  assert.ok(Date.now() - started < 3000);
});
