// Sends requests at a steady rate for as long as its standard input is open. usage: paced-load.mjs PORT PATH PER_SECOND
// What is slow makes requests overlap, up to a bound; it never makes the rate lower for good. A failed request ends it all.
import http from 'node:http';

const [port, path, perSecond] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];
const tickMs = 20;
const maxInFlight = 256;
const agent = new http.Agent({ keepAlive: true, maxSockets: maxInFlight });
const begin = performance.now();
let started = 0;
let inFlight = 0;

function one() {
  const headers = { 'x-truth': `T${String(started++).padStart(8, '0')}` };
  inFlight++;
  http.get({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
    if (response.statusCode !== 200) throw new Error(`the gateway answered with ${response.statusCode}`);
    response.resume();
    response.on('close', () => inFlight--);
  });
}

setInterval(() => {
  const due = ((performance.now() - begin) / 1000) * perSecond;
  while (started < due && inFlight < maxInFlight) one();
}, tickMs);
process.stdin.on('end', () => process.exit()).resume();
