-- Who sees which rollup: the engine, and operators what was sealed.

CREATE POLICY rollup_seal_admin ON skillancer.rollup_seal FOR SELECT TO skillancer_admin USING (true);
