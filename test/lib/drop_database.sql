-- test/lib/drop_database.sql
--	The end of a file that began with own_database.sql.
\c :first_database
DROP DATABASE :own_database WITH (FORCE);
