import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { describeWhere } from '../../test/requirement.ts';
import { scoreRecording } from './scenario.ts';

/** Recordings of gateways under load that are not part of the project, with what was wrong in each when it was made. */
const recordings = join(resolve(process.env['TEST_SHARED'] ?? '../shared'), 'stacks', 'recordings');
const missing = existsSync(recordings) ? undefined : `no recordings in ${recordings} (TEST_SHARED)`;

const backend = 18080;
const databases = [18306, 18379, 18432];

/** A recording, the gateway's port, and the ports that it calls. */
const gateways: readonly (readonly [name: string, gateway: number, called: readonly number[]])[] = [
  // A pooled connection that is freed is handed to another request in the same turn.
  ['express-pg-pool-exhausted', 18_311, [backend, ...databases]],
  // Tasks and goroutines change on a thread without a wait.
  ['tokio-spawn', 18_274, [backend]],
  ['go-sequence', 18_262, [backend]],
  ['go-parallel', 18_263, [backend]],
  // Two rules that were never learned agree.
  ['envoy-2-workers', 18_143, [backend]],
  // The others have no wrong parents, but unknown ones.
  ['node-cluster', 18_115, [backend]],
  ['php-fpm', 18_131, [backend]],
  ['fastapi-httpx', 18_103, [backend]],
  ['fastapi-def', 18_105, [backend]],
  ['undici-sequence', 18_120, [backend]],
];

describeWhere(missing, 'a recording of a gateway under load', () => {
  it.each(gateways)('%s has no wrong parent', async (name, gateway, called) => {
    const { score } = await scoreRecording(join(recordings, `${name}.avro`), { gateway, called });
    expect(score.right + score.wrong + score.unknown).toBeGreaterThan(100);
    const wrong = score.edges.filter(({ isRight }) => !isRight).map(({ reason }) => reason);
    expect(wrong).toEqual([]);
  });
});
