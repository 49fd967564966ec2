-- What is known about skills and rates is public; counts for matching and the search index have no policy: the engine's alone.

CREATE POLICY skill_parent_read ON skillancer.skill_parent FOR SELECT USING ((SELECT skillancer.has_request()));
CREATE POLICY rate_stat_read ON skillancer.rate_stat FOR SELECT USING ((SELECT skillancer.has_request()));

CREATE POLICY search_index_read ON skillancer.search_index FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY search_index_tune ON skillancer.search_index FOR UPDATE TO skillancer_admin USING (true) WITH CHECK (true);
CREATE POLICY search_attempt_admin ON skillancer.search_attempt FOR SELECT TO skillancer_admin USING (true);

-- a saved search is its owner's
CREATE POLICY saved_search_read ON skillancer.saved_search FOR SELECT USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY saved_search_make ON skillancer.saved_search FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY saved_search_forget ON skillancer.saved_search FOR DELETE TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()));

-- synonyms are edited by staff
CREATE POLICY search_synonym_read ON skillancer.search_synonym FOR SELECT
	USING ((SELECT skillancer.has_permission('jobs:moderate')));
CREATE POLICY search_synonym_write ON skillancer.search_synonym FOR ALL TO skillancer_owner
	USING ((SELECT skillancer.has_permission('jobs:moderate')))
	WITH CHECK ((SELECT skillancer.has_permission('jobs:moderate')));
CREATE POLICY search_synonym_admin ON skillancer.search_synonym FOR ALL TO skillancer_admin USING (true) WITH CHECK (true);

CREATE POLICY search_popular_admin ON skillancer.search_popular FOR SELECT TO skillancer_admin USING (true);
