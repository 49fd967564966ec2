/*
 * payment/pdf.c
 *		Invoices, receipts and statements as PDF, by libharu.
 *
 * A document is a page model in jsonb, the same that the HTML template gets: title, facts, parties,
 * columns, rows, totals and notes. It is laid out from top to bottom on A4, going on to new pages
 * as it needs them. The library gets its memory from PostgreSQL and is freed whatever happens,
 * because it keeps the font files open. Equal documents become equal bytes.
 */
#include "skl.h"

#include "core/guc.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include <hpdf.h>

PG_FUNCTION_INFO_V1(skl_fn_document_pdf);

#define MARGIN 56.0f /* points */
#define WIDTH 595.0f
#define HEIGHT 842.0f
#define INNER (WIDTH - 2 * MARGIN)
#define LEADING 1.4f

/* The paper that is being written on. */
typedef struct Sheet
{
	HPDF_Doc pdf;
	HPDF_Page page;
	HPDF_Font regular;
	HPDF_Font bold;
	HPDF_Font font;
	float size;
	float y; /* of the next line, from below */
	int pages;
} Sheet;

static void *HPDF_STDCALL
library_alloc(HPDF_UINT size)
{
	return palloc_extended(size, MCXT_ALLOC_NO_OOM);
}

static void HPDF_STDCALL
library_free(void *memory)
{
	if (memory != NULL)
		pfree(memory);
}

/* ---- the page model ---- */

static JsonbValue *
member(JsonbContainer *object, const char *key)
{
	return JsonContainerIsObject(object)
			   ? getKeyJsonValueFromContainer(object, key, (int) strlen(key), NULL)
			   : NULL;
}

/* A text of the model as the fonts can show it: one line, no character beyond the first plane. */
static char *
text_of(JsonbContainer *object, const char *key)
{
	JsonbValue *value = member(object, key);
	char *copy;
	char *to;

	if (value == NULL || value->type != jbvString)
		return pstrdup("");
	copy = to = pnstrdup(value->val.string.val, value->val.string.len);
	for (const char *from = copy; *from; from += pg_utf_mblen((const unsigned char *) from))
	{
		int length = pg_utf_mblen((const unsigned char *) from);

		if (length > 3)
			*to++ = '?';
		else if ((unsigned char) *from < ' ' || *from == 0x7f)
			*to++ = ' ';
		else
		{
			memmove(to, from, (size_t) length);
			to += length;
		}
	}
	*to = '\0';
	return copy;
}

static bool
flag_of(JsonbContainer *object, const char *key)
{
	JsonbValue *value = member(object, key);

	return value != NULL && value->type == jbvBool && value->val.boolean;
}

/* A list of objects; an empty one where the key is missing. */
static int
list_of(JsonbContainer *object, const char *key, JsonbContainer ***items)
{
	JsonbValue *value = member(object, key);
	int found = 0;
	int size;

	if (value == NULL || value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		return 0;
	size = (int) JsonContainerSize(value->val.binary.data);
	*items = palloc(sizeof(JsonbContainer *) * (Size) Max(size, 1));
	for (int i = 0; i < size; i++)
	{
		JsonbValue *item = getIthJsonbValueFromContainer(value->val.binary.data, (uint32) i);

		if (item->type == jbvBinary)
			(*items)[found++] = item->val.binary.data;
	}
	return found;
}

/* ---- writing ---- */

static void
use_font(Sheet *sheet, HPDF_Font font, float size)
{
	sheet->font = font;
	sheet->size = size;
	HPDF_Page_SetFontAndSize(sheet->page, font, size);
}

static void
put_text(Sheet *sheet, float x, const char *words)
{
	HPDF_Page_BeginText(sheet->page);
	HPDF_Page_TextOut(sheet->page, x, sheet->y, words);
	HPDF_Page_EndText(sheet->page);
}

static void
put_right(Sheet *sheet, float x, const char *words)
{
	put_text(sheet, x - HPDF_Page_TextWidth(sheet->page, words), words);
}

static void
new_page(Sheet *sheet)
{
	HPDF_Font font = sheet->font;

	CHECK_FOR_INTERRUPTS();
	sheet->page = HPDF_AddPage(sheet->pdf);
	HPDF_Page_SetSize(sheet->page, HPDF_PAGE_SIZE_A4, HPDF_PAGE_PORTRAIT);
	HPDF_Page_SetLineWidth(sheet->page, 0.5f);
	sheet->pages++;
	sheet->y = MARGIN / 2;
	use_font(sheet, sheet->regular, 8);
	put_right(sheet, WIDTH - MARGIN, psprintf("%d", sheet->pages));
	sheet->y = HEIGHT - MARGIN;
	if (font != NULL)
		use_font(sheet, font, 9);
}

static void
next_line(Sheet *sheet)
{
	sheet->y -= sheet->size * LEADING;
	if (sheet->y < MARGIN)
		new_page(sheet);
}

static void
rule(Sheet *sheet)
{
	HPDF_Page_MoveTo(sheet->page, MARGIN, sheet->y);
	HPDF_Page_LineTo(sheet->page, WIDTH - MARGIN, sheet->y);
	HPDF_Page_Stroke(sheet->page);
	next_line(sheet);
}

/* How many bytes of a text fit, broken after a word where there is one. */
static size_t
fitting(Sheet *sheet, const char *words, float width)
{
	size_t word = 0;
	size_t end = 0;

	while (words[end] != '\0')
	{
		size_t next = end + (size_t) pg_utf_mblen((const unsigned char *) words + end);

		if (HPDF_Page_TextWidth(sheet->page, pnstrdup(words, next)) > width && end > 0)
			return word > 0 ? word : end;
		if (words[end] == ' ')
			word = next;
		end = next;
	}
	return end;
}

/* Writes a text in as many lines as it needs; ends on its last line. */
static void
put_wrapped(Sheet *sheet, float x, float width, const char *words)
{
	while (*words != '\0')
	{
		size_t length = fitting(sheet, words, width);

		put_text(sheet, x, pnstrdup(words, length));
		words += length;
		if (*words != '\0')
			next_line(sheet);
	}
}

/* ---- the parts of a document ---- */

static void
put_facts(Sheet *sheet, JsonbContainer *page)
{
	JsonbContainer **facts;
	int count = list_of(page, "facts", &facts);

	for (int i = 0; i < count; i++)
	{
		use_font(sheet, sheet->bold, 9);
		put_text(sheet, MARGIN, text_of(facts[i], "label"));
		use_font(sheet, sheet->regular, 9);
		put_wrapped(sheet, MARGIN + 110, INNER - 110, text_of(facts[i], "value"));
		next_line(sheet);
	}
	next_line(sheet);
}

/* The parties stand side by side: each begins at the same height. */
static void
put_parties(Sheet *sheet, JsonbContainer *page)
{
	JsonbContainer **parties;
	int count = list_of(page, "parties", &parties);
	float top = sheet->y;
	float lowest = top;

	for (int i = 0; i < count; i++)
	{
		float x = MARGIN + (float) i * INNER / (float) count;
		JsonbContainer **lines;
		int nlines = list_of(parties[i], "lines", &lines);

		sheet->y = top;
		use_font(sheet, sheet->bold, 9);
		put_text(sheet, x, text_of(parties[i], "heading"));
		use_font(sheet, sheet->regular, 9);
		for (int n = 0; n < nlines; n++)
		{
			next_line(sheet);
			put_wrapped(sheet, x, INNER / (float) count - 20, text_of(lines[n], "text"));
		}
		lowest = Min(lowest, sheet->y);
	}
	sheet->y = lowest;
	next_line(sheet);
	next_line(sheet);
}

/* The cells of one line of the table: the first is wide, the others share the rest. */
static void
put_cells(Sheet *sheet, JsonbContainer **cells, int count)
{
	float first = count > 2 ? INNER / 5 : INNER * 3 / 4;
	float each = count > 1 ? (INNER - first) / (float) (count - 1) : 0;

	for (int i = count - 1; i >= 0; i--)
	{
		float x = i == 0 ? MARGIN : MARGIN + first + (float) (i - 1) * each;

		if (flag_of(cells[i], "right"))
			put_right(sheet, x + each, text_of(cells[i], "text"));
		else
			put_wrapped(sheet, x, i == 0 ? first - 10 : each, text_of(cells[i], "text"));
	}
	next_line(sheet);
}

static void
put_table(Sheet *sheet, JsonbContainer *page)
{
	JsonbContainer **columns;
	JsonbContainer **rows;
	JsonbContainer **cells;
	int ncolumns = list_of(page, "columns", &columns);
	int nrows = list_of(page, "rows", &rows);

	if (ncolumns == 0)
		return;
	use_font(sheet, sheet->bold, 9);
	put_cells(sheet, columns, ncolumns);
	use_font(sheet, sheet->regular, 9);
	rule(sheet);
	for (int i = 0; i < nrows; i++)
	{
		int ncells = list_of(rows[i], "cells", &cells);

		put_cells(sheet, cells, ncells);
	}
	rule(sheet);
}

static void
put_totals(Sheet *sheet, JsonbContainer *page)
{
	JsonbContainer **totals;
	int count = list_of(page, "totals", &totals);

	for (int i = 0; i < count; i++)
	{
		use_font(sheet, flag_of(totals[i], "strong") ? sheet->bold : sheet->regular, 9);
		put_text(sheet, MARGIN + INNER / 2, text_of(totals[i], "label"));
		put_right(sheet, WIDTH - MARGIN, text_of(totals[i], "value"));
		next_line(sheet);
	}
	next_line(sheet);
}

static void
put_notes(Sheet *sheet, JsonbContainer *page)
{
	JsonbContainer **notes;
	int count = list_of(page, "notes", &notes);

	use_font(sheet, sheet->regular, 8);
	for (int i = 0; i < count; i++)
	{
		put_wrapped(sheet, MARGIN, INNER, text_of(notes[i], "text"));
		next_line(sheet);
	}
}

static void
put_document(Sheet *sheet, JsonbContainer *page)
{
	new_page(sheet);
	use_font(sheet, sheet->bold, 18);
	put_wrapped(sheet, MARGIN, INNER, text_of(page, "title"));
	next_line(sheet);
	next_line(sheet);
	put_facts(sheet, page);
	put_parties(sheet, page);
	put_table(sheet, page);
	put_totals(sheet, page);
	put_notes(sheet, page);
}

/* ---- the library ---- */

static void
check_library(Sheet *sheet)
{
	HPDF_STATUS status = HPDF_GetError(sheet->pdf);

	if (status != HPDF_OK)
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION), errmsg("the PDF could not be made"),
				 errdetail("libharu reports 0x%04lX.", (unsigned long) status)));
}

static HPDF_Font
load_font(Sheet *sheet, const char *file)
{
	char *path = psprintf("%s/%s", skl_guc.font_directory, file);
	const char *name = HPDF_LoadTTFontFromFile(sheet->pdf, path, HPDF_TRUE);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE), errmsg("cannot load the font \"%s\"", path),
				 errhint("Install fonts-dejavu-core, or set skillancer.font_directory.")));
	return HPDF_GetFont(sheet->pdf, name, "UTF-8");
}

static bytea *
save(Sheet *sheet)
{
	HPDF_UINT32 size;
	bytea *result;

	HPDF_SaveToStream(sheet->pdf);
	check_library(sheet);
	size = HPDF_GetStreamSize(sheet->pdf);
	result = palloc(VARHDRSZ + size);
	HPDF_ResetStream(sheet->pdf);
	HPDF_ReadFromStream(sheet->pdf, (HPDF_BYTE *) VARDATA(result), &size);
	SET_VARSIZE(result, VARHDRSZ + size);
	return result;
}

/* document_pdf(page jsonb) returns bytea */
Datum
skl_fn_document_pdf(PG_FUNCTION_ARGS)
{
	Jsonb *page = PG_GETARG_JSONB_P(0);
	Sheet sheet = {0};
	bytea *volatile result = NULL;

	if (GetDatabaseEncoding() != PG_UTF8)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("documents need a database in UTF-8")));
	sheet.pdf = HPDF_NewEx(NULL, library_alloc, library_free, 0, NULL);
	if (sheet.pdf == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	PG_TRY();
	{
		HPDF_SetCompressionMode(sheet.pdf, HPDF_COMP_ALL);
		HPDF_UseUTFEncodings(sheet.pdf);
		HPDF_SetInfoAttr(sheet.pdf, HPDF_INFO_PRODUCER, "Skillancer");
		sheet.regular = load_font(&sheet, "DejaVuSans.ttf");
		sheet.bold = load_font(&sheet, "DejaVuSans-Bold.ttf");
		check_library(&sheet);
		put_document(&sheet, &page->root);
		check_library(&sheet);
		result = save(&sheet);
	}
	PG_FINALLY();
	{
		HPDF_Free(sheet.pdf);
	}
	PG_END_TRY();
	PG_RETURN_BYTEA_P(result);
}
