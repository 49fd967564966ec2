/*
 * check.h
 *		Is everything as it should be, before clients come?
 */
#ifndef SKL_CHECK_H
#define SKL_CHECK_H

#include "bridge.h"

typedef enum SklRoleVerdict
{
	SKL_ROLE_GOOD,
	SKL_ROLE_TOO_MIGHTY,
	SKL_ROLE_UNKNOWN /* the database cannot be asked now */
} SklRoleVerdict;

SklRoleVerdict skl_check_role(const SklConfig *config);
bool skl_check_at_start(const SklConfig *config);
int skl_check_all(const SklConfig *config);

#endif
