-- Who sees which row: users their own notifications; mail, queues and texts are the engine's and the operators'.

CREATE POLICY notification_read ON skillancer.notification FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY notification_mark ON skillancer.notification FOR UPDATE TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY notification_rule_admin ON skillancer.notification_rule TO skillancer_admin USING (true);
CREATE POLICY template_admin ON skillancer.template TO skillancer_admin USING (true);
CREATE POLICY due_admin ON skillancer.due FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY event_attempt_admin ON skillancer.event_attempt FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY mail_admin ON skillancer.mail FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY mail_address_admin ON skillancer.mail_address FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY housekeeping_run_admin ON skillancer.housekeeping_run FOR SELECT TO skillancer_admin USING (true);

-- webhooks are their owner's; secrets are seen by the commands of the owner and by the engine
CREATE POLICY webhook_read ON skillancer.webhook FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY webhook_write ON skillancer.webhook TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY webhook_secret_write ON skillancer.webhook_secret TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY webhook_health_read ON skillancer.webhook_health FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY webhook_health_write ON skillancer.webhook_health TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY webhook_delivery_read ON skillancer.webhook_delivery FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY webhook_delivery_write ON skillancer.webhook_delivery TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY webhook_attempt_read ON skillancer.webhook_attempt FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));

-- gateways of push and SMS belong to nobody: staff see and manage them, operators see what they did not take
CREATE POLICY webhook_gateway ON skillancer.webhook TO skillancer_owner
	USING (channel IS NOT NULL AND (SELECT skillancer.has_permission('system:manage')));
CREATE POLICY webhook_gateway_read ON skillancer.webhook FOR SELECT TO skillancer_bridge
	USING (channel IS NOT NULL AND (SELECT skillancer.has_permission('system:view')));
CREATE POLICY webhook_gateway_admin ON skillancer.webhook FOR SELECT TO skillancer_admin USING (channel IS NOT NULL);
CREATE POLICY webhook_secret_gateway ON skillancer.webhook_secret TO skillancer_owner
	USING (user_id IS NULL AND (SELECT skillancer.has_permission('system:manage')));
CREATE POLICY webhook_health_gateway ON skillancer.webhook_health TO skillancer_owner
	USING (user_id IS NULL AND (SELECT skillancer.has_permission('system:manage')));
CREATE POLICY webhook_health_gateway_read ON skillancer.webhook_health FOR SELECT TO skillancer_bridge
	USING (user_id IS NULL AND (SELECT skillancer.has_permission('system:view')));
CREATE POLICY webhook_delivery_admin ON skillancer.webhook_delivery FOR SELECT TO skillancer_admin
	USING (EXISTS (SELECT FROM skillancer.webhook w WHERE w.id = webhook_id));

-- the live stream
CREATE POLICY stream_entry_read ON skillancer.stream_entry FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY notification_default_read ON skillancer.notification_default FOR SELECT
	USING ((SELECT skillancer.has_request()));
CREATE POLICY notification_default_admin ON skillancer.notification_default TO skillancer_admin USING (true);
CREATE POLICY notification_preference_read ON skillancer.notification_preference FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY notification_preference_write ON skillancer.notification_preference TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY quiet_hours_read ON skillancer.quiet_hours FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY quiet_hours_write ON skillancer.quiet_hours TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY announcement_read ON skillancer.announcement FOR SELECT
	USING ((SELECT skillancer.has_permission('system:view')) OR (SELECT skillancer.has_permission('system:manage')));
CREATE POLICY announcement_manage ON skillancer.announcement FOR UPDATE TO skillancer_owner
	USING ((SELECT skillancer.has_permission('system:manage')));
CREATE POLICY announcement_admin ON skillancer.announcement FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY mail_staff ON skillancer.mail FOR SELECT TO skillancer_bridge
	USING ((SELECT skillancer.has_permission('system:view')));
CREATE POLICY mail_address_staff ON skillancer.mail_address FOR SELECT TO skillancer_bridge
	USING ((SELECT skillancer.has_permission('system:view')));
CREATE POLICY mail_domain_admin ON skillancer.mail_domain TO skillancer_admin USING (true);

-- conversations are for their people; every write is a function of the engine
CREATE POLICY conversation_read ON skillancer.conversation FOR SELECT USING (skillancer.in_conversation(id));
CREATE POLICY conversation_participant_read ON skillancer.conversation_participant FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()) OR skillancer.in_conversation(conversation_id));
CREATE POLICY message_read ON skillancer.message FOR SELECT USING (skillancer.in_conversation(conversation_id));
CREATE POLICY message_revision_read ON skillancer.message_revision FOR SELECT USING (skillancer.in_conversation(conversation_id));
CREATE POLICY user_block_read ON skillancer.user_block FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY user_block_write ON skillancer.user_block TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()));
