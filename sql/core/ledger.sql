/*
 * sql/core/ledger.sql
 *		Posting and balances as SQL functions, and the trigger functions that guard the ledger.
 */

-- Posts legs of one currency.
CREATE OR REPLACE FUNCTION skillancer.ledger_post(p_kind text, p_key text, p_ref uuid, p_classes text[], p_owners uuid[], p_refs uuid[], p_bookings uuid[], p_amounts bigint[], p_currency text)
RETURNS bigint
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_ledger_post';
COMMENT ON FUNCTION skillancer.ledger_post(text, text, uuid, text[], uuid[], uuid[], uuid[], bigint[], text) IS
	'Posts legs (minor units, debit positive) under an idempotency key and returns the number of the posting. INSUFFICIENT_FUNDS, LEDGER_UNBALANCED, IDEMPOTENCY_MISMATCH.';
ALTER FUNCTION skillancer.ledger_post(text, text, uuid, text[], uuid[], uuid[], uuid[], bigint[], text) OWNER TO skillancer_engine;

-- Balance of one account.
CREATE OR REPLACE FUNCTION skillancer.ledger_balance(p_class text, p_owner uuid, p_ref uuid, p_currency text)
RETURNS bigint
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_ledger_balance';
COMMENT ON FUNCTION skillancer.ledger_balance(text, uuid, uuid, text) IS
	'Balance in minor units on the normal side of the class; 0 when there is no such account.';
ALTER FUNCTION skillancer.ledger_balance(text, uuid, uuid, text) OWNER TO skillancer_engine;

-- Refuses every change.
CREATE OR REPLACE FUNCTION skillancer.refuse_change()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.fail('LEDGER_IMMUTABLE', format('rows of %s are never changed', TG_TABLE_NAME));
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION skillancer.refuse_change() IS 'Trigger of append-only tables: refuses UPDATE, DELETE and TRUNCATE.';

-- An account keeps what it is.
CREATE OR REPLACE FUNCTION skillancer.account_guard()
RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'skl_fn_account_guard';
COMMENT ON FUNCTION skillancer.account_guard() IS 'Trigger of ledger_account: only balance and version change, and versions only grow.';

-- The second look at what posting wrote.
CREATE OR REPLACE FUNCTION skillancer.zero_sum()
RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'skl_fn_zero_sum';
COMMENT ON FUNCTION skillancer.zero_sum() IS
	'Statement trigger of ledger_entry: the entries of every posting add up to zero in each currency, and have a posting and an account of their currency.';

GRANT EXECUTE ON FUNCTION skillancer.refuse_change(), skillancer.account_guard(), skillancer.zero_sum(),
	skillancer.fail(text, text, jsonb)
	TO skillancer_vault;

-- Posts many at once.
CREATE OR REPLACE FUNCTION skillancer.ledger_post_batch(p_kinds text[], p_keys text[], p_refs uuid[], p_effective timestamptz[], p_postings integer[], p_classes text[], p_owners uuid[], p_objects uuid[], p_bookings uuid[], p_amounts bigint[], p_currencies text[])
RETURNS bigint[]
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_ledger_post_batch';
COMMENT ON FUNCTION skillancer.ledger_post_batch(text[], text[], uuid[], timestamptz[], integer[], text[], uuid[], uuid[], uuid[], bigint[], text[]) IS
	'Posts many, all or none: the first four arrays have an element a posting (an effective date of NULL is now), the others one a leg, p_postings the number of its posting from 1, in order. Returns the numbers of the postings. Errors as ledger_post(), and PERIOD_CLOSED.';
ALTER FUNCTION skillancer.ledger_post_batch(text[], text[], uuid[], timestamptz[], integer[], text[], uuid[], uuid[], uuid[], bigint[], text[]) OWNER TO skillancer_engine;
