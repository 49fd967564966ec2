-- What CREATE OR REPLACE cannot do between 0.1.0 and 0.2.0.

-- these two take dryRun now
DROP FUNCTION skillancer_api.charge_confirm(skillancer.charge_id);
DROP FUNCTION skillancer_api.payout_cancel(skillancer.payout_id);

-- the notifier reads a whole piece of the log by one query
DROP FUNCTION skillancer.notification_context(jsonb, skillancer.user_id);
DROP FUNCTION skillancer.notification_person(skillancer.user_id);
DROP FUNCTION skillancer.notifier_try_event(integer);
