/* What both halves share. */
#ifndef COUNTERS_H
#define COUNTERS_H

/* Counters 0 to 255 are for the protocol numbers of IPv4. */
#define OTHER 256
#define COUNTERS 257

#endif
