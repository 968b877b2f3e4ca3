/** `npm run kafka:start [-- FOLDER]`: a Kafka broker in the background, with its data under FOLDER or .spanloom/kafka. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { installPackages } from '../setup/packages.mjs';
import { step } from '../setup/step.mjs';
import { startBroker } from './broker.ts';
import { isRunning, pidFile } from './pid-file.ts';

const directory = resolve(process.argv[2] ?? join('.spanloom', 'kafka'));
const port = Number(process.env['KAFKA_PORT'] ?? 9092);

try {
  mkdirSync(directory, { recursive: true });
  const path = pidFile(directory);
  if (existsSync(path) && isRunning(directory)) {
    process.stderr.write(`A broker runs already, with the process id ${readFileSync(path, 'utf8').trim()}.\n`);
  } else {
    await step('Debian packages for Kafka', () => installPackages(['kafka']));
    await step('broker', async () => {
      const broker = await startBroker({ directory, port, detached: true });
      writeFileSync(path, `${broker.pid()!}\n`);
      process.stdout.write(`SPANLOOM_BUS_KAFKA_BROKERS=${broker.brokers.join(',')}\n`);
      return `serves on ${broker.brokers.join(',')}; npm run kafka:stop ends it`;
    });
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
