// test/http/lib/journey.ts
//	The main calls of the marketplace through a client that is generated from /openapi.json: compiled under --strict,
//	so that every member which is read here is described, and run, so that it is there.
import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';

type Schema = components['schemas'];
type Money = Schema['Money'];

const usd = (amount: string): Money => ({ amount, currency: 'USD' });

// The data of an answer that must not be a refusal.
function dataOf<T>(answer: { data?: { data: T }; error?: unknown; response: Response }): T {
	if (answer.data === undefined) throw new Error(`${answer.response.status} ${JSON.stringify(answer.error)}`);
	return answer.data.data;
}

function clientOf(baseUrl: string, token: string) {
	return createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
}

type Client = ReturnType<typeof clientOf>;

async function hire(client: Client, freelancer: Client): Promise<Schema['Booking']> {
	const draft = dataOf(await client.POST('/v1/projects', {
		body: {
			title: 'A shop window', description: 'What has to be done, in enough words for anybody.',
			budgetKind: 'FIXED', budgetMin: usd('100.00'), budgetMax: usd('900.00'),
		},
	}));
	const path = { id: draft.id };
	const project: Schema['Project'] = dataOf(await client.POST('/v1/projects/{id}/publish', { params: { path } }));
	if (project.state !== 'OPEN') throw new Error(`the project is ${project.state}`);
	const { data: page } = await freelancer.GET('/v1/projects', { params: { query: { limit: 5 } } });
	const newest: string | null | undefined = page?.data[0]?.publishedAt;
	if (!newest || page?.meta.pagination.limit !== 5) throw new Error('the list is not as described');
	const proposal = dataOf(await freelancer.POST('/v1/projects/{id}/proposals', {
		params: { path },
		body: {
			coverLetter: 'I have done work of this kind for many years, and I can begin at once.',
			bid: usd('500.00'), deliveryDays: 10,
			milestones: [{ title: 'Draft', amount: usd('200.00') }, { title: 'Rest', amount: usd('300.00'), days: 5 }],
		},
	}));
	if ('dryRun' in proposal) throw new Error('it was no rehearsal');
	const bid: string = proposal.milestones.map((milestone) => milestone.amount.amount).join('+');
	if (bid !== '200.00+300.00') throw new Error(`the proposal has ${bid}`);
	return dataOf(await client.POST('/v1/proposals/{id}/accept', {
		params: { path: { id: proposal.id } }, body: { revision: proposal.revision },
	}));
}

async function pay(client: Client, freelancer: Client, milestone: Schema['Milestone']): Promise<Money> {
	const params = { path: { id: milestone.id } };
	const method = dataOf(await client.POST('/v1/payment-methods', { body: { token: 'tok_success' } }));
	const funded = dataOf(await client.POST('/v1/milestones/{id}/fund', { params, body: { paymentMethodId: method.id } }));
	if ('dryRun' in funded) throw new Error('it was no rehearsal');
	if (funded.milestone.state !== 'FUNDED') throw new Error(`the milestone is ${funded.milestone.state}`);
	dataOf(await freelancer.POST('/v1/milestones/{id}/submit', { params, body: { note: 'Here it is.' } }));
	const approved = dataOf(await client.POST('/v1/milestones/{id}/approve', { params, body: {} }));
	if ('dryRun' in approved) throw new Error('it was no rehearsal');
	return approved.released;
}

export async function journey(baseUrl: string, clientToken: string, freelancerToken: string) {
	const client = clientOf(baseUrl, clientToken);
	const freelancer = clientOf(baseUrl, freelancerToken);
	const booking = await hire(client, freelancer);
	const [first] = booking.milestones;
	if (first === undefined) throw new Error('the booking has no milestones');
	const released = await pay(client, freelancer, first);
	const wallet = dataOf(await freelancer.GET('/v1/payments/wallet'));
	const refused = await client.POST('/v1/proposals/{id}/accept', {
		params: { path: { id: booking.proposalId ?? '' } }, body: { revision: 1 },
	});
	const me = dataOf(await freelancer.GET('/v1/users/me'));
	const reviews = await client.GET('/v1/bookings/{id}', { params: { path: { id: booking.id } } });
	return {
		released: released.amount,
		pending: wallet.find((balance) => balance.currency === 'USD')?.pending.currency,
		inEscrow: dataOf(reviews).totals.inEscrow.amount,
		refusal: refused.error && ('error' in refused.error ? refused.error.error.code : refused.error.code),
		skills: me.profile?.skills.length,
	};
}
