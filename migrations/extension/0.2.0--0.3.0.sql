/*
 * migrations/extension/0.2.0--0.3.0.sql
 *		What sql/ext has changed since 0.2.0.
 */

ALTER TABLE skillancer.route ADD COLUMN answers text;

CREATE TABLE skillancer.shape (
	name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$'),
	shape text NOT NULL
);
COMMENT ON TABLE skillancer.shape IS
	'Shapes of JSON, declared with add_shape(): answers that are no view, columns of JSON (table.column), functions and types that make JSON. The descriptions of answers are made of them.';
