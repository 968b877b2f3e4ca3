/** `spanloom up` where packets are all it captures: from an interface to stored traces, without a kernel program. */
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nobody, rawPacketsOnly } from '../../native/packets/testing/launchers.ts';
import { NamespacePair, namespacesMissing } from '../../native/packets/testing/namespace-pair.ts';
import { describeWhere } from '../requirement.ts';
import { startSpanloom, untilSays } from './spanloom.ts';

interface Listed {
  readonly traces: readonly { readonly trace_id: string }[];
}
interface Shown {
  readonly spans: readonly Readonly<Record<string, unknown>>[];
}

describeWhere(namespacesMissing(), 'spanloom up with packets only', () => {
  let pair: NamespacePair;
  const folders: string[] = [];
  beforeAll(async () => {
    pair = await NamespacePair.open();
  });
  afterAll(async () => {
    await pair.close();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  /** Asks the API in the namespace of the client, or in that of this process. */
  async function ask<Answer>(url: string, inNamespace: boolean): Promise<Answer> {
    if (!inNamespace) return (await (await fetch(url)).json()) as Answer;
    const curl = pair.run(pair.client, 'curl', ['-sS', url]);
    let text = '';
    curl.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(curl, 'close');
    return JSON.parse(text) as Answer;
  }

  it.each([
    ['of another network namespace, as root', false],
    ['of its own, as a user whose only right is CAP_NET_RAW', true],
  ])('stores traces of what passes interfaces %s', async (_where, isInside) => {
    const folder = mkdtempSync(join(tmpdir(), 'spanloom-packets-'));
    folders.push(folder);
    if (isInside) chownSync(folder, nobody, nobody);
    const settings = {
      SPANLOOM_DATA_DIR: folder,
      SPANLOOM_QUERY_PORT: '0',
      SPANLOOM_COLLECTOR_CAPTURE_ENABLED: 'false',
      SPANLOOM_COLLECTOR_PACKETS_ENABLED: 'true',
      SPANLOOM_COLLECTOR_PACKET_INTERFACES: 'pair0',
      ...(isInside ? {} : { SPANLOOM_COLLECTOR_PACKET_NAMESPACES: pair.client }),
    };
    const up = startSpanloom(['up'], settings, isInside ? ['ip', 'netns', 'exec', pair.client, ...rawPacketsOnly] : []);
    try {
      await untilSays(up, /packets_started/);
      const [, page] = await untilSays(up, /at (http:\S+\/)\. Ctrl/);
      await pair.get('http://10.77.0.2:8080/5', 2);
      let listed: Listed = { traces: [] };
      while (listed.traces.length < 2) {
        await sleep(50);
        listed = await ask<Listed>(`${page!}api/traces`, isInside);
      }
      for (const { trace_id: id } of listed.traces) {
        const { spans } = await ask<Shown>(`${page!}api/traces/${id}`, isInside);
        expect(spans).toMatchObject([
          {
            ...{ request_type: 'GET', request_resource: '/5', response_code: 200, protocol: 'http1' },
            ...{ observation_point: 'c', interface_name: 'pair0', signal_source: 'packet' },
          },
        ]);
      }
    } finally {
      up.child.kill('SIGTERM');
    }
    expect(await up.ended).toBe(0);
    expect(up.errors()).not.toContain('spanloom:');
  });
});
