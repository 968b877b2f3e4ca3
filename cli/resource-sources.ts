import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { type CloudSettings, cloudSources } from '../collector/cloud/cloud-sources.ts';
import { readResourceFile } from '../collector/cloud/file/read-resource-file.ts';
import { FileSource, maxFileBytes } from '../collector/cloud/file/file-source.ts';
import { ApiClient } from '../collector/kubernetes/api-client.ts';
import { kubeAccess, ownNamespace } from '../collector/kubernetes/kube-access.ts';
import { KubernetesSource } from '../collector/kubernetes/kubernetes-source.ts';
import { Lease } from '../collector/kubernetes/lease.ts';
import { resourceEvents } from '../collector/resources/internal-events.ts';
import type { ResourceSource } from '../collector/resources/resource-source.ts';
import { type Leadership, resourcesStage } from '../collector/resources/run.ts';
import { PipelineError } from '../core/errors.ts';
import { fileError } from '../core/files/file-error.ts';
import { requireRealFile } from '../core/files/open-input-file.ts';
import { runtimeEvents } from '../core/telemetry/internal-events.ts';
import { stageEvents } from '../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { Settings } from './settings.ts';

/** The configured sources of resources, and who of several instances publishes. */
export interface ResourceSources {
  readonly sources: readonly ResourceSource[];
  readonly leadership: Leadership | undefined;
}

/** Whether the settings name any source of resources. */
export function hasResourceSources({ kubernetes, cloud }: Pick<Settings, 'kubernetes' | 'cloud'>): boolean {
  return kubernetes.enabled || cloud.files.length > 0 || cloud.providers.length > 0;
}

/** @throws PipelineError ENVIRONMENT_UNSUPPORTED when a source that is switched on has no access */
export async function resourceSources(
  settings: Pick<Settings, 'kubernetes' | keyof CloudSettings>,
  telemetry: Telemetry,
): Promise<ResourceSources> {
  const events = stageEvents(telemetry, resourcesStage);
  const { kubernetes } = settings;
  const sources: ResourceSource[] = [...cloudSources(settings, events)];
  let leadership: Leadership | undefined;
  if (kubernetes.enabled) {
    const client = new ApiClient(await kubeAccess(kubernetes));
    sources.push(new KubernetesSource({ client, config: kubernetes, telemetry: events }));
    if (kubernetes.lease) leadership = lease(client, kubernetes, await ownNamespace(), telemetry);
  }
  if (sources.length === 0) events.emit(resourceEvents.noSources);
  return { sources, leadership };
}

function lease(
  client: ApiClient,
  { leaseName, leaseNamespace, leaseDuration }: Settings['kubernetes'],
  podNamespace: string,
  telemetry: Telemetry,
): Lease {
  const events = stageEvents(telemetry, resourcesStage);
  const call = 'lease';
  let isFailing = false;
  return new Lease({
    client,
    namespace: leaseNamespace ?? podNamespace,
    name: leaseName,
    // A restarted container is another instance than the one before it, whose last messages may still be under way.
    identity: `${hostname()}_${randomUUID()}`,
    durationMs: leaseDuration,
    onChange: (leads, holder) => events.emit(leads ? resourceEvents.leads : resourceEvents.follows, { holder }),
    onFailure(error) {
      isFailing = true;
      events.emit(runtimeEvents.retried, { call, error });
    },
    onTurn() {
      telemetry.health.turns(resourcesStage);
    },
    onAnswer() {
      if (isFailing) events.emit(runtimeEvents.recovered, { call });
      isFailing = false;
    },
  });
}

/** A file of another kind has something wrong in every line. */
const shownProblems = 20;

/** @throws PipelineError CONFIG_INVALID with all that is wrong in a file of resources, FILE_UNUSABLE when there is none */
export function requireResourceFile(path: string): void {
  let text: string;
  try {
    const found = statSync(path);
    requireRealFile(path, found);
    if (found.size > maxFileBytes)
      throw new PipelineError('FILE_UNUSABLE', `${path} has ${found.size} bytes; at most ${maxFileBytes} are read.`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(path, 'read', error);
  }
  const read = readResourceFile(text);
  if (read.kind === 'ok') return;
  const problems = read.problems.slice(0, shownProblems).map(({ line, text }) => `line ${line}: ${text}`);
  const more = read.problems.length - shownProblems;
  if (more > 0) problems.push(`and ${more} more`);
  throw new PipelineError('CONFIG_INVALID', `${path} cannot be used:\n  ${problems.join('\n  ')}`);
}

/** One file of resources, which must be right now. @throws as {@link requireResourceFile} */
export function fileSource(path: string, telemetry: Telemetry): ResourceSource {
  requireResourceFile(path);
  const events = stageEvents(telemetry, resourcesStage);
  return new FileSource({ path, intervalMs: 1_000, telemetry: events });
}
