/*
 * OpenSSL with the few algorithms that TLS 1.2 and 1.3 need for the suites that
 * are ours, and as little else as it can be had with.
 *
 * As soon as one algorithm is asked for, OpenSSL 3 makes a record of each that
 * a provider has for the same purpose: for the default provider that is 190
 * KiB, most of it ciphers that no TLS uses, which every process pays that is
 * forked afterwards.  So another provider takes its place, which passes on a
 * few of its ciphers, digests and so on, and all keys, groups and signatures.
 * Configuration files and tables of names are not read, words for errors only
 * by few_words().
 */
#ifndef TLS_FEW_H
#define TLS_FEW_H

#include "base/macros.h"

/*
 * To be called before anything else of OpenSSL, by one thread; more often does
 * no harm.  0, or -ENOSYS.
 */
NODISCARD int few_init(void);

/* From here on, ERR_error_string_n() has words for faults of files. */
void few_words(void);

#endif
