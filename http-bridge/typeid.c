/*
 * typeid.c
 *		TypeIDs: a prefix of three letters, '_', and a UUID in 26 letters of Crockford's base 32.
 *
 * The 26 letters hold 130 bits, the first two of them zero. Only the canonical lower-case form is
 * read (TypeID specification 0.3), so that one thing has one name.
 */
#include "typeid.h"

#include <stdio.h>
#include <string.h>

#define LETTERS 26

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* Read the id when it has the prefix; false when it has not or is no TypeID. */
bool
skl_typeid_read(const char *text, const char *prefix, SklUuid *uuid)
{
	size_t length = strlen(prefix);
	unsigned buffer = 0;
	int bits = -2; /* the first letter brings three */
	size_t at = 0;

	if (strncmp(text, prefix, length) != 0 || text[length] != '_')
		return false;
	text += length + 1;
	if (strlen(text) != LETTERS || text[0] > '7')
		return false;
	for (int i = 0; i < LETTERS; i++)
	{
		const char *letter = strchr(alphabet, text[i]);

		if (letter == NULL)
			return false;
		buffer = (buffer << 5 | (unsigned) (letter - alphabet)) & 0xfff;
		bits += 5;
		if (bits >= 8)
		{
			bits -= 8;
			uuid->bytes[at++] = (uint8_t) (buffer >> bits);
		}
	}
	return at == sizeof(uuid->bytes);
}

/* Write the id; prefixes longer than three letters are cut. */
void
skl_typeid_write(const char *prefix, const SklUuid *uuid, char text[SKL_TYPEID_MAX + 1])
{
	size_t at = (size_t) snprintf(text, 5, "%.3s_", prefix);
	unsigned buffer = 0;
	int bits = 2;

	for (size_t i = 0; i < sizeof(uuid->bytes); i++)
	{
		buffer = (buffer << 8 | uuid->bytes[i]) & 0x1fff;
		for (bits += 8; bits >= 5; bits -= 5)
			text[at++] = alphabet[buffer >> (bits - 5) & 31];
	}
	text[at] = '\0';
}

/* The usual text of a UUID. */
void
skl_uuid_text(const SklUuid *uuid, char text[37])
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < sizeof(uuid->bytes); i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		text[at++] = digits[uuid->bytes[i] >> 4];
		text[at++] = digits[uuid->bytes[i] & 15];
	}
	text[at] = '\0';
}

bool
skl_uuid_read(const char *text, SklUuid *uuid)
{
	for (size_t i = 0; i < sizeof(uuid->bytes); i++)
	{
		unsigned int byte;

		if (i == 4 || i == 6 || i == 8 || i == 10)
		{
			if (*text++ != '-')
				return false;
		}
		if (sscanf(text, "%2x", &byte) != 1)
			return false;
		uuid->bytes[i] = (uint8_t) byte;
		text += 2;
	}
	return *text == '\0';
}
