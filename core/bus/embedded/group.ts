/**
 * Consumer groups. Who is a member stands in the row of the group; what a member should have follows from that row
 * (assignment.ts); what it has stands in one owner row per partition. A partition changes hands in two steps: its
 * owner lets go of it in its own next poll, when nothing of it is in progress, and then the other one takes it. Members
 * that are dead are removed by the process that notices first, and their partitions are free. A commit is accepted from the
 * owner only: that is the fence against those who come back late.
 *
 * Everything here that writes runs inside a transaction.
 */
import type { Position, Rebalance, TopicPartition } from '../bus.ts';
import { targetOf } from './assignment.ts';
import type { GroupRow, MemberRow } from './layout.ts';
import type { LogStore } from './log-store.ts';
import { isAlive } from './process-identity.ts';

/** Membership of one consumer. */
export interface Membership {
  readonly group: string;
  readonly memberId: string;
}

function membersOf(store: LogStore, group: string): readonly MemberRow[] {
  return store.groups.get(group)?.members ?? [];
}

function partitionsOf(store: LogStore): (topic: string) => number {
  return (topic) => store.topics.get(topic)?.partitions ?? 0;
}

/** The member that has a partition now; undefined when it is free. */
function ownerOf(store: LogStore, group: string, source: TopicPartition): string | undefined {
  return store.owners.get(group, source.topic, source.partition);
}

/** Adds a member. */
export function join(store: LogStore, group: string, member: MemberRow): void {
  store.groups.put({ members: [...membersOf(store, group), member] }, group);
}

function strike(store: LogStore, group: string, gone: ReadonlySet<string>): void {
  const members = membersOf(store, group);
  const topics = new Set(members.flatMap((member) => member.topics));
  for (const topic of topics)
    for (let partition = 0; partition < partitionsOf(store)(topic); partition++) {
      const owner = ownerOf(store, group, { topic, partition });
      if (owner !== undefined && gone.has(owner)) store.owners.remove(group, topic, partition);
    }
  const row: GroupRow = { members: members.filter((member) => !gone.has(member.id)) };
  if (row.members.length > 0) store.groups.put(row, group);
  else store.groups.remove(group);
}

/** Removes a member and frees what it owned. */
export function leave(store: LogStore, { group, memberId }: Membership): void {
  strike(store, group, new Set([memberId]));
}

/** Members of all groups whose process has ended, by group. */
function deadMembers(store: LogStore, nowMs: number, timeoutMs: number): ReadonlyMap<string, Set<string>> {
  const alive = new Map<string, boolean>();
  const dead = new Map<string, Set<string>>();
  for (const { name, row } of store.groups.named()) {
    for (const { id, processId } of row.members) {
      let lives = alive.get(processId);
      if (lives === undefined) {
        lives = isAlive(store.processes.get(processId), nowMs, timeoutMs);
        alive.set(processId, lives);
      }
      if (!lives) dead.set(name, (dead.get(name) ?? new Set()).add(id));
    }
  }
  return dead;
}

/** Strikes out dead members, and the rows of their processes. Returns whether there were any. */
export function evictDead(store: LogStore, nowMs: number, timeoutMs: number): boolean {
  const dead = deadMembers(store, nowMs, timeoutMs);
  for (const [group, gone] of dead) strike(store, group, gone);
  for (const { name, row } of store.processes.named())
    if (!isAlive(row, nowMs, timeoutMs)) store.processes.remove(name);
  return dead.size > 0;
}

/** What would change for a member if it asked now. Only reads. */
export function pendingChange(
  store: LogStore,
  { group, memberId }: Membership,
  owned: readonly TopicPartition[],
): { readonly isMember: boolean; readonly lost: readonly TopicPartition[]; readonly free: readonly TopicPartition[] } {
  const members = membersOf(store, group);
  const isMember = members.some((member) => member.id === memberId);
  const target = targetOf(memberId, members, partitionsOf(store));
  const includes = (list: readonly TopicPartition[], source: TopicPartition): boolean =>
    list.some(({ topic, partition }) => topic === source.topic && partition === source.partition);
  return {
    isMember,
    lost: owned.filter((source) => !includes(target, source) || ownerOf(store, group, source) !== memberId),
    free: target.filter((source) => !includes(owned, source) && ownerOf(store, group, source) === undefined),
  };
}

function storedPosition(store: LogStore, group: string, source: TopicPartition): Position {
  const row = store.positions.get(group, source.topic, source.partition);
  if (row !== undefined) {
    const { offset, emittedBelow, inHand, putAside } = row;
    return { ...source, offset, emittedBelow, ...notesOf({ inHand, putAside }) };
  }
  const { first } = store.partition(store.topics.get(source.topic)!.id, source.partition);
  return { ...source, offset: first, emittedBelow: first };
}

/** What of the notes of a position is there. */
function notesOf({
  inHand,
  putAside,
}: {
  readonly inHand: Position['inHand'] | undefined;
  readonly putAside: Position['putAside'] | undefined;
}): Pick<Position, 'inHand' | 'putAside'> {
  return { ...(inHand === undefined ? {} : { inHand }), ...(putAside === undefined ? {} : { putAside }) };
}

/** Lets go of what the member should not have, takes what is free of what it should have. */
export function rebalance(store: LogStore, membership: Membership, owned: readonly TopicPartition[]): Rebalance {
  const { group, memberId } = membership;
  const { lost, free } = pendingChange(store, membership, owned);
  for (const source of lost)
    if (ownerOf(store, group, source) === memberId) store.owners.remove(group, source.topic, source.partition);
  for (const source of free) store.owners.put(memberId, group, source.topic, source.partition);
  return { assigned: free.map((source) => storedPosition(store, group, source)), revoked: lost };
}

/** Stores positions, all or none. Returns the partitions that the member does not own, having written nothing. */
export function storePositions(
  store: LogStore,
  { group, memberId }: Membership,
  positions: readonly Position[],
  nowMs: number,
): readonly TopicPartition[] {
  const foreign = positions.filter((position) => ownerOf(store, group, position) !== memberId);
  if (foreign.length > 0) return foreign;
  for (const { topic, partition, offset, emittedBelow, inHand, putAside } of positions) {
    const row = { offset, emittedBelow, storedAtMs: nowMs, ...notesOf({ inHand, putAside }) };
    store.positions.put(row, group, topic, partition);
  }
  return [];
}
