import { collectorEvents } from '../internal-events.ts';
import { hostResource, resourceMessage } from '../processes/resources.ts';
import type { RunningSource, Source, SourceContext } from '../source.ts';
import { readMachineFacts } from './host.ts';
import { readHostNetwork, type ReadMacAddresses } from './host-network.ts';
import { HostVersions } from './host-versions.ts';

/** How the host is looked at. */
export interface HostSourceOptions {
  /** Kubernetes node that the host is; empty where that is not known. */
  readonly nodeName: string;
  /** Time between two looks at its interfaces. */
  readonly intervalMs: number;
  readonly readMacAddresses: ReadMacAddresses;
}

/** Publishes this host, and again whenever something about it has changed. */
export class HostSource implements Source {
  readonly name = 'host';
  readonly #options: HostSourceOptions;

  constructor(options: HostSourceOptions) {
    this.#options = options;
  }

  async start(context: SourceContext): Promise<RunningSource> {
    const { nodeName, intervalMs, readMacAddresses } = this.#options;
    const { identity, clock, hostResourceId, hostName, dataDirectory, outbox, telemetry } = context;
    const { environment, instanceUid } = readMachineFacts(nodeName);
    const { agentId, bootTimeNs } = identity;
    const versions = new HostVersions(dataDirectory);
    let published = '';
    const publish = async (): Promise<void> => {
      const network = await readHostNetwork(readMacAddresses);
      const facts = { agentId, resourceId: hostResourceId, bootTimeNs, hostName, environment, instanceUid, ...network };
      const nowNs = clock.toUnixNs(Number(process.hrtime.bigint()));
      const messages = versions.take(hostResource(facts), nowNs).map(resourceMessage);
      if (messages[0]!.key === published) return;
      published = messages[0]!.key;
      outbox.put(messages);
    };
    // Before anything refers to it.
    await publish();
    const timer = setInterval(() => {
      publish().catch((error: unknown) => telemetry.emit(collectorEvents.hostUnreadable, { error }));
    }, intervalMs);
    return {
      stop() {
        clearInterval(timer);
        return Promise.resolve();
      },
    };
  }
}
