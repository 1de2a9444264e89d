#include "object-internal.h"

const struct wb_handling *wb_handling;
