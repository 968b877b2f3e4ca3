import { describe, expect, test } from 'vitest';
import { EventClock } from './event-clock.ts';

const second = 1e9;
const hour = 3600 * second;
const start = 1_750_000_000 * second;

/** A clock that is told of seconds after the start. Where the bus tells time, it is given in seconds too. */
class Told {
  readonly clock = new EventClock();

  hear(agentId: number, seconds: number, busSeconds?: number, partition = 0): void {
    const timestampMs = busSeconds === undefined ? 0 : (start + busSeconds * second) / 1e6;
    this.clock.observe(agentId, start + seconds * second, { partition, timestampMs });
  }

  get now(): number {
    return (this.clock.nowNs - start) / second;
  }
}

describe('event time', () => {
  test('goes as far as two agents say, and never back', () => {
    const told = new Told();
    told.hear(1, 0);
    told.hear(2, 1);
    expect(told.now).toBe(1);
    told.hear(2, 0.5);
    expect(told.now).toBe(1);
    told.hear(1, 3.5);
    expect(told.now).toBe(3);
    told.hear(2, 3.5);
    expect(told.now).toBe(3.5);
  });

  test('is believed of an agent that is alone, in steps of any size', () => {
    const told = new Told();
    for (const seconds of [0, 1, 30, 4_000]) {
      told.hear(1, seconds);
      expect(told.now).toBe(seconds);
    }
  });

  test('goes on when one of two agents dies', () => {
    const told = new Told();
    for (let at = 0; at <= 10; at++) {
      told.hear(1, at);
      told.hear(2, at);
    }
    for (let at = 11; at <= 20; at++) {
      told.hear(1, at);
      expect(told.now).toBeGreaterThanOrEqual(at - 1);
    }
    expect(told.now).toBe(20);
  });

  test.each<[string, (at: number) => number]>([
    ['repeats itself', () => 30],
    ['crawls', (at) => 30 + (at - 30) / 10],
    ['goes back and forth', (at) => 30 + (at % 2)],
    ['goes back', (at) => 60 - at],
  ])('is not held by an agent that %s, nor by several', (_, says) => {
    for (const others of [[2], [2, 3, 4, 5]]) {
      const told = new Told();
      for (let at = 0; at <= 600; at++) {
        told.hear(1, at, at);
        if (at >= 30) for (const other of others) told.hear(other, says(at), at);
        expect(Math.abs(told.now - at)).toBeLessThanOrEqual(4);
      }
    }
  });

  test('goes on after a pause of all, whoever stands still meanwhile', () => {
    for (const isHeard of [(at: number) => at === 120, (at: number) => at >= 120]) {
      const told = new Told();
      for (let at = 0; at <= 200; at++) {
        if (isHeard(at)) told.hear(2, 101, at);
        if (at <= 100 || at >= 120) told.hear(1, at, at);
      }
      // What an agent went on by in the pause is believed as far as it may be ahead of the other.
      expect(told.now).toBe(191);
    }
  });

  test('is spoken for again by an agent that comes back', () => {
    const told = new Told();
    const hearAll = (from: number, to: number, agents: readonly number[]): void => {
      for (let at = from; at < to; at++) for (const agent of agents) told.hear(agent, at, at);
    };
    hearAll(0, 30, [1, 2]);
    hearAll(30, 60, [1]);
    hearAll(60, 70, [1, 2]);
    for (let at = 70; at < 100; at++) {
      told.hear(1, at, at);
      told.hear(2, at, at);
      told.hear(3, at + 4, at);
      expect(told.now).toBeLessThanOrEqual(at + 2);
    }
  });

  test('is not held by an agent whose clock is late', () => {
    const told = new Told();
    for (let at = 0; at <= 60; at++) {
      told.hear(1, at);
      told.hear(2, at - 300);
      expect(told.now).toBe(at);
    }
  });

  test('stands still while another partition catches up', () => {
    const told = new Told();
    for (let at = 0; at <= 60; at++) told.hear(1, at);
    for (let at = 0; at <= 60; at++) told.hear(2, at);
    expect(told.now).toBe(60);
    for (let at = 61; at <= 120; at++) told.hear(1, at);
    for (let at = 61; at <= 120; at++) told.hear(2, at);
    expect(told.now).toBe(120);
  });
});

describe('an agent whose clock is wrong', () => {
  test.each([10.5, 60, 59 * 60, 2 * 3600, 75 * 365 * 86_400, -2 * 3600, -55 * 365 * 86_400])(
    'by %d s and is heard of once neither stops time nor tears it',
    (wrongBy) => {
      const told = new Told();
      for (let at = 0; at <= 30; at++) told.hear(1, at);
      told.hear(2, 30 + wrongBy);
      for (let at = 31; at <= 60; at++) {
        told.hear(1, at);
        expect(Math.abs(told.now - at)).toBeLessThanOrEqual(2);
      }
      expect(told.now).toBe(60);
    },
  );

  test.each([10.5, 60, 59 * 60, 75 * 365 * 86_400])('by %d s more with every message does not tear it', (leap) => {
    const told = new Told();
    for (let at = 0; at <= 100; at++) {
      told.hear(1, at);
      for (let times = 1; times <= 3; times++) told.hear(2, at + (3 * at + times) * leap);
      told.hear(3, at + 0.1);
      expect(told.now).toBeLessThanOrEqual(at + 2.1);
    }
    expect(told.now).toBeGreaterThanOrEqual(100);
  });

  test('and goes back and forth does not tear it', () => {
    const told = new Told();
    for (let at = 0; at <= 100; at++) {
      told.hear(1, at);
      told.hear(2, at % 2 === 0 ? at : at + 3_000);
      told.hear(3, at + 0.1);
      expect(told.now).toBeLessThanOrEqual(at + 2.1);
    }
  });

  test('years off counts by its progress', () => {
    const told = new Told();
    told.hear(1, 0);
    told.hear(2, start / second);
    told.hear(1, 1);
    told.hear(2, start / second + 1);
    expect(told.now).toBe(1);
    for (let at = 2; at <= 9; at++) told.hear(2, start / second + at);
    expect(told.now).toBe(9);
  });

  test('and is heard of first takes nobody along for long', () => {
    for (const wrongBy of [40, 3_500, -3_500, 75 * 365 * 86_400, -start / second]) {
      const told = new Told();
      told.hear(2, wrongBy);
      let last = told.now;
      let standing = 0;
      let longest = 0;
      for (let at = 0; at <= 600; at++) {
        told.hear(1, at);
        standing = told.now > last ? 0 : standing + 1;
        longest = Math.max(longest, standing);
        expect(told.now - last).toBeLessThanOrEqual(3_600);
        last = told.now;
      }
      expect(longest).toBeLessThanOrEqual(122);
    }
  });

  test('set back goes on from where it was', () => {
    const told = new Told();
    for (let at = 0; at <= 30; at++) told.hear(1, at);
    for (let at = 0; at <= 30; at++) told.hear(1, at - 270);
    expect(told.now).toBe(60);
  });
});

describe('where the bus tells time', () => {
  test('nobody is believed beyond it, however often they say so', () => {
    const told = new Told();
    for (let at = 0; at <= 30; at++) {
      told.hear(1, at, at);
      for (let times = 0; times < 1_000; times++) told.hear(2, at + times * 10, at);
      for (let times = 0; times < 100; times++) told.hear(3 + times, at + 3_000, at);
      expect(told.now).toBeLessThanOrEqual(at + 5);
    }
    // They fall silent: it goes on within what they were ahead by.
    for (let at = 31; at <= 40; at++) told.hear(1, at, at);
    expect(told.now).toBeGreaterThanOrEqual(38);
  });

  test.each([-300, 300, -hour / second])('a host whose clock is set by %d s goes on as before', (by) => {
    const told = new Told();
    for (let at = 0; at <= 30; at++) told.hear(1, at, at);
    const before = told.now;
    // The bus notices at once, the agent a little later.
    for (let at = 31; at <= 33; at++) told.hear(1, at, at + by);
    for (let at = 34; at <= 60; at++) told.hear(1, at + by, at + by);
    expect(told.now - before).toBeGreaterThanOrEqual(27);
  });

  test('a recording that is read as fast as possible is believed', () => {
    const told = new Told();
    for (let at = 0; at <= 600; at++) {
      told.hear(1, at, 1_000_000 + at / 1_000);
      told.hear(2, at + 0.5, 1_000_000 + at / 1_000);
    }
    expect(told.now).toBe(600.5);
  });

  test('a recording beside live data neither holds nor tears', () => {
    const told = new Told();
    for (let at = 0; at <= 100; at++) {
      told.hear(1, at, at);
      told.hear(2, at * 20 - 1_000_000, at);
      expect(Math.abs(told.now - at)).toBeLessThanOrEqual(2);
    }
  });
});

describe('what is read again', () => {
  test('after a moment without spans gives the same time, whatever was before', () => {
    const [long, short] = [new Told(), new Told()];
    for (let at = 0; at <= 30; at++) long.hear(at % 3, at * 1.3);
    long.clock.reset();
    expect(long.clock.agents).toBe(0);
    for (let at = 31; at <= 60; at++) {
      for (const told of [long, short]) told.hear(at % 2, at * 1.7);
      expect(long.now).toBe(short.now);
    }
  });

  test('costs little for many agents, and remembers a bounded number', () => {
    const clock = new EventClock();
    for (let round = 0; round < 20; round++)
      for (let agent = 0; agent < 10_000; agent++)
        clock.observe(agent, start + round * second + agent * 1e4, { partition: 0, timestampMs: 0 });
    expect((clock.nowNs - start) / second).toBeCloseTo(19.1, 1);
    for (let agent = 0; agent < 100_000; agent++)
      clock.observe(agent, start + 21 * second, { partition: 0, timestampMs: 0 });
    expect(clock.agents).toBeLessThanOrEqual(25_000);
  });
});
