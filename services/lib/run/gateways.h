/*
 * The default gateways of the network that this process is in, as the kernel
 * lists them in /proc/net.
 */
#ifndef RUN_GATEWAYS_H
#define RUN_GATEWAYS_H

#include "run/addr.h"

/* What cannot be read is empty. */
void gateways_read(struct addr_gateways *ret);

#endif
