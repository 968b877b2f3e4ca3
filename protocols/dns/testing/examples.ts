import fc from 'fast-check';
import { type Exchange, type ExchangeMaker, type ProtocolExamples } from '../../testing/protocol-examples.ts';
import * as wire from '../../testing/wire.ts';

const exchange: ExchangeMaker = (random, index) => {
  const name = `${random.pick(['a', 'b-1', 'long-label'])}.${random.pick(['shop.example', 'svc.cluster.local'])}`;
  const type = random.pick([1, 28, 33, 65]);
  const answers = Array.from({ length: random.below(5) }, () => ({ type: 1, data: random.bytes(4) }));
  const id = 1 + (index % 65535);
  return {
    request: wire.dnsFrame(wire.dnsQuery(id, name, type)),
    response: wire.dnsFrame(wire.dnsResponse(id, name, type, random.pick([0, 0, 2, 3]), answers)),
  };
};

const typical = (index: number): Exchange => {
  const name = `orders-${index}.shop.svc.cluster.local`;
  const answers = [{ type: 1, data: Buffer.from([10, 0, 0, index]) }];
  return { request: wire.dnsQuery(index + 1, name), response: wire.dnsResponse(index + 1, name, 1, 0, answers) };
};

/** What tests, benches and fuzzing feed of DNS. */
export const examples: ProtocolExamples = {
  exchange,
  typical,
  dictionary: ['\xc0\x0c'],
  messages: [
    fc.constantFrom(
      '\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x04test\0\0\x01\0\x01',
      '\0\x1a\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x04test\0\0\x01\0\x01',
    ),
  ],
  secrets: {},
};
