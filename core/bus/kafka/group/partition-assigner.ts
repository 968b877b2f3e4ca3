import kafkajs, { type Assigner, type Cluster, type PartitionAssigner } from 'kafkajs';
import { assignPartitions, topicsWithNumbers } from './assign-partitions.ts';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
const version = 1;

/** Metadata that a member sends to the group's leader. */
interface UserData {
  readonly had: readonly number[];
}

function readUserData(metadata: Buffer): UserData {
  try {
    const { had } = JSON.parse(MemberMetadata.decode(metadata)!.userData.toString()) as Partial<UserData>;
    return { had: Array.isArray(had) ? had.filter((partition) => Number.isInteger(partition)) : [] };
  } catch {
    return { had: [] };
  }
}

/**
 * The assigner of `assignPartitions`, for kafkajs.
 *
 * @param onJoin called right before each request to join: from then on nothing of the old generation counts
 * @param had numbers of the partitions that this member has
 */
export function partitionAssigner(onJoin: () => void, had: () => readonly number[]): PartitionAssigner {
  return ({ cluster }) => {
    keepLastBroker(cluster);
    return assigner(cluster, onJoin, had);
  };
}

/**
 * Where a connection breaks, kafkajs forgets the broker. When it was the only one, there is none left to come back to:
 * the consumer gives its membership up, and the group waits for the old member until its session is over.
 */
function keepLastBroker(cluster: Cluster): void {
  const removeBroker = cluster.removeBroker.bind(cluster);
  cluster.removeBroker = (address) => {
    if (cluster.getNodeIds().length > 1) removeBroker(address);
  };
}

function assigner(cluster: Cluster, onJoin: () => void, had: () => readonly number[]): Assigner {
  return {
    name: 'SpanloomStickyAssigner',
    version,
    protocol({ topics }) {
      onJoin();
      const userData = Buffer.from(JSON.stringify({ had: had() } satisfies UserData));
      return { name: this.name, metadata: MemberMetadata.encode({ version, topics, userData }) };
    },
    assign({ members, topics }) {
      const partitionsOf = new Map(topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).length]));
      const assigned = assignPartitions(
        members.map(({ memberId, memberMetadata }) => ({ id: memberId, ...readUserData(memberMetadata) })),
        Math.max(...partitionsOf.values()),
      );
      return Promise.resolve(
        [...assigned].map(([memberId, numbers]) => {
          const assignment: Record<string, number[]> = {};
          for (const { topic, partition } of topicsWithNumbers(numbers, partitionsOf))
            (assignment[topic] ??= []).push(partition);
          return {
            memberId,
            memberAssignment: MemberAssignment.encode({ version, assignment, userData: Buffer.alloc(0) }),
          };
        }),
      );
    },
  };
}
