/*
 * fixture.sql
 *		Three tenants, each a client and a freelancer with a deal, and staff: two rows or more of everything that
 *		belongs to somebody. Written by the superuser with foreign keys off; states come in by the audited import.
 */
SET LOCAL session_replication_role = replica;
SELECT skillancer.import_begin('matrix of row-level security');

-- an id that is the same in every run
CREATE FUNCTION rls.id(p_kind text, p_n integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT overlay(overlay(md5(p_kind || p_n) PLACING '7' FROM 13) PLACING '8' FROM 17)::uuid $$;

INSERT INTO rls.persona (name, user_id, is_request)
SELECT p.name, CASE WHEN p.position > 2 THEN rls.id(p.name, 0)::skillancer.user_id END, p.name <> 'nobody'
FROM unnest(ARRAY['nobody', 'visitor', 'client1', 'client2', 'client3', 'freelancer1', 'freelancer2', 'freelancer3',
	'support', 'moderator', 'finance', 'analyst', 'admin', 'thief']) WITH ORDINALITY AS p (name, position);

-- tenant t: client t and freelancer t; o is the next freelancer, who is a party to some of it
CREATE VIEW rls.tenant AS
SELECT t, rls.id('client' || t, 0)::skillancer.user_id AS client, rls.id('freelancer' || t, 0)::skillancer.user_id AS freelancer,
	rls.id('freelancer' || (t % 3 + 1), 0)::skillancer.user_id AS o
FROM generate_series(1, 3) t;

-- people
INSERT INTO skillancer.user_account (id, email, name, state)
SELECT p.user_id, p.name || '@matrix.test', p.name, 'ACTIVE' FROM rls.persona p WHERE p.user_id IS NOT NULL;
INSERT INTO skillancer.user_role (user_id, role)
SELECT p.user_id, r FROM rls.persona p, unnest(ARRAY['USER', upper(rtrim(p.name, '123'))]) r
WHERE p.user_id IS NOT NULL AND r <> 'THIEF';
INSERT INTO skillancer.user_permission (user_id, permission)
SELECT p.user_id, 'system:manage' FROM rls.persona p WHERE p.name IN ('support', 'analyst');
INSERT INTO skillancer.user_credential (user_id, password_hash)
SELECT p.user_id, '$argon2id$v=19$x' FROM rls.persona p WHERE p.user_id IS NOT NULL;
INSERT INTO skillancer.profile (user_id, display_name, is_public, is_listed)
SELECT p.user_id, p.name, p.name LIKE 'freelancer%', p.name NOT LIKE '%3' FROM rls.persona p WHERE p.user_id IS NOT NULL;
INSERT INTO skillancer.verification (user_id, kind, status)
SELECT p.user_id, k, 'VERIFIED' FROM rls.persona p, unnest('{EMAIL,PHONE}'::text[]) k WHERE p.name ~ '[12]';
INSERT INTO skillancer.session (id, user_id, expires_at)
SELECT rls.id('session' || p.name, n)::skillancer.session_id, p.user_id, now() + interval '1 day'
FROM rls.persona p, generate_series(1, 2) n WHERE p.user_id IS NOT NULL AND p.name <> 'thief';
INSERT INTO skillancer.refresh_token (id, session_id, hash, expires_at)
SELECT rls.id('refresh', n), rls.id('sessionclient1', n)::skillancer.session_id, sha256('x'), now() FROM generate_series(1, 2) n;
INSERT INTO skillancer.email_token (id, user_id, purpose, email_key, hash, expires_at)
SELECT rls.id('mailed', t), client, 'VERIFY_EMAIL', 'x', sha256('x'), now() FROM rls.tenant;
INSERT INTO skillancer.sign_in_failure (account, network, failures, window_start) VALUES ('a', 'n', 1, now()), ('b', 'n', 1, now());

-- the catalogue, projects and gigs
INSERT INTO skillancer.category (id, slug, name)
SELECT rls.id('category', n)::skillancer.category_id, 'matrix-' || n, 'Matrix' FROM generate_series(1, 2) n;
INSERT INTO skillancer.skill (id, slug, name)
SELECT rls.id('skill', n)::skillancer.skill_id, 'matrix-' || n, 'Matrix' FROM generate_series(1, 2) n;
INSERT INTO skillancer.skill_parent (skill_id, parent_id)
SELECT rls.id('skill', n)::skillancer.skill_id, rls.id('skill', 3 - n)::skillancer.skill_id FROM generate_series(1, 2) n;
INSERT INTO skillancer.match_skill (corpus, skill_id, documents)
SELECT 'PROFILE', rls.id('skill', n)::skillancer.skill_id, 1 FROM generate_series(1, 2) n;
INSERT INTO skillancer.match_word (corpus, word, documents) VALUES ('PROFILE', 'a', 1), ('PROFILE', 'b', 1);
INSERT INTO skillancer.rate_stat (kind, currency, level, samples, people, p10, p25, p50, p75, p90, refreshed_at)
SELECT 'HOURLY_RATE', 'USD', l, 10, 10, '1 USD', '1 USD', '1 USD', '1 USD', '1 USD', now() FROM unnest('{ENTRY,EXPERT}'::text[]) l;
INSERT INTO skillancer.skill_key (key, skill_id)
SELECT 'matrix-' || n, rls.id('skill', n)::skillancer.skill_id FROM generate_series(1, 2) n
ON CONFLICT DO NOTHING;
-- 1: open to all; 2: a private draft that one freelancer is invited to; 3: open, for the invited only
INSERT INTO skillancer.project (id, client_id, state, visibility, title, description, budget_kind, budget_min, budget_max, published_at)
SELECT rls.id('project' || n, t)::skillancer.project_id, client, CASE n WHEN 2 THEN 'DRAFT' ELSE 'OPEN' END,
	(ARRAY['PUBLIC', 'PRIVATE', 'INVITE_ONLY'])[n], 'A project', 'A description', 'FIXED', '10.00 USD', '20.00 USD', now()
FROM rls.tenant, generate_series(1, 3) n;
INSERT INTO skillancer.proposal (id, project_id, client_id, freelancer_id, state, cover_letter, bid)
SELECT rls.id('proposal' || n, t)::skillancer.proposal_id, rls.id('project1', t)::skillancer.project_id, client,
	CASE n WHEN 1 THEN freelancer ELSE o END, CASE n WHEN 1 THEN 'SUBMITTED' ELSE 'WITHDRAWN' END, repeat('Hire me. ', 10), '15.00 USD'
FROM rls.tenant, generate_series(1, 2) n;
INSERT INTO skillancer.proposal_revision (proposal_id, revision, client_id, freelancer_id, cover_letter, bid, milestones, answers)
SELECT p.id, 1, p.client_id, p.freelancer_id, p.cover_letter, p.bid, '[]', '{}' FROM skillancer.proposal p;
INSERT INTO skillancer.proposal_counter (proposal_id, number, revision, client_id, freelancer_id, bid)
SELECT p.id, 1, 1, p.client_id, p.freelancer_id, '12.00 USD' FROM skillancer.proposal p;
INSERT INTO skillancer.invitation (id, project_id, client_id, freelancer_id, state)
SELECT rls.id('invitation' || n, t)::skillancer.invitation_id, rls.id('project' || n + 1, t)::skillancer.project_id, client,
	CASE n WHEN 1 THEN freelancer ELSE o END, 'SENT'
FROM rls.tenant, generate_series(1, 2) n;
INSERT INTO skillancer.saved_project (user_id, project_id)
SELECT u, rls.id('project1', t)::skillancer.project_id FROM rls.tenant, unnest(ARRAY[freelancer, client]) u;
INSERT INTO skillancer.gig (id, freelancer_id, state, title, description, packages, price_from, activated_at)
SELECT rls.id('gig' || n, t)::skillancer.gig_id, freelancer, CASE n WHEN 1 THEN 'ACTIVE' ELSE 'DRAFT' END, 'A gig for sale',
	'A description', '[{"tier": "BASIC"}]', '5.00 USD', now()
FROM rls.tenant, generate_series(1, 2) n;
INSERT INTO skillancer.gig_revision (gig_id, revision, freelancer_id, title, description, packages, extras, faq, requirements)
SELECT g.id, 1, g.freelancer_id, g.title, g.description, g.packages, '[]', '[]', '{}' FROM skillancer.gig g;
INSERT INTO skillancer.risk_signal (id, user_id, kind, subject_type, subject_id, score)
SELECT rls.id('risk' || n, t), CASE n WHEN 1 THEN client ELSE freelancer END, 'contact', 'project', rls.id('project1', t), 10
FROM rls.tenant, generate_series(1, 2) n;

-- organisations: client 1 owns the first, client 2 is a member; client 3, who has left it, booked for it, and owns the second
INSERT INTO skillancer.organisation (id, name, created_by)
SELECT rls.id('organisation', n)::skillancer.organisation_id, 'Matrix', rls.id('client' || n * 2 - 1, 0)::skillancer.user_id FROM generate_series(1, 2) n;
INSERT INTO skillancer.organisation_member (organisation_id, user_id, role)
SELECT rls.id('organisation', o)::skillancer.organisation_id, rls.id(who, 0)::skillancer.user_id, role
FROM (VALUES (1, 'client1', 'OWNER'), (1, 'client2', 'MEMBER'), (2, 'client3', 'OWNER'), (2, 'client1', 'ADMIN')) AS v (o, who, role);
INSERT INTO skillancer.organisation_invitation (id, organisation_id, organisation_name, email_key, role, invited_by)
SELECT rls.id('join', n)::skillancer.invitation_id, rls.id('organisation', n)::skillancer.organisation_id, 'Matrix',
	CASE n WHEN 1 THEN 'freelancer2@matrix.test' ELSE 'nobody@matrix.test' END, 'MEMBER', rls.id('client1', 0)::skillancer.user_id
FROM generate_series(1, 2) n;
CREATE FUNCTION rls.talks(p_conversation skillancer.conversation_id, p_me skillancer.user_id) RETURNS boolean LANGUAGE sql STABLE AS
	$$ SELECT EXISTS (SELECT FROM skillancer.conversation_participant p WHERE p.conversation_id = p_conversation AND p.user_id = p_me) $$;
CREATE FUNCTION rls.member(p_organisation skillancer.organisation_id, p_me skillancer.user_id) RETURNS boolean LANGUAGE sql STABLE AS
	$$ SELECT EXISTS (SELECT FROM skillancer.organisation_member m WHERE m.organisation_id = p_organisation AND m.user_id = p_me) $$;
CREATE FUNCTION rls.manages(p_organisation skillancer.organisation_id, p_me skillancer.user_id) RETURNS boolean LANGUAGE sql STABLE AS
	$$ SELECT EXISTS (SELECT FROM skillancer.organisation_member m WHERE m.organisation_id = p_organisation AND m.user_id = p_me AND m.role <> 'MEMBER') $$;
CREATE FUNCTION rls.email(p_me skillancer.user_id) RETURNS text LANGUAGE sql STABLE AS
	$$ SELECT u.email_key FROM skillancer.user_account u WHERE u.id = p_me $$;
CREATE FUNCTION rls.party(p_booking skillancer.booking_id, p_me skillancer.user_id) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT b.freelancer_id = p_me OR CASE WHEN b.organisation_id IS NULL THEN b.client_id = p_me ELSE rls.member(b.organisation_id, p_me) END
	FROM skillancer.booking b WHERE b.id = p_booking $$;
CREATE FUNCTION rls.acts(p_booking skillancer.booking_id, p_me skillancer.user_id) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT rls.party(b.id, p_me) AND (p_me IN (b.client_id, b.freelancer_id) OR rls.manages(b.organisation_id, p_me))
	FROM skillancer.booking b WHERE b.id = p_booking $$;

-- bookings: 1 with the freelancer, 2 with the next one, and one of client 3 and another one of client 2 for the organisation
INSERT INTO skillancer.booking (id, source, client_id, freelancer_id, title, currency, terms, terms_hash, fee_version, state)
SELECT rls.id('booking' || n, t)::skillancer.booking_id, 'DIRECT', client, CASE n WHEN 1 THEN freelancer ELSE o END, 'A booking', 'USD',
	'{}', sha256('x'), 1, CASE n WHEN 1 THEN 'ACTIVE' ELSE 'COMPLETED' END
FROM rls.tenant, generate_series(1, 2) n;
INSERT INTO skillancer.booking (id, source, client_id, freelancer_id, organisation_id, title, currency, terms, terms_hash, fee_version, state)
SELECT rls.id('booking3', t)::skillancer.booking_id, 'DIRECT', client, freelancer, rls.id('organisation', 1)::skillancer.organisation_id, 'A booking', 'USD',
	'{}', sha256('x'), 1, 'ACTIVE'
FROM rls.tenant WHERE t > 1;
INSERT INTO skillancer.milestone (id, booking_id, client_id, freelancer_id, seq, title, amount, proposed_by, state)
SELECT rls.id('milestone' || b.state, row_number() OVER (ORDER BY b.id)::integer)::skillancer.milestone_id, b.id, b.client_id, b.freelancer_id, 1, 'A step',
	'15.00 USD', b.freelancer_id, CASE b.state WHEN 'ACTIVE' THEN 'FUNDED' ELSE 'RELEASED' END
FROM skillancer.booking b;
INSERT INTO skillancer.change_request (id, booking_id, client_id, freelancer_id, requested_by, kind, reason, on_silence, state)
SELECT rls.id('change' || b.id::text, 1)::skillancer.change_request_id, b.id, b.client_id, b.freelancer_id,
	CASE b.state WHEN 'ACTIVE' THEN b.client_id ELSE b.freelancer_id END, 'PAUSE', 'A reason', 'ACCEPT', 'WITHDRAWN'
FROM skillancer.booking b;
INSERT INTO skillancer.delivery (milestone_id, number, booking_id, client_id, freelancer_id, message)
SELECT m.id, 1, m.booking_id, m.client_id, m.freelancer_id, 'Here it is' FROM skillancer.milestone m;
INSERT INTO skillancer.booking_terms (booking_id, version, client_id, freelancer_id, proposed_by, terms, terms_hash)
SELECT b.id, 1, b.client_id, b.freelancer_id, b.client_id, b.terms, b.terms_hash FROM skillancer.booking b;
INSERT INTO skillancer.work_week (id, booking_id, client_id, freelancer_id, week, locks_at)
SELECT rls.id('week' || b.id::text, 1), b.id, b.client_id, b.freelancer_id, '2026-01-05', now() FROM skillancer.booking b;
INSERT INTO skillancer.time_entry (id, week_id, booking_id, client_id, freelancer_id, day, minutes, note)
SELECT rls.id('entry' || w.id::text, 1)::skillancer.time_entry_id, w.id, w.booking_id, w.client_id, w.freelancer_id, w.week, 60, 'Some work'
FROM skillancer.work_week w;
INSERT INTO skillancer.dispute (id, booking_id, milestone_id, client_id, freelancer_id, claimant_id, amount, reason, statement, claimant_offer)
SELECT rls.id('dispute' || m.id::text, 1)::skillancer.dispute_id, m.booking_id, m.id, m.client_id, m.freelancer_id,
	CASE m.state WHEN 'FUNDED' THEN m.client_id ELSE m.freelancer_id END, m.amount, 'OTHER', 'A statement', m.amount
FROM skillancer.milestone m;
INSERT INTO skillancer.dispute_evidence (dispute_id, number, client_id, freelancer_id, author_id, body)
SELECT d.id, 1, d.client_id, d.freelancer_id, d.claimant_id, 'Here it is' FROM skillancer.dispute d;
INSERT INTO skillancer.review (id, booking_id, client_id, freelancer_id, author_id, subject_id, rating, comment, would_work_again, state)
SELECT rls.id('review' || b.id::text, n)::skillancer.review_id, b.id, b.client_id, b.freelancer_id, CASE n WHEN 1 THEN b.client_id ELSE b.freelancer_id END,
	CASE n WHEN 1 THEN b.freelancer_id ELSE b.client_id END, 5, 'It was all right.', true,
	CASE WHEN b.state = 'ACTIVE' THEN 'HIDDEN' ELSE 'PUBLISHED' END
FROM skillancer.booking b, generate_series(1, 2) n;
INSERT INTO skillancer.review_report (id, review_id, user_id, reason, detail)
SELECT rls.id('report' || r.id::text, 1), r.id, r.subject_id, 'OTHER', 'It was not all right.' FROM skillancer.review r WHERE r.state = 'PUBLISHED';
INSERT INTO skillancer.outcome (booking_id, client_id, freelancer_id, verdict, reason, amount, usd, ended_at)
SELECT b.id, b.client_id, b.freelancer_id, 1, 'PAID', '15.00 USD', 1500, now() FROM skillancer.booking b WHERE b.state = 'COMPLETED';
INSERT INTO skillancer.reputation (user_id, side, rating)
SELECT freelancer, 'FREELANCER', (SELECT skillancer.rating_tally(5) FROM generate_series(1, 2)) FROM rls.tenant;

INSERT INTO skillancer.delivery_file (milestone_id, number, position, booking_id, client_id, freelancer_id, url, opens_after)
SELECT m.id, 1, n, m.booking_id, m.client_id, m.freelancer_id, 'https://files.test', (ARRAY['DELIVERY', 'RELEASE'])[n] FROM skillancer.milestone m, generate_series(1, 2) n;
UPDATE skillancer.milestone x SET organisation_id = b.organisation_id FROM skillancer.booking b WHERE b.id = x.booking_id;
UPDATE skillancer.review x SET organisation_id = b.organisation_id FROM skillancer.booking b WHERE b.id = x.booking_id;
UPDATE skillancer.booking_terms x SET organisation_id = b.organisation_id FROM skillancer.booking b WHERE b.id = x.booking_id;
UPDATE skillancer.change_request x SET organisation_id = b.organisation_id FROM skillancer.booking b WHERE b.id = x.booking_id;
UPDATE skillancer.delivery x SET organisation_id = b.organisation_id FROM skillancer.booking b WHERE b.id = x.booking_id;
UPDATE skillancer.dispute x SET organisation_id = b.organisation_id FROM skillancer.booking b WHERE b.id = x.booking_id;
UPDATE skillancer.dispute_evidence x SET organisation_id = d.organisation_id FROM skillancer.dispute d WHERE d.id = x.dispute_id;
UPDATE skillancer.delivery_file x SET organisation_id = b.organisation_id FROM skillancer.booking b WHERE b.id = x.booking_id;
UPDATE skillancer.work_week x SET organisation_id = b.organisation_id FROM skillancer.booking b WHERE b.id = x.booking_id;
UPDATE skillancer.time_entry x SET organisation_id = b.organisation_id FROM skillancer.booking b WHERE b.id = x.booking_id;

-- money
INSERT INTO skillancer.pair_billing (client_id, freelancer_id, currency, billed) SELECT client, f, 'USD', '1.00 USD' FROM rls.tenant, unnest(ARRAY[freelancer, o]) f;
INSERT INTO skillancer.payment_method (id, user_id, kind, provider, token, label)
SELECT rls.id('method' || k, t)::skillancer.payment_method_id, CASE k WHEN 'PAYMENT' THEN client ELSE freelancer END, k, 'sandbox', 'tok', 'Card'
FROM rls.tenant, unnest('{PAYMENT,PAYOUT}'::text[]) k;
INSERT INTO skillancer.charge (id, user_id, payment_method_id, provider, amount)
SELECT rls.id('charge' || n, t)::skillancer.charge_id, client, rls.id('methodPAYMENT', t)::skillancer.payment_method_id, 'sandbox', '15.00 USD'
FROM rls.tenant, generate_series(1, 2) n;
INSERT INTO skillancer.refund (id, charge_id, user_id, provider, amount)
SELECT rls.id('refund' || c.id::text, 1)::skillancer.refund_id, c.id, c.user_id, 'sandbox', '5.00 USD' FROM skillancer.charge c;
INSERT INTO skillancer.chargeback (id, charge_id, user_id, freelancer_id, reference, amount, fee)
SELECT rls.id('chargeback' || n, t), rls.id('charge' || n, t)::skillancer.charge_id, client, freelancer, 'matrix' || n || t, '5.00 USD', '1.00 USD'
FROM rls.tenant, generate_series(1, 2) n;
INSERT INTO skillancer.tip (id, booking_id, client_id, freelancer_id, amount, organisation_id, payer_id)
SELECT rls.id('tip' || b.id::text, 1), b.id, b.client_id, b.freelancer_id, '5.00 USD', b.organisation_id,
	CASE WHEN b.organisation_id IS NOT NULL THEN b.client_id END
FROM skillancer.booking b;
INSERT INTO skillancer.adjustment (id, kind, reason, legs, proposed_by)
SELECT rls.id('adjustment' || p.name, 1), 'ADJUSTMENT', 'A reason', '[]', p.user_id FROM rls.persona p WHERE p.name IN ('finance', 'admin');
INSERT INTO skillancer.payout (id, user_id, payment_method_id, provider, amount, fee)
SELECT rls.id('payout' || n, t)::skillancer.payout_id, freelancer, rls.id('methodPAYOUT', t)::skillancer.payment_method_id, 'sandbox', '30.00 USD', '1.00 USD'
FROM rls.tenant, generate_series(1, 2) n;
INSERT INTO skillancer.connect_grant (id, user_id, kind, connects, expires_at)
SELECT rls.id('grant' || n, t), freelancer, 'STAFF', 5, now() FROM rls.tenant, generate_series(1, 2) n;
INSERT INTO skillancer.connect_purchase (id, user_id, connects, price)
SELECT rls.id('purchase' || n, t), freelancer, 10, '1.50 USD' FROM rls.tenant, generate_series(1, 2) n;
INSERT INTO skillancer.conversion (id, user_id, sold, spread, bought, rate, rate_at)
SELECT rls.id('conversion' || n, t), client, '10.05 EUR', '0.05 EUR', '11.00 USD', 1.1, now() FROM rls.tenant, generate_series(1, 2) n;
INSERT INTO skillancer.payout_schedule (id, user_id, currency, cadence)
SELECT rls.id('schedule' || c, t), freelancer, c, 'MANUAL' FROM rls.tenant, unnest('{USD,EUR}'::text[]) c;
INSERT INTO skillancer.provider_call (id, provider, operation, kind, ref, idempotency_key, method, path, state)
SELECT rls.id('call' || n, t), 'stripe', 'ASK', 'charge', rls.id('charge' || n, t), format('call-%s-%s', t, n), 'GET', '/', 'PARKED'
FROM rls.tenant, generate_series(1, 2) n;
INSERT INTO skillancer.provider_customer (user_id, provider, external_id) SELECT u, 'stripe', 'cus_1' FROM rls.tenant, unnest(ARRAY[client, freelancer]) u;
INSERT INTO skillancer.provider_event (provider, id, type) VALUES ('stripe', 'evt_1', 'x'), ('stripe', 'evt_2', 'x');
INSERT INTO skillancer.earning (id, freelancer_id, client_id, booking_id, milestone_id, gross, fee, net)
SELECT rls.id('earning' || m.id::text, 1), m.freelancer_id, m.client_id, m.booking_id, m.id, m.amount, '1.00 USD', '14.00 USD' FROM skillancer.milestone m;
INSERT INTO skillancer.earning_return (earning_id, freelancer_id, client_id, posting, gross, fee, tax, client_fee, client_tax)
SELECT e.id, e.freelancer_id, e.client_id, 1, '1.00 USD', '0.10 USD', '0.02 USD', '0.00 USD', '0.00 USD' FROM skillancer.earning e;
INSERT INTO skillancer.chargeback_part (chargeback_id, milestone_id, earning_id, gross, fee, tax, client_fee, client_tax)
SELECT b.id, e.milestone_id, e.id, '1.00 USD', '0.10 USD', '0.02 USD', '0.00 USD', '0.00 USD'
FROM skillancer.chargeback b
JOIN skillancer.earning e ON e.freelancer_id = b.freelancer_id AND e.milestone_id IS NOT NULL;
INSERT INTO skillancer.invoice (id, kind, issuer_id, recipient_id, code, year, sequence, number, ref, net, tax, total, supplied_at, document)
SELECT rls.id('invoice' || n, t)::skillancer.invoice_id, 'SERVICE', CASE n WHEN 1 THEN freelancer END, CASE n WHEN 3 THEN freelancer ELSE client END,
	'INV', 2026, t * 10 + n, 'x', rls.id('invoiced' || n, t), '1.00 USD', '0.00 USD', '1.00 USD', now(), '{}'
FROM rls.tenant, generate_series(1, 3) n;
INSERT INTO skillancer.invoice_series (issuer, code, year, last) SELECT rls.id('series', t), 'INV', 2026, 2 FROM rls.tenant;
INSERT INTO skillancer.document_template (name, body) VALUES ('matrix', 'x');
INSERT INTO skillancer.tax_jurisdiction (code, name) VALUES ('XA', 'A'), ('XB', 'B');
INSERT INTO skillancer.tax_rate (id, jurisdiction, kind, name, bps, valid_from)
SELECT rls.id('rate', n), 'XA', (ARRAY['SERVICE', 'CLIENT'])[n], 'VAT', 2000, now() FROM generate_series(1, 2) n;
INSERT INTO skillancer.billing_profile (user_id, name, address, country)
SELECT u, 'Name', 'Street', 'XA' FROM rls.tenant, unnest(ARRAY[client, freelancer]) u;
INSERT INTO skillancer.fee_tax (earning_id, kind, payer_id, rate_id, fee, tax, posting)
SELECT e.id, k, CASE k WHEN 'SERVICE' THEN e.freelancer_id ELSE e.client_id END, rls.id('rate', 1), '1.00 USD', '0.17 USD', 1
FROM skillancer.earning e, unnest('{SERVICE,CLIENT}'::text[]) k;
INSERT INTO skillancer.ledger_account (class, owner, currency, mode, floor_zero, debit_normal)
SELECT c, CASE c WHEN 'client_wallet' THEN client::uuid ELSE freelancer::uuid END, 'USD', 'row', true, false
FROM rls.tenant, unnest('{client_wallet,freelancer_available}'::text[]) c;
INSERT INTO skillancer.ledger_txn (kind, idempotency_key, fingerprint) VALUES ('test', 'matrix1', '\x00'), ('test', 'matrix2', '\x00');
INSERT INTO skillancer.ledger_entry (txn, leg, account, amount, currency, epoch)
SELECT x.id, l, (SELECT min(id) FROM skillancer.ledger_account), CASE l WHEN 1 THEN 100 ELSE -100 END, 'USD', 1
FROM skillancer.ledger_txn x, generate_series(1, 2) l;
INSERT INTO skillancer.ledger_fold (account, amount, entries)
SELECT a.id, 0, 0 FROM skillancer.ledger_account a ORDER BY a.id LIMIT 2;
INSERT INTO skillancer.ledger_period (through, ends_at, balances) VALUES ('1999-01-01', '1999-01-02', '[]'), ('1999-01-02', '1999-01-03', '[]');
INSERT INTO skillancer.ledger_seal (id, epoch, from_xid, to_xid, entries, previous, hash)
SELECT n, 1, '0', '3', 1, sha256('a'), sha256(n::text::bytea) FROM generate_series(1, 2) n;
INSERT INTO skillancer.ledger_check (invariant, name, violations) VALUES (1, 'x', 0), (2, 'x', 0);

-- the core and the workers
INSERT INTO skillancer.event (epoch, type, source, aggregate_type, aggregate_id, audience)
SELECT 1, 'user.updated', 'matrix', 'user', client::uuid, ARRAY[client::uuid] FROM rls.tenant;
INSERT INTO skillancer.event (at, epoch, type, source, aggregate_type, aggregate_id, audience)
SELECT '1999-01-01', 1, 'user.updated', 'matrix', 'user', client::uuid, ARRAY[client::uuid] FROM rls.tenant;
INSERT INTO skillancer.audit (epoch, action, object_type, actor_id) SELECT 1, 'matrix', 'user', client::uuid FROM rls.tenant;
INSERT INTO skillancer.consumer (name, epoch, position) VALUES ('matrix1', 1, '1:1:'), ('matrix2', 1, '1:1:');
INSERT INTO skillancer.due (machine, id, event, due_at) SELECT 'booking', rls.id('booking1', t), 'x', 'infinity' FROM rls.tenant;
INSERT INTO skillancer.idempotency_key (user_id, route, key, body_hash) SELECT client, 'POST /x', 'k', '\x00' FROM rls.tenant;
INSERT INTO skillancer.notification (id, user_id, event_id, type, category, priority, title, body)
SELECT rls.id('notification' || u::text, n)::skillancer.notification_id, u, rls.id('event', n)::skillancer.event_id, 'matrix', 'ACCOUNT', 'NORMAL', 'x', 'x'
FROM rls.tenant, unnest(ARRAY[client, freelancer]) u, generate_series(1, 2) n;
INSERT INTO skillancer.stream_entry (position, user_id, event, data)
SELECT row_number() OVER (), u, 'matrix', '{}' FROM rls.tenant, unnest(ARRAY[client, freelancer]) u, generate_series(1, 2);
INSERT INTO skillancer.mail (id, user_id, address, type, due_at) SELECT rls.id('mail', t), client, 'x@y.z', 'matrix', 'infinity' FROM rls.tenant;
INSERT INTO skillancer.report_schedule (id, author_id, report, period, cadence, recipients, due_on, due_at)
SELECT rls.id('schedule', n), p.user_id, 'metrics', 'day', 'DAILY', ARRAY[p.user_id], '2100-01-01', 'infinity'
FROM rls.persona p, generate_series(1, 2) n WHERE p.name = 'admin';
INSERT INTO skillancer.report_delivery (schedule_id, due_on, recipient_id, mail_id)
SELECT s.id, '2100-01-01', s.author_id, s.id FROM skillancer.report_schedule s;
INSERT INTO skillancer.mail_domain (domain, next_at) VALUES ('a.test', 'infinity'), ('b.test', 'infinity');
INSERT INTO skillancer.notification_preference (user_id, category, channel, frequency)
SELECT u, c, 'EMAIL', 'DAILY' FROM rls.tenant, unnest(ARRAY[client, freelancer]) u, unnest('{PROJECTS,SYSTEM}'::text[]) c;
INSERT INTO skillancer.erasure (id, user_id, erase_at) SELECT rls.id('erasure' || u::text, t), u, 'infinity' FROM rls.tenant, unnest(ARRAY[client, freelancer]) u;
INSERT INTO skillancer.quiet_hours (user_id, starts, ends) SELECT u, '22:00', '07:00' FROM rls.tenant, unnest(ARRAY[client, freelancer]) u;
INSERT INTO skillancer.announcement (id, author_id, category, texts, state)
SELECT rls.id('announcement', t)::skillancer.event_id, client, 'SYSTEM', '{}', 'SENT' FROM rls.tenant;
INSERT INTO skillancer.mail_address (address_key, reason) VALUES ('a@matrix.test', 'x'), ('b@matrix.test', 'x');
INSERT INTO skillancer.event_attempt (consumer, seq) VALUES ('matrix', 1), ('matrix', 2);
INSERT INTO skillancer.worker_start (worker) VALUES ('matrix1'), ('matrix2');
INSERT INTO skillancer.metric_total (name, label, value) VALUES ('events', 'matrix.one', 1), ('events', 'matrix.two', 2);
INSERT INTO skillancer.search_attempt (index_id, entity_id, attempts) SELECT 1, rls.id('project1', t), 1 FROM rls.tenant;
INSERT INTO skillancer.search_queue (xid, epoch, index_id, entity_id, op) SELECT '3', 1, 1, rls.id('project1', t), 'd' FROM rls.tenant;
INSERT INTO skillancer.search_log (at, index_id, q, results) SELECT skillancer.now(), 1, 'x', 0 FROM rls.tenant;
INSERT INTO skillancer.search_click (search_id, kind, ranks) SELECT rls.id('click', t), 'project', '{1}' FROM rls.tenant;
INSERT INTO skillancer.saved_search (id, user_id, index_id, name, q) SELECT rls.id('saved' || u::text, t), u, 1, 'x', 'x' FROM rls.tenant, unnest(ARRAY[client, freelancer]) u;
INSERT INTO skillancer.search_tick (consumer, epoch, position) VALUES ('matrix1', 1, '1:1:'), ('matrix2', 1, '1:1:');
INSERT INTO skillancer.search_segment (seg_id, index_id, generation, class, level, ndocs, nlive, bytes, stamp)
VALUES (1, 1, 1, 0, 0, 1, 1, 1, 1), (2, 1, 1, 0, 0, 1, 1, 1, 2);
INSERT INTO skillancer.search_chunk (seg_id, chunk_no, data) VALUES (1, 0, '\x00'), (2, 0, '\x00');
INSERT INTO skillancer.search_popular (q, people) SELECT 'q' || t, 5 FROM rls.tenant;
INSERT INTO skillancer.search_dead (seg_id, part, bits) SELECT i, 0, decode(repeat('00', 1024), 'hex') FROM generate_series(1, 2) i;
INSERT INTO skillancer.search_value (seg_id, part, version, entries) SELECT i, 0, 1, '\x00' FROM generate_series(1, 2) i;
INSERT INTO skillancer.housekeeping_run (job) VALUES ('matrix1'), ('matrix2') ON CONFLICT DO NOTHING;
INSERT INTO skillancer.rollup_seal (month, events, cells, checksum) VALUES ('2001-01-01', 0, 0, ''), ('2001-02-01', 0, 0, '');
INSERT INTO skillancer.conversation (id, kind, subject, created_by)
SELECT rls.id('conversation' || t, n)::skillancer.conversation_id, 'SUPPORT', 'x', client FROM rls.tenant, generate_series(1, 2) n;
INSERT INTO skillancer.conversation_participant (user_id, conversation_id)
SELECT u, rls.id('conversation' || t, n)::skillancer.conversation_id FROM rls.tenant, unnest(ARRAY[client, freelancer]) u, generate_series(1, 2) n;
INSERT INTO skillancer.message (id, conversation_id, sender_id, body)
SELECT rls.id('message' || t, n)::skillancer.message_id, rls.id('conversation' || t, n)::skillancer.conversation_id, client, 'x'
FROM rls.tenant, generate_series(1, 2) n;
INSERT INTO skillancer.message_revision (message_id, revision, conversation_id, body) SELECT id, 1, conversation_id, 'y' FROM skillancer.message;
-- files: 1 in a message, 2 in a delivery, 3 in a dispute, 4 for everybody, 5 announced
INSERT INTO skillancer.media (id, user_id, purpose, visibility, state, file_name, declared_type, type, size, sha256, object)
SELECT rls.id('media' || n, t)::skillancer.media_id, CASE WHEN n IN (1, 5) THEN client ELSE freelancer END,
	(ARRAY['ATTACHMENT', 'DELIVERY', 'EVIDENCE', 'AVATAR', 'ATTACHMENT'])[n], CASE n WHEN 4 THEN 'PUBLIC' ELSE 'PRIVATE' END,
	CASE n WHEN 5 THEN 'UPLOADING' ELSE 'READY' END, 'a.png', 'image/png', 'image/png', 1, sha256('x'), rls.id('object' || n, t)
FROM rls.tenant, generate_series(1, 5) n;
UPDATE skillancer.delivery_file f SET url = NULL, media_id = m.id
FROM skillancer.media m WHERE f.position = 2 AND m.purpose = 'DELIVERY' AND m.user_id = f.freelancer_id;
UPDATE skillancer.dispute_evidence e SET media_ids = ARRAY[m.id]
FROM skillancer.media m WHERE m.purpose = 'EVIDENCE' AND m.user_id = e.freelancer_id;
INSERT INTO skillancer.media_use (media_id, user_id, kind, ref)
SELECT m.id, m.user_id, 'MESSAGE', x.id::uuid FROM skillancer.media m JOIN skillancer.message x ON x.sender_id = m.user_id
WHERE m.purpose = 'ATTACHMENT' AND m.state = 'READY'
UNION SELECT f.media_id, f.freelancer_id, 'DELIVERY', f.milestone_id::uuid FROM skillancer.delivery_file f WHERE f.media_id IS NOT NULL
UNION SELECT e.media_ids[1], e.freelancer_id, 'EVIDENCE', e.dispute_id::uuid FROM skillancer.dispute_evidence e WHERE e.media_ids <> '{}';
CREATE FUNCTION rls.refers(p_kind text, p_ref uuid, p_me skillancer.user_id) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT CASE p_kind
		WHEN 'MESSAGE' THEN EXISTS (SELECT FROM skillancer.message m WHERE m.id = p_ref::skillancer.message_id AND rls.talks(m.conversation_id, p_me))
		ELSE EXISTS (SELECT FROM skillancer.user_role r JOIN skillancer.role_permission p ON p.role = r.role
				WHERE r.user_id = p_me AND p.permission = 'contracts:view')
			OR EXISTS (SELECT FROM skillancer.dispute d WHERE d.id::uuid = p_ref AND rls.party(d.booking_id, p_me))
			OR EXISTS (SELECT FROM skillancer.milestone m JOIN skillancer.delivery_file f ON f.milestone_id = m.id AND f.media_id IS NOT NULL
				WHERE m.id::uuid = p_ref AND (m.freelancer_id = p_me
					OR rls.party(m.booking_id, p_me) AND (f.opens_after = 'DELIVERY' OR m.state = 'RELEASED'))) END $$;
INSERT INTO skillancer.user_block (user_id, blocked_id)
SELECT u, x FROM rls.tenant, unnest(ARRAY[client, freelancer]) u, unnest(ARRAY[rls.id('support', 0), rls.id('admin', 0)]::skillancer.user_id[]) x;
INSERT INTO skillancer.webhook (id, user_id, url, events)
SELECT rls.id('webhook' || u::text, n)::skillancer.webhook_id, u, 'https://hooks.example.com/', '{*}'
FROM rls.tenant, unnest(ARRAY[client, freelancer]) u, generate_series(1, 2) n;
INSERT INTO skillancer.webhook (id, channel, url, events)
SELECT rls.id('gateway' || c, 0)::skillancer.webhook_id, c, 'https://push.example.com/', '{notification.created}' FROM unnest('{PUSH,SMS}'::text[]) c;
INSERT INTO skillancer.webhook_health (webhook_id, user_id) SELECT id, user_id FROM skillancer.webhook;
INSERT INTO skillancer.webhook_secret (webhook_id, user_id, sealed) SELECT id, user_id, '\x00' FROM skillancer.webhook;
INSERT INTO skillancer.webhook_delivery (webhook_id, event_id, user_id, seq, type, aggregate_id, body, state)
SELECT id, rls.id('event', 1)::skillancer.event_id, coalesce(user_id, rls.id('client1', 0)::skillancer.user_id), 1, 'user.updated', rls.id('x', 1), '{}', 'DELIVERED' FROM skillancer.webhook;
INSERT INTO skillancer.webhook_attempt (webhook_id, event_id, number, user_id, duration_ms)
SELECT id, rls.id('event', 1)::skillancer.event_id, 1, coalesce(user_id, rls.id('client1', 0)::skillancer.user_id), 1 FROM skillancer.webhook;

-- imports
INSERT INTO skillancer.currency (code, number, digits, name) VALUES ('USD', 840, 2, 'US Dollar'), ('EUR', 978, 2, 'Euro') ON CONFLICT DO NOTHING;
INSERT INTO skillancer.country (code, alpha3, number, name) VALUES ('DE', 'DEU', 276, 'Germany'), ('AT', 'AUT', 40, 'Austria') ON CONFLICT DO NOTHING;
INSERT INTO skillancer.import_run (kind) VALUES ('job'), ('gig');
INSERT INTO skillancer.import_rejection (run_id, row_number, problems) SELECT id, 1, '{x}' FROM skillancer.import_run;
INSERT INTO skillancer.import_object (kind, key, object_id) VALUES ('job', 'a', rls.id('object', 1)), ('job', 'b', rls.id('object', 2));
INSERT INTO skillancer.import_country (problems) VALUES ('{}'), ('{}');
INSERT INTO skillancer.import_currency (problems) VALUES ('{}'), ('{}');
INSERT INTO skillancer.import_esco_skill (problems) VALUES ('{}'), ('{}');
INSERT INTO skillancer.import_freelancer (problems) VALUES ('{}'), ('{}');
INSERT INTO skillancer.import_gig (problems) VALUES ('{}'), ('{}');
INSERT INTO skillancer.import_job (problems) VALUES ('{}'), ('{}');
INSERT INTO skillancer.import_skill (problems) VALUES ('{}'), ('{}');
