// The shop's front door: gives every request an X-Request-ID and passes it on to the orders service.
// Arguments: own port, port of the orders service.
import http from 'node:http';
import { randomUUID } from 'node:crypto';
import { bodyOf, reply, ask } from './json-http.mjs';
import { endWithParent } from './lifeline.mjs';

endWithParent();
const [port, ordersPort] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true });

const server = http.createServer(async (request, response) => {
  const requestId = request.headers['x-request-id'] ?? randomUUID();
  try {
    const body = await bodyOf(request);
    const headers = {
      'x-request-id': requestId,
      'x-forwarded-for': request.socket.remoteAddress,
      'content-type': request.headers['content-type'] ?? 'application/json',
      'content-length': body.length,
    };
    const answer = await ask(agent, ordersPort, request.method, request.url, { headers, body });
    response.writeHead(answer.status, {
      'content-type': answer.headers['content-type'],
      'content-length': answer.bytes.length,
      'x-request-id': requestId,
    });
    response.end(answer.bytes);
  } catch (error) {
    reply(response, 502, { error: error.message }, { 'x-request-id': requestId });
  }
});
server.keepAliveTimeout = 60_000;
server.listen(port, '127.0.0.1');
