import { expect, it } from 'vitest';
import { traceIdOf } from './trace.ts';

it('a trace id may be copied from a list that cut it', () => {
  expect(traceIdOf('85D77C54210e')).toBe('85d77c54210e');
  expect(traceIdOf('85d77c54210…')).toBe('85d77c54210');
  expect(traceIdOf('85d77c54210...')).toBe('85d77c54210');
});

it('what is no trace id is refused, in a sentence that is not longer for it', () => {
  for (const text of ['', '…', 'xyz', '8'.repeat(33), '85d7…c542'])
    expect(() => traceIdOf(text)).toThrow('is no trace id');
  expect(() => traceIdOf('x'.repeat(5_000))).toThrow(/^.{1,140}$/);
  expect(() => traceIdOf('\u001b[2J')).toThrow('"·[2J" is no trace id');
});
