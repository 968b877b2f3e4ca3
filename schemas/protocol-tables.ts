/**
 * What the host and the enricher must know alike: which protocols are recognised on which ports, words by which they are
 * told, and the names that stand before credentials. The enricher imports this file; `npm run generate` makes
 * native/generated/protocol-tables.h of it.
 */

/** The usual port of each protocol, where bytes that could be several things are believed. */
export const usualPorts = { redis: [6379], postgresql: [5432], mysql: [3306], dns: [53, 5353, 5355] } as const;

/** Methods of HTTP by which a request is told before its start line is complete (RFC 9110, 9.3; RFC 5789; RFC 4918). */
export const httpMethods = words(`
  GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH
  PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH PURGE
`);

/** Words that statements begin with in one of the dialects of SQL. */
export const sqlVerbs = words(`
  SELECT INSERT UPDATE DELETE MERGE REPLACE WITH VALUES TABLE CREATE ALTER DROP TRUNCATE RENAME COMMENT GRANT REVOKE
  BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE ABORT END SET RESET SHOW USE DESCRIBE DESC EXPLAIN ANALYZE CALL DO
  EXECUTE PREPARE DEALLOCATE DECLARE FETCH MOVE CLOSE COPY LOAD LOCK UNLOCK LISTEN NOTIFY UNLISTEN VACUUM REINDEX
  CLUSTER REFRESH CHECKPOINT DISCARD HANDLER KILL FLUSH OPTIMIZE REPAIR CHECK CHECKSUM XA REASSIGN SECURITY IMPORT
  HELP PURGE CHANGE STOP SHUTDOWN INSTALL UNINSTALL BINLOG SIGNAL RESIGNAL BACKUP CACHE CLONE RESTART
`);

/** Commands of Redis and its descendants. */
export const redisCommands = words(`
  AUTH HELLO PING ECHO QUIT MULTI EXEC DISCARD UNWATCH RESET DBSIZE FLUSHALL FLUSHDB SAVE BGSAVE TIME INFO
  ROLE SYNC PSYNC MONITOR LASTSAVE BGREWRITEAOF REPLCONF SHUTDOWN WAIT WAITAOF READONLY READWRITE ASKING
  XREAD XREADGROUP FAILOVER LOLWUT SWAPDB MIGRATE REPLICAOF SLAVEOF
  MGET DEL UNLINK EXISTS TOUCH WATCH SINTER SUNION SDIFF PFCOUNT SUBSCRIBE PSUBSCRIBE SSUBSCRIBE
  UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE SINTERSTORE SUNIONSTORE SDIFFSTORE PFMERGE
  MSET MSETNX RENAME RENAMENX RPOPLPUSH LMOVE BLMOVE BRPOPLPUSH SMOVE COPY ZRANGESTORE GEOSEARCHSTORE
  HGET HEXISTS HSTRLEN HINCRBY HINCRBYFLOAT HSETNX SELECT SCAN
  ACL CLIENT CLUSTER COMMAND CONFIG DEBUG FUNCTION LATENCY MEMORY MODULE OBJECT PUBSUB SCRIPT SENTINEL SLOWLOG XGROUP XINFO
  EVAL EVAL_RO EVALSHA EVALSHA_RO FCALL FCALL_RO ZUNIONSTORE ZINTERSTORE ZDIFFSTORE ZUNION ZINTER ZDIFF
  SINTERCARD LMPOP ZMPOP BLMPOP BZMPOP
  GET SET SETEX PSETEX SETNX GETSET GETDEL GETEX APPEND STRLEN INCR DECR INCRBY DECRBY INCRBYFLOAT GETRANGE SUBSTR LCS
  SETRANGE SETBIT GETBIT BITCOUNT BITPOS BITFIELD BITFIELD_RO BITOP EXPIRE PEXPIRE EXPIREAT PEXPIREAT EXPIRETIME
  PEXPIRETIME TTL PTTL PERSIST TYPE DUMP RESTORE KEYS RANDOMKEY MOVE SORT SORT_RO LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP LLEN
  LINDEX LINSERT LRANGE LREM LSET LTRIM LPOS BLPOP BRPOP SADD SREM SCARD SISMEMBER SMISMEMBER SMEMBERS SPOP SRANDMEMBER
  SSCAN ZADD ZREM ZCARD ZCOUNT ZLEXCOUNT ZSCORE ZMSCORE ZRANK ZREVRANK ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE
  ZRANGEBYLEX ZREVRANGEBYLEX ZINCRBY ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX ZPOPMIN ZPOPMAX BZPOPMIN BZPOPMAX
  ZRANDMEMBER ZSCAN HSET HMSET HMGET HGETALL HDEL HKEYS HVALS HLEN HSCAN HRANDFIELD HEXPIRE HPEXPIRE HTTL HPTTL HPERSIST
  HGETDEL HGETEX HSETEX PUBLISH SPUBLISH GEOADD GEODIST GEOHASH GEOPOS GEOSEARCH GEORADIUS GEORADIUSBYMEMBER PFADD XADD
  XLEN XRANGE XREVRANGE XDEL XTRIM XACK XCLAIM XAUTOCLAIM XPENDING XSETID
`);

/** Header fields whose value is a credential, beside those whose name has one of `credentialEndings`. */
export const credentialHeaders = words(`
  authorization proxy_authorization cookie cookie2 set_cookie set_cookie2 x_api_key api_key apikey x_auth_token
  x_vault_token x_amz_security_token x_authorization x_forwarded_authorization x_original_authorization
  authentication x_auth x_access_key x_functions_key ocp_apim_subscription_key
  x_amzn_oidc_data x_amzn_oidc_accesstoken x_ms_client_principal x_registry_auth x_registry_config dd_api_key
  dd_application_key x_honeycomb_team x_shopify_hmac_sha256 x_hub_signature x_hub_signature_256 x_session_id
`);

/** Parameters of queries, forms and connection strings whose value is a credential, beside those with an ending below. */
export const credentialParameters = words(`
  auth authorization pass pwd code sig session sessionid session_id jsessionid phpsessid sid ticket otp
  samlresponse awsaccesskeyid x_amz_credential x_goog_credential oauth_verifier hmac credentials
`);

/** Endings of names, of header fields and of parameters, that stand before credentials; `-` and `.` are read as `_`. */
export const credentialEndings = words(`
  token password passwd passphrase secret api_key apikey access_key accesskey private_key privatekey secret_key secretkey
  signature credential assertion jwt
`);

/** Parts of words of SQL behind which literals are secrets, beside IDENTIFIED. */
export const passwordWordParts = words('password passwd passphrase');

/** Beginnings of words of SQL that have such a part and stand before no secret. */
export const harmlessPasswordWords = words(`
  password_encryption password_lock_time password_history password_reuse password_lifetime password_expire
  password_last_changed password_require password_reuse_time default_password_lifetime disconnect_on_expired_password
  validate_password check_password passwordcheck simple_password_check cracklib_password_check password_reuse_check
  password_rotation mysql_native_password_proxy_users sha256_password_proxy_users strict_password_validation
  caching_sha2_password sha256_password mysql_native_password mysql_old_password mysql_clear_password
`);

/** Lower-case names, except where the protocol writes capitals. */
function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

interface HeaderTable {
  readonly name: string;
  readonly comment: string;
  readonly values: readonly string[];
}

const lower = (list: readonly string[]): readonly string[] => list.map((word) => word.toLowerCase());
const sorted = (list: readonly string[]): readonly string[] =>
  [...new Set(list)].sort((left, right) => (left < right ? -1 : 1));

const headerTables: readonly HeaderTable[] = [
  { name: 'kHttpMethods', comment: 'Lower case.', values: lower(httpMethods) },
  { name: 'kSqlVerbs', comment: 'Lower case.', values: lower(sqlVerbs) },
  { name: 'kRedisCommands', comment: 'Upper case, in order.', values: sorted(redisCommands) },
  { name: 'kCredentialHeaders', comment: "Lower case; '-' is '_'.", values: credentialHeaders },
  { name: 'kCredentialParameters', comment: "Lower case; '-' and '.' are '_'.", values: credentialParameters },
  { name: 'kCredentialEndings', comment: "Lower case; '-' and '.' are '_'.", values: credentialEndings },
  { name: 'kPasswordWordParts', comment: 'Lower case.', values: passwordWordParts },
  { name: 'kHarmlessPasswordWords', comment: 'Lower case.', values: harmlessPasswordWords },
];

/** The C++ header of the same tables. */
export function protocolTablesHeader(): string {
  const tables = headerTables.map(({ name, comment, values }) => {
    const lines = values.map((value) => `    "${value}",\n`).join('');
    return `// ${comment}\ninline constexpr std::array<std::string_view, ${values.length}> ${name} = {\n${lines}};\n`;
  });
  const ports = Object.entries(usualPorts).map(
    ([protocol, list]) =>
      `inline constexpr std::array<uint16_t, ${list.length}> k${protocol.charAt(0).toUpperCase()}${protocol.slice(1)}Ports = {${list.join(', ')}};\n`,
  );
  return (
    '// SPDX-License-Identifier: Apache-2.0\n' +
    '// Generated from schemas/protocol-tables.ts by `npm run generate`. Do not edit.\n' +
    '#pragma once\n\n#include <array>\n#include <cstdint>\n#include <string_view>\n\nnamespace spanloom::redaction {\n\n' +
    `${ports.join('')}\n${tables.join('\n')}\n}  // namespace spanloom::redaction\n`
  );
}
