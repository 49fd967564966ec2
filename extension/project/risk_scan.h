/*
 * project/risk_scan.h
 *		Finding contact details and offers to pay elsewhere in a text. No PostgreSQL in here, so
 *		that the scanner can be fuzzed and used outside a server.
 */
#ifndef SKL_PROJECT_RISK_SCAN_H
#define SKL_PROJECT_RISK_SCAN_H

/* One bit for each kind of finding; order is that of skl_risk_kinds[]. */
enum
{
	SKL_RISK_EMAIL = 1 << 0,
	SKL_RISK_PHONE = 1 << 1,
	SKL_RISK_MESSENGER = 1 << 2,
	SKL_RISK_PAYMENT = 1 << 3,
	SKL_RISK_LINK = 1 << 4
};

#define SKL_RISK_KIND_COUNT 5

typedef struct SklRiskKind
{
	const char *name; /* what a risk_signal row calls it */
	int score;		  /* 0..100: how sure it is that somebody wants to leave the platform */
} SklRiskKind;

extern const SklRiskKind skl_risk_kinds[SKL_RISK_KIND_COUNT];

/* The kinds found in a UTF-8 text, as bits. Never fails, never reads past len. */
extern unsigned skl_risk_scan(const char *words, size_t len);

#endif
