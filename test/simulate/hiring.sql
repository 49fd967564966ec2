-- test/simulate/hiring.sql
--	Acts from a posting to a contract: posting, inviting, bidding, talking, hiring; ordering a gig; a direct offer.

-- A client posts; the bids that will come, and the decision, are planned with it.
CREATE FUNCTION pg_temp.act_post(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_n bigint := p_act.subject;
	v_first boolean := p_act.who = 1 AND p_act.at > (SELECT l.ends - interval '4 days' FROM life l);
	v_kind text := CASE WHEN NOT v_first AND pg_temp.happens('hourly', v_n) THEN 'HOURLY' ELSE 'FIXED' END;
	v_low numeric := skillancer.demo_round(greatest(5, pg_temp.amount(CASE v_kind WHEN 'FIXED' THEN 'fixed budget' ELSE 'hourly budget' END, v_n)));
	v_high numeric := greatest(v_low * (1 + 0.6 * pg_temp.luck('width', v_n))::numeric, v_low + 5);
	v_currency text := CASE WHEN v_first THEN 'USD' ELSE pg_temp.one_of('currency', v_n, '{USD,EUR,GBP}', '{80,12,8}') END;
	v_field field%ROWTYPE;
	v_skills text[];
	v_task text;
	v_id skillancer.project_id;
BEGIN
	IF NOT (SELECT p.ready FROM person p WHERE p.n = p_act.who) THEN
		RETURN;
	END IF;
	SELECT f.* INTO v_field FROM field f WHERE f.slug = pg_temp.one_of('post field', v_n, skillancer.demo_field_slugs(), skillancer.demo_field_weights());
	v_skills := ARRAY(SELECT s FROM unnest(v_field.skills) WITH ORDINALITY k (s, at) ORDER BY pg_temp.luck('post skill', v_n * 100 + at)
		LIMIT pg_temp.amount('skills', v_n)::integer);
	v_task := pg_temp.words('task', v_n, v_field.task) || CASE WHEN v_first OR pg_temp.luck('named', v_n) < 0.3 THEN ' for '
		|| pg_temp.one_of('task firm', v_n, skillancer.demo_words('firm')) || ' ' || pg_temp.one_of('task trade', v_n, skillancer.demo_words('trade')) ELSE '' END;
	PERFORM pg_temp.act_as(p_act.who);
	v_id := pg_temp.body(skillancer_api.project_create(upper(left(v_task, 1)) || substr(v_task, 2),
		skillancer.demo_description(current_setting('simulation.seed')::integer, v_n, v_task, v_skills), v_kind,
		pg_temp.money(v_low, v_currency), pg_temp.money(v_high, v_currency), v_field.slug, ARRAY(SELECT skillancer.slugify(s) FROM unnest(v_skills) s),
		pg_temp.one_of('experience', v_n, '{ENTRY,INTERMEDIATE,EXPERT}', '{171,1790,1174}'),
		pg_temp.one_of('duration', v_n, '{UNDER_1_WEEK,UNDER_1_MONTH,1_TO_3_MONTHS,3_TO_6_MONTHS,OVER_6_MONTHS}', '{15,30,35,12,8}'))) ->> 'id';
	PERFORM skillancer_api.project_publish(v_id);
	INSERT INTO posting (n, client, id, slug, kind, low, high, currency) VALUES (v_n, p_act.who, v_id, v_field.slug, v_kind, v_low, v_high, v_currency);
	PERFORM pg_temp.plan_bids(v_n::integer);
	PERFORM pg_temp.plan('interview', pg_temp.today() + pg_temp.span('decision', v_n), p_act.who, v_n::integer);
END
$$;

-- Who will bid on a posting, and when: freelancers who are there now, most of them of the field, the keen ones more often.
CREATE FUNCTION pg_temp.plan_bids(p_posting integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_bidder record;
	v_index bigint;
BEGIN
	FOR v_bidder IN
		SELECT p.n, row_number() OVER () AS place
		FROM (
			SELECT p.n FROM person p
			WHERE p.kind = 'FREELANCER' AND p.ready AND p.leaves > skillancer.now()
			ORDER BY -ln(1 - pg_temp.luck('bidder', p_posting * 100000::bigint + p.n)) / (0.15 + p.knack)
				/ CASE WHEN p.slug = (SELECT g.slug FROM posting g WHERE g.n = p_posting) THEN 1 ELSE 0.05 END, p.n
			LIMIT pg_temp.amount('bids', p_posting)::integer) p
	LOOP
		v_index := p_posting * 64::bigint + v_bidder.place;
		IF v_bidder.place <= 3 AND pg_temp.happens('invites', p_posting) THEN
			PERFORM pg_temp.plan('invite', pg_temp.today() + make_interval(mins => 20 * v_bidder.place::integer), (SELECT g.client FROM posting g WHERE g.n = p_posting), p_posting, v_bidder.n);
		END IF;
		PERFORM pg_temp.plan('bid', pg_temp.today() + interval '65 seconds' + pg_temp.span('first bid', v_index), v_bidder.n, p_posting, v_bidder.place::integer);
	END LOOP;
END
$$;

CREATE FUNCTION pg_temp.act_invite(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF (SELECT g.state FROM posting g WHERE g.n = p_act.subject) = 'OPEN'
		AND NOT EXISTS (SELECT FROM bid b WHERE b.posting = p_act.subject AND b.freelancer = p_act.step) THEN
		PERFORM pg_temp.act_as(p_act.who);
		PERFORM skillancer_api.invitation_create((SELECT g.id FROM posting g WHERE g.n = p_act.subject), (SELECT p.id FROM person p WHERE p.n = p_act.step),
			pg_temp.words('invitation', p_act.n, '{Your profile fits.|We liked your last work.|This could be something for you.}'));
	END IF;
END
$$;

-- The steps of a bid on fixed work above some size.
CREATE FUNCTION pg_temp.bid_steps(p_bid skillancer.monetary, p_days integer) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	IF p_bid::numeric < 400 THEN
		RETURN NULL;
	END IF;
	RETURN (
		SELECT jsonb_agg(jsonb_build_object('title', (ARRAY['First half', 'Second half', 'Handover'])[s.n], 'amount', s.amount::jsonb, 'days', p_days) ORDER BY s.n)
		FROM unnest(skillancer.split(p_bid, CASE WHEN p_bid::numeric >= 1500 THEN 3 ELSE 2 END)) WITH ORDINALITY s (amount, n));
END
$$;

CREATE FUNCTION pg_temp.propose(p_posting posting, p_index bigint, p_bid skillancer.monetary) RETURNS skillancer.proposal_id LANGUAGE plpgsql AS $$
DECLARE
	v_days integer := 2 + floor(28 * pg_temp.luck('days', p_index));
BEGIN
	RETURN pg_temp.body(skillancer_api.proposal_create(p_posting.id, pg_temp.words('letter', p_index,
		'{Hello,|Good day,|Hi there,} {your posting reads as if it was written for me|this is the kind of work I like best|I have just finished something very similar}. '
		|| '{I would begin with {a short call|a list of questions|a look at what you have}, and send {a first draft|a plan} within {two|three|five} days.|You would see {results|drafts} {every week|after each step}.} '
		|| '{I can start {tomorrow|on Monday|next week}.|Samples of my work are in my profile.}'), p_bid, v_days,
		CASE p_posting.kind WHEN 'FIXED' THEN pg_temp.bid_steps(p_bid, v_days) END)) ->> 'id';
END
$$;

-- A freelancer bids; one who has too few connects buys some, or lets it be.
CREATE FUNCTION pg_temp.act_bid(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_posting posting%ROWTYPE;
	v_index bigint := p_act.subject * 64::bigint + p_act.step;
	v_bid skillancer.monetary;
	v_id skillancer.proposal_id;
BEGIN
	SELECT * INTO v_posting FROM posting g WHERE g.n = p_act.subject;
	IF v_posting.state <> 'OPEN' THEN
		RETURN;
	END IF;
	v_bid := pg_temp.money(greatest(3, v_posting.low + (v_posting.high - v_posting.low) * (1.2 * pg_temp.luck('bid', v_index) - 0.15)::numeric), v_posting.currency);
	PERFORM pg_temp.act_as(p_act.who);
	BEGIN
		v_id := pg_temp.propose(v_posting, v_index, v_bid);
	EXCEPTION WHEN SQLSTATE 'SK204' THEN
		IF NOT pg_temp.happens('buys connects', v_index) THEN
			RETURN;
		END IF;
		PERFORM pg_temp.body(skillancer_api.connects_purchase(40, pg_temp.card(p_act.who)));
		v_id := pg_temp.propose(v_posting, v_index, v_bid);
	END;
	INSERT INTO bid (posting, freelancer, id, amount) VALUES (p_act.subject, p_act.who, v_id, v_bid::numeric);
	IF pg_temp.happens('withdrawn', v_index) THEN
		PERFORM pg_temp.plan('withdraw', pg_temp.today() + make_interval(secs => round(172800 * pg_temp.luck('withdraw', v_index)) + 60), p_act.who, p_act.subject);
	END IF;
END
$$;

CREATE FUNCTION pg_temp.act_withdraw(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_id skillancer.proposal_id := (SELECT b.id FROM bid b JOIN posting g ON g.n = b.posting
		WHERE b.posting = p_act.subject AND b.freelancer = p_act.who AND b.state = 'SUBMITTED' AND g.state = 'OPEN');
BEGIN
	IF v_id IS NOT NULL THEN
		PERFORM pg_temp.act_as(p_act.who);
		PERFORM skillancer_api.proposal_withdraw(v_id);
		UPDATE bid b SET state = 'WITHDRAWN' WHERE b.id = v_id;
	END IF;
END
$$;

-- The best bids of a posting: a good freelancer at a low price.
CREATE FUNCTION pg_temp.best_bids(p_posting integer, p_limit integer) RETURNS SETOF bid LANGUAGE sql STABLE AS $$
	SELECT b.* FROM bid b JOIN person p ON p.n = b.freelancer JOIN posting g ON g.n = b.posting
	WHERE b.posting = p_posting AND b.state = 'SUBMITTED'
	ORDER BY p.knack + 0.6 * pg_temp.luck('taste', b.posting * 100000::bigint + b.freelancer) - 0.4 * (b.amount / (g.high + 1))::double precision DESC, b.freelancer
	LIMIT p_limit
$$;

-- The client reads the bids, shortlists three, writes to two, and turns one down; then hires, or does not.
CREATE FUNCTION pg_temp.act_interview(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_bid bid%ROWTYPE;
	v_place integer := 0;
	v_talk skillancer.conversation_id;
BEGIN
	IF (SELECT g.state FROM posting g WHERE g.n = p_act.subject) <> 'OPEN' THEN
		RETURN;
	END IF;
	PERFORM pg_temp.act_as(p_act.who);
	FOR v_bid IN SELECT * FROM pg_temp.best_bids(p_act.subject, 4) LOOP
		v_place := v_place + 1;
		PERFORM skillancer_api.proposal_get(v_bid.id);
		IF v_place <= 3 THEN
			PERFORM skillancer_api.proposal_shortlist(v_bid.id);
		ELSE
			PERFORM skillancer_api.proposal_decline(v_bid.id, 'We have chosen somebody who has done exactly this before.');
			UPDATE bid b SET state = 'DECLINED' WHERE b.id = v_bid.id;
		END IF;
		IF v_place <= 2 THEN
			v_talk := pg_temp.body(skillancer_api.conversation_create(p_proposal_id => v_bid.id)) ->> 'id';
			PERFORM skillancer_api.message_send(v_talk, pg_temp.words('question', p_act.n * 4 + v_place,
				'{Thank you for your proposal.|Hello!} {When could you begin?|How would you go about it?|What would you need from us?}'));
			PERFORM pg_temp.plan('reply', pg_temp.today() + make_interval(mins => 20 + floor(900 * pg_temp.luck('reply', p_act.n * 4 + v_place) ^ 2)::integer), v_bid.freelancer, p_act.subject);
		END IF;
	END LOOP;
	IF v_place > 0 AND (pg_temp.happens('hired', p_act.subject) OR p_act.who = 1) THEN
		PERFORM pg_temp.plan('hire', pg_temp.today() + pg_temp.span('hiring', p_act.subject), p_act.who, p_act.subject);
	ELSIF pg_temp.happens('called off', p_act.subject) THEN
		PERFORM pg_temp.plan('call_off', pg_temp.today() + pg_temp.span('hiring', p_act.subject), p_act.who, p_act.subject);
	END IF;
END
$$;

-- The freelancer answers what the client asked.
CREATE FUNCTION pg_temp.act_reply(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_talk skillancer.conversation_id;
BEGIN
	PERFORM pg_temp.act_as(p_act.who);
	v_talk := pg_temp.body(skillancer_api.conversation_create(
		p_proposal_id => (SELECT b.id FROM bid b WHERE b.posting = p_act.subject AND b.freelancer = p_act.who))) ->> 'id';
	PERFORM skillancer_api.conversation_read(v_talk);
	PERFORM skillancer_api.message_send(v_talk, pg_temp.words('answer', p_act.n, '{Next week|On Monday|Tomorrow}, {and I would send a plan first|with a draft after three days}. {Does that suit you?|Anything else?}'));
END
$$;

CREATE FUNCTION pg_temp.act_call_off(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF (SELECT p.state FROM skillancer.project p WHERE p.id = (SELECT g.id FROM posting g WHERE g.n = p_act.subject)) = 'OPEN' THEN
		PERFORM pg_temp.act_as(p_act.who);
		PERFORM skillancer_api.project_cancel((SELECT g.id FROM posting g WHERE g.n = p_act.subject), 'Our plans have changed.');
	END IF;
	UPDATE posting g SET state = 'CLOSED' WHERE g.n = p_act.subject;
END
$$;

-- Notes a new contract and what the client does next.
CREATE FUNCTION pg_temp.contract_made(p_booking skillancer.booking_id, p_client integer, p_freelancer integer, p_source text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_n integer;
BEGIN
	INSERT INTO contract (id, client, freelancer, source) VALUES (p_booking, p_client, p_freelancer, p_source) RETURNING n INTO v_n;
	IF (SELECT p.bank FROM person p WHERE p.n = p_freelancer) IS NULL THEN
		PERFORM pg_temp.plan('bank', pg_temp.today() + interval '2 hours', p_freelancer);
	END IF;
	IF NOT pg_temp.happens('never paid', v_n) THEN
		PERFORM pg_temp.plan('proceed', pg_temp.today() + pg_temp.span('payment', v_n), p_client, v_n);
	END IF;
	FOR i IN 1 .. pg_temp.amount('messages', v_n)::integer LOOP
		PERFORM pg_temp.plan('talk', pg_temp.today() + make_interval(mins => 30) + i * pg_temp.span('approval', v_n * 32 + i), CASE i % 2 WHEN 1 THEN p_client ELSE p_freelancer END, v_n, i);
	END LOOP;
END
$$;

CREATE FUNCTION pg_temp.act_hire(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_bid bid%ROWTYPE;
	v_booking skillancer.booking_id;
BEGIN
	SELECT * INTO v_bid FROM pg_temp.best_bids(p_act.subject, 1);
	IF v_bid.id IS NULL OR (SELECT p.state FROM skillancer.project p JOIN posting g ON g.id = p.id WHERE g.n = p_act.subject) <> 'OPEN' THEN
		RETURN;
	END IF;
	PERFORM pg_temp.act_as(p_act.who);
	v_booking := pg_temp.body(skillancer_api.proposal_accept(v_bid.id, 1)) ->> 'id';
	UPDATE bid b SET state = 'ACCEPTED' WHERE b.id = v_bid.id;
	UPDATE posting g SET state = 'FILLED' WHERE g.n = p_act.subject;
	PERFORM pg_temp.contract_made(v_booking, p_act.who, v_bid.freelancer, 'PROPOSAL');
END
$$;

-- A client orders one of the gigs, those of good freelancers more often.
CREATE FUNCTION pg_temp.act_order(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_gig record;
	v_booking skillancer.booking_id;
BEGIN
	SELECT o.id, o.freelancer, g.revision INTO v_gig
	FROM offered_gig o JOIN person p ON p.n = o.freelancer JOIN skillancer.gig g ON g.id = o.id AND g.state = 'ACTIVE'
	WHERE p.leaves > skillancer.now()
	ORDER BY -ln(1 - pg_temp.luck('order what', p_act.subject * 100000::bigint + o.n)) / (0.05 + p.knack ^ 3), o.n LIMIT 1;
	IF v_gig.id IS NULL OR NOT (SELECT p.ready FROM person p WHERE p.n = p_act.who) THEN
		RETURN;
	END IF;
	PERFORM pg_temp.act_as(p_act.who);
	v_booking := pg_temp.body(skillancer_api.gig_order(v_gig.id, v_gig.revision, pg_temp.one_of('package', p_act.subject, '{BASIC,STANDARD,PREMIUM}', '{60,28,12}'))) ->> 'id';
	PERFORM pg_temp.contract_made(v_booking, p_act.who, v_gig.freelancer, 'GIG');
END
$$;

-- A client comes back to somebody it has worked with.
CREATE FUNCTION pg_temp.act_offer(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_whom integer := (SELECT c.freelancer FROM contract c JOIN skillancer.booking b ON b.id = c.id AND b.state = 'COMPLETED'
		JOIN person p ON p.n = c.freelancer AND p.leaves > skillancer.now()
		WHERE c.client = p_act.who ORDER BY p.knack DESC, c.n LIMIT 1);
	v_booking jsonb;
BEGIN
	IF v_whom IS NULL THEN
		RETURN;
	END IF;
	PERFORM pg_temp.act_as(p_act.who);
	v_booking := pg_temp.body(skillancer_api.booking_offer((SELECT p.id FROM person p WHERE p.n = v_whom),
		pg_temp.words('offer', p_act.subject, '{A second round|More of the same|The next version|A small extension}'), 'As last time, with what we have learned since.',
		pg_temp.money(skillancer.demo_round(greatest(20, pg_temp.amount('fixed budget', p_act.subject + 1000000))), 'USD'), 14));
	PERFORM pg_temp.contract_made((v_booking ->> 'id')::skillancer.booking_id, p_act.who, v_whom, 'DIRECT');
	PERFORM pg_temp.plan('answer', pg_temp.today() + make_interval(secs => 30 + round(250 * pg_temp.luck('answer', p_act.subject))), v_whom,
		(SELECT max(c.n) FROM contract c));
END
$$;

CREATE FUNCTION pg_temp.act_answer(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_id skillancer.booking_id := (SELECT c.id FROM contract c WHERE c.n = p_act.subject);
BEGIN
	PERFORM pg_temp.act_as(p_act.who);
	IF pg_temp.happens('offer accepted', p_act.subject) THEN
		PERFORM skillancer_api.booking_accept(v_id, (SELECT encode(b.terms_hash, 'hex') FROM skillancer.booking b WHERE b.id = v_id));
	ELSE
		PERFORM skillancer_api.booking_decline(v_id, 'I have no time this month.');
	END IF;
END
$$;

-- The two sides of a contract write to each other.
CREATE FUNCTION pg_temp.act_talk(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_contract contract%ROWTYPE;
BEGIN
	SELECT * INTO v_contract FROM contract c WHERE c.n = p_act.subject;
	IF (SELECT b.state FROM skillancer.booking b WHERE b.id = v_contract.id) IN ('VOID', 'CANCELLED') THEN
		RETURN;
	END IF;
	PERFORM pg_temp.act_as(p_act.who);
	IF v_contract.talk IS NULL THEN
		v_contract.talk := pg_temp.body(skillancer_api.conversation_create(p_booking_id => v_contract.id)) ->> 'id';
		UPDATE contract c SET talk = v_contract.talk WHERE c.n = p_act.subject;
	END IF;
	PERFORM skillancer_api.conversation_read(v_contract.talk);
	PERFORM skillancer_api.message_send(v_contract.talk, pg_temp.words('talk', p_act.n,
		'{Thank you, that helps.|I have a question about the {second|last} page.|Here is how far I am: {half|most} of it works.|Could we have a look at it {today|tomorrow}?|Good, {go on like this|that is what we meant}.|The files are {where they were|in the folder}.}'));
END
$$;
