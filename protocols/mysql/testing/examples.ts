import fc from 'fast-check';
import { mysql, mysqlFrame, mysqlGreeting, mysqlLogin, mysqlOk } from '../../testing/marked.ts';
import {
  anyStatement,
  anyText,
  type Exchange,
  type ExchangeMaker,
  type ProtocolExamples,
} from '../../testing/protocol-examples.ts';
import * as wire from '../../testing/wire.ts';
import { secrets } from './secrets.ts';

const exchange: ExchangeMaker = (random, index) => {
  const sql = `select ${index}, '${anyText(random, random.oneIn(4) ? 3000 : 30)}' from t`;
  const response = random.pick([
    wire.mysqlOk(1, index & 63),
    wire.mysqlError(1, 1064, '42000', `no ${index}`),
    wire.mysqlRows(Array.from({ length: random.below(random.oneIn(5) ? 400 : 20) }, () => anyText(random, 100))),
  ]);
  return { request: random.oneIn(8) ? wire.mysqlCommand(0x0e) : wire.mysqlCommand(3, sql), response };
};

const typical = (index: number): Exchange => ({
  request: wire.mysqlCommand(
    3,
    `SELECT id, name, price FROM products WHERE category = ${index} AND name LIKE 'a%' LIMIT 20`,
  ),
  response: wire.mysqlRows(['first', 'second', 'third']),
});

/** What tests, benches and fuzzing feed of MySQL. */
export const examples: ProtocolExamples = {
  exchange,
  typical,
  // Its sequence numbers begin anew with each command.
  waitsForResponses: true,
  dictionary: [
    ...['\x01\0\0\0\x03', '\0\0\x02\0\0\0', '\xff\xff\xff', '\xfe\0\0'],
    ...['SELECT ', 'INSERT INTO ', "'", '/*', '--'],
  ],
  messages: [
    anyStatement.map((text) => mysql(0, `\x03${text}`)),
    anyStatement.map((text) => mysqlFrame(0, mysql(0, `\x03${text}`))),
    anyStatement.map((text) => mysql(0, `\x03\x02\x01\0\x01\xfd\0\x01a\x08\0\x01b\x01x12345678${text}`)),
    fc.constantFrom(
      mysqlGreeting(),
      mysqlLogin('12345678901234567890'),
      mysqlLogin('12345678901234567890', 0x0028_8228),
      mysqlFrame(1, mysqlOk(1)),
      mysqlOk(2),
      mysql(3, 'pw\0'),
      mysql(0, '\x11bob\0\x02ab\0'),
    ),
  ],
  secrets,
};
