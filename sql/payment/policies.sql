-- sql/payment/policies.sql
--	Who sees and writes payments: their owner, and staff with finance:view. The price list is public.

CREATE POLICY fee_schedule_read ON skillancer.fee_schedule FOR SELECT USING ((SELECT skillancer.has_request()));
CREATE POLICY payout_rule_read ON skillancer.payout_rule FOR SELECT USING ((SELECT skillancer.has_request()));

CREATE POLICY tax_jurisdiction_read ON skillancer.tax_jurisdiction FOR SELECT TO skillancer_bridge, skillancer_owner USING ((SELECT skillancer.has_request()));
CREATE POLICY tax_rate_read ON skillancer.tax_rate FOR SELECT TO skillancer_bridge, skillancer_owner USING ((SELECT skillancer.has_request()));
CREATE POLICY billing_profile_read ON skillancer.billing_profile FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));
CREATE POLICY billing_profile_make ON skillancer.billing_profile FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY billing_profile_change ON skillancer.billing_profile FOR UPDATE TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY fee_tax_read ON skillancer.fee_tax FOR SELECT
	USING (payer_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));

CREATE POLICY payout_schedule_read ON skillancer.payout_schedule FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));
CREATE POLICY payout_schedule_make ON skillancer.payout_schedule FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY payout_schedule_change ON skillancer.payout_schedule FOR UPDATE TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));

CREATE POLICY pair_billing_read ON skillancer.pair_billing FOR SELECT
	USING (client_id = (SELECT skillancer.current_user_id())
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));

CREATE POLICY payment_method_read ON skillancer.payment_method FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY payment_method_make ON skillancer.payment_method FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY payment_method_change ON skillancer.payment_method FOR UPDATE TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));

CREATE POLICY charge_read ON skillancer.charge FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));
CREATE POLICY charge_make ON skillancer.charge FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));

CREATE POLICY connect_grant_read ON skillancer.connect_grant FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));

CREATE POLICY connect_purchase_read ON skillancer.connect_purchase FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));
CREATE POLICY connect_purchase_make ON skillancer.connect_purchase FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));

CREATE POLICY fx_rate_read ON skillancer.fx_rate FOR SELECT USING ((SELECT skillancer.has_request()));

CREATE POLICY conversion_read ON skillancer.conversion FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));
CREATE POLICY conversion_make ON skillancer.conversion FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));

CREATE POLICY refund_read ON skillancer.refund FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));
CREATE POLICY refund_make ON skillancer.refund FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));

CREATE POLICY chargeback_read ON skillancer.chargeback FOR SELECT USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY chargeback_part_read ON skillancer.chargeback_part FOR SELECT USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY chargeback_part_operate ON skillancer.chargeback_part FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY chargeback_operate ON skillancer.chargeback FOR SELECT TO skillancer_admin USING (true);

CREATE POLICY tip_read ON skillancer.tip FOR SELECT
	USING (client_id = (SELECT skillancer.current_user_id()) AND organisation_id IS NULL
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR payer_id = (SELECT skillancer.current_user_id())
		OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[])
		OR (SELECT skillancer.has_permission('contracts:view')));
CREATE POLICY tip_make ON skillancer.tip FOR INSERT TO skillancer_owner
	WITH CHECK (client_id = (SELECT skillancer.current_user_id()) AND organisation_id IS NULL AND payer_id IS NULL
		OR organisation_id = ANY ((SELECT skillancer.my_organisations())::skillancer.organisation_id[]) AND payer_id = (SELECT skillancer.current_user_id()));

CREATE POLICY adjustment_read ON skillancer.adjustment FOR SELECT USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY adjustment_operate ON skillancer.adjustment FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY adjustment_make ON skillancer.adjustment FOR INSERT TO skillancer_owner
	WITH CHECK (proposed_by = (SELECT skillancer.current_user_id()) AND (SELECT skillancer.has_permission('finance:adjust')));

CREATE POLICY earning_read ON skillancer.earning FOR SELECT
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));

CREATE POLICY payout_read ON skillancer.payout FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));
CREATE POLICY payout_make ON skillancer.payout FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));

CREATE POLICY provider_call_read ON skillancer.provider_call FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY provider_event_read ON skillancer.provider_event FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
-- operators in psql, for what is parked
CREATE POLICY provider_call_admin ON skillancer.provider_call FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY provider_event_admin ON skillancer.provider_event FOR SELECT TO skillancer_admin USING (true);

CREATE POLICY invoice_read ON skillancer.invoice FOR SELECT
	USING (issuer_id = (SELECT skillancer.current_user_id())
		OR recipient_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));
CREATE POLICY invoice_series_read ON skillancer.invoice_series FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY document_template_read ON skillancer.document_template FOR SELECT
	USING ((SELECT skillancer.has_request()));
CREATE POLICY earning_return_read ON skillancer.earning_return FOR SELECT
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));

-- operators in psql read what finance reads
CREATE POLICY charge_operate ON skillancer.charge FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY payout_operate ON skillancer.payout FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY refund_operate ON skillancer.refund FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY earning_operate ON skillancer.earning FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY earning_return_operate ON skillancer.earning_return FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY invoice_operate ON skillancer.invoice FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY invoice_series_operate ON skillancer.invoice_series FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY payout_schedule_operate ON skillancer.payout_schedule FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY tax_jurisdiction_operate ON skillancer.tax_jurisdiction FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY tax_rate_operate ON skillancer.tax_rate FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY fee_tax_operate ON skillancer.fee_tax FOR SELECT TO skillancer_admin USING (true);
