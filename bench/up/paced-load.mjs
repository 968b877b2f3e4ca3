// Sends requests at a steady rate for as long as its standard input is open. usage: paced-load.mjs PORT PATH PER_SECOND
// What is slow makes requests overlap, up to a bound; it never makes the rate lower for good.
// A connection may be closed while a request is on its way; where more than a few fail, something is wrong and it ends.
import http from 'node:http';

const [port, path, perSecond] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];
const tickMs = 20;
const maxInFlight = 256;
const agent = new http.Agent({ keepAlive: true, maxSockets: maxInFlight });
const begin = performance.now();
let started = 0;
let inFlight = 0;
let failures = 0;

function failed(reason) {
  failures++;
  if (failures > 10 + started / 100) throw new Error(`${failures} of ${started} requests failed: ${reason}`);
}

function one() {
  const headers = { 'x-truth': `T${String(started++).padStart(8, '0')}` };
  inFlight++;
  http
    .get({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
      if (response.statusCode !== 200) failed(`status ${response.statusCode}`);
      response.resume();
    })
    .on('error', (error) => failed(error.message))
    .on('close', () => inFlight--);
}

setInterval(() => {
  const due = ((performance.now() - begin) / 1000) * perSecond;
  while (started < due && inFlight < maxInFlight) one();
}, tickMs);
process.stdin.on('end', () => process.exit()).resume();
