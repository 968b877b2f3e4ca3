import type { Bus } from '../bus/bus.ts';
import type { StageDefinition } from './stage-definition.ts';

/**
 * A bus that lets a stage read and write what its definition declares and nothing else: rights on Kafka are made from the
 * definitions, so an undeclared topic would fail there only, and late. What it refuses is a bug: it throws a plain Error.
 */
export function declaredBus(
  bus: Bus,
  { name, reads, writes }: Pick<StageDefinition, 'name' | 'reads' | 'writes'>,
  furtherTopics: readonly string[] = [],
): Bus {
  const written = new Set<string>([...writes, ...furtherTopics]);
  const isDeclared = (group: string, topic: string): boolean =>
    reads.some(
      (read) => read.topic === topic && (read.isWhole ? group.startsWith(`${read.group}-`) : group === read.group),
    );
  return {
    servers: bus.servers,
    ensureTopics: (settings) => bus.ensureTopics(settings),
    async consumer(options) {
      const undeclared = options.topics.find((topic) => !isDeclared(options.group, topic));
      if (undeclared !== undefined)
        throw new Error(`${name}/definition.ts does not declare that group ${options.group} reads ${undeclared}`);
      return bus.consumer(options);
    },
    async producer() {
      const producer = await bus.producer();
      return {
        async send(messages) {
          const undeclared = messages.find(({ topic }) => !written.has(topic));
          if (undeclared !== undefined)
            throw new Error(`${name}/definition.ts does not declare that it writes ${undeclared.topic}`);
          await producer.send(messages);
        },
        close: () => producer.close(),
      };
    },
    close: () => bus.close(),
  };
}
