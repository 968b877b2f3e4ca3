/**
 * Programs that report spans, as resources. Each is published when it is first heard of, and again when its attributes have
 * changed. Which program a resource of OpenTelemetry is, is remembered by the bytes of that resource: SDKs send the same ones each
 * time.
 */
import { createHash } from 'node:crypto';
import { boundedLabels } from '../../core/agents/agent-resources.ts';
import { reportedProcess } from '../../core/agents/reported-process.ts';
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { ProtobufReader } from '../../opentelemetry/protobuf-reader.ts';
import { readResourceTexts } from '../../opentelemetry/resource-texts.ts';
import type { Resource } from '../../schemas/generated/resource.ts';
import { resourceMessage } from '../processes/resources.ts';

/** What reporters are known by. */
export interface ReportersOptions {
  readonly agentId: number;
  readonly hostResourceId: number;
  /** From then on the resources hold: the same in all runs of the agent since the boot, so that none is published twice. */
  readonly validFromNs: bigint;
  readonly maxProcesses: number;
}

interface Reporter {
  resource: Resource;
  /** Digest of the bytes that {@link resource} was made of. */
  digest: string;
  publishedAtMs: number;
  heardAtMs: number;
}

/** A program is published at most so often: two parts of it may report under one name with different attributes. */
const publishAgainAfterMs = 60_000;
/** One that was silent for so long makes room for another. */
const silentAfterMs = 600_000;

/** See the top of the file. */
export class Reporters {
  readonly #options: ReportersOptions;
  readonly #reader = new ProtobufReader();
  /** By uid; the one that was heard of least recently comes first. */
  readonly #known = new Map<string, Reporter>();
  /** Uid by digest of the bytes of a resource. */
  readonly #uids = new Map<string, string>();

  constructor(options: ReportersOptions) {
    this.#options = options;
  }

  /** A program has reported. @returns what is to be published */
  hear(resource: Buffer, nowMs: number): readonly OutgoingMessage[] {
    const digest =
      resource.length > 256 ? createHash('sha256').update(resource).digest('base64') : resource.toString('latin1');
    const uid = this.#uids.get(digest);
    const reporter = uid === undefined ? undefined : this.#known.get(uid);
    if (uid !== undefined && reporter?.digest === digest) {
      this.#touch(uid, reporter, nowMs);
      return [];
    }
    return this.#learn(resource, digest, nowMs);
  }

  #touch(uid: string, reporter: Reporter, nowMs: number): void {
    reporter.heardAtMs = nowMs;
    this.#known.delete(uid);
    this.#known.set(uid, reporter);
  }

  #learn(bytes: Buffer, digest: string, nowMs: number): readonly OutgoingMessage[] {
    const { agentId, hostResourceId, validFromNs, maxProcesses } = this.#options;
    this.#reader.reset(bytes);
    const attributes = readResourceTexts(this.#reader);
    const { uid, id, name } = reportedProcess(agentId, attributes);
    this.#remember(digest, uid);
    const former = this.#known.get(uid);
    if (former !== undefined) {
      this.#touch(uid, former, nowMs);
      if (nowMs - former.publishedAtMs < publishAgainAfterMs) return [];
    }
    const ended = former === undefined ? this.#makeRoom(maxProcesses, nowMs) : [];
    if (ended === undefined) return [];
    const resource: Resource = {
      ...{ kind: 'process', id, uid, name: name.slice(0, 1024), validFromNs, validToNs: 0n, type: '' },
      ...{ labels: boundedLabels(attributes), annotations: {}, environment: {} },
      ...{ addresses: [], networks: [], ports: [], macAddresses: [] },
      parents: [{ kind: 'host', id: hostResourceId, uid: '' }],
    };
    this.#known.set(uid, { resource, digest, publishedAtMs: nowMs, heardAtMs: nowMs });
    return [...ended, resourceMessage(resource)];
  }

  /** Ends the program that was silent for longest; undefined where none was silent for long enough. */
  #makeRoom(maxProcesses: number, nowMs: number): readonly OutgoingMessage[] | undefined {
    if (this.#known.size < maxProcesses) return [];
    const [uid, { resource, heardAtMs }] = this.#known.entries().next().value!;
    if (nowMs - heardAtMs < silentAfterMs) return undefined;
    this.#known.delete(uid);
    return [resourceMessage({ ...resource, validToNs: BigInt(Math.round(nowMs)) * 1_000_000n })];
  }

  #remember(digest: string, uid: string): void {
    this.#uids.delete(digest);
    this.#uids.set(digest, uid);
    if (this.#uids.size > 2 * this.#options.maxProcesses) this.#uids.delete(this.#uids.keys().next().value!);
  }
}
