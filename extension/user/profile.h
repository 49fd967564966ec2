/*
 * user/profile.h
 *		How complete a profile is.
 */
#ifndef SKL_USER_PROFILE_H
#define SKL_USER_PROFILE_H

/* The parts of a profile, in the order of the arguments of profile_completeness(). */
typedef enum SklProfilePart
{
	SKL_PROFILE_BASIC,		  /* display name, headline, bio, country */
	SKL_PROFILE_PROFESSIONAL, /* hourly rate, availability, languages */
	SKL_PROFILE_SKILLS,
	SKL_PROFILE_WORK_HISTORY,
	SKL_PROFILE_EDUCATION,
	SKL_PROFILE_PORTFOLIO,
	SKL_PROFILE_CERTIFICATIONS,
	SKL_PROFILE_PARTS
} SklProfilePart;

/*
 * 0 to 100: each part counts its weight (25, 20, 15, 15, 10, 10, 5) in proportion to
 * how many of its items are filled in.
 */
extern int skl_profile_completeness(const int filled[SKL_PROFILE_PARTS]);

#endif
