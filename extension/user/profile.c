/*
 * user/profile.c
 *		The completeness score of a profile.
 */
#include "skl.h"

#include "user/profile.h"

/* What a part is worth, and how many items make it whole. */
typedef struct PartWeight
{
	int weight;
	int items;
} PartWeight;

static const PartWeight part_weights[SKL_PROFILE_PARTS] = {
	[SKL_PROFILE_BASIC] = {25, 4},		   [SKL_PROFILE_PROFESSIONAL] = {20, 3},
	[SKL_PROFILE_SKILLS] = {15, 5},		   [SKL_PROFILE_WORK_HISTORY] = {15, 1},
	[SKL_PROFILE_EDUCATION] = {10, 1},	   [SKL_PROFILE_PORTFOLIO] = {10, 1},
	[SKL_PROFILE_CERTIFICATIONS] = {5, 1},
};

int
skl_profile_completeness(const int filled[SKL_PROFILE_PARTS])
{
	int score = 0;

	for (int i = 0; i < SKL_PROFILE_PARTS; i++)
	{
		int items = Min(Max(filled[i], 0), part_weights[i].items);

		score += part_weights[i].weight * items / part_weights[i].items;
	}
	return score;
}
