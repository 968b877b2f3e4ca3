// The shop's customers: a mix of requests from a process of its own, which the demo leaves out of the capture.
// Arguments: port of the gateway, number of requests (0: until it is ended), requests per second.
import http from 'node:http';
import net from 'node:net';
import { ask } from './json-http.mjs';
import { endWithParent } from './lifeline.mjs';

process.title = 'spanloom-load';
endWithParent();
const [port, requests, perSecond] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });

/** A small generator of its own, so that every run has the same customers. */
let state = 20240607;
function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

function sku() {
  return `SKU-${String(1 + Math.floor(random() * 200)).padStart(4, '0')}`;
}

const mix = [
  { share: 0.4, send: () => ask(agent, port, 'GET', `/orders/${1 + Math.floor(random() * 200)}`) },
  { share: 0.25, send: () => place(sku()) },
  { share: 0.22, send: () => ask(agent, port, 'GET', '/catalogue') },
  { share: 0.05, send: () => ask(agent, port, 'GET', '/reports/daily') },
  { share: 0.05, send: () => ask(agent, port, 'GET', `/orders/${9000 + Math.floor(random() * 100)}`) },
  { share: 0.03, send: () => place('SKU-9999') },
];

function place(product) {
  const body = JSON.stringify({ sku: product });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return ask(agent, port, 'POST', '/orders', { headers, body });
}

function pick() {
  let point = random();
  return mix.find(({ share }) => (point -= share) < 0) ?? mix[0];
}

/** A running capture leaves this process out once it has seen it: one connection shows it, before anything is asked. */
async function introduce() {
  await new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1' }, () => socket.end());
    socket.once('close', resolve);
    socket.once('error', reject);
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
}

await introduce();
const pending = new Set();
for (let sent = 0; requests === 0 || sent < requests; sent++) {
  const answer = pick()
    .send()
    .catch((error) => console.error(error.message))
    .finally(() => pending.delete(answer));
  pending.add(answer);
  // Customers come at random: the gaps are exponentially distributed.
  const gapMs = (-Math.log(1 - random()) * 1000) / perSecond;
  await new Promise((resolve) => setTimeout(resolve, gapMs));
}
await Promise.all(pending);
process.exit(0);
