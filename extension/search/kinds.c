/*
 * search/kinds.c
 *		The table of what can be searched for. A new kind is a row here, a function in
 *		sql/search/source.sql, triggers and a row of search_index.
 */
#include "skl.h"

#include "search/kinds.h"

const SklSearchKind skl_search_kinds[SKL_SEARCH_KINDS] = {
	{.index_id = 1,
	 .name = "project",
	 .source = "skillancer.search_source_project",
	 .n_labels = 6,
	 .n_columns = 10,
	 .columns = {{"category", SKL_COLUMN_LABELS},
				 {"skill", SKL_COLUMN_LABELS},
				 {"budgetKind", SKL_COLUMN_LABEL},
				 {"experience", SKL_COLUMN_LABEL},
				 {"duration", SKL_COLUMN_LABEL},
				 {"currency", SKL_COLUMN_LABEL},
				 {"budget", SKL_COLUMN_NUMBER},
				 {"budgetMin", SKL_COLUMN_NUMBER},
				 {"date", SKL_COLUMN_NUMBER},
				 {"deadline", SKL_COLUMN_NUMBER}},
	 .units = {[6] = SKL_UNIT_CENTS, SKL_UNIT_CENTS, SKL_UNIT_TIME, SKL_UNIT_TIME},
	 .sorts = {{"newest", "date", true},
			   {"price", "budget", false},
			   {"-price", "budget", true},
			   {"deadline", "deadline", false}}},
	{.index_id = 2,
	 .name = "gig",
	 .source = "skillancer.search_source_gig",
	 .n_labels = 5,
	 .n_columns = 9,
	 .columns = {{"category", SKL_COLUMN_LABELS},
				 {"tag", SKL_COLUMN_LABELS},
				 {"level", SKL_COLUMN_LABEL},
				 {"country", SKL_COLUMN_LABEL},
				 {"currency", SKL_COLUMN_LABEL},
				 {"price", SKL_COLUMN_NUMBER},
				 {"rating", SKL_COLUMN_NUMBER},
				 {"deliveryDays", SKL_COLUMN_NUMBER},
				 {"date", SKL_COLUMN_NUMBER}},
	 .units = {[5] = SKL_UNIT_CENTS, SKL_UNIT_CENTS, SKL_UNIT_NONE, SKL_UNIT_TIME},
	 .sorts = {{"newest", "date", true},
			   {"price", "price", false},
			   {"-price", "price", true},
			   {"rating", "rating", true}}},
	{.index_id = 3,
	 .name = "freelancer",
	 .source = "skillancer.search_source_freelancer",
	 .n_labels = 5,
	 .n_columns = 9,
	 .columns = {{"skill", SKL_COLUMN_LABELS},
				 {"language", SKL_COLUMN_LABELS},
				 {"country", SKL_COLUMN_LABEL},
				 {"level", SKL_COLUMN_LABEL},
				 {"availability", SKL_COLUMN_LABEL},
				 {"rate", SKL_COLUMN_NUMBER},
				 {"rating", SKL_COLUMN_NUMBER},
				 {"success", SKL_COLUMN_NUMBER},
				 {"date", SKL_COLUMN_NUMBER}},
	 .units = {[5] = SKL_UNIT_CENTS, SKL_UNIT_CENTS, SKL_UNIT_SHARE, SKL_UNIT_TIME},
	 .sorts = {{"newest", "date", true},
			   {"price", "rate", false},
			   {"-price", "rate", true},
			   {"rating", "rating", true}}},
};

const SklSearchKind *
skl_search_kind(const char *name)
{
	for (int i = 0; i < SKL_SEARCH_KINDS; i++)
		if (strcmp(skl_search_kinds[i].name, name) == 0)
			return &skl_search_kinds[i];
	return NULL;
}

const SklSearchKind *
skl_search_kind_of(int16_t index_id)
{
	for (int i = 0; i < SKL_SEARCH_KINDS; i++)
		if (skl_search_kinds[i].index_id == index_id)
			return &skl_search_kinds[i];
	return NULL;
}

int
skl_search_column(const SklSearchKind *kind, const char *name)
{
	for (uint32_t i = 0; i < kind->n_columns; i++)
		if (strcmp(kind->columns[i].name, name) == 0)
			return (int) i;
	return -1;
}
