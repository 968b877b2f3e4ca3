import { type ProtobufReader, wireTypes } from './protobuf-reader.ts';

/** Arrays and lists are within each other at most this deep; what is deeper has no text. */
const maxDepth = 8;

/**
 * Attributes of an opentelemetry.proto.resource.v1.Resource as text: numbers in decimal, bytes in base64, arrays and lists as
 * JSON. Where a name is there twice, the first counts.
 *
 * @param reader has entered the Resource; it is read to its end
 * @throws ProtobufError
 */
export function readResourceTexts(reader: ProtobufReader): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  while (reader.next()) {
    if (isBytes(reader, 1)) readKeyValue(reader, texts);
    else reader.skip();
  }
  return texts;
}

const isBytes = ({ field, wireType }: ProtobufReader, wanted: number): boolean =>
  field === wanted && wireType === wireTypes.bytes;

function readKeyValue(reader: ProtobufReader, texts: Map<string, string>): void {
  const outer = reader.enter();
  let key = '';
  let text = '';
  while (reader.next()) {
    if (isBytes(reader, 1)) key = reader.readText();
    else if (isBytes(reader, 2)) ({ text } = readAnyValue(reader, 0));
    else reader.skip();
  }
  reader.leave(outer);
  if (!texts.has(key)) texts.set(key, text);
}

/** A value as text, and as it stands in JSON. */
interface ValueText {
  readonly text: string;
  readonly json: string;
}

const noValue: ValueText = { text: '', json: 'null' };
const same = (text: string): ValueText => ({ text, json: text });
const quoted = (text: string): ValueText => ({ text, json: JSON.stringify(text) });

function readAnyValue(reader: ProtobufReader, depth: number): ValueText {
  const outer = reader.enter();
  let value = noValue;
  while (reader.next()) value = readOneOf(reader, depth) ?? value;
  reader.leave(outer);
  return value;
}

/** The value of a field of AnyValue; undefined for another field, which is passed over. */
function readOneOf(reader: ProtobufReader, depth: number): ValueText | undefined {
  switch (reader.field * 8 + reader.wireType) {
    case 0x0a:
      return quoted(reader.readText());
    case 0x10:
      return same(String(reader.readInt64() !== 0n));
    case 0x18:
      return same(String(reader.readInt64()));
    case 0x21:
      return doubleText(reader.readDouble());
    case 0x2a:
      return depth < maxDepth ? readArray(reader, depth + 1) : skipped(reader);
    case 0x32:
      return depth < maxDepth ? readList(reader, depth + 1) : skipped(reader);
    case 0x3a:
      return quoted(reader.readBytes().toString('base64'));
    default:
      reader.skip();
      return undefined;
  }
}

const doubleText = (value: number): ValueText => (Number.isFinite(value) ? same(String(value)) : quoted(String(value)));

function skipped(reader: ProtobufReader): ValueText {
  reader.skip();
  return noValue;
}

function readArray(reader: ProtobufReader, depth: number): ValueText {
  const values: string[] = [];
  const outer = reader.enter();
  while (reader.next()) {
    if (isBytes(reader, 1)) values.push(readAnyValue(reader, depth).json);
    else reader.skip();
  }
  reader.leave(outer);
  return same(`[${values.join(',')}]`);
}

function readList(reader: ProtobufReader, depth: number): ValueText {
  const entries: string[] = [];
  const outer = reader.enter();
  while (reader.next()) {
    if (isBytes(reader, 1)) entries.push(readEntry(reader, depth));
    else reader.skip();
  }
  reader.leave(outer);
  return same(`{${entries.join(',')}}`);
}

function readEntry(reader: ProtobufReader, depth: number): string {
  let key = '';
  let { json } = noValue;
  const outer = reader.enter();
  while (reader.next()) {
    if (isBytes(reader, 1)) key = reader.readText();
    else if (isBytes(reader, 2)) ({ json } = readAnyValue(reader, depth));
    else reader.skip();
  }
  reader.leave(outer);
  return `${JSON.stringify(key)}:${json}`;
}
