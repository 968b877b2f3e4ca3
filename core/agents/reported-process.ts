import { createHash } from 'node:crypto';
import { hash31, hostUid } from './agent-resources.ts';

/** Attributes of an OpenTelemetry resource that tell one program from another. */
export const reportedProcessKeys = [
  'service.namespace',
  'service.name',
  'service.instance.id',
  'host.name',
  'process.pid',
  'k8s.pod.uid',
  'container.id',
] as const;

/** A program that reports spans, as a resource of kind `process`. */
export interface ReportedProcess {
  readonly uid: string;
  readonly id: number;
  readonly name: string;
}

/**
 * The program that reports spans to an agent, by the attributes of its OpenTelemetry resource as text. Collector and enricher
 * compute it alike, so a span needs no lookup to name its process.
 */
export function reportedProcess(agentId: number, attributes: ReadonlyMap<string, string>): ReportedProcess {
  // JSON keeps apart what a separator inside a value would not.
  const identity = JSON.stringify(reportedProcessKeys.map((key) => attributes.get(key) ?? ''));
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 32);
  const uid = `reported:${hostUid(agentId)}:${hash}`;
  return { uid, id: hash31(uid), name: (attributes.get('service.name') ?? '') || 'unknown_service' };
}
