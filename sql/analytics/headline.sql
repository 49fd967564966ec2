/*
 * sql/analytics/headline.sql
 *		The dashboard of an operator: one call for all headline figures of some months.
 */

-- headline
CREATE OR REPLACE FUNCTION skillancer_analytics.headline(p_from date, p_to date)
RETURNS TABLE (figure text, month date, currency text, reported boolean, num numeric, den numeric, value numeric, unit text, as_of timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET jit = off
AS $fn$
BEGIN
	RETURN QUERY
	SELECT h.figure, h.month, h.currency, h.reported, h.num, h.den, h.value, h.unit, h.as_of
	FROM skillancer_analytics.headline h
	WHERE h.month >= date_trunc('month', p_from::timestamp)::date AND h.month <= p_to;
END
$fn$;
COMMENT ON FUNCTION skillancer_analytics.headline(date, date) IS
	'The view headline of the months from the one of p_from to the one of p_to, by a plan that the session keeps.';
ALTER FUNCTION skillancer_analytics.headline(date, date) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer_analytics.headline(date, date) TO skillancer_analyst, skillancer_admin;
