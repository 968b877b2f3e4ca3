// Keeps a number of requests in flight, each with a truth of its own in its header x-truth; ends after the last request, or when
// the time is over. usage: load.mjs PORT IN_FLIGHT SECONDS PHASE…   (PHASE: REQUESTS:PATH,PATH…, the paths in turn)
import http from 'node:http';

const [port, inFlight, seconds] = process.argv.slice(2, 5).map(Number);
const paths = process.argv.slice(5).flatMap((phase) => {
  const [requests, list] = phase.split(':');
  const turn = list.split(',');
  return Array.from({ length: Number(requests) }, (_, index) => turn[index % turn.length]);
});
const longestRequestMs = 20_000;
const agent = new http.Agent({ keepAlive: true, maxSockets: inFlight });
const outcomes = {};
let started = 0;

function send(path, truth) {
  return new Promise((resolve) => {
    const end = (outcome) => {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      resolve();
    };
    const options = { host: '127.0.0.1', port, path, agent, timeout: longestRequestMs, headers: { 'x-truth': truth } };
    const request = http.get(options, (response) => {
      response.resume();
      response.once('end', () => end(response.statusCode));
      response.once('error', (error) => end(error.code));
    });
    request.once('error', (error) => end(error.code));
    request.once('timeout', () => request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
  });
}

const until = performance.now() + seconds * 1000;
await Promise.all(
  Array.from({ length: inFlight }, async () => {
    while (started < paths.length && performance.now() < until) {
      const number = started++;
      await send(paths[number], `T${String(number).padStart(8, '0')}`);
    }
  }),
);
console.log(JSON.stringify({ requests: started, outcomes }));
agent.destroy();
