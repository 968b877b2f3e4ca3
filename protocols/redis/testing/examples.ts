import fc from 'fast-check';
import { resp } from '../../testing/marked.ts';
import {
  anyWord,
  anyText,
  type Exchange,
  type ExchangeMaker,
  type ProtocolExamples,
} from '../../testing/protocol-examples.ts';
import * as wire from '../../testing/wire.ts';
import { secrets } from './secrets.ts';

const exchange: ExchangeMaker = (random, index) => {
  // Two of them stay below what a command may wait for.
  const big = anyText(random, random.oneIn(4) ? 900 : 30);
  const request = random.pick([
    wire.redisCommand('GET', `key:${index}`),
    wire.redisCommand('SET', `key:${index}`, big),
    wire.redisCommand('MSET', 'a', big, 'b', big),
  ]);
  const items = Array.from({ length: random.below(40) }, () => `$${big.length}\r\n${big}\r\n`);
  const response = random.pick([
    '+OK\r\n',
    `:${index}\r\n`,
    '-ERR no\r\n',
    '$-1\r\n',
    `$${big.length}\r\n${big}\r\n`,
    `*${items.length}\r\n${items.join('')}`,
    '*2\r\n*1\r\n:1\r\n%1\r\n+k\r\n#t\r\n',
    `=${big.length + 4}\r\ntxt:${big}\r\n`,
  ]);
  return { request, response: wire.redisValue(response) };
};

const typical = (index: number): Exchange => ({
  request: wire.redisCommand('GET', `session:${index}`),
  response: wire.redisValue('$13\r\n{"user":"42"}\r\n'),
});

/** What tests, benches and fuzzing feed of Redis. */
export const examples: ProtocolExamples = {
  exchange,
  typical,
  dictionary: [
    ...['*3\r\n', '$-1\r\n', '$5\r\n', '+OK\r\n', '-ERR ', '>3\r\n', '%2\r\n', 'MULTI', 'EXEC', 'SUBSCRIBE', 'HELLO'],
  ],
  messages: [
    fc
      .array(fc.oneof(anyWord, fc.constantFrom('AUTH', 'hello', 'config', 'set', 'ACL', 'setuser', 'requirepass')), {
        maxLength: 5,
      })
      .map((words) => resp(...words)),
    anyWord.map((value) => `AUTH ${value}\r\n`),
    fc.constantFrom(
      '+OK\r\n',
      '$-1\r\n',
      '*2\r\n*1\r\n:1\r\n$3\r\nabc\r\n',
      '%1\r\n+a\r\n#t\r\n',
      '>2\r\n+a\r\n_\r\n',
      '-ERR x\r\n',
      '*-1\r\n',
      '*999999999\r\n',
      '$99999999999\r\n',
    ),
  ],
  secrets,
};
