/** Makes resources of what a file says: gives them uids and finds what they refer to. */
import type { ResourceKind } from '../../../schemas/generated/resource.ts';
import { plainState } from '../../resources/plain-state.ts';
import type { ResourceState, ResourceUid } from '../../resources/resource-state.ts';
import { fileSections, type FileKind, type FileSections } from './file-kinds.ts';
import { referencedKind, type FileContent, type FileEntry, type FileReference } from './file-schema.ts';

/** Something that the schema cannot see. */
export interface StateProblem {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** An entry and where it stands. */
interface PlacedEntry {
  readonly kind: FileKind;
  readonly entry: FileEntry;
  /** Its name and those of what it stands in, outermost first. */
  readonly names: readonly string[];
  /** Place in the file. */
  readonly path: readonly string[];
  /** What it stands in, nearest first. */
  readonly ancestors: readonly PlacedEntry[];
  readonly uid: string;
  readonly parents: ResourceUid[];
}

/** All resources of a file. Where there are problems, it must not be used. */
export function statesOf(content: FileContent): {
  readonly states: readonly ResourceState[];
  readonly problems: readonly StateProblem[];
} {
  const entries: PlacedEntry[] = [];
  place(fileSections, content, [], entries);
  const byKind = new Map<ResourceKind, PlacedEntry[]>();
  for (const entry of entries) {
    const ofKind = byKind.get(entry.kind.kind);
    if (ofKind === undefined) byKind.set(entry.kind.kind, [entry]);
    else ofKind.push(entry);
  }
  const problems: StateProblem[] = [];
  const seen = new Map<string, PlacedEntry>();
  for (const entry of entries) {
    const key = `${entry.kind.kind}:${entry.uid}`;
    const other = seen.get(key);
    if (other === undefined) seen.set(key, entry);
    else problems.push({ path: entry.path, text: `has the uid ${entry.uid} of ${other.path.join('.')}` });
  }
  for (const entry of entries) refer(entry, byKind, problems);
  const states = entries.map(({ kind, entry, names, uid, parents }) =>
    plainState(
      { kind: kind.kind, uid, name: names.at(-1)! },
      {
        type: entry.type ?? '',
        parents,
        addresses: entry.addresses ?? [],
        networks: entry.networks ?? [],
        ports: entry.ports ?? [],
        macAddresses: entry.mac_addresses ?? [],
        labels: entry.labels ?? {},
        annotations: entry.annotations ?? {},
        environment: entry.environment ?? {},
        sinceNs: entry.valid_since ?? content.valid_since,
      },
    ),
  );
  return { states, problems };
}

function place(
  sections: FileSections,
  content: Readonly<Record<string, unknown>>,
  ancestors: readonly PlacedEntry[],
  into: PlacedEntry[],
): void {
  const around = ancestors[0];
  for (const [section, kind] of Object.entries(sections)) {
    for (const [name, entry] of Object.entries((content[section] ?? {}) as Record<string, FileEntry>)) {
      const names = [...(around?.names ?? []), name];
      const placed: PlacedEntry = {
        kind,
        entry,
        names,
        path: [...(around?.path ?? []), section, name],
        ancestors,
        uid: entry.uid ?? `file:${names.join('/')}`,
        parents: ancestors.map((ancestor) => ({ kind: ancestor.kind.kind, uid: ancestor.uid })),
      };
      into.push(placed);
      place(kind.sections ?? {}, entry, [placed, ...ancestors], into);
    }
  }
}

function refer(
  from: PlacedEntry,
  byKind: ReadonlyMap<ResourceKind, readonly PlacedEntry[]>,
  problems: StateProblem[],
): void {
  const fields = { ...from.kind.references, ...from.kind.manyReferences, ...from.kind.members };
  for (const field of Object.keys(fields)) {
    const given = from.entry[field] as FileReference | readonly FileReference[] | undefined;
    if (given === undefined) continue;
    const kind = referencedKind(from.kind, field)!;
    const references = Array.isArray(given) ? (given as readonly FileReference[]) : [given as FileReference];
    references.forEach((reference, index) => {
      const path = [...from.path, field, ...(Array.isArray(given) ? [index] : [])];
      const isMember = from.kind.members?.[field] !== undefined;
      if (typeof reference !== 'string') {
        if (isMember) problems.push({ path, text: 'must be a name in this file' });
        else from.parents.push({ kind, uid: reference.uid });
        return;
      }
      const found = find(from, reference, byKind.get(kind) ?? []);
      if (typeof found === 'string') problems.push({ path, text: found.replace('%', kind.replaceAll('_', ' ')) });
      else if (isMember) addMember(from, found, byKind);
      else from.parents.push({ kind, uid: found.uid });
    });
  }
}

/** A workload as a member means its pods. */
function addMember(
  owner: PlacedEntry,
  member: PlacedEntry,
  byKind: ReadonlyMap<ResourceKind, readonly PlacedEntry[]>,
): void {
  const pods = (byKind.get('pod') ?? []).filter(
    (pod) => pod === member || pod.ancestors.includes(member) || isOfWorkload(pod, member),
  );
  for (const pod of pods) pod.parents.push({ kind: owner.kind.kind, uid: owner.uid });
}

function isOfWorkload(pod: PlacedEntry, workload: PlacedEntry): boolean {
  const named = pod.entry['workload'];
  return typeof named === 'string' && find(pod, named, [workload]) === workload;
}

/** The entry that a name means: the nearest one with that name, or with that end of its names (shop/apps). Else what is wrong. */
function find(from: PlacedEntry, reference: string, candidates: readonly PlacedEntry[]): PlacedEntry | string {
  const wanted = reference.split('/');
  const matching = candidates.filter(({ names }) =>
    wanted.every((name, index) => names.at(index - wanted.length) === name),
  );
  const nearness = (candidate: PlacedEntry): number =>
    candidate.ancestors.filter((ancestor) => from.ancestors.includes(ancestor) || ancestor === from).length;
  const best = Math.max(0, ...matching.map(nearness));
  const nearest = matching.filter((candidate) => nearness(candidate) === best);
  if (nearest.length === 1) return nearest[0]!;
  if (nearest.length === 0) return `there is no % ${reference}`;
  return `${reference} may be each of ${nearest.map(({ names }) => names.join('/')).join(', ')}`;
}
