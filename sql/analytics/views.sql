-- What analysts see: sums, shares and percentiles, never a person. The views read as the engine, which nobody else may.
-- Most are made of the rollups; exact ones of the tables are named so in metric_definition. Internal views, which only
-- the engine reads, come first.

-- Internal: what all views need once.
CREATE VIEW skillancer_analytics.basis WITH (security_barrier = true) AS
SELECT c.ticked_at AS as_of, skillancer.utc_day(c.ticked_at) AS today,
	coalesce((SELECT (p.value #>> '{}')::integer FROM skillancer.policy p WHERE p.key = 'analyticsMinimumGroup'
		AND p.valid_from <= c.ticked_at ORDER BY p.valid_from DESC LIMIT 1), 5) AS least,
	coalesce((SELECT p.value #>> '{}' FROM skillancer.policy p WHERE p.key = 'reportingCurrency'
		AND p.valid_from <= c.ticked_at ORDER BY p.valid_from DESC LIMIT 1), 'USD') AS reporting,
	coalesce((SELECT p.value ->> 'pivot' FROM skillancer.policy p WHERE p.key = 'fxTerms'
		AND p.valid_from <= c.ticked_at ORDER BY p.valid_from DESC LIMIT 1), 'USD') AS pivot
FROM skillancer.consumer c
WHERE c.name = 'analyst';
COMMENT ON VIEW skillancer_analytics.basis IS
	'Internal: when the analyst last read, the smallest group that is shown, the reporting currency and the one that rates are crossed over.';

-- Internal: months in which there was something.
CREATE VIEW skillancer_analytics.month_list WITH (security_barrier = true) AS
SELECT m.month, (m.month + interval '1 month')::date AS next
FROM skillancer.metric_month m
GROUP BY m.month;
COMMENT ON VIEW skillancer_analytics.month_list IS
	'Internal: the months that there are figures of. Views join days to them by lateral sub-selects, so that a condition on the month reads its days only.';

-- Internal: which sums a figure is made of.
CREATE VIEW skillancer_analytics.figure_part WITH (security_barrier = true) AS
SELECT v.figure, v.side, v.metric, v.sign, v.take, v.dims
FROM (VALUES
	('gmv_booked', 'num', 'gmv_booked', 1, 'num', '{}'::jsonb), ('gmv_booked', 'den', 'gmv_booked', -1, 'den', '{}'),
	('gmv_released', 'num', 'gmv_released', 1, 'num', '{}'), ('gmv_released', 'den', 'gmv_released', -1, 'den', '{}'),
	('gmv_net', 'num', 'gmv_released', 1, 'num', '{}'), ('gmv_net', 'num', 'given_back', -1, 'num', '{}'),
	('gmv_net', 'num', 'charged_back', -1, 'num', '{}'), ('gmv_net', 'num', 'chargebacks_won', 1, 'num', '{}'),
	('gmv_net', 'den', 'gmv_released', 1, 'num', '{}'),
	('revenue', 'num', 'revenue', 1, 'num', '{}'), ('revenue', 'den', 'gmv_released', 1, 'num', '{}'),
	('take_rate', 'num', 'revenue', 1, 'num', '{}'), ('take_rate', 'den', 'gmv_released', 1, 'num', '{}'),
	('contribution', 'num', 'revenue', 1, 'num', '{}'), ('contribution', 'num', 'psp_cost', -1, 'num', '{}'),
	('contribution', 'num', 'chargeback_cost', -1, 'num', '{}'), ('contribution', 'num', 'written_off', -1, 'num', '{}'),
	('contribution', 'den', 'revenue', 1, 'num', '{}'),
	('chargeback_bps', 'num', 'charged_back', 1, 'num', '{}'), ('chargeback_bps', 'den', 'charged', 1, 'num', '{}'),
	('refund_rate', 'num', 'refunded', 1, 'num', '{}'), ('refund_rate', 'num', 'given_back', 1, 'num', '{}'),
	('refund_rate', 'den', 'gmv_booked', 1, 'num', '{}'),
	('payout_failure_rate', 'num', 'payouts_failed', 1, 'num', '{}'), ('payout_failure_rate', 'num', 'payouts_returned', 1, 'num', '{}'),
	('payout_failure_rate', 'den', 'payouts_failed', 1, 'num', '{}'), ('payout_failure_rate', 'den', 'payouts_paid', 1, 'num', '{}'),
	('payment_failure_rate', 'num', 'payments_failed', 1, 'num', '{}'), ('payment_failure_rate', 'den', 'payments_failed', 1, 'num', '{}'),
	('payment_failure_rate', 'den', 'payments_captured', 1, 'num', '{}'),
	('users_registered', 'num', 'users_registered', 1, 'num', '{}'), ('users_registered', 'den', 'users_registered', 1, 'den', '{}'),
	('projects_published', 'num', 'projects_published', 1, 'num', '{}'), ('projects_published', 'den', 'publishing_clients', 1, 'num', '{}'),
	('proposals_per_project', 'num', 'proposals_submitted', 1, 'num', '{}'), ('proposals_per_project', 'den', 'projects_published', 1, 'num', '{}'),
	('proposals_per_hire', 'num', 'proposals_submitted', 1, 'num', '{}'),
	('proposals_per_hire', 'den', 'bookings_created', 1, 'num', '{"source": "PROPOSAL"}'),
	('bookings_created', 'num', 'bookings_created', 1, 'num', '{}'), ('bookings_created', 'den', 'booking_pairs', 1, 'num', '{}'),
	('auto_release_share', 'num', 'milestones_released', 1, 'num', '{"by": "time"}'),
	('auto_release_share', 'den', 'milestones_released', 1, 'num', '{}'),
	('mau', 'num', 'active_users', 1, 'num', '{}'),
	('search_zero_result', 'num', 'searches_in_vain', 1, 'num', '{}'), ('search_zero_result', 'den', 'searches', 1, 'num', '{}'),
	('search_corrected', 'num', 'searches_corrected', 1, 'num', '{}'), ('search_corrected', 'den', 'searches', 1, 'num', '{}'),
	('search_click_10', 'num', 'searches_clicked_top10', 1, 'num', '{}'), ('search_click_10', 'den', 'searches', 1, 'num', '{}'),
	('search_click_10', 'den', 'searches_in_vain', -1, 'num', '{}')
) AS v (figure, side, metric, sign, take, dims);
COMMENT ON VIEW skillancer_analytics.figure_part IS
	'Internal: the metrics that numerator and denominator of a figure are sums of, with sign, of rows with the dimensions dims.';

-- Internal: what each figure is.
CREATE VIEW skillancer_analytics.figure_list WITH (security_barrier = true) AS
SELECT v.figure, v.source, v.unit, v.headline, v.title, v.description
FROM (VALUES
	('gmv_booked', 'figure_monthly', 'minor units', true, 'GMV booked', 'Money that went into escrow; den: how many postings'),
	('gmv_released', 'figure_monthly', 'minor units', true, 'GMV released', 'Money that left escrow for freelancers, fees included; den: how many entries'),
	('gmv_net', 'figure_monthly', 'minor units', true, 'Net GMV', 'Released, less what freelancers gave back and what is or was lost to charge-backs; den: released'),
	('revenue', 'figure_monthly', 'minor units', true, 'Platform revenue', 'Fees of all kinds, spreads and sold connects; den: GMV released'),
	('take_rate', 'figure_monthly', 'share', true, 'Take rate', 'Revenue of each unit released'),
	('contribution', 'figure_monthly', 'minor units', true, 'Contribution', 'Revenue less costs of providers and charge-backs and what was written off; den: revenue'),
	('chargeback_bps', 'figure_monthly', 'basis points', true, 'Charge-backs', 'Charged back of what was charged in the same month, in hundredths of a percent'),
	('refund_rate', 'figure_monthly', 'share', true, 'Refund rate', 'Given back to clients out of escrow, by disputes too, or by freelancers, of what was booked'),
	('payout_failure_rate', 'figure_monthly', 'share', true, 'Payout failure rate', 'Payouts that failed or were returned, of those that failed or were paid'),
	('payment_failure_rate', 'figure_monthly', 'share', true, 'Payment failure rate', 'Charges that failed, of those that failed or were captured'),
	('users_registered', 'figure_monthly', 'count', true, 'Registrations', 'Accounts that were made; den: the same'),
	('projects_published', 'figure_monthly', 'count', true, 'Projects published', 'Postings; den: different clients who published one'),
	('proposals_per_project', 'figure_monthly', 'ratio', true, 'Proposals per project', 'Proposals of each posting of the same month'),
	('proposals_per_hire', 'figure_monthly', 'ratio', true, 'Proposals per hire', 'Proposals of each booking that came of one'),
	('win_rate', 'cohort_monthly', 'share', true, 'Win rate', 'Proposals accepted within 30 days, by the month in which they were made'),
	('invite_acceptance', 'cohort_monthly', 'share', true, 'Invite acceptance', 'Invitations accepted, by the month in which they were sent'),
	('bookings_created', 'figure_monthly', 'count', true, 'Bookings', 'Bookings made; den: different pairs of client and freelancer'),
	('auto_release_share', 'figure_monthly', 'share', true, 'Auto-release share', 'Milestones that time released, of all released'),
	('mau', 'figure_monthly', 'count', true, 'Monthly active users', 'Different people who did something in the month'),
	('escrow_outstanding', 'balance_monthly', 'minor units', true, 'Escrow outstanding', 'In escrow, disputed money included, at the end of the month; den: what is owed to users in all'),
	('receivables', 'balance_monthly', 'minor units', true, 'Receivables', 'What freelancers and banks owe the platform at the end of the month; den: what is owed to users in all'),
	('coverage', 'balance_monthly', 'share', true, 'Coverage', 'Money held at providers and banks, conversions included, of what is owed to users; below 1 is short'),
	('payout_seconds', 'duration_monthly', 'seconds', true, 'Payout latency', 'From request to payment; by the month of payment'),
	('projects_proposed', 'duration_monthly', 'seconds', true, 'Time to first proposal', 'From publication, of projects that got one; by the month of publication'),
	('projects_hired', 'duration_monthly', 'seconds', true, 'Time to hire', 'From publication, of projects that hired; by the month of publication'),
	('projects_liquid_24h', 'cohort_monthly', 'share', true, 'Liquidity', 'Projects with three proposals within 24 hours'),
	('projects_proposed_30d', 'cohort_monthly', 'share', true, 'Projects with a proposal', 'Projects with a proposal within 30 days; the zero-proposal rate is one less this'),
	('zero_proposal_rate', 'cohort_monthly', 'share', true, 'Zero-proposal rate', 'Projects without a proposal after 30 days'),
	('projects_hired_30d', 'cohort_monthly', 'share', true, 'Fill rate', 'Projects that hired within 30 days'),
	('bookings_disputed', 'cohort_monthly', 'share', true, 'Dispute rate', 'Bookings disputed at any time, by the month in which they were made'),
	('bookings_reviewed', 'cohort_monthly', 'share', true, 'Review coverage', 'Completed bookings with a review, by the month of completion'),
	('pairs_booked_again', 'cohort_monthly', 'share', true, 'Repeat pairs', 'Pairs that booked a second time, by the month of their first booking'),
	('clients_activated_7d', 'cohort_monthly', 'share', true, 'Activation of clients', 'Accounts that published a project within 7 days of registration'),
	('freelancers_activated_7d', 'cohort_monthly', 'share', true, 'Activation of freelancers', 'Accounts that made a proposal within 7 days of registration'),
	('dau', 'active_daily', 'count', false, 'Daily active users', 'Different people who did something on the day; den: of 30 days, so that the share is stickiness'),
	('wau', 'active_daily', 'count', false, 'Weekly active users', 'Different people of the 7 days that end with the day; den: of 30 days'),
	('mau_30d', 'active_daily', 'count', false, 'Active users of 30 days', 'Different people of the 30 days that end with the day; den: the same'),
	('logo_retention', 'retention_monthly', 'share', false, 'Logo retention', 'Clients of a cohort who paid in a later month, of all of the cohort; a cohort paid first in its month'),
	('gmv_retention', 'retention_monthly', 'share', false, 'GMV retention', 'What a cohort paid in a later month, of what it paid in its first one; minor units'),
	('client_churn', 'retention_monthly', 'share', false, 'Churn', 'Clients who paid in the month before and not in this one, of those who did in the month before'),
	('top10_share', 'concentration_monthly', 'share', false, 'Share of the top ten', 'Money of the ten largest freelancers or clients of the month, of all of it'),
	('hhi', 'concentration_monthly', 'ratio', false, 'Herfindahl index', 'Sum of the squares of all percentages of the month: 10,000 is one person; num is the sum of squares, den the square of the sum over 10,000'),
	('escrow_age', 'escrow_age', 'minor units', false, 'Age of escrow', 'Money in escrow by the days since its milestone was funded; den: all in escrow. Exact, of the accounts'),
	('funnel', 'funnel_monthly', 'share', false, 'Funnels', 'Of who took a step, how many took the next one, by the month of registration; exact, of first steps and roles'),
	('earned', 'country_monthly', 'minor units', false, 'Earned by country', 'What freelancers of a country earned; den: how many people, at least the smallest group'),
	('paid', 'country_monthly', 'minor units', false, 'Paid by country', 'What clients of a country paid; den: how many people, at least the smallest group'),
	('on_time_delivery', 'delivery_monthly', 'share', false, 'On-time delivery', 'Milestones handed in within their agreed days of funding, of those handed in; exact, of milestones and deliveries'),
	('reply_seconds', 'reply_monthly', 'seconds', false, 'Response time', 'From the first message of a conversation to the first answer of somebody else; num: answered within a day, den: begun; exact, of messages'),
	('search_zero_result', 'search_monthly', 'share', true, 'Zero-result rate', 'Searches without a result, of all: none is left out of the count'),
	('search_corrected', 'search_monthly', 'share', true, 'Corrected searches', 'Searches whose spelling was corrected, of all'),
	('search_click_10', 'search_monthly', 'share', true, 'Clicks in the top ten', 'Searches of which one of the first ten results was clicked, of those that found something'),
	('search_mrr', 'search_monthly', 'ratio', false, 'Mean reciprocal rank', 'One over the rank of the first click (num: the sum), over searches with a click'),
	('search_ctr', 'search_rank_monthly', 'share', false, 'Clicks by rank', 'Clicks on the result of a rank, of searches that found something'),
	('search_ms_p50', 'search_monthly', 'milliseconds', false, 'Search latency, median', 'Milliseconds in the index, without the documents; den: how many searches; exact, of the log of searches'),
	('search_ms_p95', 'search_monthly', 'milliseconds', false, 'Search latency, 95 %', 'Milliseconds in the index, without the documents; den: how many searches; exact, of the log of searches'),
	('search_reformulated', 'search_monthly', 'share', false, 'Reformulated searches', 'Searches of signed-in people that they followed up within five minutes by other words for the same kind, of all of theirs; exact, of the log of searches'),
	('search_to_proposal', 'search_monthly', 'share', false, 'Query to proposal', 'Searches for projects of people who made a proposal within a day, of those of signed-in people; exact, of log and proposals'),
	('search_to_contract', 'search_monthly', 'share', false, 'Query to contract', 'Searches that led to a contract, of those of signed-in people: for projects, that of a proposal made within a day; else one that they as a client made within a week; exact, of log and bookings'),
	('search_missed', 'search_missed', 'count', false, 'Words without a result', 'What was searched for in vain by at least the smallest group of people; exact, of the log of searches'),
	('rate_percentile', 'rate_percentile', 'minor units', false, 'Rate intelligence', 'Percentiles of hourly rates and bids; exact, of rates counted by a job'),
	('risk_signals', 'trust_monthly', 'count', false, 'Risk signals', 'Signs of fraud or evasion by kind; den: different people, at least the smallest group; exact, of the signals'),
	('holds_clean', 'trust_monthly', 'share', false, 'Holds released clean', 'Earnings that came off hold without anything having been taken back, of all that did; exact, of earnings')
) AS v (figure, source, unit, headline, title, description);
COMMENT ON VIEW skillancer_analytics.figure_list IS 'Internal: every figure, the view that shows it, its unit and what it says.';

-- Sums by day.
CREATE VIEW skillancer_analytics.metric_daily WITH (security_barrier = true) AS
SELECT m.metric, m.day, m.dims, m.num, m.den, b.as_of
FROM skillancer.metric_day m
CROSS JOIN skillancer_analytics.basis b
-- windows reach over days to come
WHERE m.day <= b.today AND (m.num <> 0 OR m.den <> 0) AND (m.dims = '{}' OR m.num >= b.least OR NOT m.dims ? 'role');
COMMENT ON VIEW skillancer_analytics.metric_daily IS
	'Every metric by day (UTC) and dimensions: numerator and denominator; what they mean is in metric_definition. Groups by role of fewer people than policy analyticsMinimumGroup are left out.';
COMMENT ON COLUMN skillancer_analytics.metric_daily.day IS 'Day in UTC; of cohorts the day on which they began.';
COMMENT ON COLUMN skillancer_analytics.metric_daily.dims IS 'Dimensions: category, currency, source, role and such; {} when the metric has none.';

-- Sums by month.
CREATE VIEW skillancer_analytics.metric_monthly WITH (security_barrier = true) AS
SELECT m.metric, m.month, m.dims, m.num, m.den, b.as_of
FROM skillancer.metric_month m
CROSS JOIN skillancer_analytics.basis b
WHERE (m.num <> 0 OR m.den <> 0) AND (m.dims = '{}' OR m.num >= b.least OR NOT m.dims ? 'role');
COMMENT ON VIEW skillancer_analytics.metric_monthly IS
	'Every metric by month (UTC) and dimensions. People of a month are counted once, so this is not the sum of the days.';
COMMENT ON COLUMN skillancer_analytics.metric_monthly.dims IS 'Dimensions: category, currency, source, role and such; {} when the metric has none.';

-- How long things take.
CREATE VIEW skillancer_analytics.duration_monthly WITH (security_barrier = true) AS
SELECT h.metric, g.month, h.n, h.p[1] AS p50, h.p[2] AS p90, h.p[3] AS p95, b.as_of
FROM skillancer_analytics.month_list g
CROSS JOIN skillancer_analytics.basis b
CROSS JOIN LATERAL (
	SELECT x.metric, sum(x.n)::bigint AS n, ARRAY[
		skillancer.histogram_percentile(array_agg(x.bucket ORDER BY x.bucket), array_agg(x.n ORDER BY x.bucket), 0.5),
		skillancer.histogram_percentile(array_agg(x.bucket ORDER BY x.bucket), array_agg(x.n ORDER BY x.bucket), 0.9),
		skillancer.histogram_percentile(array_agg(x.bucket ORDER BY x.bucket), array_agg(x.n ORDER BY x.bucket), 0.95)] AS p
	FROM (SELECT m.metric, m.bucket, sum(m.n)::bigint AS n FROM skillancer.metric_histogram_month m
		WHERE m.month = g.month AND m.n <> 0 GROUP BY 1, 2) x
	GROUP BY x.metric) h;
COMMENT ON VIEW skillancer_analytics.duration_monthly IS
	'How long things took, by month: percentiles in seconds, within 2 %. Of cohorts: those that reached the goal, by the month in which they began.';

-- Figures made of sums, by month.
CREATE VIEW skillancer_analytics.figure_monthly WITH (security_barrier = true) AS
SELECT f.figure, f.month, f.currency, f.num, f.den,
	CASE l.unit WHEN 'minor units' THEN f.num WHEN 'count' THEN f.num WHEN 'basis points' THEN 10000 * f.num / nullif(f.den, 0)
		ELSE f.num / nullif(f.den, 0) END AS value, l.unit, b.as_of
FROM (
	SELECT p.figure, m.month, (m.dims ->> 'currency') COLLATE "C" AS currency,
		coalesce(sum(p.sign * m.num) FILTER (WHERE p.side = 'num'), 0) AS num,
		sum(p.sign * CASE p.take WHEN 'num' THEN m.num ELSE m.den END) FILTER (WHERE p.side = 'den') AS den
	FROM skillancer_analytics.figure_part p
	JOIN skillancer.metric_month m ON m.metric = p.metric AND m.dims @> p.dims
	WHERE m.dims ->> 'currency' IS DISTINCT FROM 'XCN'
	GROUP BY 1, 2, 3) f
JOIN skillancer_analytics.figure_list l ON l.figure = f.figure
CROSS JOIN skillancer_analytics.basis b;
COMMENT ON VIEW skillancer_analytics.figure_monthly IS
	'Money, rates and counts by month (UTC) and currency; what they mean is in metric_definition. Money is in minor units; currency is NULL of what is no money.';

-- Internal: what is money and part of a figure.
CREATE VIEW skillancer_analytics.money_metric WITH (security_barrier = true) AS
SELECT v.metric
FROM (VALUES ('gmv_booked'), ('gmv_released'), ('given_back'), ('charged_back'), ('chargebacks_won'), ('revenue'), ('psp_cost'),
	('chargeback_cost'), ('written_off'), ('charged'), ('refunded')) AS v (metric);
COMMENT ON VIEW skillancer_analytics.money_metric IS 'Internal: the metrics that are shown in the reporting currency.';

-- Internal: money by month in the reporting currency, kept for months that are over, else added up.
CREATE VIEW skillancer_analytics.money_reported WITH (security_barrier = true) AS
SELECT r.month, r.metric, r.num, r.den
FROM skillancer_analytics.basis b
JOIN skillancer.metric_reported r ON r.reporting = b.reporting AND r.pivot = b.pivot
UNION ALL
SELECT g.month, s.metric, s.num, s.den
FROM (SELECT l.month, b.reporting, b.pivot FROM skillancer_analytics.month_list l
	CROSS JOIN skillancer_analytics.basis b
	WHERE NOT EXISTS (SELECT FROM skillancer.metric_reported r WHERE r.month = l.month AND r.reporting = b.reporting AND r.pivot = b.pivot)) g
CROSS JOIN LATERAL skillancer_analytics.money_of_month(g.month, g.reporting, g.pivot) s (metric, num, den);
COMMENT ON VIEW skillancer_analytics.money_reported IS
	'Internal: metrics in money by month, all currencies together in minor units of the reporting currency; NULL when a rate is missing.';

-- The same in one currency.
CREATE VIEW skillancer_analytics.figure_reported WITH (security_barrier = true) AS
SELECT f.figure, f.month, b.reporting AS currency, f.num, f.den,
	CASE l.unit WHEN 'minor units' THEN f.num WHEN 'basis points' THEN 10000 * f.num / nullif(f.den, 0)
		ELSE f.num / nullif(f.den, 0) END AS value, l.unit, b.as_of
FROM (
	SELECT p.figure, m.month,
		CASE WHEN bool_and(m.num IS NOT NULL) THEN coalesce(sum(p.sign * m.num) FILTER (WHERE p.side = 'num'), 0) END AS num,
		CASE WHEN bool_and(m.num IS NOT NULL) THEN sum(p.sign * CASE p.take WHEN 'num' THEN m.num ELSE m.den END) FILTER (WHERE p.side = 'den') END AS den
	FROM skillancer_analytics.money_reported m
	JOIN skillancer_analytics.figure_part p ON p.metric = m.metric
	GROUP BY 1, 2) f
JOIN skillancer_analytics.figure_list l ON l.figure = f.figure
CROSS JOIN skillancer_analytics.basis b;
COMMENT ON VIEW skillancer_analytics.figure_reported IS
	'Figures in money by month, all currencies together in the reporting currency (policy reportingCurrency) at the last rate of each day, crossed over the pivot of fxTerms; NULL when a rate is missing.';

-- What the books say at the end of each month.
CREATE VIEW skillancer_analytics.trial_balance WITH (security_barrier = true) AS
WITH entry AS (
	SELECT x.month, (x.dims ->> 'account') COLLATE "C" AS account, k.type, (x.dims ->> 'currency') COLLATE "C" AS currency, x.num, x.den
	FROM skillancer.metric_month x
	JOIN skillancer.account_class k ON k.class = x.dims ->> 'account'
	WHERE x.metric = 'account_change'
)
SELECT t.month, t.account, t.type, t.currency, t.num, t.den, t.num AS value, t.as_of
FROM (
	SELECT a.month, c.account, c.type, c.currency, sum(coalesce(e.num, 0)) OVER w AS num, sum(coalesce(e.den, 0)) OVER w AS den, a.as_of
	FROM (SELECT g.at::date AS month, b.as_of FROM skillancer_analytics.basis b
		CROSS JOIN LATERAL generate_series((SELECT min(x.month) FROM entry x)::timestamp, date_trunc('month', b.today::timestamp), interval '1 month') AS g (at)) a
	CROSS JOIN (SELECT DISTINCT x.account, x.type, x.currency FROM entry x) c
	LEFT JOIN entry e ON e.month = a.month AND e.account = c.account AND e.currency = c.currency
	WINDOW w AS (PARTITION BY c.account, c.currency ORDER BY a.month)
) t
WHERE t.den > 0;
COMMENT ON VIEW skillancer_analytics.trial_balance IS
	'Balance of every class of accounts and currency at the end of a month, or now: num is debit positive, in minor units; den is how many entries. The balances of a currency add up to zero.';

-- What is owed and held at the end of each month.
CREATE VIEW skillancer_analytics.balance_monthly WITH (security_barrier = true) AS
SELECT v.figure, t.month, t.currency, v.num, t.owed AS den,
	CASE v.figure WHEN 'coverage' THEN v.num / nullif(t.owed, 0) ELSE v.num END AS value, v.unit, t.as_of
FROM (
	SELECT x.month, x.currency, x.as_of,
		coalesce(-sum(x.num) FILTER (WHERE x.account IN ('escrow', 'escrow_hold')), 0) AS escrow,
		coalesce(sum(x.num) FILTER (WHERE x.account IN ('freelancer_receivable', 'chargeback_receivable')), 0) AS receivable,
		coalesce(sum(x.num) FILTER (WHERE x.account IN ('psp_clearing', 'bank_trust', 'bank_operating', 'fx_position')), 0) AS held,
		coalesce(-sum(x.num) FILTER (WHERE x.type = 'liability'), 0) AS owed
	FROM skillancer_analytics.trial_balance x
	WHERE x.currency <> 'XCN'
	GROUP BY 1, 2, 3) t
CROSS JOIN LATERAL (VALUES ('escrow_outstanding', t.escrow, 'minor units'), ('receivables', t.receivable, 'minor units'),
	('coverage', t.held, 'share')) AS v (figure, num, unit);
COMMENT ON VIEW skillancer_analytics.balance_monthly IS
	'Escrow, receivables and coverage at the end of each month, or now, by currency; den is what is owed to users in all. Connects are no money and left out.';

-- Of all that began in a month, how many got where.
CREATE VIEW skillancer_analytics.cohort_monthly WITH (security_barrier = true) AS
SELECT v.figure, c.month, v.num, c.den, c.censored, v.num / nullif(c.den, 0) AS value, c.as_of
FROM (
	SELECT m.month, h.metric, m.num, m.den, CASE WHEN h.within IS NULL THEN m.den - m.num ELSE 0 END AS censored, b.as_of
	FROM skillancer.cohort_measure h
	CROSS JOIN skillancer_analytics.basis b
	JOIN skillancer.metric_month m ON m.metric = h.metric AND coalesce(m.month + interval '1 month' + h.within <= b.as_of AT TIME ZONE 'UTC', true)
	UNION ALL
	SELECT g.month, h.metric, d.num, d.den, d.censored, b.as_of
	FROM skillancer_analytics.month_list g
	CROSS JOIN skillancer_analytics.basis b
	JOIN skillancer.cohort_measure h ON g.month + interval '1 month' + h.within > b.as_of AT TIME ZONE 'UTC'
	CROSS JOIN LATERAL (
		SELECT coalesce(sum(m.num) FILTER (WHERE o.is_over), 0) AS num, coalesce(sum(m.den) FILTER (WHERE o.is_over), 0) AS den,
			coalesce(sum(m.den) FILTER (WHERE NOT o.is_over), 0) AS censored
		FROM skillancer.metric_day m
		CROSS JOIN LATERAL (SELECT (m.day + 1)::timestamp + h.within <= b.as_of AT TIME ZONE 'UTC' AS is_over) o
		WHERE m.metric = h.metric AND m.day >= g.month AND m.day < g.next
		HAVING count(*) > 0) d) c
CROSS JOIN LATERAL (
	SELECT c.metric AS figure, c.num UNION ALL
	SELECT 'zero_proposal_rate' AS figure, c.den - c.num AS num WHERE c.metric = 'projects_proposed_30d') v;
COMMENT ON VIEW skillancer_analytics.cohort_monthly IS
	'Of all that began in a month (den), how many reached the goal (num). With a period only days count whose period is over, and months of which all are come from the rows of months; censored are the others, or without a period those that may still reach it.';

-- Funnels of both sides.
CREATE VIEW skillancer_analytics.funnel_monthly WITH (security_barrier = true) AS
WITH step (side, role, position, step, metric, nth) AS (
	VALUES ('client', 'CLIENT', 1, 'registered', 'user_registered', 1), ('client', 'CLIENT', 2, 'published', 'client_published', 1),
		('client', 'CLIENT', 3, 'hired', 'client_hired', 1), ('client', 'CLIENT', 4, 'paid', 'client_paid', 1),
		('client', 'CLIENT', 5, 'paid_again', 'client_paid', 2),
		('freelancer', 'FREELANCER', 1, 'registered', 'user_registered', 1), ('freelancer', 'FREELANCER', 2, 'proposed', 'freelancer_proposed', 1),
		('freelancer', 'FREELANCER', 3, 'hired', 'freelancer_hired', 1), ('freelancer', 'FREELANCER', 4, 'earned', 'freelancer_earned', 1)
), taken AS (
	SELECT p.side, p.position, p.step, skillancer.utc_month(f.times[1]) AS month, s.times[p.nth] AS at,
		lag(s.times[p.nth]) OVER k AS before, count(s.times[p.nth]) OVER k AS steps
	FROM step p
	JOIN skillancer.user_role r ON r.role = p.role
	JOIN skillancer.metric_step f ON f.metric = 'user_registered' AND f.subject = r.user_id::uuid
	LEFT JOIN skillancer.metric_step s ON s.metric = p.metric AND s.subject = f.subject
	WINDOW k AS (PARTITION BY p.side, f.subject ORDER BY p.position)
), counted AS (
	SELECT t.side, t.month, t.position, t.step, count(*) AS people,
		count(*) FILTER (WHERE t.steps = t.position) AS num,
		count(*) FILTER (WHERE t.steps - num_nonnulls(t.at) = t.position - 1) AS den,
		percentile_disc('{0.5,0.9}'::double precision[]) WITHIN GROUP (ORDER BY greatest(extract(epoch FROM t.at - t.before), 0)) FILTER (WHERE t.steps = t.position AND t.position > 1) AS p
	FROM taken t
	GROUP BY 1, 2, 3, 4
)
SELECT c.side, c.month, c.position, c.step, c.num::numeric AS num, c.den::numeric AS den, c.num::numeric / nullif(c.den, 0) AS value,
	c.p[1]::double precision AS p50, c.p[2]::double precision AS p90, b.as_of
FROM counted c
JOIN skillancer_analytics.basis b ON c.people >= b.least;
COMMENT ON VIEW skillancer_analytics.funnel_monthly IS
	'Of all who registered in a month and have the role of a side: of who took all steps before (den), how many took this one (num), and how many seconds after the last one. Months with fewer people than analyticsMinimumGroup are left out.';

-- Who is there.
CREATE VIEW skillancer_analytics.active_daily WITH (security_barrier = true) AS
SELECT v.figure, d.day, v.num, m.num AS den, v.num / nullif(m.num, 0) AS value, b.as_of
FROM skillancer.metric_day d
CROSS JOIN skillancer_analytics.basis b
JOIN skillancer.metric_day w ON w.metric = 'active_users_7d' AND w.day = d.day AND w.dims = '{}'
JOIN skillancer.metric_day m ON m.metric = 'active_users_30d' AND m.day = d.day AND m.dims = '{}'
CROSS JOIN LATERAL (VALUES ('dau', d.num), ('wau', w.num), ('mau_30d', m.num)) AS v (figure, num)
WHERE d.metric = 'active_users' AND d.dims = '{}';
COMMENT ON VIEW skillancer_analytics.active_daily IS
	'Different people who did something on a day (dau), in the 7 days that end with it (wau) and in 30 (mau_30d, and den): value is the share of the latter, of dau the stickiness.';

-- Internal: who paid how much in which month.
CREATE VIEW skillancer_analytics.payer WITH (security_barrier = true) AS
SELECT m.subject, m.at AS month, m.dims ->> 'currency' AS currency, m.num, min(m.at) OVER (PARTITION BY m.subject) AS cohort
FROM skillancer.metric_member m
WHERE m.metric = 'spenders' AND m.level = 'month' AND m.num > 0;
COMMENT ON VIEW skillancer_analytics.payer IS 'Internal: what each client paid in a month and currency, and the month in which it paid first.';

-- Cohorts by first payment.
CREATE VIEW skillancer_analytics.retention_monthly WITH (security_barrier = true) AS
WITH payer AS MATERIALIZED (
	SELECT * FROM skillancer_analytics.payer
), grid AS (
	SELECT c.cohort, c.currency, c.people, c.paid, g.at::date AS month, b.as_of
	FROM (SELECT p.cohort, p.currency, count(DISTINCT p.subject) AS people, sum(p.num) FILTER (WHERE p.month = p.cohort) AS paid
		FROM payer p GROUP BY GROUPING SETS ((p.cohort), (p.cohort, p.currency))) c
	JOIN skillancer_analytics.basis b ON c.people >= b.least
	CROSS JOIN LATERAL generate_series(c.cohort::timestamp, b.today::timestamp, interval '1 month') AS g (at)
)
SELECT CASE WHEN g.currency IS NULL THEN 'logo_retention' ELSE 'gmv_retention' END AS figure, g.cohort, g.month,
	(extract(year FROM age(g.month, g.cohort)) * 12 + extract(month FROM age(g.month, g.cohort)))::integer AS months, g.currency,
	v.num, v.den, v.num / nullif(v.den, 0) AS value, g.as_of
FROM grid g
CROSS JOIN LATERAL (
	SELECT CASE WHEN g.currency IS NULL THEN count(DISTINCT p.subject)::numeric ELSE coalesce(sum(p.num), 0) END AS num,
		CASE WHEN g.currency IS NULL THEN g.people::numeric ELSE coalesce(g.paid, 0) END AS den
	FROM payer p
	WHERE p.cohort = g.cohort AND p.month = g.month AND (g.currency IS NULL OR p.currency = g.currency)) v;
COMMENT ON VIEW skillancer_analytics.retention_monthly IS
	'Clients by the month of their first payment (cohort): how many of them paid in a later one (logo_retention), and how much of what they paid first (gmv_retention, by currency, minor units). Cohorts of fewer people than analyticsMinimumGroup are left out.';

-- Churn.
CREATE VIEW skillancer_analytics.churn_monthly WITH (security_barrier = true) AS
SELECT 'client_churn' AS figure, c.month, c.lost AS num, c.had AS den, c.lost / nullif(c.had, 0) AS value, b.as_of
FROM (
	SELECT (p.month + interval '1 month')::date AS month, count(*)::numeric AS had, count(*) FILTER (WHERE NOT p.returned)::numeric AS lost
	FROM (SELECT q.subject, q.month, coalesce(lead(q.month) OVER (PARTITION BY q.subject ORDER BY q.month) = (q.month + interval '1 month')::date, false) AS returned
		FROM (SELECT DISTINCT y.subject, y.month FROM skillancer_analytics.payer y) q) p
	GROUP BY 1) c
JOIN skillancer_analytics.basis b ON c.month < date_trunc('month', b.today::timestamp)::date AND c.had >= b.least;
COMMENT ON VIEW skillancer_analytics.churn_monthly IS
	'Of the clients who paid in the month before (den), how many did not in this one (num). The month that is not over is left out.';

-- On how many the money hangs.
CREATE VIEW skillancer_analytics.concentration_monthly WITH (security_barrier = true) AS
SELECT v.figure, c.side, c.month, c.currency, v.num, v.den, v.num / nullif(v.den, 0) AS value, c.people::numeric AS people, b.as_of
FROM (
	SELECT r.side, r.month, r.currency, count(*) AS people, sum(r.num) AS total, sum(r.num) FILTER (WHERE r.place <= 10) AS top, sum(r.num * r.num) AS squares
	FROM (SELECT CASE m.metric WHEN 'earners' THEN 'freelancer' ELSE 'client' END AS side, m.at AS month, m.dims ->> 'currency' AS currency, m.num,
			row_number() OVER (PARTITION BY m.metric, m.at, m.dims ORDER BY m.num DESC) AS place
		FROM skillancer.metric_member m
		WHERE m.metric IN ('earners', 'spenders') AND m.level = 'month' AND m.num > 0) r
	GROUP BY 1, 2, 3) c
JOIN skillancer_analytics.basis b ON c.people >= b.least
CROSS JOIN LATERAL (VALUES ('top10_share', c.top, c.total), ('hhi', c.squares, c.total * c.total / 10000)) AS v (figure, num, den);
COMMENT ON VIEW skillancer_analytics.concentration_monthly IS
	'Share of the ten largest freelancers or clients of a month (top10_share) and Herfindahl index (hhi, up to 10,000), by currency. Months with fewer people than analyticsMinimumGroup are left out.';

-- Where the money comes from and goes to.
CREATE VIEW skillancer_analytics.country_monthly WITH (security_barrier = true) AS
SELECT CASE c.side WHEN 'freelancer' THEN 'earned' ELSE 'paid' END AS figure, c.side, c.month, c.country, c.currency, c.num, c.den, c.num AS value, b.as_of
FROM (
	SELECT CASE m.metric WHEN 'earners' THEN 'freelancer' ELSE 'client' END AS side, m.at AS month, coalesce(p.country, 'ZZ') AS country,
		m.dims ->> 'currency' AS currency, sum(m.num) AS num, count(*)::numeric AS den
	FROM skillancer.metric_member m
	LEFT JOIN skillancer.profile p ON p.user_id = m.subject::skillancer.user_id
	WHERE m.metric IN ('earners', 'spenders') AND m.level = 'month' AND m.num > 0
	GROUP BY 1, 2, 3, 4) c
JOIN skillancer_analytics.basis b ON c.den >= b.least;
COMMENT ON VIEW skillancer_analytics.country_monthly IS
	'What freelancers of a country earned and clients of it paid in a month, in minor units; den is how many people. ZZ: unknown. Fewer people than analyticsMinimumGroup are left out.';

-- How long money has been in escrow.
CREATE VIEW skillancer_analytics.escrow_age WITH (security_barrier = true) AS
SELECT 'escrow_age' AS figure, g.currency, g.age, g.num, sum(g.num) OVER (PARTITION BY g.currency) AS den,
	g.num / nullif(sum(g.num) OVER (PARTITION BY g.currency), 0) AS value, g.milestones, skillancer.now() AS as_of
FROM (
	SELECT a.currency, CASE WHEN t.days < 7 THEN '0-6' WHEN t.days < 30 THEN '7-29' WHEN t.days < 90 THEN '30-89' ELSE '90+' END AS age,
		sum(a.balance)::numeric AS num, count(DISTINCT m.id)::numeric AS milestones
	FROM skillancer.ledger_account a
	LEFT JOIN skillancer.dispute d ON a.class = 'escrow_hold' AND d.id = a.ref::skillancer.dispute_id
	LEFT JOIN skillancer.milestone m ON m.id = coalesce(d.milestone_id, a.ref::skillancer.milestone_id)
	CROSS JOIN LATERAL (SELECT extract(epoch FROM skillancer.now() - coalesce(m.funded_at, a.created_at)) / 86400 AS days) t
	WHERE a.class IN ('escrow', 'escrow_hold') AND a.balance <> 0
	GROUP BY 1, 2) g;
COMMENT ON VIEW skillancer_analytics.escrow_age IS
	'What is in escrow at this moment, by currency and days since its milestone was funded, in minor units; den is all of the currency.';

-- Work on time.
CREATE VIEW skillancer_analytics.delivery_monthly WITH (security_barrier = true) AS
SELECT 'on_time_delivery' AS figure, d.month, d.num, d.den, d.num / nullif(d.den, 0) AS value, skillancer.now() AS as_of
FROM (
	SELECT skillancer.utc_month(f.at) AS month, count(*) FILTER (WHERE f.at <= m.funded_at + make_interval(days => m.days))::numeric AS num, count(*)::numeric AS den
	FROM skillancer.milestone m
	CROSS JOIN LATERAL (SELECT min(x.created_at) AS at FROM skillancer.delivery x WHERE x.milestone_id = m.id) f
	WHERE m.days IS NOT NULL AND m.funded_at IS NOT NULL AND m.week IS NULL AND f.at IS NOT NULL
	GROUP BY 1) d;
COMMENT ON VIEW skillancer_analytics.delivery_monthly IS
	'Of the milestones with agreed days whose work was first handed in in a month (den), how many were in time (num), counted from the day they were funded. Agreed extensions count.';

-- Answers to messages.
CREATE VIEW skillancer_analytics.reply_monthly WITH (security_barrier = true) AS
SELECT 'reply_seconds' AS figure, r.month, r.kind, r.num, r.den, r.num / nullif(r.den, 0) AS value, r.p[1]::double precision AS p50, r.p[2]::double precision AS p90, skillancer.now() AS as_of
FROM (
	SELECT skillancer.utc_month(f.at) AS month, c.kind, count(*) FILTER (WHERE a.at <= f.at + interval '24 hours')::numeric AS num, count(*)::numeric AS den,
		percentile_disc('{0.5,0.9}'::double precision[]) WITHIN GROUP (ORDER BY extract(epoch FROM a.at - f.at)) FILTER (WHERE a.at IS NOT NULL) AS p
	FROM skillancer.conversation c
	CROSS JOIN LATERAL (SELECT m.sender_id, m.created_at AS at FROM skillancer.message m WHERE m.conversation_id = c.id ORDER BY m.id LIMIT 1) f
	LEFT JOIN LATERAL (SELECT m.created_at AS at FROM skillancer.message m WHERE m.conversation_id = c.id AND m.sender_id <> f.sender_id ORDER BY m.id LIMIT 1) a ON true
	WHERE f.at < skillancer.now() - interval '24 hours'
	GROUP BY 1, 2) r;
COMMENT ON VIEW skillancer_analytics.reply_monthly IS
	'Of the conversations that began in a month (den), how many were answered by somebody else within 24 hours (num), and in how many seconds (p50, p90); by what they are about. Those of the last 24 hours are left out.';

-- What searches find and lead to.
CREATE VIEW skillancer_analytics.search_monthly WITH (security_barrier = true) AS
SELECT v.figure, s.month, s.kind, v.num, v.den, v.num / nullif(v.den, 0) AS value, b.as_of
FROM (
	SELECT m.month, m.dims ->> 'kind' AS kind, sum(m.num) FILTER (WHERE m.metric = 'searches') AS searches,
		coalesce(sum(m.num) FILTER (WHERE m.metric = 'searches_in_vain'), 0) AS missed,
		coalesce(sum(m.num) FILTER (WHERE m.metric = 'searches_corrected'), 0) AS corrected,
		coalesce(sum(m.num) FILTER (WHERE m.metric = 'searches_clicked_top10'), 0) AS clicked,
		coalesce(sum(m.num) FILTER (WHERE m.metric = 'search_reciprocal_rank'), 0) / 1000000 AS reciprocal,
		coalesce(sum(m.den) FILTER (WHERE m.metric = 'search_reciprocal_rank'), 0) AS first_clicks
	FROM skillancer.metric_month m
	WHERE m.metric IN ('searches', 'searches_in_vain', 'searches_corrected', 'searches_clicked_top10', 'search_reciprocal_rank')
	GROUP BY 1, 2) s
CROSS JOIN skillancer_analytics.basis b
CROSS JOIN LATERAL (VALUES ('search_zero_result', s.missed, s.searches), ('search_corrected', s.corrected, s.searches),
	('search_click_10', s.clicked, s.searches - s.missed), ('search_mrr', s.reciprocal, s.first_clicks)) AS v (figure, num, den)
WHERE v.den > 0
UNION ALL
SELECT v.figure, s.month, s.kind, v.num, v.den, v.num / v.den AS value, skillancer.now() AS as_of
FROM (
	SELECT skillancer.utc_month(l.at) AS month, i.kind, count(*)::numeric AS asked,
		count(*) FILTER (WHERE l.q_next <> l.q AND l.at_next <= l.at + interval '5 minutes')::numeric AS reformulated,
		count(*) FILTER (WHERE p.proposed)::numeric AS proposed, count(*) FILTER (WHERE coalesce(p.hired, h.hired))::numeric AS hired
	FROM (SELECT x.at, x.index_id, x.user_id, x.q, lead(x.at) OVER w AS at_next, lead(x.q) OVER w AS q_next
		FROM skillancer.search_log x WHERE x.user_id IS NOT NULL
		WINDOW w AS (PARTITION BY x.user_id, x.index_id ORDER BY x.at, x.id)) l
	JOIN skillancer.search_index i ON i.index_id = l.index_id
	LEFT JOIN LATERAL (SELECT count(*) > 0 AS proposed, count(k.id) > 0 AS hired FROM skillancer.proposal r LEFT JOIN skillancer.booking k ON k.proposal_id = r.id
		WHERE r.freelancer_id = l.user_id AND r.created_at >= l.at AND r.created_at <= l.at + interval '1 day') p ON i.kind = 'project'
	LEFT JOIN LATERAL (SELECT count(*) > 0 AS hired FROM skillancer.booking k
		WHERE k.client_id = l.user_id AND k.created_at >= l.at AND k.created_at <= l.at + interval '7 days') h ON i.kind <> 'project'
	GROUP BY 1, 2) s
CROSS JOIN LATERAL (VALUES ('search_reformulated', s.reformulated, s.asked),
	('search_to_proposal', s.proposed, CASE s.kind WHEN 'project' THEN s.asked END), ('search_to_contract', s.hired, s.asked)) AS v (figure, num, den)
WHERE v.den > 0
UNION ALL
SELECT v.figure, s.month, s.kind, v.num, s.n AS den, v.num AS value, skillancer.now() AS as_of
FROM (
	SELECT skillancer.utc_month(l.at) AS month, i.kind, count(l.took_us)::numeric AS n,
		percentile_disc('{0.5,0.95}'::double precision[]) WITHIN GROUP (ORDER BY l.took_us) AS p
	FROM skillancer.search_log l
	JOIN skillancer.search_index i ON i.index_id = l.index_id
	WHERE l.took_us IS NOT NULL
	GROUP BY 1, 2) s
CROSS JOIN LATERAL (VALUES ('search_ms_p50', s.p[1]::numeric / 1000), ('search_ms_p95', s.p[2]::numeric / 1000)) AS v (figure, num);
COMMENT ON VIEW skillancer_analytics.search_monthly IS
	'Searches for words by month and kind: without a result, with a corrected spelling, with a click, how long they took, and of signed-in people those that were followed by other words, a proposal, a contract. What is not of the rollups goes as far back as searchLogRetention.';

-- Clicks by rank.
CREATE VIEW skillancer_analytics.search_rank_monthly WITH (security_barrier = true) AS
SELECT 'search_ctr' AS figure, c.month, c.kind, c.rank, c.num, s.den, c.num / s.den AS value, b.as_of
FROM (SELECT m.month, m.dims ->> 'kind' AS kind, (m.dims ->> 'rank')::integer AS rank, m.num
	FROM skillancer.metric_month m WHERE m.metric = 'search_clicks') c
CROSS JOIN skillancer_analytics.basis b
JOIN (SELECT m.month, m.dims ->> 'kind' AS kind, sum(CASE m.metric WHEN 'searches' THEN m.num ELSE -m.num END) AS den
	FROM skillancer.metric_month m WHERE m.metric IN ('searches', 'searches_in_vain') GROUP BY 1, 2) s ON s.month = c.month AND s.kind = c.kind
WHERE s.den > 0;
COMMENT ON VIEW skillancer_analytics.search_rank_monthly IS
	'Clicks on the first, second, … result (num) of the searches of a month and kind that found something (den).';

-- What is searched for in vain.
CREATE VIEW skillancer_analytics.search_missed WITH (security_barrier = true) AS
SELECT 'search_missed' AS figure, s.month, s.kind, s.q AS words, s.num, s.den, s.num AS value, skillancer.now() AS as_of
FROM (
	SELECT skillancer.utc_month(l.at) AS month, i.kind, l.q, count(*)::numeric AS num, count(DISTINCT l.user_id)::numeric AS den
	FROM skillancer.search_log l
	JOIN skillancer.search_index i ON i.index_id = l.index_id
	WHERE l.results = 0
	GROUP BY 1, 2, 3) s
JOIN skillancer_analytics.basis b ON s.den >= b.least;
COMMENT ON VIEW skillancer_analytics.search_missed IS
	'Words that were searched for without a result (num) by how many different signed-in people (den), at least analyticsMinimumGroup: what few have typed is not shown.';

-- What is asked and bid.
CREATE VIEW skillancer_analytics.rate_percentile WITH (security_barrier = true) AS
SELECT 'rate_percentile' AS figure, lower(r.kind) AS kind, c.slug AS category, s.slug AS skill, r.level, r.currency, r.samples::numeric AS num, r.people::numeric AS den,
	skillancer.monetary_minor(r.p50)::numeric AS value, skillancer.monetary_minor(r.p10) AS p10, skillancer.monetary_minor(r.p25) AS p25,
	skillancer.monetary_minor(r.p50) AS p50, skillancer.monetary_minor(r.p75) AS p75, skillancer.monetary_minor(r.p90) AS p90, r.refreshed_at AS as_of
FROM skillancer.rate_stat r
JOIN skillancer_analytics.basis b ON r.people >= b.least
LEFT JOIN skillancer.category c ON c.id = r.category_id
LEFT JOIN skillancer.skill s ON s.id = r.skill_id;
COMMENT ON VIEW skillancer_analytics.rate_percentile IS
	'Percentiles of hourly rates and of bids in minor units, by category, skill and level (NULL: all); num is how many samples, den of how many people, at least analyticsMinimumGroup.';

-- Trust.
CREATE VIEW skillancer_analytics.trust_monthly WITH (security_barrier = true) AS
SELECT 'risk_signals' AS figure, r.month, r.kind, r.num, r.den, r.num AS value, skillancer.now() AS as_of
FROM (
	SELECT skillancer.utc_month(s.created_at) AS month, s.kind, count(*)::numeric AS num, count(DISTINCT s.user_id)::numeric AS den
	FROM skillancer.risk_signal s GROUP BY 1, 2) r
JOIN skillancer_analytics.basis b ON r.den >= b.least
UNION ALL
SELECT 'holds_clean', e.month, NULL, e.num, e.den, e.num / e.den, skillancer.now()
FROM (
	SELECT skillancer.utc_month(coalesce(g.available_at, g.updated_at)) AS month,
		count(*) FILTER (WHERE NOT EXISTS (SELECT FROM skillancer.earning_return x WHERE x.earning_id = g.id))::numeric AS num, count(*)::numeric AS den
	FROM skillancer.earning g
	WHERE g.state = 'AVAILABLE'
	GROUP BY 1) e;
COMMENT ON VIEW skillancer_analytics.trust_monthly IS
	'Signs of fraud or evasion by kind (risk_signals: num signs of den people, at least analyticsMinimumGroup), and earnings that came off hold without anything having been taken back (holds_clean).';

-- All headline figures.
CREATE VIEW skillancer_analytics.headline WITH (security_barrier = true) AS
SELECT f.figure, f.month, f.currency, false AS reported, f.num, f.den, f.value, f.unit, f.as_of
FROM skillancer_analytics.figure_monthly f
UNION ALL
SELECT f.figure, f.month, f.currency, true, f.num, f.den, f.value, f.unit, f.as_of
FROM skillancer_analytics.figure_reported f
UNION ALL
SELECT m.figure, m.month, m.currency, false, m.num, m.den, m.value, CASE m.figure WHEN 'coverage' THEN 'share' ELSE 'minor units' END, m.as_of
FROM skillancer_analytics.balance_monthly m
UNION ALL
SELECT c.figure, c.month, NULL, false, c.num, c.den, c.value, 'share', c.as_of
FROM skillancer_analytics.cohort_monthly c
JOIN skillancer_analytics.figure_list l ON l.figure = c.figure AND l.headline
UNION ALL
SELECT d.metric || p.suffix, d.month, NULL, false, NULL, d.n, p.value::numeric, 'seconds', d.as_of
FROM skillancer_analytics.duration_monthly d
CROSS JOIN LATERAL (VALUES ('_p50', d.p50), ('_p90', d.p90), ('_p95', d.p95)) AS p (suffix, value)
WHERE d.metric IN ('payout_seconds', 'projects_proposed', 'projects_hired');
COMMENT ON VIEW skillancer_analytics.headline IS
	'The figures of a dashboard by month, each with numerator and denominator; reported ones are all money in the reporting currency. Percentiles end with _p50, _p90, _p95: den is how many were measured.';

-- What every metric and figure is.
CREATE VIEW skillancer_analytics.metric_definition WITH (security_barrier = true) AS
WITH part AS (
	SELECT p.figure, string_agg(format('%s%s%s', CASE p.sign WHEN 1 THEN '+' ELSE '-' END, p.metric, nullif(' ' || p.dims::text, ' {}')), ' ' ORDER BY p.metric) FILTER (WHERE p.side = 'num')
		|| coalesce(' / (' || string_agg(format('%s%s%s%s', CASE p.sign WHEN 1 THEN '+' ELSE '-' END, p.metric, CASE p.take WHEN 'den' THEN '.den' END, nullif(' ' || p.dims::text, ' {}')), ' '
			ORDER BY p.metric) FILTER (WHERE p.side = 'den') || ')', '') AS sql
	FROM skillancer_analytics.figure_part p GROUP BY p.figure
), declared AS (
	SELECT m.metric, CASE WHEN m.metric ~ '_seconds$' THEN 'seconds' WHEN m.value = 'amount' THEN 'minor units' ELSE 'count' END AS unit,
		format('%s of %s', m.mode, string_agg(format('%s%s %s%s', CASE m.sign WHEN 1 THEN '+' ELSE '-' END, m.value, m.match,
			' in ' || array_to_string(m.kinds, ', ')), '; ' ORDER BY m.match, m.sign)) AS sql,
		CASE m.mode WHEN 'member' THEN 'Different people or pairs' WHEN 'step' THEN 'First times, for cohorts' ELSE 'Added up' END AS description,
		CASE m.mode WHEN 'histogram' THEN 'metric_daily, metric_monthly, duration_monthly' WHEN 'step' THEN 'funnel_monthly, cohort_monthly' ELSE 'metric_daily, metric_monthly' END AS source
	FROM skillancer.measure m
	GROUP BY m.metric, m.mode, 2
	UNION ALL
	SELECT h.metric, 'share' AS unit, format('of all with %s: those with %s (%s.) within %s', h.entry, h.goal, h.nth, coalesce(h.within::text, 'any time')) AS sql,
		'Of all that began on a day (den), how many reached the goal (num)' AS description, 'cohort_monthly, duration_monthly, metric_daily' AS source
	FROM skillancer.cohort_measure h
	UNION ALL
	SELECT w.metric, 'count' AS unit, format('different people of %s in %s days', w.members, w.days) AS sql,
		'Different people of the day and the days before it' AS description, 'active_daily, metric_daily' AS source
	FROM skillancer.window_measure w
)
SELECT coalesce(l.figure, d.metric) AS metric, coalesce(l.title, replace(d.metric, '_', ' ')) AS title, coalesce(l.unit, d.unit) AS unit,
	coalesce(p.sql, d.sql, CASE WHEN l.figure = 'search_mrr' THEN '+search_reciprocal_rank / 1000000 / (+search_reciprocal_rank.den)'
		WHEN l.figure = 'search_ctr' THEN '+search_clicks {rank} / (+searches -searches_in_vain)' WHEN l.source = 'balance_monthly' THEN '+account_change, up to the end of the month'
		WHEN l.source = 'active_daily' THEN 'different people of active_users' WHEN l.source = 'retention_monthly' THEN 'people of spenders, by month'
		WHEN l.source IN ('concentration_monthly', 'country_monthly') THEN 'people of earners and spenders, by month' ELSE 'exact, of the tables' END) AS sql, coalesce(l.description, d.description) AS description,
	concat_ws(', ', l.source, CASE WHEN l.headline THEN 'headline' END, CASE WHEN l.source IS NULL OR d.source !~ l.source THEN d.source END) AS source
FROM declared d
FULL JOIN skillancer_analytics.figure_list l ON l.figure = d.metric
LEFT JOIN part p ON p.figure = l.figure
UNION ALL
SELECT l.figure || s.suffix, l.title || s.words, l.unit, 'percentile of ' || l.figure, l.description || '; den: how many were measured', 'headline'
FROM skillancer_analytics.figure_list l
CROSS JOIN (VALUES ('_p50', ', median'), ('_p90', ', 90 %'), ('_p95', ', 95 %')) AS s (suffix, words)
WHERE l.source = 'duration_monthly';
COMMENT ON VIEW skillancer_analytics.metric_definition IS 'Every metric and figure, and how it is made.';

-- Columns have the same meaning everywhere.
DO $do$
DECLARE
	v_column record;
BEGIN
	FOR v_column IN
		SELECT c.oid::regclass AS relation, a.attname AS name, d.meaning
		FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
		JOIN (VALUES
			('metric', 'Name of the metric.'), ('figure', 'Name of the figure, as in metric_definition.'), ('title', 'The name as words.'),
			('unit', 'Unit of value: minor units, count, share (of 1), basis points, ratio, seconds, milliseconds.'),
			('sql', 'How it is made: metrics with their signs, numerator / (denominator); events or entries of the ledger that count; steps of a cohort.'),
			('description', 'What it says, and how numerator and denominator are to be read.'), ('source', 'The views that show it.'), ('headline', 'Whether headline shows it.'),
			('day', 'Day in UTC; of cohorts the day on which they began.'), ('next', 'First day of the next month.'), ('month', 'First day of the month (UTC); of cohorts the month in which they began.'),
			('cohort', 'First day of the month in which they paid first.'), ('months', 'Months since then.'),
			('dims', 'Dimensions: category, currency, source, role and such; {} when there is none.'), ('currency', 'Currency of the money; NULL of what is none.'),
			('country', 'Country of the profile; ZZ: unknown.'), ('side', 'Side of the market; internal: numerator or denominator.'), ('kind', 'What it is about.'),
			('reported', 'Whether it is all money in the reporting currency.'), ('position', 'Place of the step in the funnel.'), ('step', 'What they did.'),
			('age', 'Days since the milestone was funded.'), ('milestones', 'How many milestones.'), ('words', 'What was searched for.'), ('rank', 'Place among the results, from 1 on.'),
			('category', 'Category; NULL: all.'), ('skill', 'Skill; NULL: all.'), ('level', 'Level of experience; NULL: all.'), ('people', 'How many people.'),
			('account', 'Class of accounts.'), ('posting', 'Number of the posting.'), ('leg', 'Number of the entry in it.'), ('at', 'When it takes effect.'), ('debit', 'Amount, if it is a debit.'),
			('credit', 'Amount, if it is a credit.'), ('reverses', 'The posting that this one takes back.'), ('type', 'asset, liability, income, expense, trading or equity.'),
			('num', 'Numerator: money in minor units of the currency, seconds, or a count.'), ('den', 'Denominator: of how much, or of how many.'),
			('value', 'The figure: numerator of denominator, or the numerator where that is the figure; NULL of nothing.'),
			('censored', 'Those whose period is not over, or who may still get there: left out of num and den.'), ('n', 'How many were measured.'),
			('p10', 'A tenth is below.'), ('p25', 'A quarter is below.'), ('p50', 'Half is below.'), ('p75', 'Three quarters are below.'),
			('p90', 'Nine of ten are below.'), ('p95', '19 of 20 are below.'), ('as_of', 'When what it is made of was last read.')) d (name, meaning) ON d.name = a.attname
		WHERE c.relnamespace = 'skillancer_analytics'::regnamespace AND c.relkind = 'v' AND col_description(c.oid, a.attnum) IS NULL
	LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', v_column.relation, v_column.name, v_column.meaning);
	END LOOP;
END
$do$;

-- the engine may read what they are made of
RESET ROLE;
DO $do$
DECLARE
	v_view regclass;
BEGIN
	FOR v_view IN
		SELECT c.oid FROM pg_class c
		WHERE c.relnamespace = 'skillancer_analytics'::regnamespace AND c.relkind = 'v' AND c.relowner = 'skillancer_owner'::regrole
	LOOP
		EXECUTE format('ALTER VIEW %s OWNER TO skillancer_engine', v_view);
	END LOOP;
END
$do$;
SET LOCAL ROLE skillancer_owner;

-- A scheduled report as JSON.
CREATE VIEW skillancer.report_schedule_doc WITH (security_invoker = true) AS
SELECT s.id, skillancer.json_doc(
		'id', s.id,
		'authorId', s.author_id,
		'report', s.report,
		'interval', s.period,
		'filters', s.filters,
		'cadence', s.cadence,
		'recipients', s.recipients,
		'dueOn', s.due_on,
		'dueAt', s.due_at,
		'lastResult', s.last_result,
		'createdAt', s.created_at
	) AS doc
FROM skillancer.report_schedule s;
COMMENT ON VIEW skillancer.report_schedule_doc IS 'A scheduled report as JSON.';
