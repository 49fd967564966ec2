--
-- monetary
--		Exact amounts: literals, arithmetic, comparison, casts, aggregates, division into parts.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS skillancer;
RESET client_min_messages;
SET search_path = pg_catalog, skillancer;

-- literals
SELECT '1234.50 USD'::monetary, 'USD 1234.50'::monetary AS code_first, '1234.5 USD'::monetary AS short,
	'-0.01 EUR'::monetary AS negative, '+7 EUR'::monetary AS plus, ' 7EUR '::monetary AS tight, '0007 EUR'::monetary AS zeros;
SELECT '1234 JPY'::monetary AS yen, '1.234 BHD'::monetary AS fils, '1.2345 CLF'::monetary AS four, '12 XCN'::monetary AS connects,
	'-0 USD'::monetary AS no_negative_zero;
SELECT '92233720368547758.07 USD'::monetary AS highest, '-92233720368547758.08 USD'::monetary AS lowest,
	'9223372036854775807 JPY'::monetary AS highest_yen;

-- literals that are refused
SELECT '1234.505 USD'::monetary;
SELECT '1.000 USD'::monetary;
SELECT '1.5 JPY'::monetary;
SELECT '92233720368547758.08 USD'::monetary;
SELECT '-92233720368547758.09 USD'::monetary;
SELECT '99999999999999999999999999 USD'::monetary;
SELECT '1.00 XYZ'::monetary;
SELECT '1.00 usd'::monetary;
SELECT '1.00'::monetary;
SELECT 'USD'::monetary;
SELECT ''::monetary;
SELECT '. USD'::monetary;
SELECT '1. USD'::monetary;
SELECT '.5 USD'::monetary;
SELECT '1,234.50 USD'::monetary;
SELECT '1e3 USD'::monetary;
SELECT '0x10 USD'::monetary;
SELECT '- 5 USD'::monetary;
SELECT '--5 USD'::monetary;
SELECT 'USD 5 USD'::monetary;
SELECT 'NaN USD'::monetary;

-- arithmetic
SELECT '1.10 USD'::monetary + '2.20 USD' AS sum, '1.10 USD'::monetary - '2.20 USD' AS difference,
	- '1.10 USD'::monetary AS minus, + '1.10 USD'::monetary AS plus, '1.10 USD'::monetary * 3 AS times, 3 * '1.10 USD'::monetary AS times_left;
SELECT '1.10 USD'::monetary + '1.10 EUR';
SELECT '1.10 USD'::monetary - '1.10 EUR';
SELECT '92233720368547758.07 USD'::monetary + '0.01 USD';
SELECT '-92233720368547758.08 USD'::monetary - '0.01 USD';
SELECT - '-92233720368547758.08 USD'::monetary;
SELECT '-92233720368547758.08 USD'::monetary * -1;
SELECT '50000000000000000 USD'::monetary * 2;
SELECT '1.10 USD'::monetary * 1.5;

-- comparison: a total order, currency first, never an error
SELECT m FROM unnest(ARRAY['2 USD', '10 EUR', '-1 USD', '1 USD', '9 EUR', '5 JPY']::monetary[]) m ORDER BY m;
SELECT '1 USD'::monetary = '1.00 USD' AS eq, '1 USD'::monetary = '1 EUR' AS other_currency, '2 USD'::monetary > '1 USD' AS gt,
	'1 USD'::monetary <> '1 USD' AS ne, '1 USD'::monetary <= '1 USD' AS le, '1 USD'::monetary >= '2 USD' AS ge, '1 USD'::monetary < '2 USD' AS lt;
SELECT monetary_cmp('1 USD', '2 USD'), monetary_cmp('2 USD', '2 USD'), monetary_cmp('3 USD', '2 USD'), monetary_cmp('1 USD', '2 EUR');
SELECT opcname, amvalidate(oid) FROM pg_opclass WHERE opcname = 'monetary_ops';
SELECT count(DISTINCT m) AS values_sorted, (SELECT count(*) FROM (SELECT m FROM unnest(ARRAY['1 USD', '1.00 USD', '1 EUR']::monetary[]) m GROUP BY m) g) AS values_hashed
FROM unnest(ARRAY['1 USD', '1.00 USD', '1 EUR']::monetary[]) m;
SELECT monetary_hash('1 USD') = monetary_hash('1.0 USD') AS same_hash, monetary_hash_extended('1 USD', 7) = monetary_hash_extended('USD 1', 7) AS same_seeded;
CREATE TEMP TABLE price (amount monetary PRIMARY KEY);
INSERT INTO price SELECT monetary_of(i, 'USD') FROM generate_series(1, 3000) i;
ANALYZE price;
EXPLAIN (COSTS OFF) SELECT * FROM price WHERE amount BETWEEN '10 USD' AND '10.05 USD';
SELECT * FROM price WHERE amount BETWEEN '10 USD' AND '10.02 USD' ORDER BY amount;

-- accessors, constructors and casts
SELECT monetary_minor('12.34 USD'), monetary_currency('12.34 USD'), monetary_of(1234, 'USD'), monetary(12.3400, 'USD') AS of_numeric,
	'12.30 USD'::monetary::numeric AS to_numeric, '-5 JPY'::monetary::numeric AS yen, currency_digits('BHD'), currency_digits('???');
SELECT monetary_of(1, 'ABC');
SELECT monetary(1.005, 'USD');
SELECT monetary('NaN'::numeric, 'USD');
SELECT monetary(1e30, 'USD');
SELECT try_monetary('12.5', 'USD'), try_monetary('12.505', 'USD') AS excess, try_monetary('', 'USD') AS empty, try_monetary('1', 'usd') AS unknown;
SELECT '12.50 USD'::monetary::json, '12.50 USD'::monetary::jsonb, to_json('-3 JPY'::monetary), json_build_object('price', '1 USD'::monetary);
SELECT '{"amount": "12.50", "currency": "USD"}'::json::monetary, '{"currency": "JPY", "amount": 12}'::jsonb::monetary AS whole_number;
SELECT '{"amount": 12.5, "currency": "USD"}'::jsonb::monetary;
SELECT '{"amount": "12.505", "currency": "USD"}'::jsonb::monetary;
SELECT '{"amount": "12.50"}'::jsonb::monetary;
SELECT '{"amount": "12.50", "currency": "USD", "tax": 1}'::jsonb::monetary;
SELECT '{"amount": "12.50", "currency": "US"}'::jsonb::monetary;
SELECT '{"amount": "12.50 EUR", "currency": "USD"}'::jsonb::monetary;
SELECT '"12.50 USD"'::jsonb::monetary;
SELECT '[]'::jsonb::monetary;
SELECT 'null'::jsonb::monetary;

-- aggregates
SELECT sum(amount), min(amount), max(amount) FROM price;
SELECT sum(m), min(m), max(m) FROM unnest(ARRAY[NULL, '1 USD', NULL, '-2 USD']::monetary[]) m;
SELECT sum(m) IS NULL AS sum_of_none, min(m) IS NULL AS min_of_none FROM unnest('{}'::monetary[]) m;
SELECT sum(m) FROM unnest(ARRAY['1 USD', '1 EUR']::monetary[]) m;
SELECT min(m) FROM unnest(ARRAY['1 USD', '1 EUR']::monetary[]) m;
SELECT max(m) FROM unnest(ARRAY['1 USD', '1 EUR']::monetary[]) m;
SELECT sum(m) OVER (ORDER BY n ROWS 1 PRECEDING) FROM (VALUES (1, '1 USD'::monetary), (2, NULL), (3, '2 USD'), (4, '4 USD')) v (n, m);

-- division: nothing is lost, the parts are as even as can be
SELECT split('10.00 USD', 3), split('-0.05 USD', 3), split('1 JPY', 4), split('0 USD', 2);
SELECT allocate('10.00 USD', '{1,1,1}'), allocate('100 JPY', '{50,30,20}'), allocate('0.05 USD', '{3,7}'), allocate('-10.00 USD', '{1,2,0}');
SELECT allocate('92233720368547758.07 USD', '{2147483647,2147483647,1}');
SELECT split('1 USD', 0);
SELECT split('1 USD', 10001);
SELECT allocate('1 USD', '{}');
SELECT allocate('1 USD', '{0,0}');
SELECT allocate('1 USD', '{1,-1}');
SELECT allocate('1 USD', '{1,NULL}');
SELECT allocate('1 USD', '{{1,2},{3,4}}');
SELECT bool_and(total = amount AND widest - narrowest <= 1) AS exact
FROM (SELECT amount, n, (SELECT sum(p) FROM unnest(split(amount, n)) p) AS total,
		(SELECT max(monetary_minor(p)) FROM unnest(split(amount, n)) p) AS widest,
		(SELECT min(monetary_minor(p)) FROM unnest(split(amount, n)) p) AS narrowest
	FROM (SELECT monetary_of((hashint8(i)::bigint * 1000003), 'EUR') AS amount, 1 + i % 40 AS n FROM generate_series(1, 20000) i) a) b;
SELECT bool_and((SELECT sum(p) FROM unnest(allocate(amount, ARRAY[i % 7, i % 11, i % 13, 1])) p) = amount) AS exact
FROM (SELECT i, monetary_of((hashint8(i)::bigint * 1000003), 'EUR') AS amount FROM generate_series(1, 20000) i) a;

-- basis points
SELECT rounding, apply_bps('0.05 USD', 5000, rounding) AS "2.5", apply_bps('0.15 USD', 5000, rounding) AS "7.5",
	apply_bps('-0.05 USD', 5000, rounding) AS "-2.5", apply_bps('0.07 USD', 1000, rounding) AS "0.7"
FROM unnest(ARRAY['half_even', 'half_up', 'half_down', 'up', 'down', 'ceiling', 'floor']) rounding;
SELECT apply_bps('1000.00 USD', 1000), apply_bps('1000.00 USD', -1000), apply_bps('92233720368547758.07 USD', 10000);
SELECT apply_bps('92233720368547758.07 USD', 10001);
SELECT apply_bps('1 USD', 1, 'sideways');
