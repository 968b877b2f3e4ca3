import { startHttpServer } from '../../protocols/testing/http-server.ts';
import { runClient } from '../../protocols/testing/programs.ts';
import { RawClient } from './raw-client.ts';
import { SessionRecorder } from './session-recorder.ts';

const [basic, bearer, cookie, digest] = ['zS60Secret', 'zS61Secret', 'zS62Secret', 'zS63Secret'] as const;
const python = `
import http.client, sys, json
connection = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))
headers = json.loads(sys.argv[2])
for method, path, body in [('GET', '/', None), ('POST', '/upload', b'x' * 1500), ('GET', '/chunked', None),
                           ('GET', '/private', None), ('HEAD', '/large', None), ('GET', '/nothing', None)]:
    connection.request(method, path, body, headers)
    connection.getresponse().read()
connection.request('PUT', '/upload', iter([b'authorization: ', b'cookie: none']), headers, encode_chunked=True)
connection.getresponse().read()
connection.close()
`;

const curl = async (port: number, args: readonly string[], paths: readonly string[]): Promise<unknown> =>
  runClient('curl', [
    '-s',
    '-o',
    '/dev/null',
    ...args,
    ...paths.flatMap((path) => [`http://127.0.0.1:${port}${path}`]),
  ]);

/** Sessions of curl, Python's http.client and raw sockets, with and without credentials. */
export async function recordHttpSessions(): Promise<SessionRecorder[]> {
  const server = await startHttpServer();
  const recorder = new SessionRecorder('http1', server);
  try {
    await recordWithoutCredentials(recorder);
    await recordCredentials(recorder);
    await recordRawCredentials(recorder);
  } finally {
    await server.stop();
  }
  return [recorder];
}

async function recordWithoutCredentials(recorder: SessionRecorder): Promise<void> {
  const paths = ['/', '/chunked', '/large', '/moved', '/private', '/failing', '/early-hints', '/binary', '/trailers'];
  await recorder.record({ client: 'curl', scenario: 'no credentials' }, (port) => curl(port, [], paths));
  await recorder.record({ client: 'curl', scenario: 'no credentials, form' }, (port) =>
    curl(port, ['-d', 'authorization=none&cookie=none'], ['/upload', '/upload?tokens=none']),
  );
  await recorder.record({ client: 'curl', scenario: 'no credentials, large body' }, (port) =>
    curl(port, ['--data-binary', `cookie: ${'none '.repeat(5000)}`, '-H', 'Expect: 100-continue'], ['/upload']),
  );
  await recorder.record({ client: 'python3', scenario: 'no credentials' }, (port) =>
    runClient('python3', ['-c', python, String(port), '{"X-Cookie": "none", "Accept": "a/b"}']),
  );
}

async function recordCredentials(recorder: SessionRecorder): Promise<void> {
  const paths = ['/private', '/', '/chunked'];
  const scenarios: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['basic', [basic], ['-u', `joe:${basic}`]],
    ['bearer', [bearer], ['-H', `Authorization: Bearer ${bearer}`]],
    ['cookies', [cookie], ['-b', `theme=dark; session=${cookie}`]],
    ['lower-case names, large head', [bearer], ['-H', `x-fill: ${'f'.repeat(900)}`, '-H', `authorization:${bearer}`]],
    ['digest', [digest], ['-H', `Authorization: Digest username="joe", response="${digest}"`]],
  ];
  for (const [scenario, secrets, args] of scenarios) {
    await recorder.record({ client: 'curl', scenario, secrets }, (port) => curl(port, args, paths));
  }
  const session = `X-Session: ${Buffer.from(cookie).toString('base64')}`;
  await recorder.record({ client: 'curl', scenario: 'set by the server', secrets: [cookie] }, (port) =>
    curl(port, ['-c', '/dev/null', '-H', session], ['/login', '/private']),
  );
  await recorder.record({ client: 'curl', scenario: 'to a proxy', secrets: [basic] }, (port) =>
    runClient('curl', [
      ...['-s', '-o', '/dev/null', '-x', `http://127.0.0.1:${port}`, '-U', `joe:${basic}`],
      ...['http://shop.example/', 'http://shop.example/items/42'],
    ]),
  );
  await recorder.record({ client: 'curl', scenario: 'to a tunnel', secrets: [basic] }, (port) =>
    runClient('curl', [
      ...['-s', '-o', '/dev/null', '-p', '-x', `http://127.0.0.1:${port}`, '-U', `joe:${basic}`],
      `http://127.0.0.1:${port}/items/42`,
    ]),
  );
  await recorder.record({ client: 'python3', scenario: 'bearer and cookie', secrets: [bearer, cookie] }, (port) =>
    runClient('python3', [
      '-c',
      python,
      String(port),
      `{"Cookie": "s=${cookie}", "authorization": "Bearer ${bearer}"}`,
    ]),
  );
}

/** Heads in shapes that clients rarely send: cut anywhere, pipelined, folded, set by the server. */
async function recordRawCredentials(recorder: SessionRecorder): Promise<void> {
  const head = (line: string, path = '/'): string =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\n${line}\r\nAccept: */*\r\n\r\n`;
  const cutAt = (text: string, at: number): readonly string[] => [text.slice(0, at), text.slice(at)];
  const bearerHead = head(`Authorization: Bearer ${bearer}`);
  const session = `X-Session: ${Buffer.from(cookie).toString('base64')}`;
  const attempts: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['cut within the value', [bearer], cutAt(bearerHead, bearerHead.indexOf(bearer) + 4)],
    ['cut within the name', [bearer], cutAt(bearerHead, bearerHead.indexOf('Authorization') + 4)],
    ['cut before the line break', [bearer], cutAt(bearerHead, bearerHead.indexOf(bearer) + bearer.length)],
    ['one byte a call', [bearer], Array.from(bearerHead)],
    ['pipelined', [bearer, cookie], [head('X: y') + bearerHead + head(`Cookie: ${cookie}`) + head('X: y')]],
    ['no space, tabs', [cookie], [head(`COOKIE:\t${cookie}`) + head(`cookie:${cookie}`)]],
    ['set by the server', [cookie], [head(session, '/login') + head('X: y') + head(session, '/login')]],
    ['set by the server and sent', [cookie], [head(`Cookie: ${cookie}`), head(`Cookie: theme=dark; s=${cookie}`)]],
    [
      'body that looks like a head',
      [bearer],
      [
        `POST /upload HTTP/1.1\r\nHost: a\r\nAuthorization: ${bearer}\r\nContent-Length: 24\r\n\r\nauthorization: none\r\n\r\n.`,
      ],
    ],
  ];
  for (const [scenario, secrets, parts] of attempts) {
    await recorder.record({ client: 'socket', scenario, secrets }, async (port) => {
      const client = await RawClient.connect(port);
      await client.send(...parts);
      const answers = parts.join('').match(/ HTTP\/1\.1\r\n/g)?.length ?? 1;
      await client.receive((bytes) => (bytes.toString('latin1').match(/HTTP\/1\.1 /g)?.length ?? 0) >= answers, 2_000);
      await client.close();
    });
  }
}
