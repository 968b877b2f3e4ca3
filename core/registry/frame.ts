/**
 * Confluent framing: a zero byte, the id of the schema in four bytes, big endian, then the Avro record. Serializers and
 * connectors that know a Schema Registry read and write it.
 */

/** A framed value, apart. */
export interface Frame {
  readonly schemaId: number;
  /** The record; shares memory with the framed value. */
  readonly body: Buffer;
}

const headBytes = 5;
const magicByte = 0;

/** Puts a record into a frame: one copy. */
export function frame(schemaId: number, body: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(headBytes + body.length);
  framed[0] = magicByte;
  framed.writeUInt32BE(schemaId, 1);
  framed.set(body, headBytes);
  return framed;
}

/** Takes a record out of its frame; undefined when the value has none. */
export function unframe(value: Buffer): Frame | undefined {
  if (value.length < headBytes || value[0] !== magicByte) return undefined;
  return { schemaId: value.readUInt32BE(1), body: value.subarray(headBytes) };
}
