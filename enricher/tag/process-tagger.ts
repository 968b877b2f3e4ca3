import type { ProcessFacts } from '../../schemas/generated/event-batch.ts';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import type { Side } from '../../schemas/generated/span.ts';
import { LruEntry, LruMap } from '../lru.ts';
import { addressResolution, addressSide, processResolution } from './side.ts';
import type { Tagger } from './tagger.ts';

class KnownProcess extends LruEntry {
  facts: ProcessFacts;

  constructor(facts: ProcessFacts) {
    super();
    this.facts = facts;
  }
}

/** Tags of the host and its processes: all that one agent knows by itself. */
export class ProcessTagger implements Tagger {
  version = 0;
  private readonly processes: LruMap<number, KnownProcess>;
  private hostId = 0;

  constructor(maxProcesses: number) {
    this.processes = new LruMap(maxProcesses, () => undefined);
  }

  learn(processes: readonly ProcessFacts[]): void {
    for (const facts of processes) {
      const known = this.processes.get(facts.processId);
      if (known === undefined) this.processes.add(facts.processId, new KnownProcess(facts));
      else known.facts = facts;
      this.hostId = facts.hostResourceId;
      this.version++;
    }
  }

  local(processId: number, address: Uint8Array, port: number): Side {
    const facts = this.processes.get(processId)?.facts;
    if (facts === undefined) return addressSide(address, port, this.hostId, 0);
    const { resourceId, hostResourceId } = facts;
    return {
      ...addressSide(address, port, hostResourceId, processResolution),
      processResourceId: resourceId,
      autoInstanceId: resourceId,
      autoInstanceType: resourceKindIndex.process,
      autoServiceId: resourceId,
      autoServiceType: resourceKindIndex.process,
    };
  }

  /** A loopback address is on this host; of others nothing is known here. */
  peer(address: Uint8Array, port: number): Side {
    if (this.hostId === 0 || !isLoopback(address)) return addressSide(address, port, 0, 0);
    return addressSide(address, port, this.hostId, addressResolution);
  }
}

function isLoopback(address: Uint8Array): boolean {
  if (address.length === 4) return address[0] === 127;
  if (address.length !== 16) return false;
  // ::1, and 127.0.0.0/8 as ::ffff:127.x.x.x
  for (let index = 0; index < 10; index++) if (address[index] !== 0) return false;
  if (address[10] === 0xff && address[11] === 0xff) return address[12] === 127;
  for (let index = 10; index < 15; index++) if (address[index] !== 0) return false;
  return address[15] === 1;
}
