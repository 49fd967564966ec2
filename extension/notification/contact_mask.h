/*
 * notification/contact_mask.h
 *		Hiding contact details in a text. No PostgreSQL in here, so that it can be fuzzed and used
 *		outside a server.
 */
#ifndef SKL_NOTIFICATION_CONTACT_MASK_H
#define SKL_NOTIFICATION_CONTACT_MASK_H

#include <stdbool.h>
#include <stddef.h>

/* What stands in place of a contact detail. */
#define SKL_CONTACT_HIDDEN "[hidden]"

/* One bit for each kind of finding; order is that of skl_contact_kinds[]. */
enum
{
	SKL_CONTACT_EMAIL = 1 << 0,
	SKL_CONTACT_PHONE = 1 << 1,
	SKL_CONTACT_LINK = 1 << 2,
	SKL_CONTACT_HANDLE = 1 << 3
};

#define SKL_CONTACT_KIND_COUNT 4

/* What a risk_signal row calls each kind. */
extern const char *const skl_contact_kinds[SKL_CONTACT_KIND_COUNT];

/* Bytes that hold the masked form of a text of so many. */
#define SKL_CONTACT_MASKED_SIZE(len) ((len) * (sizeof(SKL_CONTACT_HIDDEN) - 1) + 1)

/*
 * Writes the text with every contact detail replaced: e-mail addresses, phone numbers, links,
 * names at messengers, also where they are spelled out ("jane at gmail dot com", "five five five").
 * hide is work space of len bytes. Returns the length; kinds tells what was found. The cost is
 * linear.
 */
extern size_t skl_contact_mask(const char *words, size_t len, bool *hide, char *masked,
							   unsigned *kinds);

#endif
