import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { listen, requireFreePort } from './listen.ts';

it('a port that is taken is told with the setting that gives another, also before anything is served there', async () => {
  const server = createServer();
  const address = { host: '127.0.0.1', what: 'The query API', portSetting: 'SPANLOOM_QUERY_PORT' };
  const port = await listen(server, { ...address, port: 0 });
  const taken = `Port ${port} of 127.0.0.1 is taken: stop what uses it, or choose another with SPANLOOM_QUERY_PORT.`;
  await expect(listen(createServer(), { ...address, port })).rejects.toThrow(taken);
  await expect(requireFreePort({ ...address, port })).rejects.toThrow(taken);
  await new Promise((resolve) => server.close(resolve));
  await requireFreePort({ ...address, port });
  await listen(server, { ...address, port });
  await new Promise((resolve) => server.close(resolve));
});
