/*
 * notification/bounce.c
 *		Reports about mails that were accepted and not delivered: RFC 3464, inside RFC 6522.
 *
 * headers of the mail -> address, boundary -> part message/delivery-status -> groups of fields, one
 * for each recipient -> what became of it. Lines may end in CR LF or LF, as servers hand them to
 * programs. Whatever is in the text, it is read once and nothing is written beyond the fields.
 */
#include "notification/bounce.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define BOUNDARY_MAX 70 /* RFC 2046 */

typedef struct Reader
{
	const char *at;
	const char *end;
} Reader;

/* A field of a header, unfolded where it is used; NULL name: none is left before the empty line. */
typedef struct Field
{
	const char *name;
	size_t name_length;
	const char *value;
	size_t length;
} Field;

/* The next line without its end; false when there is none. */
static bool
next_line(Reader *reader, const char **line, size_t *length)
{
	const char *feed;

	if (reader->at >= reader->end)
		return false;
	*line = reader->at;
	feed = memchr(reader->at, '\n', (size_t) (reader->end - reader->at));
	*length = (size_t) ((feed != NULL ? feed : reader->end) - reader->at);
	reader->at = feed != NULL ? feed + 1 : reader->end;
	if (*length > 0 && (*line)[*length - 1] == '\r')
		(*length)--;
	return true;
}

/* The next field with the lines that continue it; false behind the empty line or at the end. */
static bool
next_field(Reader *reader, Field *field)
{
	const char *line;
	const char *colon;
	size_t length;

	memset(field, 0, sizeof(*field));
	if (!next_line(reader, &line, &length) || length == 0)
		return false;
	while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t'))
	{
		const char *more;
		size_t more_length;

		(void) next_line(reader, &more, &more_length);
		length = (size_t) (more + more_length - line);
	}
	colon = memchr(line, ':', length);
	if (colon != NULL)
	{
		field->name = line;
		field->name_length = (size_t) (colon - line);
		field->value = colon + 1;
		field->length = length - field->name_length - 1;
	}
	return true;
}

static bool
is_named(const Field *field, const char *name)
{
	return field->name != NULL && field->name_length == strlen(name) &&
		   strncasecmp(field->name, name, field->name_length) == 0;
}

/* Copies a value: blanks in one, what is not printable ASCII as a question mark, cut to size. */
static void
copy_value(const char *value, size_t length, char *to, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < length && n + 1 < size; i++)
	{
		unsigned char c = (unsigned char) value[i];
		bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';

		if (blank && (n == 0 || to[n - 1] == ' '))
			continue;
		to[n++] = blank ? ' ' : c > 32 && c < 127 ? (char) c : '?';
	}
	while (n > 0 && to[n - 1] == ' ')
		n--;
	to[n] = '\0';
}

/* The value behind what comes before a semicolon, as in "smtp; 550 no such user". */
static void
copy_typed(const Field *field, char *to, size_t size)
{
	const char *semicolon = memchr(field->value, ';', field->length);
	size_t skip = semicolon != NULL ? (size_t) (semicolon - field->value) + 1 : 0;

	copy_value(field->value + skip, field->length - skip, to, size);
}

/* The address of a value: between angle brackets, or up to a blank or comma. */
static void
copy_address(const Field *field, char *to, size_t size)
{
	const char *open = memchr(field->value, '<', field->length);
	size_t skip = open != NULL ? (size_t) (open - field->value) + 1 : 0;

	copy_value(field->value + skip, field->length - skip, to, size);
	to[strcspn(to, "> ,;")] = '\0';
}

/* Whether a value begins with a media type, such as multipart/report. */
static bool
is_type(const Field *field, const char *type)
{
	char value[64];

	copy_value(field->value, field->length, value, sizeof(value));
	value[strcspn(value, "; ")] = '\0';
	return strcasecmp(value, type) == 0;
}

/* The parameter boundary of a Content-Type; empty when there is none that is good. */
static void
find_boundary(const Field *field, char *boundary)
{
	char value[512];
	const char *at;
	size_t length;

	copy_value(field->value, field->length, value, sizeof(value));
	boundary[0] = '\0';
	at = strcasestr(value, "boundary=");
	if (at == NULL)
		return;
	at += strlen("boundary=");
	length = *at == '"' ? strcspn(++at, "\"") : strcspn(at, "; ");
	if (length > BOUNDARY_MAX)
		return;
	memcpy(boundary, at, length);
	boundary[length] = '\0';
}

/* Reads on to behind the next line that separates parts; false when there is none, or it is the
 * last. */
static bool
next_part(Reader *reader, const char *boundary)
{
	size_t n = strlen(boundary);
	const char *line;
	size_t length;

	while (next_line(reader, &line, &length))
	{
		if (length < n + 2 || memcmp(line, "--", 2) != 0 || memcmp(line + 2, boundary, n) != 0)
			continue;
		return length < n + 4 || memcmp(line + n + 2, "--", 2) != 0;
	}
	return false;
}

/* The part that is read ends where the next one begins. */
static Reader
part_of(const Reader *reader, const char *boundary)
{
	Reader part = *reader;
	Reader scan = *reader;
	size_t n = strlen(boundary);
	const char *line;
	size_t length;

	while (next_line(&scan, &line, &length))
	{
		if (length >= n + 2 && memcmp(line, "--", 2) == 0 && memcmp(line + 2, boundary, n) == 0)
		{
			part.end = line;
			break;
		}
	}
	return part;
}

/* Reads the fields of one recipient; false when the group says nothing of one. */
static bool
read_recipient(Reader *part, SklBounce *bounce)
{
	Field field;

	bounce->action[0] = bounce->status[0] = bounce->diagnostic[0] = '\0';
	while (next_field(part, &field))
	{
		if (is_named(&field, "Action"))
			copy_value(field.value, field.length, bounce->action, sizeof(bounce->action));
		else if (is_named(&field, "Status"))
			copy_value(field.value, field.length, bounce->status, sizeof(bounce->status));
		else if (is_named(&field, "Diagnostic-Code"))
			copy_typed(&field, bounce->diagnostic, sizeof(bounce->diagnostic));
	}
	bounce->status[strcspn(bounce->status, " (")] = '\0';
	for (char *c = bounce->action; *c != '\0'; c++)
		*c = (char) tolower((unsigned char) *c);
	return bounce->action[0] != '\0';
}

/* Reads the groups of a delivery-status part. */
static bool
read_status(Reader part, SklBounce *bounce)
{
	SklBounce group = *bounce;
	bool found = false;

	while (part.at < part.end)
	{
		if (!read_recipient(&part, &group) || (found && strcmp(group.action, "failed") != 0))
			continue;
		*bounce = group;
		found = true;
		if (strcmp(group.action, "failed") == 0)
			break;
	}
	return found;
}

/* Whether a field names who the report is to: To, or what a server notes of the envelope. */
static bool
names_recipient(const Field *field)
{
	return is_named(field, "To") || is_named(field, "Delivered-To") ||
		   is_named(field, "X-Original-To") || is_named(field, "Envelope-To");
}

/* Keeps the first recipient, or the first one that has a part behind a plus: ours has. */
static void
take_recipient(const Field *field, SklBounce *bounce)
{
	char to[sizeof(bounce->to)];

	copy_address(field, to, sizeof(to));
	if (bounce->to[0] == '\0' || (strchr(bounce->to, '+') == NULL && strchr(to, '+') != NULL))
		memcpy(bounce->to, to, sizeof(to));
}

/* Reads the headers of the mail: who it is to, and the boundary of a report. */
static bool
read_head(Reader *reader, SklBounce *bounce, char *boundary)
{
	bool is_report = false;
	Field field;

	while (next_field(reader, &field))
	{
		if (names_recipient(&field))
			take_recipient(&field, bounce);
		if (!is_named(&field, "Content-Type"))
			continue;
		is_report = is_type(&field, "multipart/report");
		find_boundary(&field, boundary);
	}
	return is_report && boundary[0] != '\0';
}

bool
skl_bounce_parse(const char *text, size_t length, SklBounce *bounce)
{
	Reader reader = {.at = text, .end = text + (length < SKL_BOUNCE_MAX ? length : SKL_BOUNCE_MAX)};
	char boundary[BOUNDARY_MAX + 1] = "";

	memset(bounce, 0, sizeof(*bounce));
	if (!read_head(&reader, bounce, boundary))
		return false;
	while (next_part(&reader, boundary))
	{
		Reader part = part_of(&reader, boundary);
		bool is_status = false;
		Field field;

		while (next_field(&part, &field))
		{
			if (is_named(&field, "Content-Type"))
				is_status = is_type(&field, "message/delivery-status") ||
							is_type(&field, "message/global-delivery-status");
		}
		if (is_status)
			return read_status(part, bounce);
	}
	return false;
}
