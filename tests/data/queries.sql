--> SELECT pgbench_accounts
SELECT abalance FROM pgbench_accounts WHERE aid = 99123
====
SELECT abalance FROM pgbench_accounts WHERE aid = 5
====
select  abalance
  from pgbench_accounts where aid=-99
====
SELECT abalance FROM pgbench_accounts WHERE aid = $1
----
--> UPDATE pgbench_accounts
UPDATE pgbench_accounts SET abalance = abalance + -991 WHERE aid = 9971
====
UPDATE pgbench_accounts SET abalance = abalance + 4 WHERE aid = 1
====
UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2
----
--> UPDATE pgbench_tellers
UPDATE pgbench_tellers SET tbalance = tbalance + 99 WHERE tid = 99
----
--> UPDATE pgbench_branches
UPDATE pgbench_branches SET bbalance = bbalance + 99 WHERE bid = 99
----
--> INSERT pgbench_history
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (99, 99, 99, 99, CURRENT_TIMESTAMP)
----
--> BEGIN -
BEGIN
====
begin
----
--> COMMIT -
END
----
--> COMMIT -
COMMIT
----
--> ROLLBACK -
ROLLBACK
----
--> BEGIN -
BEGIN ISOLATION LEVEL SERIALIZABLE
----
--> BEGIN -
START TRANSACTION READ ONLY
----
--> BEGIN -
BEGIN READ WRITE
----
--> ROLLBACK -
ABORT
----
--> SAVEPOINT -
SAVEPOINT sp1
----
--> RELEASE -
RELEASE SAVEPOINT sp1
----
--> ROLLBACK -
ROLLBACK TO SAVEPOINT sp1
----
--> SELECT pgbench_branches
select count(*) from pgbench_branches
----
--> TRUNCATE pgbench_history
truncate pgbench_history
----
--> TRUNCATE pgbench_accounts
truncate table pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers
----
--> VACUUM pgbench_branches
vacuum pgbench_branches
----
--> VACUUM pgbench_accounts
vacuum analyze pgbench_accounts
----
--> CREATE pgbench_history
create table pgbench_history(tid int,bid int,aid    int,delta int,mtime timestamp,filler char(22))
----
--> DROP pgbench_accounts
drop table if exists pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers
----
--> ALTER pgbench_accounts
alter table pgbench_accounts add primary key (aid)
----
--> SELECT -
SELECT 99
====
SELECT 'zzz'
====
SELECT 99.5e-99
====
SELECT $1
----
--> SELECT -
SELECT 99, 'zz', NULL
====
SELECT 3, 'other', NULL
----
--> SELECT -
SELECT version()
----
--> SELECT -
SELECT now() AT TIME ZONE 'zz/zz'
----
--> SELECT -
SELECT pg_sleep(99.99)
----
--> SELECT -
SELECT current_database(), current_user, current_schema()
----
--> SELECT -
SELECT pg_advisory_xact_lock(99, hashtext('zzkey'))
----
--> SELECT -
SELECT set_config('zzsearch_path', 'zz', false)
----
--> SELECT -
SELECT nextval('zz_id_seq'::regclass)
----
--> SELECT users
SELECT "users".* FROM "users" WHERE "users"."id" = $1 LIMIT $2
====
SELECT "users".* FROM "users" WHERE "users"."id" = 99 LIMIT 99
----
--> SELECT users
SELECT "users"."id", "users"."email" FROM "users" WHERE "users"."email" = 'zz@zz.zz' ORDER BY "users"."id" ASC LIMIT 99
====
SELECT "users"."id", "users"."email" FROM "users" WHERE "users"."email" = 'o''brien@example.com' ORDER BY "users"."id" ASC LIMIT 1
----
--> SELECT users
SELECT 99 AS one FROM "users" WHERE "users"."email" = $1 LIMIT $2
----
--> SELECT posts
SELECT COUNT(*) FROM "posts" WHERE "posts"."user_id" = $1 AND "posts"."deleted_at" IS NULL
----
--> SELECT posts
SELECT "posts".* FROM "posts" WHERE "posts"."user_id" IN (99, 991, 992)
====
SELECT "posts".* FROM "posts" WHERE "posts"."user_id" IN (99)
====
SELECT "posts".* FROM "posts" WHERE "posts"."user_id" IN ($1, $2, $3, $4, $5)
====
SELECT "posts".* FROM "posts" WHERE "posts"."user_id" IN (99,99,99,99,99,99,99,99,99,99,99,99,99,99,99,99,99,99,99)
----
--> SELECT posts
SELECT DISTINCT "posts"."id" FROM "posts" INNER JOIN "comments" ON "comments"."post_id" = "posts"."id" WHERE "comments"."spam" = FALSE
----
--> INSERT users
INSERT INTO "users" ("email", "name", "created_at", "updated_at") VALUES ($1, $2, $3, $4) RETURNING "id"
====
INSERT INTO "users" ("email", "name", "created_at", "updated_at") VALUES ('zz', 'zz', '2099-99-99', '2099-99-99') RETURNING "id"
----
--> UPDATE users
UPDATE "users" SET "name" = $1, "updated_at" = $2 WHERE "users"."id" = $3
----
--> DELETE users
DELETE FROM "users" WHERE "users"."id" = $1
====
DELETE FROM "users" WHERE "users"."id" = 99
----
--> UPDATE posts
UPDATE "posts" SET "comments_count" = COALESCE("comments_count", 99) + 99 WHERE "posts"."id" = 99
----
--> INSERT posts
INSERT INTO "posts" ("title","body") VALUES ('zz','zz'),('zz','zz'),('zz','zz') ON CONFLICT ("id") DO UPDATE SET "title"=excluded."title" RETURNING "id"
====
INSERT INTO "posts" ("title","body") VALUES ('zz','zz') ON CONFLICT ("id") DO UPDATE SET "title"=excluded."title" RETURNING "id"
====
INSERT INTO "posts" ("title","body") VALUES ($1,$2),($3,$4) ON CONFLICT ("id") DO UPDATE SET "title"=excluded."title" RETURNING "id"
----
--> INSERT posts
INSERT INTO posts (title) VALUES ('zz (zz) zz'), (E'zz\'zz), (zz'), ($q$zz $$ zz$q$) ON CONFLICT DO NOTHING
====
INSERT INTO posts (title) VALUES ('x') ON CONFLICT DO NOTHING
----
--> INSERT events
insert into events (id, kind, payload) values (99, 'zz', '{"zz": 99}'::jsonb), (99, 'zz', '{}'::jsonb)
====
insert into events (id, kind, payload) values (99, 'zz', '{"zz": [1,2,(3]}'::jsonb)
----
--> INSERT audit
INSERT INTO audit SELECT id, 'zz', now() FROM users WHERE id = 99
----
--> INSERT audit
INSERT INTO audit DEFAULT VALUES
----
--> INSERT schema_migrations
INSERT INTO "schema_migrations" (version) VALUES ('20999901010000')
----
--> SELECT auth_user
SELECT "auth_user"."id", "auth_user"."password", "auth_user"."last_login", "auth_user"."is_superuser", "auth_user"."username" FROM "auth_user" WHERE "auth_user"."id" = 99 LIMIT 21
----
--> SELECT django_session
SELECT "django_session"."session_key", "django_session"."session_data", "django_session"."expire_date" FROM "django_session" WHERE ("django_session"."expire_date" > '2099-99-99T99:99:99.999999+00:00'::timestamptz AND "django_session"."session_key" = 'zzzzzz') LIMIT 21
----
--> SELECT shop_order
SELECT COUNT(*) AS "__count" FROM "shop_order" WHERE ("shop_order"."status" = 'zz' AND NOT ("shop_order"."total" < 99.99))
----
--> SELECT shop_order
SELECT "shop_order"."id", (SELECT SUM(U0."amount") FROM "shop_item" U0 WHERE U0."order_id" = ("shop_order"."id")) AS "total" FROM "shop_order" WHERE UPPER("shop_order"."name"::text) LIKE UPPER('%zz%') ORDER BY "shop_order"."id" DESC LIMIT 99 OFFSET 99
----
--> SELECT -
SELECT (99) AS "a" LIMIT 99
----
--> SELECT django_content_type
SELECT "django_content_type"."id" FROM "django_content_type" WHERE "django_content_type"."app_label" IN ('zz', 'zz') AND "django_content_type"."model" IN ('zz')
====
SELECT "django_content_type"."id" FROM "django_content_type" WHERE "django_content_type"."app_label" IN ('zz') AND "django_content_type"."model" IN ('zz','zz','zz')
----
--> SELECT users
SELECT users.id AS users_id, users.name AS users_name FROM users WHERE users.id = %(id_1)s
----
--> SELECT users
SELECT users.id AS users_id, users.name AS users_name, addresses_1.id AS addresses_1_id FROM users LEFT OUTER JOIN addresses AS addresses_1 ON users.id = addresses_1.user_id WHERE users.name LIKE $1::VARCHAR ORDER BY users.id
----
--> SELECT users
SELECT anon_1.users_id FROM (SELECT users.id AS users_id FROM users WHERE users.id > $1::INTEGER LIMIT $2::INTEGER) AS anon_1
----
--> INSERT users
INSERT INTO users (name, fullname) SELECT p0::VARCHAR, p1::VARCHAR FROM (VALUES ($1, $2, 0), ($3, $4, 1)) AS imp_sen(p0, p1, sen_counter) ORDER BY sen_counter RETURNING users.id, users.id AS id__1
----
--> SELECT -
SELECT CAST('zz plain returns' AS VARCHAR(60)) AS anon_1
----
--> SELECT pg_catalog.pg_class
select relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid=c.relnamespace where pg_catalog.pg_table_is_visible(c.oid) and relname='zzusers'
----
--> SELECT public.User
SELECT "User"."id", "User"."email" FROM "public"."User" AS "User" WHERE ("User"."email" = $1 AND 1=1) LIMIT $2 OFFSET $3
----
--> SELECT public.User
SELECT "public"."User"."id", "public"."User"."name" FROM "public"."User" WHERE ("public"."User"."id" = $1 AND 1=1) LIMIT $2 OFFSET $3
----
--> SELECT public.User
SELECT "public"."User"."id" FROM "public"."User" WHERE "public"."User"."id" IN ($1,$2,$3) OFFSET $4
====
SELECT "public"."User"."id" FROM "public"."User" WHERE "public"."User"."id" IN ($1) OFFSET $2
----
--> INSERT public.User
INSERT INTO "public"."User" ("email","name") VALUES ($1,$2) RETURNING "public"."User"."id"
----
--> SELECT user
SELECT "User"."id" AS "User_id", "User"."name" AS "User_name" FROM "user" "User" WHERE (("User"."id" = $1)) LIMIT 1
----
--> SELECT products
select p1_0.id,p1_0.name,p1_0.price from products p1_0 where p1_0.price>? and p1_0.name like ? escape ''
----
--> SELECT products
select p.id from products p where p.id=any($1)
----
--> SELECT products
SELECT id FROM products WHERE id = ANY(ARRAY[99, 99, 99])
====
SELECT id FROM products WHERE id = ANY(ARRAY[99])
----
--> SELECT products
SELECT id FROM products WHERE id = ANY('{99,99}'::int[])
----
--> SELECT products
SELECT id FROM products WHERE tags && ARRAY['zz','zz']::text[]
----
--> SELECT products
SELECT id FROM products WHERE price NOT IN (99.9, 99.99) OR id NOT IN (99)
====
SELECT id FROM products WHERE price NOT IN (99.9) OR id NOT IN (99, 99, 99)
----
--> SELECT products
SELECT id FROM products WHERE (id, kind) IN ((99, 'zz'), (99, 'zz'))
====
SELECT id FROM products WHERE (id, kind) IN ((1, 'a'), (2, 'b'), (3, 'c'))
----
--> SELECT products
SELECT id FROM products WHERE id IN (SELECT product_id FROM sales WHERE qty > 99)
----
--> SELECT products
SELECT id FROM products WHERE EXISTS (SELECT 99 FROM sales s WHERE s.product_id = products.id)
----
--> SELECT products
SELECT id, CASE WHEN price > 99 THEN 'zzdear' WHEN price > 9 THEN 'zzfair' ELSE 'zzcheap' END FROM products
----
--> SELECT products
SELECT DISTINCT ON (category) category, name FROM products ORDER BY category, price DESC NULLS LAST
----
--> SELECT products
SELECT count(*) FILTER (WHERE price > 99) AS dear, avg(price)::numeric(99,2) FROM products GROUP BY category HAVING count(*) > 99
----
--> SELECT products
SELECT name, rank() OVER (PARTITION BY category ORDER BY price DESC ROWS BETWEEN 99 PRECEDING AND CURRENT ROW) FROM products
----
--> SELECT products
SELECT name FROM products WHERE name ~* '^zz.*zz$' AND name !~ 'zz' AND name NOT ILIKE 'zz%'
----
--> SELECT products
SELECT name FROM products TABLESAMPLE BERNOULLI (99) WHERE price BETWEEN 99 AND 999
----
--> SELECT products
SELECT * FROM products FOR UPDATE SKIP LOCKED LIMIT 99
----
--> SELECT products
SELECT * FROM products p, categories c WHERE p.category = c.id FOR NO KEY UPDATE OF p NOWAIT
----
--> SELECT products
SELECT * FROM ONLY products
----
--> SELECT products
(SELECT id FROM products WHERE id = 99) UNION ALL (SELECT id FROM archive WHERE id = 99) ORDER BY 1
----
--> SELECT a
SELECT * FROM a CROSS JOIN b NATURAL JOIN c LEFT JOIN LATERAL (SELECT * FROM d WHERE d.a = a.id LIMIT 99) x ON true
----
--> SELECT -
SELECT * FROM generate_series(99, 999, 99) AS g
----
--> SELECT -
SELECT * FROM unnest(ARRAY[99,99], ARRAY['zz','zz']) WITH ORDINALITY AS t(a, b, n)
----
--> SELECT -
SELECT * FROM (VALUES (99, 'zz'), (99, 'zz')) AS t (num, letter)
====
SELECT * FROM (VALUES (99, 'zz')) AS t (num, letter)
----
--> VALUES -
VALUES (99, 'zz'), (99, 'zz')
----
--> SELECT products
TABLE products
----
--> SELECT orders
WITH recent AS (SELECT * FROM orders WHERE created > now() - interval '99 days') SELECT count(*) FROM recent WHERE total > 99
----
--> SELECT t
WITH RECURSIVE t(n) AS (VALUES (99) UNION ALL SELECT n+1 FROM t WHERE n < 99) SELECT sum(n) FROM t
----
--> INSERT archive
WITH moved AS (DELETE FROM orders WHERE created < '2099-99-99' RETURNING *) INSERT INTO archive SELECT * FROM moved
----
--> UPDATE accounts
WITH locked AS MATERIALIZED (SELECT id FROM accounts WHERE id = 99 FOR UPDATE) UPDATE accounts a SET balance = balance - 99 FROM locked WHERE a.id = locked.id RETURNING a.balance
----
--> DELETE queue
DELETE FROM queue WHERE id = (SELECT id FROM queue ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 99) RETURNING id, payload
----
--> DELETE films
DELETE FROM films USING producers WHERE producer_id = producers.id AND producers.name = 'zzfoo'
----
--> UPDATE employees
UPDATE employees SET (a, b) = (99, 'zz'), c = DEFAULT FROM accounts WHERE accounts.name = 'zz' AND employees.id = accounts.person
----
--> UPDATE public.t
UPDATE public.t SET a = NULL, b = TRUE, c = false WHERE d IS NOT NULL AND e IS TRUE
----
--> UPDATE t
UPDATE t SET data = jsonb_set(data, '{zz,zz}', '"zz"'::jsonb, true) WHERE data @> '{"zz": 99}'
----
--> SELECT t
SELECT data->'zz'->>'zz' AS x, data#>'{zz,99}', data#>>'{zz}' FROM t WHERE data ? 'zz' AND data ?| array['zz','zz'] AND data ?& array['zz']
----
--> SELECT t
SELECT data - 'zz', data || '{"zz":1}'::jsonb, data @? '$.zz[*] ? (@ > 99)', data @@ '$.zz == 99' FROM t
----
--> SELECT t
SELECT jsonb_path_query_array(data, '$.zz[*]') FROM t WHERE data->>'zz' = 'zz' AND (data->>'n')::int > 99
----
--> SELECT t
SELECT a[99], b[99:999], c[:99], d[$1] FROM t
----
--> SELECT t
SELECT 'zz'
  'zz' FROM t
----
--> SELECT t
SELECT E'zz\n\'zz\\', U&'zz\0061', B'9901', X'99FF', N'zz' FROM t
----
--> SELECT t
SELECT $$zz 'zz' "zz" $1 zz$$, $zz$zz $$ zz$zz$ FROM t WHERE a = 99
----
--> SELECT t
SELECT 99::bigint, '99'::text, CAST('zz' AS date), DATE '2099-99-99', INTERVAL '99 hours', TIMESTAMP WITH TIME ZONE '2099-01-01' FROM t
----
--> SELECT t
SELECT -99, +99, - 99.9, 99e99, .99, 99., 1 - 99, a-99, a -99, (a)-99 FROM t
----
--> SELECT t
SELECT a/*zz*/,/* zz /* zz nested */ 'zz' */b -- zz 99 'zz
 FROM t -- zz
----
--> SELECT t
/*traceparent='00-99zz-99zz-01',route='zz'*/ SELECT a FROM t WHERE id = 99
====
SELECT a FROM t WHERE id = 99 /* controller:zz,action:zz99 */
====
SELECT a FROM t WHERE id = 99
----
--> SELECT t
SELECT "weird ""name""", "a;b", "select" FROM t
----
--> SELECT Mixed.Case Table
SELECT * FROM "Mixed"."Case Table" WHERE "Id" = 99
----
--> SELECT t
SELECT a AS "x", count(*) c FROM t GROUP BY GROUPING SETS ((a), ()) ORDER BY c USING >
----
--> SELECT t
SELECT a COLLATE "C" FROM t WHERE b = 'zz' COLLATE "de_DE" ORDER BY a COLLATE "C" FETCH FIRST 99 ROWS ONLY
----
--> SELECT t
SELECT a FROM t WHERE a IS DISTINCT FROM 99 AND b IS NOT DISTINCT FROM 'zz'
----
--> SELECT t
SELECT EXTRACT(EPOCH FROM created), substring(name from 99 for 99), trim(both 'zz' from name), position('zz' in name), overlay(name placing 'zz' from 99) FROM t
----
--> SELECT t
SELECT a FROM t WHERE a LIKE 'zz!%%' ESCAPE '!' AND b SIMILAR TO 'zz(a|b)*'
----
--> SELECT t
SELECT a FROM t WHERE (a, b) > (99, 'zz') ORDER BY a, b LIMIT 99
----
--> SELECT t
SELECT a FROM t WHERE ROW(a, b) = ROW(99, 'zz') AND (a OPERATOR(pg_catalog.=) 99)
----
--> SELECT t
SELECT a FROM t WHERE tsv @@ to_tsquery('zzenglish', 'zz & zz') ORDER BY ts_rank(tsv, plainto_tsquery('zz')) DESC
----
--> SELECT t
SELECT ST_Distance(geom, ST_GeomFromText('POINT(99 99)', 4399)) FROM t WHERE geom && ST_MakeEnvelope(99, 99, 99, 99, 4399) ORDER BY geom <-> 'zz'::geometry LIMIT 99
----
--> SELECT items
SELECT id, embedding <=> '[99.1,99.2]'::vector AS d FROM items ORDER BY embedding <-> '[99,99]' LIMIT 99
----
--> SELECT t
SELECT a FROM t WHERE range @> 99::int8 AND range && int8range(99, 999, '[)')
----
--> SELECT t
SELECT a FROM t WHERE ip << inet '99.99.99.99/99' AND ip <<= '99.0.0.0/8'
----
--> SELECT t
SELECT array_agg(DISTINCT a ORDER BY a DESC), string_agg(b, 'zz' ORDER BY b), percentile_cont(0.99) WITHIN GROUP (ORDER BY c) FROM t
----
--> SELECT t
SELECT COALESCE(NULLIF(a, 99), 'zz'), GREATEST(99, b), xmlelement(name foo, 'zz') FROM t
----
--> COPY pgbench_accounts
COPY pgbench_accounts FROM STDIN
----
--> COPY t
COPY t (a, b) FROM STDIN WITH (FORMAT csv, HEADER true, DELIMITER '|', NULL 'zz')
----
--> COPY public.t
COPY public.t TO STDOUT
----
--> COPY t
COPY (SELECT * FROM t WHERE a = 99) TO STDOUT WITH BINARY
----
--> COPY t
COPY t FROM '/zz/zz.csv' CSV
----
--> SET -
SET client_encoding TO 'zzUTF8'
----
--> SET -
SET statement_timeout = 99
====
SET statement_timeout = 5000
----
--> SET -
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ
----
--> SET -
SET LOCAL lock_timeout = '99s'
----
--> SET -
SET search_path TO public, app
----
--> SET -
SET TIME ZONE 'zz/zz'
----
--> SHOW -
SHOW transaction_isolation
----
--> SHOW -
SHOW ALL
----
--> RESET -
RESET ALL
----
--> DISCARD -
DISCARD ALL
----
--> DEALLOCATE -
DEALLOCATE ALL
----
--> PREPARE t
PREPARE q (int) AS SELECT * FROM t WHERE a = $1
----
--> EXECUTE -
EXECUTE q(99, 'zz')
----
--> DECLARE t
DECLARE c CURSOR WITH HOLD FOR SELECT * FROM t WHERE a > 99
----
--> FETCH -
FETCH FORWARD 99 FROM c
====
FETCH FORWARD 100 FROM c
----
--> FETCH -
FETCH ALL FROM c
----
--> CLOSE -
CLOSE c
----
--> LISTEN -
LISTEN channel
----
--> NOTIFY -
NOTIFY channel, 'zz99'
----
--> UNLISTEN -
UNLISTEN *
----
--> LOCK t
LOCK TABLE t IN ACCESS EXCLUSIVE MODE NOWAIT
----
--> LOCK t
LOCK t
----
--> CALL -
CALL do_work(99, 'zz')
----
--> DO -
DO $$ BEGIN RAISE NOTICE 'zz %', 99; END $$
----
--> DO -
DO LANGUAGE plpgsql $zz$ DECLARE x int := 99; BEGIN PERFORM 99; END; $zz$
----
--> EXPLAIN t
EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM t WHERE a = 99
----
--> MERGE t
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED AND s.x > 99 THEN UPDATE SET v = 99 WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, 99)
----
--> CREATE users
CREATE TABLE IF NOT EXISTS users (id bigserial PRIMARY KEY, email varchar(99) NOT NULL UNIQUE, state text DEFAULT 'zz' CHECK (state IN ('zz', 'zzz')), created timestamptz DEFAULT now(), org_id int REFERENCES orgs (id) ON DELETE CASCADE ON UPDATE SET NULL)
----
--> CREATE t
CREATE TEMP TABLE t ON COMMIT DROP AS SELECT * FROM s WHERE a = 99
----
--> CREATE measurement
CREATE TABLE measurement (logdate date NOT NULL, peak int) PARTITION BY RANGE (logdate)
----
--> CREATE measurement_y
CREATE TABLE measurement_y PARTITION OF measurement FOR VALUES FROM ('2099-99-99') TO ('2099-99-99')
----
--> CREATE users
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email ON users USING btree (lower(email)) WHERE deleted_at IS NULL
----
--> CREATE t
CREATE INDEX i ON t USING gin (data jsonb_path_ops) WITH (fastupdate = off)
----
--> CREATE -
CREATE EXTENSION IF NOT EXISTS pg_stat_statements
----
--> CREATE -
CREATE SCHEMA app
----
--> CREATE -
CREATE SEQUENCE s START 99 INCREMENT 99
----
--> CREATE -
CREATE TYPE mood AS ENUM ('zzsad', 'zzok')
----
--> CREATE -
CREATE ROLE me LOGIN PASSWORD 'zzsecret' VALID UNTIL '2099-99-99'
----
--> CREATE -
CREATE DATABASE shop OWNER me ENCODING 'zz' TEMPLATE template0
----
--> CREATE t
CREATE TRIGGER trg BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f('zz')
----
--> ALTER users
ALTER TABLE users ADD COLUMN age int DEFAULT 99, ALTER COLUMN email TYPE text USING email::text
----
--> ALTER public.users
ALTER TABLE ONLY public.users ADD CONSTRAINT fk FOREIGN KEY (org) REFERENCES orgs(id) NOT VALID
----
--> ALTER -
ALTER ROLE me WITH PASSWORD 'zzsecret'
----
--> ALTER -
ALTER USER me SET search_path = 'zz'
----
--> DROP users
DROP TABLE IF EXISTS users CASCADE
----
--> DROP -
DROP INDEX CONCURRENTLY users_email
----
--> GRANT -
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO me
----
--> REVOKE -
REVOKE ALL ON SCHEMA public FROM PUBLIC
----
--> COMMENT users
COMMENT ON TABLE users IS 'zz99'
----
--> VACUUM t
VACUUM (VERBOSE, ANALYZE) t
----
--> VACUUM -
VACUUM
----
--> ANALYZE t
ANALYZE VERBOSE t
----
--> REINDEX t
REINDEX TABLE t
----
--> REFRESH -
REFRESH MATERIALIZED VIEW CONCURRENTLY mv
----
--> CHECKPOINT -
CHECKPOINT
----
--> SELECT pg_catalog.pg_class
SELECT n.nspname as "Schema",
  c.relname as "Name",
  CASE c.relkind WHEN 'r' THEN 'zztable' WHEN 'v' THEN 'zzview' WHEN 'm' THEN 'zzmaterialized view' END as "Type",
  pg_catalog.pg_get_userbyid(c.relowner) as "Owner"
FROM pg_catalog.pg_class c
     LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
WHERE c.relkind IN ('r','p','v','m','S','f','')
      AND n.nspname <> 'zzpg_catalog'
      AND n.nspname !~ '^zzpg_toast'
  AND pg_catalog.pg_table_is_visible(c.oid)
ORDER BY 1,2
----
--> SELECT pg_catalog.pg_class
SELECT c.oid,
  n.nspname,
  c.relname
FROM pg_catalog.pg_class c
     LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname OPERATOR(pg_catalog.~) '^(zzusers)$' COLLATE pg_catalog.default
  AND pg_catalog.pg_table_is_visible(c.oid)
ORDER BY 2, 3
----
--> SELECT pg_catalog.pg_attribute
SELECT a.attname,
  pg_catalog.format_type(a.atttypid, a.atttypmod),
  (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true)
   FROM pg_catalog.pg_attrdef d
   WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef),
  a.attnotnull
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = '9999' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
----
--> SELECT pg_catalog.pg_database
SELECT d.datname as "Name", pg_catalog.array_to_string(d.datacl, E'\n') AS "Access privileges" FROM pg_catalog.pg_database d ORDER BY 1
----
--> SELECT pg_catalog.pg_proc
SELECT p.proname FROM pg_catalog.pg_proc p WHERE p.prokind = 'f' AND p.oid = 'zz.zz'::pg_catalog.regproc::pg_catalog.oid
----
--> SELECT pg_class
SELECT tableoid, oid, relname, relowner, (SELECT spcname FROM pg_tablespace t WHERE t.oid = c.reltablespace) AS reltablespace FROM pg_class c WHERE relkind IN ('r', 'S', 'v') ORDER BY oid
----
--> SELECT -
SELECT pg_catalog.set_config('zzsearch_path', '', false)
----
--> SELECT pg_stat_activity
SELECT pid, state, wait_event_type, left(query, 99) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
----
--> SELECT pg_stat_statements
SELECT queryid, calls, total_exec_time FROM pg_stat_statements WHERE calls > 99 ORDER BY total_exec_time DESC LIMIT 99
----
--> SELECT information_schema.tables
SELECT table_name FROM information_schema.tables WHERE table_schema = 'zz' AND table_type = 'zzBASE TABLE'
----
--> SELECT pg_type
SELECT t.oid, t.typname, t.typelem FROM pg_type as t WHERE t.typname IN ('zz','zz','zz','zz','zz') OR t.oid IN (99, 99)
====
SELECT t.oid, t.typname, t.typelem FROM pg_type as t WHERE t.typname IN ('zz') OR t.oid IN (99)
----
--> SELECT pg_type
SELECT typname AS name, oid, typarray AS array_oid, oid::regtype::text AS regtype, typdelim AS delimiter FROM pg_type t WHERE t.oid = to_regtype($1) ORDER BY t.oid
----
--> SELECT pg_database_size
SELECT a FROM pg_database_size WHERE a = 99
----
--> SELECT -
SELECT pg_is_in_recovery(), txid_current()
----
--> SELECT -
select pg_terminate_backend(99)
----
--> SELECT t
SELECT * FROM t WHERE a = ? AND b IN (?, ?, ?)
----
--> SELECT t
SELECT * FROM t WHERE a=99AND b='zz'AND c=$1AND d=99
----
--> SELECT t
SELECT*FROM t WHERE a=99;
====
SELECT * FROM t WHERE a = 99
----
--> SELECT t
SELECT a FROM t; SELECT b FROM u WHERE c = 'zz'
----
--> SELECT t
SELECT été, größe FROM t WHERE größe > 99
----
--> SELECT jobs
SELECT "id", "data" FROM "jobs" WHERE "queue" = 'zz' AND ("run_at" IS NULL OR "run_at" <= now()) AND "attempts" < 99 ORDER BY "priority" DESC, "id" FOR UPDATE SKIP LOCKED LIMIT 1
----
--> UPDATE jobs
UPDATE jobs SET locked_by = 'zz', locked_at = now() WHERE id = (SELECT id FROM jobs WHERE locked_at IS NULL ORDER BY run_at LIMIT 99 FOR UPDATE SKIP LOCKED) RETURNING *
----
--> INSERT kv
INSERT INTO kv AS k (key, value) VALUES ('zz', 99) ON CONFLICT (key) WHERE key <> 'zz' DO UPDATE SET value = k.value + EXCLUDED.value WHERE k.value < 99
----
--> INSERT t
INSERT INTO t (a, b) VALUES (DEFAULT, (SELECT max(x) FROM u WHERE y = 'zz')), (99, DEFAULT)
----
--> INSERT t
INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (99)
----
--> INSERT t
INSERT INTO t (a) SELECT unnest($1::int[])
----
--> INSERT app.events
INSERT INTO app.events (at, what) VALUES (now() - interval '99 minutes', ARRAY['zz', 'zz'])
----
--> SELECT orders
SELECT date_trunc('zzday', created) AS day, sum(total) FROM orders WHERE created >= $1 AND created < $2 GROUP BY 1 ORDER BY 1
----
--> SELECT orders
SELECT o.id, json_agg(json_build_object('zzid', i.id, 'zzqty', i.qty)) FROM orders o JOIN items i ON i.order_id = o.id WHERE o.id = 99 GROUP BY o.id
----
--> SELECT orders
SELECT o.*, c.name FROM orders AS o INNER JOIN customers AS c USING (customer_id) WHERE o.total BETWEEN 99.5 AND 99.9 AND c.country = 'zz'
----
--> SELECT orders
SELECT * FROM orders WHERE id > 99 AND id <= 999 AND status != 'zz' AND note IS NULL AND flags & 99 = 99 AND a % 99 = 1 AND b ^ 2 > 99 AND NOT c
----
--> SELECT a_table_with_numbers_1
SELECT col1, col2 FROM a_table_with_numbers_1 WHERE col3 = 99 AND x1y2 = 'zz'
