/**
 * The partition of a key, as Kafka's default partitioner computes it (murmur2 of the UTF-8 bytes, sign bit cleared,
 * modulo), so that a pipeline that moves between buses keeps its keys together.
 */

/** MurmurHash2, 32 bits, seed 0x9747b28c. */
export function murmur2(bytes: Uint8Array): number {
  const multiplier = 0x5bd1e995;
  const length = bytes.length;
  let hash = 0x9747b28c ^ length;
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    let word = bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24);
    word = Math.imul(word, multiplier);
    word ^= word >>> 24;
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier);
  }
  const rest = length - index;
  if (rest >= 3) hash ^= bytes[index + 2]! << 16;
  if (rest >= 2) hash ^= bytes[index + 1]! << 8;
  if (rest >= 1) hash = Math.imul(hash ^ bytes[index]!, multiplier);
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return (hash ^ (hash >>> 15)) | 0;
}

/** Partition of a key among `partitions`. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}
