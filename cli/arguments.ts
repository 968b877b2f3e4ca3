import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { durationMsSetting, integerSetting } from '../core/config/setting.ts';

/** Reads a command-line value as a setting of the same type is read. @throws InvalidArgumentError that commander shows */
function parser<Value>(schema: z.ZodType<Value>): (text: string) => Value {
  return (text) => {
    const result = schema.safeParse(text);
    if (!result.success) throw new InvalidArgumentError(`It ${z.prettifyError(result.error).replace(/^✖ /, '')}.`);
    return result.data;
  };
}

/** A duration such as 250ms, 30s or 2m, in milliseconds. */
export const durationMs = parser(durationMsSetting({ description: 'A duration.', minimum: 1 }));

/** A whole number from 1. */
export const positiveInteger = parser(integerSetting({ description: 'A number.', minimum: 1 }));

/** A factor of the recording's pace, or 'max'. */
export function replaySpeed(text: string): number | 'max' {
  if (text === 'max') return 'max';
  const speed = Number(text);
  if (text.trim() === '' || !(speed > 0) || !Number.isFinite(speed)) {
    throw new InvalidArgumentError("It must be a number above 0, or 'max'.");
  }
  return speed;
}
