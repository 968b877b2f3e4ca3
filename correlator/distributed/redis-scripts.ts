/**
 * The Lua scripts of the shared link store. Each uses keys of one bucket only, which share a hash tag, so it is one atomic
 * step on one node of a cluster. One argument packs everything for a bucket, and so does the answer. KEYS of each: the
 * bucket's epoch, and the two halves of a table. ARGV of each: an epoch, how long an entry is kept after its last use. Each
 * returns the bucket's epoch first: a random text that is lost together with the bucket's data.
 *
 * A table is a pair of hashes; a key per entry would take several times the time and memory. One half is written for
 * one period, then only read for one period while the other half is written, then dropped. An entry used in the older
 * half is copied to the younger. Redis's expiry gives the age of a half, and removes it if no script uses it.
 *
 * Components are the nodes of a forest, named after one of their spans. A node's entry begins with a letter. No entry: a root
 * under which no span was sent. `r`: a root under which spans were sent. `p` and another name: its parent, always a lesser
 * one; `m` instead if spans had been sent under this node before, so that an instance that reads it announces the move.
 */
import { callEndBytes, nodeBytes } from './link-bytes.ts';

/** Arguments of one command in a script; Lua's stack holds some thousands. */
const chunk = 1_000;

const table = `
local epoch = redis.call('GET', KEYS[1])
if not epoch then
  epoch = ARGV[1]
  redis.call('SET', KEYS[1], epoch)
end
local ttl = tonumber(ARGV[2])
local young, old = KEYS[2], KEYS[3]
local left, oldLeft = redis.call('PTTL', young), redis.call('PTTL', old)
if left < oldLeft then young, old, left = old, young, oldLeft end
-- Each is made to last two and a half times: written in the first, read in the second.
local isNew = left <= 1.5 * ttl
if isNew then
  young, old = old, young
  redis.call('UNLINK', young)
end

local changes = {}
local function put(field, value)
  changes[#changes + 1] = field
  changes[#changes + 1] = value
end
local function store()
  for from = 1, #changes, ${chunk} do
    redis.call('HSET', young, unpack(changes, from, math.min(from + ${chunk - 1}, #changes)))
  end
  if isNew and #changes > 0 then redis.call('PEXPIRE', young, 2.5 * ttl) end
end
local function read(half, fields)
  local values = {}
  for from = 1, #fields, ${chunk} do
    local to = math.min(from + ${chunk - 1}, #fields)
    for i, value in ipairs(redis.call('HMGET', half, unpack(fields, from, to))) do values[from + i - 1] = value end
  end
  return values
end
-- The values of all fields, false where there is none; and whether each is in the old half only.
local function readAll(fields)
  local values, aged = read(young, fields), {}
  local missing, places = {}, {}
  for i = 1, #fields do
    if not values[i] then
      missing[#missing + 1] = fields[i]
      places[#places + 1] = i
    end
  end
  for i, value in ipairs(read(old, missing)) do
    values[places[i]] = value
    aged[places[i]] = value and true
  end
  return values, aged
end
`;

/**
 * Calls and ids that spans of a batch have, each key once. ARGV: most ends of one call; calls, each a key's length, the
 * key, the number of ends (16 bits), the ends; ids, each a key's length, the key, node, start, spans, window, most spans
 * or 0 (doubles). Returns the ends that were there, each call's after its place (32 bits) and their number (16 bits); and
 * for each id the node that carried it first after an `n`, or `f`irst, `p`opular, `o`ld where there is none that counts.
 */
const meet = `${table}
local limit = tonumber(ARGV[3]) * ${callEndBytes}
local calls, ids = ARGV[4], ARGV[5]
local fields, ends = {}, {}
local at = 1
while at <= #calls do
  local length = string.byte(calls, at)
  local low, high = string.byte(calls, at + 1 + length, at + 2 + length)
  local from = at + 3 + length
  at = from + (low + 256 * high) * ${callEndBytes}
  fields[#fields + 1] = string.sub(calls, from - 2 - length, from - 3)
  ends[#ends + 1] = string.sub(calls, from, at - 1)
end
local values, aged = readAll(fields)
local known = {}
for i, field in ipairs(fields) do
  local value, new = values[i], ends[i]
  if value then
    known[#known + 1] = struct.pack('<I4I2', i - 1, #value / ${callEndBytes})
    known[#known + 1] = value
    local there, before = {}, #value
    for from = 1, #value, ${callEndBytes} do there[string.sub(value, from, from + ${callEndBytes - 1})] = true end
    for from = 1, #new, ${callEndBytes} do
      local one = string.sub(new, from, from + ${callEndBytes - 1})
      if not there[one] and #value < limit then value = value .. one end
    end
    if aged[i] or #value > before then put(field, value) end
  else
    put(field, string.sub(new, 1, limit))
  end
end
local idFields, idPlaces = {}, {}
at = 1
while at <= #ids do
  local length = string.byte(ids, at)
  idFields[#idFields + 1] = string.sub(ids, at + 1, at + length)
  idPlaces[#idPlaces + 1] = at + 1 + length
  at = at + 1 + length + ${nodeBytes + 4 * 8}
end
local idValues = readAll(idFields)
local answers, latest = {}, {}
for i, field in ipairs(idFields) do
  local node = string.sub(ids, idPlaces[i], idPlaces[i] + ${nodeBytes - 1})
  local start, spans, window, most = struct.unpack('<dddd', ids, idPlaces[i] + ${nodeBytes})
  local value = latest[field] or idValues[i]
  local first, firstStart, count = node, start, 0
  if value then
    first = string.sub(value, 1, ${nodeBytes})
    firstStart, count = struct.unpack('<dd', value, ${nodeBytes + 1})
  end
  count = count + spans
  if not value then
    answers[i] = 'f' .. node
  elseif most > 0 and count > most then
    answers[i] = 'p' .. node
  elseif math.abs(start - firstStart) > window then
    first, firstStart = node, start
    answers[i] = 'o' .. node
  else
    answers[i] = 'n' .. first
  end
  latest[field] = first .. struct.pack('<dd', firstStart, count)
end
for field, value in pairs(latest) do put(field, value) end
store()
return { epoch, table.concat(known), table.concat(answers) }
`;

/**
 * The same as a read, before the batch has written its own keys. ARGV: calls, each a key's length and the key; ids as above.
 * Returns the same as above, where ids that no span carried are `f`irst, and counts nothing.
 */
const peek = `${table}
local calls, ids = ARGV[3], ARGV[4]
local fields, places = {}, {}
local at = 1
while at <= #calls do
  local length = string.byte(calls, at)
  fields[#fields + 1] = string.sub(calls, at + 1, at + length)
  at = at + 1 + length
end
local count = #fields
at = 1
while at <= #ids do
  local length = string.byte(ids, at)
  fields[#fields + 1] = string.sub(ids, at + 1, at + length)
  places[#places + 1] = at + 1 + length
  at = at + 1 + length + ${nodeBytes + 4 * 8}
end
local values, aged = readAll(fields)
local known, answers = {}, {}
for i = 1, count do
  local value = values[i]
  if value then
    if aged[i] then put(fields[i], value) end
    known[#known + 1] = struct.pack('<I4I2', i - 1, #value / ${callEndBytes})
    known[#known + 1] = value
  end
end
for i, place in ipairs(places) do
  local value = values[count + i]
  local start, spans, window, most = struct.unpack('<dddd', ids, place + ${nodeBytes})
  local letter, node = 'f', string.sub(ids, place, place + ${nodeBytes - 1})
  if value then
    local firstStart, carriers = struct.unpack('<dd', value, ${nodeBytes + 1})
    if most > 0 and carriers + spans > most then letter = 'p'
    elseif math.abs(start - firstStart) > window then letter = 'o'
    else letter, node = 'n', string.sub(value, 1, ${nodeBytes}) end
  end
  answers[i] = letter .. node
end
store()
return { epoch, table.concat(known), table.concat(answers) }
`;

const nodeTable = `${table}
local function nodesOf(packed, stride)
  local nodes = {}
  for at = 1, #packed, stride do nodes[#nodes + 1] = string.sub(packed, at, at + ${nodeBytes - 1}) end
  return nodes
end
local function answer(nodes, values, aged)
  local answers = {}
  for i, node in ipairs(nodes) do
    if aged[i] then put(node, values[i]) end
    answers[i] = values[i] or '${'\\0'.repeat(1 + nodeBytes)}'
  end
  store()
  return { epoch, table.concat(answers) }
end
`;

/** ARGV: nodes. Returns the entry of each, zeros where there is none. */
const findParents = `${nodeTable}
local nodes = nodesOf(ARGV[3], ${nodeBytes})
local values, aged = readAll(nodes)
return answer(nodes, values, aged)
`;

/** ARGV: roots, each with its new parent. Returns the entry that each had before. */
const joinRoots = `${nodeTable}
local nodes = nodesOf(ARGV[3], ${2 * nodeBytes})
local values, aged = readAll(nodes)
for i, node in ipairs(nodes) do
  local parent = string.sub(ARGV[3], (2 * i - 1) * ${nodeBytes} + 1, 2 * i * ${nodeBytes})
  local kind = values[i] and string.sub(values[i], 1, 1)
  if not kind then put(node, 'p' .. parent) end
  if kind == 'r' then
    put(node, 'm' .. parent)
    aged[i] = false
  end
end
return answer(nodes, values, aged)
`;

/** ARGV: roots. Says that spans are sent under them. Returns the entry that each had before. */
const markPublished = `${nodeTable}
local nodes = nodesOf(ARGV[3], ${nodeBytes})
local values, aged = readAll(nodes)
for i, node in ipairs(nodes) do
  if not values[i] then put(node, 'r${'\\0'.repeat(nodeBytes)}') end
end
return answer(nodes, values, aged)
`;

/** Lua by the name of the command. */
export const redisScripts = { peek, meet, findParents, joinRoots, markPublished } as const;
export type RedisScript = keyof typeof redisScripts;
