/**
 * The scripts that the shared link store consists of. Each works on keys of one bucket only, which share a hash tag, so
 * that it is one atomic step on one node of a cluster. The first key of each is the bucket's epoch: a random text that is
 * gone when the bucket's data are gone; each script returns it first.
 *
 * Components are the nodes of a forest, named by one of their spans: `p<node>` holds the node above. No value: a root
 * nobody was told of. Its own name: a root under which spans were sent. Another name: its parent, always a lesser one;
 * with `!` before it if spans had been sent under this node before, so that whoever comes by can tell that they moved.
 */

const epoch = `
local epoch = redis.call('GET', KEYS[1])
if not epoch then
  epoch = ARGV[1]
  redis.call('SET', KEYS[1], epoch)
end
`;

/** KEYS: epoch, calls. ARGV: epoch, ttl, ends kept of one call, for each an end. Returns the ends that were there. */
const meetCalls = `${epoch}
local result = { epoch }
for i = 2, #KEYS do
  local ends = redis.call('LRANGE', KEYS[i], 0, -1)
  if #ends < tonumber(ARGV[3]) then redis.call('RPUSH', KEYS[i], ARGV[2 + i]) end
  redis.call('PEXPIRE', KEYS[i], ARGV[2])
  result[i] = ends
end
return result
`;

/**
 * KEYS: epoch, explicit ids. ARGV: epoch, ttl, for each: node, start, spans, window, most spans or 0. Returns the node
 * that carried the id first; 'first', 'popular' or 'old' where there is none that counts.
 */
const meetIds = `${epoch}
local result = { epoch }
for i = 2, #KEYS do
  local at = 3 + (i - 2) * 5
  local key, node, start, most = KEYS[i], ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 4])
  local first = redis.call('HMGET', key, 'node', 'start')
  local count = redis.call('HINCRBY', key, 'count', ARGV[at + 2])
  if not first[1] then
    redis.call('HSET', key, 'node', node, 'start', start)
    result[i] = 'first'
  elseif most > 0 and count > most then
    result[i] = 'popular'
  elseif math.abs(tonumber(start) - tonumber(first[2])) > tonumber(ARGV[at + 3]) then
    redis.call('HSET', key, 'node', node, 'start', start)
    result[i] = 'old'
  else
    result[i] = first[1]
  end
  redis.call('PEXPIRE', key, ARGV[2])
end
return result
`;

/** KEYS: epoch, nodes. ARGV: epoch, ttl. Returns what is above each node, or ''. */
const findParents = `${epoch}
local result = { epoch }
for i = 2, #KEYS do
  local above = redis.call('GET', KEYS[i])
  if above then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
  result[i] = above or ''
end
return result
`;

/** KEYS: epoch, roots. ARGV: epoch, ttl, for each root its id and its new parent. Returns what was above each before. */
const joinRoots = `${epoch}
local result = { epoch }
for i = 2, #KEYS do
  local id, parent = ARGV[3 + (i - 2) * 2], ARGV[4 + (i - 2) * 2]
  local above = redis.call('GET', KEYS[i])
  if not above then
    redis.call('SET', KEYS[i], parent, 'PX', ARGV[2])
  elseif above == id then
    redis.call('SET', KEYS[i], '!' .. parent, 'PX', ARGV[2])
  end
  result[i] = above or ''
end
return result
`;

/** KEYS: epoch, roots. ARGV: epoch, ttl, ids. Says that spans are sent under these roots; returns what was above each. */
const exposeRoots = `${epoch}
local result = { epoch }
for i = 2, #KEYS do
  local above = redis.call('GET', KEYS[i])
  if not above then redis.call('SET', KEYS[i], ARGV[1 + i], 'PX', ARGV[2])
  else redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
  result[i] = above or ''
end
return result
`;

/** Lua by the name of the command. */
export const redisScripts = { meetCalls, meetIds, findParents, joinRoots, exposeRoots } as const;
export type RedisScript = keyof typeof redisScripts;
