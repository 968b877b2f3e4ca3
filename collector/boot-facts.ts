import { readFileSync } from 'node:fs';
import type { BootFacts } from './agent-identity.ts';
import { measureOffset, type ClockPair, machineClocks } from './wall-clock.ts';

/** /proc/uptime counts hundredths of a second. A machine that never slept shows less than this between its clocks. */
const uptimeResolutionNs = 20_000_000n;

/** CLOCK_BOOTTIME minus CLOCK_MONOTONIC: the time the machine has slept, 0 on one that never did. */
export function sleptNs(uptimeText: string, monotonicNs: bigint): bigint {
  const [seconds, hundredths] = uptimeText.split(' ')[0]!.split('.');
  const bootNs = BigInt(seconds!) * 1_000_000_000n + BigInt((hundredths ?? '0').padEnd(2, '0')) * 10_000_000n;
  const difference = bootNs - monotonicNs;
  return difference > -uptimeResolutionNs && difference < uptimeResolutionNs ? 0n : difference;
}

/** Facts about this machine's last boot. */
export function readBootFacts(clocks: ClockPair = machineClocks): BootFacts {
  const slept = sleptNs(readFileSync('/proc/uptime', 'utf8'), clocks.monotonicNs());
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return { bootId, bootTimeNs: measureOffset(clocks).offsetNs - slept };
}
