import { describe, expect, test } from 'vitest';
import type { NetworkInterface } from '../../schemas/generated/event-batch.ts';
import { anInterface } from '../../schemas/testing/a-segment.ts';
import { Interfaces } from './interfaces.ts';

const ip = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes);
const ip6 = (first: number, second: number, last: number): Uint8Array =>
  ip(first, second, ...new Array<number>(13).fill(0), last);
const pod = ip(10, 1, 1, 1);
const loopback = anInterface({ index: 1, kind: 'loopback', addresses: [ip(127, 0, 0, 1), ip6(0, 0, 1)] });
const card = anInterface({ index: 2, addresses: [pod, ip6(0xfe, 0x80, 1)] });
const other = (addresses: readonly Uint8Array[], networkNamespace = 4): NetworkInterface =>
  anInterface({ index: 3, networkNamespace, addresses });

function learned(...all: readonly NetworkInterface[]): Interfaces {
  const interfaces = new Interfaces();
  interfaces.learn(all);
  return interfaces;
}

describe('the only address of a namespace', () => {
  test('is the one beside those of loopback and of a link', () => {
    const interfaces = learned(loopback, card, other([ip(169, 254, 1, 1)]), other([ip(10, 1, 1, 2)], 5));
    expect(interfaces.onlyAddress(4, 4)).toEqual(pod);
    expect(interfaces.onlyAddress(5, 4)).toEqual(ip(10, 1, 1, 2));
    expect(interfaces.onlyAddress(4, 16)).toBeUndefined();
    expect(interfaces.onlyAddress(6, 4)).toBeUndefined();
  });

  test('is one of each family, and the same address twice is one', () => {
    const interfaces = learned(card, other([pod, ip6(0x20, 1, 1)]));
    expect(interfaces.onlyAddress(4, 4)).toEqual(pod);
    expect(interfaces.onlyAddress(4, 16)).toEqual(ip6(0x20, 1, 1));
  });

  test('is none where there are several, or there may be', () => {
    expect(learned(card, other([ip(10, 2, 2, 2)]), other([pod])).onlyAddress(4, 4)).toBeUndefined();
    const many = Array.from({ length: 4095 }, (_, index) => anInterface({ index: index + 10, networkNamespace: 5 }));
    expect(learned(card, ...many).onlyAddress(4, 4)).toBeUndefined();
    const interfaces = learned(card, other([ip(10, 2, 2, 2)]));
    interfaces.shrink(0.5);
    expect(interfaces.onlyAddress(4, 4)).toBeUndefined();
    interfaces.learn([card]);
    expect(interfaces.onlyAddress(4, 4)).toBeUndefined();
  });
});
