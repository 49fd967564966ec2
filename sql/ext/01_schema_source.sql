/*
 * sql/ext/01_schema_source.sql
 *		The text of the schema layer, carried by the extension so that migrate() needs no files.
 *
 * The build embeds migrations/ (layer "migration", run once) and sql/<area>/{views,triggers,policies,
 * grants,builtin}.sql (layer "replay", run again whenever they change) as rows of this member table.
 */

-- schema_source
CREATE TABLE skillancer.schema_source
(
	layer    text NOT NULL CHECK (layer IN ('migration', 'replay')),
	name     text NOT NULL,
	position integer NOT NULL,
	checksum text NOT NULL,
	body     text NOT NULL,
	PRIMARY KEY (layer, name)
);
COMMENT ON TABLE skillancer.schema_source IS
	'Text of the schema layer that this version of the extension carries; migrate() applies it';
