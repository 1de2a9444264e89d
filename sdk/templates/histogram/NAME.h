/* What both halves share. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

/* Slot n counts values from 2^n to 2^(n+1) - 1; 0 is in slot 0. */
#define SLOTS 32

#endif
