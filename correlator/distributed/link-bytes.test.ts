import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AvroWriter } from '../../schemas/avro-writer.ts';
import { callEndBytes, nodeName, readCallEnd, readNode, writeCallEnd, writeNode } from './link-bytes.ts';
import type { StoredCallEnd } from './link-keys.ts';

const node = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => value.toString(16).padStart(16, '0'));
const microseconds = fc.integer({ min: 0, max: 2 ** 52 });
const anEnd: fc.Arbitrary<StoredCallEnd> = fc.record({
  spanNode: node,
  node,
  role: fc.constantFrom('client', 'server', 'network'),
  isUdp: fc.boolean(),
  agentId: fc.nat(),
  startUs: microseconds,
  endUs: microseconds,
  responseTcpSequence: fc.integer({ min: 0, max: 0xffffffff }),
});

test('what is known of an end of a call survives the store', () => {
  fc.assert(
    fc.property(fc.array(anEnd, { maxLength: 5 }), (ends) => {
      const writer = new AvroWriter(16);
      for (const end of ends) writeCallEnd(writer, end, end.spanNode, end.node);
      const bytes = writer.finish();
      expect(bytes).toHaveLength(ends.length * callEndBytes);
      expect(ends.map((_, index) => readCallEnd(bytes, index * callEndBytes))).toEqual(ends);
    }),
  );
});

test('any span id has a node, its own where it is 16 hex digits', () => {
  fc.assert(
    fc.property(fc.oneof(node, fc.string(), fc.constantFrom('', '0123456789ABCDEF')), (id) => {
      const name = nodeName(id);
      expect(name).toMatch(/^[0-9a-f]{16}$/);
      if (/^[0-9a-f]{16}$/.test(id)) expect(name).toBe(id);
      const writer = new AvroWriter(16);
      writeNode(writer, name);
      expect(readNode(writer.finish(), 0)).toBe(name);
    }),
  );
});
