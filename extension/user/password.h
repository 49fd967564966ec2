/*
 * user/password.h
 *		Passwords: Argon2id hashes and what makes a password acceptable.
 */
#ifndef SKL_USER_PASSWORD_H
#define SKL_USER_PASSWORD_H

#define SKL_PASSWORD_MIN 8
#define SKL_PASSWORD_MAX 128

/*
 * Hashes a password: Argon2id, 19 MiB, two passes, one lane (OWASP Password Storage), 16 bytes of
 * salt, as a PHC string in the current memory context. Takes some 30 ms by design.
 */
extern char *skl_password_hash(const char *password);

/*
 * True when the password belongs to the PHC string. With a NULL hash it does the same work and
 * answers false, so that an unknown account costs what a known one does.
 */
extern bool skl_password_verify(const char *password, const char *hash);

/* True when the hash was made with parameters other than today's. */
extern bool skl_password_is_outdated(const char *hash);

/*
 * NULL when the password may be used, else what is wrong with it. Length is counted in
 * characters; email may be NULL.
 */
extern const char *skl_password_problem(const char *password, const char *email);

/* True for passwords that are among the first guesses of anybody. */
extern bool skl_password_is_common(const char *password, const char *email);

#endif
