#include "mariadb/options.h"

#include <errno.h>

int
mariadb_options(MYSQL *mysql, unsigned seconds, unsigned long packet_max)
{
	static const char plugins[] =
	    "mysql_native_password,client_ed25519,parsec";
	unsigned protocol = MYSQL_PROTOCOL_TCP, no_files = 0;
	my_bool off = 0;

	if (mysql_optionsv(mysql, MYSQL_OPT_PROTOCOL, &protocol) != 0
	    || mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds) != 0
	    || mysql_optionsv(mysql, MYSQL_OPT_READ_TIMEOUT, &seconds) != 0
	    || mysql_optionsv(mysql, MYSQL_OPT_WRITE_TIMEOUT, &seconds) != 0
	    || mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &off) != 0
	    || mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &off)
		!= 0
	    || mysql_optionsv(mysql, MARIADB_OPT_RESTRICTED_AUTH, plugins) != 0
	    || mysql_optionsv(mysql, MYSQL_OPT_LOCAL_INFILE, &no_files) != 0
	    || mysql_optionsv(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet_max)
		!= 0) {
		return -ENOMEM;
	}
	return 0;
}
