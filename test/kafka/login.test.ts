import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../core/free-ports.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import type { KafkaBusOptions } from '../../core/bus/kafka/kafka-connection.ts';
import { type Broker, startBroker } from '../../scripts/kafka/broker.ts';
import { brokerMissing } from '../../scripts/kafka/jars.ts';
import { describeWhere } from '../requirement.ts';
import { numbered, pollUntil, Reader } from './reader.ts';

describeWhere(brokerMissing(), 'a broker that wants TLS and a login', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kafka-login-'));
  let broker: Broker;
  let secured: KafkaBusOptions;

  beforeAll(async () => {
    const port = await freePort();
    const store = join(directory, 'broker.p12');
    const keytool = (...args: readonly string[]): Buffer =>
      execFileSync('keytool', [...args, '-keystore', store, '-storepass', 'changeit', '-alias', 'broker'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    keytool('-genkeypair', '-keyalg', 'EC', '-storetype', 'PKCS12', '-dname', 'CN=broker', '-ext', 'SAN=ip:127.0.0.1');
    const ca = keytool('-exportcert', '-rfc').toString();
    const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_me="tiger";';
    broker = await startBroker({
      directory: join(directory, 'broker'),
      furtherListeners: [`SASL_SSL://127.0.0.1:${port}`],
      settings: {
        'sasl.enabled.mechanisms': 'PLAIN',
        'listener.name.sasl_ssl.plain.sasl.jaas.config': login,
        'ssl.keystore.location': store,
        'ssl.keystore.type': 'PKCS12',
        'ssl.keystore.password': 'changeit',
      },
    });
    const sasl = { mechanism: 'plain', username: 'me', password: 'tiger' } as const;
    secured = { brokers: [`127.0.0.1:${port}`], tls: { ca }, sasl, heartbeatEveryMs: 200 };
  }, 120_000);
  afterAll(async () => {
    await broker.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  test('gets what it wants, and messages pass', async () => {
    const bus = openKafkaBus(secured);
    await bus.ensureTopics([{ name: 'safe', partitions: 1 }]);
    const producer = await bus.producer();
    await producer.send(numbered('safe', 10));
    const reader = new Reader(await bus.consumer({ group: 'g', topics: ['safe'] }));
    await pollUntil([reader], () => reader.messages.length === 10);
    await bus.close();
  });

  test('refuses a wrong password or an unknown authority in a way that no retry heals', async () => {
    const final = { code: 'BUS_UNAVAILABLE', retryable: false };
    const sasl = { mechanism: 'plain', username: 'me', password: 'wrong' } as const;
    for (const wrong of [
      { ...secured, sasl },
      { ...secured, tls: {} },
    ]) {
      const bus = openKafkaBus(wrong);
      await expect(bus.consumer({ group: 'g', topics: ['safe'] })).rejects.toMatchObject(final);
      const producer = await bus.producer();
      await expect(producer.send(numbered('safe', 1))).rejects.toMatchObject(final);
      await bus.close();
    }
  });
});
