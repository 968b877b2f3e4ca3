/** Several correlators that share the work over a real Redis make the traces of one. */
import { expect, it } from 'vitest';
import { projectFile } from '../core/project-files.ts';
import { DistributedRun, essence, quickConfig } from '../correlator/testing/distributed-run.ts';
import { tracesInMemory } from '../correlator/testing/traces-in-memory.ts';
import { recordedSpans } from './recorded-spans.ts';
import { describeWhere } from './requirement.ts';
import { sharedRedisMissing, sharedRedisUrl } from './services/shared-redis.ts';

describeWhere(sharedRedisMissing(), 'one recording', () => {
  it.each([1, 3])('has the same traces with %i correlators over Redis as with one in memory', async (instances) => {
    const messages = await recordedSpans(projectFile('demo', 'recording.avro'));
    const expected = essence(tracesInMemory(quickConfig, messages));
    expect(expected.length).toBeGreaterThan(200);
    const run = new DistributedRun({ url: sharedRedisUrl(), isCluster: false });
    await run.open();
    for (let instance = 0; instance < instances; instance++) run.startInstance();
    await run.send(messages);
    expect(essence(await run.settled())).toEqual(expected);
    await run.close();
  });
});
