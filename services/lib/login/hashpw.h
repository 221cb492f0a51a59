/*
 * `ftpd --hash-password`: makes a hash for the users file.
 */
#ifndef LOGIN_HASHPW_H
#define LOGIN_HASHPW_H

/*
 * Reads a password from standard input (from a terminal: twice, and nothing is
 * shown), writes its hash and a newline to standard output.  Returns the exit
 * status: 0; 1 when there is no hash to be had; 2 when it was no password.
 */
int hashpw_run(void);

#endif
