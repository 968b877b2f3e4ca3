/** The parameters that say which traces, or which spans: to a filter and back. */
import { z } from 'zod';
import { protocolSymbols, spanStatusSymbols } from '../../schemas/generated/span.ts';
import {
  choiceParameter,
  durationNsParameter,
  textCodec,
  textParameter,
  timeNsParameter,
} from '../http/parameter-types.ts';
import type { AskedRange } from '../store/minute-range.ts';
import type { SpanFilter } from '../store/trace-store.ts';
import type { Where } from '../where/expression.ts';
import { parseWhere } from '../where/parse-where.ts';

/** A condition on spans: docs/query.md. */
function whereParameter(description: string): z.ZodType<Where, string> {
  return textCodec<Where>(
    z.string().meta({ examples: ["client.pod = 'cart-1' and not label(app) = shop"] }),
    (text) => {
      const parsed = parseWhere(text);
      return parsed.kind === 'where' ? { value: parsed.where } : { problem: parsed.problem };
    },
    (where) => where.text,
  ).meta({ description });
}

/** Beginning and end of a range of time. */
export const timeParameters = {
  from: timeNsParameter('Starts at this time or later: ISO 8601 or Unix time.').exactOptional(),
  to: timeNsParameter('Starts at this time or earlier: ISO 8601 or Unix time.').exactOptional(),
} as const;

/** The range that {@link timeParameters} say. */
export const rangeOf = ({ from, to }: z.output<z.ZodObject<typeof timeParameters>>): AskedRange => ({
  ...(from === undefined ? {} : { fromNs: from }),
  ...(to === undefined ? {} : { toNs: to }),
});

/** What is asked of a span. */
export const spanParameters = {
  service: textParameter('Name of the service on whose side the span was seen.').exactOptional(),
  endpoint: textParameter('Part of the endpoint, in any case.').exactOptional(),
  protocol: choiceParameter(protocolSymbols, 'Protocol of the request.').exactOptional(),
  status: choiceParameter(
    ['error', ...spanStatusSymbols],
    '`error` stands for every status in which something failed.',
  ).exactOptional(),
  where: whereParameter('A condition on names, labels and fields of the span: see docs/query.md.').exactOptional(),
} as const;

/** Least and greatest duration. */
export const durationParameters = {
  min_duration: durationNsParameter('Takes at least this long, such as 250ms.').exactOptional(),
  max_duration: durationNsParameter('Takes at most this long.').exactOptional(),
} as const;

/** All parameters of a filter. */
export const filterParameters = {
  ...spanParameters,
  ...durationParameters,
  ...timeParameters,
} as const;

/** {@link filterParameters}, read. */
export type FilterValues = z.output<z.ZodObject<typeof filterParameters>>;

/** The filter that these parameters are. */
export function filterOf(values: FilterValues): SpanFilter {
  const { service, endpoint, protocol, status, where, from, to } = values;
  return {
    ...(service === undefined ? {} : { service }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(status === undefined ? {} : { status }),
    ...(where === undefined ? {} : { where }),
    ...(values.min_duration === undefined ? {} : { minDurationNs: values.min_duration }),
    ...(values.max_duration === undefined ? {} : { maxDurationNs: values.max_duration }),
    ...(from === undefined ? {} : { fromNs: from }),
    ...(to === undefined ? {} : { toNs: to }),
  };
}

/** The parameters that {@link filterOf} reads as this filter. */
export function filterValues(filter: SpanFilter): FilterValues {
  const { service, endpoint, protocol, status, where, minDurationNs, maxDurationNs, fromNs, toNs } = filter;
  return {
    ...(service === undefined ? {} : { service }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(status === undefined ? {} : { status }),
    ...(where === undefined ? {} : { where }),
    ...(minDurationNs === undefined ? {} : { min_duration: minDurationNs }),
    ...(maxDurationNs === undefined ? {} : { max_duration: maxDurationNs }),
    ...(fromNs === undefined ? {} : { from: fromNs }),
    ...(toNs === undefined ? {} : { to: toNs }),
  };
}
