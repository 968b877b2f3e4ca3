import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { type Bounds, durationMsSetting, durationUnits, integerSetting, textSetting } from '../core/config/setting.ts';
import { standardOutput } from '../core/files/output-file.ts';
import { topicPrefixRule } from '../core/topics.ts';
import { maxTextLength } from '../query/http/parameter-types.ts';
import { maxListedTraces } from '../query/store/trace-store.ts';
import type { Where } from '../query/where/expression.ts';
import { parseWhere } from '../query/where/parse-where.ts';

const dayMs = 86_400_000;

/** Reads a command-line value as a setting of the same type is read. @throws InvalidArgumentError that commander shows */
function parser<Value>(schema: z.ZodType<Value>): (text: string) => Value {
  return (text) => {
    const result = schema.safeParse(text);
    if (!result.success) throw new InvalidArgumentError(`It ${z.prettifyError(result.error).replace(/^✖ /, '')}.`);
    return result.data;
  };
}

/** Reads a duration. On a command line a number without its unit is a mistake more often than milliseconds. */
function durationParser(bounds: Bounds): (text: string) => number {
  const parse = parser(durationMsSetting({ description: 'A duration.', ...bounds }));
  return (text) => {
    if (/^\s*[\d.]+\s*$/.test(text)) {
      const number = text.trim();
      throw new InvalidArgumentError(`Its unit is missing: ${durationUnits.map((unit) => number + unit).join(', ')}.`);
    }
    return parse(text);
  };
}

/** A duration such as 250ms, 30s or 2m, in milliseconds. */
export const durationMs = durationParser({ maximum: 100 * 365 * dayMs });

/** A duration of a trace, in milliseconds: a number holds it in nanoseconds. */
export const traceDurationMs = durationParser({ maximum: 100 * dayMs });

/** For how long something is done, in milliseconds: timers go as far. */
export const periodMs = durationParser({ minimum: 1, maximum: 2 ** 31 - 1 });

/** A whole number from 1. */
export const positiveInteger = parser(integerSetting({ description: 'A number.', minimum: 1 }));

/** A whole number from 0. */
export const wholeNumber = parser(integerSetting({ description: 'A number.', minimum: 0 }));

/** How many traces a list may have. */
export const listLength = parser(integerSetting({ description: 'A number.', minimum: 1, maximum: maxListedTraces }));

/** A text that traces are searched for. */
export const filterText = parser(
  textSetting({
    description: 'A text.',
    pattern: new RegExp(`^.{1,${maxTextLength}}$`, 's'),
    patternText: `a text of 1 to ${maxTextLength} characters`,
  }),
);

/** A condition on the tags of a span. */
export function where(text: string): Where {
  const parsed = parseWhere(text);
  if (parsed.kind === 'problem') throw new InvalidArgumentError(`It is no condition: ${parsed.problem}.`);
  return parsed.where;
}

/** What the names of topics and groups on Kafka begin with. */
export const topicPrefix = parser(textSetting({ description: 'A prefix.', ...topicPrefixRule }));

/** A moment in milliseconds since the Unix epoch: ISO 8601 with its zone, a date (UTC), `now`, or how long ago, such as 2h. */
export function momentMs(text: string, nowMs = Date.now()): number {
  const trimmed = text.trim();
  if (trimmed === 'now') return nowMs;
  if (/^\d{4}-\d{2}-\d{2}(T\S*)?$/.test(trimmed)) {
    // Without a zone it would be this machine's, which is not that of the machine that wrote the log.
    if (trimmed.includes('T') && !/(Z|[+-]\d{2}:?\d{2})$/.test(trimmed))
      throw new InvalidArgumentError('It must end with its zone: Z or +02:00.');
    const milliseconds = Date.parse(trimmed);
    if (!Number.isNaN(milliseconds)) return milliseconds;
  }
  const ago = durationMsSetting({ description: 'A duration.' }).safeParse(trimmed);
  if (!ago.success || /^[\d.]*$/.test(trimmed))
    throw new InvalidArgumentError(
      'It must be a time such as 2026-01-31T08:00:00Z, or how long ago, such as 2h or 30m.',
    );
  return Math.max(0, nowMs - ago.data);
}

/** A file or a folder: not nothing, as a variable of a shell that is not set leaves it. */
export function path(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must be a path, and is empty.');
  return text;
}

/** A file to write; `-` is standard output. */
export function outputPath(text: string): string {
  return text === '-' ? standardOutput : path(text);
}

/** A factor of the recording's pace, or 'max'. */
export function replaySpeed(text: string): number | 'max' {
  if (text === 'max') return 'max';
  const speed = Number(text);
  if (text.trim() === '' || !(speed > 0) || !Number.isFinite(speed)) {
    throw new InvalidArgumentError("It must be a number above 0, or 'max'.");
  }
  return speed;
}
