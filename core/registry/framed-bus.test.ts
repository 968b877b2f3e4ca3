import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type DeadLetter, writeDeadLetter } from '../../schemas/generated/dead-letter.ts';
import { schemas } from '../../schemas/generated/schemas.ts';
import { SignatureChecker, signedMessage } from '../agents/agent-signature.ts';
import { oneAgent } from '../agents/testing/agent-keys.ts';
import { encodeValue } from '../codec.ts';
import { hasCode } from '../errors.ts';
import { packagedSchemaHistory } from '../schema-history.ts';
import { frame, unframe } from './frame.ts';
import { batchMessage, describeFraming, expectBatch, framingBench } from './testing/framing-suite.ts';
import { type RegistryServer, startRegistryServer } from './testing/registry-server.ts';

let registry: RegistryServer;
beforeAll(async () => {
  registry = await startRegistryServer();
});
beforeEach(() => {
  Object.assign(registry, { failWith: undefined, isIncompatible: false, credentials: undefined });
});
afterAll(() => registry.close());

test('every value comes out of its frame as it went in', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.uint8Array(), (schemaId, bytes) => {
      expect(unframe(frame(schemaId, bytes))).toEqual({ schemaId, body: Buffer.from(bytes) });
    }),
  );
});

describe('a message that an agent signed', () => {
  const bench = framingBench();

  test.each(['the current schema', 'a past schema'])(
    'of %s is as it was signed when it comes out again',
    async (which) => {
      const { topic } = bench;
      const { fingerprint } = schemas.DeadLetter;
      const [past] = [...packagedSchemaHistory()].find(
        ([each, { name }]) => name === 'DeadLetter' && each !== fingerprint,
      )!;
      const letter: DeadLetter = {
        ...{ stage: 's', detail: '', topic: 't', partition: 0, offset: 0 },
        reason: 'undecodable',
        ...{ timeNs: 1n, key: 'k', headers: {}, value: Buffer.from('v') },
      };
      const headers = { schema: which === 'a past schema' ? past : fingerprint };
      const message = { topic, key: 'k', value: encodeValue(letter, writeDeadLetter), headers };
      await bench.send(bench.withRegistry(registry.url), signedMessage(message, oneAgent));
      for (const bus of [bench.withRegistry(registry.url), bench.withoutRegistry]) {
        const [received] = await bench.receive(bus, 1);
        const checker = new SignatureChecker({ isRequired: true, trustedKeys: [] });
        expect(checker.authorOf(received!)).toEqual({ kind: 'author', agentId: oneAgent.agentId });
      }
    },
  );
});

describeFraming('a server that speaks the contract', () => registry.url);

describe('a registry', () => {
  const bench = framingBench();

  test('is asked once for each schema, however many messages', async () => {
    const before = registry.requests.length;
    const bus = bench.withRegistry(registry.url);
    const producer = await bus.producer();
    await Promise.all([producer.send([batchMessage(bench.topic), batchMessage(bench.topic)]), producer.send([])]);
    await producer.send([batchMessage(bench.topic)]);
    expect(registry.requests.slice(before)).toEqual([`POST /subjects/test.${bench.topic}-value/versions`]);
  });

  test('that is away makes a send fail in a way that waiting heals', async () => {
    const producer = await bench.withRegistry(registry.url).producer();
    registry.failWith = 503;
    const failure = await producer.send([batchMessage(bench.topic)]).catch((error: unknown) => error);
    expect(hasCode(failure, 'REGISTRY_UNAVAILABLE') && failure.retryable).toBe(true);
    registry.failWith = undefined;
    await producer.send([batchMessage(bench.topic)]);
    expect(await bench.receive(bench.raw, 1)).toHaveLength(1);
  });

  test('that is away holds up reading what only it can tell; afterwards nothing is missing and nothing comes twice', async () => {
    const { topic } = bench;
    const framing = bench.withRegistry(registry.url);
    await bench.send(framing, batchMessage(topic));
    const [stored] = await bench.receive(bench.raw, 1);
    await bench.send(bench.raw, { topic, key: 'b', value: stored!.value });
    registry.failWith = 500;
    const consumer = await bench.withRegistry(registry.url).consumer({ group: 'patient', topics: [topic] });
    const limits = { maxWaitMs: 200, maxBytes: 1e6 };
    for (let attempt = 0; attempt < 3; attempt++) {
      const failure = await consumer.poll(limits).catch((error: unknown) => error);
      expect(hasCode(failure, 'REGISTRY_UNAVAILABLE')).toBe(true);
    }
    registry.failWith = undefined;
    const { rebalance, messages } = await consumer.poll(limits);
    expect(rebalance?.assigned).toHaveLength(1);
    expect(messages.map(({ offset }) => offset)).toEqual([0, 1]);
    for (const message of messages) expectBatch(message);
    expect((await consumer.poll(limits)).messages).toEqual([]);
    await consumer.close();
  });

  test('that finds a schema incompatible says so in one sentence, and nothing is sent', async () => {
    registry.isIncompatible = true;
    const producer = await bench.withRegistry(registry.url).producer();
    const failure = await producer.send([batchMessage(bench.topic)]).catch((error: unknown) => error);
    expect(hasCode(failure, 'REGISTRY_REFUSED') && !failure.retryable && failure.message).toBe(
      `The schema registry at ${registry.url} refused the schema of test.${bench.topic}-value: its rules of compatibility forbid it after those before: Schema being registered is incompatible`,
    );
  });

  test('gets the configured credentials, and refuses others', async () => {
    registry.credentials = 'ana:secret:with colon';
    const send = (password: string): Promise<void> =>
      bench.send(bench.withRegistry(registry.url, { user: 'ana', password }), batchMessage(bench.topic));
    await send('secret:with colon');
    await expect(send('guess')).rejects.toThrow('these credentials may not: Unauthorized');
  });
});
