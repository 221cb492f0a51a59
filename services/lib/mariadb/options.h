/*
 * What every client of the stack's MariaDB sets before it connects
 * (Connector/C 3.3 and 3.4; MariaDB documentation, mysql_optionsv).
 */
#ifndef MARIADB_OPTIONS_H
#define MARIADB_OPTIONS_H

#include <mysql.h>

#include "base/macros.h"

/*
 * TCP, `seconds` for connecting and for each read and write, packets of at
 * most `packet_max` bytes.  Nothing a lying server asks for: no local files,
 * and no way of logging in that sends the secret itself.  TLS is neither used
 * nor insisted on (3.4 would): the network between the two is their own.
 * 0, or -ENOMEM.
 */
NODISCARD int mariadb_options(MYSQL *mysql, unsigned seconds,
    unsigned long packet_max);

#endif
