/** Name of an attribute, with the bytes that begin its KeyValue in protobuf: made once. */
export interface AttributeKey {
  readonly name: string;
  /** The field `key` of KeyValue, and the tag of its field `value`. */
  readonly bytes: Buffer;
}

// Field numbers and wire types of opentelemetry.proto.common.v1: KeyValue { key = 1, value = 2 }.
const keyTag = 0x0a;
const valueTag = 0x12;

/** @param name ASCII, below 128 characters */
export function attributeKey(name: string): AttributeKey {
  return { name, bytes: Buffer.from([keyTag, name.length, ...Buffer.from(name, 'latin1'), valueTag]) };
}

/** Takes the attributes of a span or of a resource: each encoding has one of its own. A name comes once. */
export interface Attributes {
  /** An empty text is no attribute. */
  text(key: AttributeKey, value: string): void;
  /** A whole number within ±2^53. */
  integer(key: AttributeKey, value: number): void;
  /** 0 is no attribute: most numbers of a span say "not known" by it. */
  integerUnlessZero(key: AttributeKey, value: number): void;
  double(key: AttributeKey, value: number): void;
}
