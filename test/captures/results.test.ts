/**
 * Captures of real traffic against what another dissector says of them, field by field where both know the field. What differs
 * is listed in known-differences.ts with its reason: a new difference fails, and so does one that is gone.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { dissectMessages } from '../../cli/dissect/capture-messages.ts';
import { messageToJson } from '../../cli/dissect/to-json.ts';
import { CaptureFile } from '../../collector/replay/capture-file.ts';
import { openInputBytes } from '../../collector/replay/input-bytes.ts';
import { describeWhere } from '../requirement.ts';
import { captureNames, capturesDirectory, capturesMissing } from '../../protocols/testing/shared-captures.ts';
import type { JsonValue } from '../../schemas/trace-json.ts';
import { knownDifferences } from './known-differences.ts';
import { type ExpectedMessage, readResult } from './results.ts';

type OurMessage = Readonly<Record<string, JsonValue>>;

async function dissected(path: string): Promise<readonly OurMessage[]> {
  // As much of a message as the settings allow, unredacted: what is compared is dissection.
  const file = new CaptureFile(await openInputBytes(path), { messageBytes: 4096, continuationBytes: 512 });
  const messages: OurMessage[] = [];
  await dissectMessages(file, (found) => void messages.push(...found.map(messageToJson)));
  file.close();
  return messages.toSorted((one, other) =>
    Number(BigInt(one['time_ns'] as string) - BigInt(other['time_ns'] as string)),
  );
}

/** Differences by place: file, kind and number of the message, field. */
function differences(
  name: string,
  expected: readonly ExpectedMessage[],
  ours: readonly OurMessage[],
): Map<string, string> {
  const found = new Map<string, string>();
  for (const kind of ['request', 'response'] as const) {
    const theirs = expected.filter((message) => message.kind === kind);
    const own = ours.filter((message) => message['kind'] === kind);
    for (let index = 0; index < Math.max(theirs.length, own.length); index++) {
      const place = `${name} ${kind} ${index + 1}`;
      const [their, our] = [theirs[index], own[index]];
      if (their === undefined) found.set(place, `only ours: ${JSON.stringify(our)}`);
      else if (our === undefined) found.set(place, `only theirs: ${JSON.stringify(their)}`);
      else
        for (const [field, value] of Object.entries(their))
          if (our[field] !== value)
            found.set(`${place} ${field}`, `${JSON.stringify(value)}, ours ${JSON.stringify(our[field])}`);
    }
  }
  return found;
}

const placeOfMessage = (place: string): string => place.split(' ').slice(0, 3).join(' ');

describeWhere(capturesMissing(), 'captures and what another dissector says of them', () => {
  const names = captureNames(/\.result$/).toSorted();
  const rows: string[] = [];
  afterAll(() => {
    console.log(['capture | protocol | messages expected | agreed | differing', ...rows].join('\n'));
  });

  for (const name of names) {
    const { protocol, messages } = readResult(readFileSync(join(capturesDirectory, name), 'utf8'));
    const capture = name.replace(/\.result$/, '.pcap');
    if (messages === undefined) {
      // Counters of flows are compared with tshark's: native/packets/flows-tshark.test.ts.
      const why =
        protocol === 'perf data' || protocol === 'unknown' ? 'counters of flows, no messages' : 'not yet dissected';
      rows.push(`${capture} | ${protocol} | ${why}`);
      continue;
    }
    it(`${capture}: ${protocol}`, async () => {
      const found = differences(capture, messages, await dissected(join(capturesDirectory, capture)));
      const differing = new Set([...found.keys()].map(placeOfMessage));
      const reasons = [...new Set([...found.keys()].map((place) => knownDifferences[place] ?? 'NEW'))];
      const agreed = Math.max(0, messages.length - differing.size);
      rows.push([capture, protocol, messages.length, agreed, `${differing.size} ${reasons.join('; ')}`].join(' | '));
      const known = Object.keys(knownDifferences).filter((place) => place.startsWith(`${capture} `));
      expect(Object.fromEntries([...found].filter(([place]) => !(place in knownDifferences)))).toEqual({});
      expect(known.filter((place) => !found.has(place))).toEqual([]);
    });
  }

  it('has captures for all protocols that it knows results of', () => {
    expect(rows.length).toBe(names.length);
    expect(names.length).toBeGreaterThan(20);
  });
});
