import { execFile, execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findOnPath } from './jars.ts';
import { freePorts } from './broker.ts';

const run = promisify(execFile);
const startWithinMs = 60_000;

/** The image of Apache Kafka that this machine's Docker engine has; nothing is fetched. */
export function containerImage(): string | undefined {
  if (findOnPath('docker') === undefined) return undefined;
  try {
    const format = ['--format', '{{.Repository}}:{{.Tag}}'];
    const images = execFileSync('docker', ['image', 'ls', ...format, 'apache/kafka'], {
      encoding: 'utf8',
      timeout: 5_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return images.split('\n').find((line) => line !== '' && !line.endsWith(':<none>'));
  } catch {
    return undefined;
  }
}

/** Runs a broker in a container, on a free loopback port. */
export async function startContainer(image: string): Promise<{
  readonly brokers: readonly string[];
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}> {
  const [port] = await freePorts();
  const settings = {
    KAFKA_NODE_ID: 1,
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port!}`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 1,
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: 0,
    KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: 1_000,
    KAFKA_MESSAGE_MAX_BYTES: 32 * 1024 * 1024,
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: false,
  };
  const environment = Object.entries(settings).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const publish = ['-p', `127.0.0.1:${port!}:9092`];
  const { stdout } = await run('docker', ['run', '-d', ...publish, ...environment, image]);
  const id = stdout.trim();
  const deadlineMs = performance.now() + startWithinMs;
  while (!(await run('docker', ['logs', id])).stdout.includes('Kafka Server started')) {
    if (performance.now() > deadlineMs) throw new Error(`the container ${id} did not become a broker`);
    await sleep(250);
  }
  const docker = async (...args: readonly string[]): Promise<void> => {
    await run('docker', [...args, id]);
  };
  return {
    brokers: [`127.0.0.1:${port!}`],
    kill: () => docker('kill'),
    restart: () => docker('start'),
    stop: () => docker('rm', '-f'),
  };
}
