import { serviceTotals } from '../model/breakdown.ts';
import type { TraceModel } from '../model/trace-model.ts';

/** Colors that tell services apart, beside their names. */
const hueCount = 8;

/** The number of the hue of each service, by its name; those with most time have hues of their own. */
export function serviceHues(model: TraceModel): ReadonlyMap<string, number> {
  return new Map(serviceTotals(model).map(({ service }, at) => [service, at % hueCount]));
}

/** As CSS. */
export const hueColor = (hue: number | undefined): string => `var(--hue-${hue ?? 6})`;
