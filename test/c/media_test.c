/*
 * test/c/media_test.c
 *		What files are by their first bytes, and what becomes of their names.
 */
#include <string.h>

#include "media/sniff.h"

#include "random.h"
#include "tap.h"

#define LITERAL(text) (const uint8_t *) text, sizeof(text) - 1

static bool
is(const char *type, const uint8_t *head, size_t length, const char *declared)
{
	const char *found = skl_media_sniff(head, length, declared);

	return type == NULL ? found == NULL : found != NULL && strcmp(found, type) == 0;
}

static void
test_types(void)
{
	static const char zip[] = "PK\x03\x04"
							  "aaaaaaaaaaaaaaaaaaaaaaaaaa[Content_Types].xml";
	static const char odt[] =
		"PK\x03\x04"
		"aaaaaaaaaaaaaaaaaaaaaaaaaamimetypeapplication/vnd.oasis.opendocument.text";
	const char *docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

	ok(is("image/png", LITERAL("\x89PNG\r\n\x1a\n..."), "image/png"), "a picture");
	ok(is("image/png", LITERAL("\x89PNG\r\n\x1a\n<svg>"), "text/html"), "whatever it is called");
	ok(is(NULL, LITERAL("\x89PNG\r\n"), "image/png"), "half a signature is none");
	ok(is("image/gif", LITERAL("GIF89a/*<script>"), "text/html"),
	   "two things at once are the first");
	ok(is(docx, LITERAL(zip), docx), "an office document");
	ok(is("application/zip", LITERAL(zip), "application/zip"), "the same as an archive");
	ok(is("application/vnd.oasis.opendocument.text", LITERAL(odt), ""), "one that says so itself");
	ok(is("text/plain",
		  LITERAL("Gr\xc3\xb6\xc3\x9f"
				  "e\n"),
		  ""),
	   "a text");
	ok(is("text/plain", LITERAL("cut \xe2\x82"), ""), "whose last character the head cuts");
	ok(is("text/csv", LITERAL("a,b\n"), "Text/CSV; charset=utf-8"), "as it was declared");
	ok(is(NULL,
		  LITERAL("a\x00"
				  "b"),
		  "text/plain") &&
		   is(NULL, LITERAL("a\xff"), "text/plain") && is(NULL, LITERAL(""), "text/plain"),
	   "no text");
	ok(is(NULL, LITERAL("<html>"), "text/plain") && is(NULL, LITERAL("\xef\xbb\xbf \n<svg"), "") &&
		   is(NULL, LITERAL("<?xml"), "image/png"),
	   "no markup");
	ok(is(NULL, LITERAL("MZ\x90\x00\x03"), "") && is(NULL,
													 LITERAL("\x7f"
															 "ELF\x02\x01\x01\x00"),
													 ""),
	   "no programs");
	ok(skl_media_is_declared("IMAGE/JPG", "image/jpeg") &&
		   skl_media_is_declared("application/octet-stream", "image/jpeg") &&
		   !skl_media_is_declared("image/png", "image/jpeg") &&
		   !skl_media_is_declared("", "image/png"),
	   "names of types");
	ok(skl_media_name_fits("a.JPEG", "image/jpeg") && !skl_media_name_fits("a.png", "image/jpeg") &&
		   !skl_media_name_fits("jpg", "image/jpeg") && !skl_media_name_fits("a.", "image/jpeg") &&
		   !skl_media_name_fits("a.html", "text/plain"),
	   "names of files");
	ok(skl_media_pixels(LITERAL("\x89PNG\r\n\x1a\n____IHDR\xff\xff\xff\xff\xff\xff\xff\xff")) ==
			   UINT64_C(0xfffffffe00000001) &&
		   skl_media_pixels(LITERAL("GIF89a\x02\x01\x01\x00")) == 258 &&
		   skl_media_pixels(LITERAL("GIF89a\x02")) == 0,
	   "pixels as claimed");
}

static bool
becomes(const char *name, const char *clean)
{
	char out[SKL_FILE_NAME_BYTES + 1];

	return skl_media_clean_name(name, strlen(name), out) == strlen(clean) &&
		   strcmp(out, clean) == 0;
}

static void
test_names(void)
{
	char name[600];
	char out[SKL_FILE_NAME_BYTES + 1];
	int wrong = 0;

	ok(becomes("cat.png", "cat.png") && becomes("Gr\xc3\xb6\xc3\x9f"
												"e.pdf",
												"Gr\xc3\xb6\xc3\x9f"
												"e.pdf"),
	   "a good name stays");
	ok(becomes("../../etc/passwd", "passwd") && becomes("C:\\a\\b.txt", "b.txt"), "no path");
	ok(becomes("a.pdf.exe", "a_pdf.exe") && becomes("..hidden", "hidden"), "one dot");
	ok(becomes("a\xe2\x80\xae"
			   "gnp.exe",
			   "agnp.exe") &&
		   becomes("a\r\nb\x7f\xc2\x85.txt", "ab.txt"),
	   "no character that is not seen");
	ok(becomes("a<b>:\"|?*.txt", "a_b______.txt"), "none that file systems refuse");
	ok(becomes("", "file") && becomes("...", "file") && becomes("a/", "file"), "never empty");
	memset(name, 'a', sizeof(name));
	memcpy(name + sizeof(name) - 5, ".png", 5);
	ok(skl_media_clean_name(name, strlen(name), out) == SKL_FILE_NAME_BYTES &&
		   strcmp(out + SKL_FILE_NAME_BYTES - 4, ".png") == 0,
	   "a long name keeps its ending");
	for (int i = 0; i < 20000; i++)
	{
		size_t length = random_u64() % sizeof(name);

		for (size_t j = 0; j < length; j++)
			name[j] = "./\\ a\xc3\xa4\xe2\x80\xae\x01."[random_u64() % 12];
		length = skl_media_clean_name(name, length, out);
		wrong += length == 0 || length > SKL_FILE_NAME_BYTES || strpbrk(out, "/\\") != NULL ||
				 out[0] == '.' || (strchr(out, '.') != strrchr(out, '.'));
	}
	ok(wrong == 0, "whatever it was made of");
}

int
main(void)
{
	test_types();
	test_names();
	return done_testing();
}
