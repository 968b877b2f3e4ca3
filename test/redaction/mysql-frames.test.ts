/** Of a connection that agreed on compression, compressed bytes do not leave the host, and what is around them is read as without redaction. */
import { expect, it } from 'vitest';
import type { PlayedCall } from '../../protocols/testing/marked.ts';
import * as wire from '../../protocols/testing/wire.ts';
import { describeWhere } from '../requirement.ts';
import { dissectPayloads } from './dissect-redacted.ts';
import { addonMissing, type CaptureBudget, defaultBudget, factsAt, redactCalls, wholePayload } from './redact-calls.ts';

const asks = (bytes: Buffer): PlayedCall => ({ direction: 'egress', bytes });
const answers = (bytes: Buffer): PlayedCall => ({ direction: 'ingress', bytes });
const query = (sql: string): Buffer => wire.mysqlCommand(3, sql);

const login = [answers(wire.mysqlGreeting()), asks(wire.mysqlLogin('joe', 'shop', 0x20)), answers(wire.mysqlOk(2))];
const plain = [
  asks(wire.mysqlFrame(0, query('select name from t'))),
  answers(wire.mysqlFrame(1, wire.mysqlRows(['one']))),
];
/** Lengths before compression whose lowest bytes are every command. */
const compressed = Array.from({ length: 40 }, (_, index) => [
  asks(wire.mysqlFrame(0, query(`select '${'secret '.repeat(300).slice(0, 1000 + index)}'`), true)),
  answers(wire.mysqlFrame(1, wire.mysqlRows(Array<string>(100 + index).fill('secret')), true)),
]).flat();

const budgets: readonly CaptureBudget[] = [wholePayload, defaultBudget];

describeWhere(addonMissing(), 'compressed frames of MySQL', () => {
  it.each(
    [3306, 13306].flatMap((port) =>
      (['client', 'server'] as const).flatMap((end) => budgets.map((budget) => ({ port, end, budget }))),
    ),
  )('are withheld: %j', ({ port, end, budget }) => {
    for (const beginning of [[...login, ...plain], plain, []]) {
      const calls = [...beginning, ...compressed, ...plain, ...plain];
      const seen = calls.map((call): PlayedCall =>
        end === 'client' ? call : { ...call, direction: call.direction === 'egress' ? 'ingress' : 'egress' },
      );
      const facts = factsAt(end, port, true);
      const sent = redactCalls(seen, facts, budget);
      const withheld = sent.slice(beginning.length, beginning.length + compressed.length);
      for (const { payload } of withheld) expect(payload.toString('latin1')).toBe('');
      const messages = dissectPayloads(sent, facts, 'payload');
      expect(messages).toEqual(dissectPayloads(sent, facts, 'captured'));
      if (beginning.length > 0)
        expect(messages.slice(-4)).toEqual([
          'mysql SELECT select name from t',
          'ok 0 ',
          'mysql SELECT select name from t',
          'ok 0 ',
        ]);
    }
  });
});
