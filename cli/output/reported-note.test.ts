import { expect, it } from 'vitest';
import { aReportedSpan } from '../../opentelemetry/testing/a-reported-span.ts';
import { aSpan } from '../../schemas/testing/a-span.ts';
import { formatDuration } from './duration.ts';
import { reportedNote } from './reported-note.ts';

it('what an application reported with a span is told in lines, and nothing of other spans', () => {
  const attributes = [
    { key: 'user.id', value: { stringValue: 'u-1' } },
    { key: 'retries', value: { intValue: '2' } },
  ];
  expect(reportedNote(aReportedSpan({}, { attributes }))).toEqual([
    'user.id=u-1',
    'retries=2',
    `event exception at ${formatDuration(250_000)}: exception.type=CardError, exception.message=card was declined`,
    'link to span 0123456789abcdef of trace 0123456789abcdef0123456789abcdef: messaging.batch=3',
    '1 attribute left out by the application',
    '2 events left out by the application',
    '3 links left out by the application',
  ]);
  expect(reportedNote(aSpan())).toEqual([]);
});

it('what was not read, because it is too large, is said', () => {
  expect(reportedNote({ ...aReportedSpan(), otlp: Buffer.alloc(0) })).toEqual(['attributes are too large to be shown']);
});
