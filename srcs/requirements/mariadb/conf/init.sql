-- Applied at every start, before anybody can connect (mariadbd --init-file):
-- whatever was changed by hand or in a secret is as written here afterwards.
-- The server reads one statement per line; entrypoint.sh joins the lines up to
-- each line that is only `//`, drops the comments and fills in the @NAMES@.
--
-- The server stops at the first statement that fails, and comes up all the
-- same. So `health` is dropped first and made last: the health check can log
-- in only when everything between them was done in this very start.
DROP USER IF EXISTS health@localhost
//

-- root: through the socket only. The tables are written to directly because
-- there is no statement for "every other host".
DELETE FROM mysql.global_priv
 WHERE User = '' OR (User = 'root' AND Host <> 'localhost')
//
DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost'
//
FLUSH PRIVILEGES
//
CREATE USER IF NOT EXISTS root@localhost
//
ALTER USER root@localhost IDENTIFIED BY '@ROOT_SECRET@' ACCOUNT UNLOCK
//
GRANT ALL PRIVILEGES ON *.* TO root@localhost WITH GRANT OPTION
//

-- WordPress
CREATE DATABASE IF NOT EXISTS `@DATABASE@`
  CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
//
CREATE USER IF NOT EXISTS '@USER@'@'%'
//
ALTER USER '@USER@'@'%' IDENTIFIED BY '@USER_SECRET@' ACCOUNT UNLOCK
//
REVOKE ALL PRIVILEGES, GRANT OPTION FROM '@USER@'@'%'
//
GRANT ALL PRIVILEGES ON `@DATABASE_PATTERN@`.* TO '@USER@'@'%'
//

-- Whose rights the procedures run with: nobody can log in as this account.
CREATE DATABASE IF NOT EXISTS stack
  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
//
CREATE USER IF NOT EXISTS stack_definer@localhost ACCOUNT LOCK
//
ALTER USER stack_definer@localhost ACCOUNT LOCK
//
REVOKE ALL PRIVILEGES, GRANT OPTION FROM stack_definer@localhost
//
GRANT SELECT ON `@DATABASE_PATTERN@`.* TO stack_definer@localhost
//
GRANT EXECUTE ON stack.* TO stack_definer@localhost
//

-- WordPress's tables do not exist yet at the first start, so nobody can be
-- granted a right on them. A procedure can be made before the tables it reads;
-- while one of them is missing (42S02) it answers an empty set.
--
-- Values of tables are compared and joined under one explicit collation: an
-- imported site may have tables of different ones.
CREATE OR REPLACE DEFINER = stack_definer@localhost
PROCEDURE stack.wordpress_counts()
READS SQL DATA SQL SECURITY DEFINER
BEGIN
  DECLARE EXIT HANDLER FOR SQLSTATE '42S02'
    SELECT '' AS metric, '' AS label1, '' AS label2, 0 AS value LIMIT 0;

  SELECT 'posts' AS metric,
         CONVERT(post_type USING utf8mb4) COLLATE utf8mb4_bin AS label1,
         CONVERT(post_status USING utf8mb4) COLLATE utf8mb4_bin AS label2,
         COUNT(*) AS value
    FROM `@DATABASE@`.wp_posts GROUP BY post_type, post_status

  UNION ALL
  SELECT 'comments', ELT(n, 'approved', 'pending', 'spam', 'trash', 'other'),
         '', CAST(ELT(n, approved, pending, spam, trash,
                      total - approved - pending - spam - trash) AS SIGNED)
    FROM (SELECT COALESCE(SUM(comment_approved = '1'), 0) AS approved,
                 COALESCE(SUM(comment_approved = '0'), 0) AS pending,
                 COALESCE(SUM(comment_approved = 'spam'), 0) AS spam,
                 COALESCE(SUM(comment_approved = 'trash'), 0) AS trash,
                 COUNT(*) AS total
            FROM `@DATABASE@`.wp_comments) AS comments,
         (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL
          SELECT 4 UNION ALL SELECT 5) AS numbers

  UNION ALL
  SELECT 'users',
         ELT(n, 'administrator', 'editor', 'author', 'contributor',
                'subscriber', 'other', 'none'), '',
         CAST(ELT(n, administrator, editor, author, contributor, subscriber,
                  other, total - some) AS SIGNED)
    FROM (SELECT COALESCE(SUM(caps LIKE '%"administrator"%'), 0) AS administrator,
                 COALESCE(SUM(caps LIKE '%"editor"%'), 0) AS editor,
                 COALESCE(SUM(caps LIKE '%"author"%'), 0) AS author,
                 COALESCE(SUM(caps LIKE '%"contributor"%'), 0) AS contributor,
                 COALESCE(SUM(caps LIKE '%"subscriber"%'), 0) AS subscriber,
                 COALESCE(SUM(caps LIKE '%"%' AND NOT (
                   caps LIKE '%"administrator"%' OR caps LIKE '%"editor"%' OR
                   caps LIKE '%"author"%' OR caps LIKE '%"contributor"%' OR
                   caps LIKE '%"subscriber"%')), 0) AS other,
                 COALESCE(SUM(caps LIKE '%"%'), 0) AS some,
                 COUNT(*) AS total
            FROM (SELECT m.meta_value AS caps
                    FROM `@DATABASE@`.wp_users AS u
                    LEFT JOIN `@DATABASE@`.wp_usermeta AS m
                      ON m.user_id = u.ID AND m.meta_key = 'wp_capabilities'
                 ) AS users) AS roles,
         (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL
          SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL
          SELECT 7) AS numbers

  UNION ALL
  SELECT ELT(n, 'autoloaded_options', 'autoloaded_options_bytes'), '', '',
         CAST(ELT(n, amount, bytes) AS SIGNED)
    FROM (SELECT COUNT(*) AS amount,
                 COALESCE(SUM(LENGTH(option_value)), 0) AS bytes
            FROM `@DATABASE@`.wp_options
           WHERE autoload IN ('yes', 'on', 'auto', 'auto-on')) AS autoloaded,
         (SELECT 1 AS n UNION ALL SELECT 2) AS numbers

  UNION ALL
  SELECT 'transients', ELT(n, 'persistent', 'expiring', 'expired'), '',
         CAST(ELT(n, persistent, expiring, expired) AS SIGNED)
    FROM (SELECT COALESCE(SUM(expiry IS NULL), 0) AS persistent,
                 COALESCE(SUM(expiry > UNIX_TIMESTAMP()), 0) AS expiring,
                 COALESCE(SUM(expiry <= UNIX_TIMESTAMP()), 0) AS expired
            FROM (SELECT CAST(t.option_value AS UNSIGNED) AS expiry
                    FROM `@DATABASE@`.wp_options AS o
                    LEFT JOIN `@DATABASE@`.wp_options AS t
                      ON t.option_name = CONCAT(
                           SUBSTRING_INDEX(o.option_name, 'transient_', 1),
                           'transient_timeout_',
                           SUBSTRING(o.option_name,
                             LOCATE('transient_', o.option_name) + 10))
                   WHERE (o.option_name LIKE '\_transient\_%' OR
                          o.option_name LIKE '\_site\_transient\_%')
                     AND o.option_name NOT LIKE '%transient\_timeout\_%'
                 ) AS transients) AS states,
         (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) AS numbers

  UNION ALL
  SELECT 'terms', CONVERT(taxonomy USING utf8mb4) COLLATE utf8mb4_bin, '',
         COUNT(*)
    FROM `@DATABASE@`.wp_term_taxonomy GROUP BY taxonomy

  UNION ALL
  SELECT 'media', '', '', COUNT(*)
    FROM `@DATABASE@`.wp_posts WHERE post_type = 'attachment'

  UNION ALL
  SELECT 'database_bytes', ELT(n, 'data', 'index'), '',
         CAST(ELT(n, data, indexes) AS SIGNED)
    FROM (SELECT COALESCE(SUM(DATA_LENGTH), 0) AS data,
                 COALESCE(SUM(INDEX_LENGTH), 0) AS indexes
            FROM information_schema.TABLES
           WHERE TABLE_SCHEMA = '@DATABASE@') AS sizes,
         (SELECT 1 AS n UNION ALL SELECT 2) AS numbers;
END
//

-- Rows and sizes of the largest tables, under mysqld_exporter's columns.
CREATE OR REPLACE DEFINER = stack_definer@localhost
PROCEDURE stack.wordpress_tables()
READS SQL DATA SQL SECURITY DEFINER
  SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, COALESCE(ENGINE, 'NONE'),
         COALESCE(VERSION, 0), COALESCE(ROW_FORMAT, 'NONE'),
         COALESCE(TABLE_ROWS, 0), COALESCE(DATA_LENGTH, 0),
         COALESCE(INDEX_LENGTH, 0), COALESCE(DATA_FREE, 0),
         COALESCE(CREATE_OPTIONS, 'NONE')
    FROM information_schema.TABLES
   WHERE TABLE_SCHEMA = '@DATABASE@'
   ORDER BY DATA_LENGTH + INDEX_LENGTH DESC LIMIT 300
//

-- A closed list of options.
CREATE OR REPLACE DEFINER = stack_definer@localhost
PROCEDURE stack.wordpress_options()
READS SQL DATA SQL SECURITY DEFINER
BEGIN
  DECLARE EXIT HANDLER FOR SQLSTATE '42S02'
    SELECT '' AS option_name, '' AS option_value LIMIT 0;

  SELECT option_name, option_value FROM `@DATABASE@`.wp_options
   WHERE option_name IN ('cron', 'db_version', 'active_plugins', 'template',
     'stylesheet', '_site_transient_update_core',
     '_site_transient_update_plugins', '_site_transient_update_themes',
     'stack_update_core', 'stack_update_plugins', 'stack_update_themes');
END
//

-- One user: login name, hash, and the serialized capabilities.
CREATE OR REPLACE DEFINER = stack_definer@localhost
PROCEDURE stack.wordpress_login(IN login VARCHAR(60))
READS SQL DATA SQL SECURITY DEFINER
BEGIN
  DECLARE EXIT HANDLER FOR SQLSTATE '42S02'
    SELECT '' AS user_login, '' AS user_pass, '' AS capabilities LIMIT 0;

  EXECUTE IMMEDIATE CONCAT(
    'SELECT u.user_login, u.user_pass, ',
    'COALESCE(m.meta_value, '''') AS capabilities ',
    'FROM `@DATABASE@`.wp_users AS u ',
    'LEFT JOIN `@DATABASE@`.wp_usermeta AS m ',
    'ON m.user_id = u.ID AND m.meta_key = ''wp_capabilities'' ',
    'WHERE u.user_login = ? LIMIT 1')
    USING login;
END
//

-- The daemons: what they call, nothing else.
CREATE USER IF NOT EXISTS exporter@'%'
//
ALTER USER exporter@'%' IDENTIFIED BY '@EXPORTER_SECRET@'
  WITH MAX_USER_CONNECTIONS 5 ACCOUNT UNLOCK
//
REVOKE ALL PRIVILEGES, GRANT OPTION FROM exporter@'%'
//
GRANT PROCESS, BINLOG MONITOR, SLAVE MONITOR ON *.* TO exporter@'%'
//
GRANT EXECUTE ON PROCEDURE stack.wordpress_counts TO exporter@'%'
//
GRANT EXECUTE ON PROCEDURE stack.wordpress_tables TO exporter@'%'
//
GRANT EXECUTE ON PROCEDURE stack.wordpress_options TO exporter@'%'
//
CREATE USER IF NOT EXISTS ftpd@'%'
//
ALTER USER ftpd@'%' IDENTIFIED BY '@FTPD_SECRET@'
  WITH MAX_USER_CONNECTIONS 5 ACCOUNT UNLOCK
//
REVOKE ALL PRIVILEGES, GRANT OPTION FROM ftpd@'%'
//
GRANT EXECUTE ON PROCEDURE stack.wordpress_login TO ftpd@'%'
//

-- What the health check reads: one InnoDB row of its own. Last of all.
CREATE TABLE IF NOT EXISTS stack.alive (
  id TINYINT NOT NULL PRIMARY KEY, started DATETIME NOT NULL) ENGINE = InnoDB
//
REPLACE INTO stack.alive VALUES (1, UTC_TIMESTAMP())
//
CREATE USER health@localhost IDENTIFIED BY '@HEALTH_SECRET@'
  WITH MAX_USER_CONNECTIONS 3
//
GRANT SELECT ON stack.alive TO health@localhost
//
