import { expect, it } from 'vitest';
import { createLogger } from './logger.ts';

it('an error is logged with its code and its causes, but not with what its library keeps on it', () => {
  const lines: string[] = [];
  const logger = createLogger({ name: 'test', destination: { write: (line) => void lines.push(line) } });
  const command = { name: 'auth', args: ['spanloom', 'hunter2'] };
  const refused = Object.assign(new Error('WRONGPASS'), { command });
  const error = Object.assign(new Error('Redis did not answer', { cause: refused }), { code: 'UNAVAILABLE', command });
  logger.error({ error }, 'refused');
  logger.error({ error: new AggregateError([refused], 'all failed') }, 'refused');
  expect(JSON.parse(lines[0]!)).toMatchObject({
    error: { type: 'Error', message: 'Redis did not answer: WRONGPASS', code: 'UNAVAILABLE' },
  });
  expect(JSON.parse(lines[1]!)).toMatchObject({ error: { errors: ['Error: WRONGPASS'] } });
  expect(lines.join('')).not.toContain('hunter2');
});
