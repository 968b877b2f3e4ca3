import { describe, expect, test } from 'vitest';
import { AgentClock, type ClockStep } from './agent-clock.ts';

const second = 1_000_000_000;

/** Takes in a batch whose clock says `untilS`, accepted then too unless told otherwise. */
function take(clock: AgentClock, sequence: number, untilS: number, acceptedS = untilS): ClockStep {
  const times = { sequence, untilNs: untilS * second, acceptedMs: 1_700_000_000_000 + acceptedS * 1000 };
  const step = clock.judge(times);
  if (step.isBelieved) clock.advance(times);
  return step;
}

function running(): AgentClock {
  const clock = new AgentClock();
  for (let sequence = 1; sequence <= 50; sequence++) take(clock, sequence, sequence);
  return clock;
}

describe('a batch that is none of the others', () => {
  test('makes one gap, and what goes on is none', () => {
    const clock = running();
    expect(take(clock, 2 ** 40, 51).isGap).toBe(true);
    for (let sequence = 51; sequence < 60; sequence++) expect(take(clock, sequence, sequence).isGap).toBe(false);
  });

  test('far ahead of time does not set the clock', () => {
    const clock = running();
    expect(take(clock, 2 ** 40, 2 ** 22, 51).isBelieved).toBe(false);
    expect(clock.untilNs).toBe(50 * second);
    expect(take(clock, 51, 51)).toEqual({ isGap: false, isBelieved: true });
    expect(clock.untilNs).toBe(51 * second);
  });

  test('that takes the next number and is far ahead does not set the clock', () => {
    const clock = running();
    expect(take(clock, 51, 2 ** 22, 51).isBelieved).toBe(false);
    expect(take(clock, 51, 51).isBelieved).toBe(true);
    expect(take(clock, 52, 52)).toEqual({ isGap: false, isBelieved: true });
    expect(clock.untilNs).toBe(52 * second);
  });

  test('heard of before all others holds up the second true one at most', () => {
    const clock = new AgentClock();
    take(clock, 9, 2 ** 22, 1);
    expect(take(clock, 1, 1).isBelieved).toBe(false);
    expect(take(clock, 2, 2).isBelieved).toBe(true);
    expect(clock.untilNs).toBe(2 * second);
  });

  test('as the second of two that agree sets the clock, and the next true one sets it back', () => {
    const clock = running();
    take(clock, 100, 2 ** 22, 51);
    expect(take(clock, 101, 2 ** 22 + 1, 51).isBelieved).toBe(true);
    take(clock, 51, 51);
    expect(take(clock, 52, 52).isBelieved).toBe(true);
    expect(clock.untilNs).toBe(52 * second);
  });
});

describe('an agent', () => {
  test('that was started anew an hour later has a gap, and its time is believed', () => {
    const clock = running();
    expect(take(clock, 1, 3_650)).toEqual({ isGap: true, isBelieved: true });
    expect(clock.untilNs).toBe(3_650 * second);
  });

  test('whose host was started anew counts from its new start at the second batch', () => {
    const clock = new AgentClock();
    for (let sequence = 1; sequence <= 50; sequence++) take(clock, sequence, 1_000_000 + sequence, sequence);
    expect(take(clock, 1, 30, 150)).toEqual({ isGap: true, isBelieved: false });
    expect(take(clock, 2, 31, 151)).toEqual({ isGap: false, isBelieved: true });
    expect(clock.untilNs).toBe(31 * second);
  });

  test('of which a batch is lost, or comes late, has a gap and no other time', () => {
    const clock = running();
    expect(take(clock, 52, 52)).toEqual({ isGap: true, isBelieved: true });
    expect(take(clock, 51, 51, 53)).toEqual({ isGap: false, isBelieved: true });
    expect(clock.untilNs).toBe(52 * second);
    expect(take(clock, 53, 53).isGap).toBe(false);
  });
});
