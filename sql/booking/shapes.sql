/*
 * sql/booking/shapes.sql
 *		What JSON of bookings, reviews and reputation looks like where no view says it.
 */

SELECT skillancer.add_shape('booking.requirements', '[{question: text, answer: text}]');
SELECT skillancer.add_shape('rating_tally', '{count: bigint, mean: numeric|null, stars: [bigint]}');
SELECT skillancer.add_shape('sub_scores',
	'{quality?: numeric|null, communication: numeric|null, timeliness?: numeric|null, clarity?: numeric|null, promptness?: numeric|null, wouldWorkAgain: numeric|null}|null');
SELECT skillancer.add_shape('freelancer_reputation',
	'{level: "NEW"|"RISING"|"ESTABLISHED"|"TOP", levelSince: timestamptz|null, successScore: numeric|null, scoreMonths: integer|null, outcomes: integer, clients: integer, rating: rating_tally, subScores: sub_scores}');
SELECT skillancer.add_shape('client_reputation', '{rating: rating_tally, subScores: sub_scores}');
SELECT skillancer.add_shape('success_period',
	'{months: integer, outcomes: integer, clients: integer, score: numeric|null, weight: numeric|null, counts: boolean}');
SELECT skillancer.add_shape('level_requirement',
	'{level: text, metric: text, operator: text, threshold: numeric, months: integer, value: numeric|null, met: boolean}');
SELECT skillancer.add_shape('success_evidence',
	'{bookingId: booking_id, title: text, clientId: user_id, amount: monetary, endedAt: timestamptz, verdict: "SUCCESS"|"FAILURE"|"NEUTRAL", reason: text|null, weight: numeric|null, countsUntil: timestamptz}');
SELECT skillancer.add_shape('change_request.changes',
	'{milestones?: [proposed_milestone], deliveryDays?: integer, rate?: monetary, weeklyLimitMinutes?: integer}');
SELECT skillancer.add_shape('p_files', '[{name: text, url?: text|null, mediaId?: media_id|null, final?: boolean}]');
