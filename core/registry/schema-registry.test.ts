import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { connectSchemaRegistry } from './schema-registry.ts';

test('an answer without end is broken off', async () => {
  const piece = Buffer.alloc(64 * 1024, ' ');
  let sent = 0;
  const server = createServer((_, response) => {
    const more = (): void => {
      // A server that is not stopped sends 64 MiB.
      while (sent < 1_024 && !response.destroyed) {
        sent++;
        if (!response.write(piece)) {
          response.once('drain', more);
          return;
        }
      }
      response.end();
    };
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const registry = connectSchemaRegistry({ url: `http://127.0.0.1:${port}`, requestTimeoutMs: 30_000 });
  await expect(registry.schemaOf(1)).rejects.toThrow('an answer of more than');
  expect(sent).toBeLessThan(1_024);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
