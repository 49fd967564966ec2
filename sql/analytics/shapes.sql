-- sql/analytics/shapes.sql
--	What the JSON of figures looks like.

SELECT skillancer.add_shape('booking_figures', '{made: bigint, open: bigint, completed: bigint, cancelled: bigint, partners: bigint, repeated: bigint}');
SELECT skillancer.add_shape('freelancer_figures', '{views: {profile: bigint, gigs: bigint}, proposals: {submitted: bigint, viewed: bigint, accepted: bigint, declined: bigint, hireRate: numeric|null}, invitations: {received: bigint, accepted: bigint, declined: bigint, expired: bigint, responseSeconds: numeric|null}, bookings: booking_figures, earnings: [{currency: text, gross: monetary, fee: monetary, net: monetary, releases: bigint}], success: {succeeded: bigint, failed: bigint, score: numeric|null}}');
SELECT skillancer.add_shape('client_figures', '{views: {projects: bigint}, projects: {published: bigint, withProposals: bigint, hired: bigint, proposals: bigint, hireRate: numeric|null, firstProposalSeconds: numeric|null, hireSeconds: numeric|null}, invitations: {sent: bigint, accepted: bigint, declined: bigint}, bookings: booking_figures, spend: [{currency: text, released: monetary, fees: monetary, releases: bigint}]}');
SELECT skillancer.add_shape('report_schedule.filters', '{metric?: text, currency?: text}');
