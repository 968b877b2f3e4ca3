import { describe, expect, it, vi } from 'vitest';
import type { ResourceRegisters } from '../resources/resource-source.ts';
import type { ResourceState } from '../resources/resource-state.ts';
import { CloudSource } from './cloud-source.ts';
import type { ListedPart } from './cloud-provider.ts';
import { plainState } from '../resources/plain-state.ts';

const state = (uid: string, labels: Readonly<Record<string, string>> = {}): ResourceState =>
  plainState({ kind: 'vpc', uid, name: uid }, { labels });
const listed = (part: string, ...uids: readonly string[]): ListedPart => ({
  kind: 'listed',
  part,
  states: uids.map((uid) => state(uid)),
});
const failed = (part: string): ListedPart => ({ kind: 'failed', part, error: new Error('away') });

/** What the registers are told in so many rounds, a line each. */
async function told(...rounds: readonly (readonly ListedPart[] | Error)[]): Promise<readonly (readonly string[])[]> {
  const lines: string[][] = [];
  const events: string[] = [];
  const say = (line: string): void => void lines.at(-1)!.push(line);
  const names = (states: readonly ResourceState[]): string => states.map(({ uid }) => uid).join(',');
  const registers: ResourceRegisters = {
    of: (name) => ({
      replaceAll: (states) => say(`${name} all ${names(states)}`),
      put: (states) => say(`${name} put ${names(states)}`),
      end: ({ uid }) => say(`${name} end ${uid}`),
    }),
  };
  const stop = new AbortController();
  const provider = {
    close: () => undefined,
    async *list(): AsyncGenerator<ListedPart> {
      const round = rounds[lines.length];
      lines.push([]);
      if (round === undefined) stop.abort();
      else if (round instanceof Error) throw round;
      else yield* round;
      await Promise.resolve();
    },
  };
  const telemetry = { emit: ({ name }: { readonly name: string }) => void events.push(name) };
  await new CloudSource({ name: 'c', open: () => provider, intervalMs: 0, telemetry }).run(registers, stop.signal);
  return lines.slice(0, -1);
}

describe('a cloud as a source', () => {
  it('tells all of every region, and what is gone ends', async () => {
    expect(
      await told([listed('c/1/east/vpcs', 'a', 'b'), listed('c/1/west/vpcs', 'w')], [listed('c/1/east/vpcs', 'b')]),
    ).toEqual([
      ['c:1:east all a,b', 'c:1:west all w'],
      ['c:1:east all b', 'c:1:west all '],
    ]);
  });

  it('takes no failed list for an empty one', async () => {
    expect(
      await told(
        [listed('c/1/east/vpcs', 'a'), listed('c/1/east/subnets', 's'), listed('c/2/east/vpcs', 'x')],
        [listed('c/1/east/vpcs', 'a2'), failed('c/1/east/subnets'), failed('c/2')],
        new Error('all is away'),
      ),
    ).toEqual([
      ['c:1:east all s,a', 'c:2:east all x'],
      ['c:1:east all s,a2', 'c:2:east all x'],
      ['c:1:east all s,a2', 'c:2:east all x'],
    ]);
  });

  it('ends nothing that an earlier process may have told of while a list has never come', async () => {
    expect(
      await told(
        [listed('c/1/east/vpcs', 'a', 'b'), failed('c/1/east/subnets'), listed('c/1/west/vpcs', 'w')],
        [listed('c/1/east/vpcs', 'a'), failed('c/1/east'), listed('c/1/west/vpcs', 'w')],
        [listed('c/1/east/vpcs', 'a'), listed('c/1/east/subnets', 's'), listed('c/1/west/vpcs', 'w')],
      ),
    ).toEqual([
      ['c:1:east put a,b', 'c:1:west all w'],
      ['c:1:east put a', 'c:1:east end b', 'c:1:west all w'],
      ['c:1:east all s,a', 'c:1:west all w'],
    ]);
  });

  it('tells what several accounts share once, as its owner sees it', async () => {
    const shared: ListedPart = { kind: 'listed', part: 'c/2/east/vpcs', states: [state('v', { team: 'net' })] };
    const others: ListedPart = { kind: 'listed', part: 'c/1/east/vpcs', states: [state('v'), state('own')] };
    expect(await told([shared, others])).toEqual([['c:2:east all v', 'c:1:east all own']]);
  });

  it('ends soon after the signal, whatever the interval', async () => {
    const stop = new AbortController();
    const provider = {
      close: () => undefined,
      async *list(): AsyncGenerator<ListedPart> {
        yield await Promise.resolve(listed('c/1/east/vpcs', 'a'));
      },
    };
    const replaceAll = vi.fn();
    const register = { replaceAll, put: () => undefined, end: () => undefined };
    const source = new CloudSource({
      name: 'c',
      open: () => provider,
      intervalMs: 60_000,
      telemetry: { emit: () => undefined },
    });
    const running = source.run({ of: () => register }, stop.signal);
    await vi.waitFor(() => expect(replaceAll).toHaveBeenCalledOnce());
    stop.abort();
    await running;
  });
});
