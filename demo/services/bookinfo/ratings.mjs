// The stars that reviewers gave to a book. Argument: own port on loopback.
import http from 'node:http';

const port = Number(process.argv[2]);

http
  .createServer((request, response) => {
    const [, name, id] = (request.url ?? '').split('/');
    const known = name === 'ratings' && /^\d+$/.test(id ?? '');
    const body = known
      ? { id: Number(id), ratings: { Reviewer1: 5, Reviewer2: 4 } }
      : { error: 'please name a book by its number' };
    response.writeHead(known ? 200 : 404, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body));
  })
  .listen(port, '127.0.0.1');
