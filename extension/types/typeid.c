/*
 * types/typeid.c
 *		TypeID texts to 16 bytes and back; plain C, see typeid.h.
 *
 * A uuid is 128 bits, 26 base32 digits are 130: the two bits too many are the top ones of the first
 * digit, which therefore is at most 7. Both directions walk the digits with a bit accumulator.
 */
#include "skl.h"

#include "types/typeid.h"

static const char base32_digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* Value of one base32 digit; -1 for anything else, upper case and i, l, o, u included. */
static int
base32_value(char c)
{
	const char *hit = c != '\0' ? strchr(base32_digits, c) : NULL;

	return hit != NULL ? (int) (hit - base32_digits) : -1;
}

/* Value of one hexadecimal digit; -1 for anything else. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
skl_typeid_prefix_ok(const char *prefix, size_t len)
{
	size_t i;

	if (len == 0)
		return true;
	if (len > SKL_TYPEID_PREFIX_MAX || prefix[0] == '_' || prefix[len - 1] == '_')
		return false;
	for (i = 0; i < len; i++)
		if (prefix[i] != '_' && (prefix[i] < 'a' || prefix[i] > 'z'))
			return false;
	return true;
}

/* Reads the 26 digits after the prefix. */
static SklParseError
read_suffix(const char *str, size_t len, uint8_t id[SKL_UUID_BYTES])
{
	uint32_t bits = 0;
	int nbits = 0;
	size_t nbytes = 0;
	size_t i;

	if (len != SKL_TYPEID_SUFFIX_LEN)
		return SKL_PARSE_SUFFIX;
	for (i = 0; i < len; i++)
	{
		int digit = base32_value(str[i]);

		if (digit < 0)
			return SKL_PARSE_SUFFIX;
		if (i == 0 && digit > 7)
			return SKL_PARSE_SUFFIX_RANGE;
		bits = (bits << 5) | (uint32_t) digit;
		nbits += i == 0 ? 3 : 5;
		if (nbits >= 8)
		{
			nbits -= 8;
			id[nbytes++] = (uint8_t) (bits >> nbits);
		}
	}
	return SKL_PARSE_OK;
}

SklParseError
skl_typeid_split(const char *str, size_t len, char *prefix, uint8_t id[SKL_UUID_BYTES])
{
	size_t prefix_len;

	prefix[0] = '\0';
	if (len == 0)
		return SKL_PARSE_EMPTY;
	if (len < SKL_TYPEID_SUFFIX_LEN)
		return SKL_PARSE_SUFFIX;
	if (len == SKL_TYPEID_SUFFIX_LEN)
		return read_suffix(str, len, id);

	/* The last underscore separates: a suffix holds none, a prefix may hold some. */
	prefix_len = len - SKL_TYPEID_SUFFIX_LEN - 1;
	if (str[prefix_len] != '_')
		return SKL_PARSE_SUFFIX;
	if (prefix_len == 0 || !skl_typeid_prefix_ok(str, prefix_len))
		return SKL_PARSE_PREFIX;
	memcpy(prefix, str, prefix_len);
	prefix[prefix_len] = '\0';
	return read_suffix(str + prefix_len + 1, SKL_TYPEID_SUFFIX_LEN, id);
}

/* Reads a uuid: 32 hexadecimal digits, hyphens either in all four canonical places or nowhere. */
static bool
read_uuid(const char *str, size_t len, uint8_t id[SKL_UUID_BYTES])
{
	bool hyphens = len == 36;
	size_t pos = 0;
	size_t i;

	if (len != 32 && len != 36)
		return false;
	for (i = 0; i < SKL_UUID_BYTES; i++)
	{
		int high;
		int low;

		if (hyphens && (i == 4 || i == 6 || i == 8 || i == 10) && str[pos++] != '-')
			return false;
		high = hex_value(str[pos++]);
		low = hex_value(str[pos++]);
		if (high < 0 || low < 0)
			return false;
		id[i] = (uint8_t) (high << 4 | low);
	}
	return true;
}

SklParseError
skl_id_parse(const char *prefix, const char *str, size_t len, uint8_t id[SKL_UUID_BYTES])
{
	char found[SKL_TYPEID_PREFIX_MAX + 1];
	SklParseError error;

	skl_trim(&str, &len);
	if (read_uuid(str, len, id))
		return SKL_PARSE_OK;
	error = skl_typeid_split(str, len, found, id);
	if (error == SKL_PARSE_OK && strcmp(found, prefix) != 0)
		return SKL_PARSE_PREFIX;
	return error;
}

size_t
skl_typeid_write(const char *prefix, const uint8_t id[SKL_UUID_BYTES], char *out)
{
	size_t pos = strlen(prefix);
	uint32_t bits = 0;
	int nbits = 2; /* two zero bits in front make 130 of 128 */
	size_t i;

	memcpy(out, prefix, pos);
	if (pos > 0)
		out[pos++] = '_';
	for (i = 0; i < SKL_UUID_BYTES; i++)
	{
		bits = (bits << 8) | id[i];
		nbits += 8;
		while (nbits >= 5)
		{
			nbits -= 5;
			out[pos++] = base32_digits[(bits >> nbits) & 31];
		}
	}
	out[pos] = '\0';
	return pos;
}
