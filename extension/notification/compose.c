/*
 * notification/compose.c
 *		From templates and data to a mail that is ready to send.
 *
 * Subject and text are rendered as they are, HTML is escaped. A mail without a template for its
 * HTML part gets one made from the text. Around each part goes its layout, to which the data and
 *the finished part, as content, are known.
 */
#include "skl.h"

#include "notification/compose.h"
#include "notification/mime.h"
#include "notification/template.h"

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

StringInfo
skl_compose_mail(const SklMailParts *parts, const char **error)
{
	SklMustacheValue *data = skl_template_data(parts->data);
	StringInfo message = makeStringInfo();
	SklMail mail = {.from = parts->from,
					.to = parts->to,
					.id = parts->id,
					.unsubscribe = parts->unsubscribe,
					.correlation = parts->correlation,
					.date = parts->date};

	if (parts->title == NULL)
	{
		*error = "there is no template";
		return NULL;
	}
	mail.subject = skl_template_render(parts->title, data, false, error);
	mail.text = mail.subject ? skl_template_render(parts->body, data, false, error) : NULL;
	mail.html = mail.text ? html_part(parts, mail.text, data, error) : NULL;
	if (mail.html != NULL && parts->layout != NULL)
		mail.html = skl_template_render(parts->layout, with_content(data, mail.html), true, error);
	if (mail.html != NULL && parts->text_layout != NULL && strstr(parts->text_layout, "content"))
		mail.text =
			skl_template_render(parts->text_layout, with_content(data, mail.text), false, error);
	if (mail.html == NULL || mail.text == NULL)
		return NULL;
	*error = skl_mime_write(&mail, append, message);
	return *error == NULL ? message : NULL;
}
