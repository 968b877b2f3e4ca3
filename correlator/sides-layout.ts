import type { Side, Span } from '../schemas/generated/span.ts';

/**
 * Where the sides of a span lie in its bytes, and how well each is known. They stand last: the client, then the server.
 * Packed into one integer, since every span in state has one.
 */
export type SidesLayout = number;

/** Greatest layout: a side has at most 17 bytes of address, 3 of port and 18 numbers of five bytes. */
const maxSideBytes = 0x7f;

/** Bytes that Avro takes for a number. */
function numberBytes(value: number): number {
  const magnitude = value < 0 ? -value - 1 : value;
  if (magnitude < 0x40) return 1;
  if (magnitude < 0x2000) return 2;
  if (magnitude < 0x10_0000) return 3;
  return magnitude < 0x800_0000 ? 4 : 5;
}

function sideBytes(side: Side): number {
  return (
    numberBytes(side.address.length) +
    side.address.length +
    numberBytes(side.port) +
    numberBytes(side.regionId) +
    numberBytes(side.zoneId) +
    numberBytes(side.vpcId) +
    numberBytes(side.subnetId) +
    numberBytes(side.hostId) +
    numberBytes(side.instanceId) +
    numberBytes(side.clusterId) +
    numberBytes(side.nodeId) +
    numberBytes(side.namespaceId) +
    numberBytes(side.workloadId) +
    numberBytes(side.podId) +
    numberBytes(side.serviceId) +
    numberBytes(side.processResourceId) +
    numberBytes(side.autoInstanceId) +
    numberBytes(side.autoInstanceType) +
    numberBytes(side.autoServiceId) +
    numberBytes(side.autoServiceType) +
    numberBytes(side.resolution)
  );
}

/** How well a side is known: a pod is more than a process, that more than where it runs. */
function knowledgeOf({ podId, processResourceId, nodeId, instanceId, hostId }: Side): number {
  return (
    (podId === 0 ? 0 : 4) +
    (processResourceId === 0 ? 0 : 2) +
    (nodeId === 0 && instanceId === 0 && hostId === 0 ? 0 : 1)
  );
}

/** The layout of a span; 0 where a side has a shape that is left alone. */
export function sidesLayout({ client, server }: Pick<Span, 'client' | 'server'>): SidesLayout {
  // One byte of resolution, which the last one is then: bits up to 32.
  if ((client.resolution | server.resolution) & ~0x3f) return 0;
  const [clientBytes, serverBytes] = [sideBytes(client), sideBytes(server)];
  if (clientBytes > maxSideBytes || serverBytes > maxSideBytes) return 0;
  return clientBytes | (serverBytes << 7) | (knowledgeOf(client) << 14) | (knowledgeOf(server) << 17);
}

/** Length in bytes of the client's side. */
export const clientLength = (layout: SidesLayout): number => layout & 0x7f;
/** Length in bytes of the server's side. */
export const serverLength = (layout: SidesLayout): number => (layout >> 7) & 0x7f;
/** How well the client's side is known; more is better. */
export const clientKnowledge = (layout: SidesLayout): number => (layout >> 14) & 7;
/** How well the server's side is known. */
export const serverKnowledge = (layout: SidesLayout): number => (layout >> 17) & 7;
