/**
 * The scripts that the shared link store consists of. Each works on keys of one bucket only, which share a hash tag, so
 * that it is one atomic step on one node of a cluster. The first key of each is the bucket's epoch: a random text that is
 * gone when the bucket's data are gone; each script returns it first.
 *
 * Spans are the nodes of a forest: `p<span>` holds the node above. No value: a root nobody was told of. Its own id: a
 * root under which spans were sent. Another id: its parent, always a lesser one; with `!` before it if spans had been
 * sent under this node before, so that whoever comes by can tell that they moved.
 */

const epoch = `
local epoch = redis.call('GET', KEYS[1])
if not epoch then
  epoch = ARGV[1]
  redis.call('SET', KEYS[1], epoch)
end
`;

/** KEYS: epoch, links. ARGV: epoch, ttl, ends kept of one call; for each link span id, and payload or '', start, window, popular. */
const registerSpans = `${epoch}
local result = { epoch }
for i = 2, #KEYS do
  local at = 4 + (i - 2) * 5
  local key, span, payload = KEYS[i], ARGV[at], ARGV[at + 1]
  if payload ~= '' then
    result[i] = redis.call('HGETALL', key)
    if redis.call('HLEN', key) < tonumber(ARGV[3]) then redis.call('HSETNX', key, span, payload) end
  else
    local first = redis.call('HMGET', key, 'span', 'start')
    local count = redis.call('HINCRBY', key, 'count', 1)
    local start, window, popular = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
    if not first[1] then
      redis.call('HSET', key, 'span', span, 'start', ARGV[at + 2])
      result[i] = 'first'
    elseif popular > 0 and count > popular then
      result[i] = 'popular'
    elseif math.abs(start - tonumber(first[2])) > window then
      redis.call('HSET', key, 'span', span, 'start', ARGV[at + 2])
      result[i] = 'old'
    else
      result[i] = first[1]
    end
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
export const redisScripts = { registerSpans, findParents, joinRoots, exposeRoots } as const;
export type RedisScript = keyof typeof redisScripts;
