/*
 * core/ledger_accounts.h
 *		The accounts behind the legs of postings: found, made where they are missing, locked.
 */
#ifndef SKL_CORE_LEDGER_ACCOUNTS_H
#define SKL_CORE_LEDGER_ACCOUNTS_H

#include "core/ledger.h"

/* A row account as far as posting needs it. */
typedef struct SklAccount
{
	int64 id;
	int64 balance;
	int64 version;
	bool floor_zero;
	bool debit_normal;
} SklAccount;

/*
 * Sets the number of the account of every leg, and returns the row accounts among them, locked, in
 * the order of their numbers, each once. In a transaction, within skl_spi_connect().
 */
extern SklAccount *skl_ledger_accounts(const SklLeg **legs, int n, int64 *numbers, int *naccounts);

#endif
