import { type Transport, transportIndex, transportSymbols } from '../../schemas/generated/event-batch.ts';
import { type Protocol, protocolIndex, type SpanStatus } from '../../schemas/generated/span.ts';
import { roleAt, type SpanRole } from '../../schemas/observation-points.ts';

/** Facts that many spans share; each combination exists once. */
export interface SpanKind {
  readonly observationPoint: string;
  readonly role: SpanRole;
  readonly protocol: Protocol;
  readonly transport: Transport;
  readonly failed: boolean;
}

const failedStatuses: ReadonlySet<string> = new Set(['client_error', 'server_error', 'timeout', 'closed']);

/** Bound of remembered combinations; further unknown observation points are not remembered. */
const maxPoints = 1_000;
const kindsByPoint = new Map<string, (SpanKind | undefined)[]>();

/** The one copy of a combination. */
export function spanKind(
  observationPoint: string,
  protocol: Protocol,
  transport: Transport,
  status: SpanStatus,
): SpanKind {
  let kinds = kindsByPoint.get(observationPoint);
  if (kinds === undefined) {
    kinds = [];
    if (kindsByPoint.size < maxPoints) kindsByPoint.set(observationPoint, kinds);
  }
  const failed = failedStatuses.has(status);
  const place = 2 * (protocolIndex[protocol] * transportSymbols.length + transportIndex[transport]) + (failed ? 1 : 0);
  return (kinds[place] ??= { observationPoint, role: roleAt(observationPoint), protocol, transport, failed });
}
