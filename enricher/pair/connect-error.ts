import type { SpanStatus } from '../../schemas/generated/span.ts';
import { noHeaders, type RequestMessage } from '../../protocols/dissection/dissector.ts';
import type { EventRef } from './event-ref.ts';

/** How a connect that failed shows in a span. */
export interface ConnectError {
  readonly name: string;
  readonly status: SpanStatus;
}

/** By errno as Linux numbers it (asm-generic/errno.h). Others say nothing about the other end, or mean that connect continues. */
const errors: ReadonlyMap<number, ConnectError> = new Map([
  [101, { name: 'ENETUNREACH', status: 'server_error' }],
  [104, { name: 'ECONNRESET', status: 'server_error' }],
  [110, { name: 'ETIMEDOUT', status: 'timeout' }],
  [111, { name: 'ECONNREFUSED', status: 'server_error' }],
  [112, { name: 'EHOSTDOWN', status: 'server_error' }],
  [113, { name: 'EHOSTUNREACH', status: 'server_error' }],
  // The program closed the socket before the connection was there.
  [125, { name: 'ECANCELED', status: 'closed' }],
]);

/** Result of a failed connect; undefined if neither the other end nor the network failed. */
export function connectError(errno: number): ConnectError | undefined {
  return errors.get(errno);
}

/** A failed connect as a request. */
export function connectMessage(origin: EventRef): RequestMessage<EventRef> {
  return {
    kind: 'request',
    origin,
    offset: 0,
    requestId: 0,
    expectsResponse: true,
    version: '',
    requestType: 'connect',
    requestDomain: '',
    requestResource: '',
    endpoint: '',
    headers: noHeaders,
  };
}
