/**
 * The length of a command tag of PostgreSQL may be a command code of MySQL: twelve characters are COM_CHANGE_USER, behind which
 * everything would be a secret.
 */
import { expect, it } from 'vitest';
import type { PlayedCall } from '../../protocols/testing/marked.ts';
import { postgresql } from '../../protocols/testing/wire.ts';
import { describeWhere } from '../requirement.ts';
import { addonMissing, type CaptureBudget, defaultBudget, factsAt, redactCalls, wholePayload } from './redact-calls.ts';

const ready = postgresql('Z', 'I');
const asks = (statement: string): PlayedCall => ({ direction: 'egress', bytes: postgresql('Q', `${statement}\0`) });
const answers = (...messages: readonly Buffer[]): PlayedCall => ({
  direction: 'ingress',
  bytes: Buffer.concat(messages),
});
const tagged = (tag: string): Buffer => postgresql('C', `${tag}\0`);

/** As libpq begins: it asks for encryption first. */
const login: readonly PlayedCall[] = [
  { direction: 'egress', bytes: Buffer.from('00000008 04d2162f'.replace(' ', ''), 'hex') },
  { direction: 'ingress', bytes: Buffer.from('N') },
  { direction: 'egress', bytes: Buffer.from('\0\0\0\x13\0\x03\0\0user\0shop\0\0', 'latin1') },
  answers(postgresql('R', '\0\0\0\0'), postgresql('S', 'client_encoding\0UTF8\0'), ready),
];

/** Tags of all lengths that are. */
const tags = [
  'COPY 1',
  'BEGIN',
  'DROP TABLE',
  'INSERT 0 10',
  'CREATE TABLE',
  'CLOSE CURSOR',
  'INSERT 0 100',
  'INSERT 0 1000',
];
const statements: readonly PlayedCall[] = tags.flatMap((tag) => [
  asks(`select '${tag}'`),
  answers(tagged(tag), ready),
  asks('select * from missing'),
  answers(postgresql('E', 'SERROR\0C42P01\0Mrelation does not exist\0\0'), ready),
]);

const budgets: readonly CaptureBudget[] = [wholePayload, defaultBudget];

describeWhere(addonMissing(), 'a command tag of PostgreSQL', () => {
  it.each(
    [5432, 18432].flatMap((port) =>
      (['client', 'server'] as const).flatMap((end) =>
        [true, false].flatMap((isKnown) => budgets.map((budget) => ({ port, end, isKnown, budget }))),
      ),
    ),
  )('covers nothing behind it: %j', ({ port, end, isKnown, budget }) => {
    for (const calls of [[...login, ...statements], statements]) {
      const seen = calls.map((call): PlayedCall =>
        end === 'client' ? call : { ...call, direction: call.direction === 'egress' ? 'ingress' : 'egress' },
      );
      for (const { payload, captured, redacted } of redactCalls(seen, factsAt(end, port, isKnown), budget)) {
        expect(redacted).toEqual([]);
        expect(payload.toString('latin1')).toBe(captured.toString('latin1'));
      }
    }
  });
});
