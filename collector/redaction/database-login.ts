import { cover, findByte, hasGap, isText, remaining, stateOf, unfinished, type Call } from './call.ts';
import { redactStatement } from './sql-literals.ts';

/** Logins of PostgreSQL and MySQL clients, and passwords in their SQL. */

const mysqlFlags = { protocol41: 0x200, secureConnection: 0x8000, lengthEncodedAuth: 0x200000 } as const;
const mysqlCommands = { query: 0x03, changeUser: 0x11, prepare: 0x16 } as const;
const [letterP, letterCapitalP, letterCapitalQ] = [0x70, 0x50, 0x51];

/** Walks the frontend messages of one call: type, length of the rest (4 bytes, counting itself), body. */
export function redactPostgresql(call: Call, from: number): number {
  const bytes = call.bytes;
  if (bytes[from] === letterP && bytes.length - from < 5) {
    // A password message whose length is still to come: passwords are shorter than this.
    return call.length !== from + 4 && !hasGap(call) ? stateOf(unfinished.bytes, 1024) : 0;
  }
  let at = from;
  while (bytes.length - at >= 5 && bytes[at + 1] === 0) {
    const type = bytes[at];
    const size = bytes.readUIntBE(at + 2, 3);
    if (size < 4) return 0;
    const end = at + 1 + size;
    if (type === letterP) {
      // The same bytes may be a MySQL packet of 112 bytes; that it would be cut here speaks against PostgreSQL.
      if (end > call.length && call.length === at + 4 + letterP) return 0;
      cover(call, at + 5, end);
      if (end > call.length) return remaining(call, end);
    } else if (type === letterCapitalQ || type === letterCapitalP) {
      let statement = at + 5;
      if (type === letterCapitalP) {
        const nameEnd = findByte(bytes, 0, statement, Math.min(end, bytes.length));
        if (nameEnd < 0) return 0;
        statement = nameEnd + 1;
      }
      const state = redactStatement(call, statement, end);
      if (state !== 0) return state;
    }
    at = end;
  }
  return 0;
}

/** Walks the client's packets of one call: length (3 bytes), sequence number, body. */
export function redactMysql(call: Call, from: number): number {
  const bytes = call.bytes;
  let at = from;
  while (bytes.length - at >= 4) {
    const size = bytes.readUIntLE(at, 3);
    const sequence = bytes[at + 3]!;
    if (size === 0 || sequence > 2) return 0;
    if (call.length === at + 4) return stateOf(unfinished.mysqlHeader, (sequence << 24) | size);
    if (bytes.length - at < 5) return 0;
    const state = redactMysqlPacket(call, at + 4, size, sequence);
    if (state !== 0 || sequence !== 0) return state;
    at += 4 + size;
  }
  return 0;
}

function redactMysqlPacket(call: Call, body: number, size: number, sequence: number): number {
  const bytes = call.bytes;
  const end = body + size;
  if (sequence !== 0) return redactHandshake(call, body, end);
  const command = bytes[body];
  if (command === mysqlCommands.changeUser && end >= call.length) {
    let user = body + 1;
    while (user < bytes.length && isText(bytes[user]!)) user++;
    if (bytes[user] !== 0) return 0;
    cover(call, user + 1, end);
    return end > call.length ? remaining(call, end) : stateOf(unfinished.mysqlAuth);
  }
  if (command === mysqlCommands.query || command === mysqlCommands.prepare) {
    // Without query attributes the client still says so in two bytes (CLIENT_QUERY_ATTRIBUTES).
    const attributes = bytes[body + 1] === 0 && bytes[body + 2] === 1 ? 2 : 0;
    return redactStatement(call, body + 1 + attributes, end);
  }
  return 0;
}

/**
 * HandshakeResponse41: flags (4), maximum packet (4), character set (1), filler (23, of which MariaDB uses the last 4),
 * user, NUL, authentication data, ...
 */
function redactHandshake(call: Call, body: number, end: number): number {
  const bytes = call.bytes;
  if (bytes.length - body < 33 || end < body + 33) return 0;
  const flags = bytes.readUIntLE(body, 3);
  if ((flags & mysqlFlags.protocol41) === 0) return 0;
  if (bytes.subarray(body + 9, body + 28).some((byte) => byte !== 0)) return 0;
  const userEnd = findByte(bytes, 0, body + 32, bytes.length);
  if (userEnd >= 0) {
    const data = userEnd + 1;
    if ((flags & (mysqlFlags.secureConnection | mysqlFlags.lengthEncodedAuth)) === 0) {
      const dataEnd = findByte(bytes, 0, data, bytes.length);
      cover(call, data, dataEnd < 0 ? bytes.length : dataEnd);
    } else if (bytes[data] === 0xfc && (flags & mysqlFlags.lengthEncodedAuth) !== 0) {
      const size = bytes.length - data >= 3 ? bytes.readUInt16LE(data + 1) : 0xffff;
      cover(call, data + 3, Math.min(end, data + 3 + size));
    } else if (data < bytes.length) cover(call, data + 1, Math.min(end, data + 1 + bytes[data]!));
  }
  return end > call.length ? remaining(call, end) : stateOf(unfinished.mysqlAuth);
}

/** A call of a client whose login is under way: its packets carry sequence numbers above 0 until its first command. */
export function redactMysqlAuth(call: Call, redactLogins: (call: Call, from: number) => number): number {
  const bytes = call.bytes;
  if (bytes.length < 4) {
    cover(call, 0, bytes.length);
    return stateOf(unfinished.mysqlAuth);
  }
  const sequence = bytes[3]!;
  if (sequence === 0) return redactLogins(call, 0);
  if (call.length === 4)
    return stateOf(unfinished.mysqlHeaderInAuth, ((sequence & 0xf) << 24) | bytes.readUIntLE(0, 3));
  cover(call, 4, bytes.length);
  return stateOf(unfinished.mysqlAuth);
}

/** The body of a MySQL packet whose header came in a call of its own. */
export function redactMysqlBody(call: Call, state: number, redactLogins: (call: Call, from: number) => number): number {
  const size = state & 0xffffff;
  const sequence = (state >>> 24) & 0xf;
  if (state >>> 28 === unfinished.mysqlHeaderInAuth && sequence !== 0) {
    cover(call, 0, call.bytes.length);
    return stateOf(unfinished.mysqlAuth);
  }
  const next = call.bytes.length > 0 && size >= call.length ? redactMysqlPacket(call, 0, size, sequence) : 0;
  return next !== 0 ? next : redactLogins(call, 0);
}
