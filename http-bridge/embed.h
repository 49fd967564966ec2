/*
 * embed.h
 *		Files of web/ that are linked into the program.
 */
#ifndef SKL_EMBED_H
#define SKL_EMBED_H

/* The bytes of a file from skl_web_<name> to skl_web_<name>_end. */
#define SKL_EMBED(name, file)                 \
	__asm__(".pushsection .rodata\n"          \
			".global skl_web_" #name "\n"     \
			"skl_web_" #name ":\n"            \
			".incbin \"web/" file "\"\n"      \
			".global skl_web_" #name "_end\n" \
			"skl_web_" #name "_end:\n"        \
			".popsection\n");                 \
	extern const char skl_web_##name[];       \
	extern const char skl_web_##name##_end[]

#endif
