-- sql/payment/api_billing.sql
--	API of the billing profile: the name and address that stand on invoices.

-- The caller's billing profile.
CREATE OR REPLACE FUNCTION skillancer_api.billing_profile_get() RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	RETURN coalesce((
		SELECT ROW(200, 'v' || b.version, NULL, NULL, skillancer.json_doc('name', b.name, 'address', b.address, 'country', b.country,
			'taxNumber', b.tax_number, 'updatedAt', b.updated_at))::skillancer.reply
		FROM skillancer.billing_profile b WHERE b.user_id = skillancer.current_user_id()),
		ROW(200, NULL, NULL, NULL, NULL)::skillancer.reply);
END
$$;
COMMENT ON FUNCTION skillancer_api.billing_profile_get() IS
	'Name, address and tax number on the caller''s invoices; null when there are none, and the public profile stands for them.';
SELECT skillancer.add_route('GET', '/v1/payments/billing-profile', 'billing_profile_get', summary => 'My billing profile',
	answers => 'billing_profile|null');

-- Sets it.
CREATE OR REPLACE FUNCTION skillancer_api.billing_profile_put(p_name text, p_address text, p_country text,
		p_tax_number text DEFAULT NULL, p_header_if_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_text('name', p_name, 1, 200);
	PERFORM skillancer.check_text('address', p_address, 1, 500);
	PERFORM skillancer.check_that('country', p_country ~ '^[A-Z]{2}$', 'must be a country code of two capital letters');
	PERFORM skillancer.check_text('taxNumber', p_tax_number, 1, 40, required => false);
	PERFORM skillancer.check_done();
	PERFORM skillancer.check_if_match(p_header_if_match,
		(SELECT 'v' || b.version FROM skillancer.billing_profile b WHERE b.user_id = v_me FOR UPDATE));
	INSERT INTO skillancer.billing_profile AS b (user_id, name, address, country, tax_number)
	VALUES (v_me, p_name, p_address, p_country, p_tax_number)
	ON CONFLICT (user_id) DO UPDATE
	SET name = excluded.name, address = excluded.address, country = excluded.country, tax_number = excluded.tax_number,
		version = b.version + 1, updated_at = skillancer.now();
	RETURN skillancer_api.billing_profile_get();
END
$$;
COMMENT ON FUNCTION skillancer_api.billing_profile_put(text, text, text, text, text) IS
	'Sets what stands on the caller''s invoices from now on. The country decides the tax within the caller''s fees.';
SELECT skillancer.add_route('PUT', '/v1/payments/billing-profile', 'billing_profile_put', summary => 'Set my billing profile',
	answers => 'billing_profile');
