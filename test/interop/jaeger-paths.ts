/** What Jaeger was asked, and spanloom is asked. */
import { epochNs } from '../../schemas/testing/a-span.ts';
import { shopTrace } from './shop-traces.ts';

export const recordedTraces = 3;

const ids = Array.from({ length: recordedTraces }, (_, index) => shopTrace(index + 1).traceId);
const startUs = epochNs / 1_000n - 60_000_000n;
const endUs = epochNs / 1_000n + 600_000_000n;
const isoOf = (us: bigint): string => new Date(Number(us / 1_000n)).toISOString();
const range = `start=${startUs}&end=${endUs}&limit=20`;
const v3Range = `query.start_time_min=${isoOf(startUs)}&query.start_time_max=${isoOf(endUs)}&query.num_traces=20`;
const tags = (object: Readonly<Record<string, string>>): string => `tags=${encodeURIComponent(JSON.stringify(object))}`;

export const jaegerPaths: readonly string[] = [
  '/api/services',
  '/api/services/cart/operations',
  '/api/operations?service=cart',
  '/api/operations?service=cart&spanKind=client',
  '/api/operations',
  ...ids.map((id) => `/api/traces/${id}`),
  `/api/traces/${'c'.repeat(32)}`,
  '/api/traces/nothing',
  `/api/traces?service=cart&${range}`,
  `/api/traces?service=prices&operation=${encodeURIComponent('GET /prices/{}')}&${range}`,
  `/api/traces?service=cart&operation=${encodeURIComponent('SELECT orders')}&${range}`,
  `/api/traces?service=prices&${tags({ 'http.response.status_code': '503' })}&${range}`,
  `/api/traces?service=prices&${tags({ 'http.request.method': 'PUT' })}&${range}`,
  `/api/traces?service=prices&tag=${encodeURIComponent('http.request.method:GET')}&minDuration=100ms&${range}`,
  `/api/traces?service=prices&maxDuration=50ms&${range}`,
  `/api/traces?service=prices&minDuration=long&${range}`,
  '/api/v3/services',
  '/api/v3/operations?service=prices',
  ...ids.map((id) => `/api/v3/traces/${id}`),
  `/api/v3/traces/${'c'.repeat(32)}`,
  '/api/v3/traces/nothing',
  `/api/v3/traces?query.service_name=prices&${v3Range}`,
  '/api/v3/traces?query.service_name=prices',
];
