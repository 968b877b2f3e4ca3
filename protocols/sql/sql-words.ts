import { words } from '../words.ts';

/** Words that statements begin with in one of the dialects of SQL. */
export const sqlVerbs = words(`
  SELECT INSERT UPDATE DELETE MERGE REPLACE WITH VALUES TABLE CREATE ALTER DROP TRUNCATE RENAME COMMENT GRANT REVOKE
  BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE ABORT END SET RESET SHOW USE DESCRIBE DESC EXPLAIN ANALYZE CALL DO
  EXECUTE PREPARE DEALLOCATE DECLARE FETCH MOVE CLOSE COPY LOAD LOCK UNLOCK LISTEN NOTIFY UNLISTEN VACUUM REINDEX
  CLUSTER REFRESH CHECKPOINT DISCARD HANDLER KILL FLUSH OPTIMIZE REPAIR CHECK CHECKSUM XA REASSIGN SECURITY IMPORT
  HELP PURGE CHANGE STOP SHUTDOWN INSTALL UNINSTALL BINLOG SIGNAL RESIGNAL BACKUP CACHE CLONE RESTART
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
