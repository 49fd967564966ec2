/*
 * sql/user/erasure.sql
 *		Forgetting a person: what the effect of the machine "erasure" does, once nothing is open any more.
 *
 *	PENDING ── 14 days, nothing open ──▶ DONE      sign-in, traces and open offers go; profile and account become nobody
 *	   ├────── 14 days, something open ─▶ REFUSED
 *	   └────── its owner ───────────────▶ WITHDRAWN
 *
 * Contracts, postings, invoices, reviews and messages stay with the id of the account: they belong to the other side,
 * too, or have to be kept. All functions run as the engine.
 */

-- Whatever one could sign in with.
CREATE OR REPLACE FUNCTION skillancer.erase_sign_in(p_user skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	DELETE FROM skillancer.sign_in_failure f USING skillancer.user_account a
	WHERE a.id = p_user AND f.account = skillancer.sign_in_account(a.email);
	DELETE FROM skillancer.session s WHERE s.user_id = p_user;
	DELETE FROM skillancer.email_token t WHERE t.user_id = p_user;
	DELETE FROM skillancer.user_credential c WHERE c.user_id = p_user;
	DELETE FROM skillancer.user_role r WHERE r.user_id = p_user;
	DELETE FROM skillancer.user_permission p WHERE p.user_id = p_user;
	DELETE FROM skillancer.verification v WHERE v.user_id = p_user;
END
$$;
COMMENT ON FUNCTION skillancer.erase_sign_in(skillancer.user_id) IS
	'Deletes sessions with their tokens, the password, roles, permissions and what was verified.';

-- What a person left in the app for himself.
CREATE OR REPLACE FUNCTION skillancer.erase_traces(p_user skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	DELETE FROM skillancer.notification n WHERE n.user_id = p_user;
	DELETE FROM skillancer.notification_preference n WHERE n.user_id = p_user;
	DELETE FROM skillancer.quiet_hours q WHERE q.user_id = p_user;
	DELETE FROM skillancer.stream_entry s WHERE s.user_id = p_user;
	DELETE FROM skillancer.idempotency_key k WHERE k.user_id = p_user;
	DELETE FROM skillancer.mail m WHERE m.user_id = p_user;
	DELETE FROM skillancer.mail_address f USING skillancer.user_account a WHERE a.id = p_user AND f.address_key = a.email_key;
	DELETE FROM skillancer.saved_search s WHERE s.user_id = p_user;
	DELETE FROM skillancer.search_log l WHERE l.user_id = p_user;
	DELETE FROM skillancer.saved_project s WHERE s.user_id = p_user;
	DELETE FROM skillancer.user_block b WHERE b.user_id = p_user;
	DELETE FROM skillancer.import_object o WHERE o.object_id = p_user::uuid;
	DELETE FROM skillancer.webhook_secret s WHERE s.user_id = p_user;
	DELETE FROM skillancer.webhook_attempt t WHERE t.user_id = p_user;
	DELETE FROM skillancer.webhook_delivery d WHERE d.user_id = p_user;
	UPDATE skillancer.webhook_health h SET next_at = 'infinity', reason = 'OWNER' WHERE h.user_id = p_user;
	UPDATE skillancer.webhook w
	SET state = 'DISABLED', url = 'https://deleted.invalid/', description = NULL, version = w.version + 1, updated_at = skillancer.now()
	WHERE w.user_id = p_user;
END
$$;
COMMENT ON FUNCTION skillancer.erase_traces(skillancer.user_id) IS
	'Deletes notifications, preferences, mails, saved things, searches and stored answers of a user, and switches webhooks off.';

-- Who may have been told a person's name.
CREATE OR REPLACE FUNCTION skillancer.acquaintances(p_user skillancer.user_id)
RETURNS SETOF skillancer.user_id
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT CASE b.client_id WHEN p_user THEN b.freelancer_id ELSE b.client_id END FROM skillancer.booking b
	WHERE b.client_id = p_user OR b.freelancer_id = p_user
	UNION
	SELECT CASE p.client_id WHEN p_user THEN p.freelancer_id ELSE p.client_id END FROM skillancer.proposal p
	WHERE p.client_id = p_user OR p.freelancer_id = p_user
	UNION
	SELECT CASE i.client_id WHEN p_user THEN i.freelancer_id ELSE i.client_id END FROM skillancer.invitation i
	WHERE i.client_id = p_user OR i.freelancer_id = p_user
	UNION
	SELECT o.user_id FROM skillancer.conversation_participant m
	JOIN skillancer.conversation_participant o ON o.conversation_id = m.conversation_id
	WHERE m.user_id = p_user
	UNION
	SELECT o.user_id FROM skillancer.organisation_member m
	JOIN skillancer.organisation_member o ON o.organisation_id = m.organisation_id
	WHERE m.user_id = p_user
$$;
COMMENT ON FUNCTION skillancer.acquaintances(skillancer.user_id) IS
	'Those who had a booking, proposal, invitation, conversation or organisation together with a user.';

-- What others were told about a person.
CREATE OR REPLACE FUNCTION skillancer.erase_name(p_user skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_name text := (SELECT p.display_name FROM skillancer.profile p WHERE p.user_id = p_user);
	v_word text := '(?<!\w)' || regexp_replace(v_name, '([^\w\s])', '\\\1', 'g') || '(?!\w)';
	v_told skillancer.user_id[] := ARRAY(SELECT a FROM skillancer.acquaintances(p_user) a WHERE a <> p_user);
BEGIN
	UPDATE skillancer.notification n
	SET title = regexp_replace(n.title, v_word, 'Deleted user', 'g'), body = regexp_replace(n.body, v_word, 'Deleted user', 'g')
	WHERE n.user_id = ANY (v_told) AND (n.title ~ v_word OR n.body ~ v_word);
	UPDATE skillancer.stream_entry s
	SET data = s.data || jsonb_build_object('title', regexp_replace(s.data ->> 'title', v_word, 'Deleted user', 'g'),
		'body', regexp_replace(s.data ->> 'body', v_word, 'Deleted user', 'g'))
	WHERE s.user_id = ANY (v_told) AND (s.data ->> 'title' ~ v_word OR s.data ->> 'body' ~ v_word);
END
$$;
COMMENT ON FUNCTION skillancer.erase_name(skillancer.user_id) IS
	'Takes the name of a user out of what those who dealt with him were told.';

-- What a person offered and asked for.
CREATE OR REPLACE FUNCTION skillancer.erase_offers(p_user skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.fire_system('proposal', p.id::uuid, 'close', '{"cause": "erased"}')
	FROM skillancer.proposal p
	WHERE p.freelancer_id = p_user AND p.state IN ('SUBMITTED', 'COUNTERED');
	PERFORM skillancer.fire_system('project', p.id::uuid, CASE p.state WHEN 'FILLED' THEN 'close' ELSE 'cancel' END)
	FROM skillancer.project p
	WHERE p.client_id = p_user AND p.state IN ('OPEN', 'PAUSED', 'FILLED');
	PERFORM skillancer.fire_system('gig', g.id::uuid, 'archive')
	FROM skillancer.gig g
	WHERE g.freelancer_id = p_user AND g.state IN ('ACTIVE', 'PAUSED');
	PERFORM skillancer.fire_system('invitation', i.id::uuid, 'expire')
	FROM skillancer.invitation i
	WHERE i.state = 'SENT' AND (i.client_id = p_user OR i.freelancer_id = p_user);
	UPDATE skillancer.project p SET title = 'Deleted draft', description = 'Deleted draft', questions = '{}'
	WHERE p.client_id = p_user AND p.state IN ('DRAFT', 'IN_REVIEW');
	UPDATE skillancer.payout_schedule s SET cadence = 'MANUAL', next_at = NULL
	WHERE s.user_id = p_user AND s.cadence <> 'MANUAL';
END
$$;
COMMENT ON FUNCTION skillancer.erase_offers(skillancer.user_id) IS
	'Closes live proposals, projects, gigs and invitations of a user, empties drafts and ends payout schedules.';

-- A person's place in organisations.
CREATE OR REPLACE FUNCTION skillancer.erase_memberships(p_user skillancer.user_id, p_email text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.fire_system('organisation_invitation', i.id::uuid, 'expire')
	FROM skillancer.organisation_invitation i
	JOIN skillancer.user_account a ON a.id = p_user
	WHERE i.state = 'SENT' AND (i.email_key = a.email_key OR i.invited_by = p_user);
	UPDATE skillancer.organisation_invitation i SET email_key = p_email
	FROM skillancer.user_account a
	WHERE a.id = p_user AND i.email_key = a.email_key;
	UPDATE skillancer.organisation o SET name = 'Deleted organisation', version = o.version + 1, updated_at = skillancer.now()
	WHERE o.id IN (SELECT m.organisation_id FROM skillancer.organisation_member m WHERE m.user_id = p_user)
		AND NOT EXISTS (SELECT FROM skillancer.organisation_member m WHERE m.organisation_id = o.id AND m.user_id <> p_user);
	DELETE FROM skillancer.organisation_member m WHERE m.user_id = p_user;
END
$$;
COMMENT ON FUNCTION skillancer.erase_memberships(skillancer.user_id, text) IS
	'Takes a user out of organisations; one without anybody else loses its name. Invitations to the address name the new one.';

-- What stands for the person afterwards.
CREATE OR REPLACE FUNCTION skillancer.erase_person(p_user skillancer.user_id, p_email text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	DELETE FROM skillancer.billing_profile b WHERE b.user_id = p_user;
	DELETE FROM skillancer.provider_customer c WHERE c.user_id = p_user;
	UPDATE skillancer.payment_method m
	SET token = 'erased', label = 'Deleted', brand = NULL, last4 = NULL, exp_month = NULL, exp_year = NULL, is_default = false,
		removed_at = coalesce(m.removed_at, skillancer.now()), version = m.version + 1, updated_at = skillancer.now()
	WHERE m.user_id = p_user;
	UPDATE skillancer.profile p
	SET display_name = 'Deleted user', headline = NULL, bio = NULL, hourly_rate = NULL, skills = NULL, languages = '{}', country = NULL,
		availability = NULL, work_history = '[]', education = '[]', portfolio = '[]', certifications = '[]', company_name = NULL,
		company_size = NULL, company_bio = NULL, avatar_id = NULL, is_public = false, version = p.version + 1, updated_at = skillancer.now()
	WHERE p.user_id = p_user;
	-- mail that is still written to an account is not sent
	INSERT INTO skillancer.mail_address (address_key, reason) VALUES (p_email, 'the account was erased');
	PERFORM skillancer.fire_system('user', p_user::uuid, 'close');
	UPDATE skillancer.user_account a
	SET email = p_email, name = 'Deleted user', timezone = 'UTC', locale = 'en', erased_at = skillancer.now()
	WHERE a.id = p_user;
END
$$;
COMMENT ON FUNCTION skillancer.erase_person(skillancer.user_id, text) IS
	'Empties profile, billing data and payment methods, closes the account and gives it the name of nobody.';

-- The effect of the event erase.
CREATE OR REPLACE FUNCTION skillancer.erase_account(p_user skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_email text := format('deleted-%s@deleted.invalid', replace(gen_random_uuid()::text, '-', ''));
BEGIN
	PERFORM skillancer.issue_invoices();
	PERFORM skillancer.erase_offers(p_user);
	PERFORM skillancer.erase_name(p_user);
	PERFORM skillancer.erase_memberships(p_user, v_email);
	PERFORM skillancer.erase_traces(p_user);
	PERFORM skillancer.erase_media(p_user);
	PERFORM skillancer.erase_sign_in(p_user);
	PERFORM skillancer.erase_person(p_user, v_email);
END
$$;
COMMENT ON FUNCTION skillancer.erase_account(skillancer.user_id) IS
	'Takes the personal data of a held account away, wherever it is; called by the engine when an erasure falls due.';
