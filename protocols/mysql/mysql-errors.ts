import type { SpanStatus } from '../../schemas/generated/span.ts';

/** Classes of SQLSTATE that tell the client that it asked for something it cannot have (ISO 9075-2, §24). */
const clientClasses: ReadonlySet<string> = new Set('02 07 0A 21 22 23 24 25 28 34 3D 42 44'.split(' '));
/** Errors of class HY000 that are the client's: no default, unknown or wrong values, read-only, denied. */
const clientCodes: ReadonlySet<number> = new Set([
  1045, 1049, 1044, 1054, 1064, 1062, 1146, 1227, 1290, 1364, 1366, 1292, 1265,
]);

/** Whose fault an error is. */
export function errorStatus(code: number, sqlState: string): SpanStatus {
  return clientClasses.has(sqlState.slice(0, 2)) || clientCodes.has(code) ? 'client_error' : 'server_error';
}
