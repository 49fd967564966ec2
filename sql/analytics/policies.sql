-- Who sees which rollup: the engine, and operators what was sealed.

CREATE POLICY rollup_seal_admin ON skillancer.rollup_seal FOR SELECT TO skillancer_admin USING (true);

-- Scheduled reports: those who may read reports.
CREATE POLICY report_schedule_read ON skillancer.report_schedule FOR SELECT
	USING ((SELECT skillancer.has_permission('analytics:view')));
CREATE POLICY report_schedule_write ON skillancer.report_schedule FOR ALL TO skillancer_owner
	USING ((SELECT skillancer.has_permission('analytics:view')))
	WITH CHECK ((SELECT skillancer.has_permission('analytics:view')));
