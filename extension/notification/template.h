/*
 * notification/template.h
 *		Rendering templates with jsonb.
 */
#ifndef SKL_NOTIFICATION_TEMPLATE_H
#define SKL_NOTIFICATION_TEMPLATE_H

#include "notification/mustache.h"
#include "utils/jsonb.h"

/* Longest text that a template may become. */
#define SKL_TEMPLATE_MAX (256 * 1024)

/* Makes the renderer's value of a jsonb, in the current memory context. */
extern SklMustacheValue *skl_template_data(Jsonb *data);

/*
 * Renders a template into the current memory context. Returns NULL when the template is wrong and
 * sets *error to why; raises nothing but out of memory.
 */
extern char *skl_template_render(const char *template, const SklMustacheValue *data, bool escape,
								 const char **error);

#endif
