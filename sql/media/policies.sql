-- Files: their owner, everybody for public ones, and whoever sees what refers to one. Each look at what refers is a
-- look under its own policies, so a file is never seen by more people than the message, evidence or delivery.

CREATE POLICY media_use_read ON skillancer.media_use FOR SELECT TO skillancer_bridge, skillancer_owner
	USING (CASE kind
		WHEN 'MESSAGE' THEN EXISTS (SELECT FROM skillancer.message m
			WHERE m.id = media_use.ref::skillancer.message_id AND m.deleted_at IS NULL)
		WHEN 'EVIDENCE' THEN EXISTS (SELECT FROM skillancer.dispute_evidence e
			WHERE e.dispute_id = media_use.ref::skillancer.dispute_id AND media_use.media_id = ANY (e.media_ids))
		WHEN 'DELIVERY' THEN EXISTS (SELECT FROM skillancer.delivery_file f
			WHERE f.milestone_id = media_use.ref::skillancer.milestone_id AND f.media_id = media_use.media_id)
	END);
CREATE POLICY media_use_make ON skillancer.media_use FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));

CREATE POLICY media_read ON skillancer.media FOR SELECT TO skillancer_bridge, skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id())
		OR state = 'READY' AND (visibility = 'PUBLIC' AND (SELECT skillancer.has_request())
			OR EXISTS (SELECT FROM skillancer.media_use u WHERE u.media_id = media.id)));
CREATE POLICY media_make ON skillancer.media FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY media_change ON skillancer.media FOR UPDATE TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY media_admin ON skillancer.media FOR SELECT TO skillancer_admin USING (true);
