/*
 * sql/core/replies.sql
 *		Parts of answers: pages of lists, cursors, entity tags.
 */

-- The key that authenticates cursors.
CREATE OR REPLACE FUNCTION skillancer.cursor_secret()
RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (SELECT s.value FROM skillancer.secret s WHERE s.name = 'cursor');
END
$$;
COMMENT ON FUNCTION skillancer.cursor_secret() IS 'Key of the MAC in cursors; called by the C side of list_reply().';
ALTER FUNCTION skillancer.cursor_secret() OWNER TO skillancer_engine;

-- One page of a list.
CREATE OR REPLACE FUNCTION skillancer.list_reply(p_items json[], p_keys text[], p_limit integer, p_scope text)
RETURNS skillancer.reply
LANGUAGE c STABLE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_list_reply';
COMMENT ON FUNCTION skillancer.list_reply(json[], text[], integer, text) IS
	'A page of up to limit items; one item more than the limit means that there is a next page, whose cursor holds the key of the last item shown.';
ALTER FUNCTION skillancer.list_reply(json[], text[], integer, text) OWNER TO skillancer_engine;

-- The place where a list goes on.
CREATE OR REPLACE FUNCTION skillancer.cursor_decode(p_scope text, p_cursor text)
RETURNS text
LANGUAGE c STABLE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_cursor_decode';
COMMENT ON FUNCTION skillancer.cursor_decode(text, text) IS
	'The key inside a cursor, NULL without a cursor. A forged one, or one of another list or filter, raises VALIDATION_ERROR for the field cursor.';
ALTER FUNCTION skillancer.cursor_decode(text, text) OWNER TO skillancer_engine;

-- What a client hands back later, as it was.
CREATE OR REPLACE FUNCTION skillancer.seal(p_scope text, p_content text)
RETURNS text
LANGUAGE c STABLE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_seal';
COMMENT ON FUNCTION skillancer.seal(text, text) IS
	'A content of up to 512 bytes with a MAC over it and the scope: not secret, but nobody else can make one.';
ALTER FUNCTION skillancer.seal(text, text) OWNER TO skillancer_engine;

-- And the way back.
CREATE OR REPLACE FUNCTION skillancer.unseal(p_scope text, p_sealed text)
RETURNS text
LANGUAGE c STABLE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_unseal';
COMMENT ON FUNCTION skillancer.unseal(text, text) IS
	'The content of what seal() made for this scope; NULL for anything else.';
ALTER FUNCTION skillancer.unseal(text, text) OWNER TO skillancer_engine;

-- If-None-Match.
CREATE OR REPLACE FUNCTION skillancer.etag_matches(p_header text, p_etag text)
RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_etag_matches';
COMMENT ON FUNCTION skillancer.etag_matches(text, text) IS
	'True when the header If-None-Match names the tag (RFC 9110, weak comparison).';

-- The answer of reading one object.
CREATE OR REPLACE FUNCTION skillancer.object_reply(p_etag text, p_doc json, p_if_none_match text)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_etag IS NULL THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	IF skillancer.etag_matches(p_if_none_match, p_etag) THEN
		RETURN ROW(304, p_etag, NULL, NULL, NULL)::skillancer.reply;
	END IF;
	RETURN ROW(200, p_etag, NULL, NULL, p_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.object_reply(text, json, text) IS
	'An object under its tag; 304 without it when the header If-None-Match names the tag. RESOURCE_NOT_FOUND without a tag: the query that read the object found none.';

-- If-Match.
CREATE OR REPLACE FUNCTION skillancer.check_if_match(p_header text, p_etag text)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_if_match';
COMMENT ON FUNCTION skillancer.check_if_match(text, text) IS
	'Raises PRECONDITION_FAILED when the header If-Match is there and does not name the tag (RFC 9110).';

-- One line of a table for spreadsheets.
CREATE OR REPLACE FUNCTION skillancer.csv_line(VARIADIC p_cells text[])
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_csv_line';
COMMENT ON FUNCTION skillancer.csv_line(text[]) IS
	'A line of RFC 4180; a cell that a spreadsheet would take for a formula gets an apostrophe in front.';

-- Accept.
CREATE OR REPLACE FUNCTION skillancer.accept_best(p_accept text, VARIADIC p_types text[])
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_accept_best';
COMMENT ON FUNCTION skillancer.accept_best(text, text[]) IS
	'The media type that the header Accept prefers, the first of equals; NULL when it accepts none of them (RFC 9110).';

GRANT EXECUTE ON FUNCTION
	skillancer.csv_line(text[]), skillancer.accept_best(text, text[]),
	skillancer.list_reply(json[], text[], integer, text),
	skillancer.cursor_decode(text, text), skillancer.seal(text, text),
	skillancer.etag_matches(text, text),
	skillancer.object_reply(text, json, text),
	skillancer.check_if_match(text, text)
	TO skillancer_bridge;
