import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { runtimeEvents } from '../../core/telemetry/internal-events.ts';
import { stageEvents } from '../../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { resourceEvents } from '../resources/internal-events.ts';
import type { OpenedSources } from '../resources/source-definition.ts';
import { resourcesStageName } from '../resources/stage-name.ts';
import { ApiClient } from './api-client.ts';
import type { KubernetesConfig } from './config.ts';
import { kubeAccess, ownNamespace } from './kube-access.ts';
import { KubernetesSource } from './kubernetes-source.ts';
import { Lease } from './lease.ts';

/** The configured cluster as a source. @throws PipelineError ENVIRONMENT_UNSUPPORTED when there is no access */
export async function openKubernetes(config: KubernetesConfig, telemetry: Telemetry): Promise<OpenedSources> {
  const client = new ApiClient(await kubeAccess(config));
  const events = stageEvents(telemetry, resourcesStageName);
  const sources = [new KubernetesSource({ client, config, telemetry: events })];
  return config.lease ? { sources, leadership: lease(client, config, await ownNamespace(), telemetry) } : { sources };
}

function lease(
  client: ApiClient,
  { leaseName, leaseNamespace, leaseDuration }: KubernetesConfig,
  podNamespace: string,
  telemetry: Telemetry,
): Lease {
  const events = stageEvents(telemetry, resourcesStageName);
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
      telemetry.health.turns(resourcesStageName);
    },
    onAnswer() {
      if (isFailing) events.emit(runtimeEvents.recovered, { call });
      isFailing = false;
    },
  });
}
