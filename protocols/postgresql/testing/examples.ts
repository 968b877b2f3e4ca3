import fc from 'fast-check';
import { postgresql, postgresqlBind, postgresqlStartup } from '../../testing/marked.ts';
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
  const extended = random.oneIn(2);
  const rows = Array.from({ length: random.below(20) }, () => anyText(random, 200));
  const failed = Buffer.concat([wire.postgresqlError('ERROR', '42601', `no ${index}`), wire.postgresqlReady]);
  return {
    request: extended ? wire.postgresqlRun(sql) : wire.postgresql('Q', `${sql}\0`),
    response: random.oneIn(4) ? failed : wire.postgresqlRows(rows, extended),
  };
};

const typical = (index: number): Exchange => ({
  request: wire.postgresqlRun(
    `SELECT id, name, price FROM products WHERE category = ${index} AND name LIKE $1 LIMIT 20`,
  ),
  response: wire.postgresqlRows(['first', 'second', 'third'], true),
});

/** What tests, benches and fuzzing feed of PostgreSQL. */
export const examples: ProtocolExamples = {
  exchange,
  typical,
  dictionary: [
    ...['Q\0\0\0', 'P\0\0\0', 'B\0\0\0', 'E\0\0\0', 'S\0\0\0\x04', 'Z\0\0\0\x05I', 'T\0\0\0', 'D\0\0\0', 'C\0\0\0'],
    ...['$$', 'BEGIN', 'COMMIT'],
  ],
  messages: [
    anyStatement.map((text) => postgresql('Q', `${text}\0`)),
    anyStatement.map(
      (text) => postgresql('P', `s\0${text}\0\0\0`) + postgresqlBind('s', 'a', '') + postgresql('S', ''),
    ),
    fc.constantFrom(
      postgresqlStartup('bob'),
      postgresql('p', 'secret\0'),
      postgresql('R', '\0\0\0\x0b'),
      postgresql('Z', 'I'),
    ),
  ],
  secrets,
};
