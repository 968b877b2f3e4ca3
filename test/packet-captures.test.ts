/**
 * Captures of real traffic through native code and the enricher: each request that dissection finds in the packets becomes a span,
 * with the response that answers it, and each flow comes out.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeFlowBlock } from '../collector/replay/encode-flow-block.ts';
import type { OutgoingMessage } from '../core/bus/bus.ts';
import { imbalance } from '../core/stage/accounting.ts';
import { createEnricher } from '../enricher/stage.ts';
import { eventMessage } from '../enricher/testing/event-message.ts';
import { testConfig } from '../enricher/testing/run-agent.ts';
import { loadNative } from '../native/load.ts';
import { dissectors } from '../protocols/dissectors.ts';
import { capturesDirectory, capturesMissing, dissectCapture } from '../protocols/testing/shared-captures.ts';
import { describeWhere } from './requirement.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { readEventBatch } from '../schemas/generated/event-batch.ts';
import { type Flow, readFlowBatch } from '../schemas/generated/flow-batch.ts';
import type { Span } from '../schemas/generated/span.ts';
import { readSpanBatch } from '../schemas/generated/span-batch.ts';

interface Found {
  readonly spans: readonly Span[];
  readonly flows: readonly Flow[];
}

function found(outputs: readonly OutgoingMessage[]): Found {
  expect(outputs.map(({ topic }) => topic)).not.toContain('dead-letter');
  const valuesOf = (wanted: string): readonly AvroReader[] =>
    outputs.filter(({ topic }) => topic === wanted).map(({ value }) => new AvroReader(value as Buffer));
  return {
    spans: valuesOf('spans').flatMap((reader) => readSpanBatch(reader).spans),
    flows: valuesOf('flows').flatMap((reader) => readFlowBatch(reader).flows),
  };
}

function readCapture(name: string): Found {
  const reader = loadNative().createFlowReader({ messageBytes: 65_536, continuationBytes: 65_536 });
  const parts = [reader.read(readFileSync(join(capturesDirectory, name))), reader.end()];
  expect(parts.map(({ error }) => error)).toEqual([undefined, undefined]);
  const firstTimeNs = parts[0]!.firstTimeNs ?? 0n;
  const stage = createEnricher(testConfig, { dissectors });
  const batches = parts
    .flatMap(({ blocks }) => blocks)
    .map((block, index) => {
      const head = { agentId: 5, hostName: name, sequence: index + 1, firstTimeNs, interfaces: [] };
      return readEventBatch(new AvroReader(encodeFlowBlock(block, head)));
    });
  const outputs = batches.flatMap((batch, offset) => stage.process(eventMessage(batch, { offset }), 0));
  outputs.push(...stage.drain());
  const accounting = stage.accounting();
  expect([imbalance(accounting), accounting.buffered]).toEqual([0, 0]);
  expect(accounting.received).toBe(
    batches.reduce((sum, { segments, flows }) => sum + segments.length + flows.length, 0),
  );
  return found(outputs);
}

describeWhere(capturesMissing(), 'a capture file', () => {
  test.each([
    ['http/httpv1.pcap', 'http1'],
    ['http/client-ip.pcap', 'http1'],
    ['dns/dns.pcap', 'dns'],
    ['dns/nxdomain.pcap', 'dns'],
    ['redis/redis-error.pcap', 'redis'],
    ['mysql/mysql.pcap', 'mysql'],
    ['mysql/mysql-error.pcap', 'mysql'],
    ['mysql/mysql-exec.pcap', 'mysql'],
    ['mysql/mysql-login-error.pcap', 'mysql'],
    ['mysql/mysql-table-select.pcap', 'mysql'],
    ['postgre/error.pcap', 'postgresql'],
    ['postgre/simple_query.pcap', 'postgresql'],
  ])('%s: each request is a span, each response answers one', (name, protocol) => {
    const messages = dissectCapture(name, { ended: true });
    const requests = messages.flatMap((one) => (one.kind === 'request' ? [one.requestResource] : []));
    const codes = messages.flatMap((one) => (one.kind === 'response' ? [one.responseCode] : []));
    const { spans, flows } = readCapture(name);
    expect(requests.length).toBeGreaterThan(0);
    expect(spans.map(({ requestResource }) => requestResource).sort()).toEqual([...requests].sort());
    const answered = spans.filter(({ responseEventId }) => responseEventId !== 0);
    expect(answered.map(({ responseCode }) => responseCode).sort()).toEqual([...codes].sort());
    expect(new Set(spans.map((span) => `${span.protocol} ${span.signalSource}`))).toEqual(
      new Set([`${protocol} packet`]),
    );
    // A span is found with its flow.
    const ids = new Set(flows.map(({ flowId }) => flowId));
    expect(spans.filter(({ flowId }) => !ids.has(flowId))).toEqual([]);
  });

  test('gives the same spans and flows when it is read once more', () => {
    expect(readCapture('http/httpv1.pcap')).toEqual(readCapture('http/httpv1.pcap'));
  });
});
