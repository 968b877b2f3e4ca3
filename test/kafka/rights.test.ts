/** Stages on a broker that allows only what deploy/kafka/acls.sh grants. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { grants } from '../../deploy/testing/kafka-grants.ts';
import { type Broker, freePorts, startBroker } from '../../scripts/kafka/broker.ts';
import { brokerMissing } from '../../scripts/kafka/jars.ts';
import { type RunningCommand, spanloom, startSpanloom, untilSays } from '../e2e/spanloom.ts';
import { describeWhere } from '../requirement.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const users = ['topics', 'collector', 'enricher', 'correlator', 'sink', 'operator', 'stranger'] as const;

/** `DescribeConfigs` as kafkajs numbers it. */
function operationOf(name: string): kafkajs.AclOperationTypes {
  const constant = name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase() as keyof typeof AclOperationTypes;
  return AclOperationTypes[constant];
}

describeWhere(brokerMissing(), 'stages on a broker with rights', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kafka-rights-'));
  const running: RunningCommand[] = [];
  let broker: Broker;
  let brokers: string;

  const settingsOf = (user: (typeof users)[number]): Readonly<Record<string, string>> => ({
    SPANLOOM_DATA_DIR: join(directory, user),
    SPANLOOM_BUS_KAFKA_BROKERS: brokers,
    SPANLOOM_BUS_KAFKA_SASL: 'plain',
    SPANLOOM_BUS_KAFKA_USER: `spanloom-${user}`,
    SPANLOOM_BUS_KAFKA_PASSWORD: 'tiger',
    SPANLOOM_METRICS_PORT: '0',
    SPANLOOM_LOG_LEVEL: 'error',
  });

  beforeAll(async () => {
    const [port] = await freePorts();
    brokers = `127.0.0.1:${port!}`;
    const logins = users.map((user) => `user_spanloom-${user}="tiger"`).join(' ');
    broker = await startBroker({
      directory: join(directory, 'broker'),
      furtherListeners: [`SASL_PLAINTEXT://${brokers}`],
      settings: {
        'sasl.enabled.mechanisms': 'PLAIN',
        'listener.name.sasl_plaintext.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${logins};`,
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'allow.everyone.if.no.acl.found': false,
        // The plain listener: the broker itself, and who gives rights here.
        'super.users': 'User:ANONYMOUS',
      },
    });
    const admin = new kafkajs.Kafka({ brokers: [...broker.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.createAcls({
      acl: grants().flatMap(({ user, operations, topics, groups, isPrefixed }) =>
        operations.flatMap((operation) =>
          [
            ...topics.map((name) => [AclResourceTypes.TOPIC, name] as const),
            ...groups.map((name) => [AclResourceTypes.GROUP, name] as const),
          ].map(([resourceType, resourceName]) => ({
            resourceType,
            resourceName,
            resourcePatternType: isPrefixed ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
            principal: `User:${user}`,
            host: '*',
            operation: operationOf(operation),
            permissionType: AclPermissionTypes.ALLOW,
          })),
        ),
      ),
    });
    // Sees the topics, but may join no group.
    await admin.createAcls({
      acl: [
        {
          resourceType: AclResourceTypes.TOPIC,
          resourceName: 'spanloom.',
          resourcePatternType: ResourcePatternTypes.PREFIXED,
          principal: 'User:spanloom-stranger',
          host: '*',
          operation: AclOperationTypes.ALL,
          permissionType: AclPermissionTypes.ALLOW,
        },
      ],
    });
    await admin.disconnect();
  }, 120_000);
  afterEach(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all(running.splice(0).map(({ ended }) => ended));
  });
  afterAll(async () => {
    await broker.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  test('its topics are made by one user, and by no other', async () => {
    const refused = await spanloom(['topics', 'apply'], settingsOf('enricher'));
    expect(refused.code).toBe(1);
    expect(refused.errors).toMatch(/^spanloom: Kafka: /m);
    expect(await spanloom(['topics', 'apply'], settingsOf('topics'))).toMatchObject({ code: 0 });
  }, 60_000);

  test.each(['enricher', 'correlator', 'sink'] as const)(
    'the %s has all it needs',
    async (stage) => {
      const command = startSpanloom([stage], settingsOf(stage));
      running.push(command);
      const [, address] = await untilSays(command, /Metrics are at (\S+)\/metrics/);
      await expect.poll(async () => (await fetch(`${address!}/readyz`)).text(), { timeout: 60_000 }).toBe('ok\n');
      command.child.kill('SIGTERM');
      expect(await command.ended).toBe(0);
    },
    90_000,
  );

  test('whoever may not join its group ends with one sentence, instead of waiting for ever', async () => {
    const command = startSpanloom(['enricher'], settingsOf('stranger'));
    running.push(command);
    expect(await command.ended).toBe(1);
    expect(command.errors()).toMatch(/^spanloom: Kafka: not authorized to join the group enricher\.$/m);
  }, 60_000);

  test('people put dead letters back with the rights of the operator', async () => {
    const listed = await spanloom(['dead-letter', 'list', '--json'], settingsOf('operator'));
    expect(listed).toMatchObject({ code: 0 });
    expect(JSON.parse(listed.output)).toMatchObject({ letters: [] });
  }, 60_000);
});
