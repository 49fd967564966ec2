/*
 * search/engine/segment_format.h
 *		The bytes of a segment.
 *
 *	head		magic, byte order
 *	postings	of each term, in the order of the dictionary
 *	dictionary	terms in the order of their bytes, in blocks of 64
 *	index		of the dictionary: where its blocks are, and their first terms
 *	palette		the combinations of occurrences that postings refer to
 *	documents	ids, lengths, classes, priors, versions; one array after the other
 *	columns		one after the other
 *	header		SklSegmentHeader, then one SklColumnHeader for each column
 *	trailer		where the header begins; its checksum
 *
 * Postings of a term, in blocks of 128 (the last one may have fewer):
 *	SklSkip for each block
 *	for each block: gaps of document numbers less one, in doc_bits each; palette entries, in
 *		entry_bits each. Full blocks are packed across, the last one along.
 *	positions, from SklTermInfo.pos_from on: u32 a block (only when there are several), where its
 *		positions begin, counted from pos_from; for each block a byte (bits of a position) and all
 *		its positions, packed along: by document, by field, the first of a field as it is, the
 *		others as distance from the one before, less one
 *
 * A palette entry says how often a word occurs in each field. Entries are numbered by how many
 * postings have them, so that common ones take few bits, and a posting needs neither counts nor a
 * mask of its own. Filter terms have entry_bits 0 and no positions.
 *
 * A skip entry bounds what its block can score, whatever the average length: no document has a
 * greater part than the better of (most, its length) and (next, least length of all others), where
 * most is the greatest weighted count and next the greatest of those below. Counts above 254 are
 * 255, which stands for no bound.
 *
 * Dictionary block: u64 where the postings of its first term begin, then for each term: bytes
 * shared with the term before, number of other bytes, those bytes; df; bytes of postings; words:
 * pos_from. All numbers are varints. The first byte of a term is its kind. Index: for each block
 * u32 where it begins, u32 where its first term begins; both once more for the end; then these
 * terms.
 *
 * Number column: SklColumnPage for each page of 4,096 documents, then pages (column.h). Label
 * column: the same over label numbers; labels are sorted, 0 is the first. Labels column: pages are:
 * u32 how many labels, u8 bits of an offset, u8 bits of a label, u16 0; one offset more than
 * documents, packed along; the labels, packed along. Behind the pages: u32 offsets of label texts,
 * one more than labels; the texts; for each class of the header (in order) a u32 for each label:
 * documents.
 */
#ifndef SKL_SEARCH_SEGMENT_FORMAT_H
#define SKL_SEARCH_SEGMENT_FORMAT_H

#include "search/engine/bits.h"
#include "search/engine/document.h"

#define SKL_SEGMENT_MAGIC UINT64_C(0x31304745534C4B53)
#define SKL_SEGMENT_BYTE_ORDER 0x01020304u
#define SKL_DICTIONARY_BLOCK 64
#define SKL_TF_UNBOUNDED 255
#define SKL_LENGTH_MAX 65535

typedef struct SklSegmentHead
{
	uint64_t magic;
	uint32_t byte_order;
	uint32_t zero;
} SklSegmentHead;

typedef struct SklSkip
{
	uint32_t last_docno;
	uint32_t offset; /* of the block, from the end of the skip entries */
	uint16_t most_length;
	uint16_t next_length;
	uint8_t most;
	uint8_t next;
	uint8_t doc_bits;
	uint8_t entry_bits;
} SklSkip;

typedef struct SklPaletteEntry
{
	uint16_t tf[SKL_FIELDS];
	uint16_t zero;
	uint32_t count; /* postings that have it */
} SklPaletteEntry;

typedef struct SklColumnPage
{
	uint32_t offset; /* from the first byte behind the page table */
	uint32_t length;
	int64_t min; /* of the numbers of the page; min > max: there are none */
	int64_t max;
} SklColumnPage;

/* Begins a page of numbers; n numbers of width bits follow, packed along, and SKL_BITS_SLACK bytes.
 * Width 64: a bitmap of 64-bit words says which there are, then the numbers as they are. */
typedef struct SklNumberPage
{
	int64_t base;
	uint32_t n;
	uint8_t width;
	uint8_t zero[3];
} SklNumberPage;

/* Begins a page of several labels a document. */
typedef struct SklLabelsPage
{
	uint32_t n_labels;
	uint8_t offset_bits;
	uint8_t label_bits;
	uint16_t zero;
} SklLabelsPage;

typedef struct SklColumnHeader
{
	char name[SKL_COLUMN_NAME_MAX + 1];
	uint64_t offset;
	uint64_t length;
	uint64_t labels; /* where label texts begin, from offset */
	uint32_t kind;
	uint32_t n_labels;
	uint32_t crc;
	uint32_t zero;
} SklColumnHeader;

typedef struct SklSection
{
	uint64_t offset;
	uint64_t length;
	uint32_t crc;
	uint32_t zero;
} SklSection;

typedef enum SklSectionName
{
	SKL_SECTION_POSTINGS,
	SKL_SECTION_DICTIONARY,
	SKL_SECTION_INDEX,
	SKL_SECTION_PALETTE,
	SKL_SECTION_IDS,
	SKL_SECTION_LENGTHS,
	SKL_SECTION_CLASSES,
	SKL_SECTION_PRIORS,
	SKL_SECTION_VERSIONS,
	SKL_SECTIONS
} SklSectionName;

typedef struct SklSegmentHeader
{
	uint32_t format; /* 1 */
	uint32_t n_docs;
	uint32_t n_terms;
	uint32_t n_palette;
	uint32_t n_columns;
	uint8_t weights[SKL_FIELDS];
	uint8_t max_prior;
	uint64_t sum_length;
	uint64_t n_postings;
	uint64_t classes[4]; /* that occur */
	SklSection sections[SKL_SECTIONS];
} SklSegmentHeader;

typedef struct SklSegmentTrailer
{
	uint32_t header_length;
	uint32_t header_crc;
	uint64_t magic;
} SklSegmentTrailer;

_Static_assert(sizeof(SklSegmentHead) == 16, "stored");
_Static_assert(sizeof(SklSkip) == 16, "stored");
_Static_assert(sizeof(SklPaletteEntry) == 12, "stored");
_Static_assert(sizeof(SklColumnPage) == 24, "stored");
_Static_assert(sizeof(SklNumberPage) == 16, "stored");
_Static_assert(sizeof(SklLabelsPage) == 8, "stored");
_Static_assert(sizeof(SklColumnHeader) == 72, "stored");
_Static_assert(sizeof(SklSection) == 24, "stored");
_Static_assert(sizeof(SklSegmentHeader) == 72 + 24 * SKL_SECTIONS, "stored");
_Static_assert(sizeof(SklSegmentTrailer) == 16, "stored");

static inline uint32_t
skl_blocks(uint32_t df)
{
	return (df + SKL_BLOCK - 1) / SKL_BLOCK;
}

static inline uint32_t
skl_pages(uint32_t n_docs)
{
	return (n_docs + 4095) / 4096;
}

#endif
