/*
 * notification/compose.c
 *		From templates and data to a mail that is ready to send.
 *
 * Subject and text are rendered as they are, HTML is escaped. A mail without a template for its
 * HTML part gets one made from the text. Around each part goes its layout, to which the data and
 * the finished part, as content, are known. Staff see the same parts before they are sent
 * (preview_mail).
 */
#include "skl.h"

#include "notification/compose.h"
#include "notification/mime.h"
#include "notification/template.h"

#include "funcapi.h"
#include "access/htup_details.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(skl_fn_preview_mail);

/* The rendered parts of a mail, without its frame. */
typedef struct MailTexts
{
	const char *subject;
	const char *text;
	const char *html;
} MailTexts;

static void
append(void *arg, const char *piece, size_t length)
{
	appendBinaryStringInfo((StringInfo) arg, piece, (int) length);
}

/* The data with one more member, content. */
static SklMustacheValue *
with_content(const SklMustacheValue *data, const char *content)
{
	SklMustacheValue *root = palloc(sizeof(SklMustacheValue));
	SklMustacheValue *items = palloc0(sizeof(SklMustacheValue) * (data->count + 1));

	*root = *data;
	memcpy(items, data->items, sizeof(SklMustacheValue) * data->count);
	items[data->count] = (SklMustacheValue){.kind = SKL_MUSTACHE_TEXT,
											.name = "content",
											.name_length = strlen("content"),
											.text = content,
											.length = strlen(content)};
	root->items = items;
	root->count = data->count + 1;
	return root;
}

/* The HTML part without its layout. */
static const char *
html_part(const SklMailParts *parts, const char *plain, const SklMustacheValue *data,
		  const char **error)
{
	StringInfoData html;

	if (parts->html != NULL)
		return skl_template_render(parts->html, data, true, error);
	initStringInfo(&html);
	skl_mime_html_of_text(plain, append, &html);
	return html.data;
}

/* Renders the parts; NULL, or the name of the template that is wrong and *error. */
static const char *
render_parts(const SklMailParts *parts, MailTexts *texts, const char **error)
{
	SklMustacheValue *data = skl_template_data(parts->data);

	texts->subject = skl_template_render(parts->title, data, false, error);
	if (texts->subject == NULL)
		return "title";
	texts->text = skl_template_render(parts->body, data, false, error);
	if (texts->text == NULL)
		return "body";
	texts->html = html_part(parts, texts->text, data, error);
	if (texts->html == NULL)
		return "html";
	if (parts->layout != NULL)
		texts->html =
			skl_template_render(parts->layout, with_content(data, texts->html), true, error);
	if (parts->text_layout != NULL && strstr(parts->text_layout, "content"))
		texts->text =
			skl_template_render(parts->text_layout, with_content(data, texts->text), false, error);
	return texts->html == NULL || texts->text == NULL ? "layout" : NULL;
}

/* A text member of an object; NULL when there is none. */
static const char *
text_member(const SklMustacheValue *object, const char *name)
{
	for (size_t i = 0; i < object->count; i++)
	{
		const SklMustacheValue *item = &object->items[i];

		if (item->kind == SKL_MUSTACHE_TEXT && item->name_length == strlen(name) &&
			memcmp(item->name, name, item->name_length) == 0)
			return pnstrdup(item->text, item->length);
	}
	return NULL;
}

/* The data may carry a table to attach: attachedFile, {name, text}. */
static void
attach(SklMail *mail, Jsonb *data)
{
	const SklMustacheValue *root = skl_template_data(data);

	for (size_t i = 0; i < root->count; i++)
	{
		const SklMustacheValue *item = &root->items[i];

		if (item->name_length != strlen("attachedFile") ||
			memcmp(item->name, "attachedFile", item->name_length) != 0)
			continue;
		mail->file = text_member(item, "text");
		mail->file_name = mail->file == NULL ? NULL : text_member(item, "name");
	}
}

StringInfo
skl_compose_mail(const SklMailParts *parts, const char **error)
{
	StringInfo message = makeStringInfo();
	SklMail mail = {.from = parts->from,
					.to = parts->to,
					.id = parts->id,
					.unsubscribe = parts->unsubscribe,
					.correlation = parts->correlation,
					.date = parts->date};
	MailTexts texts;

	if (parts->title == NULL)
	{
		*error = "there is no template";
		return NULL;
	}
	if (render_parts(parts, &texts, error) != NULL)
		return NULL;
	mail.subject = texts.subject;
	mail.text = texts.text;
	mail.html = texts.html;
	attach(&mail, parts->data);
	*error = skl_mime_write(&mail, append, message);
	return *error == NULL ? message : NULL;
}

/* A text argument; NULL when it is not given. */
static const char *
text_argument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/*
 * preview_mail(title, body, html, layout, text_layout, data) returns (title, body, html) as they
 * would be sent; or the field that is wrong, and the problem with it.
 */
Datum
skl_fn_preview_mail(PG_FUNCTION_ARGS)
{
	SklMailParts parts = {.title = text_argument(fcinfo, 0),
						  .body = text_argument(fcinfo, 1),
						  .html = text_argument(fcinfo, 2),
						  .layout = text_argument(fcinfo, 3),
						  .text_layout = text_argument(fcinfo, 4)};
	const char *error = NULL;
	const char *field;
	Datum values[5] = {0};
	bool nulls[5] = {true, true, true, true, true};
	MailTexts texts;
	TupleDesc row;

	if (parts.title == NULL || parts.body == NULL || PG_ARGISNULL(5) ||
		get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		PG_RETURN_NULL();
	parts.data = PG_GETARG_JSONB_P(5);
	field = render_parts(&parts, &texts, &error);
	if (field == NULL)
	{
		values[0] = CStringGetTextDatum(texts.subject);
		values[1] = CStringGetTextDatum(texts.text);
		values[2] = CStringGetTextDatum(texts.html);
		nulls[0] = nulls[1] = nulls[2] = false;
	}
	else
	{
		values[3] = CStringGetTextDatum(field);
		values[4] = CStringGetTextDatum(error);
		nulls[3] = nulls[4] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls)));
}
