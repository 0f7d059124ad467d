// @slack/bolt, Slack's own framework for Node, in the emulated workspace: it says what the emulator
// got wrong. Run by tests/real/slack-witness.sh through tests/slack/witness.rs: the folder with
// node_modules, the workspace's address, the two tokens and the signing secret are the arguments.
// Exits with 0 when every story ended as it should.
'use strict';
const assert = require('node:assert');
const path = require('node:path');
const [folder, base, token, appToken, signingSecret] = process.argv.slice(2);
const { App, LogLevel } = require(path.join(folder, 'node_modules', '@slack', 'bolt'));

const control = async (what, body) => {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(`${base}/control/${what}`, init);
  assert.ok(answer.ok, `${what} ${JSON.stringify(body)}: ${answer.status}`);
  return answer.json();
};
const act = (what) => control('act', what);
const until = async (what, shows) => {
  const end = Date.now() + 20000;
  while (Date.now() < end) {
    const found = shows(await control('books'));
    if (found) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`not seen in 20 s: ${what}\n${JSON.stringify(await control('books'), null, 1).slice(-3000)}`);
};
const proved = (what) => console.log(`bolt: ${what}`);

const text = (words) => ({ type: 'plain_text', text: words });
const modal = {
  type: 'modal', callback_id: 'form', title: text('Draft'), submit: text('Send'), private_metadata: '{"case":1}',
  blocks: [{ type: 'input', block_id: 'text', label: text('Text'), element: { type: 'plain_text_input', action_id: 't', multiline: true } }],
};

// The same app either way: /draft opens a modal, whose text is posted with a button, which claims.
const handlers = (app, care, way) => {
  const seen = { failures: [] };
  app.error(async (error) => { seen.failures.push(error); });
  app.command('/draft', async ({ ack, body, client }) => {
    await ack();
    seen.command = body;
    await client.views.open({ trigger_id: body.trigger_id, view: modal });
  });
  app.view('form', async ({ ack, view, client, body }) => {
    const said = view.state.values.text.t.value;
    if (said.length < 5) return ack({ response_action: 'errors', errors: { text: 'too short' } });
    await ack();
    await client.chat.postMessage({
      channel: care, text: said, metadata: { event_type: 'sereno_op', event_payload: { op: `${way}-${body.user.id}` } },
      blocks: [{ type: 'actions', elements: [{ type: 'button', action_id: 'claim', value: '1', text: text('Claim') }] }],
    });
  });
  app.action('claim', async ({ ack, body, client, respond }) => {
    await ack();
    await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text: `claimed by ${way}` });
    await respond({ text: `you have it, ${way}`, replace_original: false });
  });
  app.event('app_mention', async ({ event, say }) => { await say({ text: `${way} heard`, thread_ts: event.ts }); });
  app.event('app_home_opened', async ({ event, client }) => {
    await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [{ type: 'section', text: text(way) }] } });
  });
  return seen;
};

const story = async (app, care, way) => {
  const seen = handlers(app, care, way);
  const acked = async (told, what) => until(what, (b) => told.every((n) => b.told[n - 1].acks.length > 0));
  const open = (b) => b.views.find((v) => v.open && v.callback_id === 'form');
  await acked((await act({ user: 'ana', does: 'slash', line: '/draft 1' })).told, 'the ack of /draft');
  const view = (await until('the modal', open)).id;
  assert.strictEqual(seen.command.text, '1');
  await act({ user: 'ana', does: 'submits', view, values: { text: 'abc' } });
  await until('the error in the modal', (b) => open(b)?.errors.text === 'too short');
  const submitted = await act({ user: 'ana', does: 'submits', view, values: { text: `hola from ${way} & <all>` } });
  await acked(submitted.told, 'the ack of the submission');
  const card = await until('the card', (b) => b.messages.find((m) => m.op?.startsWith(way)));
  assert.ok(!open(await control('books')), 'the modal is closed');
  await acked((await act({ user: 'ana', does: 'presses', ts: card.ts, action: 'claim' })).told, 'the ack of the button');
  await until('the change', (b) => b.messages.find((m) => m.ts === card.ts && m.text === `claimed by ${way}`));
  await until('the private answer', (b) => b.whispers.find((w) => w.by === 'response_url' && w.text === `you have it, ${way}`));
  const said = await act({ user: 'ana', does: 'says', text: '@sereno hello' });
  await until('the answer in the thread', (b) => b.messages.find((m) => m.thread === said.ts && m.text === `${way} heard`));
  await act({ user: 'ana', does: 'opens_home' });
  await until('the home', (b) => b.views.find((v) => v.type === 'home'));
  assert.deepStrictEqual(seen.failures.map(String), []);
};

const main = async () => {
  await control('set', { unlimited: true });
  await control('set', { member: 'ana' });
  const care = (await control('books')).channels.care;
  const clientOptions = { slackApiUrl: `${base}/api/`, retryConfig: { retries: 0 } };

  const socket = new App({ token, appToken, socketMode: true, clientOptions, logLevel: LogLevel.ERROR });
  await socket.start();
  await until('the connection', (b) => b.connections === 1);
  await story(socket, care, 'socket');
  await socket.stop();
  await until('the end of the connection', (b) => b.connections === 0);
  proved('command, modal, button, mention and home through Socket Mode');

  const http = new App({ token, signingSecret, clientOptions, logLevel: LogLevel.ERROR });
  const server = await http.start({ port: 0, host: '127.0.0.1' });
  await control('set', { deliver_to: `http://127.0.0.1:${server.address().port}/slack/events` });
  await story(http, care, 'http');
  await http.stop();
  proved('the same through signed requests over HTTP');
};

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
