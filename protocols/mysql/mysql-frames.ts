import { headerBytes, packetLength } from './mysql-packets.ts';

/**
 * Frames of connections that agreed on compression (dev.mysql.com, "Compressed Packet"): three bytes of length, a sequence of
 * their own that begins at 0 with each command, three bytes of the length before compression. That is 0 where a frame holds
 * packets as they are, which is how small ones are sent.
 */

/** Bytes of a frame's header. */
export const frameHeaderBytes = 7;
/** What says that a frame holds packets as they are: its header and that of the first packet. */
const leastFrameBytes = frameHeaderBytes + headerBytes;

/** Whether the content of the frame at `at` is compressed. */
export function isCompressedFrame(bytes: Uint8Array, at: number): boolean {
  return packetLength(bytes, at + headerBytes) !== 0;
}

/**
 * Whether a frame that holds whole packets stands here, as far as captured; the first has the frame's sequence, others count on.
 * A packet by itself never looks so: there is no command 0, and an OK would have more than 255 warnings.
 */
export function isFrame(bytes: Uint8Array, start: number, end: number, sequence: number): boolean {
  if (end - start < leastFrameBytes || bytes[start + 3] !== sequence || isCompressedFrame(bytes, start)) return false;
  let at = start + frameHeaderBytes;
  const frameEnd = at + packetLength(bytes, start);
  for (let next = sequence; at < frameEnd && at + headerBytes <= end; next++) {
    const length = packetLength(bytes, at);
    if (bytes[at + 3] !== (next & 0xff) || length === 0 || at + headerBytes + length > frameEnd) return false;
    at += headerBytes + length;
  }
  return at === frameEnd || at + headerBytes > end;
}

/** Whether there are bytes enough to tell a frame from the packet at `start`, or that packet is whole. */
export function canTellFrame(bytes: Uint8Array, start: number, end: number): boolean {
  const captured = end - start;
  return (
    captured >= leastFrameBytes || (captured >= headerBytes && captured >= headerBytes + packetLength(bytes, start))
  );
}

/** Whether what stands here begins a frame whose content is compressed, by zlib (RFC 1950) or Zstandard (RFC 8878). */
export function looksCompressed(bytes: Uint8Array, start: number, end: number): boolean {
  const at = start + frameHeaderBytes;
  if (end < at + 4 || !isCompressedFrame(bytes, start)) return false;
  const isZlib = bytes[at] === 0x78 && ((bytes[at] << 8) | bytes[at + 1]!) % 31 === 0;
  return isZlib || (bytes[at] === 0x28 && bytes[at + 1] === 0xb5 && bytes[at + 2] === 0x2f && bytes[at + 3] === 0xfd);
}
