/*
 * payment/provider.h
 *		The port to payment providers: what they can be asked, and what they can say.
 *
 * A command never waits for the network. It writes what it wants to a row of provider_call and
 * commits; the courier sends the request under its idempotency key; what came back is read and
 * posted in a transaction of its own. A provider that lives in the database answers at once.
 *
 *	charge, refund, payout ── skl_provider_start ──▶ adapter ──▶ answer (local), or a request
 *	request ── provider_call ── courier ── answer ── adapter's read ──▶ skl_provider_apply
 *	webhook ── provider_event ── adapter's read_object ──▶ skl_provider_apply
 *
 * Three things are kept apart: the provider said no (FAILED), it has not decided (PROCESSING), and
 * we do not know (ERRORED). The last one is resolved by asking, never by doing it again.
 */
#ifndef SKL_PAYMENT_PROVIDER_H
#define SKL_PAYMENT_PROVIDER_H

#include "types/monetary.h"

#include "utils/jsonb.h"

/* What a provider moves for us; the names are those of machines and tables. */
typedef enum SklProviderKind
{
	SKL_KIND_CHARGE,
	SKL_KIND_REFUND,
	SKL_KIND_PAYOUT,
	SKL_KIND_COUNT
} SklProviderKind;

/* What it can be asked to do. */
typedef enum SklProviderOp
{
	SKL_OP_CHARGE,
	SKL_OP_CONFIRM, /* go on with a charge that the payer has dealt with */
	SKL_OP_CANCEL,	/* give a charge up */
	SKL_OP_REFUND,
	SKL_OP_PAYOUT,
	SKL_OP_ASK, /* what has become of it? */
	SKL_OP_COUNT
} SklProviderOp;

/* What it can say. */
typedef enum SklOutcome
{
	SKL_OUTCOME_NONE,		 /* nothing, or nothing of use: ask again later */
	SKL_OUTCOME_SUCCEEDED,	 /* the money has moved */
	SKL_OUTCOME_PENDING,	 /* taken on, not decided */
	SKL_OUTCOME_ACTION,		 /* the payer has to act */
	SKL_OUTCOME_UNCONFIRMED, /* it waits for CONFIRM */
	SKL_OUTCOME_DECLINED,	 /* no */
	SKL_OUTCOME_VOIDED,		 /* it will not happen any more */
	SKL_OUTCOME_RETURNED,	 /* it had moved and came back */
	SKL_OUTCOME_ABSENT,		 /* the provider has never heard of it */
	SKL_OUTCOME_ODD,		 /* not to be understood by a program */
	SKL_OUTCOME_COUNT
} SklOutcome;

/* A charge, refund or payout, as far as providers are concerned. */
typedef struct SklProviderItem
{
	SklProviderKind kind;
	pg_uuid_t id;
	const char *name; /* TypeID: what the provider keeps beside its own number */
	const char *state;
	const char *provider;
	SklMonetary amount;		 /* what moves: of a payout, what arrives */
	const char *token;		 /* of the method; NULL of a refund */
	const char *external_id; /* the provider's number of it, or NULL */
	const char *charge_id;	 /* of a refund: the provider's number of the charge, or NULL */
	const char *customer;	 /* of a charge: the payer's number there, or NULL */
	bool awaits_customer;	 /* the provider is asked for that number */
	pg_uuid_t user;
	TimestampTz created_at;
} SklProviderItem;

/* What a person recognises a card by. */
typedef struct SklCard
{
	const char *brand;
	const char *last4;
	const char *exp_month;
	const char *exp_year;
} SklCard;

/* What was said. Texts are NULL where nothing was said about it. */
typedef struct SklProviderAnswer
{
	SklOutcome outcome;
	const char *external_id;
	const char *failure_code; /* short, in the provider's words */
	const char *note;		  /* for operators */
	const char *action_url;	  /* where the payer has to go */
	SklMonetary amount;		  /* what moved; currency "" when unsaid */
	SklMonetary cost;		  /* what the provider keeps of it; currency "" when unsaid */
	SklCard card;			  /* what it was paid with; last4 NULL when unsaid */
} SklProviderAnswer;

/* A request that is to be sent: the path begins behind the base address. */
typedef struct SklProviderRequest
{
	const char *method; /* GET or POST */
	const char *path;
	const char *body; /* application/x-www-form-urlencoded, or NULL */
} SklProviderRequest;

/* How an operation begins: one of the two, by what the provider is. */
typedef struct SklProviderStep
{
	SklProviderAnswer answer;
	SklProviderRequest request;
} SklProviderStep;

/* One operation; NULL in the table of a provider that cannot. */
typedef void (*SklProviderStart)(const SklProviderItem *item, SklProviderStep *step);

/* An adapter. */
typedef struct SklProvider
{
	const char *name;
	bool remote; /* its steps are requests, else answers */
	SklProviderStart start[SKL_OP_COUNT];
	/* What a person sees of a token of this kind (PAYMENT, PAYOUT); NULL: it is none. */
	const char *(*label)(const char *method_kind, const char *token);
	/* Reads the answer to a request; body is NULL when it was no JSON. status 0: none came. */
	void (*read)(const SklProviderItem *item, SklProviderOp op, int status, Jsonb *body,
				 SklProviderAnswer *answer);
	/*
	 * Asks for a number of a user, whose name it keeps; and reads the answer: the number, or NULL.
	 */
	void (*start_customer)(const char *name, SklProviderRequest *request);
	const char *(*read_customer)(Jsonb *body);
	/* Reads an object of the provider that a webhook brought. */
	void (*read_object)(const SklProviderItem *item, Jsonb *object, SklProviderAnswer *answer);
} SklProvider;

/* The adapter of a name; an error when there is none. */
extern const SklProvider *skl_provider(const char *name);

extern const SklProvider skl_sandbox_provider;
extern const SklProvider skl_stripe_provider;

/* Names of kinds (as machines have them) and operations (as provider_call has them). */
extern const char *const skl_kind_names[SKL_KIND_COUNT];
extern const char *const skl_op_names[SKL_OP_COUNT];

/* Reads the row of a charge, refund or payout; false when there is none. */
extern bool skl_provider_item(SklProviderKind kind, const pg_uuid_t *id, SklProviderItem *item);

/*
 * Begins an operation. A remote provider is asked by a row of provider_call, unless a call of this
 * item is under way, and the outcome is NONE; a local one answers.
 */
extern void skl_provider_start(const SklProviderItem *item, SklProviderOp op,
							   SklProviderAnswer *answer);

/*
 * The first step of an item that is CREATED or due: by the answer of a local provider, else by the
 * event that says that it is on its way.
 */
extern void skl_provider_first(SklProviderItem *item, SklProviderOp op, const char *on_its_way);

/* sandbox.c: the event that follows a success of this item later, and the reason it then has. */
extern const char *skl_sandbox_later(const SklProviderItem *item);
extern const char *skl_sandbox_failure(const SklProviderItem *item);

/* What applying an answer came to. */
typedef enum SklApplied
{
	SKL_APPLIED_DONE,	 /* the item is where the answer says, or was there before */
	SKL_APPLIED_STALE,	 /* the answer is older than what is known */
	SKL_APPLIED_WAIT,	 /* nothing is decided: it is asked again later */
	SKL_APPLIED_DOUBT,	 /* a webhook contradicts what is known: the provider is asked */
	SKL_APPLIED_CONFLICT /* the provider contradicts itself or us: for people */
} SklApplied;

/*
 * Takes an item to what the provider says. asked: it was asked and has answered just now; a webhook
 * may be late. note says what is wrong with a conflict.
 */
extern SklApplied skl_provider_apply(SklProviderItem *item, const SklProviderAnswer *answer,
									 bool asked, const char **note);

/* Registers guards and effects of the port; called once from skl_payment_init(). */
extern void skl_provider_init(void);

/* A member of a JSON document, named by a path with dots; NULL when absent, null or no scalar. */
extern char *skl_json_text(Jsonb *document, const char *path);

/* The same, as a document; NULL when absent. */
extern Jsonb *skl_json_member(Jsonb *document, const char *path);

#endif
