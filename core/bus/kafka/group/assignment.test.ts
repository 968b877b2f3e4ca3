import { describe, expect, test } from 'vitest';
import type { Position } from '../../bus.ts';
import { Assignment } from './assignment.ts';

const source = (partition: number): { topic: string; partition: number } => ({ topic: 't', partition });
const position = (partition: number, offset: number): Position => ({
  ...source(partition),
  offset,
  emittedBelow: offset,
});

function withPartitions(...positions: readonly Position[]): Assignment {
  const assignment = new Assignment();
  assignment.joined(positions, false);
  assignment.report(positions);
  return assignment;
}

describe('between a rebalance and its report', () => {
  test('nothing of a new partition may be read or committed', () => {
    const assignment = new Assignment();
    assignment.joined([source(0)], false);
    expect(assignment.isChanged).toBe(true);
    expect(assignment.isReadable(source(0))).toBe(false);
    expect(assignment.report([position(0, 5)])).toEqual({ assigned: [position(0, 5)], revoked: [] });
    expect(assignment.isReadable(source(0))).toBe(true);
    expect(assignment.next(source(0))).toBe(5);
    expect(assignment.isChanged).toBe(false);
  });

  test('a lost partition may not be committed any more', () => {
    const assignment = withPartitions(position(0, 5), position(1, 6));
    assignment.joined([source(1)], true);
    expect(assignment.isReadable(source(0))).toBe(false);
    expect(assignment.isReadable(source(1))).toBe(true);
    expect(assignment.report([])).toEqual({ assigned: [], revoked: [source(0)] });
  });
});

test('a kept partition goes on behind the last message that was handed out', () => {
  const assignment = withPartitions(position(0, 5));
  assignment.advance(source(0), 41);
  expect(assignment.joined([source(0)], true)).toEqual([{ ...source(0), next: 42 }]);
  expect(assignment.isChanged).toBe(false);
});

test('a partition that was lost and won again before the stage heard of it begins anew', () => {
  const assignment = withPartitions(position(0, 5));
  assignment.joined([], true);
  expect(assignment.joined([source(0)], true)).toEqual([]);
  expect(assignment.isReadable(source(0))).toBe(false);
  expect(assignment.undecided()).toEqual([source(0)]);
  expect(assignment.report([position(0, 9)])).toEqual({ assigned: [position(0, 9)], revoked: [source(0)] });
  expect(assignment.next(source(0))).toBe(9);
});

describe('a member that was away', () => {
  function away(): Assignment {
    const assignment = withPartitions(position(0, 5), position(1, 5));
    assignment.advance(source(0), 9);
    assignment.stored([{ ...source(0), offset: 6, emittedBelow: 8 }]);
    assignment.disconnected();
    return assignment;
  }

  test('goes on with a partition whose position is as it left it', () => {
    const assignment = away();
    expect(assignment.isUncertain(source(0))).toBe(true);
    expect(assignment.isReadable(source(0))).toBe(false);
    expect(assignment.joined([source(0), source(1)], false)).toEqual([]);
    const positions = [{ ...source(0), offset: 6, emittedBelow: 8 }, position(1, 5)];
    expect(assignment.settle(positions)).toEqual([
      { ...source(0), next: 10 },
      { ...source(1), next: 5 },
    ]);
    expect(assignment.isChanged).toBe(false);
    expect(assignment.isReadable(source(0))).toBe(true);
  });

  test('has lost a partition with which someone else got further, and begins it anew', () => {
    const assignment = away();
    assignment.joined([source(0)], false);
    const further = { ...source(0), offset: 6, emittedBelow: 20 };
    expect(assignment.settle([further])).toEqual([]);
    expect(assignment.isReadable(source(0))).toBe(false);
    expect(assignment.report([further])).toEqual({ assigned: [further], revoked: [source(0), source(1)] });
    expect(assignment.next(source(0))).toBe(6);
  });
});

test('positions of partitions that are gone by now are not reported', () => {
  const assignment = new Assignment();
  assignment.joined([source(1)], false);
  expect(assignment.report([position(0, 1), position(1, 2)]).assigned).toEqual([position(1, 2)]);
});
