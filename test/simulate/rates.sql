-- test/simulate/rates.sql
--	How often, how much, how long: every figure of the simulated life in one table, with where it comes from.
--
--	"calibration" stands for quantiles and counts of real marketplaces, "issue" for what the product's own requirements
--	name, "policy" for a rule of the marketplace, "assumed" for a figure that nobody measured: change it here.

CREATE TEMP TABLE rate (
	name text PRIMARY KEY,
	value double precision,				-- a share, or a count for each project posted
	levels double precision[],			-- or a distribution: levels 0..1 ...
	amounts double precision[],			-- ... and the values there
	source text NOT NULL
);
COMMENT ON TABLE rate IS 'Figures of the simulation.';

-- how many there are, for each project posted in the year
INSERT INTO rate (name, value, source) VALUES
	('clients',				0.45,	'calibration: 15 hires a client at the median, most of them before this year'),
	('freelancers',			1.00,	'assumed: bids of the calibration need so many, each bidding once or twice a month'),
	('gig orders',			0.25,	'assumed'),
	('direct offers',		0.10,	'assumed: clients who come back to somebody they know'),
	('visits',				4.00,	'assumed: searching and looking at what was found'),
	('growth',				3.00,	'assumed: days at the end of the year are so many times as busy as at its beginning'),
	('opening crowd',		0.20,	'assumed: share of the people who come within the first two weeks');

-- shares
INSERT INTO rate (name, value, source) VALUES
	('dispute',				0.02,	'issue: of bookings with work that was handed in'),
	('charge-back',			0.003,	'issue: of charges'),
	('click',				0.40,	'assumed: of searches, on the first result; on the n-th an n-th of it'),
	('searches again',		0.50,	'assumed: of searches in vain, with other words'),
	('charge-back won',		0.35,	'assumed: decided by the bank after three weeks'),
	('payout failure',		0.01,	'issue: of payouts'),
	('hourly',				0.57,	'calibration: 2,394 of 4,209 postings'),
	('verified',			0.94,	'assumed: the others never follow the link'),
	('gig seller',			0.40,	'assumed: of freelancers'),
	('invites',				0.38,	'calibration: postings with at least one invitation'),
	('hired',				0.62,	'assumed: of postings with a bid; others expire or are called off'),
	('called off',			0.25,	'assumed: of postings that hire nobody, the others expire'),
	('buys connects',		0.30,	'assumed: of bids for which there are too few; the others wait for the next month'),
	('withdrawn',			0.03,	'assumed: of proposals'),
	('declined card',		0.04,	'assumed: of first payments'),
	('never paid',			0.03,	'assumed: of bookings; void after the term of the policy bookingPaymentTerm'),
	('changes requested',	0.15,	'assumed: of deliveries'),
	('silent client',		0.12,	'assumed: of deliveries; released by the policy autoRelease'),
	('client reviews',		0.72,	'assumed: of completed bookings'),
	('freelancer reviews',	0.60,	'assumed: of completed bookings'),
	('replied review',		0.15,	'assumed: of reviews by clients'),
	('tip',					0.04,	'assumed: of completed bookings'),
	('given back',			0.02,	'assumed: of funded milestones, all of it refunded by the freelancer'),
	('offer accepted',		0.85,	'assumed: of direct offers'),
	('anonymous visit',		0.30,	'assumed'),
	('unknown word',		0.06,	'assumed: searches for what nobody offers'),
	('client leaves',		0.35,	'assumed: of clients, after some months; likewise freelancers'),
	('dispute unanswered',	0.20,	'assumed: of disputes; lost by the policy disputeReplyTerm'),
	('dispute settled',		0.50,	'assumed: of answered disputes, without staff'),
	('split rejected',		0.20,	'assumed: of mediated disputes, then decided by staff');

-- distributions; times are in hours
INSERT INTO rate (name, levels, amounts, source) VALUES
	('bids',			'{0.006,0.18,0.37,0.51,0.61,0.9,1}',		'{0,4,9,14,19,40,50}',					'calibration: bands of proposals'),
	('fixed budget',	'{0.05,0.1,0.25,0.5,0.75,0.9,0.95,0.99}',	'{6,10,50,150,500,2000,5000,15000}',	'calibration, USD'),
	('hourly budget',	'{0.05,0.1,0.25,0.5,0.75,0.9,0.95,0.99}',	'{5,5.5,10,15,25,38,55,95}',			'calibration, USD an hour'),
	('gig price',		'{0.05,0.1,0.25,0.5,0.75,0.9,0.95,0.99}',	'{5,5,10,25,65,150,250,700}',			'calibration, USD'),
	('freelancer rate',	'{0.05,0.1,0.25,0.5,0.75,0.9,0.95,0.99}',	'{9,10,11,20,32,51,66,128}',			'calibration, USD an hour'),
	('skills',			'{0.05,0.25,0.5,0.75,0.95}',				'{2,3,4,6,9}',							'calibration: skills of a posting'),
	('stars',			'{0,0.02,0.04,0.08,0.22,1}',				'{1,2,3,4,5,5}',						'calibration: 5.0 at the median, 4.7 at the twentieth'),
	('first bid',		'{0,0.05,0.25,0.5,0.75,0.9,1}',				'{0.3,1.2,4,14,48,120,330}',			'assumed: from publication to a bid'),
	('decision',		'{0,0.25,0.5,0.75,1}',						'{30,60,110,200,500}',					'assumed: from publication to the interviews'),
	('hiring',			'{0,0.5,1}',								'{5,40,140}',							'assumed: from the interviews to the contract'),
	('payment',			'{0,0.5,0.9,1}',							'{0.1,2,30,90}',						'assumed: from the contract to the money in escrow'),
	('work',			'{0,0.25,0.5,0.75,0.95,1}',					'{6,40,110,220,500,800}',				'assumed: from the money to the delivery'),
	('approval',		'{0,0.5,0.9,1}',							'{0.5,20,72,160}',						'assumed: from the delivery to an answer'),
	('review',			'{0,0.5,0.9,1}',							'{0.5,20,90,200}',						'assumed: from the end to the review'),
	('cash out',		'{0,0.5,1}',								'{122,170,400}',						'policy earningHold, then as people like'),
	('charge-back comes','{0,0.5,0.9,1}',							'{5,120,400,900}',						'assumed: from the charge to the charge-back'),
	('messages',		'{0,0.25,0.5,0.75,1}',						'{1,2,4,8,16}',							'assumed: in a booking'),
	('weeks',			'{0,0.25,0.5,0.75,1}',						'{1,2,3,6,14}',							'assumed: of hourly work'),
	('stay',			'{0,0.5,1}',								'{400,2200,7000}',						'assumed: until somebody who leaves has gone');

-- how busy the days of the week and the months are, 1 on average; the hours are in moment()
CREATE TEMP TABLE season (kind text, n integer, weight double precision NOT NULL, PRIMARY KEY (kind, n));
INSERT INTO season
SELECT 'weekday', n, weight FROM unnest(ARRAY[1.17, 1.18, 1.14, 1.09, 0.97, 0.71, 0.74]) WITH ORDINALITY w (weight, n)
UNION ALL
SELECT 'month', n, weight FROM unnest(ARRAY[1.10, 1.05, 1.06, 1.00, 1.00, 0.97, 0.90, 0.88, 1.05, 1.08, 1.09, 0.82]) WITH ORDINALITY w (weight, n);
