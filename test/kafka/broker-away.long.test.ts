import { expect, it } from 'vitest';
import { spanloom } from '../e2e/spanloom.ts';
import { settingsFor, startEnricher } from './enricher-service.ts';
import { killableBrokerForTests } from './test-broker.ts';

killableBrokerForTests('a stage whose broker is away', (broker) => {
  it('is alive, not ready, and says why; is ready when the broker is back; ends with 0 whenever it is told', async () => {
    const settings = settingsFor(broker());
    expect((await spanloom(['topics', 'apply'], settings)).code).toBe(0);
    const running = await startEnricher(settings);
    await running.untilTells('/readyz', /^ok$/m);
    await broker().kill();
    await running.untilTells('/readyz', /^enricher: \w+ fails: Kafka/m);
    const starting = await startEnricher(settings);
    await starting.untilTells('/readyz', /^enricher: bus fails: Kafka/m);
    starting.child.kill('SIGTERM');
    expect(await starting.ended).toBe(0);
    await broker().restart();
    await running.untilTells('/readyz', /^ok$/m);
    await broker().kill();
    await running.untilTells('/readyz', /^enricher: \w+ fails: Kafka/m);
    running.child.kill('SIGTERM');
    expect(await running.ended).toBe(0);
  }, 180_000);
});
