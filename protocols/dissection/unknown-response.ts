import type { ResponseMessage, Segment } from './dissector.ts';

/** The response to a request whose real one lies in bytes nobody captured: it came with this segment, no more is known. */
export function unknownResponse<Origin>(segment: Segment<Origin>): ResponseMessage<Origin> {
  return {
    kind: 'response',
    origin: segment.origin,
    offset: 0,
    requestId: 0,
    status: 'unknown',
    responseCode: 0,
    exception: '',
    result: '',
    declaredBytes: 0,
  };
}
