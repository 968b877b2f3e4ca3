import { durationNsParameter } from '../http/parameter-types.ts';

/** Distance of two points of a series. */
export const stepParameter = durationNsParameter(
  'Distance of two points; without it, as many points as a chart shows.',
).exactOptional();
