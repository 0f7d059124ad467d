// A minimal app on @slack/bolt, for the benchmark (tests/slack_bench.rs): it acks /case and notes it in the
// channel; each line of its input is a mention that it posts. Keeps nothing. The folder with
// node_modules, the workspace's address, the two tokens and the channel are the arguments.
'use strict';
const path = require('node:path');
const readline = require('node:readline');
const [folder, base, token, appToken, channel] = process.argv.slice(2);
const { App, LogLevel } = require(path.join(folder, 'node_modules', '@slack', 'bolt'));

const app = new App({ token, appToken, socketMode: true, clientOptions: { slackApiUrl: `${base}/api/` }, logLevel: LogLevel.ERROR });
app.command('/case', async ({ ack, body, client }) => {
  await ack();
  await client.chat.postMessage({ channel, text: body.text });
});
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { text, blocks } = JSON.parse(line);
  app.client.chat.postMessage({ channel, text, blocks }).catch((error) => { console.error(error); process.exit(1); });
});
app.start().catch((error) => { console.error(error); process.exit(1); });
