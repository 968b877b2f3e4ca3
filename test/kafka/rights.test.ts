/** Stages on a broker that allows only what deploy/kafka/acls.sh grants. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../core/free-ports.ts';
import { readTopic } from '../../cli/bus/read-topic.ts';
import { oneAgent, otherAgent } from '../../core/agents/testing/agent-keys.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { grants } from '../../deploy/testing/kafka-grants.ts';
import { anEvent } from '../../schemas/testing/an-event.ts';
import { batchMessage } from '../../enricher/testing/signed.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readDeadLetter } from '../../schemas/generated/dead-letter.ts';
import type { SocketEvent } from '../../schemas/generated/event-batch.ts';
import { readSpanBatch } from '../../schemas/generated/span-batch.ts';
import { type Broker, startBroker } from '../../scripts/kafka/broker.ts';
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
    const port = await freePort();
    brokers = `127.0.0.1:${port}`;
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

  test('a collector may write what agents say, and neither what there is in the cluster nor what stages make', async () => {
    const bus = openKafkaBus({
      brokers: [brokers],
      sasl: { mechanism: 'plain', username: 'spanloom-collector', password: 'tiger' },
    });
    const producer = await bus.producer();
    const value = Buffer.from('anything');
    for (const topic of ['events', 'agent-resources']) await producer.send([{ topic, key: 'x', value }]);
    for (const topic of ['resources', 'resource-ids', 'spans', 'linked', 'traces', 'dead-letter'])
      await expect(producer.send([{ topic, key: 'x', value }])).rejects.toThrow(/[Nn]ot authorized/);
    await bus.close();
  }, 60_000);

  test('with the rights of a collector nobody speaks for an agent whose key they do not have', async () => {
    const bus = openKafkaBus({
      brokers: [brokers],
      sasl: { mechanism: 'plain', username: 'spanloom-collector', password: 'tiger' },
    });
    const producer = await bus.producer();
    const agentId = oneAgent.agentId!;
    let id = 1;
    const call = (): readonly SocketEvent[] => [
      anEvent({ id: id++, socketId: 5, direction: 'ingress', text: 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n' }),
      anEvent({ id: id++, socketId: 5, direction: 'egress', text: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' }),
    ];
    const high = [anEvent({ id: 2 ** 52, kind: 'close', socketId: 999, timeOffsetNs: 5000 })];
    await producer.send([
      batchMessage({ sequence: 1, events: call() }, oneAgent),
      batchMessage({ sequence: 2, events: call() }, oneAgent),
      // By somebody else with these rights: without a signature, and with their own.
      batchMessage({ agentId, sequence: 2 ** 40, events: high }),
      batchMessage({ agentId, sequence: 2 ** 40, events: high }, otherAgent),
      batchMessage({ sequence: 3, events: call() }, oneAgent),
    ]);
    await bus.close();

    const command = startSpanloom(['enricher'], settingsOf('enricher'));
    running.push(command);
    const everything = openKafkaBus({ brokers: broker.brokers });
    const { signal } = new AbortController();
    const spans = async (): Promise<number> => {
      let count = 0;
      for await (const { key, value } of readTopic(everything, 'spans', signal))
        if (key === String(agentId)) count += readSpanBatch(new AvroReader(value)).spans.length;
      return count;
    };
    await expect.poll(spans, { timeout: 60_000, interval: 1000 }).toBe(3);
    const reasons: string[] = [];
    for await (const { value } of readTopic(everything, 'dead-letter', signal)) {
      const { topic, key, reason } = readDeadLetter(new AvroReader(value));
      if (topic === 'events' && key === String(agentId)) reasons.push(reason);
    }
    await everything.close();
    expect(reasons).toEqual(['unsigned', 'forged']);
  }, 120_000);

  test('people put dead letters back with the rights of the operator', async () => {
    const listed = await spanloom(['dead-letter', 'list', '--json'], settingsOf('operator'));
    expect(listed).toMatchObject({ code: 0 });
    // What was put aside before by the enricher.
    const { letters } = JSON.parse(listed.output) as { letters: readonly { readonly reason: string }[] };
    expect(letters.map(({ reason }) => reason).toSorted()).toEqual(['forged', 'unsigned', 'unsigned']);
  }, 60_000);
});
