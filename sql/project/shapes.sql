/*
 * sql/project/shapes.sql
 *		What JSON of projects, gigs and proposals looks like where no view says it.
 */

SELECT skillancer.add_shape('category_json', '{id: category_id, slug: text, name: text}|null');
SELECT skillancer.add_shape('skills_json', '[{id: skill_id, slug: text, name: text}]');
SELECT skillancer.add_shape('proposed_milestone', '{title: text, amount: monetary, days?: integer|null}');
SELECT skillancer.add_shape('proposal.milestones', '[proposed_milestone]');
SELECT skillancer.add_shape('proposal.counter',
	'{bid: monetary, deliveryDays: integer|null, message: text|null, at: timestamptz}');
SELECT skillancer.add_shape('proposal_revision',
	'{revision: integer, coverLetter: text, bid: monetary, deliveryDays: integer|null, milestones: [proposed_milestone], answers: [text], createdAt: timestamptz, counters: [{bid: monetary, deliveryDays: integer|null, message: text|null, at: timestamptz}]}');
SELECT skillancer.add_shape('gig_package',
	'{tier: "BASIC"|"STANDARD"|"PREMIUM", title?: text|null, description?: text|null, price: monetary, deliveryDays: integer, revisions: integer, features?: [text]|null}');
SELECT skillancer.add_shape('gig.packages', '[gig_package]');
SELECT skillancer.add_shape('gig.extras', '[{title: text, price: monetary, extraDays?: integer|null}]');
SELECT skillancer.add_shape('gig.faq', '[{question: text, answer: text}]');
SELECT skillancer.add_shape('p_milestones', '[proposed_milestone]');
SELECT skillancer.add_shape('p_packages', '[gig_package]');
SELECT skillancer.add_shape('p_extras', '[{title: text, price: monetary, extraDays?: integer|null}]');
SELECT skillancer.add_shape('p_faq', '[{question: text, answer: text}]');
