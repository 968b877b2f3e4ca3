import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWhere } from '../../test/requirement.ts';
import { startChild, type Child } from '../child.ts';
import { findProgram } from '../find-program.ts';
import { curlArguments, loadFailure } from './load.ts';

const curl = findProgram('curl');

describeWhere(curl === undefined ? 'curl is not installed' : undefined, 'requests of Bookinfo', () => {
  let folder = '';
  let server: Server;
  const asked: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spanloom-test-load-'));
    server = createServer((request, response) => {
      const path = request.url ?? '';
      asked.push(path);
      response.writeHead(path.endsWith('/4') ? 502 : 200).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const send = (name: string, first: number, inFlight: number): Promise<Child> => {
    asked.length = 0;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/productpage`;
    const args = curlArguments(url, { first, requests: 5, inFlight });
    return startChild({ name, command: curl!, args, logPath: join(folder, `${name}.log`), stopSignal: 'SIGTERM' });
  };
  const paths = (first: number): readonly string[] =>
    Array.from({ length: 5 }, (_, index) => `/productpage/${first + index}`);

  it.each([
    ['in a row', 1],
    ['in flight', 5],
  ])('fail where one of several %s is not answered, and the others are sent', async (name, inFlight) => {
    expect(await loadFailure(await send(name, 2, inFlight))).toMatch(
      /^Not every request was answered: curl ended with \d+: curl: \(22\) .*502/,
    );
    expect(asked.toSorted()).toEqual(paths(2));
  });

  it('do not fail where each is answered', async () => {
    expect(await loadFailure(await send('answered', 5, 5))).toBeUndefined();
    expect(asked.toSorted()).toEqual(paths(5));
  });

  it('fail where curl is killed', async () => {
    const load = await send('killed', 5, 1);
    process.kill(load.processId, 'SIGKILL');
    expect(await loadFailure(load)).toBe('Not every request was answered: curl ended with 1.');
  });
});
