// Keeps a number of requests in flight, each with its own x-truth header. usage: load.mjs PORT PATH IN_FLIGHT REQUESTS
import http from 'node:http';

const [port, path, inFlight, requests] = [
  process.argv[2],
  process.argv[3],
  Number(process.argv[4]),
  Number(process.argv[5]),
];
const agent = new http.Agent({ keepAlive: true, maxSockets: inFlight });
let started = 0;
let failed = 0;

function one() {
  const truth = `T${String(started++).padStart(8, '0')}`;
  return new Promise((resolve) => {
    http
      .get({ host: '127.0.0.1', port, path, agent, headers: { 'x-truth': truth } }, (response) => {
        response.resume();
        response.on('end', resolve);
      })
      .on('error', () => {
        failed++;
        resolve();
      });
  });
}

const begin = performance.now();
await Promise.all(
  Array.from({ length: inFlight }, async () => {
    while (started < requests) await one();
  }),
);
console.log(
  JSON.stringify({ requests: started, failed, perSecond: Math.round(started / ((performance.now() - begin) / 1000)) }),
);
agent.destroy();
